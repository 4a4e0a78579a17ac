"""What files of networks and of blocks share: exact numbers, planes and windows as arrays.

A Fraction that no float equals is written as text ("1/3").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpz

from geomtoy.activations import exact
from geomtoy.errors import FileError
from geomtoy.slices import Point, Slice, convex_window, interval, require_plane

LONGEST_NUMBER = 10_000
"""Characters of a number written as text; Fractions of millions of digits take minutes to read."""


def slice_arrays(slice: Slice) -> dict[str, np.ndarray]:
    """A plane as origin, u and v, and its marks where it has some.

    Raises:
        SliceError: it is no plane.
    """
    require_plane(slice)
    names = ("origin", "u", "v", "marks") if slice.marks else ("origin", "u", "v")
    return {name: plain(np.array(getattr(slice, name), dtype=object)) for name in names}


def stored_slice(arrays: dict[str, np.ndarray]) -> Slice | None:
    """The plane that `slice_arrays` wrote, None if there is none.

    Raises:
        FileError, SliceError: a part is missing, or they span no plane.
    """
    present = [name for name in ("origin", "u", "v") if name in arrays]
    if not present:
        return None
    if len(present) < 3:
        raise FileError(f"there is {' and '.join(present)} only; a slice needs origin, u and v")
    origin, u, v = (numbers(arrays, name).tolist() for name in ("origin", "u", "v"))
    return Slice(origin, u, v, stored_marks(arrays, "marks"))


def stored_marks(arrays: dict[str, np.ndarray], key: str) -> tuple[Point, ...]:
    """Points that pictures of a plane show, none if there are none.

    Raises:
        FileError: they are no points.
    """
    if key not in arrays:
        return ()
    marks = numbers(arrays, key)
    if marks.ndim != 2 or marks.shape[1] != 2 or marks.dtype.kind not in "iufO":
        raise FileError(f"{key} are no points (n, 2) but of shape {marks.shape}; remove them")
    return tuple((exact(s, key), exact(t, key)) for s, t in marks.tolist())


def stored_window(arrays: dict[str, np.ndarray]) -> np.ndarray | None:
    """Corners (n, 2), or (low, high), None if there are none.

    Raises:
        WindowError: they are no window.
    """
    if "window" not in arrays:
        return None
    window = numbers(arrays, "window")
    if window.dtype.kind in "iu":
        window = window.astype(object)
    check = interval if window.ndim == 1 else convex_window
    check(window.tolist())
    return window


def plain(array: np.ndarray) -> np.ndarray:
    """Fractions as floats where that changes nothing, else as text; floats as they are."""
    if array.dtype != object:
        return array
    floats = array.astype(float)
    if all(Fraction(x) == y for x, y in zip(floats.ravel().tolist(), array.ravel(), strict=True)):
        return floats
    return np.vectorize(_written, otypes=[str])(array)


def _written(number: Fraction) -> str:
    """A Fraction as text, also beyond the number of digits that Python writes."""
    text = str(fmpq(number.numerator, number.denominator))
    if len(text) > LONGEST_NUMBER:
        raise FileError(f"a Fraction has more than {LONGEST_NUMBER} digits; round it before it is saved")
    return text


def numbers(arrays: Mapping[str, np.ndarray], key: str) -> np.ndarray:
    """Text as Fractions, anything else as it is."""
    array = arrays[key]
    if array.dtype.kind != "U":
        return array
    try:
        fractions: np.ndarray = np.vectorize(_read, otypes=[object])(array)
        return fractions
    except (ValueError, ZeroDivisionError):
        raise FileError(
            f"{key} holds text that is no fraction such as '1/3'; save the network again"
        ) from None


def _read(text: str) -> Fraction:
    """'1/3', '-2', '0.1' or '1e-3' as the rational that it is.

    Raises:
        ValueError: it is none of them, or so large or long that reading it takes more than a moment.
    """
    if len(text) > LONGEST_NUMBER:
        raise ValueError("too long")
    if ratio := re.fullmatch(r"\s*([-+]?[0-9]+)(?:/([0-9]+))?\s*", text):
        numerator, denominator = (fmpz(part.lstrip("+")) for part in ratio.groups("1"))
        return Fraction(int(numerator), int(denominator))
    exponent = re.search(r"[eE]([-+]?[0-9]+)\s*$", text)
    if exponent and abs(int(exponent[1])) > LONGEST_NUMBER:
        raise ValueError("out of the range of float64")
    return Fraction(text)


def checked_array(
    arrays: dict[str, np.ndarray], key: str, kind: str, shape: tuple[int | None, ...], size: int = 8
) -> np.ndarray:
    """An array of a kind and a shape, None standing for any length; a float or bits of `size` bytes.

    Raises:
        KeyError, ValueError: it is missing, or another.
    """
    array = arrays[key]
    fits = len(shape) == array.ndim and all(
        want in (None, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if array.dtype.kind != kind or not fits or (kind in "fu" and array.dtype.itemsize != size):
        raise ValueError(f"{key} is of kind {array.dtype} and shape {array.shape}")
    return array


def require_ids(ids: np.ndarray, end: int, name: str) -> None:
    """Raise a `ValueError` unless all ids are in 0..end - 1."""
    if len(ids) and (ids.min() < 0 or ids.max() >= end):
        raise ValueError(f"{name} holds a number that is not in 0..{end - 1}")
