"""Angles on a circle and around a vertex as float64 keys with proven errors, and orders by them.

With axis k the least |n_k| of a circle, X = P_k + n_k c and Y = (n x e_k) . P are the coordinates of a
point P from the circle's centre, equally scaled, each within d = 2 r + 4 e + 8 u; the key
1 - X / (|X| + |Y|) (or 3 + X / ... where Y < 0) grows with the angle from 0 to 4 and is off by at most
4 d / (|X| + |Y| - 2 d) + 8 u. For the notation see `filter`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geomtoy.circles.filter import SLACK, U


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
def keys(rows, of, where, P):
    """Keys, errors and doubts about the start of points `where` on circles `of`; see `key_of`."""
    m = of.shape[0]
    key, error, doubt = np.empty(m), np.empty(m), np.empty(m, np.int8)
    for i in range(m):
        key[i], error[i], doubt[i] = key_of(rows[of[i]], P[where[i]], P[where[i], 3])
    return key, error, doubt


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
def sort_groups(start, key, error):
    """Sort each group's members by key: their order, and clusters (m, 2) that the errors leave open."""
    order = np.arange(key.shape[0])
    floor = np.empty(key.shape[0])
    clusters = np.empty((key.shape[0] // 2 + 1, 2), np.int64)
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
                    clusters[m, 0], clusters[m, 1] = begin, i
                    m += 1
                begin = i
            if i < high:
                most = max(most, key[order[i]] + error[order[i]])
    return order, clusters[:m].copy()
