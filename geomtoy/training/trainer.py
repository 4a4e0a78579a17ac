"""The compiled part of training: Adam on the mean squared error, many seeds and steps in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Key

from geomtoy.errors import SettingError
from geomtoy.training.streams import require_float64, streams

Build = Callable[[nnx.Rngs], nnx.Module]
Run = tuple[nnx.State[Any, Any], optax.OptState]
Data = tuple[Array, Array]

RUN_ONCE = {"xla_backend_optimization_level": 1}
"""Six times faster to compile than the default, with the same bits."""


@dataclass(frozen=True)
class FitConfig:
    """How to train.

    Args:
        steps: number of Adam updates.
        learning_rate: at the start; it falls to 0 along a cosine.
        batch_size: points drawn with replacement for each step; None takes all of them.
        seeds: number of independent runs, the leading axis of every result.
        seed: the one integer that all randomness comes from.
    Raises:
        SettingError: a value is out of range.
    """

    steps: int = 4000
    learning_rate: float = 3e-3
    batch_size: int | None = None
    seeds: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "learning_rate", "seeds"):
            if getattr(self, name) <= 0:
                raise SettingError(f"{name} is {getattr(self, name)}; make it positive")
        if self.batch_size is not None and self.batch_size < 1:
            raise SettingError(f"batch_size is {self.batch_size}; make it positive, or None for all")


def prepare(
    build: Build, config: FitConfig, slice_size: int | None = None
) -> tuple[nnx.GraphDef[Any], Run, Callable[[Run, Array, Data], tuple[Run, Array]]]:
    """What `fit` compiles: models at the start, and (runs, step numbers, (x, y)) -> (runs, losses).

    Args:
        slice_size: points whose gradient is taken at once, a divisor of those of a step, so that what
            the layers make of them stays in the cache; None takes all.
    """
    require_float64()
    optimiser = optax.adam(optax.cosine_decay_schedule(config.learning_rate, config.steps))

    def start(key: Key[Array, ""]) -> Run:
        params = nnx.split(build(nnx.Rngs(key)))[1]
        return params, optimiser.init(params)

    keys = streams(config.seed, "params", config.seeds)
    graphdef = nnx.split(nnx.eval_shape(lambda: build(nnx.Rngs(0))))[0]
    trainer = _trainer(graphdef, optimiser, config, slice_size)
    return graphdef, jax.jit(jax.vmap(start), compiler_options=RUN_ONCE)(keys), trainer


def _trainer(
    graphdef: nnx.GraphDef[Any],
    optimiser: optax.GradientTransformation,
    config: FitConfig,
    slice_size: int | None,
) -> Callable[[Run, Array, Data], tuple[Run, Array]]:
    def loss_of(params: nnx.State[Any, Any], data: Data) -> Array:
        return jnp.mean((nnx.merge(graphdef, params)(data[0]) - data[1]) ** 2)

    gradient_of = _in_slices(jax.value_and_grad(loss_of), slice_size)

    def step(run: Run, t: Array, key: Array, data: Data) -> tuple[Run, Array]:
        rows: Any = slice(None)
        if config.batch_size is not None:
            rows = jax.random.randint(jax.random.fold_in(key, t), (config.batch_size,), 0, len(data[0]))
        loss, gradient = gradient_of(run[0], (data[0][rows], data[1][rows]))
        updates, state = optimiser.update(gradient, run[1], run[0])
        return (optax.apply_updates(run[0], updates), state), loss

    def one_seed(run: Run, key: Array, steps: Array, data: Data) -> tuple[Run, Array]:
        return jax.lax.scan(lambda run, t: step(run, t, key, data), run, steps)

    keys = streams(config.seed, "batches", config.seeds)
    many = jax.vmap(one_seed, (0, 0, None, None))
    return lambda run, steps, data: many(run, keys, steps, data)


def _in_slices(gradient_of: Callable[..., Any], size: int | None) -> Callable[..., Any]:
    """The mean, over slices of so many points, of what `gradient_of` gives for each."""
    if size is None:
        return gradient_of

    def sliced(params: nnx.State[Any, Any], data: Data) -> Any:
        slices = jax.tree.map(lambda a: a.reshape(-1, size, *a.shape[1:]), data)
        each = jax.lax.map(lambda one: gradient_of(params, one), slices)
        return jax.tree.map(lambda a: a.mean(axis=0), each)

    return sliced


def next_stop(done: int, stride: int, steps: int) -> int:
    """Where the next chunk of steps ends: at a multiple of the stride, or at the end.

    Never after a single step: XLA then compiles no loop, and other roundings.
    """
    stop = done + stride - done % stride
    stop += stride if stop == done + 1 else 0
    return steps if stop >= steps - 1 else stop


def require_finite(loss: np.ndarray, config: FitConfig) -> None:
    """Refuse losses (seeds, steps) of a run that diverged.

    Raises:
        SettingError: one is not finite; names its seed and step.
    """
    bad = np.argwhere(~np.isfinite(loss))
    if len(bad):
        s, t = bad[0]
        raise SettingError(
            f"the loss of seed {s} is not finite at step {t}; lower learning_rate "
            f"({config.learning_rate:g})"
        )
