"""Arcs in order along their curves, and where on a curve a point lies.

Every curve is walked with its function > 0 on the left. Arc k of all curves, in that order, covers the
places from k to k + 1: a place is the number of an arc and how far along it one is, by its axis, between
the two ends as they are stored. True ends may differ from these by their radii: what lies beyond a
stored end is put at the end. So places never decrease along the true curve, and points known to lie in
disjoint intervals of places are in that order. Rounding keeps this, since floating-point operations are
monotone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from geomtoy.certified.bounds import U
from geomtoy.certified.join import joints, may_lie_on

MOST = 16  # arcs of one function that pass within the radius of a point


@dataclass(frozen=True, eq=False)
class Chains:
    """Arcs, curve after curve; open curves come first.

    Args:
        arcs: `boxes.ARC`, in order.
        forward: (arcs,) whether the walk goes from end a to end b.
        start: (curves + 1,) first arc of each curve.
        n_open: curves that end on the boundary; the others are closed.
        curve: (arcs,) of each arc.
        by_function: (arcs,) arcs sorted by function, then by place; those of function k are in
            by_function[first[k]:first[k + 1]].
    """

    arcs: np.ndarray
    forward: np.ndarray
    start: np.ndarray
    n_open: int
    curve: np.ndarray
    by_function: np.ndarray
    first: np.ndarray

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def function(self) -> np.ndarray:
        """(curves,) whose zeros each curve is."""
        found: np.ndarray = self.arcs["function"][self.start[:-1]]
        return found

    def ends(self, arcs: np.ndarray, *, last: bool) -> dict[str, np.ndarray]:
        """First or last ends of arcs (k,) in walking order: fixed, line, at, radius, u, v."""
        at_b = self.forward[arcs] == last
        of = {
            name: np.where(at_b, self.arcs[f"{name}_b"][arcs], self.arcs[f"{name}_a"][arcs])
            for name in ("fixed", "line", "at", "radius")
        }
        vertical = of["fixed"] == 0
        of["u"], of["v"] = (
            np.where(vertical, of["line"], of["at"]),
            np.where(vertical, of["at"], of["line"]),
        )
        return of

    def places(
        self, function: np.ndarray, u: np.ndarray, v: np.ndarray, radius: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(n, 2) least and greatest place of points on curves of functions (n,), and the curves (n,).

        The curve is -1 where a point may lie on arcs that do not follow one another. On a closed curve
        the greatest place may be beyond its end, and then means one at its beginning.
        """
        place, curve = _places(
            function, u, v, radius, self.arcs, self.forward, self.by_function, self.first, self.curve,
            self.start, self.n_open,
        )  # fmt: skip
        return place, curve


def chains(arcs: np.ndarray) -> Chains:
    """Arcs of a proven arrangement in walking order.

    Raises:
        AssertionError: where two arcs meet, the function has not the same sides on both.
    """
    n = len(arcs)
    forward = (arcs["axis"] == 0) == (arcs["rising"] > 0)
    meeting, _, matched = joints(arcs)
    heads = (meeting >= n) == forward[meeting % max(n, 1)]
    if not matched or (heads.sum(axis=1) != 1).any():
        raise AssertionError("arcs that meet do not continue one another")
    successor = np.full(n, -1)
    arc = meeting % max(n, 1)
    successor[arc[heads]] = arc[~heads]
    order, start, n_open = _walk(successor)
    arcs, forward = arcs[order], forward[order]
    by_function = np.argsort(arcs["function"], kind="stable")
    first = np.searchsorted(
        arcs["function"][by_function], np.arange(arcs["function"].max(initial=-1) + 2)
    )
    curve = np.repeat(np.arange(len(start) - 1), np.diff(start))
    return Chains(arcs, forward, start, n_open, curve, by_function, first)


@njit(cache=True)
def _walk(successor):
    """Arcs in order, where each curve starts, and how many curves are open."""
    n = len(successor)
    follows, seen = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    for k in range(n):
        if successor[k] >= 0:
            follows[successor[k]] = True
    order, start = np.empty(n, np.int64), np.empty(n + 1, np.int64)
    n_curves, at, n_open = 0, 0, 0
    for closed in range(2):
        for k in range(n):
            if seen[k] or (closed == 0 and follows[k]):
                continue
            start[n_curves] = at
            n_curves += 1
            arc = k
            while arc >= 0 and not seen[arc]:
                seen[arc] = True
                order[at] = arc
                at += 1
                arc = successor[arc]
        if closed == 0:
            n_open = n_curves
    start[n_curves] = at
    return order, start[: n_curves + 1].copy(), n_open


@njit(cache=True)
def _places(function, u, v, radius, arcs, forward, by_function, first, curve, start, n_open):
    n = len(function)
    place, on = np.empty((n, 2)), np.full(n, -1)
    chosen = np.empty(MOST, np.int64)
    for k in range(n):
        r = radius[k] * (1.0 + 1e-9) + 4.0 * U
        count = 0
        if function[k] + 1 < len(first):
            for a in by_function[first[function[k]] : first[function[k] + 1]]:
                if may_lie_on(arcs[a], u[k], v[k], r):
                    if count == MOST:
                        count = -1
                        break
                    chosen[count] = a
                    count += 1
        if count < 1:
            continue
        c = curve[chosen[0]]
        if curve[chosen[count - 1]] != c:
            continue
        length = start[c + 1] - start[c]
        begin = _run(chosen[:count], start[c], length if c >= n_open else 0)
        if begin < 0:
            continue
        low, high = chosen[begin], chosen[(begin + count - 1) % count]
        if count == 2 and length == 2 and _along(arcs[low], forward[low], u[k], v[k], 0.0) < 0.5:
            low, high = high, low
        place[k, 0] = low + _along(arcs[low], forward[low], u[k], v[k], -r)
        place[k, 1] = high + _along(arcs[high], forward[high], u[k], v[k], r)
        if high < low:
            place[k, 1] += length
        on[k] = c
    return place, on


@njit(cache=True)
def _run(chosen, start, length):
    """Which of the chosen arcs is the first of a run of consecutive ones; -1 if they are none.

    On a closed curve (length > 0) the last arc is followed by the first.
    """
    gaps, begin = 0, 0
    for i in range(1, len(chosen)):
        if chosen[i] != chosen[i - 1] + 1:
            gaps += 1
            begin = i
    if gaps == 0:
        return 0 if length == 0 or len(chosen) < length or length == 2 else -1
    wraps = length > 0 and chosen[0] == start and chosen[-1] == start + length - 1
    return begin if gaps == 1 and wraps else -1


@njit(cache=True)
def _along(arc, forward, u, v, shift):
    """How far along an arc a point is, moved by `shift` in walking direction, in [0, 1]."""
    a = arc.line_a if arc.fixed_a == arc.axis else arc.at_a
    b = arc.line_b if arc.fixed_b == arc.axis else arc.at_b
    x = u if arc.axis == 0 else v
    t = ((x + shift) - a) / (b - a) if forward else (b - (x - shift)) / (b - a)
    return min(max(t, 0.0), 1.0)
