"""Transformer blocks as npz files, with the plane, the tokens and the window to look at.

The arrays of `BlockArrays.as_arrays`, and optionally origin, u, v (a plane), tokens (T - 1, d), moving
("query" or "context") and window (n, 2).
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomtoy.block_arrays import ARRAYS, FLAGS, LAYERS, BlockArrays
from geomtoy.errors import FileError, SettingError, SliceError
from geomtoy.network import parameter
from geomtoy.npz_numbers import numbers, plain, slice_arrays, stored_slice, stored_window
from geomtoy.slices import Slice, convex_window

MOVING = ("query", "context")
DIMENSIONS = dict.fromkeys(("W_Q", "W_K", "W_V", "W_O"), 3) | {"frequencies": 2}
PLACES = ("origin", "u", "v", "marks", "tokens", "moving", "window")


@dataclass(frozen=True, eq=False)
class StoredBlock:
    """What a block's file holds.

    Args:
        block: the block.
        plane: where tokens move; None where the file names none.
        tokens: (T - 1, d) those that stand still; None where there are none.
        moving: "query" or "context", as in `views.count_regions_on_plane`.
        window: (n, 2) corners in slice coordinates, or None.
    """

    block: BlockArrays
    plane: Slice | None = None
    tokens: np.ndarray | None = None
    moving: str = "query"
    window: np.ndarray | None = None


def block_arrays(
    block: BlockArrays,
    plane: Slice | None = None,
    tokens: Any = None,
    moving: str = "query",
    window: Any = None,
) -> dict[str, np.ndarray]:
    """All of a block and of where to look at it, by name.

    Raises:
        SettingError: moving is none of the two.
        SliceError: tokens or plane do not fit the block, or the plane is none.
        WindowError: the window is not convex or has no area.
    """
    arrays = block.as_arrays() | {"moving": np.array(moving)}
    if tokens is not None:
        arrays["tokens"] = plain(parameter("tokens", tokens))
    if plane is not None:
        arrays |= slice_arrays(plane)
    if window is not None:
        arrays["window"] = plain(np.array(convex_window(window), dtype=object))
    _check_fit(StoredBlock(block, plane, arrays.get("tokens"), moving))
    return arrays


def is_block(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether a file's arrays are meant to be a block."""
    return "W_Q" in arrays


def read_block(arrays: dict[str, np.ndarray]) -> StoredBlock:
    """What `block_arrays` gave.

    Raises:
        FileError: a name is missing, or one is not a block's, or an array is none of its kind.
        NetworkError, SettingError, SliceError, WindowError: the parts do not fit together.
    """
    for key in arrays:
        if key not in (*ARRAYS, *FLAGS, *LAYERS, *PLACES):
            raise FileError(f"the key {reprlib.repr(key)} is not a block's; rename or remove it")
    if "tokens" in arrays:
        arrays = arrays | {"tokens": numbers(arrays, "tokens")}
    for key in (*ARRAYS, *FLAGS):
        if key in arrays and not _finite(arrays[key]):
            raise FileError(f"{key} does not hold finite numbers; save the block again")
    for key, n in DIMENSIONS.items():
        if key in arrays and arrays[key].ndim != n:
            raise FileError(f"{key} has {arrays[key].ndim} axes and not {n}; save the block again")
    for key in FLAGS:
        if key in arrays and arrays[key].size != 1:
            raise FileError(f"{key} is not one number; save the block again")
    stored = StoredBlock(
        BlockArrays.from_arrays(arrays),
        stored_slice(arrays),
        parameter("tokens", arrays["tokens"]) if "tokens" in arrays else None,
        str(arrays.get("moving", "query")),
        stored_window(arrays),
    )
    _check_fit(stored)
    return stored


def _finite(array: np.ndarray) -> bool:
    return array.dtype.kind in "biuf" and bool(np.isfinite(array).all())


def _check_fit(stored: StoredBlock) -> None:
    d = stored.block.d_model
    if stored.moving not in MOVING:
        raise SettingError(f"moving is {reprlib.repr(stored.moving)}; use 'query' or 'context'")
    if stored.tokens is not None and (stored.tokens.ndim != 2 or stored.tokens.shape[1] != d):
        raise SliceError(f"tokens have shape {stored.tokens.shape}; give (T - 1, {d})")
    if stored.plane is None:
        return
    n = stored.plane.dimension
    if stored.moving == "query" and n != d:
        raise SliceError(f"the plane has {n} dimensions; a query moves in {d}")
    if stored.moving == "context" and n % d:
        raise SliceError(f"the plane has {n} dimensions; a context moves in a multiple of {d}")
