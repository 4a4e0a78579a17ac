"""Powers of two that floats are multiples of: sums of few bits are not rounded."""

from __future__ import annotations

import math

import numpy as np

from geomtoy.kernels import inlined, kernel

NO_GRID = 2000
"""What `grid` says of zeros alone: multiples of every power of two."""


@kernel
def grid(number):
    """Exponent of the largest power of two that a float is a multiple of."""
    if number == 0.0:
        return NO_GRID
    mantissa, exponent = math.frexp(abs(number))
    whole = np.int64(mantissa * 2.0**53)
    exponent -= 53
    while whole & 1 == 0:
        whole >>= 1
        exponent += 1
    return exponent


@inlined
def multiple_of(number, inverse):
    """Whether a number is certainly a multiple of a power of two, given as its inverse; 0 is one."""
    multiple = number * inverse
    return number == 0.0 or (multiple != 0.0 and multiple == math.floor(multiple))


@kernel
def grids(rows):
    """Exponents of the largest powers of two that all numbers of each row are multiples of."""
    found = np.empty(rows.shape[0], np.int64)
    for k in range(rows.shape[0]):
        least, inverse = NO_GRID, 0.0
        for i in range(rows.shape[1]):
            number = rows[k, i]
            if not multiple_of(number, inverse):
                least = min(least, grid(number))
                inverse = 2.0**-least if abs(least) < 1000 else 0.0
        found[k] = least
    return found


def grid_of(numbers: np.ndarray) -> int:
    """Exponent of the largest power of two that all numbers of a flat array are multiples of."""
    return int(grids(numbers[None])[0])


def powers(exponents: np.ndarray) -> np.ndarray:
    """2^exponent; 0 where products with it might be subnormal, inf where they might overflow."""
    found: np.ndarray = np.ldexp(1.0, np.minimum(exponents, 1000))
    far = np.abs(exponents) > 900
    if far.any():
        found[far] = np.where(exponents[far] > 0, np.inf, 0.0)
    return found


@inlined
def exactly_summed(size, limit):
    """Whether multiples of a power p of two are added without rounding.

    Args:
        size: twice a bound on their sums. limit: 2^53 p; only trusted well above the subnormal numbers.
    """
    return size < limit and limit > 2.0**-900
