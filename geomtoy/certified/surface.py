"""Functions of an attention block whose tokens are waves of two variables, on patches of them.

A coordinate of a token is offset + sine sin(phase) + cosine cos(phase), all four affine in (u, v). With
phase = p + a x + b y on a polydisc, the coefficient of x^i y^j in its sine is the derivative of order
i + j at p, times a^i b^j / (i! j!), and what is of degree > K is at most |a| + |b| to the K + 1, over
(K + 1)!, times e^(|a| + |b|). A phase that is off by delta moves either wave by e^(|a| + |b|) times
e^delta - 1 at most.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, TINY, U, exponential_above, gamma
from geomtoy.certified.reading import Reading, functions_of_tokens
from geomtoy.certified.sines import SINE_ERROR, sine_cosine

OFFSET, SINE, COSINE, PHASE = 0, 1, 2, 3


class SurfaceFunctions(NamedTuple):
    """What `surface_series` reads; the window is [-1, 1]^2 and polydiscs stay in [-1.5, 1.5]^2.

    Args:
        waves: (4, 3, d, T) offset, sine, cosine, phase: coefficients of 1, u, v.
        error: (4, d, T) at least the sum of their errors, times 1.5.
        reading: what follows.
    """

    waves: np.ndarray
    error: np.ndarray
    reading: Reading


@njit(cache=True, nogil=True)
def surface_series(S, cx, cy, rx, ry, D):
    """Series of all functions on a polydisc, as `geomtoy.certified.softmax.patch_series` gives them."""
    _, _, d, T = S.waves.shape
    x = np.zeros((len(D.exponents), d, T))
    low, tail, spread = np.empty((d, T)), np.zeros((d, T)), np.zeros(2)
    for i in range(d):
        for j in range(T):
            wave, error = S.waves[:, :, i, j], S.error[:, i, j]
            _wave(wave, error, (cx, cy, rx, ry), D, x[:, i, j], low, tail, i, j)
    z, low_z, tail_z, fine = functions_of_tokens(S.reading, x, low, tail, D, spread)
    return z, low_z, tail_z, spread, fine


@njit(cache=True)
def _wave(w, error, disc, D, x, low, tail, i, j):
    """One coordinate of a token into x (n,), low[i, j] and tail[i, j]."""
    x[0], x[1], x[2], unknown, _ = _affine(w[OFFSET], error[OFFSET], disc)
    low[i, j] = unknown + TINY
    if not w[SINE : COSINE + 1].any() and not error[SINE : COSINE + 1].any():
        return
    p, a, b, off, _ = _affine(w[PHASE], error[PHASE], disc)
    sine, cosine = sine_cosine(1.0, p)
    length = abs(a) + abs(b)
    whole = exponential_above(length)
    moved = off * (1.0 + off) if off < 1.0 else np.inf
    top = length
    for k in range(2, D.K + 1):
        top *= length / k
    power = top * length / (D.K + 1.0)
    derivatives = (sine, cosine, -sine, -cosine)
    wrong = (SINE_ERROR + gamma(4.0 * D.K + 8.0) + moved) * whole * SLACK
    for which in (SINE, COSINE):
        c, along_u, along_v, unsure, size = _affine(w[which], error[which], disc)
        column = 1.0
        for q in range(D.K + 1):
            term = column
            for n in range(D.K + 1 - q):
                value = term * derivatives[(n + q + which - 1) % 4]
                x[D.place[n, q]] += c * value
                if n + q < D.K:
                    x[D.place[n + 1, q]] += along_u * value
                    x[D.place[n, q + 1]] += along_v * value
                term *= a / (n + 1.0)
            column *= b / (q + 1.0)
        known = size * (wrong + 4.0 * U * whole) + unsure * whole
        low[i, j] += known * SLACK
        beyond = power * whole * size + (abs(along_u) + abs(along_v)) * top
        tail[i, j] += (beyond + known) * SLACK + TINY
    rounding = 0.0
    for k in range(len(x)):
        rounding += abs(x[k])
    low[i, j] = (low[i, j] + 8.0 * U * rounding) * SLACK


@njit(cache=True)
def _affine(part, error, disc):
    """Coefficients of 1, x, y of an affine function on a polydisc, its error, and at least its size."""
    cx, cy, rx, ry = disc
    base, a, b = part[0] + cx * part[1] + cy * part[2], part[1] * rx, part[2] * ry
    reach = abs(part[0]) + 1.5 * (abs(part[1]) + abs(part[2]))
    unknown = (error + 12.0 * U * reach) * SLACK
    return base, a, b, unknown, (abs(base) + abs(a) + abs(b) + unknown) * SLACK
