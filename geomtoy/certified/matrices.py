"""Products of matrices whose entries are power series, with proven errors.

A matrix of series is its coefficients, monomials first, and matrices low and tail of errors as in
`geomtoy.certified.series`, entry by entry.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, TINY, gamma


@njit(cache=True)
def product(A, low_A, tail_A, B, low_B, tail_B, g, D):
    """A (n, m) times the matrices B[:, g] of B (n, G, m, r): coefficients (n, r), low, tail (r,).

    Cost: O(n^2 / 2 m r) in one variable and O(n^2 / 4 m r) in two.
    """
    n, _, _, r = B.shape
    out, part = np.zeros((n, r)), np.empty((n, r))
    for c in range(n):
        rows = D.below[D.K - D.total[c] + 1]
        np.dot(A[:rows], B[c, g], part[:rows])
        _scatter(part, rows, c, D, out)
    low, tail = _errors(A, low_A, tail_A, sizes_by_degree(B, g, D), low_B[g], tail_B[g], D)
    return out, low, tail


@njit(cache=True)
def product_transposed(A, low_A, tail_A, B, low_B, tail_B, g, D):
    """The same with the transposed matrices B[:, g] of B (n, G, r, m)."""
    n, _, r, _ = B.shape
    out, part = np.zeros((n, r)), np.empty((n, r))
    for c in range(n):
        rows = D.below[D.K - D.total[c] + 1]
        np.dot(A[:rows], B[c, g].T, part[:rows])
        _scatter(part, rows, c, D, out)
    b = sizes_by_degree(B, g, D)
    turned = np.empty((b.shape[0], b.shape[2], b.shape[1]))
    for k in range(len(b)):
        turned[k] = b[k].T
    low, tail = _errors(A, low_A, tail_A, turned, low_B[g].T.copy(), tail_B[g].T.copy(), D)
    return out, low, tail


@njit(cache=True, inline="always")
def _scatter(part, rows, c, D, out):
    """Add the rows of `part`, times monomial c."""
    for b in range(rows):
        a = D.place[D.exponents[b, 0] + D.exponents[c, 0], D.exponents[b, 1] + D.exponents[c, 1]]
        for o in range(out.shape[1]):
            out[a, o] += part[b, o]


@njit(cache=True)
def _errors(A, low_A, tail_A, b, low_B, tail_B, D):
    """low and tail of a product from sizes b (K + 1, m, r) of the right matrix by degree."""
    K, (_, m, r) = D.K, b.shape
    a = sizes_by_degree(A.reshape(len(A), 1, m, 1), 0, D)
    beyond = np.zeros(r)
    for k in range(K, 0, -1):
        b[k - 1] += b[k]  # of degrees >= k - 1
        for i in range(m):
            for o in range(r):
                beyond[o] += a[K + 1 - k, i, 0] * b[k, i, o]
    size_A, size_B = a.sum(axis=0)[:, 0].copy(), b[0]
    both_A, both_B = size_A + low_A, size_B + low_B
    low = np.dot(low_A + gamma(m + len(A)) * size_A, both_B) + np.dot(size_A, low_B)
    tail = beyond + np.dot(tail_A, both_B + tail_B) + np.dot(both_A, tail_B) + low
    return low * SLACK + TINY, tail * SLACK + TINY


@njit(cache=True)
def sizes_by_degree(B, g, D):
    """Sums (K + 1, m, r) of |coefficients| of B[:, g] of each degree, for B (n, G, m, r)."""
    n, _, m, r = B.shape
    out = np.zeros((D.K + 1, m, r))
    for c in range(n):
        k = D.total[c]
        for i in range(m):
            for o in range(r):
                out[k, i, o] += abs(B[c, g, i, o])
    return out


@njit(cache=True)
def sizes(A):
    """Sums (m,) of |coefficients| of A (n, m)."""
    out = np.zeros(A.shape[1])
    for i in range(len(A)):
        for j in range(A.shape[1]):
            out[j] += abs(A[i, j])
    return out


@njit(cache=True)
def times_constant(A, low_A, tail_A, W, W_error):
    """A (n, m) times a matrix (m, r) of numbers that are known up to W_error (m, r)."""
    m, absolute, size = A.shape[1], np.abs(W), sizes(A)
    low = np.dot(low_A + gamma(m + 1) * size, absolute + W_error) + np.dot(size, W_error)
    tail = np.dot(tail_A, absolute + W_error)
    return np.dot(A, W), low * SLACK + TINY, tail * SLACK + TINY
