"""What a line and a point see: all zeros on a line through a patch, and all signs at a point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit

from geomtoy.certified.curves import GRID, SMALLEST
from geomtoy.certified.patches import BLUR, Patch, Series
from geomtoy.certified.polynomials import edge_polynomial, horner, zeros_on_edge
from geomtoy.certified.series import Degree, degree
from geomtoy.errors import ProofError

RATIO = 0.4881
TALLEST = 0.5  # part of a line that one patch looks at
CLOSE = degree(2)
NEAR = 2.0**-20  # radius of the polydisc around a point; none is closer to the border of the series


@dataclass(frozen=True, eq=False)
class LineZeros:
    """Zeros on a line in order: their functions, where they are, up to radius, and whether each
    function grows there along the line."""

    function: np.ndarray
    at: np.ndarray
    radius: np.ndarray
    rising: np.ndarray

    def told_apart(self) -> bool:
        gap = self.at[1:] - self.radius[1:] > self.at[:-1] + self.radius[:-1]
        return bool((gap | (self.function[1:] == self.function[:-1])).all())


def zeros_through(patch: Patch, vertical: bool, D: Degree) -> LineZeros | None:
    """All zeros on the line through the middle of a patch, in its coordinates; None if not proven."""
    if not patch.fine:
        return None
    n, zeros = _zeros_through(patch.c, patch.error, patch.slope, vertical, D)
    if n < 0:
        return None
    which, at, radius, rising = zeros[:n].T
    order = np.argsort(at)
    return LineZeros(
        patch.functions[which[order].astype(int)], at[order], radius[order], rising[order] > 0
    )


@njit(cache=True)
def _zeros_through(c, error, slope, vertical, D):
    """Number of zeros (-1 if not proven) and rows (which function, at, radius, direction)."""
    found, n = np.empty((8 * len(c), 4)), 0
    g, zeros, radius = np.empty(D.K + 1), np.empty(8), np.empty(8)
    derivative = np.empty(max(D.K, 1))
    for k in range(len(c)):
        edge_polynomial(c[k], D, vertical, 0.0, g)
        blur = BLUR * np.abs(c[k]).sum()
        count = zeros_on_edge(g, error[k] + blur, slope[k] + 20.0 * blur, 0.0, zeros, radius)
        if count < 0:
            return -1, found
        for m in range(D.K):
            derivative[m] = (m + 1) * g[m + 1]
        for i in range(count):
            found[n, 0], found[n, 1], found[n, 2] = k, zeros[i], radius[i]
            found[n, 3] = 1.0 if horner(derivative, zeros[i]) > 0.0 else -1.0
            n += 1
    return n, found


def zeros_above(
    patch: Callable[[tuple[float, ...]], Patch], u: float, v: float, tolerance: float, D: Degree
) -> Iterator[LineZeros]:
    """Zeros on the line from (u, v) up to the window's upper side, piece of the line after piece.

    u and v are multiples of 2^-40, so that centres of patches are exact.

    Raises:
        ProofError: they are not told apart, or the line touches a curve.
    """
    pending = [(v, 1.0)]
    while pending:
        low, high = pending.pop()
        half = (high - low) / 2
        found = None
        if high - low <= TALLEST:
            one = patch((u - half, u + half, low, high))
            found = zeros_through(one, True, D) if one.coarseness <= tolerance else None
        if found is not None and found.told_apart():
            middle = (low + high) / 2
            yield LineZeros(
                found.function,
                middle + half * found.at,
                half * found.radius * (1 + 1e-9) + 1e-15,
                found.rising,
            )
            continue
        if high - low < SMALLEST:
            raise ProofError("the zeros on a line are not told apart")
        cut = np.round((low + RATIO * (high - low)) * GRID / 2) / GRID * 2
        pending += [(cut, high), (low, cut)]


def signs_at(series: Series, u: float, v: float, reach: float = 0.0) -> tuple[np.ndarray, bool]:
    """Whether each function is > 0 at a point, and whether all signs are proven.

    Proven means: at every point at most `reach` from (u, v) in each coordinate.
    """
    radius = max(NEAR, 4 * reach)
    with np.errstate(all="ignore"):
        c, low, tail, _, fine = series(u, v, radius, radius, CLOSE)
    part = reach / radius
    size = np.abs(c) * (part**CLOSE.total)[:, None]
    error = (size[1:].sum(axis=0) + low + tail * part ** (CLOSE.K + 1)) * (1 + 1e-9)
    return c[0] > 0, fine and bool((np.abs(c[0]) > error).all())
