"""Rational lines and points as integers: homogeneous, so that signs need no division.

On an unbounded window the sides of the square with half side R enter as x = +-R; coordinates are then
linear in R and compared for R -> infinity.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import NamedTuple

import numpy as np
from flint import fmpq, fmpz, fmpz_mat


class Line(NamedTuple):
    """a x + b y + (c + r R) = 0; r is zero except for a side of an unbounded window."""

    a: fmpz
    b: fmpz
    c: fmpz
    r: fmpz = fmpz(0)


class Vertex(NamedTuple):
    """The point ((x + rx R) / w, (y + ry R) / w) with w > 0."""

    x: fmpz
    y: fmpz
    w: fmpz
    rx: fmpz
    ry: fmpz


def meet(p: Line, q: Line) -> Vertex:
    """The common point of two lines that are not parallel (at most one of them depends on R,
    or both are sides)."""
    w = p.a * q.b - q.a * p.b
    x, y = p.b * q.c - q.b * p.c, p.c * q.a - q.c * p.a
    rx, ry = p.b * q.r - q.b * p.r, p.r * q.a - q.r * p.a
    return Vertex(x, y, w, rx, ry) if w > 0 else Vertex(-x, -y, -w, -rx, -ry)


def side_of(line: Line, vertex: Vertex) -> int:
    """Sign of a line (free of R) at a vertex, for large R."""
    far = line.a * vertex.rx + line.b * vertex.ry
    value = far if far != 0 else line.a * vertex.x + line.b * vertex.y + line.c * vertex.w
    return (value > 0) - (value < 0)


def place_on(line: Line, vertex: Vertex) -> tuple[fmpq, fmpq]:
    """Position of a vertex of the line along (-b, a), compared lexicographically for large R."""
    far, near = (line.a * y - line.b * x for x, y in ((vertex.rx, vertex.ry), (vertex.x, vertex.y)))
    return fmpq(far, vertex.w), fmpq(near, vertex.w)


def integer_matrix(rows: Sequence[Sequence[int | float | Fraction]]) -> tuple[fmpz_mat, fmpz]:
    """A rational matrix as integers over one common denominator."""
    ratios = [x.as_integer_ratio() for row in rows for x in row]
    few = {q for _, q in ratios}  # powers of 2 if the numbers are floats
    denominator = lcm(*few)
    factor = {q: denominator // q for q in few}
    entries = [p * factor[q] for p, q in ratios]
    return fmpz_mat(len(rows), len(rows[0]), entries), fmpz(denominator)


def integer_floats(numbers: np.ndarray) -> tuple[fmpz_mat, fmpz]:
    """`integer_matrix` of float64, which are integers times powers of two: some five times as fast."""
    fraction, exponent = np.frexp(numbers)
    whole = (fraction * 2.0**53).astype(np.int64)
    even = np.maximum(np.frexp((whole & -whole).astype(float))[1] - 1, 0)  # factors of two
    whole >>= even
    exponent = np.where(whole == 0, 0, exponent + even - 53)
    power = max(0, -int(exponent.min()))
    shift = (exponent + power).ravel().tolist()
    entries = [p << k for p, k in zip(whole.ravel().tolist(), shift, strict=True)]
    rows, columns = numbers.shape
    return fmpz_mat(rows, columns, entries), fmpz(1 << power)
