"""The faces that a layer makes: half-edges around vertices, cycles, and which cycles bound one face.

A face may have holes: parts of the drawing that hang together with nothing else. A straight line
through such
a part, from one side of the window to the other, runs through one face between two arcs that follow one
another on it, so the two cycles that it leaves and meets bound one face; this reaches the window's
boundary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components

from geomtoy.circles.angles import directions, sort_groups
from geomtoy.circles.cutting import Cutting
from geomtoy.circles.exact import Circle
from geomtoy.circles.maps import Level
from geomtoy.circles.mesh import Circles, Exact, Mesh, Points, Tally, arc_places, successor
from geomtoy.circles.probe import in_order, line_crossings, side_after
from geomtoy.circles.sphere import rational
from geomtoy.circles.topology import cycles, grouped
from geomtoy.circles.vertices import Around


@dataclass(frozen=True, eq=False)
class Edges:
    """Arcs of a mesh in the making; `curve` is that of the layer that made the arc, -1 for a piece of
    an old
    one, whose old faces are `left` and `right` (for a new arc its face, twice)."""

    circle: np.ndarray
    tail: np.ndarray
    head: np.ndarray
    left: np.ndarray
    right: np.ndarray
    curve: np.ndarray


def window_mesh(circles: Circles) -> Mesh:
    """The window as one face: its sides are the first circles; a single side is a whole circle."""
    n = len(circles.rows)
    sides = np.arange(n)
    none = np.full(n, -1)
    if n == 1:
        empty = np.empty(0, np.int64)
        points = Points(np.empty((0, 4)), np.empty((0, 2), np.int64), empty)
        return Mesh(
            points, sides, none, none, np.zeros(1, np.int64), none, 1, empty, np.zeros(1, np.int64)
        )
    both = np.column_stack([np.roll(sides, 1), sides])  # corner k is where side k begins
    geometry = circles.geometry
    where = [
        (*geometry.floats(geometry.meet(circles.exact(int(k)), circles.exact(int(h)), 1)), 2.0**-51)
        for k, h in both
    ]
    points = Points(np.array(where), both, np.ones(n, np.int64))
    leaving = np.column_stack([2 * sides, 2 * np.roll(sides, 1) + 1]).ravel()
    return Mesh(
        points,
        sides,
        sides,
        np.roll(sides, -1),
        np.zeros(n, np.int64),
        none,
        1,
        leaving,
        2 * np.arange(n + 1),
    )


def build(cutting: Cutting, circles: Circles, n_cuts: int, tally: Tally) -> tuple[Mesh, Level]:
    """The mesh after a layer, and the level of its faces."""
    builder = _Builder(cutting, circles, tally)
    mesh, parent = builder.mesh()
    return mesh, Level(parent, builder.bits(mesh, parent, n_cuts))


class _Builder:
    def __init__(self, cutting: Cutting, circles: Circles, tally: Tally) -> None:
        self._cutting, self._circles, self._tally = cutting, circles, tally
        self._edges = _edges(cutting)
        self._points = _distinct(cutting)
        self._exact = Exact(circles, self._points, tally)

    def mesh(self) -> tuple[Mesh, np.ndarray]:
        """The new mesh and the old face of each of its faces."""
        edges = self._edges
        leaving, first = self._rotation()
        cycle = cycles(successor(leaving, first, len(edges.tail)))
        old = np.column_stack([edges.left, edges.right]).ravel()  # of each half-edge
        n = int(cycle.max()) + 1
        outside = np.zeros(n, bool)
        outside[cycle[old < 0]] = True
        face_of = self._join(cycle, n)
        inner = np.unique(face_of[cycle[old >= 0]])
        number = np.full(n, -1)
        number[inner] = np.arange(len(inner))
        face = number[face_of[cycle]]
        face[outside[cycle]] = -1
        parent = np.empty(len(inner), np.int64)
        parent[face[old >= 0]] = old[old >= 0]
        by_parent = np.argsort(parent, kind="stable")
        rank = np.empty(len(inner), np.int64)
        rank[by_parent] = np.arange(len(inner))
        ranked = np.append(rank, -1)
        mesh = Mesh(
            self._points, edges.circle, edges.tail, edges.head, ranked[face[0::2]], ranked[face[1::2]],
            len(inner), leaving, first,
        )  # fmt: skip
        return mesh, parent[by_parent]

    # --- around vertices --------------------------------------------------------------------------

    def _rotation(self) -> tuple[np.ndarray, np.ndarray]:
        """Half-edges that leave each vertex, counter-clockwise: (leaving, first)."""
        edges = self._edges
        half = np.arange(2 * len(edges.tail))
        vertex = np.column_stack([edges.tail, edges.head]).ravel()
        half, vertex = half[vertex >= 0], vertex[vertex >= 0]
        by_vertex = np.argsort(vertex, kind="stable")
        half, vertex = half[by_vertex], vertex[by_vertex]
        first = grouped(vertex, len(self._points))
        circle = edges.circle[half >> 1]
        where = self._points.where if len(self._points) else np.zeros((1, 4))
        key, error, doubt = directions(first, half, circle, vertex, where, self._circles.rows)
        order, clusters = sort_groups(first, key, error)
        vague = np.unique(np.concatenate([vertex[order[clusters[:, 0]]], vertex[doubt > 0]]))
        for v in vague.tolist():
            some = np.arange(first[v], first[v + 1])
            if len(some) > 2:  # two have but one cyclic order
                rays = [(int(circle[i]), 1 - 2 * int(half[i] & 1)) for i in some]
                order[some] = some[Around(self._circles, self._exact.point(v)).sorted(rays)]
                self._tally.rational += len(some)
        return half[order], first

    # --- faces with holes -------------------------------------------------------------------------

    def _join(self, cycle: np.ndarray, n: int) -> np.ndarray:
        """The least cycle of the face of each cycle."""
        edges = self._edges
        ends = np.column_stack([edges.tail, edges.head])
        n_points, E = len(self._points), len(edges.tail)
        links = np.concatenate([np.column_stack([n_points + np.arange(E), ends[:, k]]) for k in (0, 1)])
        links = links[links[:, 1] >= 0]
        graph = coo_matrix((np.ones(len(links), np.int8), links.T), shape=(n_points + E,) * 2)
        part = connected_components(graph, directed=False)[1][n_points:]
        sides = (edges.left < 0) | (edges.right < 0)
        linked = np.zeros(part.max() + 1, bool)
        linked[part[sides]] = True
        same = [np.empty((0, 2), np.int64)]
        while not linked[part].all():
            target = int(np.flatnonzero(~linked[part])[0])
            pairs, crossed = self._probe(target)
            same.append(cycle[pairs])
            linked[part[crossed]] = True
        joined = np.concatenate(same)
        graph = coo_matrix((np.ones(len(joined), np.int8), joined.T), shape=(n, n))
        label = connected_components(graph, directed=False)[1]
        least = np.full(label.max() + 1, n)
        np.minimum.at(least, label, np.arange(n))
        found: np.ndarray = least[label]
        return found

    def _probe(self, target: int) -> tuple[np.ndarray, np.ndarray]:
        """Half-edges (m, 2) that bound one face, two and two along a line across an arc; the arcs it
        crosses."""
        for attempt in range(64):
            line = self._line_across(target, attempt)
            crossed = line_crossings(self._exact, self._edges, line)
            if crossed is not None and any(e == target for e, _, _ in crossed):
                break
        else:
            raise AssertionError("no line across an arc avoids the vertices")
        inside = [side_after(crossed[i]) for i in in_order(self._circles.geometry, line, crossed)]
        before = [half ^ 1 for half in inside]
        pairs = [
            (inside[i - 1], before[i])
            for i in range(len(inside))
            if not self._is_outside(inside[i - 1]) and not self._is_outside(before[i])
        ]
        return np.array(pairs, np.int64).reshape(-1, 2), np.array([e for e, _, _ in crossed])

    def _is_outside(self, half: int) -> bool:
        old = self._edges.right if half & 1 else self._edges.left
        return bool(old[half >> 1] < 0)

    def _line_across(self, edge: int, attempt: int) -> Circle:
        """A straight line that crosses an arc near its middle, nearly at a right angle."""
        row = self._circles.rows[self._edges.circle[edge]]
        tail, head = int(self._edges.tail[edge]), int(self._edges.head[edge])
        place = arc_places(row, self._points.where, tail, head, 3)[1]
        normal = np.cross(place, row[:3]) + 0.01 * attempt * np.array([0.3, -0.5, 0.7])
        roots = self._circles.geometry.roots
        m = [rational(x) * root for x, root in zip(normal.tolist(), roots, strict=True)]
        return Circle((m[0], m[1], m[2]), fmpq(0))

    # --- patterns ---------------------------------------------------------------------------------

    def bits(self, mesh: Mesh, parent: np.ndarray, n_cuts: int) -> np.ndarray:
        """Packed bits of all cuts on each face: known on one child of each old face, then across
        arcs."""
        cutting = self._cutting
        first_child = np.searchsorted(parent, np.arange(cutting.mesh.n_faces))
        bits = np.zeros((mesh.n_faces, (n_cuts + 7) // 8), np.uint8)
        bits[first_child] = np.packbits(self._root_signs(mesh, first_child, n_cuts) > 0, axis=1)
        flips = _flips(cutting, n_cuts)
        new = np.flatnonzero(self._edges.curve >= 0)
        ends = np.sort(np.column_stack([mesh.left[new], mesh.right[new]]), axis=1)
        root = mesh.n_faces  # a face beside the first child of every old face
        code, one = np.unique(ends[:, 0] * (root + 1) + ends[:, 1], return_index=True)
        rows = np.concatenate([ends[one, 0], np.full(len(first_child), root)])
        columns = np.concatenate([ends[one, 1], first_child])
        graph = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(root + 1,) * 2)
        order, before = breadth_first_order(graph.tocsr(), root, directed=False)
        if len(order) != root + 1:
            raise AssertionError("some face has no neighbour")
        face = order[before[order] < root]
        face = face[before[face] >= 0]
        low, high = np.minimum(face, before[face]), np.maximum(face, before[face])
        edge = new[one[np.searchsorted(code, low * (root + 1) + high)]]
        for f, p, curve in zip(face, before[face], self._edges.curve[edge], strict=True):
            bits[f] = bits[p] ^ flips[curve]
        return bits

    def _root_signs(self, mesh: Mesh, first_child: np.ndarray, n_cuts: int) -> np.ndarray:
        """Signs (old faces, cuts) of the old faces' functions on their first children."""
        cutting, edges = self._cutting, self._edges
        n_old = len(cutting.mesh.points)
        old_vertex = np.full(len(self._points) + 1, -1)
        old_vertex[cutting.label[:n_old]] = np.arange(n_old)
        vertex = np.full(mesh.n_faces + 1, -1)
        for ends in (edges.tail, edges.head):
            v = old_vertex[ends]
            for face in (mesh.left, mesh.right):
                vertex[face[v >= 0]] = v[v >= 0]
        v = vertex[first_child]
        signs = np.where((v >= 0)[:, None], cutting.signs[v] if n_old else 0, 0).astype(np.int8)
        constant = cutting.kinds == 0
        signs = np.where(constant, np.sign(cutting.rows[:, :, 3]), signs).astype(np.int8)
        for parent, cut in np.argwhere((signs == 0) & ~constant).tolist():
            signs[parent, cut] = self._sign_inside(mesh, int(first_child[parent]), parent, cut)
        return signs

    def _sign_inside(self, mesh: Mesh, child: int, face: int, cut: int) -> int:
        """Sign of a function of an old face just inside a child, along one of the child's arcs."""
        geometry = self._circles.geometry
        k = self._circles.maker(self._cutting.layer, face, cut)
        e = int(np.flatnonzero((mesh.left == child) | (mesh.right == child))[0])
        on_left = mesh.left[e] == child
        g = self._circles.exact(int(mesh.circle[e]))
        relation = geometry.relation(k, g)
        if relation == 3:
            return geometry.same_side(k, g) * (1 if on_left else -1)
        if mesh.tail[e] < 0 or relation < 2:
            return geometry.mean_sign(k, g)
        point = self._exact.point(int(mesh.tail[e]))
        here = geometry.side(k, point)
        return here or geometry.turn(k, g, point)


