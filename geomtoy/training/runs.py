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

from geomtoy.errors import SettingError
from geomtoy.store.canonical import plain
from geomtoy.store.entries import SUFFIX, Arrays, read_record, write_entry

Run = TypeVar("Run")
"""A tree of arrays: parameters and the optimiser's state."""


def save_run(
    checkpoint: Path, identity: Mapping[str, Any], run: Any, arrays: Mapping[str, np.ndarray]
) -> None:
    """Keep a run, and arrays that were collected on the way, for this identity."""
    leaves = {f"leaf{k}": np.asarray(leaf) for k, leaf in enumerate(jax.tree.leaves(run))}
    write_entry(_file(checkpoint), {"identity": identity}, {**leaves, **arrays})


def load_run(
    checkpoint: Path | None, identity: Mapping[str, Any], run: Run
) -> tuple[Run, dict[str, np.ndarray]]:
    """What `save_run` kept for this identity; the given run and no arrays where nothing was kept.

    Raises:
        SettingError: the checkpoint is of another run.
    """
    if checkpoint is None or not _file(checkpoint).exists():
        return run, {}
    if read_record(_file(checkpoint))["identity"] != plain(identity):
        raise SettingError(f"{checkpoint} holds another unfinished run; delete it or name another")
    leaves, tree = jax.tree.flatten(run)
    arrays = dict(Arrays(_file(checkpoint)))
    kept = [jnp.asarray(arrays.pop(f"leaf{k}")) for k in range(len(leaves))]
    return jax.tree.unflatten(tree, kept), arrays


def _file(checkpoint: Path) -> Path:
    return checkpoint.with_name(checkpoint.name + SUFFIX)


def digest(*arrays: Array | np.ndarray) -> str:
    """Sixteen hexadecimal digits that change with any bit, shape or type of the arrays."""
    found = sha256()
    for array in map(np.asarray, arrays):
        found.update(f"{array.dtype.name} {array.shape}\n".encode())
        found.update(array.tobytes())
    return found.hexdigest()[:16]
