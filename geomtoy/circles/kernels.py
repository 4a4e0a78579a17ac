"""The float64 filter on the sphere: values, common points and orders of circles, with proven error
bounds.

Notation. A *circle* is (n, c, e): its true n and c, divided by the true |n|, differ from the stored
ones by at
most e in each entry; |n| = 1 and |c| < 1. A *point* is (P, r): the true unit vector lies within
distance r of P.
u = 2^-53; a sum of k terms of size at most s is off by at most k u s (Higham 2002, section 4.2).

Value of a circle at a point: n . P + c moves by at most |n| r + sqrt(3) e (1 + r) + e and is off by 8
u, together
less than (1 + 4 e) r + 3 e + 8 u. The same holds for functions that are no circles, divided by
max(|n|, |c|).

Common points of (n, c) and (n', c'), with E = e + e' + 4 u: w = n x n' is off by at most 2 E as a
vector, A = n . n'
by 2 E, S = |w|^2 by at most 5 E |w| + 5 E^2 and Delta = S - c^2 - c'^2 + 2 A c c' by 16 E (5 E for S,
2 E for the
squares, 6 E for the product, 3 E for rounding). The numerator (A c' - c) n + (A c - c') n' +-
sqrt(Delta) w is off by
at most 17 E + |w| 16 E / sqrt(Delta): each factor A c' - c by 4 E, each vector by sqrt(3) e times at
most 2, the root by
16 E / sqrt(Delta), w by 2 E. Divided by S, with the quotient of length 1,
    r = (17 E + 16 E |w| / sqrt(Delta) + 5 E |w| + 5 E^2) / (S - 5 E |w| - 5 E^2) + 4 u.

Position on a circle: with axis k the least |n_k|, X = P_k + n_k c and Y = (n x e_k) . P are the
coordinates of P from the
circle's centre, equally scaled, each within d = 2 r + 4 e + 8 u; the key 1 - X / (|X| + |Y|) (or 3 + X
/ ... where Y < 0)
grows with the angle from 0 to 4 and is off by at most 4 d / (|X| + |Y| - 2 d) + 8 u.

Bounds are multiplied by SLACK for their own roundings. What they do not decide, and NaN, is left to
rationals. All
kernels live in this one file, so that numba's cache is renewed whenever one of them changes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

U = 2.0**-53
SLACK = 1.0 + 2.0**-30

UNDECIDED = 2


@njit(cache=True, inline="always")
def value(row, P, r):
    """Value of a function (n, c, e) at a point, and a bound on its error."""
    e = row[4]
    bound = ((1.0 + 4.0 * e) * r + 3.0 * e + 8.0 * U) * SLACK
    return row[0] * P[0] + row[1] * P[1] + row[2] * P[2] + row[3], bound


@njit(cache=True, inline="always")
def pencil(k, h):
    """n x n', |n x n'|, n . n', Delta and E of two circles."""
    w0 = k[1] * h[2] - k[2] * h[1]
    w1 = k[2] * h[0] - k[0] * h[2]
    w2 = k[0] * h[1] - k[1] * h[0]
    A = k[0] * h[0] + k[1] * h[1] + k[2] * h[2]
    S = w0 * w0 + w1 * w1 + w2 * w2
    delta = S - k[3] * k[3] - h[3] * h[3] + 2.0 * A * k[3] * h[3]
    return w0, w1, w2, S, A, delta, k[4] + h[4] + 4.0 * U


@njit(cache=True, inline="always")
def relation(k, h):
    """2, or 0, common points of two circles; 1 if float64 cannot tell."""
    _, _, _, _, _, delta, E = pencil(k, h)
    bound = 16.0 * E * SLACK
    if delta > bound:
        return 2
    return 0 if delta < -bound else 1