def _edges(cutting: Cutting) -> Edges:
    """Old arcs cut at their points, then the new ones."""
    mesh, label = cutting.mesh, cutting.label
    number = np.diff(cutting.edge_start)
    whole = mesh.tail < 0
    pieces = np.where(whole, np.maximum(number, 1), number + 1)
    edge = np.repeat(np.arange(len(mesh.tail)), pieces)
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    inner = np.append(label[cutting.edge_node], -1)
    begin = cutting.edge_start[:-1][edge]
    ends = np.append(label, -1)
    last = nth == pieces[edge] - 1
    tail = np.where(nth == 0, ends[mesh.tail[edge]], inner[begin + nth - 1])
    head = np.where(last, ends[mesh.head[edge]], inner[np.minimum(begin + nth, len(inner) - 1)])
    split = whole[edge] & (number[edge] > 0)
    tail = np.where(split, inner[np.minimum(begin + nth, len(inner) - 1)], tail)
    after = np.where(last, begin, begin + nth + 1)
    head = np.where(split, inner[np.minimum(after, len(inner) - 1)], head)
    untouched = whole[edge] & (number[edge] == 0)
    tail, head = np.where(untouched, -1, tail), np.where(untouched, -1, head)
    curve = cutting.arcs[:, 0]
    own = cutting.curves.face[curve]
    new = ends[cutting.arcs[:, 1:]]
    return Edges(
        np.concatenate([mesh.circle[edge], cutting.curves.circle[curve]]),
        np.concatenate([tail, new[:, 0]]),
        np.concatenate([head, new[:, 1]]),
        np.concatenate([mesh.left[edge], own]),
        np.concatenate([mesh.right[edge], own]),
        np.concatenate([np.full(len(edge), -1), curve]),
    )


def _distinct(cutting: Cutting) -> Points:
    """One node for each distinct point, the one that float64 knows best."""
    live = np.flatnonzero(cutting.label >= 0)
    best_last = live[np.argsort(-cutting.points.where[live, 3], kind="stable")]
    chosen = np.empty(cutting.n_points, np.int64)
    chosen[cutting.label[best_last]] = best_last
    return cutting.points[chosen]


def _flips(cutting: Cutting, n_cuts: int) -> np.ndarray:
    """Packed bits that change across each curve: its own cut's and its twins'."""
    curves = cutting.curves
    flips = np.zeros((len(curves.face), n_cuts), np.uint8)
    flips[curves.twin, curves.cut] = 1
    packed: np.ndarray = np.packbits(flips, axis=1)
    return packed
