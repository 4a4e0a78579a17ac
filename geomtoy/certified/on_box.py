"""From series on a polydisc to polynomials with errors on the box inside it."""

from __future__ import annotations

import numpy as np

from geomtoy.certified.bounds import SLACK, U
from geomtoy.certified.pairs import WIDER
from geomtoy.certified.series import Degree

CORE = 0.8  # half width of a box in units of its polydisc; 1.25 times a half width is exact


def scaled_to_box(
    c: np.ndarray, low: np.ndarray, tail: np.ndarray, D: Degree
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Series (..., terms, n) and errors (..., n) -> coefficients for the box [-1, 1]^k; error of values
    and of |d/du| + |d/dv| on the box WIDER times as large; and how much the polynomials may vary.

    A series' part of degree > K is at most tail reach^(K + 1) on the wider box, reach = WIDER CORE < 1,
    and the derivative of degree k in the box's coordinate at most CORE k reach^(k - 1) times its norm.
    """
    K, reach = D.K, WIDER * CORE * SLACK
    low = low + 4 * K * U * np.abs(c).sum(axis=-2)  # of the next line
    c = c * (CORE**D.total)[:, None]
    size = np.abs(c[..., 1:, :]).sum(axis=-2)
    error = (tail * reach ** (K + 1) + low) * SLACK
    k = np.arange(1, 200.0)
    steep = CORE * k * reach ** (k - 1)  # decreases from k = 10 on, where 0.9 (k + 1) / k < 1
    slope = (tail * steep[K:].max() + low * steep.max()) * SLACK
    return c, error, slope, size