@njit(cache=True, inline="always")
def meet(k, h, branch, out):
    """The common point with omega . (n x n') of sign `branch`, into out (4,) as (P, r)."""
    w0, w1, w2, S, A, delta, E = pencil(k, h)
    lw = np.sqrt(S)
    gap = S - (5.0 * E * lw + 5.0 * E * E) * SLACK
    if not (gap > 0.5 * S and delta > 32.0 * E):
        out[0], out[1], out[2], out[3] = 0.0, 0.0, 0.0, np.inf
        return
    root = np.sqrt(delta)
    alpha, beta, t = A * h[3] - k[3], A * k[3] - h[3], branch * root
    out[0] = (alpha * k[0] + beta * h[0] + t * w0) / S
    out[1] = (alpha * k[1] + beta * h[1] + t * w1) / S
    out[2] = (alpha * k[2] + beta * h[2] + t * w2) / S
    out[3] = ((17.0 * E + 16.0 * E * lw / root + 5.0 * E * lw + 5.0 * E * E) / gap + 4.0 * U) * SLACK


@njit(cache=True, inline="always")
def axis_of(n):
    """The axis that a circle's angles are counted from."""
    x, y, z = abs(n[0]), abs(n[1]), abs(n[2])
    if x <= y and x <= z:
        return 0
    return 1 if y <= z else 2


@njit(cache=True, inline="always")
def key_of(row, P, r):
    """Key in [0, 4] of a point of a circle, its error, and 1 if it may lie on either side of the
    start."""
    k = axis_of(row)
    a, b = (k + 1) % 3, (k + 2) % 3
    X = P[k] + row[k] * row[3]
    Y = row[b] * P[a] - row[a] * P[b]
    d = (2.0 * r + 4.0 * row[4] + 8.0 * U) * SLACK
    T = abs(X) + abs(Y)
    if not 8.0 * d < T:
        return 2.0, np.inf, 1
    error = (4.0 * d / (T - 2.0 * d) + 8.0 * U) * SLACK
    key = 1.0 - X / T if Y >= 0.0 else 3.0 + X / T
    return key, error, 1 if abs(Y) <= d and X > 0.0 else 0


@njit(cache=True, nogil=True)
def normalise(rows, error):
    """Functions (n, 4) over max(|n|, |c|), in (n, 5) with the bounds: a row is vague if its bound is
    infinite.

    With s the size and f the error of an entry, dividing by the size moves an entry by at most
    f / s + sqrt(3) f / (s - sqrt(3) f), so by less than 4 f / s if f < s / 8.
    """
    out = np.empty((rows.shape[0], 5))
    kind = np.empty(rows.shape[0], np.int8)
    for i in range(rows.shape[0]):
        length = np.sqrt(rows[i, 0] ** 2 + rows[i, 1] ** 2 + rows[i, 2] ** 2)
        size = max(length, abs(rows[i, 3]))
        f = error[i]
        if size == 0.0 and f == 0.0:
            out[i, :] = 0.0
            kind[i] = 0
            continue
        if not (f < 2.0**-20 * size and size < 1e150 and size > 1e-150):
            out[i, :] = 0.0
            out[i, 4] = np.inf
            kind[i] = UNDECIDED
            continue
        for j in range(4):
            out[i, j] = rows[i, j] / size
        out[i, 4] = (4.0 * f / size + 8.0 * U) * SLACK
        room = (4.0 * f + 8.0 * U * size) * SLACK
        gap = length - abs(rows[i, 3])
        kind[i] = 1 if gap > room else (0 if gap < -room else UNDECIDED)
    return out, kind


@njit(cache=True, nogil=True)
def vertex_signs(P, owner, rows, first, signs):
    """Signs (V, n) of the n functions of each vertex's face; UNDECIDED where the filter cannot tell.

    Args:
        rows: (F, n, 5), of the faces from `first` on; other vertices are left alone.
    """
    n = rows.shape[1]
    for v in range(P.shape[0]):
        f = owner[v] - first
        if f < 0 or f >= rows.shape[0]:
            continue
        for i in range(n):
            row = rows[f, i]
            if row[4] == 0.0 and row[0] == 0.0 and row[1] == 0.0 and row[2] == 0.0 and row[3] == 0.0:
                signs[v, i] = 0
                continue
            z, bound = value(row, P[v], P[v, 3])
            signs[v, i] = 1 if z > bound else (-1 if z < -bound else UNDECIDED)


