"""Regression with Adam: all seeds at once, steps in chunks that can be watched and resumed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Float
from tqdm import tqdm

from geomtoy.training.callback import Callback, steps_between_looks
from geomtoy.training.runs import digest, load_run, save_run
from geomtoy.training.trainer import Build, FitConfig, Run, next_stop, prepare, require_finite

__all__ = ["Fit", "FitConfig", "fit"]

SEEN = "seen_"
"""Begins the names of a callback's arrays in a checkpoint."""


@dataclass(frozen=True, eq=False)
class Fit:
    """Trained models of the same shape.

    Args:
        graphdef: what they share.
        params: their parameters, with a leading axis of seeds.
        loss: (seeds, steps) mean squared error of the batch before each update.
    """

    graphdef: nnx.GraphDef[Any]
    params: nnx.State[Any, Any]
    loss: Float[np.ndarray, "seeds steps"]

    def model(self, s: int) -> Any:
        """The model of run s."""
        return nnx.merge(self.graphdef, jax.tree.map(lambda p: p[s], self.params))

    def models(self) -> list[Any]:
        return _models(self.graphdef, self.params, len(self.loss))


def fit(
    build: Build,
    x: Float[np.ndarray, "n ..."],
    y: Float[np.ndarray, "n ..."],
    config: FitConfig,
    *,
    chunk: int = 500,
    checkpoint: Path | None = None,
    callback: Callback | None = None,
    progress: bool = False,
) -> Fit:
    """Train `config.seeds` models on the mean squared error of model(x) against y.

    Args:
        build: makes one model from its random streams; all its state is parameters.
        x, y: training points and values, points first.
        chunk: steps between checkpoints, compiled as one scan; does not change the result.
        checkpoint: file stem where each finished chunk is kept and an interrupted run resumes.
        callback: looks at the models every so many steps; does not change the result. What it has
            seen is part of the checkpoint.
        progress: show a bar on stderr.
    Raises:
        SettingError: 64-bit mode is off, a loss is not finite (the seed is named), the checkpoint is of
            another run, or the callback looks every step, of which one alone is compiled to other
            roundings.
    """
    stride = chunk if callback is None else steps_between_looks(callback)
    graphdef, run, train_on = prepare(build, config)
    data = jnp.asarray(x), jnp.asarray(y)
    train = jax.jit(lambda run, steps: train_on(run, steps, data))
    identity = {"fit": asdict(config), "data": digest(x, y), "start": digest(*jax.tree.leaves(run))}
    if callback is not None:
        identity["callback"] = callback.settings
    run, arrays = load_run(checkpoint, identity, run)
    loss = arrays.pop("loss", np.empty((config.seeds, 0)))
    if callback is not None:
        callback.restore({name.removeprefix(SEEN): array for name, array in arrays.items()})

    def show(step: int, run: Run) -> None:
        if callback is not None:
            callback(step, _models(graphdef, jax.tree.map(np.asarray, run[0]), config.seeds))

    with tqdm(total=config.steps, initial=loss.shape[1], disable=not progress, unit="step") as bar:
        while (done := loss.shape[1]) < config.steps:
            stop = next_stop(done, stride, config.steps)
            ahead, new = train(run, jnp.arange(done, stop))
            show(done, run)  # while `ahead` is computed
            run, loss = ahead, np.concatenate([loss, np.asarray(new)], axis=1)
            require_finite(loss, config)
            if checkpoint is not None and (stop == config.steps or stop // chunk > done // chunk):
                save_run(checkpoint, identity, run, {"loss": loss, **_seen(callback)})
            bar.update(stop - done)
            bar.set_postfix(worst_loss=f"{loss[:, -1].max():.2e}")
    show(config.steps, run)
    return Fit(graphdef, run[0], loss)


def _models(graphdef: nnx.GraphDef[Any], params: nnx.State[Any, Any], seeds: int) -> list[Any]:
    return [nnx.merge(graphdef, jax.tree.map(lambda p, s=s: p[s], params)) for s in range(seeds)]


def _seen(callback: Callback | None) -> dict[str, np.ndarray]:
    arrays = {} if callback is None else callback.arrays()
    return {SEEN + name: array for name, array in arrays.items()}
