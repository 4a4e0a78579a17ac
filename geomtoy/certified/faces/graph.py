"""The planar graph of the curves and the window's boundary: edges, the order around vertices, cycles.

Edge e has the half-edges 2 e, in walking direction (its function > 0 on the left; along a side of the
window counter-clockwise, so that the window is on the left), and 2 e + 1, the other way. Every half-edge
belongs to the face on its left. The next one around that face is, at the vertex it leads to, the next
clockwise from its opposite.

At a crossing of f and g with det (grad f, grad g) > 0, g's way on leaves to the left of f's: counter-
clockwise leave f's way on, g's way on, f's way back, g's way back; with det < 0 g's two change places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from geomtoy.certified.faces.chains import Chains
from geomtoy.certified.faces.stops import Stops
from geomtoy.certified.join import components


@dataclass(frozen=True, eq=False)
class Graph:
    """Edges of the curves, curve after curve, then those of the window's boundary.

    Args:
        n_curved: edges on curves.
        tail, head: (E,) vertices.
        function: (E,) whose zeros an edge is; -1 - k on side k of the window.
        first, last: (E,) stops where an edge on a curve begins and ends; -1 on the boundary.
        after: (2 E,) the next half-edge around its face of each.
        cycle: (2 E,) cycle around its face of each half-edge.
        n_cycles: their number.
        component: (V,) connected component of each vertex.
        n_components: their number.
    """

    n_curved: int
    tail: np.ndarray
    head: np.ndarray
    function: np.ndarray
    first: np.ndarray
    last: np.ndarray
    after: np.ndarray
    cycle: np.ndarray
    n_cycles: int
    component: np.ndarray
    n_components: int


def planar_graph(chains: Chains, stops: Stops) -> Graph:
    """Edges and cycles of all curves and the boundary."""
    on_curves, first, last = _curve_edges(chains, stops)
    tail, head, function = on_curves
    ring, side = _boundary(stops)
    tail = np.concatenate([tail, ring])
    head = np.concatenate([head, np.roll(ring, -1)])
    function = np.concatenate([function, -1 - side])
    after = _after(tail, head, function, stops)
    cycle, n_cycles = _cycles(after)
    n_components, component = components(len(stops.points), np.column_stack([tail, head]))
    none = np.full(len(ring), -1)
    return Graph(
        len(first), tail, head, function, np.concatenate([first, none]), np.concatenate([last, none]),
        after, cycle, n_cycles, component, n_components,
    )  # fmt: skip


def _curve_edges(chains: Chains, stops: Stops) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Tail, head and function, and the stops at both ends."""
    n = len(stops.vertex)
    follow = np.arange(1, n + 1)
    follow[stops.start[1:] - 1] = stops.start[:-1]
    ends = np.zeros(n, bool)
    ends[stops.start[1 : chains.n_open + 1] - 1] = True
    first = np.flatnonzero(~ends)
    last = follow[first]
    curve = np.repeat(np.arange(len(chains)), np.diff(stops.start))
    return [stops.vertex[first], stops.vertex[last], chains.function[curve[first]]], first, last


def _boundary(stops: Stops) -> tuple[np.ndarray, np.ndarray]:
    """Vertices around the window, and the side that each is on or begins."""
    vertex = np.concatenate([np.arange(4), 4 + np.arange(stops.n_zeros)])
    side = np.concatenate([np.arange(4), stops.side])
    order = np.argsort(side, kind="stable")
    return vertex[order], side[order]


def _after(tail: np.ndarray, head: np.ndarray, function: np.ndarray, stops: Stops) -> np.ndarray:
    """The next half-edge around the face of each."""
    E, n_corners_and_zeros = len(tail), 4 + stops.n_zeros
    half = np.arange(2 * E)
    vertex = np.column_stack([tail, head]).ravel()  # that it leaves
    backward = half % 2
    of = function[half // 2]
    # Ranks around a vertex, counter-clockwise; on the boundary: way on, into the window, way back.
    key = 2 * backward.astype(float)
    on_boundary = (vertex < n_corners_and_zeros) & (of >= 0)
    key[on_boundary] = 1
    x = vertex - n_corners_and_zeros
    crossing = np.flatnonzero((x >= 0) & (x < len(stops.crossings)))
    met = stops.crossings[x[crossing]]
    second = of[crossing] == met["g"]
    key[crossing] += np.where(second, met["turn"], 0)
    order = np.lexsort((key % 4, vertex))
    start = np.searchsorted(vertex[order], np.arange(len(stops.points) + 1))
    rank = np.empty(2 * E, int)
    rank[order] = half
    back = half ^ 1
    v = vertex[back]
    clockwise = np.where(rank[back] == start[v], start[v + 1] - 1, rank[back] - 1)
    found: np.ndarray = order[clockwise]
    return found


@njit(cache=True)
def _cycles(after):
    label, n = np.full(len(after), -1), 0
    for k in range(len(after)):
        h = k
        if label[h] >= 0:
            continue
        while label[h] < 0:
            label[h] = n
            h = after[h]
        n += 1
    return label, n