@njit(cache=True, nogil=True)
def arc_lengths(tail, head, circle, P, circles):
    """Upper bounds on the lengths of arcs on the unit sphere; a circle without vertices has tail -1."""
    length = np.empty(tail.shape[0])
    for e in range(tail.shape[0]):
        g = circles[circle[e]]
        rho = np.sqrt(max(0.0, 1.0 - g[3] * g[3])) + 1e-9
        length[e] = 2.0 * np.pi * rho * 1.001
        if tail[e] >= 0 and tail[e] != head[e]:
            a, ea, _ = key_of(g, P[tail[e]], P[tail[e], 3])
            b, eb, _ = key_of(g, P[head[e]], P[head[e], 3])
            turn = (b - a) % 4.0
            if ea + eb < 1e-6 and turn > 1e-6 and turn < 4.0 - 1e-6:
                # d(angle) = (|x| + |y|)^2 d(key) on the unit circle, so 2 d(key) at most
                length[e] = min(length[e], 2.0 * rho * (turn + 2e-6) * 1.001)
    return length


@njit(cache=True, nogil=True)
def edge_events(  # noqa: C901 - one loop, its cases in order of cost
    tail, head, circle, owner, length, P, circles, signs, rows, kinds, first
):
    """Where the functions of each edge's face change sign inside the edge.

    Returns:
        found: (m, 3) rows (edge, function, branch); where: (m, 4) points.
        doubt: (k, 2) pairs (edge, function) left to exact arithmetic.
    """
    n = rows.shape[1]
    found = np.empty((64, 3), np.int64)
    where = np.empty((64, 4))
    doubt = np.empty((64, 2), np.int64)
    m, q = 0, 0
    p = np.empty(4)
    for e in range(tail.shape[0]):
        f = owner[e] - first
        if f < 0 or f >= rows.shape[0]:
            continue
        g = circles[circle[e]]
        A, B = tail[e], head[e]
        loop = A < 0 or A == B
        for i in range(n):
            if kinds[f, i] != 1:
                continue
            if m + 2 > found.shape[0]:
                found = _longer(found)
                where = _longer_floats(where)
            if q + 1 > doubt.shape[0]:
                doubt = _longer(doubt)
            row = rows[f, i]
            if A >= 0:
                s, t = signs[A, i], signs[B, i]
                if s * t == 0:
                    doubt[q, 0], doubt[q, 1] = e, i
                    q += 1
                    continue
                if s != t:
                    meet(row, g, float(t), p)
                    found[m, 0], found[m, 1], found[m, 2] = e, i, t
                    where[m] = p
                    m += 1
                    continue
                z, _ = value(row, P[A], P[A, 3])
                z2, _ = value(row, P[B], P[B, 3])
                if abs(z) + abs(z2) > length[e] + P[A, 3] + P[B, 3] + 1e-6:
                    continue  # the function's slope is 1 at most
            common = relation(row, g)
            if common == 0:
                continue
            inside = UNDECIDED
            if common == 2:
                inside = 1 if loop else _both_inside(row, g, P[A], P[B], p)
            if inside == UNDECIDED:
                doubt[q, 0], doubt[q, 1] = e, i
                q += 1
            elif inside:
                for branch in (-1, 1):
                    meet(row, g, float(branch), p)
                    found[m, 0], found[m, 1], found[m, 2] = e, i, branch
                    where[m] = p
                    m += 1
    return found[:m].copy(), where[:m].copy(), doubt[:q].copy()


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
def loops(rows, kinds, met, corner, signs, walls, wall_side, wall_start):
    """Circles that may lie wholly inside a face: (m, 2) pairs (face, function).

    A circle that misses a face's boundary lies inside it only if the pole of its disc on the side where
    the function has not the boundary's sign does, and so on the face's side of every wall.

    Args:
        met: (F, n) whether the circle meets the boundary.
        corner: (F,) a vertex of each face, or -1.
    """
    found = np.empty((64, 2), np.int64)
    m = 0
    pole = np.empty(3)
    for f in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            if kinds[f, i] != 1 or met[f, i]:
                continue
            if corner[f] >= 0:
                for j in range(3):
                    pole[j] = -signs[corner[f], i] * rows[f, i, j]
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
def _longer(rows):
    more = np.empty((2 * rows.shape[0], rows.shape[1]), np.int64)
    more[: rows.shape[0]] = rows
    return more


