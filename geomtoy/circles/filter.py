"""The float64 filter on the sphere: values and common points of circles, with proven error bounds.

Notation. A *circle* is (n, c, e): its true n and c, divided by the true |n|, differ from the stored ones
by at most e in each entry; |n| = 1 and |c| < 1. A *point* is (P, r): the true unit vector lies within
distance r of P. u = 2^-53; a sum of k terms of size at most s is off by at most k u s (Higham 2002,
section 4.2).

Value of a circle at a point: n . P + c moves by at most |n| r + sqrt(3) e (1 + r) + e and is off by 8 u,
together less than (1 + 4 e) r + 3 e + 8 u. The same holds for functions that are no circles, divided by
max(|n|, |c|).

Common points of (n, c) and (n', c'), with E = e + e' + 4 u: w = n x n' is off by at most 2 E as a
vector, A = n . n' by 2 E, S = |w|^2 by at most 5 E |w| + 5 E^2 and Delta = S - c^2 - c'^2 + 2 A c c' by
16 E (5 E for S, 2 E for the squares, 6 E for the product, 3 E for rounding). The numerator
(A c' - c) n + (A c - c') n' +- sqrt(Delta) w is off by at most 17 E + |w| 16 E / sqrt(Delta): each
factor A c' - c by 4 E, each vector by sqrt(3) e times at most 2, the root by 16 E / sqrt(Delta), w by
2 E. Divided by S, with the quotient of length 1,
    r = (17 E + 16 E |w| / sqrt(Delta) + 5 E |w| + 5 E^2) / (S - 5 E |w| - 5 E^2) + 4 u.

Bounds are multiplied by SLACK for their own roundings. What they do not decide, and NaN, is left to
rationals.
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
