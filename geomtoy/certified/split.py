"""Products of matrices that err by little more than their own last digit, from ordinary products.

With |A_ij| <= 2^a in row i, A_1 is A rounded to a multiple of 2^(a - bits), and B likewise by columns:
the products of A_1 and B_1 are integers, times one power of two, so small that a sum of k of them is
exact in any order. What is left, A B - A_1 B_1 = A_1 B_2 + A_2 B with A_2 = A - A_1 exact, is smaller by
2^-bits, and so is its rounding.
Source: Ozaki, Ogita, Oishi, Rump 2012, error-free transformations of matrix multiplication.
"""

from __future__ import annotations

import numpy as np

from geomtoy.certified.bounds import SLACK, TINY, U, gamma

Known = tuple[np.ndarray, np.ndarray]
"""Numbers and bounds on their errors."""


def split_product(A: np.ndarray, B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A (m, k) times B (k, n), and a bound (m, n) on the error of each entry.

    Cost: three products.
    """
    A, B = np.asarray(A, float), np.asarray(B, float)
    k = A.shape[1]
    bits = int((53 - np.ceil(np.log2(max(k, 2)))) // 2) - 1
    A_1, A_2, a = _split(A, bits)
    B_1, B_2, b = _split(B.T, bits)
    rest = A_1 @ B_2.T + A_2 @ B
    C = A_1 @ B_1.T + rest
    size = np.outer(np.abs(A).sum(axis=1), b) + np.outer(a, np.abs(B).sum(axis=0))
    error = gamma(k + 4.0) * size + 2.0 * U * (np.abs(C) + np.abs(rest))
    return C, error * SLACK + TINY


def known_product(
    A: np.ndarray, A_error: np.ndarray, B: np.ndarray, B_error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same where A and B are known up to errors of each entry."""
    C, error = split_product(A, B)
    if A_error.any():
        error = error + A_error @ (np.abs(B) + B_error)
    if B_error.any():
        error = error + np.abs(A) @ B_error
    return C, error * SLACK + TINY


def _split(A: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A_1, A_2 and a bound on |A_2| in each row."""
    largest = np.abs(A).max(axis=1, initial=0.0)
    top = np.exp2(np.ceil(np.log2(np.where(largest > 0, largest, 1.0))) + 1)
    shift = (1.5 * 2.0 ** (52 - bits) * top)[:, None]
    A_1 = (A + shift) - shift
    return A_1, A - A_1, top * 2.0**-bits
