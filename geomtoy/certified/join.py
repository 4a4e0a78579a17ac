"""From arcs on boxes to curves on the window, and the number of regions by Euler's formula.

Neighbouring boxes see the zeros of one function on a common line from both sides. Each side has proven
all of them simple, so that the k-th zeros of both are the same; that their numbers agree is checked.

The curves of a proven arrangement and the window's boundary make a planar graph: vertices are the X
crossings (of degree 4), the B zeros on the boundary (of degree 3) and the 4 corners (of degree 2); on a
closed curve without a crossing any point may be one (of degree 2). So E - V = X + B / 2. The graph has
1 + H components, where the H islands are the connected components of all curves that miss the boundary,
and Euler's V - E + F = 2 + H counts the outside as a face: inside there are 1 + X + B / 2 + H.

Where m curves met in one point, E - V would be m - 1 there, not the m (m - 1) / 2 that pairs count: too
much by (m - 1) (m - 2) / 2, less than the number of pairs of brackets that then overlap. So where
nothing but that is open, the regions are at least the formula less the number of overlaps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

SIDE = 1.0
ROUNDING = 1e-15  # of coordinates along an arc, which are less than 2


@dataclass(frozen=True, eq=False)
class Junctions:
    """Crossings, each once, the curve (arcs,) of each arc, and the terms of Euler's formula."""

    crossings: np.ndarray
    curve: np.ndarray
    boundary_zeros: int
    loops: int
    islands: int
    why: str
    doubtful: int | None = None  # at most what the formula exceeds the regions by; None: not known

    @classmethod
    def nothing(cls, arcs: np.ndarray, crossings: np.ndarray, why: str) -> Junctions:
        return cls(crossings, np.full(len(arcs), -1), 0, 0, 0, why)


def join(arcs: np.ndarray, crossings: np.ndarray, clashes: int) -> Junctions:
    """Join arcs that meet, count each crossing once, and say why the count is not proven, if so."""
    meeting, boundary, matched = joints(arcs)
    if not matched:
        return Junctions.nothing(arcs, crossings, "zeros on a line differ from its two sides")
    n_curves, curve = components(len(arcs), meeting % max(len(arcs), 1))
    touches = np.zeros(n_curves, bool)
    touches[curve[boundary % max(len(arcs), 1)]] = True
    crossings, clear = _once(crossings)
    why = "" if clear else "a crossing is too close to the window's boundary to tell"
    islands = 0
    if not touches.all():
        ends = curves_of_crossings(crossings, arcs, curve)
        if (ends < 0).any():
            why = "a crossing is not told to lie on one curve"
        _, component = components(n_curves, ends)
        grounded = np.zeros(component.max(initial=-1) + 1, bool)
        np.logical_or.at(grounded, component, touches)
        islands = int((~grounded).sum())
    doubtful = clashes if not why else None
    if doubtful:
        why = f"three borders may meet in a point ({clashes} pairs of crossings are not told apart)"
    return Junctions(crossings, curve, len(boundary), int((~touches).sum()), islands, why, doubtful)


