"""Events: where the circles of a layer pass arcs, vertices and one another, and from which side.

An event is a row (curve, node, before, after): whether the curve is inside its face before and after the
node, 1 or 0, or UNKNOWN for an event inside the face.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geomtoy.circles.angles import arc_lengths
from geomtoy.circles.curves import Curves
from geomtoy.circles.exact import Point
from geomtoy.circles.loops import walls
from geomtoy.circles.mesh import Points
from geomtoy.circles.probe import inside_arc
from geomtoy.circles.search import edge_events, pairs
from geomtoy.circles.subject import FINE, Subject
from geomtoy.circles.topology import UNKNOWN
from geomtoy.circles.vertices import Corner

Events = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""(curve, node, before, after) of each event."""


@dataclass(frozen=True, eq=False)
class EdgeZeros:
    """Points inside old arcs where a function of the owner face vanishes."""

    edge: np.ndarray
    cut: np.ndarray
    branch: np.ndarray
    where: np.ndarray


class Touches(NamedTuple):
    """Faces, cuts and vertices where a circle of a face passes through a vertex of the face."""

    face: np.ndarray
    cut: np.ndarray
    vertex: np.ndarray


def zeros_on_edges(subject: Subject, signs: np.ndarray) -> EdgeZeros:
    """All zeros inside the arcs of the mesh."""
    mesh, rows = subject.mesh, subject.circles.rows
    P = mesh.points.where if len(mesh.points) else np.zeros((1, 4))
    length = arc_lengths(mesh.tail, mesh.head, mesh.circle, P, rows)
    found, where, doubt = edge_events(
        mesh.tail, mesh.head, mesh.circle, subject.owner, length, P, rows,
        signs, subject.rows, subject.kinds, 0,
    )  # fmt: skip
    subject.tally.add(len(mesh.tail) * subject.n_cuts, len(doubt))
    more, places = [], []
    for e, i in doubt.tolist():
        for one in inside_arc(subject.vertices, mesh, e, subject.circle(int(subject.owner[e]), i)):
            more.append((e, i, one.branch))
            places.append((*subject.geometry.floats(one.point), FINE))
    if more:
        found, where = np.concatenate([found, more]), np.concatenate([where, places])
    return EdgeZeros(found[:, 0], found[:, 1], found[:, 2], where)


def touches(subject: Subject, signs: np.ndarray) -> Touches:
    """Where circles pass through vertices."""
    face, vertex = subject.mesh.corners
    at, cut = np.nonzero((signs[vertex] == 0) & (subject.kinds[face] == 1))
    return Touches(face[at], cut, vertex[at])


def met_boundaries(subject: Subject, zeros: EdgeZeros, touched: Touches) -> np.ndarray:
    """(F, n) whether a function's circle meets the boundary of a face."""
    met = np.zeros(subject.kinds.shape, bool)
    for face in (subject.mesh.left, subject.mesh.right):
        some = face[zeros.edge]
        met[some[some >= 0], zeros.cut[some >= 0]] = True
    met &= subject.kinds == 1
    met[touched.face, touched.cut] = True
    return met


# --- events on the boundary ---------------------------------------------------------------------------


def edge_points(subject: Subject, zeros: EdgeZeros, curves: Curves) -> Points:
    """The zeros on arcs as common points of two circles."""
    owner = curves.index[subject.owner[zeros.edge], zeros.cut]
    both = np.column_stack([curves.circle[owner], subject.mesh.circle[zeros.edge]])
    return Points(zeros.where, both, zeros.branch)


def on_edges(subject: Subject, zeros: EdgeZeros, curves: Curves, first: int) -> Events:
    """The zeros on arcs, for the curves on both sides; node `first` is the first zero."""
    mesh, parts = subject.mesh, []
    node = first + np.arange(len(zeros.edge))
    for face, side in ((mesh.left[zeros.edge], 1), (mesh.right[zeros.edge], -1)):
        curve = np.where(face >= 0, curves.index[face, zeros.cut], -1)
        mine = curve >= 0
        mine[mine] = curves.alone[curve[mine]]
        enters = -zeros.branch * side > 0
        before, after = ~enters, enters
        for j in np.flatnonzero(mine & (zeros.branch == 0)):
            g = subject.circles.exact(int(mesh.circle[zeros.edge[j]]))
            k = subject.circle(int(face[j]), int(zeros.cut[j]))
            before[j] = after[j] = subject.geometry.mean_sign(g, k) == side
        parts.append((curve[mine], node[mine], before[mine].astype(int), after[mine].astype(int)))
    return joined(parts)


