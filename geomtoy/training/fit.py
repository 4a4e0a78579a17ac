"""Regression with Adam: all seeds at once, steps in chunks that can be watched and resumed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float
from tqdm import tqdm

from geomtoy import results
from geomtoy.errors import SettingError
from geomtoy.training.trainer import Build, FitConfig, Run, prepare, require_finite

__all__ = ["Fit", "FitConfig", "fit"]


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
    config: FitConfig,
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
    graphdef, run, train_on = prepare(build, config)
    data = jnp.asarray(x), jnp.asarray(y)
    train = jax.jit(lambda run, steps: train_on(run, steps, data))
    identity = {"fit": asdict(config), "data": _digest(x, y), "start": _digest(*jax.tree.leaves(run))}
    run, loss = _resume(checkpoint, identity, run, np.empty((config.seeds, 0)))
    with tqdm(total=config.steps, initial=loss.shape[1], disable=not progress, unit="step") as bar:
        while (done := loss.shape[1]) < config.steps:
            run, new = train(run, jnp.arange(done, min(done + chunk, config.steps)))
            loss = np.concatenate([loss, np.asarray(new)], axis=1)
            require_finite(loss, config)
            if checkpoint is not None:
                leaves = {f"leaf{k}": np.asarray(a) for k, a in enumerate(jax.tree.leaves(run))}
                results.save(checkpoint, identity, {"loss": loss, **leaves})
            bar.update(loss.shape[1] - done)
            bar.set_postfix(worst_loss=f"{loss[:, -1].max():.2e}")
    return Fit(graphdef, run[0], loss)


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
