"""Which face holds a place: a straight line through it, and the first arc that the line meets."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq

from geomtoy.activations import exact as as_fraction
from geomtoy.circles.enumerate import Subdivision
from geomtoy.circles.exact import Circle, Triple, cross, sign
from geomtoy.circles.mesh import Exact
from geomtoy.circles.probe import in_order, line_crossings, side_after
from geomtoy.circles.sphere import rational
from geomtoy.errors import SliceError


def locate(subdivision: Subdivision, exact: Exact, points: Any) -> np.ndarray:
    """Face of each point, -1 outside the window; a point on an arc is given one of its faces.

    Args:
        points: (n, 2) slice coordinates, taken as the rationals that the floats are.
    Raises:
        SliceError: the points are not finite pairs.
    Exactness: exact. Cost: O(arcs) a point.
    """
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise SliceError(f"points have shape {points.shape}; give an array (n, 2) of slice coordinates")
    if points.dtype != object and not np.isfinite(points.astype(float)).all():
        raise SliceError("a point holds NaN or infinity; give finite slice coordinates")
    sphere = subdivision.sphere
    places = [
        sphere.to_p(*(rational(as_fraction(z, "a point")) for z in point)) for point in points.tolist()
    ]
    return np.array([_face(subdivision, exact, p) for p in places], np.int64)


def _face(subdivision: Subdivision, exact: Exact, p: Triple) -> int:
    geometry, mesh = exact.circles.geometry, subdivision.mesh
    for attempt in range(64):
        aim = (fmpq(attempt * 7 + 1), fmpq(3 - 2 * attempt), fmpq(attempt * attempt, 3))
        beside = (fmpq(2 * attempt + 5, 7), fmpq(attempt + 3), fmpq(-1 - attempt))
        line, half = (Circle(cross(p, q), fmpq(0)) for q in (aim, beside))
        turn = _turn(exact, line, half, p)
        crossed = line_crossings(exact, mesh, line) if turn else None
        if crossed is None:
            continue
        order = [crossed[i] for i in in_order(geometry, line, crossed)]
        ahead = [(geometry.side(half, one.point) > 0) == (turn < 0) for one in order]
        for k, crossing in enumerate(order):
            if ahead[k] and not ahead[k - 1]:  # the first that the line meets after the place
                back = side_after(crossing) ^ 1
                return int(mesh.right[back >> 1] if back & 1 else mesh.left[back >> 1])
        return -1
    raise AssertionError("no line through a place avoids the vertices")


def _turn(exact: Exact, line: Circle, half: Circle, p: Triple) -> int:
    """1 where `half` falls along `line` at the place p through which both go, -1 where it grows."""
    M, D = cross(line.m, half.m), exact.circles.geometry.D
    return sign(sum((d * m * x for d, m, x in zip(D, M, p, strict=True)), fmpq(0)))
