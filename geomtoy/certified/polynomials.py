"""Polynomials on the box |u|, |v| <= 1: values, quarters of the box, and zeros on an edge.

Rounding. Horner's rule and repeated synthetic division are sums of products of at most 4 K operations a
term, and on the box no term exceeds its coefficient: each errs by at most gamma(4 K) times the sum of
absolute coefficients, which passing to a quarter of the box does not raise.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK

SPLIT = 0.4837  # where an interval is cut: symmetric functions vanish at halves
NARROWEST = 1e-6


@njit(cache=True)
def quarter(c, D, sx, sy, out, row):
    """Coefficients on the quarter with centre (sx / 2, sy / 2), sx, sy = +-1, scaled to the box."""
    K, index = D.K, D.place
    scale = 1.0
    n = 0
    for k in range(K + 1):
        for _ in range(k + 1):
            out[n] = c[n] * scale
            n += 1
        scale *= 0.5
    for fixed in range(K + 1):
        _shift_row(out, index, fixed, True, K - fixed, sx, row)
    for fixed in range(K + 1):
        _shift_row(out, index, fixed, False, K - fixed, sy, row)


@njit(cache=True)
def _shift_row(out, index, fixed, along_u, L, s, row):
    for p in range(L + 1):
        row[p] = out[index[p, fixed] if along_u else index[fixed, p]]
    for i in range(L):
        for p in range(L - 1, i - 1, -1):
            row[p] += s * row[p + 1]
    for p in range(L + 1):
        out[index[p, fixed] if along_u else index[fixed, p]] = row[p]


@njit(cache=True)
def value_and_gradient(c, D, u, v):
    value, along_u, along_v = 0.0, 0.0, 0.0
    for p in range(D.K, -1, -1):
        t, tv = 0.0, 0.0
        for q in range(D.K - p, -1, -1):
            tv = tv * v + t
            t = t * v + c[D.place[p, q]]
        along_u = along_u * u + value
        value = value * u + t
        along_v = along_v * u + tv
    return value, along_u, along_v


@njit(cache=True)
def edge_polynomial(c, D, vertical, side, out):
    """Coefficients (K + 1) of the function on u = side (vertical) or v = side, side = +-1."""
    for k in range(D.K + 1):
        total, sign = 0.0, 1.0
        for j in range(D.K + 1 - k):
            total += sign * c[D.place[j, k] if vertical else D.place[k, j]]
            sign *= side
        out[k] = total


@njit(cache=True)
def horner(g, x):
    total = g[-1]
    for k in range(len(g) - 2, -1, -1):
        total = total * x + g[k]
    return total


@njit(cache=True)
def zero_between(g, low, high):
    """Where g changes sign between low and high, nearly: Newton's method kept inside by halving."""
    rising = horner(g, high) > 0.0
    x = 0.5 * (low + high)
    for _ in range(60):
        value, slope = g[-1], 0.0
        for k in range(len(g) - 2, -1, -1):
            slope = slope * x + value
            value = value * x + g[k]
        if (value > 0.0) == rising:
            high = x
        else:
            low = x
        new = x - value / slope if slope != 0.0 else 0.5 * (low + high)
        if not low < new < high:
            new = 0.5 * (low + high)
        if abs(new - x) < 1e-15:
            return new
        x = new
    return x


@njit(cache=True)
def zeros_on_edge(g, error, slope_error, least_slope, zeros, radius):
    """All zeros on [-1, 1] of a function g +- error whose derivative is g' +- slope_error.

    least_slope > 0 says that the derivative keeps its sign with at least that size. Each zero is proven
    simple and within its radius; -1 where that fails. Intervals are cut until g has no zero on one, or
    g' none: then the signs at its ends tell, and the mean value theorem bounds how far the zero may be.
    """
    first, last = horner(g, -1.0), horner(g, 1.0)
    if not (abs(first) > error and abs(last) > error):
        return -1
    if least_slope > 0.0:
        if (first > 0.0) == (last > 0.0):
            return 0
        zeros[0] = zero_between(g, -1.0, 1.0)
        radius[0] = _radius(g, zeros[0], error, slope_error, least_slope)
        return 1
    lows, highs, local = np.empty(64), np.empty(64), np.empty(len(g))
    lows[0], highs[0] = -1.0, 1.0
    top, n = 1, 0
    while top > 0:
        top -= 1
        low, high = lows[top], highs[top]
        half = 0.5 * (high - low)
        others, bend = on_interval(g, low, high, local)
        if abs(local[0]) > (others + error) * SLACK:
            continue
        least = abs(local[1]) - (bend + slope_error * half) * SLACK
        if least > 0.0:
            start, stop = horner(g, low), horner(g, high)
            if not (abs(start) > error and abs(stop) > error):
                return -1
            if (start > 0.0) != (stop > 0.0):
                if n == len(zeros):
                    return -1
                zeros[n] = zero_between(g, low, high)
                radius[n] = (abs(horner(g, zeros[n])) + error) / least * half * SLACK
                n += 1
            continue
        if high - low < NARROWEST or top + 2 > len(lows):
            return -1
        middle = low + SPLIT * (high - low)
        lows[top], highs[top] = middle, high
        lows[top + 1], highs[top + 1] = low, middle
        top += 2
    return n


@njit(cache=True)
def _radius(g, x, error, slope_error, least_slope):
    """How far from x the only zero may be: where g is steeper near x than least_slope, less far."""
    value, slope, bend = 0.0, 0.0, 0.0
    for k in range(len(g) - 1, -1, -1):
        slope = slope * x + value
        value = value * x + g[k]
        bend += k * (k - 1) * abs(g[k])
    near = 2.0 * (abs(value) + error) / abs(slope) if slope != 0.0 else np.inf
    if not 0.5 * abs(slope) > (near * bend + slope_error) * SLACK:
        near = np.inf
    return min(near, (abs(value) + error) / least_slope) * SLACK


@njit(cache=True)
def on_interval(g, low, high, local):
    """g on [low, high] scaled to [-1, 1]; sums of |coefficients| beyond the first, of both."""
    K = len(g) - 1
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    local[:] = g
    for i in range(K):
        for k in range(K - 1, i - 1, -1):
            local[k] += middle * local[k + 1]
    scale, others, bend = 1.0, 0.0, 0.0
    for k in range(1, K + 1):
        scale *= half
        local[k] *= scale
        others += abs(local[k])
        if k > 1:
            bend += k * abs(local[k])
    return others, bend
