"""Straight lines through a subdivision: which arcs one crosses, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key
from typing import NamedTuple, Protocol

import numpy as np

from geomtoy.circles.angles import arc_lengths, axis_of
from geomtoy.circles.exact import Circle, Geometry, Point, compare
from geomtoy.circles.filter import UNDECIDED, vertex_signs
from geomtoy.circles.mesh import Exact, on_arc
from geomtoy.circles.search import edge_events


class Arcs(Protocol):
    """Arcs of circles between vertices, as in `mesh.Mesh`."""

    @property
    def circle(self) -> np.ndarray: ...
    @property
    def tail(self) -> np.ndarray: ...
    @property
    def head(self) -> np.ndarray: ...


class Boundary(NamedTuple):
    """Some of the arcs of a mesh."""

    circle: np.ndarray
    tail: np.ndarray
    head: np.ndarray


class Crossing(NamedTuple):
    """A line crosses an arc at a point, its function falling (-1) or growing (1) along the arc's
    circle."""

    edge: int
    branch: int
    point: Point


def line_crossings(exact: Exact, arcs: Arcs, line: Circle) -> list[Crossing] | None:
    """All crossings of a line; None if it meets a vertex or touches an arc."""
    geometry, rows = exact.circles.geometry, exact.circles.rows
    row, kind = np.array([[[*geometry.row(line), 2.0**-51]]]), np.ones((1, 1), np.int8)
    n = len(exact.points)
    where = exact.points.where if n else np.zeros((1, 4))
    signs = np.zeros((max(1, n), 1), np.int8)
    vertex_signs(where, np.zeros(len(where), np.int64), row, 0, signs)
    for v in np.flatnonzero(signs[:n, 0] == UNDECIDED).tolist():
        signs[v, 0] = geometry.side(line, exact.point(v))
    if (signs[:n] == 0).any():
        return None
    owner = np.zeros(len(arcs.tail), np.int64)
    length = arc_lengths(arcs.tail, arcs.head, arcs.circle, where, rows)
    found, _, doubt = edge_events(
        arcs.tail, arcs.head, arcs.circle, owner, length, where, rows, signs, row, kind, 0
    )
    crossed = [
        Crossing(e, branch, geometry.meet(line, exact.circles.exact(int(arcs.circle[e])), branch))
        for e, _, branch in found.tolist()
    ]
    for e, _ in doubt.tolist():
        more = inside_arc(exact, arcs, e, line)
        if any(crossing.branch == 0 for crossing in more):
            return None
        crossed += more
    return crossed


def inside_arc(exact: Exact, arcs: Arcs, edge: int, k: Circle) -> list[Crossing]:
    """Common points of a circle and an arc, without the arc's ends, exactly; branch 0 where they
    touch."""
    circle, tail, head = int(arcs.circle[edge]), int(arcs.tail[edge]), int(arcs.head[edge])
    geometry, g = exact.circles.geometry, exact.circles.exact(circle)
    branches = {1: (0,), 2: (-1, 1)}.get(geometry.relation(k, g), ())
    found = [Crossing(edge, branch, geometry.meet(k, g, branch)) for branch in branches]
    return [one for one in found if on_arc(exact, circle, tail, head, one.point)]


def in_order(geometry: Geometry, line: Circle, crossed: Sequence[Crossing]) -> list[int]:
    """The crossings of a line in cyclic order along it."""
    axis = int(axis_of(np.array(geometry.row(line))))
    position = [geometry.position(line, axis, one.point) for one in crossed]

    def order(i: int, j: int) -> int:
        return compare(position[i], position[j])

    return sorted(range(len(crossed)), key=cmp_to_key(order))


def side_after(crossing: Crossing) -> int:
    """The half-edge on whose left the line is after a crossing."""
    return 2 * crossing.edge + (0 if crossing.branch < 0 else 1)
