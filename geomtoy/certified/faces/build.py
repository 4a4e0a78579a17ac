"""Faces of a proven arrangement: cycles joined where a face has holes, signs, areas, polylines.

What of the curves hangs together and misses the window's boundary (an island) bounds the face around it
by one more cycle. A vertical line through the island crosses curves in proven order; the two cycles that
it leaves and meets between two crossings bound one face. This reaches the window's boundary.

Then there are as many faces as Euler's formula says, which is checked, as is that every edge has its
function > 0 on the left and not on the right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numba import njit
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order

from geomtoy.certified.bounds import SLACK, gamma
from geomtoy.certified.curves import Budget, CurveArrangement
from geomtoy.certified.faces.chains import Chains, chains
from geomtoy.certified.faces.graph import Graph, planar_graph
from geomtoy.certified.faces.probe import LineZeros, signs_at, zeros_above
from geomtoy.certified.faces.stops import Stops, stops
from geomtoy.certified.faces.trace import Polylines, polylines
from geomtoy.certified.join import components
from geomtoy.certified.patches import Patch, PatchAt, Series, patch_of
from geomtoy.certified.series import Degree, degree
from geomtoy.errors import ProofError

ATTEMPTS = 16
BOTTOM, TOP = -1, -3  # "functions" of two of the window's sides


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces of the curves in [-1, 1]^2, all structure proven.

    Args:
        n: their number.
        graph: vertices and edges.
        stops: vertices on each curve.
        left, right: (E,) faces beside each edge, -1 outside the window.
        bits: (n, bytes) signs of all functions on each face, packed.
        lines: a polyline for each edge.
        areas, area_errors: (n,) areas within the polylines, and proven bounds on how far they are off.
        face_above: (u, v) -> the face at a point on a line upwards; u, v multiples of 2^-40.
    """

    n: int
    graph: Graph
    stops: Stops
    left: np.ndarray
    right: np.ndarray
    bits: np.ndarray
    lines: Polylines
    areas: np.ndarray
    area_errors: np.ndarray
    face_above: Callable[[float, float], int]


def build_faces(series: Series, found: CurveArrangement, budget: Budget, tolerance: float) -> Faces:
    """All faces of a proven arrangement that `arrange(series, budget)` gave.

    Args:
        tolerance: how far polylines may be from the curves in |du| + |dv|; further where the series'
            own error is larger, as `Polylines.error` says.
    Raises:
        ProofError: the order of two points on a curve is not proven, a line cannot be, or a polyline.
        AssertionError: the structure contradicts itself or Euler's formula.
    """
    D = degree(budget.order)
    patch: PatchAt = partial(patch_of, series, D=D)
    walked = chains(found.arcs)
    on = stops(walked, found.crossings, tolerance / 16, patch, D)
    graph = planar_graph(walked, on)
    seen = _Sight(walked, on, graph, patch, budget.tolerance, D)
    face, n = _faces(graph, seen)
    if n != found.regions:
        raise AssertionError(f"{n} faces where Euler's formula says {found.regions}")
    left, right = face[0::2], face[1::2]
    bits = _signs(series, graph, left, right, n)
    lines = polylines(walked, on, graph, tolerance / 2, found.patch_boxes, patch, D)
    areas, errors = _areas(lines, left, right, n)

    def face_above(u: float, v: float) -> int:
        return int(face[seen.first_above(u, v)])

    return Faces(n, graph, on, left, right, bits, lines, areas, errors, face_above)


# What a vertical line sees


