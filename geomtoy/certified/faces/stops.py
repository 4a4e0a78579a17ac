"""Vertices on each curve in proven order: its ends on the boundary and its crossings.

Two of them are in order where their intervals of places are disjoint. Where they are not, the points are
found again on smaller patches, with smaller radii.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.certified.faces.chains import Chains
from geomtoy.certified.faces.probe import zeros_through
from geomtoy.certified.patches import PatchAt
from geomtoy.certified.separate import SIZES, sharpen
from geomtoy.certified.series import Degree
from geomtoy.errors import ProofError

CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
"""Of the window, counter-clockwise; side k leads from corner k to the next."""


@dataclass(frozen=True, eq=False)
class Stops:
    """Vertices on curves, curve after curve in walking order.

    Args:
        start: (curves + 1,) first stop of each curve.
        low, high: (n,) places between which each stop is.
        vertex: (n,) its number in `points`.
        points: (V, 2): corners of the window, zeros on its boundary counter-clockwise, crossings, and
            for each closed curve without a crossing one of its points.
        radius: (V,) of each, in each coordinate.
        n_zeros: zeros on the boundary.
        side: (zeros,) the side of the window that each is on.
        crossings: `boxes.CROSSING`, perhaps with smaller radii than before.
    """

    start: np.ndarray
    low: np.ndarray
    high: np.ndarray
    vertex: np.ndarray
    points: np.ndarray
    radius: np.ndarray
    n_zeros: int
    side: np.ndarray
    crossings: np.ndarray


def stops(chains: Chains, crossings: np.ndarray, wanted: float, patch: PatchAt, D: Degree) -> Stops:
    """All vertices, on each curve in order; crossings known up to `wanted`, where the series allow it.

    Raises:
        ProofError: the order of two of them is not proven.
    """
    zeros = _boundary_zeros(chains, patch, D)
    crossings = crossings.copy()

    for size in SIZES:
        for k in np.flatnonzero(crossings["radius"] > wanted):
            sharpen(crossings[k : k + 1], size, patch)
    for size in (*SIZES, 0.0):
        on = _on_curves(chains, crossings, zeros)
        doubtful = on.doubtful()
        if not len(doubtful):
            break
        for k in doubtful if size else ():
            sharpen(crossings[k : k + 1], size, patch)
    else:
        raise ProofError(f"the order of {len(doubtful)} crossings on their borders is not proven")
    bare = np.flatnonzero(np.diff(on.start) == 0)
    loop = chains.ends(chains.start[bare], last=False)
    n = len(zeros.curve)
    points = [
        CORNERS,
        np.column_stack([zeros.u, zeros.v]),
        np.column_stack([crossings["u"], crossings["v"]]),
        np.column_stack([loop["u"], loop["v"]]),
    ]
    radius = [np.zeros(4), zeros.radius, crossings["radius"], loop["radius"]]
    last = 4 + n + len(crossings)
    place = chains.start[bare].astype(float)
    where = on.start[bare]
    return Stops(
        on.start + np.searchsorted(bare, np.arange(len(chains) + 1)),
        np.insert(on.low, where, place),
        np.insert(on.high, where, place),
        np.insert(on.vertex, where, last + np.arange(len(bare))),
        np.concatenate(points),
        np.concatenate(radius),
        n,
        zeros.side,
        crossings,
    )


# Zeros on the window's boundary


@dataclass(eq=False)
class _Zeros:
    """Ends of open curves, counter-clockwise around the window from its first corner."""

    curve: np.ndarray
    last: np.ndarray
    side: np.ndarray
    u: np.ndarray
    v: np.ndarray
    radius: np.ndarray

    def order(self) -> np.ndarray:
        return np.lexsort((self.along(), self.side))

    def along(self) -> np.ndarray:
        """How far along its side each zero is."""
        return np.choose(self.side, [self.u, self.v, -self.u, -self.v])

    def doubtful(self) -> np.ndarray:
        """Those that are not told apart from the next on their side."""
        order, at = self.order(), self.along()
        one, other = order[:-1], order[1:]
        gap = at[other] - self.radius[other] > at[one] + self.radius[one]
        clash = (self.side[one] == self.side[other]) & ~gap
        return np.unique(np.concatenate([one[clash], other[clash]]))


def _boundary_zeros(chains: Chains, patch: PatchAt, D: Degree) -> _Zeros:
    """Both ends of each open curve, in order.

    Raises:
        ProofError: the order of two of them is not proven.
    """
    n = chains.n_open
    parts = [
        chains.ends(chains.start[:n], last=False),
        chains.ends(chains.start[1 : n + 1] - 1, last=True),
    ]
    fixed, line, u, v, radius = (
        np.concatenate([part[name] for part in parts]) for name in ("fixed", "line", "u", "v", "radius")
    )
    side = np.where(fixed == 1, np.where(line < 0, 0, 2), np.where(line > 0, 1, 3))
    zeros = _Zeros(np.tile(np.arange(n), 2), np.repeat([False, True], n), side, u, v, radius)
    for size in (*SIZES, 0.0):
        doubtful = zeros.doubtful()
        if not len(doubtful):
            break
        for k in doubtful if size else ():
            _sharpen_zero(zeros, int(k), chains.function[zeros.curve[k]], size, patch, D)
    else:
        raise ProofError(f"{len(doubtful)} zeros on the window's boundary are not told apart")
    order = zeros.order()
    return _Zeros(
        *(getattr(zeros, name)[order] for name in ("curve", "last", "side", "u", "v", "radius"))
    )


def _sharpen_zero(zeros: _Zeros, k: int, function: int, size: float, patch: PatchAt, D: Degree) -> None:
    """Find a zero again on a patch around it, if it is alone there on its side."""
    half = max(size, 2.0 ** np.ceil(np.log2(2 * zeros.radius[k] + 2.0**-30)))
    vertical = zeros.side[k] % 2 == 1
    u, v = (round(float(of[k]) * 2.0**40) / 2.0**40 for of in (zeros.u, zeros.v))
    found = zeros_through(patch((u - half, u + half, v - half, v + half)), vertical, D)
    if found is None:
        return
    mine = np.flatnonzero(found.function == function)
    if len(mine) == 1 and half * found.radius[mine[0]] < zeros.radius[k]:
        at = (v if vertical else u) + half * found.at[mine[0]]
        (zeros.v if vertical else zeros.u)[k] = at
        zeros.radius[k] = half * found.radius[mine[0]] * (1 + 1e-9) + 1e-15


# Crossings and ends on curves


@dataclass(eq=False)
class _OnCurves:
    start: np.ndarray
    low: np.ndarray
    high: np.ndarray
    vertex: np.ndarray
    closed: np.ndarray
    length: np.ndarray
    first_crossing: int
    lost: np.ndarray

    def doubtful(self) -> np.ndarray:
        """Crossings that are on no curve for sure, or not told apart from a neighbour on a curve."""
        follow = np.arange(1, len(self.low) + 1)
        some = np.flatnonzero(np.diff(self.start) > 0)
        final = self.start[1:][some] - 1
        follow[final] = self.start[:-1][some]
        low = self.low[follow] if len(self.low) else self.low
        low[final] += np.where(self.closed[some], self.length[some], np.inf)
        alone = follow == np.arange(len(follow))
        clash = np.flatnonzero(~(low > self.high) & ~alone)
        vertex = np.concatenate([self.vertex[clash], self.vertex[follow[clash]]])
        crossing = vertex[vertex >= self.first_crossing] - self.first_crossing
        if len(clash) and not len(crossing):
            raise AssertionError("a curve ends where it begins")
        return np.unique(np.concatenate([self.lost, crossing]))


def _on_curves(chains: Chains, crossings: np.ndarray, zeros: _Zeros) -> _OnCurves:
    n_zeros, n = len(zeros.curve), len(crossings)
    number = np.arange(n)
    end = np.where(zeros.last, chains.start[1:][zeros.curve], chains.start[:-1][zeros.curve])
    curve, low, high = [zeros.curve], [end.astype(float)], [end.astype(float)]
    vertex, lost = [4 + np.arange(n_zeros)], []
    for name in ("f", "g"):
        place, on = chains.places(
            *(np.ascontiguousarray(crossings[field]) for field in (name, "u", "v", "radius"))
        )
        told = on >= 0
        lost.append(number[~told])
        curve.append(on[told])
        low.append(place[told, 0])
        high.append(place[told, 1])
        vertex.append(4 + n_zeros + number[told])
    curves, lows, highs = (np.concatenate(of) for of in (curve, low, high))
    length = np.diff(chains.start)
    closed = np.arange(len(chains)) >= chains.n_open
    past = closed[curves] & ((lows + highs) / 2 >= chains.start[1:][curves])
    lows, highs = lows - past * length[curves], highs - past * length[curves]
    order = np.lexsort((lows + highs, curves))
    start = np.searchsorted(curves[order], np.arange(len(chains) + 1))
    return _OnCurves(
        start, lows[order], highs[order], np.concatenate(vertex)[order], closed, length, 4 + n_zeros,
        np.concatenate(lost),
    )  # fmt: skip
