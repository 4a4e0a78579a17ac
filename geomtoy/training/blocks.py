"""Fits one-block transformers to a function of time: the task of the sweeps of figures 4 and 5."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from geomtoy.block_arrays import BlockArrays, stack_blocks
from geomtoy.errors import SettingError
from geomtoy.models.block import Block, BlockConfig
from geomtoy.models.block_export import block_arrays
from geomtoy.training.callback import Callback, steps_between_looks
from geomtoy.training.targets import target
from geomtoy.training.trainer import FitConfig, next_stop, prepare, require_finite

ADAM = FitConfig(steps=1000, learning_rate=3e-3)

SLICE = 50
"""Bins whose gradient is taken at once: for context 100 and 10 heads twice as fast as all 1000."""


@dataclass(frozen=True)
class BlockFitConfig:
    """A block, how it is trained, and on what: `bins` times over the domain of a target.

    Raises:
        SettingError: the target is unknown or not of one variable, there is no bin, or the block has
            what `block_arrays` cannot export.
    """

    block: BlockConfig
    fit: FitConfig = ADAM
    target: str = "sin"
    bins: int = 1000

    def __post_init__(self) -> None:
        if target(self.target).d_in != 1:
            raise SettingError(f"target {self.target!r} is not a function of time; use sin or chirp")
        if self.bins < 1:
            raise SettingError(f"bins is {self.bins}; make it positive")
        if self.block.n_layers > 1 or self.block.layer_norm == "pre":
            raise SettingError(
                "only one layer without LayerNorm before attention is fitted; change block"
            )

    @property
    def cost(self) -> float:
        """Time to train, in units of a head that sees one token; fitted to measured times."""
        block = self.block
        scores = block.n_heads * (block.context_length + 15) + block.context_length
        return self.fit.steps * self.fit.seeds * self.bins * (scores + 30.0)


@dataclass(frozen=True, eq=False)
class BlockFit:
    """Trained blocks, one a seed, untrained ones they started from, and losses (seeds, steps)."""

    trained: list[BlockArrays]
    initial: list[BlockArrays]
    loss: np.ndarray


def fit_block(config: BlockFitConfig, *, callback: Callback | None = None) -> BlockFit:
    """Train `config.fit.seeds` one-layer blocks with Adam, all steps in one scan, in float64.

    The same config gives the same bits on the same machine. Configs that differ only in the encoding of
    time share one compilation, and those that differ in context length their start.

    Args:
        callback: looks at the blocks, as `BlockArrays`, every so many steps, such as a
            `BlockRegionCallback`; does not change the result.
    Raises:
        SettingError: 64-bit mode is off, a loss is not finite, or the callback looks at every step.
    """
    timeless = replace(
        config.block, context_length=1, encoding=BlockConfig.encoding, base=BlockConfig.base
    )
    slice_size = _slice(config.fit.batch_size or config.bins)
    graphdef, start, train = _prepared(timeless, config.fit, slice_size)
    goal = target(config.target)
    t = goal.grid(config.bins)
    data = config.block.tokens(jnp.asarray(t[:, 0])), jnp.asarray(goal(t))

    def exported(params: nnx.State[Any, Any]) -> list[BlockArrays]:
        each = [jax.tree.map(lambda p, s=s: p[s], params) for s in range(config.fit.seeds)]
        frequencies = config.block.frequencies()
        return [replace(block_arrays(nnx.merge(graphdef, one)), frequencies=frequencies) for one in each]

    stride = config.fit.steps if callback is None else steps_between_looks(callback)
    run, loss, steps = start, np.empty((config.fit.seeds, 0)), config.fit.steps
    while (done := loss.shape[1]) < steps:
        stop = next_stop(done, stride, steps)
        ahead, new = train(run, jnp.arange(done, stop), data)
        if callback is not None:
            callback(done, exported(run[0]))  # while `ahead` is computed
        run, loss = ahead, np.concatenate([loss, np.asarray(new)], axis=1)
        require_finite(loss, config.fit)
    trained = exported(run[0])
    if callback is not None:
        callback(steps, trained)
    return BlockFit(trained, exported(start[0]), loss)


def fit_block_arrays(config: BlockFitConfig) -> dict[str, np.ndarray]:
    """A task: the arrays of `stack_blocks`, and loss (seeds, steps).

    The initial blocks are there as well, with "initial_" before each name.
    """
    with jax.enable_x64(True):
        fit = fit_block(config)
    initial = {f"initial_{name}": array for name, array in stack_blocks(fit.initial).items()}
    return {**stack_blocks(fit.trained), **initial, "loss": fit.loss}


@lru_cache(maxsize=32)
def _prepared(
    block: BlockConfig, config: FitConfig, slice_size: int
) -> tuple[nnx.GraphDef[Any], Any, Callable[..., Any]]:
    graphdef, start, train = prepare(lambda rngs: Block(block, rngs=rngs), config, slice_size)
    return graphdef, start, jax.jit(train)


def _slice(points: int) -> int:
    """The greatest divisor of `points` that is at most `SLICE`."""
    return next(size for size in range(min(SLICE, points), 0, -1) if points % size == 0)