@dataclass(frozen=True, eq=False)
class _Sight:
    chains: Chains
    stops: Stops
    graph: Graph
    patch: Callable[[tuple[float, ...]], Patch]
    tolerance: float
    D: Degree

    def first_above(self, u: float, v: float) -> int:
        """The half-edge that bounds from above the face of the point (u, v), itself on no curve."""
        for zeros in zeros_above(self.patch, u, v, self.tolerance, self.D):
            if len(zeros.at):
                return int(self.half_edges(u, zeros)[0])
        return self.on_side(TOP, u)

    def column(self, u: float) -> np.ndarray:
        """(k, 2) half-edges of one face each: above which and below which a piece of the line lies."""
        below = [self.on_side(BOTTOM, u)]
        above = []
        for zeros in zeros_above(self.patch, u, -1.0, self.tolerance, self.D):
            half = self.half_edges(u, zeros)
            above += half.tolist()
            below += (half ^ 1).tolist()
        return np.column_stack([below, [*above, self.on_side(TOP, u)]])

    def half_edges(self, u: float, zeros: LineZeros) -> np.ndarray:
        """The half-edge on the lower side of each zero on a vertical line."""
        n = len(zeros.at)
        place, curve = self.chains.places(zeros.function, np.full(n, u), zeros.at, zeros.radius)
        if (curve < 0).any():
            raise ProofError("where a line meets a border is not proven")
        edges = [self._edge(float(place[k, 0]), float(place[k, 1]), int(curve[k])) for k in range(n)]
        return 2 * np.array(edges, int) + zeros.rising

    def _edge(self, low: float, high: float, curve: int) -> int:
        """The edge of a curve between whose ends a place is."""
        first, last = self.stops.start[curve], self.stops.start[curve + 1]
        lows, highs = self.stops.low[first:last], self.stops.high[first:last]
        length = int(np.diff(self.chains.start)[curve])
        if curve >= self.chains.n_open and low < lows[0]:
            low, high = low + length, high + length
        k = int(np.searchsorted(lows, low, side="right")) - 1
        closes = lows[0] + length if curve >= self.chains.n_open else np.inf
        follow = lows[k + 1] if k + 1 < len(lows) else closes
        if k < 0 or not (highs[k] < low and high < follow):
            raise ProofError("a line meets a border too near its end")
        return int(np.searchsorted(self.graph.first[: self.graph.n_curved], first + k))

    def on_side(self, side: int, u: float) -> int:
        """The half-edge inside the window of its lower or upper side, at u."""
        n = self.graph.n_curved
        edges = n + np.flatnonzero(self.graph.function[n:] == side)
        tail, head = self.graph.tail[edges], self.graph.head[edges]
        at, radius = self.stops.points[:, 0], self.stops.radius
        low, high = (tail, head) if side == BOTTOM else (head, tail)
        inside = (at[low] + radius[low] < u) & (u < at[high] - radius[high])
        if inside.sum() != 1:
            raise ProofError("a line meets the window's side at the end of a border")
        return 2 * int(edges[np.argmax(inside)])


def _faces(graph: Graph, sight: _Sight) -> tuple[np.ndarray, int]:
    """Face of each half-edge, -1 outside the window, and the number of faces."""
    same = np.empty((0, 2), int)
    ground = graph.component[0]
    linked = np.zeros(graph.n_components, bool)
    linked[ground] = True
    while not linked.all():
        pairs = _through(sight, int(np.argmin(linked)))
        same = np.concatenate([same, graph.cycle[pairs]])
        linked[graph.component[graph.tail[pairs >> 1]]] = True
    n, face = components(graph.n_cycles, same)
    label = face[graph.cycle]
    outside = label[2 * np.flatnonzero(graph.function < 0)[0] + 1]
    renamed = np.cumsum(np.arange(n) != outside) - 1
    renamed[outside] = -1
    return renamed[label], n - 1