def joints(arcs: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Pairs of ends that meet (k, 2), ends on the boundary, and whether all others match.

    End a of arc k has the number k, its end b the number k + len(arcs).
    """
    names = ("fixed", "line", "at", "radius", "side")
    fixed, line, at, radius, side = (
        np.concatenate([arcs[f"{name}_a"], arcs[f"{name}_b"]]) for name in names
    )
    function = np.tile(arcs["function"], 2)
    outer = np.abs(line) == SIDE
    sides = []
    for wanted in (1, -1):
        chosen = np.flatnonzero(~outer & (side == wanted))
        sides.append(chosen[np.lexsort((at[chosen], line[chosen], fixed[chosen], function[chosen]))])
    low, high = sides
    matched = len(low) == len(high) and all(
        np.array_equal(of[low], of[high]) for of in (function, fixed, line)
    )
    if matched:
        apart = np.abs(at[low] - at[high]) > (radius[low] + radius[high]) * 1.001 + 1e-14
        matched = not apart.any()
    meeting = np.column_stack([low, high]) if matched else np.empty((0, 2), int)
    return meeting, np.flatnonzero(outer), matched


def components(n: int, links: np.ndarray) -> tuple[int, np.ndarray]:
    """Number of connected components of a graph, and the one of each node."""
    graph = coo_matrix((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(n, n))
    count, label = connected_components(graph, directed=False) if n else (0, np.empty(0, int))
    return int(count), label


def _once(crossings: np.ndarray) -> tuple[np.ndarray, bool]:
    """Each crossing once, those outside the window dropped; False if some may be on its boundary.

    A crossing that straddles a side of its box is proven the only one of its pair on a box 1.125 times
    as wide, and its bracket is tiny: any bracket of the pair that overlaps it holds the same point.
    """
    order = np.lexsort((crossings["straddles"], crossings["g"], crossings["f"]))
    crossings = crossings[order]
    pair = crossings["f"] * (crossings["g"].max(initial=0) + 1) + crossings["g"]
    keep = np.ones(len(crossings), bool)
    for k in np.flatnonzero(crossings["straddles"] == 1):
        first, last = np.searchsorted(pair, pair[k]), np.searchsorted(pair, pair[k], side="right")
        others = crossings[first:last][keep[first:last] & (np.arange(first, last) != k)]
        aside, above = others["u"] - crossings["u"][k], others["v"] - crossings["v"][k]
        gap = np.maximum(np.abs(aside), np.abs(above))
        keep[k] = not (gap <= (others["radius"] + crossings["radius"][k]) * (1 + 1e-9)).any()
    far = np.maximum(np.abs(crossings["u"]), np.abs(crossings["v"]))
    inside, outside = far + crossings["radius"] < SIDE, far - crossings["radius"] > SIDE
    return crossings[keep & ~outside], bool((inside | outside | ~keep).all())


def curves_of_crossings(crossings: np.ndarray, arcs: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """The curves (n, 2) of f and g that meet at each crossing; -1 where not exactly one may."""
    order = np.argsort(arcs["function"], kind="stable")
    n = int(arcs["function"].max(initial=-1)) + 1
    first = np.searchsorted(arcs["function"][order], np.arange(n + 1))
    return _curves_at(crossings, arcs[order], curve[order], first)


@njit(cache=True)
def _curves_at(crossings, arcs, curve, first):
    result = np.full((len(crossings), 2), -1)
    for k in range(len(crossings)):
        one = crossings[k]
        for which in range(2):
            function = one.f if which == 0 else one.g
            for a in range(first[function], first[function + 1]):
                if may_lie_on(arcs[a], one.u, one.v, one.radius):
                    if result[k, which] >= 0 and result[k, which] != curve[a]:
                        result[k, which] = -2
                        break
                    result[k, which] = curve[a]
    return result


@njit(cache=True)
def may_lie_on(arc, u, v, radius):
    """Whether a point known up to radius may lie on an arc: in its box, and between its ends."""
    box = arc.box
    if not (box[0] - radius <= u <= box[1] + radius and box[2] - radius <= v <= box[3] + radius):
        return False
    first, second = arc.along[0], arc.along[1]
    reach = (abs(first) + abs(second)) * radius
    low, low_radius = _coordinate(first, second, arc.fixed_a, arc.line_a, arc.at_a, arc.radius_a)
    high, high_radius = _coordinate(first, second, arc.fixed_b, arc.line_b, arc.at_b, arc.radius_b)
    return low - low_radius - reach <= first * u + second * v <= high + high_radius + reach


@njit(cache=True, inline="always")
def _coordinate(first, second, fixed, line, at, radius):
    """Of an arc's end, and how far it is known."""
    if fixed == 0:
        return first * line + second * at, abs(second) * radius + ROUNDING
    return first * at + second * line, abs(first) * radius + ROUNDING
