"""Where float64 stops, arb decides: whether two crossings are one point.

On a patch T(s) = s - C F(s) has a Lipschitz constant L < 1, as floats proved. So from values of F in
ball arithmetic, as precise as one likes, T finds the crossing up to |C F(x)| / (1 - L), and the value
of another function in that ball tells whether its curve passes there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from flint import arb, ctx

from geomtoy.certified.pairs import FOUND, INSIDE
from geomtoy.certified.patches import PatchAt

Exact = Callable[[list[int], arb, arb], list[arb]]
"""(functions, u, v) -> balls that hold their values, in the precision of the moment."""

Point = tuple[arb, arb]
BITS = (128, 512)
STEPS, SMALL = 24, 2.0**-400
HALF = 2.0**-18
MOST = 64  # pairs: more of them are not near misses but the rule


def one_point(crossings: np.ndarray, pairs: np.ndarray, patch: PatchAt, exact: Exact) -> np.ndarray:
    """Those pairs (n, 2) of crossings that are not proven to be two points."""
    if len(pairs) > MOST:
        return pairs
    return pairs[[not _two_points(crossings[pair], patch, exact) for pair in pairs]]


def _two_points(pair: np.ndarray, patch: PatchAt, exact: Exact) -> bool:
    for bits in BITS:
        with ctx.workprec(bits):
            for here, there in (pair, pair[::-1]):
                at = _point(here, patch, exact)
                others = sorted({int(there[k]) for k in "fg"} - {int(here[k]) for k in "fg"})
                if at is not None and any(z != 0 for z in exact(others, *at)):
                    return True
    return False


def _point(crossing: np.void, patch: PatchAt, exact: Exact) -> Point | None:
    """A ball in which a crossing of analytic functions is, or None if floats do not prove it alone."""
    u, v = (round(float(crossing[name]) * 2.0**40) / 2.0**40 for name in ("u", "v"))
    half = max(HALF, 2.0 ** np.ceil(np.log2(crossing["radius"])))
    f, g = int(crossing["f"]), int(crossing["g"])
    found = np.full(FOUND, np.inf)
    what = patch((u - half, u + half, v - half, v + half)).common_zero(f, g, found)
    if what != INSIDE or not found[7] < 1.0:
        return None
    C, contracts = [arb(c) for c in found[3:7].tolist()], 1 - arb(float(found[7]))
    x, y = (arb(c) for c in found[:2].tolist())
    for step in range(STEPS + 1):
        F, G = exact([f, g], u + half * x, v + half * y)
        a, b = C[0] * F + C[1] * G, C[2] * F + C[3] * G
        radius = (abs(a) + abs(b)).upper() / contracts
        if step == STEPS or radius < SMALL:
            break
        x, y = (x - a).mid(), (y - b).mid()
    if not (abs(x) + radius < 1 and abs(y) + radius < 1):
        return None
    ball = arb(0, radius.upper())
    return u + half * (x + ball), v + half * (y + ball)
