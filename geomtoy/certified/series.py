"""Power series in one or two variables with a proven error, all of one total degree K.

A series stands for a function f that is analytic on the polydisc |u| <= 1, |v| <= 1, with norm
    |f| = sum over all monomials of |coefficient|   (Wiener's norm: |f g| <= |f| |g|).
Stored are the float coefficients of degree <= K, in the order of `exponents`, and
    low   at least the norm of (coefficients of degree <= K that f has, less the stored ones),
    tail  at least the norm of what f has of degree > K.
On a box |u|, |v| <= q < 1 the tail is at most q^(K + 1) times that, and `low` keeps rounding apart from
it. What is of degree > K stays there under multiplication: this is used throughout.

Reciprocal and square root are proven from the residual of what was computed, so that only numbers >= 0
are added. With F = 1 - q and R the computed reciprocal, 1/F - R = (1 - F R) / F; 1 - F R is rounding
and `low` of F, up to degree K, and above it the terms of q R and `tail` of F; |1/F| <= 1 / (1 - |q|).
With F = 1 + s and R the computed root, sqrt F - R = (F - R R) / (sqrt F + R), where
|sqrt F - 1| <= 1 - sqrt(1 - |s|), so that the divisor's reciprocal is at most
1 / (2 - (1 - sqrt(1 - |s|)) - |R - 1|).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, TINY, U, gamma


class Degree(NamedTuple):
    """Tables of one total degree K.

    Args:
        K: the degree.
        exponents: (n, 2) p, q of the monomials u^p v^q, by degree, then by q.
        place: (K + 2, K + 2) where u^p v^q is.
        products: (m, 3) all a, b, c with monomial a = monomial b times monomial c, by a.
        total: (n,) degrees p + q.
        below: (K + 2,) how many monomials have a degree less than k.
    """

    K: int
    exponents: np.ndarray
    place: np.ndarray
    products: np.ndarray
    total: np.ndarray
    below: np.ndarray


@lru_cache
def degree(K: int, variables: int = 2) -> Degree:
    """Tables for series in u and v, or in u alone."""
    pq = [(k - q, q) for k in range(K + 1) for q in range(k + 1 if variables == 2 else 1)]
    index = np.full((K + 2, K + 2), -1)
    for n, (p, q) in enumerate(pq):
        index[p, q] = n
    triples = [
        (index[p + r, q + s], b, c)
        for b, (p, q) in enumerate(pq)
        for c, (r, s) in enumerate(pq)
        if p + q + r + s <= K
    ]
    total = np.array(pq).sum(axis=1)
    below = np.searchsorted(total, np.arange(K + 2))
    return Degree(K, np.array(pq), index, np.array(sorted(triples)), total, below)


@njit(cache=True)
def by_degree(c, D, out):
    """sum of |coefficients| of each degree (K + 1), and of all."""
    out[:] = 0.0
    for n in range(len(c)):
        out[D.total[n]] += abs(c[n])
    return out.sum()


@njit(cache=True)
def beyond(a, b):
    """At least the norm of what a product has of degree > K, from norms by degree (K + 1)."""
    K = len(a) - 1
    total, tail_of_b = 0.0, 0.0
    for i in range(1, K + 1):
        tail_of_b += b[K + 1 - i]
        total += a[i] * tail_of_b
    return total * SLACK + TINY


@njit(cache=True)
def multiply(a, b, D, out):
    """out (n, f) = series a (n) times b (n, f), up to degree K; errs by gamma(n + 1) |a| |b|."""
    out[:] = 0.0
    for t in range(len(D.products)):
        n, i, j = D.products[t, 0], D.products[t, 1], D.products[t, 2]
        for o in range(out.shape[1]):
            out[n, o] += a[i] * b[j, o]


@njit(cache=True)
def reciprocal(f, low, tail, D):
    """1 / f for f near 1: coefficients, low, tail; errors are inf where f may vanish."""
    n = len(f)
    q, R = -f, np.zeros(n)
    low = low + abs(1.0 - f[0])  # Sterbenz: exact near 1
    q[0] = 0.0
    R[0] = 1.0
    for t in range(1, len(D.products)):
        a, b, c = D.products[t, 0], D.products[t, 1], D.products[t, 2]
        if b > 0:
            R[a] += q[b] * R[c]
    qs, Rs = np.empty(D.K + 1), np.empty(D.K + 1)
    size, R_size = by_degree(q, D, qs), by_degree(R, D, Rs)
    x = (size + low + tail) * SLACK
    if not x < 0.95:
        return R, np.inf, np.inf
    residual = (gamma(n + 1) * size + low) * R_size
    whole = SLACK / (1.0 - x)
    above = beyond(qs, Rs) + tail * R_size
    return R, residual * whole * SLACK + TINY, (above + residual) * whole * SLACK + TINY


@njit(cache=True)
def square_root(f, low, tail, D):
    """sqrt(f) for f near 1: coefficients, low, tail; errors are inf where f may vanish."""
    n = len(f)
    s, R = f.copy(), np.zeros(n)
    low = low + abs(f[0] - 1.0)
    s[0] = 0.0
    R[0] = 1.0
    for m in range(1, n):
        p, q = D.exponents[m, 0], D.exponents[m, 1]
        total = s[m]
        for i in range(p + 1):
            for j in range(q + 1):
                if 0 < i + j < p + q:
                    total -= R[D.place[i, j]] * R[D.place[p - i, q - j]]
        R[m] = 0.5 * total
    ss, Rs = np.empty(D.K + 1), np.empty(D.K + 1)
    size, R_size = by_degree(s, D, ss), by_degree(R, D, Rs)
    x = (size + low + tail) * SLACK
    if not x < 0.95:
        return R, np.inf, np.inf
    divisor = 1.0 + np.sqrt(1.0 - x) * (1.0 - 4.0 * U) - (R_size - 1.0) * SLACK
    if not divisor > 0.0:
        return R, np.inf, np.inf
    residual = gamma(n + 3) * (size + R_size * R_size) + low
    above = beyond(Rs, Rs) + tail
    return R, residual / divisor * SLACK + TINY, (above + residual) / divisor * SLACK + TINY
