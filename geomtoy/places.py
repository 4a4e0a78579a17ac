"""Where a command looks: the window and the slice that its options or its file give."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from geomtoy.block_files import StoredBlock
from geomtoy.errors import SliceError, named
from geomtoy.files import Stored
from geomtoy.importers.vnnlib import read_vnnlib
from geomtoy.npz import read_npz
from geomtoy.slices import UNIT_SQUARE, Slice, convex_window, interval


def window(text: str) -> Any:
    """Corners, an interval, the path of a box, or None for the whole plane, from an option's text."""
    if text == "plane":
        return None
    if text.endswith(".vnnlib"):
        return Path(text)
    try:
        points = [tuple(float(z) for z in point.split(",")) for point in text.split()]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of corners 'x,y x,y x,y'") from None
    return points[0] if len(points) == 1 else points


def positive(text: str) -> float:
    """A number > 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number > 0")
    return number


def check_window(window: Any) -> None:
    if window is not None and window is not UNIT_SQUARE and not isinstance(window, Path):
        with named("argument --window"):
            (convex_window if isinstance(window, list) else interval)(window)


def moved(stored: StoredBlock, options: argparse.Namespace) -> StoredBlock:
    """A block on the plane that an option asks for, if one does."""
    if options.slice_through is None:
        return stored
    return replace(stored, plane=through(options.slice_through))


def where(stored: Stored, options: argparse.Namespace) -> dict[str, Any]:
    """Slice, window and budget, as what enumerates takes them."""
    window, slice = options.window, stored.slice
    if isinstance(window, Path):
        return {**read_vnnlib(window).where(), "max_regions": options.max_regions}
    if window is UNIT_SQUARE and stored.window is not None:
        window = stored.window
    if options.slice_through is not None:
        slice = through(options.slice_through)
    return {"slice": slice, "window": window, "max_regions": options.max_regions}


def through(text: str) -> Slice:
    """The plane through three rows of an array in a file."""
    found = re.fullmatch(r"(.+?\.npz)(?::([^:]+))?:([0-9]{1,9}),([0-9]{1,9}),([0-9]{1,9})", text)
    if found is None:
        raise SliceError(f"argument --slice-through: {text!r} is not DATA.npz[:NAME]:I,J,K")
    path, name, *rows = found.groups()
    arrays = read_npz(Path(path))
    name = next(iter(arrays), "") if name is None and len(arrays) == 1 else name
    if name not in arrays:
        raise SliceError(f"{path} holds {', '.join(arrays)}; write {path}:NAME:{','.join(rows)}")
    if arrays[name].ndim < 2 or max(map(int, rows)) >= len(arrays[name]):
        raise SliceError(
            f"{path}: {name} has shape {arrays[name].shape}, without row {max(map(int, rows))}"
        )
    with named(path):
        return Slice.through(*(arrays[name][int(row)] for row in rows))
