"""Circles that lie wholly inside a face."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from geomtoy.circles.exact import Circle, Triple, cross, dot, sign_of
from geomtoy.circles.mesh import Mesh
from geomtoy.circles.probe import Boundary, line_crossings
from geomtoy.circles.search import BOTH, loops
from geomtoy.circles.subject import Subject


def find_loops(subject: Subject, signs: np.ndarray, met: np.ndarray) -> np.ndarray:
    """(F, n) whether a function's circle lies inside a face; those in `met` meet its boundary.

    A circle that misses the boundary and parts pieces of it, such as a hole from the outer one, lies
    inside the face, which reaches from one to the other. Else the boundary is on one side of it.
    """
    mesh = subject.mesh
    of_boundary = _boundary_signs(subject, signs, met)
    inside = (of_boundary == BOTH) & (subject.kinds == 1) & ~met
    start, circle, side = walls(mesh)
    rows = subject.circles.rows[circle]
    candidates = loops(subject.rows, subject.kinds, met, of_boundary, rows, side, start)
    for f, i in candidates.tolist():
        own = slice(start[f], start[f + 1])
        inside[f, i] = _is_loop(subject, f, i, int(of_boundary[f, i]), circle[own], side[own])
    return inside


def _boundary_signs(subject: Subject, signs: np.ndarray, met: np.ndarray) -> np.ndarray:
    """(F, n) signs of functions on the boundaries of faces that their circles miss: 1, -1 or BOTH; 0
    where a circle is one of the boundary's own."""
    mesh, geometry = subject.mesh, subject.geometry
    face, vertex = mesh.corners
    low, high = np.ones(met.shape, np.int8), np.full(met.shape, -1, np.int8)
    if len(face):
        faces, first = np.unique(face, return_index=True)
        low[faces] = np.minimum.reduceat(signs[vertex], first)
        high[faces] = np.maximum.reduceat(signs[vertex], first)
    start, edge, _ = mesh.sides
    bounded = np.repeat(np.arange(mesh.n_faces), np.diff(start))
    whole = mesh.tail[edge] < 0
    for f, circle in zip(bounded[whole].tolist(), mesh.circle[edge[whole]].tolist(), strict=True):
        wall = subject.circles.exact(circle)
        for i in np.flatnonzero((subject.kinds[f] == 1) & ~met[f]).tolist():
            s = geometry.mean_sign(subject.circle(f, i), wall)
            low[f, i], high[f, i] = min(low[f, i], s), max(high[f, i], s)
    return np.where(low * high < 0, BOTH, np.sign(low + high) * np.abs(low * high)).astype(np.int8)


def walls(mesh: Mesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(start, circle, side): the circles that bound each face, once each, and its side of them."""
    start, edge, side = mesh.sides
    face = np.repeat(np.arange(mesh.n_faces), np.diff(start))
    found = np.unique(np.column_stack([face, mesh.circle[edge], side]), axis=0)
    return np.searchsorted(found[:, 0], np.arange(mesh.n_faces + 1)), found[:, 1], found[:, 2]


def _is_loop(
    subject: Subject, face: int, cut: int, sign: int, circle: np.ndarray, side: np.ndarray
) -> bool:
    """Whether a circle that has a face's boundary on one side lies inside the face.

    Args:
        sign: of its function on the boundary.
        circle, side: the face's walls.
    """
    k, geometry, exact = subject.circle(face, cut), subject.geometry, subject.circles.exact
    x, y, z = (-sign * m / d for m, d in zip(k.m, geometry.D, strict=True))
    pole = (x, y, z)
    size = geometry.product(k, k)
    for g, on in zip(circle.tolist(), side.tolist(), strict=True):
        wall = exact(g)
        if sign_of(dot(wall.m, pole), wall.c, size) != on:
            return False
    return pole[2] > 0 and (subject.layer == 1 or _holds(subject, face, pole))


def _holds(subject: Subject, face: int, pole: Triple) -> bool:
    """Whether a place of the half sphere lies in a face.

    If it does, a half great circle from it to its antipode, which lies in no face, crosses the face's
    boundary an odd number of times.
    """
    mesh, geometry = subject.mesh, subject.geometry
    start, edge, _ = mesh.sides
    own = edge[start[face] : start[face + 1]]
    boundary = Boundary(mesh.circle[own], mesh.tail[own], mesh.head[own])
    for attempt in range(64):
        aim = (fmpq(attempt * 7 + 1), fmpq(3 - 2 * attempt), fmpq(attempt * attempt + 2))
        beside = (fmpq(2 * attempt + 5), fmpq(attempt + 3), fmpq(-1 - attempt))
        line, half = (Circle(cross(pole, q), fmpq(0)) for q in (aim, beside))
        if all(x == 0 for x in line.m) or geometry.relation(line, half) == 3:
            continue
        crossed = line_crossings(subject.vertices, boundary, line)
        if crossed is not None:
            return sum(geometry.side(half, one.point) > 0 for one in crossed) % 2 == 1
    raise AssertionError(f"no line through a place in face {face} avoids the vertices")
