"""exp of many quadratic polynomials at once, as power series: the weights of one attention head.

For s = a u + b v + A u^2 + B u v + D v^2 the coefficients e_pq of w exp(s) obey
    p e_pq = a e_(p-1)q + 2A e_(p-2)q + B e_(p-1)(q-1),    q e_0q = b e_0(q-1) + 2D e_0(q-2),
and those of the majorant w exp(|a| u + ...) the same with absolute values. Seven roundings a step make,
by induction, an error of at most gamma(7 k) times the majorant at degree k. Summed by degree, with
x1 = |a| + |b| and x2 = |A| + |B| + |D|, the majorant is w exp(x1 t + x2 t^2): k m_k = x1 m_(k-1) +
2 x2 m_(k-2). Beyond a degree N with g = (x1 + 2 x2) / (N + 1) <= 1/2 each term is at most g times the
greater of the two before, so that the rest is at most 4 g max(m_N, m_(N-1)).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, TINY, exponential_above

MORE = 24  # degrees of the majorant beyond K that are summed one by one
NEGLIGIBLE = -34.0  # log of a weight that need not be expanded: less than 16 u of the greatest
LEAST = -650.0  # log of the least weight that is expanded: far from underflow


@njit(cache=True)
def expanded(log_w, x):
    """Tokens that are expanded, and for each of the others (else 0) the most that its weight can be.

    A weight e^log_w whose exponent changes by at most x on the polydisc is left out where it is
    negligible on all of it, or underflows.
    """
    dropped = np.zeros(len(x))
    live = np.empty(len(x), np.int64)
    n = 0
    for j in range(len(x)):
        top = log_w[j] + x[j]
        if top < NEGLIGIBLE or log_w[j] < LEAST:
            dropped[j] = exponential_above(top + 1e-9 * (1.0 + abs(top)))
        else:
            live[n] = j
            n += 1
    return live[:n].copy(), dropped


@njit(cache=True)
def weight_series(w, log_w, a, b, A, B, C, D):
    """Coefficients E (n, tokens), and by token bounds on the norms of degrees <= K and > K.

    w (tokens) is e^log_w up to a relative error that the caller accounts for.
    """
    E, size, tail = np.empty((len(D.exponents), len(w))), np.empty(len(w)), np.empty(len(w))
    _majorant(D.K, w, log_w, np.abs(a) + np.abs(b), np.abs(A) + np.abs(B) + np.abs(C), size, tail)
    E[0] = w
    _fill(a, b, 2.0 * A, B, 2.0 * C, D.K, E)
    return E, size, tail


@njit(cache=True)
def _fill(a, b, A2, B, C2, K, E):
    """The recurrences for all tokens at once, from E[0]; degrees k, k - 1, k - 2 begin at m, n, o."""
    m, n, o = 1, 0, 0
    for k in range(1, K + 1):
        for q in range(k + 1):
            if q == k:
                _step(b, E[n + q - 1], C2, E[o + max(k - 2, 0)], k > 1, k, E[m + q])
            else:
                _step(a, E[n + q], A2, E[o + q], k - q > 1, k - q, E[m + q])
                if q > 0:
                    _add(B, E[o + q - 1], k - q, E[m + q])
        m, n, o = m + k + 1, m, n


@njit(cache=True)
def _step(a, one, A2, two, quadratic, p, out):
    inverse = 1.0 / p
    if quadratic:
        for j in range(len(out)):
            out[j] = (a[j] * one[j] + A2[j] * two[j]) * inverse
    else:
        for j in range(len(out)):
            out[j] = a[j] * one[j] * inverse


@njit(cache=True)
def _add(B, two, p, out):
    inverse = 1.0 / p
    for j in range(len(out)):
        out[j] += B[j] * two[j] * inverse


@njit(cache=True)
def _majorant(K, w, log_w, x1, x2, size, tail):
    n, N = len(w), K + MORE
    older, old, new = np.zeros(n), w.copy(), np.empty(n)
    size[:] = w
    tail[:] = 0.0
    for k in range(1, N + 1):
        inverse = 1.0 / k
        total = size if k <= K else tail
        for j in range(n):
            new[j] = (x1[j] * old[j] + 2.0 * x2[j] * older[j]) * inverse
            total[j] += new[j]
            older[j] = old[j]
            old[j] = new[j]
    for j in range(n):
        g = (x1[j] + 2.0 * x2[j]) / (N + 1)
        if g < 0.5:
            tail[j] += 4.0 * g * max(old[j], older[j])
        elif w[j] > 0.0:
            tail[j] = exponential_above(log_w[j] + x1[j] + x2[j] + 1e-9 * (1.0 + x1[j] + x2[j]))
        tail[j] = tail[j] * SLACK + TINY
        size[j] *= SLACK
