"""An MLP whose input matrix was truncated: exact regions, from its factors.

A truncated matrix that is multiplied out in floats has full rank again, by rounding, and the borders of
its units, which should coincide or meet in one point, then cross in many. From the factors nothing is
rounded: a unit is on where (x left) . right_i > 0, and x left has as many numbers as the rank.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from jaxtyping import Float

from geomtoy.network import Network, parameter
from geomtoy.regions import CellComplex, count_regions, enumerate_regions
from geomtoy.slices import Slice

TRIANGLE = ((0, 0), (1, 0), (0, 1))


def count_low_rank_triangle(
    left: Float[np.ndarray, "d r"],
    right: Float[np.ndarray, "r hidden"],
    corners: Float[np.ndarray, "3 d"],
) -> int:
    """Activation regions of ReLU(x left right) that a triangle meets.

    Raises:
        SliceError: the corners' images under `left` lie on one line although the rank is 2 or more.
        NetworkError: a number is not finite.
    Exactness: exact for the stored factors and corners, at every rank. Cost: 3 d r integer products,
        then as `count_regions`.
    """
    images = _images(left, corners)
    if left.shape[1] >= 2:
        network, plane = _first_layer(right), _plane(images)
        return int(count_regions(network, slice=plane, window=TRIANGLE, linear=False).regions)
    if left.shape[1] == 0 or not right.any():
        return 1
    numbers = [image[0] for image in images]
    return 2 if min(numbers) < 0 < max(numbers) else 1  # all units switch at 0, where one does


def enumerate_low_rank_triangle(
    left: Float[np.ndarray, "d r"],
    right: Float[np.ndarray, "r hidden"],
    corners: Float[np.ndarray, "3 d"],
) -> CellComplex:
    """The same regions as polygons, with corners at (0, 0), (1, 0), (0, 1); the rank must be 2 or more.

    Raises:
        SliceError: the corners' images under `left` lie on one line.
    Exactness: exact.
    """
    plane = _plane(_images(left, corners))
    found: CellComplex = enumerate_regions(_first_layer(right), slice=plane, window=TRIANGLE)
    return found


def _images(left: np.ndarray, corners: np.ndarray) -> list[tuple[Fraction, ...]]:
    """The corners times `left`, exact up to a positive factor, which moves no border without biases."""
    return [tuple(map(Fraction, row)) for row in (_integers(corners) @ _integers(left)).tolist()]


def _integers(A: np.ndarray) -> np.ndarray:
    """A times a power of two that makes all its floats integers, as an object array."""
    ratios = [x.as_integer_ratio() for x in parameter("a factor or corner", A).ravel().tolist()]
    scale = max((denominator for _, denominator in ratios), default=1)
    whole = [numerator * (scale // denominator) for numerator, denominator in ratios]
    return np.array(whole, dtype=object).reshape(np.shape(A))


def _plane(images: list[tuple[Fraction, ...]]) -> Slice:
    a, b, c = images
    u, v = (tuple(q - p for p, q in zip(a, end, strict=True)) for end in (b, c))
    return Slice(a, u, v)


def _first_layer(right: np.ndarray) -> Network:
    """A network that has these units; what is read out of them does not matter here."""
    hidden = right.shape[1]
    return Network([(right.T, np.zeros(hidden)), (np.ones((1, hidden)), np.zeros(1))])
