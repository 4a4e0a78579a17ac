"""Where functions of a layer may vanish on the arcs of a mesh, meet inside faces, or close a loop there.

Everything that float64 cannot tell is handed back as a doubt, for rationals to decide.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geomtoy.circles.angles import key_of
from geomtoy.circles.filter import UNDECIDED, U, meet, relation, value
from geomtoy.kernels import inner

BOTH = 2
"""A function has both signs on a boundary that its circle misses."""

DOUBTFUL = -1
"""Instead of a number, where float64 cannot tell."""


@njit(cache=True, nogil=True)
def edge_events(tail, head, circle, owner, length, P, circles, signs, rows, kinds, first):
    """Where the functions of each edge's face change sign inside the edge.

    Returns:
        found: (m, 3) rows (edge, function, branch); where: (m, 4) points.
        doubt: (k, 2) pairs (edge, function) left to exact arithmetic.
    """
    found, where = np.empty((64, 3), np.int64), np.empty((64, 4))
    doubt = np.empty((64, 2), np.int64)
    m, q = 0, 0
    p = np.empty(4)
    for e in range(tail.shape[0]):
        f = owner[e] - first
        if f < 0 or f >= rows.shape[0]:
            continue
        g, A, B = circles[circle[e]], tail[e], head[e]
        for i in range(rows.shape[1]):
            if kinds[f, i] != 1:
                continue
            if m + 2 > found.shape[0]:
                found, where = _longer(found), _longer(where)
            if q == doubt.shape[0]:
                doubt = _longer(doubt)
            row = rows[f, i]
            times = _changes(i, row, g, A, B, signs, P, length[e], p)
            if times == 0:
                continue
            if times == DOUBTFUL:
                doubt[q, 0], doubt[q, 1] = e, i
                q += 1
                continue
            for branch in (-1, 1):
                if times == 2 or (times == 1 and branch == signs[B, i]):
                    meet(row, g, float(branch), p)
                    found[m, 0], found[m, 1], found[m, 2] = e, i, branch
                    where[m] = p
                    m += 1
    return found[:m].copy(), where[:m].copy(), doubt[:q].copy()


@inner(forceinline=True)
def _changes(i, row, g, A, B, signs, P, length, p):
    """How often function i changes sign inside an arc, or DOUBTFUL; cases in order of cost.

    The arc is of circle g, from vertex A to B; where A < 0, it is all of the circle.
    """
    if A >= 0:
        if signs[A, i] * signs[B, i] == 0:
            return DOUBTFUL
        if signs[A, i] != signs[B, i]:
            return 1
        z, _ = value(row, P[A], P[A, 3])
        z2, _ = value(row, P[B], P[B, 3])
        if abs(z) + abs(z2) > length + P[A, 3] + P[B, 3] + 1e-6:
            return 0  # the function's slope is 1 at most
    common = relation(row, g)
    if common != 2:
        return DOUBTFUL if common == 1 else 0
    if A < 0 or A == B:
        return 2
    inside = _both_inside(row, g, P[A], P[B], p)
    return DOUBTFUL if inside == UNDECIDED else 2 * inside


@njit(cache=True, inline="always")
def _both_inside(row, g, A, B, p):
    """Whether the common points of a circle and g lie on g's arc from A to B; both do, or none."""
    start, ea, _ = key_of(g, A, A[3])
    end, eb, _ = key_of(g, B, B[3])
    end = (end - start) % 4.0
    for branch in (-1, 1):
        meet(row, g, float(branch), p)
        if not p[3] < 1e-3:
            continue
        key, ep, _ = key_of(g, p, p[3])
        key = (key - start) % 4.0
        room = ea + eb + ep + 1e-14
        if end < room or end > 4.0 - room or key < room or key > 4.0 - room or not abs(key - end) > room:
            continue
        return 1 if key < end else 0
    return UNDECIDED


