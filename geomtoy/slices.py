"""Where we look: 2D affine slices and segments of the input space, and windows in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomtoy.activations import exact
from geomtoy.errors import GeomtoyError, NetworkError, SliceError, WindowError

Point = tuple[Fraction, Fraction]
Vector = tuple[Fraction, ...]

Number = float | Fraction | np.floating | np.integer
Vectors = Sequence[Number] | np.ndarray
"""What vectors are given as; arrays of any shape are read in C order."""

Tensor = Vectors | ArrayLike

Window = Sequence[Sequence[Number]] | Sequence[Number] | np.ndarray | None
"""What windows are given as: corners (n, 2), or (low, high); None for everything."""

UNIT_SQUARE: tuple[tuple[int, int], ...] = ((-1, -1), (1, -1), (1, 1), (-1, 1))
"""[-1, 1]^2, the unit ball of the maximum norm: the default window."""


@dataclass(frozen=True, init=False)
class Slice:
    """The plane x = origin + s*u + t*v of R^d, with slice coordinates (s, t).

    Args:
        origin, u, v: vectors of length d, or arrays of any shape, in C order; floats are taken as the
            rationals that they are.
        marks: slice coordinates of points that pictures show.
    Raises:
        SliceError: lengths differ, a number is not finite, or u and v are parallel.
    """

    origin: Vector
    u: Vector
    v: Vector
    marks: tuple[Point, ...] = field(default=(), compare=False, repr=False)

    def __init__(self, origin: Vectors, u: Vectors, v: Vectors, marks: Sequence[Point] = ()) -> None:
        for name, given in (("origin", origin), ("u", u), ("v", v)):
            object.__setattr__(self, name, _vector(given, f"the slice's {name}"))
        object.__setattr__(self, "marks", tuple(marks))
        if not len(self.origin) == len(self.u) == len(self.v):
            raise SliceError(
                f"the slice's origin, u and v have lengths {len(self.origin)}, {len(self.u)} and "
                f"{len(self.v)}; make them equal"
            )
        if _parallel(self.u, self.v):
            raise SliceError("the slice's u and v are parallel; give two independent directions")

    @classmethod
    def through(cls, p: Tensor, q: Tensor, r: Tensor) -> Slice:
        """The plane through three points, which have slice coordinates (0, 0), (1, 0) and (0, 1).

        Args:
            p, q, r: arrays of d numbers in any shape, images for instance.
        Raises:
            SliceError: as for a slice; or the points lie on a line.
        Exactness: q and r are on the plane to the last bit: directions are differences of rationals.
        """
        names = "the first point", "the second point", "the third point"
        first, second, third = (_vector(*one) for one in zip((p, q, r), names, strict=True))
        if not len(first) == len(second) == len(third):
            lengths = f"{len(first)}, {len(second)} and {len(third)}"
            raise SliceError(f"the points have {lengths} coordinates; make them equal")
        u, v = (tuple(b - a for a, b in zip(first, end, strict=True)) for end in (second, third))
        if _parallel(u, v):
            raise SliceError("the three points lie on a line; give others")
        zero, one = Fraction(0), Fraction(1)
        return cls(first, u, v, ((zero, zero), (one, zero), (zero, one)))

    @property
    def dimension(self) -> int:
        return len(self.origin)

    def embed(self, points: np.ndarray) -> np.ndarray:
        """Slice coordinates (n, 2) -> input space (n, d); exact for object arrays."""
        points = np.asarray(points)
        kind = object if points.dtype == object else np.float64
        origin, u, v = (np.array(x, dtype=kind) for x in (self.origin, self.u, self.v))
        with np.errstate(over="ignore"):  # infinite, as float64 has it
            return origin + points[:, :1] * u + points[:, 1:] * v


def require_plane(plane: Any) -> None:
    """Refuse what is no plane, such as a tuple of its vectors.

    Raises:
        SliceError: it is none.
    """
    if not isinstance(plane, Slice):
        raise SliceError(f"a plane is a geomtoy.Slice, no {type(plane).__name__}; make one")


@dataclass(frozen=True, init=False)
class Segment:
    """The straight path x = start + s*(end - start), s in [0, 1], of R^d.

    Raises:
        SliceError: lengths differ, a number is not finite, or both ends coincide.
    """

    start: Vector
    end: Vector

    def __init__(self, start: Vectors, end: Vectors) -> None:
        for name, given in (("start", start), ("end", end)):
            object.__setattr__(self, name, _vector(given, f"the segment's {name}"))
        if len(self.start) != len(self.end):
            raise SliceError(
                f"the segment's ends have lengths {len(self.start)} and {len(self.end)}; make them equal"
            )
        if self.start == self.end:
            raise SliceError("the segment's ends coincide; give two different points")

    @property
    def dimension(self) -> int:
        return len(self.start)

    @property
    def direction(self) -> Vector:
        return tuple(b - a for a, b in zip(self.start, self.end, strict=True))

    def embed(self, parameters: np.ndarray) -> np.ndarray:
        """Parameters (n,) -> input space (n, d); exact for object arrays."""
        parameters = np.asarray(parameters)
        kind = object if parameters.dtype == object else np.float64
        start, direction = (np.array(x, dtype=kind) for x in (self.start, self.direction))
        with np.errstate(over="ignore"):
            return start + parameters[:, None] * direction


FAR = Fraction(2) ** 1000
"""Windows and slices stay within this, so that float64 holds what is computed from them."""


def convex_window(window: Any) -> tuple[Point, ...]:
    """Check a window and return its corners, exact, counter-clockwise, without flat corners.

    Args:
        window: convex polygon (n, 2), in either orientation; or (low, high) for a square.
    Raises:
        WindowError: it is not convex or has no area.
    """
    rows = _rows(window)
    if len(rows) == 2 and not any(isinstance(row, Sequence) or np.ndim(row) for row in rows):
        low, high = interval(rows)
        return (low, low), (high, low), (high, high), (low, high)
    if len(rows) == 2:
        raise WindowError("the window has no area; give at least three corners, or (low, high)")
    corners = [_corner(point) for point in rows]
    corners = [p for p, q in zip(corners, corners[1:] + corners[:1], strict=True) if p != q]
    turns = [_turn(corners, k) for k in range(len(corners))]
    if (any(t < 0 for t in turns) and any(t > 0 for t in turns)) or _winding(corners) > 1:
        raise WindowError("the window is not convex; give the corners of a convex polygon in order")
    corners = [p for p, t in zip(corners, turns, strict=True) if t != 0]
    if len(corners) < 3:
        raise WindowError("the window has no area; give at least three corners not on one line")
    return tuple(corners if max(turns) > 0 else corners[::-1])


def interval(window: Any) -> tuple[Fraction, Fraction]:
    """Check a 1D window (low, high).

    Raises:
        WindowError: it is not two finite numbers in increasing order.
    """
    try:
        low, high = window
        low, high = _within_reach(low, "the window"), _within_reach(high, "the window")
    except (TypeError, ValueError) as error:
        raise WindowError(
            _says(error, "the window of a line is not a pair (low, high); give two numbers")
        ) from None
    if low >= high:
        raise WindowError(f"the window ({float(low):g}, {float(high):g}) has no length; give low < high")
    return low, high


def _within_reach(value: Any, name: str) -> Fraction:
    number = exact(value, name)
    if abs(number) > FAR:
        raise NetworkError(f"{name} reaches beyond 2^1000; give smaller numbers")
    return number


def _vector(values: Any, name: str) -> Vector:
    try:
        flat = np.asarray(values, object).ravel() if np.ndim(values) > 1 else values
        return tuple(_within_reach(x, name) for x in flat)
    except (TypeError, ValueError) as error:
        raise SliceError(_says(error, f"{name} is not a vector of numbers")) from None


def _parallel(u: Vector, v: Vector) -> bool:
    pivot = next((k for k, x in enumerate(u) if x), None)
    if pivot is None:
        return True
    return all(v[k] * u[pivot] == u[k] * v[pivot] for k in range(len(u)))


def _rows(window: Any) -> Sequence[Any]:
    try:
        return list(window)
    except TypeError:
        raise WindowError("the window is not a polygon; give its corners, shape (n, 2)") from None


def _corner(point: Any) -> Point:
    try:
        x, y = point
        return _within_reach(x, "the window"), _within_reach(y, "the window")
    except (TypeError, ValueError) as error:
        raise WindowError(
            _says(error, "a window corner is not a pair (x, y); give the corners, shape (n, 2)")
        ) from None


def _says(error: Exception, otherwise: str) -> str:
    return str(error) if isinstance(error, GeomtoyError) else otherwise


def _turn(corners: Sequence[Point], k: int) -> Fraction:
    """Twice the signed area of the triangle at corner k: > 0 for a left turn."""
    (ax, ay), (bx, by), (cx, cy) = corners[k - 1], corners[k], corners[(k + 1) % len(corners)]
    return (bx - ax) * (cy - by) - (by - ay) * (cx - bx)


def _winding(corners: Sequence[Point]) -> int:
    """How often the edge directions turn around; 1 for a convex polygon, 2 for a pentagram."""
    steps = [
        (b[0] - a[0], b[1] - a[1]) for a, b in zip(corners, [*corners[1:], *corners[:1]], strict=True)
    ]
    upper = [dy > 0 or (dy == 0 and dx > 0) for dx, dy in steps]
    return sum(now != before for now, before in zip(upper, upper[-1:] + upper[:-1], strict=True)) // 2