@njit(cache=True, nogil=True)
def _longer_floats(rows):
    more = np.empty((2 * rows.shape[0], rows.shape[1]))
    more[: rows.shape[0]] = rows
    return more


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
                where = _longer_floats(where)
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
def keys(rows, of, where, P):
    """Keys, errors and doubts about the start of points `where` on circles `of`; see `key_of`."""
    m = of.shape[0]
    key, error, doubt = np.empty(m), np.empty(m), np.empty(m, np.int8)
    for i in range(m):
        key[i], error[i], doubt[i] = key_of(rows[of[i]], P[where[i]], P[where[i], 3])
    return key, error, doubt


@njit(cache=True, nogil=True)
def sort_groups(start, key, error):
    """Sort each group's members by key: their order, and clusters (m, 2) that the errors leave open."""
    order = np.arange(key.shape[0])
    floor = np.empty(key.shape[0])
    clusters = np.empty((64, 2), np.int64)
    m = 0
    for g in range(start.shape[0] - 1):
        low, high = start[g], start[g + 1]
        if high - low < 2:
            continue
        order[low:high] = low + np.argsort(key[low:high])
        least = np.inf
        for i in range(high - 1, low - 1, -1):
            least = min(least, key[order[i]] - error[order[i]])
            floor[i] = least
        begin, most = low, -np.inf
        for i in range(low, high + 1):
            if i > begin and (i == high or floor[i] > most):
                if i - begin > 1:
                    if m == clusters.shape[0]:
                        clusters = _longer(clusters)
                    clusters[m, 0], clusters[m, 1] = begin, i
                    m += 1
                begin = i
            if i < high:
                most = max(most, key[order[i]] + error[order[i]])
    return order, clusters[:m].copy()


@njit(cache=True, nogil=True)
def directions(start, half, circle, vertex_of, P, circles):
    """Keys and errors of outgoing half-edges (circle, +-1) at each vertex, by their angle in its
    tangent plane."""
    m = half.shape[0]
    key, error, doubt = np.empty(m), np.empty(m), np.empty(m, np.int8)
    for i in range(m):
        p, r = P[vertex_of[i]], P[vertex_of[i], 3]
        row = circles[circle[i]]
        k = axis_of(p)
        a, b = (k + 1) % 3, (k + 2) % 3
        s = 1.0 - 2.0 * (half[i] & 1)
        t0 = s * (row[1] * p[2] - row[2] * p[1])
        t1 = s * (row[2] * p[0] - row[0] * p[2])
        t2 = s * (row[0] * p[1] - row[1] * p[0])
        X = (t0, t1, t2)[k]
        Y = p[b] * (t0, t1, t2)[a] - p[a] * (t0, t1, t2)[b]
        d = (4.0 * r + 8.0 * row[4] + 16.0 * U) * SLACK
        T = abs(X) + abs(Y)
        if not 8.0 * d < T:
            key[i], error[i], doubt[i] = 2.0, np.inf, 1
            continue
        key[i] = 1.0 - X / T if Y >= 0.0 else 3.0 + X / T
        error[i] = (4.0 * d / (T - 2.0 * d) + 8.0 * U) * SLACK
        doubt[i] = 1 if abs(Y) <= d and X > 0.0 else 0
    return key, error, doubt


@njit(cache=True, nogil=True)
def cycles(successor):
    """Label of the cycle of each half-edge, 0, 1, ... in the order of first members."""
    label = np.full(successor.shape[0], -1)
    n = 0
    for h in range(successor.shape[0]):
        if label[h] >= 0:
            continue
        i = h
        while label[i] < 0:
            label[i] = n
            i = successor[i]
        n += 1
    return label
