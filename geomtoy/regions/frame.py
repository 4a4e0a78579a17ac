"""The frame: slice coordinates shifted and scaled, exactly, so that the window lies in [-1, 1]^2.

The errors that the filter has to assume are then relative to the window and not to its distance
from the origin. All geometry happens in the frame; only results are mapped back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np

from geomtoy.activations import nearest
from geomtoy.errors import SliceError
from geomtoy.network import Network
from geomtoy.slices import Point, Segment, Slice, Vector

PLANE_CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))


@dataclass(frozen=True)
class Frame:
    """Input x = origin + s*u + t*v for frame coordinates (s, t); slice = centre + scale * frame.

    `corners` are the window's in the frame. With `unbounded`, they are the directions of the corners
    of a square of side 2R that grows beyond all bounds: every comparison is made for R -> infinity.
    `marks` are the slice's own: pictures show them, nothing is computed from them.
    """

    origin: Vector
    u: Vector
    v: Vector
    centre: Point
    scale: Fraction
    corners: tuple[Point, ...]
    unbounded: bool
    marks: tuple[Point, ...] = ()

    @cached_property
    def has_float_centre(self) -> bool:
        """Whether float64 holds the centre: not where a window is smaller than the gaps of floats."""
        return all(Fraction(float(z)) == z for z in self.centre)

    def to_slice(self, points: np.ndarray) -> np.ndarray:
        """Frame coordinates (n, 2) to slice coordinates, in float64."""
        if self.has_float_centre:
            return np.array(self.centre, float) + float(self.scale) * points
        exact = [self.exact_to_slice((Fraction(x), Fraction(y))) for x, y in points.tolist()]
        return np.array([[nearest(z) for z in point] for point in exact]).reshape(-1, 2)

    def corners_in_slice(self) -> tuple[Point, ...]:
        """The window's corners in slice coordinates, as rationals."""
        return tuple(self.exact_to_slice(corner) for corner in self.corners)

    def slice_vectors(self) -> tuple[Vector, Vector, Vector]:
        """The slice itself: x = origin + s*u + t*v for slice coordinates (s, t)."""
        u, v = (tuple(z / self.scale for z in direction) for direction in (self.u, self.v))
        s, t = self.centre
        return tuple(z - s * a - t * b for z, a, b in zip(self.origin, u, v, strict=True)), u, v

    def slice(self) -> Slice:
        """The same, for another enumeration in the same place.

        Raises:
            SliceError: it is a line.
        """
        return Slice(*self.slice_vectors(), self.marks)

    def exact_to_slice(self, point: Point) -> Point:
        return self.centre[0] + self.scale * point[0], self.centre[1] + self.scale * point[1]


def make_frame(network: Network, slice: Slice | Segment | None, window: Sequence[Point] | None) -> Frame:
    """The frame of a window in a slice of a network's input space.

    Segments and 1D inputs are planes whose second direction is zero: every cut is then a line
    s = const, and cells are strips, one a piece.

    Raises:
        SliceError: the slice's dimension is not the network's.
    """
    origin, u, v = _directions(network, slice)
    marks = slice.marks if isinstance(slice, Slice) else ()
    if window is None:
        unit: Point = (Fraction(0), Fraction(0))
        corners = tuple((Fraction(x), Fraction(y)) for x, y in PLANE_CORNERS)
        return Frame(origin, u, v, unit, Fraction(1), corners, True, marks)
    centre, scale, corners = _fitted(tuple(window))
    moved = tuple(o + centre[0] * a + centre[1] * b for o, a, b in zip(origin, u, v, strict=True))
    u, v = tuple(scale * a for a in u), tuple(scale * b for b in v)
    return Frame(moved, u, v, centre, scale, corners, False, marks)


def _directions(network: Network, slice: Slice | Segment | None) -> tuple[Vector, Vector, Vector]:
    zero, one = Fraction(0), Fraction(1)
    if not isinstance(slice, Slice | Segment | None):
        raise SliceError(f"a slice is a geomtoy.Slice or Segment, no {type(slice).__name__}; make one")
    if slice is not None and slice.dimension != network.d_in:
        raise SliceError(
            f"the slice lies in dimension {slice.dimension} but the network takes {network.d_in} "
            "inputs; make them equal"
        )
    if isinstance(slice, Segment):
        return slice.start, slice.direction, (zero,) * network.d_in
    if slice is not None:
        return slice.origin, slice.u, slice.v
    if network.d_in == 1:
        return (zero,), (one,), (zero,)
    if network.d_in == 2:
        return (zero, zero), (one, zero), (zero, one)
    raise SliceError(
        f"the network takes {network.d_in} inputs; give a Slice or a Segment to look at (on the command "
        "line: --slice-through, or a file with the keys origin, u and v)"
    )


@lru_cache(maxsize=16)
def _fitted(window: tuple[Point, ...]) -> tuple[Point, Fraction, tuple[Point, ...]]:
    """A centre, in float64 where floats are close enough for the window, and a power of two, so that
    the frame costs no accuracy; the corners in the frame."""
    low = [min(p[k] for p in window) for k in (0, 1)]
    high = [max(p[k] for p in window) for k in (0, 1)]
    middle = tuple((a + b) / 2 for a, b in zip(low, high, strict=True))
    extent = max(b - a for a, b in zip(low, high, strict=True))
    near = tuple(Fraction(float(z)) for z in middle)
    apart = max(abs(a - b) for a, b in zip(near, middle, strict=True))
    centre = near if apart <= extent else middle
    reach = max(max(c - a, b - c) for a, b, c in zip(low, high, centre, strict=True))
    exponent = reach.numerator.bit_length() - reach.denominator.bit_length()
    scale = Fraction(2) ** exponent
    while scale < reach:
        scale *= 2
    corners = tuple(((x - centre[0]) / scale, (y - centre[1]) / scale) for x, y in window)
    return (centre[0], centre[1]), scale, corners
