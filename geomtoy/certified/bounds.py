"""Rounding: the few facts from which every error in this room is bounded.

u = 2^-53. Each operation on floats is exact up to a factor 1 + delta, |delta| <= u, and, for products
and quotients that underflow, up to 2^-1074.
    1. m operations in any order, with or without fused multiply-add, compute a sum of products up to
       gamma(m) times the sum of the absolute values of its terms (Higham 2002, section 3.1), with
       gamma(m) = m u / (1 - m u); gammas add: (1 + gamma(m)) (1 + gamma(n)) <= 1 + gamma(m + n).
    2. Bounds are sums of products of numbers >= 0, of fewer than 2^21 roundings each: multiplied by
       SLACK = 1 + 2^-30 they are bounds again. TINY covers all underflow.
    3. `exponential` errs by at most EXP_ERROR relatively. It writes x = k log 2 + r with |r| <= 0.35.
       k LOG2_HIGH is exact, since LOG2_HIGH has 32 bits and |k| < 2^11; what rounding, and the rest of
       log 2, do to r is less than 4u; the series of 14 terms leaves out less than u, and its Horner
       form errs by at most gamma(28) e^|r| <= 42 u e^r. The power of two is exact.
An error of inf or NaN says that nothing is known: decisions hold by a comparison that is true.
"""

from __future__ import annotations

from math import floor, ldexp

import numpy as np
from numba import njit

U = 2.0**-53
SLACK = 1.0 + 2.0**-30
TINY = 1e-290
EXP_ERROR = 64.0 * U
LOG2_HIGH = float(np.floor(np.log(2.0) * 2.0**32) / 2.0**32)
LOG2_LOW = 1.9082149292705877e-10  # log 2 - LOG2_HIGH, from 60 digits
TERMS = 14


@njit(cache=True, inline="always")
def gamma(m):
    """m u / (1 - m u), rounded up, for m < 2^20."""
    return m * U * (1.0 + 2.0**-30)


@njit(cache=True)
def exponential(x):
    """e^x for -700 <= x <= 700; 0 below and inf above."""
    if x < -700.0:
        return 0.0
    if not x <= 700.0:
        return np.inf
    k = floor(x * 1.4426950408889634 + 0.5)
    r = (x - k * LOG2_HIGH) - k * LOG2_LOW
    total = 1.0
    for j in range(TERMS - 1, 0, -1):
        total = 1.0 + r / j * total
    return ldexp(total, int(k))


@njit(cache=True)
def exponential_above(x):
    """At least e^x."""
    return exponential(x) * (1.0 + 2.0 * EXP_ERROR) + TINY
