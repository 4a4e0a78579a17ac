"""Zeros of a function with folds on an edge of a box, each proven simple."""

from __future__ import annotations

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK
from geomtoy.certified.polynomials import NARROWEST, SPLIT, horner, on_interval


@njit(cache=True)
def bent_zeros_on_edge(g, kinks, F, error_f, error, slope_error, zeros, radius):
    """All zeros on [-1, 1] of g + kinks |F|, known up to error; how many, or -1 if not proven.

    F (n, K + 1) are polynomials, known up to error_f (n,). Intervals are cut until the function has no
    zero on one, or is monotone: then signs at its ends tell, and the least slope how far a zero may be.
    """
    lows, highs = np.empty(64), np.empty(64)
    lows[0], highs[0] = -1.0, 1.0
    top, n = 1, 0
    total, local = np.empty(len(g)), np.empty(len(g))
    while top > 0:
        top -= 1
        low, high = lows[top], highs[top]
        half = 0.5 * (high - low)
        middle, others, bend = _unfolded(g, kinks, F, error_f, low, high, total, local)
        if abs(middle) > (others + error) * SLACK:
            continue
        least = abs(total[1]) - (bend + slope_error * half) * SLACK
        if least > 0.0:
            start, stop = bent_value(g, kinks, F, low), bent_value(g, kinks, F, high)
            if not (abs(start) > error and abs(stop) > error):
                return -1
            if (start > 0.0) != (stop > 0.0):
                if n == len(zeros):
                    return -1
                x = _zero_between(g, kinks, F, low, high, start, stop)
                zeros[n] = x
                radius[n] = (abs(bent_value(g, kinks, F, x)) + error) / least * half * SLACK
                n += 1
            continue
        if high - low < NARROWEST or top + 2 > len(lows):
            return -1
        cut = low + SPLIT * (high - low)
        lows[top], highs[top] = cut, high
        lows[top + 1], highs[top + 1] = low, cut
        top += 2
    return n


@njit(cache=True)
def _unfolded(g, kinks, F, error_f, low, high, total, local):
    """The function on [low, high] scaled to [-1, 1]: its analytic part into total; its value in the
    middle; how much it varies; and how much its slope varies around that of the analytic part."""
    on_interval(g, low, high, total)
    middle, others, bend = 0.0, 0.0, 0.0
    for i in range(len(kinks)):
        if kinks[i] == 0.0:
            continue
        varies, bends = on_interval(F[i], low, high, local)
        if abs(local[0]) > (varies + error_f[i]) * SLACK:
            s = kinks[i] if local[0] > 0.0 else -kinks[i]
            for k in range(len(total)):
                total[k] += s * local[k]
        else:
            middle += kinks[i] * abs(local[0])
            others += abs(kinks[i]) * varies
            bend += abs(kinks[i]) * (abs(local[1]) + bends)
    for k in range(1, len(total)):
        others += abs(total[k])
        if k > 1:
            bend += k * abs(total[k])
    return middle + total[0], others, bend


@njit(cache=True)
def bent_value(g, kinks, F, x):
    value = horner(g, x)
    for i in range(len(kinks)):
        if kinks[i] != 0.0:
            value += kinks[i] * abs(horner(F[i], x))
    return value


@njit(cache=True)
def _zero_between(g, kinks, F, a, b, value_a, value_b):
    """Where the function changes sign between a and b, nearly: secants, the Illinois way."""
    x = 0.5 * (a + b)
    for _ in range(100):
        value = bent_value(g, kinks, F, x)
        if value == 0.0:
            break
        if (value > 0.0) == (value_b > 0.0):
            value_a *= 0.5
        else:
            a, value_a = b, value_b
        b, value_b = x, value
        new = b - value_b * (b - a) / (value_b - value_a)
        if not min(a, b) < new < max(a, b):
            new = 0.5 * (a + b)
        if abs(new - x) < 1e-15:
            return new
        x = new
    return x
