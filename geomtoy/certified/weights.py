"""Softmax weights of tokens whose scores are any power series: exp of many series at once.

With E = sum of deg(m) m d/dm, e = w exp(p) obeys E e = (E p) e: the coefficient of a monomial of degree
k is 1/k times a sum of deg(b) p_b e_c over b c = a, and that of the majorant w exp(|p|) the same with
absolute values. At most n + 4 roundings a step make, by induction, an error of at most gamma(k (n + 4))
times the majorant at degree k: gamma(n + 4) times the sum of k M_k, M_k being
the majorant's norm at degree k. By degree the majorant is the exponential of one variable's series.
What is not known of p, delta of degree <= K and tau above, moves e by at most |e| (e^|delta| - 1) and
more by |e| e^|delta| (e^|tau| - 1), the latter of degree > K only.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geomtoy.certified.bounds import EXP_ERROR, SLACK, TINY, U, exponential, exponential_above, gamma
from geomtoy.certified.exponentials import LEAST, NEGLIGIBLE
from geomtoy.certified.matrices import sizes_by_degree


@njit(cache=True)
def softmax_weights(s, low_s, tail_s, D, spread):
    """Weights E (n, T) up to a common factor, low and tail (T,), from scores s (n, T), which it centres.

    Adds to spread how much the scores vary along u and along v.
    """
    n, T = s.shape
    log_w, delta = _centre(s, low_s, D)
    w = np.empty(T)
    for j in range(T):
        w[j] = exponential(log_w[j])
    w /= w.sum()
    _flatten(s, w, D, delta)
    kept, steep, spare = _majorants(s, w, D)
    whole, top = np.empty(T), log_w + spare
    for j in range(T):
        whole[j] = w[j] * exponential_above(spare[j] * (1.0 + 4.0 * n * U))
    E = np.zeros((n, T))
    gone = (top < NEGLIGIBLE) | (log_w < LEAST)
    E[0] = np.where(gone, 0.0, w)
    _exponential_of(s, D, E)
    low, tail = np.empty(T), np.empty(T)
    unsure = gamma(D.K * (D.K + n + 4.0))  # of the majorant's own coefficients
    for j in range(T):
        if gone[j]:
            weight = exponential_above(top[j] + delta[j] + tail_s[j] + 1e-9 * (1.0 + abs(top[j])))
            low[j], tail[j] = weight, weight
        else:
            near, far = _growth(delta[j]), _growth(tail_s[j])
            moved = (gamma(n + 4.0) * steep[j] + (EXP_ERROR + 8.0 * U + near) * whole[j]) * SLACK
            low[j] = moved + TINY
            rest = max(whole[j] - kept[j], 0.0) + unsure * whole[j]
            tail[j] = (rest + moved + whole[j] * (1.0 + near) * far) * SLACK + TINY
    for m in range(1, n):
        for axis in range(2):
            if D.exponents[m, 1 - axis] == 0:
                for j in range(T):
                    spread[axis] += whole[j] * abs(s[m, j])
    return E, low, tail


@njit(cache=True)
def _centre(s, low_s, D):
    """Scores at the centre less the greatest, and what is not known of each score, rounding included."""
    greatest = s[0].max()
    log_w = s[0] - greatest
    return log_w, low_s + 2.0 * U * np.abs(log_w)


@njit(cache=True)
def _flatten(s, w, D, delta):
    """Take the second-order expansion of log sum exp from all scores: softmax does not change."""
    second = D.below[min(3, D.K + 1)]
    for m in range(1, second):
        if D.total[m] == 1:
            s[m] -= (w * s[m]).sum()
            delta += U * np.abs(s[m])
    for m in range(D.below[min(2, D.K + 1)], second):
        mean = (w * s[m]).sum()
        p, q = D.exponents[m, 0], D.exponents[m, 1]
        if q == 0:
            mean += 0.5 * (w * s[1] * s[1]).sum()
        elif p == 0:
            mean += 0.5 * (w * s[2] * s[2]).sum()
        else:
            mean += (w * s[1] * s[2]).sum()
        s[m] -= mean
        delta += U * np.abs(s[m])


@njit(cache=True)
def _majorants(s, w, D):
    """By token: sum of M_k and of k M_k, for the terms M_k of w exp(P(t)) of degree k <= K; P(1)."""
    T, K = len(w), D.K
    P = sizes_by_degree(s.reshape(len(s), 1, 1, T), 0, D)[:, 0]
    M = np.empty((K + 1, T))
    P[0] = 0.0
    spare = P.sum(axis=0)
    kept, steep = w.copy(), np.zeros(T)
    M[0] = w
    for k in range(1, K + 1):
        M[k] = 0.0
        for i in range(1, k + 1):
            for j in range(T):
                M[k, j] += i * P[i, j] * M[k - i, j]
        for j in range(T):
            steep[j] += M[k, j]
            M[k, j] /= k
            kept[j] += M[k, j]
    return kept, steep, spare


@njit(cache=True)
def _exponential_of(p, D, E):
    """Fill E (n, T) from E[0] by the recurrence of the module."""
    products = D.products
    for t in range(1, len(products)):
        a, b, c = products[t, 0], products[t, 1], products[t, 2]
        if b > 0:
            factor = D.total[b] / D.total[a]
            for j in range(E.shape[1]):
                E[a, j] += factor * p[b, j] * E[c, j]


@njit(cache=True)
def _growth(x):
    """At least e^x - 1, for x >= 0."""
    return x * (1.0 + x) if x < 1.0 else exponential_above(x)
