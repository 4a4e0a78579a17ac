"""Training and counting one-block transformers: seconds against context and heads, and three ratios.

    python benchmarks/blocks.py
    taskset -c 0 python benchmarks/blocks.py      # on one core, which is what a worker of a sweep has

    fit      geomtoy's fit of one config, a second time (compiled), and the first time in brackets
    loop     the same training as a plain loop of nnx.jit steps over all bins at once, from a few steps
    machine  the training's multiply-adds at the rate of a large float64 matrix product
    count    region borders along time (the estimate) of all its blocks, and a proof of one's

All are measured in one run, since only ratios within one mean anything. Multiply-adds are those of the
forward pass times 3, as gradients take twice as many; sines, exponentials and Adam are not among them.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from geomtoy.models.block import Block, BlockConfig
from geomtoy.training.blocks import ADAM, BlockFitConfig, fit_block
from geomtoy.training.targets import target
from geomtoy.views.along_time import count_regions_along, estimate_regions_along

INTERVAL = target("sin").domain[0]
BACKWARD = 2
"""Multiply-adds of gradients for each of the forward pass."""


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """What it returns, when that is there, and the seconds until then."""
    start = perf_counter()
    result = jax.block_until_ready(run())
    return result, perf_counter() - start


def matrix_rate(n: int = 1500) -> float:
    """Multiply-adds a second of a float64 product of JAX."""
    a = jnp.asarray(np.random.default_rng(0).normal(size=(n, n)))
    product_of = jax.jit(jnp.matmul)
    return n**3 / min(timed(lambda: product_of(a, a))[1] for _ in range(6))


def multiply_adds(config: BlockFitConfig) -> float:
    """Of all seeds and steps: scores and averages of H heads over C tokens, H projections, the MLP."""
    block = config.block
    d, H, f = block.d_model, block.n_heads, block.layer.attention.d_head
    forward = 2 * H * block.context_length * d + 4 * H * d * f + block.hidden * (d + 1)
    return (1 + BACKWARD) * forward * config.bins * config.fit.steps * config.fit.seeds


def loop_seconds(config: BlockFitConfig, steps: int) -> float:
    """All seeds, one after the other, of nnx.jit steps, as most examples train."""
    goal = target(config.target)
    t = goal.grid(config.bins)
    data = config.block.tokens(jnp.asarray(t[:, 0])), jnp.asarray(goal(t))
    model = Block(config.block, rngs=nnx.Rngs(0))
    optimiser = nnx.Optimizer(model, optax.adam(config.fit.learning_rate), wrt=nnx.Param)

    @nnx.jit
    def step(model: Block, optimiser: nnx.Optimizer, x: jax.Array, y: jax.Array) -> jax.Array:
        loss, gradient = nnx.value_and_grad(lambda m: jnp.mean((m(x) - y) ** 2))(model)
        optimiser.update(model, gradient)
        return loss

    def run() -> list[float]:
        return [float(step(model, optimiser, *data)) for _ in range(steps)]

    run()
    return timed(run)[1] / steps * config.fit.steps * config.fit.seeds


def row(config: BlockFitConfig, rate: float, loop_steps: int, prove: bool) -> str:
    """One line of the table."""
    fitted, first = timed(lambda: fit_block(config))
    _, fit = timed(lambda: fit_block(config))
    _, count = timed(lambda: [estimate_regions_along(one, INTERVAL) for one in fitted.trained])
    proof = timed(lambda: count_regions_along(fitted.trained[0], INTERVAL))[1] if prove else np.nan
    loop, least = loop_seconds(config, loop_steps), multiply_adds(config) / rate
    cells = [
        f"{config.block.context_length} | {config.block.n_heads}",
        f"{fit:.2f} ({first:.2f})",
        f"{loop:.2f}, {loop / fit:.1f} x",
        f"{least:.2f}, {fit / least:.1f} x",
        f"{count:.2f}, {count / fit:.2f} x",
        f"{proof:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contexts", type=int, nargs="+", default=[10, 30, 100])
    parser.add_argument("--heads", type=int, nargs="+", default=[1, 3, 10])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--bins", type=int, default=1000)
    parser.add_argument("--d-head", type=int, default=4)
    parser.add_argument("--loop-steps", type=int, default=30, help="of the plain loop, scaled up")
    parser.add_argument("--no-proof", action="store_true", help="estimates only")
    args = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    rate = matrix_rate()
    print(f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}, ", end="")
    print(f"JAX {jax.__version__}; {args.bins} bins, {args.steps} steps, {args.seeds} seeds; ", end="")
    print(f"matrix product: {rate / 1e9:.1f} G multiply-adds/s")
    header = ["context", "heads", "fit, s (first)", "loop, s", "machine, s", "count, s", "one proof, s"]
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
    fit = replace(ADAM, steps=args.steps, seeds=args.seeds)
    for C, H in product(args.contexts, args.heads):
        block = BlockConfig(context_length=C, n_heads=H, d_head=args.d_head)
        config = BlockFitConfig(block, fit, bins=args.bins)
        print(row(config, rate, args.loop_steps, not args.no_proof), flush=True)


if __name__ == "__main__":
    main()
