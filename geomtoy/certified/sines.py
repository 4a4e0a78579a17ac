"""sin and cos of f t as power series around a time, with proven errors.

Rounding. The angle f t is the exact sum x + y of two floats (Dekker 1971, for |f t| far from overflow).
With k the integer nearest to x 2/pi, the rest x - k pi/2 is computed as ((x - k P) - k Q) - k R: P and Q
have 33 bits, so that k P and k Q are exact for |k| < 2^20, and P + Q + R errs by less than 2^-118. Each
of the four subtractions (y is the last) errs by at most u, its result being at most 0.8; k R and y err
by less. The series of sin and cos on |r| <= 0.8 leave out less than u and their Horner forms err by less
than 8 u. So SINE_ERROR = 16 u bounds the error of either; of larger angles nothing is known.
"""

from __future__ import annotations

from math import floor

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, TINY, U, exponential_above, gamma

SINE_ERROR = 16.0 * U
LARGEST = 2.0**19
P, Q, R = 0x1921FB544 * 2.0**-32, 0x85A308D3 * 2.0**-65, 2.0222662487959506e-21  # of pi / 2
SPLITTER = 2.0**27 + 1.0


@njit(cache=True)
def sine_cosine(f, t):
    """sin f t and cos f t, each up to SINE_ERROR; NaN where |f t| is not below LARGEST."""
    x = f * t
    if not abs(x) < LARGEST:
        return np.nan, np.nan
    k = floor(x * 0.6366197723675814 + 0.5)
    r = (((x - k * P) - k * Q) - k * R) + _product_error(f, t, x)
    square = r * r
    sine, cosine = 1.0, 1.0
    for i in range(10, 0, -1):
        sine = 1.0 - square / (2.0 * i * (2.0 * i + 1.0)) * sine
        cosine = 1.0 - square / (2.0 * i * (2.0 * i - 1.0)) * cosine
    sine *= r
    quadrant = int(k) % 4
    if quadrant == 0:
        return sine, cosine
    if quadrant == 1:
        return cosine, -sine
    if quadrant == 2:
        return -sine, -cosine
    return -cosine, sine


@njit(cache=True)
def _product_error(a, b, product):
    """a b less its rounding: Dekker's product."""
    high = SPLITTER * a
    a1 = high - (high - a)
    high = SPLITTER * b
    b1 = high - (high - b)
    a2, b2 = a - a1, b - b1
    return ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


@njit(cache=True)
def sine_series(frequencies, t, radius, D, c, low, tail):
    """Fill c (n, 2 k, C), low and tail (2 k, C) with sin f (t + radius s), then cos, for f (C, k).

    sin f (t + r s) = sum_m sin^(m)(f t) (f r s)^m / m!, and what is left out is at most
    |f r|^(K + 1) / (K + 1)! e^|f r|.
    """
    C, half = frequencies.shape
    for j in range(C):
        for i in range(half):
            f = frequencies[j, i]
            sine, cosine = sine_cosine(f, t)
            power, step = 1.0, f * radius
            for m in range(D.K + 1):
                c[m, i, j], c[m, half + i, j] = power * sine, power * cosine
                sine, cosine = cosine, -sine
                power = power * step / (m + 1.0)
            whole = exponential_above(abs(step))
            low[i, j] = (SINE_ERROR + gamma(3.0 * D.K + 3.0)) * whole * SLACK + TINY
            tail[i, j] = abs(power) * whole * SLACK + TINY
            low[half + i, j], tail[half + i, j] = low[i, j], tail[i, j]
