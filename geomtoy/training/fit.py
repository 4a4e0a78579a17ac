"""Regression with Adam: all seeds at once, steps in chunks that can be watched and resumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Key
from tqdm import tqdm

from geomtoy import results
from geomtoy.errors import SettingError
from geomtoy.training.streams import require_float64, streams

Build = Callable[[nnx.Rngs], nnx.Module]
Run = tuple[nnx.State, optax.OptState]


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


@dataclass(frozen=True, eq=False)
class Fit:
    """Trained models of the same shape.

    Args:
        graphdef: what they share.
        params: their parameters, with a leading axis of seeds.
        loss: (seeds, steps) mean squared error of the batch before each update.
    """

    graphdef: nnx.GraphDef[Any]
    params: nnx.State
    loss: Float[np.ndarray, "seeds steps"]

    def model(self, s: int) -> Any:
        """The model of run s."""
        return nnx.merge(self.graphdef, jax.tree.map(lambda p: p[s], self.params))

    def models(self) -> list[Any]:
        return [self.model(s) for s in range(len(self.loss))]


def fit(
    build: Build,
    x: Float[np.ndarray, "n ..."],
    y: Float[np.ndarray, "n ..."],
    config: FitConfig = FitConfig(),
    *,
    chunk: int = 500,
    checkpoint: Path | None = None,
    progress: bool = False,
) -> Fit:
    """Train `config.seeds` models on the mean squared error of model(x) against y.

    Args:
        build: makes one model from its random streams; all its state is parameters.
        x, y: training points and values, points first.
        chunk: steps compiled as one scan; does not change the result.
        checkpoint: file stem where each finished chunk is kept and an interrupted run resumes.
        progress: show a bar on stderr.
    Raises:
        SettingError: 64-bit mode is off, a loss is not finite (the seed is named), or the
            checkpoint is of another run.
    """
    require_float64()
    optimiser = optax.adam(optax.cosine_decay_schedule(config.learning_rate, config.steps))
    graphdef, run = _start(build, optimiser, config)
    train = _trainer(graphdef, optimiser, jnp.asarray(x), jnp.asarray(y), config)
    identity = {"fit": asdict(config), "data": _digest(x, y), "start": _digest(*jax.tree.leaves(run))}
    run, loss = _resume(checkpoint, identity, run, np.empty((config.seeds, 0)))
    with tqdm(total=config.steps, initial=loss.shape[1], disable=not progress, unit="step") as bar:
        while (done := loss.shape[1]) < config.steps:
            run, new = train(run, jnp.arange(done, min(done + chunk, config.steps)))
            loss = np.concatenate([loss, np.asarray(new)], axis=1)
            _require_finite(loss, config)
            if checkpoint is not None:
                leaves = {f"leaf{k}": np.asarray(a) for k, a in enumerate(jax.tree.leaves(run))}
                results.save(checkpoint, identity, {"loss": loss, **leaves})
            bar.update(loss.shape[1] - done)
            bar.set_postfix(worst_loss=f"{loss[:, -1].max():.2e}")
    return Fit(graphdef, run[0], loss)


def _start(
    build: Build, optimiser: optax.GradientTransformation, config: FitConfig
) -> tuple[nnx.GraphDef[Any], Run]:
    def start(key: Key[Array, ""]) -> Run:
        params = nnx.split(build(nnx.Rngs(key)))[1]
        return params, optimiser.init(params)

    keys = streams(config.seed, "params", config.seeds)
    return nnx.split(build(nnx.Rngs(keys[0])))[0], jax.jit(jax.vmap(start))(keys)


def _trainer(
    graphdef: nnx.GraphDef[Any],
    optimiser: optax.GradientTransformation,
    x: Float[Array, "n ..."],
    y: Float[Array, "n ..."],
    config: FitConfig,
) -> Callable[[Run, Array], tuple[Run, Array]]:
    """A compiled (runs, step numbers) -> (runs, losses (seeds, steps))."""

    def loss_of(params: nnx.State, rows: Any) -> Array:
        return jnp.mean((nnx.merge(graphdef, params)(x[rows]) - y[rows]) ** 2)

    def step(run: Run, t: Array, key: Array) -> tuple[Run, Array]:
        rows: Any = slice(None)
        if config.batch_size is not None:
            rows = jax.random.randint(jax.random.fold_in(key, t), (config.batch_size,), 0, len(x))
        loss, gradient = jax.value_and_grad(loss_of)(run[0], rows)
        updates, state = optimiser.update(gradient, run[1], run[0])
        return (optax.apply_updates(run[0], updates), state), loss

    def one_seed(run: Run, key: Array, steps: Array) -> tuple[Run, Array]:
        return jax.lax.scan(lambda run, t: step(run, t, key), run, steps)

    keys = streams(config.seed, "batches", config.seeds)
    many = jax.jit(jax.vmap(one_seed, (0, 0, None)))
    return lambda run, steps: many(run, keys, steps)


def _resume(
    checkpoint: Path | None, identity: dict[str, Any], run: Run, loss: np.ndarray
) -> tuple[Run, np.ndarray]:
    if checkpoint is None or not results.exists(checkpoint):
        return run, loss
    saved = results.load(checkpoint)
    if saved.config != identity:
        raise SettingError(f"{checkpoint} holds another unfinished run; delete it or name another")
    leaves, tree = jax.tree.flatten(run)
    arrays = [jnp.asarray(saved.arrays[f"leaf{k}"]) for k in range(len(leaves))]
    return jax.tree.unflatten(tree, arrays), saved.arrays["loss"]


def _digest(*arrays: Array | np.ndarray) -> str:
    return sha256(b"".join(np.asarray(a).tobytes() for a in arrays)).hexdigest()[:16]


def _require_finite(loss: np.ndarray, config: FitConfig) -> None:
    bad = np.argwhere(~np.isfinite(loss))
    if len(bad):
        s, t = bad[0]
        raise SettingError(
            f"the loss of seed {s} is not finite at step {t}; lower learning_rate "
            f"({config.learning_rate:g})"
        )
