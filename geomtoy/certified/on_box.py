"""From series on a polydisc to polynomials with errors on the box inside it."""

from __future__ import annotations

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, U
from geomtoy.certified.pairs import WIDER

CORE = 0.8  # half width of a box in units of its polydisc; 1.25 times a half width is exact
REACH = WIDER * CORE * SLACK


@njit(cache=True, nogil=True)
def scaled_to_box(c, low, tail, D):
    """Series c (boxes, terms, m), low and tail (boxes, m) -> for the box [-1, 1]^k: coefficients
    (boxes, m, terms); errors (boxes, m) of values and of |d/du| + |d/dv| on the box WIDER times as
    large; and how much the polynomials may vary (boxes, m).

    A series' part of degree > K is at most tail REACH^(K + 1) on the wider box, and the derivative of
    degree k in the box's coordinate at most CORE k REACH^(k - 1) times its norm.
    """
    K, (boxes, n, m) = D.K, c.shape
    out = np.empty((boxes, m, n))
    error, slope, size = np.empty((boxes, m)), np.empty((boxes, m)), np.empty((boxes, m))
    steep, steep_above = 0.0, 0.0
    for k in range(1, 200):  # k REACH^(k - 1) decreases from k = 10 on
        this = CORE * k * REACH ** (k - 1)
        steep = max(steep, this)
        if k > K:
            steep_above = max(steep_above, this)
    above = REACH ** (K + 1)
    for box in range(boxes):
        for i in range(m):
            total, varies = abs(c[box, 0, i]), 0.0
            out[box, i, 0] = c[box, 0, i]
            for j in range(1, n):
                out[box, i, j] = c[box, j, i] * CORE ** D.total[j]
                total += abs(c[box, j, i])
                varies += abs(out[box, i, j])
            known = low[box, i] + 4.0 * K * U * total  # the scaling rounds
            error[box, i] = (tail[box, i] * above + known) * SLACK
            slope[box, i] = (tail[box, i] * steep_above + known * steep) * SLACK
            size[box, i] = varies
    return out, error, slope, size
