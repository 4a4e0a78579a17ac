"""Unfinished runs of training on disk: what a stopped one goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from geomtoy import results
from geomtoy.errors import SettingError

Run = TypeVar("Run")
"""A tree of arrays: parameters and the optimiser's state."""


def save_run(
    checkpoint: Path, identity: Mapping[str, Any], run: Any, arrays: Mapping[str, np.ndarray]
) -> None:
    """Keep a run, and arrays that were collected on the way, for this identity."""
    leaves = {f"leaf{k}": np.asarray(leaf) for k, leaf in enumerate(jax.tree.leaves(run))}
    results.save(checkpoint, identity, {**leaves, **arrays})


def load_run(
    checkpoint: Path | None, identity: Mapping[str, Any], run: Run
) -> tuple[Run, dict[str, np.ndarray]]:
    """What `save_run` kept for this identity; the given run and no arrays where nothing was kept.

    Raises:
        SettingError: the checkpoint is of another run.
    """
    if checkpoint is None or not results.exists(checkpoint):
        return run, {}
    saved = results.load(checkpoint)
    if saved.config != results.plain(identity):
        raise SettingError(f"{checkpoint} holds another unfinished run; delete it or name another")
    leaves, tree = jax.tree.flatten(run)
    arrays = dict(saved.arrays)
    kept = [jnp.asarray(arrays.pop(f"leaf{k}")) for k in range(len(leaves))]
    return jax.tree.unflatten(tree, kept), arrays


def digest(*arrays: Array | np.ndarray) -> str:
    """Sixteen hexadecimal digits that change with any bit of the arrays."""
    return sha256(b"".join(np.asarray(a).tobytes() for a in arrays)).hexdigest()[:16]
