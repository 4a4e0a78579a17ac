"""Whether two functions with kinks vanish together on a box: nowhere, once, or not known.

The same contraction as in `geomtoy.certified.pairs`: it needs Lipschitz constants only, and those of a
kink are bounded by the gradient of what is bent. Where one of the two is analytic and is itself what the
other bends at, this kink is left out: it is zero at all common zeros.
"""

from __future__ import annotations

from numba import njit

from geomtoy.certified.bounds import SLACK
from geomtoy.certified.pairs import (
    INSIDE,
    NONE,
    STRADDLING,
    UNDECIDED,
    apart,
    bracketed,
    inverse_of,
    lipschitz,
)
from geomtoy.certified.polynomials import value_and_gradient

NEWTON, FIXED_POINT = 12, 40


@njit(cache=True)
def bent_zero(box, p, q, D, found):
    """What `common_zero` gives of rows p < q of a `bent_boxes.Box`, of which q is folded."""
    f, g = box.c[p], box.c[q]
    skip = p if p < box.analytic else -1
    C = inverse_of(f[1], f[2], g[1], g[2])
    if not C.regular:
        return UNDECIDED
    F, rest_f, bend_f = _with_kinks(box, p, -1)
    G, rest_g, bend_g = _with_kinks(box, q, skip)
    if apart(C, F, G, rest_f, rest_g):
        return NONE
    L = lipschitz(C, bend_f, bend_g)
    if not L < 0.95:
        return UNDECIDED
    u = min(max(-(C.c00 * F + C.c01 * G), -1.0), 1.0)
    v = min(max(-(C.c10 * F + C.c11 * G), -1.0), 1.0)
    what = UNDECIDED
    for steps in (NEWTON, FIXED_POINT):
        u, v = _improved(box, p, q, skip, C, u, v, steps, D)
        F, _, _ = bent_value_and_gradient(box, p, -1, D, u, v)
        G, _, _ = bent_value_and_gradient(box, q, skip, D, u, v)
        what = bracketed(C, L, u, v, abs(F) + box.error[p], abs(G) + box.error[q], found)
        if what in (INSIDE, STRADDLING) and found[2] < 1e-6:
            break
    return what


@njit(cache=True)
def _with_kinks(box, k, skip):
    """The value in the middle; how much all but the linear part varies, errors included; and the same
    of |d/du| + |d/dv| on the wider box."""
    value, rest, bend = box.c[k, 0], box.sizes[k, 1] + box.error[k], box.sizes[k, 4] + box.slope[k]
    for i in range(box.analytic):
        strength = abs(box.kinks[k, i])
        if strength > 0.0 and i != skip:
            value += box.kinks[k, i] * abs(box.c[i, 0])
            rest += strength * box.sizes[i, 0]
            bend += strength * (abs(box.c[i, 1]) + abs(box.c[i, 2]) + box.sizes[i, 4])
    return value, rest * SLACK, bend * SLACK


@njit(cache=True)
def bent_value_and_gradient(box, k, skip, D, u, v):
    """Of row k at a point, the kink at row `skip` left out."""
    value, along_u, along_v = value_and_gradient(box.c[k], D, u, v)
    for i in range(box.analytic):
        kink = box.kinks[k, i]
        if kink != 0.0 and i != skip:
            F, Fu, Fv = value_and_gradient(box.c[i], D, u, v)
            if F < 0.0:
                kink = -kink
            value, along_u, along_v = value + kink * F, along_u + kink * Fu, along_v + kink * Fv
    return value, along_u, along_v


@njit(cache=True)
def _improved(box, p, q, skip, C, u, v, steps, D):
    """Newton's method, or, in FIXED_POINT steps, what converges where that goes back and forth."""
    for _ in range(steps):
        F, Fu, Fv = bent_value_and_gradient(box, p, -1, D, u, v)
        G, Gu, Gv = bent_value_and_gradient(box, q, skip, D, u, v)
        det = Fu * Gv - Fv * Gu
        if steps == FIXED_POINT:
            du, dv = C.c00 * F + C.c01 * G, C.c10 * F + C.c11 * G
        elif det != 0.0:
            du, dv = (Gv * F - Fv * G) / det, (Fu * G - Gu * F) / det
        else:
            break
        u = min(max(u - du, -1.1), 1.1)
        v = min(max(v - dv, -1.1), 1.1)
        if abs(du) + abs(dv) < 1e-14:
            break
    return u, v
