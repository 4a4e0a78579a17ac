"""Zeros of functions of one variable, each proven simple and alone, or left open.

Functions are polynomials with errors on a piece, |x| <= 1 in its own coordinate, and known on the piece
WIDER times as long. An interval of half length h around m is settled when the polynomial, its derivative
at m and a bound on its second derivative prove one of these:
    no zero: |p(m)| exceeds all that can change it within h;
    one zero: the derivative keeps its sign on the wider interval of half length WIDER h, which holds a
    bracket x +- |f(x)| / min |f'| around an approximate zero x (it then holds a zero, by the
    mean value theorem), or no zero in |x - m| <= h, when that bracket lies outside.
Otherwise it is halved, until halving cannot help against the error: then it is open. Brackets may reach
a little beyond their interval, so that a zero on a common end is found by both neighbours: f is monotone
on each bracket, hence two brackets of one function that overlap hold the same zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, TINY, U
from geomtoy.certified.pairs import WIDER
from geomtoy.certified.polynomials import horner

WIDEST = 2.0**-20  # half length of a bracket; a better series is asked for instead
STEP = 2.0**-50  # brackets are wider than the roundings of their ends
FOUND = np.dtype([("piece", "i8"), ("function", "i8"), ("low", "f8"), ("high", "f8")])
"""An interval of one piece, in its coordinate, for one function."""


class Known(NamedTuple):
    """One function: p and p' (terms,), their errors, and at least |p''|, on |x| <= WIDER."""

    p: np.ndarray
    slope: np.ndarray
    error: float
    slope_error: float
    curvature: float


@njit(cache=True, nogil=True)
def simple_zeros(c, error, slope_error):
    """All zeros of functions c (pieces, m, K + 1) with errors (pieces, m) on |x| <= 1.

    Returns two arrays of FOUND: brackets, in each of which the function is strictly monotone and has a
    zero, and open intervals, where zeros are not excluded, counted or isolated. Cost: O(K) for each
    interval looked at.
    """
    found, opened = [(0, 0, 0.0, 0.0)], [(0, 0, 0.0, 0.0)]
    for piece in range(c.shape[0]):
        for i in range(c.shape[1]):
            others = np.abs(c[piece, i, 1:]).sum() + error[piece, i]
            if abs(c[piece, i, 0]) > others * SLACK:
                continue
            known = _known(c[piece, i], error[piece, i], slope_error[piece, i])
            _on_piece(known, piece, i, found, opened)
    return _array(found), _array(opened)


@njit(cache=True)
def _known(p, error, slope_error):
    K = len(p) - 1
    slope = np.empty(K)
    size, size_of_slope, curvature, power = abs(p[0]), 0.0, 0.0, 1.0
    for k in range(1, K + 1):
        slope[k - 1] = k * p[k]
        if k > 1:
            curvature += k * (k - 1) * abs(p[k]) * power
            power *= WIDER
        size += abs(p[k]) * WIDER**k
        size_of_slope += k * abs(p[k]) * WIDER**k
    rounding = 4.0 * (K + 4.0) * U
    return Known(
        p,
        slope,
        (error + rounding * size) * SLACK + TINY,
        (slope_error + rounding * size_of_slope) * SLACK + TINY,
        curvature * SLACK,
    )


@njit(cache=True)
def _on_piece(f, piece, i, found, opened):
    intervals = [(0.0, 1.0)]
    while len(intervals) > 0:
        m, h = intervals.pop()
        value, slope = horner(f.p, m), horner(f.slope, m)
        bend = f.curvature * h
        if abs(value) > ((abs(slope) + f.slope_error + bend) * h + f.error) * SLACK:
            continue
        least = (abs(slope) - (WIDER * bend + f.slope_error) * SLACK) / SLACK
        hopeless = not (bend > f.slope_error or bend * h > f.error)
        if least > 0.0:
            x = _newton(f, m, h, value, slope)
            width = (abs(horner(f.p, x)) + f.error) / least * SLACK + STEP
            if abs(x - m) - width > h * SLACK:
                continue
            if abs(x - m) + 2.0 * width < WIDER * h and width < WIDEST:
                found.append((piece, i, x - width, x + width))
                continue
            hopeless = hopeless or f.error > least * min(8.0 * h, WIDEST)
        if hopeless or not h > STEP:
            opened.append((piece, i, m - h, m + h))
        else:
            intervals.append((m + 0.5 * h, 0.5 * h))
            intervals.append((m - 0.5 * h, 0.5 * h))


@njit(cache=True)
def _newton(f, m, h, value, slope):
    """An approximate zero near m, at most WIDER h away."""
    x, low, high = m, m - WIDER * h, m + WIDER * h
    for _ in range(6):
        if slope == 0.0:
            break
        step = value / slope
        x = min(max(x - step, low), high)
        value, slope = horner(f.p, x), horner(f.slope, x)
        if abs(step) < STEP:
            break
    return x


@njit(cache=True)
def _array(rows):
    result = np.empty(len(rows) - 1, FOUND)
    for k in range(1, len(rows)):
        one = result[k - 1]
        one.piece, one.function, one.low, one.high = rows[k]
    return result