@njit(cache=True, nogil=True)
def loops(rows, kinds, met, of_boundary, walls, wall_side, wall_start):
    """Circles with a face's boundary on one side that may lie inside the face: (m, 2) (face, function).

    Such a circle lies inside only if the pole of its disc on the other side does, and so on the face's
    side of every wall.

    Args:
        met: (F, n) whether the circle meets the boundary.
        of_boundary: (F, n) the function's sign on the boundary, 1 or -1; others are passed over.
    """
    found = np.empty((64, 2), np.int64)
    m = 0
    pole = np.empty(3)
    for f in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            if kinds[f, i] != 1 or met[f, i] or abs(of_boundary[f, i]) != 1:
                continue
            for j in range(3):
                pole[j] = -of_boundary[f, i] * rows[f, i, j]
            parted = False
            for j in range(wall_start[f], wall_start[f + 1]):
                z, bound = value(walls[j], pole, 2.0 * rows[f, i, 4] + 8.0 * U)
                if z * wall_side[j] < -bound:
                    parted = True
                    break
            if parted:
                continue
            if m == found.shape[0]:
                found = _longer(found)
            found[m, 0], found[m, 1] = f, i
            m += 1
    return found[:m].copy()


@njit(cache=True, nogil=True)
def alike(rows, start):
    """Pairs of circles of a group that may be one: (m, 2)."""
    found = np.empty((64, 2), np.int64)
    m = 0
    for g in range(start.shape[0] - 1):
        for a in range(start[g], start[g + 1]):
            for b in range(a + 1, start[g + 1]):
                k, h = rows[a], rows[b]
                A = k[0] * h[0] + k[1] * h[1] + k[2] * h[2]
                if abs(A) < 1.0 - 1e-6 or abs(k[3] - h[3] * np.sign(A)) > 1e-3:
                    continue
                if m == found.shape[0]:
                    found = _longer(found)
                found[m, 0], found[m, 1] = a, b
                m += 1
    return found[:m].copy()


@njit(cache=True, nogil=True)
def pairs(rows, start, walls, wall_side, wall_start, low, high):
    """Common points of the circles of each group that no wall of the group certainly parts from it.

    Args:
        rows: (k, 5) circles, group g being start[g]:start[g + 1].
        walls, wall_side, wall_start: circles and the side (+-1) of them on which a group lies.
        low, high: the circles whose pairs with later ones are wanted.
    Returns:
        found: (m, 3) rows (circle, later circle, branch); where: (m, 4); doubt: (k, 2) pairs.
    """
    found = np.empty((256, 3), np.int64)
    where = np.empty((256, 4))
    doubt = np.empty((64, 2), np.int64)
    m, q = 0, 0
    p = np.empty(4)
    g = 0
    for a in range(low, high):
        while a >= start[g + 1]:
            g += 1
        for b in range(a + 1, start[g + 1]):
            common = relation(rows[a], rows[b])
            if common == 0:
                continue
            if common == 1:
                if q == doubt.shape[0]:
                    doubt = _longer(doubt)
                doubt[q, 0], doubt[q, 1] = a, b
                q += 1
                continue
            if m + 2 > found.shape[0]:
                found = _longer(found)
                where = _longer(where)
            for branch in (-1, 1):
                meet(rows[a], rows[b], float(branch), p)
                if _parted(p, walls, wall_side, wall_start[g], wall_start[g + 1]):
                    continue
                found[m, 0], found[m, 1], found[m, 2] = a, b, branch
                where[m] = p
                m += 1
    return found[:m].copy(), where[:m].copy(), doubt[:q].copy()


@njit(cache=True, inline="always")
def _parted(p, walls, wall_side, first, end):
    """Whether a point lies certainly on the wrong side of a wall."""
    if not p[3] < np.inf:
        return False
    for j in range(first, end):
        z, bound = value(walls[j], p, p[3])
        if z * wall_side[j] < -bound:
            return True
    return False


@njit(cache=True, nogil=True)
def _longer(rows):
    more = np.empty((2 * rows.shape[0], rows.shape[1]), rows.dtype)
    more[: rows.shape[0]] = rows
    return more