def _through(sight: _Sight, component: int) -> np.ndarray:
    """Pairs of half-edges that a vertical line through a component shows to bound one face each."""
    graph, arcs = sight.graph, sight.chains.arcs
    stop = graph.first[np.flatnonzero(graph.component[graph.tail] == component)[0]]
    curve = int(np.searchsorted(sight.stops.start, stop, side="right")) - 1
    mine = arcs[sight.chains.start[curve] : sight.chains.start[curve + 1]]
    low = np.where(mine["fixed_a"] == 0, mine["line_a"], mine["at_a"])
    high = np.where(mine["fixed_b"] == 0, mine["line_b"], mine["at_b"])
    width = np.where(mine["axis"] == 0, high - low, 0.0)
    best = np.argsort(-width, kind="stable")
    for attempt in range(ATTEMPTS):
        k = best[attempt % min(len(best), 3)]
        share = 0.5 + 0.4 * ((attempt * 0.6180339887) % 1.0 - 0.5)
        u = round((low[k] + share * width[k]) * 2.0**30) / 2.0**30
        try:
            pairs = sight.column(u)
        except ProofError:
            continue
        if (graph.component[graph.tail[pairs >> 1]] == component).any():
            return pairs
    raise ProofError("the face around a closed border is not proven")


# Signs and areas


def _signs(series: Series, graph: Graph, left: np.ndarray, right: np.ndarray, n: int) -> np.ndarray:
    """Packed signs of all functions: at a corner of the window, then across one edge after another."""
    at_corner, certain = signs_at(series, -1.0, -1.0)
    if not certain:
        raise ProofError("the signs at a corner of the window are not proven")
    root = int(left[np.flatnonzero((graph.function == BOTTOM) & (graph.tail == 0))[0]])
    inner = np.flatnonzero(graph.function >= 0)
    ends = np.column_stack([left[inner], right[inner]])
    edge_of = coo_matrix((np.ones(len(inner), np.int32), ends.T), shape=(n, n)).tocsr()
    order, before = breadth_first_order(edge_of, root, directed=False)
    if len(order) != n:
        raise AssertionError("some face has no neighbour")
    low, high = np.sort(ends, axis=1).T
    code = low.astype(np.int64) * n + high
    by_code = np.argsort(code, kind="stable")
    face = order[1:]
    wanted = np.minimum(face, before[face]).astype(np.int64) * n + np.maximum(face, before[face])
    edge = by_code[np.searchsorted(code[by_code], wanted)]
    bits = np.zeros((n, (len(at_corner) + 7) // 8), np.uint8)
    bits[root] = np.packbits(at_corner)
    function = graph.function[inner]
    _spread(bits, face, before, function[edge])
    byte, mask = function >> 3, (128 >> (function & 7)).astype(np.uint8)
    if not ((bits[ends[:, 0], byte] & mask) > 0).all() or (bits[ends[:, 1], byte] & mask).any():
        raise AssertionError("a border has not its function's sides")
    return bits


@njit(cache=True)
def _spread(bits, faces, before, functions):
    for k in range(len(faces)):
        face, function = faces[k], functions[k]
        bits[face] = bits[before[face]]
        bits[face, function >> 3] ^= np.uint8(128 >> (function & 7))


def _areas(
    lines: Polylines, left: np.ndarray, right: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Areas within polylines, and at least how far they are from those within the curves."""
    x, y = lines.points.T
    first, m = lines.start[:-1], np.diff(lines.start)
    cross = np.append(x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)
    size = np.append(np.abs(x[:-1] * y[1:]) + np.abs(x[1:] * y[:-1]), 0.0)
    cross[lines.start[1:] - 1] = size[lines.start[1:] - 1] = 0.0  # between two edges
    swept = np.add.reduceat(cross, first) / 2
    rounding = np.add.reduceat(size, first) * gamma(m + 4.0)
    area, error, total, edges = np.zeros((4, n))
    for face, sign in ((left, 1.0), (right, -1.0)):
        inside = face >= 0
        for sums, of_edge in (
            (area, sign * swept), (error, lines.band + rounding), (total, np.abs(swept)),
            (edges, np.ones(len(m))),
        ):  # fmt: skip
            sums += np.bincount(face[inside], of_edge[inside], minlength=n)
    error = (error + total * gamma(edges + 1)) * SLACK
    return area, error