def at_vertices(subject: Subject, touched: Touches, curves: Curves) -> Events:
    """The old vertices that curves pass through; a vertex is its own node."""
    curve = curves.index[touched.face, touched.cut]
    mine = curves.alone[curve]
    curve, vertex = curve[mine], touched.vertex[mine]
    before, after = np.empty(len(curve), int), np.empty(len(curve), int)
    for j, (q, v) in enumerate(zip(curve.tolist(), vertex.tolist(), strict=True)):
        corner = Corner(subject.mesh, subject.circles, subject.vertices.point(v), v)
        own, circle = int(curves.face[q]), int(curves.circle[q])
        after[j] = corner.face_along(circle, 1) == own
        before[j] = corner.face_along(circle, -1) == own
    subject.tally.add(0, len(curve))
    return curve, vertex, before, after


# --- events inside faces ------------------------------------------------------------------------------


def meetings(subject: Subject, curves: Curves) -> tuple[Points, np.ndarray, np.ndarray]:
    """Common points of two curves of a face, but for those certainly outside it; and the two curves."""
    live = np.flatnonzero(curves.alone)
    rows = subject.circles.rows[curves.circle[live]]
    start = np.searchsorted(curves.face[live], np.arange(subject.mesh.n_faces + 1))
    wall_start, circle, side = walls(subject.mesh)
    found, where, doubt = pairs(
        rows, start, subject.circles.rows[circle], side, wall_start, 0, len(rows)
    )
    sizes = np.diff(start)
    subject.tally.add(int((sizes * (sizes - 1) // 2).sum()), len(doubt))
    more, places = [], []
    for a, b in doubt.tolist():
        face = int(curves.face[live[a]])
        own = slice(wall_start[face], wall_start[face + 1])
        both = int(curves.circle[live[a]]), int(curves.circle[live[b]])
        for branch, point in _common(subject, *both):
            if not _parted(subject, point, circle[own], side[own]):
                more.append((a, b, branch))
                places.append((*subject.geometry.floats(point), FINE))
    if more:
        found, where = np.concatenate([found, more]), np.concatenate([where, places])
    a, b = live[found[:, 0]], live[found[:, 1]]
    both_circles = np.column_stack([curves.circle[a], curves.circle[b]])
    return Points(where, both_circles, found[:, 2]), a, b


def inside(curve_a: np.ndarray, curve_b: np.ndarray, first: int) -> Events:
    """Meetings as events of both curves; node `first` is the first meeting."""
    node = first + np.arange(len(curve_a))
    unknown = np.full(2 * len(node), UNKNOWN)
    return np.concatenate([curve_a, curve_b]), np.tile(node, 2), unknown, unknown


def _common(subject: Subject, k: int, h: int) -> list[tuple[int, Point]]:
    exact, geometry = subject.circles.exact, subject.geometry
    branches = {1: (0,), 2: (-1, 1)}.get(geometry.relation(exact(k), exact(h)), ())
    return [(branch, geometry.meet(exact(k), exact(h), branch)) for branch in branches]


def _parted(subject: Subject, point: Point, circle: np.ndarray, side: np.ndarray) -> bool:
    """Whether a point lies on the wrong side of a wall."""
    return any(
        subject.geometry.side(subject.circles.exact(g), point) == -s
        for g, s in zip(circle.tolist(), side.tolist(), strict=True)
    )


def joined(parts: list[Events]) -> Events:
    """Events of several kinds, one after the other."""
    curve, node, before, after = (np.concatenate(part) for part in zip(*parts, strict=True))
    return curve, node, before, after
