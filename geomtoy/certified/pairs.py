"""Whether two functions vanish together on the box |u|, |v| <= 1: nowhere, once, or not known.

With C nearly the inverse of the Jacobian at the centre, zeros are fixed points of T(s) = s - C F(s).
Where T has a Lipschitz constant L < 1 in the maximum norm on the box WIDER times as large, it has at
most one there; it has one if |C F(x)| <= (1 - L) r on a ball of radius r around x inside that box. L is
bounded from the two functions' gradients beyond the centre's, one by one: C is the same for all points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, U
from geomtoy.certified.polynomials import value_and_gradient

WIDER = 1.125
NONE, INSIDE, STRADDLING, UNDECIDED = 0, 1, 2, 3
FOUND = 8


@njit(cache=True)
def common_zero(f, g, error_f, error_g, rest_f, rest_g, bend_f, bend_g, D, found):
    """One of NONE, INSIDE, STRADDLING, UNDECIDED; found (FOUND,) = (u, v, radius) of the zero, if any,
    and behind them C, row by row, and L.

    Args:
        f, g: coefficients.
        error_f, error_g: of values on the wider box, rounding of evaluation included.
        rest_f, rest_g: at least the value, on the box, of all but the terms of degree 0 and 1.
        bend_f, bend_g: at least |d/du| + |d/dv| of the same on the wider box.
    """
    C = inverse_of(f[1], f[2], g[1], g[2])
    if not C.regular:
        return UNDECIDED
    if apart(C, f[0], g[0], rest_f, rest_g):
        return NONE
    L = lipschitz(C, bend_f, bend_g)
    if not L < 0.95:
        return UNDECIDED
    u, v = _newton(f, g, D, C)
    F, _, _ = value_and_gradient(f, D, u, v)
    G, _, _ = value_and_gradient(g, D, u, v)
    found[3], found[4], found[5], found[6], found[7] = C.c00, C.c01, C.c10, C.c11, L
    return bracketed(C, L, u, v, abs(F) + error_f, abs(G) + error_g, found)


class Inverse(NamedTuple):
    """C, nearly the inverse of J, and at least the greater row sum of |I - C J|."""

    c00: float
    c01: float
    c10: float
    c11: float
    skew: float
    regular: bool


@njit(cache=True, inline="always")
def inverse_of(a, b, c, d):
    """C for J = ((a, b), (c, d)), if J is not nearly singular."""
    det = a * d - b * c
    if not abs(det) > 1e-9 * (abs(a) + abs(b)) * (abs(c) + abs(d)):
        return Inverse(0.0, 0.0, 0.0, 0.0, np.inf, False)
    c00, c01, c10, c11 = d / det, -b / det, -c / det, a / det
    skew = _distance_from_identity(c00, c01, c10, c11, a, b, c, d)
    return Inverse(c00, c01, c10, c11, skew, True)


@njit(cache=True, inline="always")
def apart(C, F, G, rest_f, rest_g):
    """Whether no zero is on the box, from the values F, G in the middle."""
    for i, j in ((C.c00, C.c01), (C.c10, C.c11)):
        first, second = i * F, j * G
        off = abs(i) * rest_f + abs(j) * rest_g + 4.0 * U * (abs(first) + abs(second)) + C.skew
        if abs(first + second) > 1.0 + off * SLACK:
            return True
    return False


@njit(cache=True, inline="always")
def lipschitz(C, bend_f, bend_g):
    """At least the Lipschitz constant of T."""
    first, second = abs(C.c00) * bend_f + abs(C.c01) * bend_g, abs(C.c10) * bend_f + abs(C.c11) * bend_g
    return (max(first, second) + C.skew) * SLACK


@njit(cache=True, inline="always")
def bracketed(C, L, u, v, F, G, found):
    """What a ball around (u, v) proves, where the functions are at most F and G: found, and where."""
    r = max(abs(C.c00) * F + abs(C.c01) * G, abs(C.c10) * F + abs(C.c11) * G)
    r = r / (1.0 - L) * SLACK + 4.0 * U
    found[0], found[1], found[2] = u, v, r
    far = max(abs(u), abs(v))
    if far + r < 1.0:
        return INSIDE
    if far - r > 1.0 and far + r < WIDER:
        return NONE
    return STRADDLING if far + r < WIDER else UNDECIDED


@njit(cache=True, inline="always")
def _distance_from_identity(c00, c01, c10, c11, a, b, c, d):
    """At least the greater row sum of |I - C J|, C being an inverse up to rounding."""
    first = abs(1.0 - (c00 * a + c01 * c)) + abs(c00 * b + c01 * d)
    second = abs(c10 * a + c11 * c) + abs(1.0 - (c10 * b + c11 * d))
    size_1 = abs(c00) * (abs(a) + abs(b)) + abs(c01) * (abs(c) + abs(d))
    size_2 = abs(c10) * (abs(a) + abs(b)) + abs(c11) * (abs(c) + abs(d))
    return max(first + 4.0 * U * (1.0 + size_1), second + 4.0 * U * (1.0 + size_2)) * SLACK


@njit(cache=True)
def _newton(f, g, D, C):
    u = min(max(-(C.c00 * f[0] + C.c01 * g[0]), -1.0), 1.0)
    v = min(max(-(C.c10 * f[0] + C.c11 * g[0]), -1.0), 1.0)
    for _ in range(12):
        F, Fu, Fv = value_and_gradient(f, D, u, v)
        G, Gu, Gv = value_and_gradient(g, D, u, v)
        det = Fu * Gv - Fv * Gu
        if det == 0.0:
            break
        du, dv = (Gv * F - Fv * G) / det, (Fu * G - Gu * F) / det
        u = min(max(u - du, -1.1), 1.1)
        v = min(max(v - dv, -1.1), 1.1)
        if abs(du) + abs(dv) < 1e-14:
            break
    return u, v
