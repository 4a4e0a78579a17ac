"""Constants of models of other libraries: the one door by which they come in, none of them changed."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomtoy.activations import exact, nearest
from geomtoy.errors import NetworkError

WHOLE = 2.0**53
"""Below it every integer is a float64."""


def as_array(constant: Any) -> np.ndarray:
    """A tensor of torch as an array of its own numbers, anything else as NumPy has it.

    Raises:
        NetworkError: it has no such array (a quantized or sparse tensor).
    """
    if not hasattr(constant, "detach"):
        return np.asarray(constant)
    tensor = constant.detach().cpu()
    try:  # NumPy has no bfloat16
        array: np.ndarray = (tensor.double() if tensor.is_floating_point() else tensor).numpy()
    except (TypeError, RuntimeError):
        kind = f"{tensor.dtype} and {tensor.layout}"
        raise NetworkError(f"a tensor of {kind} is no array; make it a dense one of floats") from None
    return array


def real(constant: Any) -> np.ndarray:
    """The same numbers as float64, or as Fractions where float64 does not hold all of them.

    Infinities stay, for bounds.

    Raises:
        NetworkError: they are no real numbers.
    """
    array = as_array(constant)
    kind, floats = array.dtype.kind, np.dtype(np.float64)
    if kind not in "biufVO":  # V: bfloat16 and shorter floats
        raise NetworkError(f"a constant is of type {array.dtype}; give real numbers")
    if kind == "O" or (kind == "f" and array.dtype.itemsize > floats.itemsize):
        return as_floats(fractions(array))
    widened = array.astype(floats, copy=False)
    if kind in "iu" and (np.abs(widened) >= WHOLE).any():
        return as_floats(fractions(array))
    return widened


def fractions(constant: Any) -> np.ndarray:
    """The rational numbers that an array holds.

    Raises:
        NetworkError: they are no finite real numbers.
    """
    found: np.ndarray = np.vectorize(lambda one: exact(one, "an array"), otypes=[object])(constant)
    return found


def as_floats(rationals: Any) -> np.ndarray:
    """An array of Fractions as float64 if that changes none of them."""
    given = np.asarray(rationals, object)
    floats: np.ndarray = np.vectorize(nearest, otypes=[float])(given)
    return floats if (floats == given).all() else given
