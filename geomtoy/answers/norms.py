"""Operator norms of rational matrices: exactly for 1 and infinity, within proven bounds for 2."""

from __future__ import annotations

from itertools import pairwise
from math import isqrt

from flint import fmpq, fmpq_mat, fmpq_poly

DIGITS = 60
"""Bits of a bound on a 2-norm that is no rational number."""


def column_sums(A: fmpq_mat) -> fmpq:
    """The operator norm for the 1-norm: the greatest sum of absolute values of a column."""
    return row_sums(A.transpose())


def row_sums(A: fmpq_mat) -> fmpq:
    """The operator norm for the maximum norm."""
    return max(sum((abs(z) for z in row), fmpq(0)) for row in A.tolist())


def gram(A: fmpq_mat) -> fmpq_mat:
    """A A^T or A^T A, the smaller; the square of the 2-norm is its greatest eigenvalue."""
    return A * A.transpose() if A.nrows() <= A.ncols() else A.transpose() * A


def greatest_eigenvalue(G: fmpq_mat, digits: int = DIGITS) -> tuple[fmpq, fmpq]:
    """Rationals around the greatest eigenvalue of a symmetric positive semidefinite matrix.

    They are equal where it is found exactly, and else differ by a factor of at most 1 + 2^(1 - digits).

    All roots of the characteristic polynomial are real, so by the theorem of Budan and Fourier exactly
    as many lie above z as the signs of p(z), p'(z), p''(z), ... change. Bisection needs nothing else.
    """
    if G.nrows() == 1:
        return G[0, 0], G[0, 0]
    derivatives = _derivatives(G.charpoly())
    high = max(sum((abs(z) for z in row), fmpq(0)) for row in G.tolist())  # Gershgorin
    low = max(G[i, i] for i in range(G.nrows()))
    if not _roots_above(derivatives, low):
        return low, low
    while high * (1 << digits) > low * ((1 << digits) + 1):
        middle = _rounded((low + high) / 2, digits + 4)
        if not low < middle < high:
            middle = (low + high) / 2
        if _roots_above(derivatives, middle):
            low = middle
        elif derivatives[0](middle) == 0:
            return middle, middle
        else:
            high = middle
    return low, high


def square_root(low: fmpq, high: fmpq, digits: int = DIGITS) -> tuple[fmpq, fmpq]:
    """Rationals around the square roots of numbers >= 0; equal if both are one rational square."""
    if low == high and _is_square(low):
        root = fmpq(isqrt(int(low.p)), isqrt(int(low.q)))
        return root, root
    return _root_below(low, digits), _root_below(high, digits) * (1 + fmpq(2, 1 << digits))


def _derivatives(p: fmpq_poly) -> list[fmpq_poly]:
    found = [p]
    while found[-1].degree() > 0:
        found.append(found[-1].derivative())
    return found


def _roots_above(derivatives: list[fmpq_poly], z: fmpq) -> int:
    """Roots > z, counted with multiplicity, of a polynomial all of whose roots are real."""
    signs = [(value > 0) - (value < 0) for value in (p(z) for p in derivatives)]
    changing = [sign for sign in signs if sign]
    return sum(a != b for a, b in pairwise(changing))


def _rounded(z: fmpq, bits: int) -> fmpq:
    """A number near z > 0 with so many bits."""
    shift = bits - (int(z.p).bit_length() - int(z.q).bit_length())
    power = fmpq(2) ** shift
    return fmpq((z * power).floor()) / power


def _root_below(z: fmpq, digits: int) -> fmpq:
    """A rational at most the root of z >= 0, and more than 1 / (1 + 2^(1 - digits)) of it."""
    p, q = int(z.p), int(z.q)
    shift = max(0, 2 * digits + q.bit_length() - p.bit_length() + 2)
    shift += shift % 2
    return fmpq(isqrt((p << shift) // q), 1 << shift // 2)


def _is_square(z: fmpq) -> bool:
    return all(isqrt(int(n)) ** 2 == int(n) for n in (z.p, z.q))
