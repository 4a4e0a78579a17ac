"""The float64 filter: values, intersections and orders with proven error bounds.

Notation. A *line* is (a, b, c, e): the true coefficients of a*x + b*y + c differ from the stored ones
by at most e each. A *point* is (x, y, w, d): w is exactly 1, or exactly 0 for a point at infinity (then
(x, y) is a direction); the true x and y differ from the stored ones by at most d each. u = 2^-53.

Value of a line at a point. The true value differs from the exact value of the stored numbers by at most
    (|a| + |b|) d + e (|x| + |y| + 2 d + w),
and float evaluation of the latter adds at most 3u/(1-3u) (|a x| + |b y| + |c w|) (Higham 2002,
section 3.1). `value_bound` uses 4u, multiplies by 1 + 2^-40 for the roundings of the bound itself (fewer
than 20 of relative size u) and adds TINY for underflow (each product loses less than 2^-1074).

Intersection of two lines by Cramer: W = a1 b2 - a2 b1, x = X / W. If |W - W'| <= eW and |X - X'| <= eX
then |X'/W' - X/W| <= (eX + |x| eW) / (|W| - eW); the division adds u |x|. An intersection whose W is
not certainly non-zero gets d = inf, so that nothing is ever decided from it.

A comparison that the bound does not decide is left to rational arithmetic; NaN and inf never decide.
"""

from __future__ import annotations

import numpy as np
from numba import njit

U = 2.0**-53
SLACK = 1.0 + 2.0**-40
TINY = 1e-300

UNDECIDED = np.int8(2)


@njit(cache=True, inline="always")
def value_bound(a, b, c, e, x, y, w, d):
    """Value of a line at a point, and a bound on its error."""
    ax, by, cw = a * x, b * y, c * w
    spread = (abs(a) + abs(b)) * d + e * (abs(x) + abs(y) + 2.0 * d + w)
    rounding = 4.0 * U * (abs(ax) + abs(by) + abs(cw))
    return ax + by + cw, (spread + rounding) * SLACK + TINY


@njit(cache=True, inline="always")
def _minor(p1, q1, e1, p2, q2, e2):
    """p1 q2 - p2 q1 with a bound on its error, for entries known up to e1 and e2."""
    left, right = p1 * q2, p2 * q1
    spread = e1 * (abs(p2) + abs(q2)) + e2 * (abs(p1) + abs(q1)) + 2.0 * e1 * e2
    return left - right, (spread + 3.0 * U * (abs(left) + abs(right))) * SLACK + TINY


@njit(cache=True, inline="always")
def intersection(a1, b1, c1, e1, a2, b2, c2, e2):
    """Common point (x, y) of two lines and the bound d on the error of both coordinates."""
    W, eW = _minor(a1, b1, e1, a2, b2, e2)
    if not abs(W) > 2.0 * eW:
        return 0.0, 0.0, np.inf
    X, eX = _minor(b1, c1, e1, b2, c2, e2)
    Y, eY = _minor(c1, a1, e1, c2, a2, e2)
    x, y = X / W, Y / W
    gap = abs(W) - eW
    dx = (eX + abs(x) * eW) / gap + 2.0 * U * abs(x)
    dy = (eY + abs(y) * eW) / gap + 2.0 * U * abs(y)
    if not (dx < np.inf and dy < np.inf and abs(x) < np.inf and abs(y) < np.inf):
        return 0.0, 0.0, np.inf
    return x, y, max(dx, dy) * SLACK + TINY


@njit(cache=True, inline="always")
def position(a, b, e, x, y, d, direction):
    """Position of a point of a line along direction * (-b, a), up to a monotone map, with its error.

    The coordinate that changes fastest along the line serves; its sense of growth must be certain.
    """
    if abs(b) >= abs(a):
        key, certain = (-x if b > 0 else x), abs(b) > e
    else:
        key, certain = (y if a > 0 else -y), abs(a) > e
    error = (d + 2.0 * U * abs(key)) * SLACK + TINY if certain else np.inf
    return key * direction, error


@njit(cache=True, nogil=True)
def sort_groups(start, key, error):
    """Sort the members of each group by key and mark what the errors leave open.

    Args:
        start: (g + 1,) group g holds members start[g]:start[g + 1].
        key, error: (n,) each member's true key lies within error of key.
    Returns:
        order: (n,) members in sorted order, group by group.
        clusters: (m, 3) rows (group, low, high): order[low:high] may be wrong and may hold ties;
            everything outside the clusters is certainly in strictly increasing order.
    """
    n = key.shape[0]
    order = np.arange(n)
    clusters = [(0, 0, 0) for _ in range(0)]  # an empty list whose type is known
    floor = np.empty(n)
    for g in range(start.shape[0] - 1):
        sort_group(order, key, error, start[g], start[g + 1], floor, g, clusters)
    out = np.empty((len(clusters), 3), np.int64)
    for i in range(len(clusters)):
        out[i, 0], out[i, 1], out[i, 2] = clusters[i]
    return order, out


@njit(cache=True, nogil=True)
def sort_group(order, key, error, low, high, floor, g, clusters):
    """Sort order[low:high] by key and append its clusters (g, low, high); floor is scratch."""
    if high - low < 24:
        _insertion_sort(order, key, low, high)
    else:
        order[low:high] = order[low:high][np.argsort(key[order[low:high]])]
    least = np.inf
    for i in range(high - 1, low - 1, -1):
        bottom = key[order[i]] - error[order[i]]
        least = min(least, bottom) if bottom == bottom else -np.inf
        floor[i] = least
    begin, most = low, -np.inf
    for i in range(low, high):
        if i > begin and floor[i] > most:
            if i - begin > 1:
                clusters.append((g, begin, i))
            begin = i
        top = key[order[i]] + error[order[i]]
        most = max(most, top) if top == top else np.inf
    if high - begin > 1:
        clusters.append((g, begin, high))


@njit(cache=True, nogil=True)
def _insertion_sort(order, key, low, high):
    for i in range(low + 1, high):
        k = order[i]
        j = i
        while j > low and key[order[j - 1]] > key[k]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = k


@njit(cache=True, nogil=True)
def filtered_signs(which, signs, open_count, x, y, w, d, cell, rows, error, segment):
    """Signs of all cuts at the vertices `which`, as far as the filter knows.

    Args:
        signs: (V, n) int8, filled in; UNDECIDED where the filter cannot tell.
        open_count: (V,) number of undecided cuts at each vertex, filled in.
        x, y, w, d: (V,) points. cell: (V,) a cell with the vertex on its boundary, a row of the lines.
        rows, error, segment: the cuts' lines on each cell, see `maps.Maps`.
    """
    n = rows.shape[2]
    for v in which:
        f = cell[v]
        A, B, C, E = rows[f, 0], rows[f, 1], rows[f, 2], error[segment[f]]
        xv, yv, wv, dv = x[v], y[v], w[v], d[v]
        row = signs[v]
        silent = 0
        for i in range(n):
            z, bound = value_bound(A[i], B[i], C[i], E[i], xv, yv, wv, dv)
            s = np.int8(z > bound) - np.int8(z < -bound)
            row[i] = s
            silent += s == 0
        open_count[v] = 0
        if silent:
            for i in range(n):
                if row[i] == 0:
                    if E[i] == 0.0 and A[i] == 0.0 and B[i] == 0.0:  # a constant, known exactly
                        row[i] = np.int8(C[i] > 0.0) - np.int8(C[i] < 0.0)
                    else:
                        row[i] = UNDECIDED
                        open_count[v] += 1
