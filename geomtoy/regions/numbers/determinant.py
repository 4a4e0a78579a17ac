"""Signs of 2 x 2 and 3 x 3 determinants of floats that are known exactly, without a rational number.

Whether three lines are concurrent, and on which side of the third the first two meet, is the sign of the
determinant of their coefficients. Products and sums are carried as pairs of floats (high, low), high +
low having about 106 bits; the error is proven. What is smaller than the error is zero where the
coefficients are
multiples of powers of two so large that their products could not be that small: so it is for weights of
few bits, in which degeneracy is normal. Anything else is left to rational arithmetic.

*Bound.* With u = 2^-53, products of two floats are exact as pairs, sums too (Dekker 1971, Knuth 1969),
unless they underflow or overflow, which the range of the entries excludes. A minor p1 q2 - p2 q1 as a
pair is off by at most 5 u^2 (|p1 q2| + |p2 q1|) from the two roundings of its low part, which is at
most 4u times that; its product with an entry by 8 u^2 more, and the last sum of three pairs by 40 u^2
T, where T is the sum of the absolute values of all six products. 2^-99 T is more than all of it, with
the rounding of T.
"""

from __future__ import annotations

import numpy as np

from geomtoy.kernels import inlined, kernel
from geomtoy.regions.numbers.filter import UNDECIDED
from geomtoy.regions.numbers.grids import grid

ERROR = 2.0**-99
SMALLEST, LARGEST = 2.0**-150, 2.0**150
"""Entries that are not 0 lie between these, so that no product of three under- or overflows, nor its
low part."""
SPLIT = 2.0**27 + 1.0


@inlined
def _product(a, b):
    """a b as a pair."""
    p = a * b
    t = SPLIT * a
    a_high = t - (t - a)
    a_low = a - a_high
    t = SPLIT * b
    b_high = t - (t - b)
    b_low = b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


@inlined
def _sum(a, b):
    """a + b as a pair."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@inlined
def _minor(p1, q2, p2, q1):
    """p1 q2 - p2 q1 as a pair."""
    left, left_low = _product(p1, q2)
    right, right_low = _product(p2, q1)
    high, low = _sum(left, -right)
    return high, low + (left_low - right_low)


@inlined
def in_range(row):
    """Whether a line (a, b, c, e) is known exactly and its numbers are neither too small nor too
    large."""
    fits = row[3] == 0.0
    for k in range(3):
        size = abs(row[k])
        fits &= size == 0.0 or SMALLEST <= size <= LARGEST
    return fits


@inlined
def minor_sign(p, q):
    """Sign of p[0] q[1] - p[1] q[0], which is not 0, for entries in range; UNDECIDED where 106 bits do
    not tell."""
    high, low = _minor(p[0], q[1], p[1], q[0])
    value, bound = high + low, ERROR * (abs(p[0] * q[1]) + abs(p[1] * q[0]))
    if abs(value) > bound:
        return np.int8(value > 0.0) - np.int8(value < 0.0)
    return UNDECIDED


@inlined
def _same_line(p, q):
    """Whether rows are equal or opposite: twin units have the same line, whatever its numbers are."""
    alike = p[0] == q[0] and p[1] == q[1] and p[2] == q[2]
    return alike or (p[0] == -q[0] and p[1] == -q[1] and p[2] == -q[2])


@inlined
def _grid_of_row(row):
    return min(grid(row[0]), grid(row[1]), grid(row[2]))


@kernel
def determinant_sign(p, q, r):
    """Sign of det[p; q; r] for rows in range, UNDECIDED where 106 bits do not tell."""
    if _same_line(p, q) or _same_line(q, r) or _same_line(r, p):
        return np.int8(0)
    a, a_low = _minor(q[1], r[2], r[1], q[2])
    b, b_low = _minor(q[2], r[0], r[2], q[0])
    c, c_low = _minor(q[0], r[1], r[0], q[1])
    x, x_low = _product(p[0], a)
    y, y_low = _product(p[1], b)
    z, z_low = _product(p[2], c)
    s, s_low = _sum(x, y)
    s, t_low = _sum(s, z)
    low = s_low + t_low + (x_low + p[0] * a_low) + (y_low + p[1] * b_low) + (z_low + p[2] * c_low)
    value = s + low
    size = (
        abs(p[0]) * (abs(q[1] * r[2]) + abs(r[1] * q[2]))
        + abs(p[1]) * (abs(q[2] * r[0]) + abs(r[2] * q[0]))
        + abs(p[2]) * (abs(q[0] * r[1]) + abs(r[0] * q[1]))
    )
    bound = ERROR * size
    if value > bound:
        return np.int8(1)
    if value < -bound:
        return np.int8(-1)
    if size == 0.0:
        return np.int8(0)
    least = _grid_of_row(p) + _grid_of_row(q) + _grid_of_row(r)
    if abs(value) + 2.0 * bound < 2.0**least:
        return np.int8(0)
    return UNDECIDED


@kernel
def sides(ends, rows):
    """Signs (k,) of lines at points, UNDECIDED where not all numbers are known exactly.

    Args:
        ends: (k, 2, 4) the two lines through each point. rows: (k, 4) the line in question.
    """
    signs = np.full(rows.shape[0], UNDECIDED)
    for i in range(rows.shape[0]):
        p, q, r = ends[i, 0], ends[i, 1], rows[i]
        if not (in_range(p) and in_range(q) and in_range(r)):
            continue
        w, d = minor_sign(p, q), determinant_sign(r, p, q)
        if w != UNDECIDED and d != UNDECIDED:
            signs[i] = d * w
    return signs


@kernel
def _before(base, p, q):
    """-1, 0, 1 as the point of line p on the base lies before, at or after that of q along (-b, a), else
    UNDECIDED.

    The places are (-b x + a y) / w of the points base x p and base x q; the first less the second is
    (a^2 + b^2) det[base; p; q] / (w_p w_q).
    """
    d, w, v = determinant_sign(base, p, q), minor_sign(base, p), minor_sign(base, q)
    return UNDECIDED if d == UNDECIDED or w == UNDECIDED or v == UNDECIDED else d * w * v


@kernel
def sort_clusters(clusters, order, tied, base, direction, member, rows):
    """Sort clusters of members along their lines and mark ties, where all numbers are known exactly.

    Args:
        clusters: (m, 3) rows (group, low, high) of order[low:high], see `filter.sort_groups`.
        base, direction: (groups,) line id, and the sense in which it is read.
        member: line id of each member. rows: (n, 4) of all lines.
    Returns:
        (m,) whether each cluster is done; the others are as they were, up to order. Ties ascend.
    """
    done = np.ones(clusters.shape[0], np.bool_)
    for k in range(clusters.shape[0]):
        group, low, high = clusters[k]
        line = rows[base[group]]
        fits = in_range(line)
        for i in range(low, high):
            fits = fits and in_range(rows[member[order[i]]])
        if not fits:
            done[k] = False
            continue
        sense = direction[group]
        for i in range(low + 1, high):  # binary insertion
            m = order[i]
            first, last = low, i
            while first < last:
                middle = (first + last) // 2
                side = _before(line, rows[member[order[middle]]], rows[member[m]])
                if side == UNDECIDED:
                    done[k] = False
                    break
                if side * sense < 0 or (side == 0 and order[middle] < m):
                    first = middle + 1
                else:
                    last = middle
            if not done[k]:
                break
            for j in range(i, first, -1):
                order[j] = order[j - 1]
            order[first] = m
        if done[k]:
            for i in range(low + 1, high):
                tied[i] = _before(line, rows[member[order[i - 1]]], rows[member[order[i]]]) == 0
    return done
