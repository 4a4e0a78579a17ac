"""Exact lines and points; on the whole plane they hold R, the half side of a square that grows.

A coordinate is an integer, or a polynomial in R; signs are those for large R.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

from flint import fmpz, fmpz_mat, fmpz_poly

from geomtoy.slices import Point

R = fmpz_poly([0, 1])
UNIT_SQUARE = ((-1, -1), (1, -1), (1, 1), (-1, 1))


class Line(NamedTuple):
    """a x + b y + c = 0."""

    a: Any
    b: Any
    c: Any


class Place(NamedTuple):
    """The point (x / w, y / w), w > 0."""

    x: Any
    y: Any
    w: fmpz

    @property
    def near(self) -> tuple[fmpz, fmpz, fmpz]:
        """What does not grow with R."""
        return (self.x[0], self.y[0], self.w) if self.is_far else (self.x, self.y, self.w)

    @property
    def far(self) -> tuple[fmpz, fmpz, fmpz]:
        """What is multiplied by R."""
        return (self.x[1], self.y[1], fmpz(0)) if self.is_far else (fmpz(0), fmpz(0), fmpz(0))

    @property
    def is_far(self) -> bool:
        return isinstance(self.x, fmpz_poly)


def integers(rows: Sequence[Sequence[Any]]) -> tuple[fmpz_mat, fmpz]:
    """A matrix of rationals as integers over one denominator."""
    ratios = [x.as_integer_ratio() for row in rows for x in row]
    denominator = lcm(*{q for _, q in ratios})
    entries = [p * (denominator // q) for p, q in ratios]
    return fmpz_mat(len(rows), len(rows[0]), entries), fmpz(denominator)


def sign(value: Any) -> int:
    """Sign of an integer, or of a polynomial for large R."""
    if isinstance(value, fmpz_poly):
        value = value[value.degree()] if value.degree() >= 0 else fmpz(0)
    return int(value > 0) - int(value < 0)


def meet(p: Line, q: Line) -> Place | None:
    """The common point of two lines; None if they are parallel."""
    w = p.a * q.b - q.a * p.b
    if w == 0:
        return None
    x, y = p.b * q.c - q.b * p.c, p.c * q.a - q.c * p.a
    if isinstance(x, fmpz_poly) or isinstance(y, fmpz_poly):
        x, y = fmpz_poly([0]) + x, fmpz_poly([0]) + y
        if max(x.degree(), y.degree()) < 1:
            x, y = x[0], y[0]
    return Place(x, y, w) if w > 0 else Place(-x, -y, -w)


def at(line: Line, place: Place) -> Any:
    """w times the value of a line at a point."""
    return line.a * place.x + line.b * place.y + line.c * place.w


def turn(p: Place, q: Place, r: Place) -> int:
    """1 for a left turn at q on the way from p to r, 0 on a line."""
    across = p.y * q.w - q.y * p.w, q.x * p.w - p.x * q.w, p.x * q.y - q.x * p.y
    return sign(across[0] * r.x + across[1] * r.y + across[2] * r.w)


def upwards(p: Place, q: Place) -> bool:
    """Whether the way from p to q leads up, or to the right if it is level."""
    rise = sign(q.y * p.w - p.y * q.w)
    return rise > 0 or (rise == 0 and sign(q.x * p.w - p.x * q.w) > 0)


def sides(window: Sequence[Point] | None) -> list[Line]:
    """Lines of the window's sides, positive inside; side k leaves corner k."""
    corners: Sequence[Any] = UNIT_SQUARE if window is None else window
    lines = []
    for p, q in zip(corners, [*corners[1:], corners[0]], strict=True):
        up, right = Fraction(p[1] - q[1]), Fraction(q[0] - p[0])
        matrix, _ = integers([[up, right, -(up * p[0] + right * p[1])]])
        a, b, c = matrix.entries()
        lines.append(Line(a, b, c * R if window is None else c))
    return lines
