"""Where the functions of one layer cut the faces of a mesh: events on arcs and inside, and their order.

The numbers enter through signs at vertices, the number of common points of two circles, and the order of
points along a circle, each in float64 first and in rationals where that is silent. On an arc most events
follow from the signs at its ends; a function has two zeros on a circle at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key

import numpy as np
from flint import fmpq
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geomtoy.circles import kernels
from geomtoy.circles.exact import Circle, Point, Triple, compare, cross, dot, sign_of
from geomtoy.circles.maps import FaceMaps, Maps
from geomtoy.circles.mesh import Circles, Exact, Mesh, Points, Tally
from geomtoy.circles.probe import Boundary, inside_arc, line_crossings
from geomtoy.circles.topology import UNKNOWN, arcs, grouped
from geomtoy.circles.vertices import Corner

by_angle = cmp_to_key(compare)
FINE = 2.0**-51
COARSE = 1e-9
"""Rows that float64 knows less well than this are rounded from the exact functions."""


@dataclass(frozen=True, eq=False)
class Curves:
    """The circles of a layer that meet faces: curve q is circle `circle[q]`, of `cut[q]` on `face[q]`.

    `twin[q]` is the first curve on the same circle of the same face; `alike[q]` is -1 where the
    functions have
    opposite signs.
    """

    face: np.ndarray
    cut: np.ndarray
    circle: np.ndarray
    twin: np.ndarray
    alike: np.ndarray


@dataclass(frozen=True, eq=False)
class Cutting:
    """What a layer adds to a mesh.

    Args:
        points: of all nodes; the first are the mesh's vertices.
        label: (nodes,) the distinct point of each node, -1 where no arc ends.
        edge_start, edge_node: nodes inside each old arc, in order, one for each distinct point.
        arcs: (k, 3) rows (curve, tail node, head node); (curve, -1, -1) for a whole circle.
        signs: (V, n) at old vertices.
    """

    mesh: Mesh
    layer: int
    curves: Curves
    points: Points
    label: np.ndarray
    n_points: int
    edge_start: np.ndarray
    edge_node: np.ndarray
    arcs: np.ndarray
    signs: np.ndarray
    kinds: np.ndarray
    rows: np.ndarray

    def count(self) -> int:
        """Faces inside the window by Euler's relation, without building them: E - V + C."""
        mesh = self.mesh
        edges = len(mesh.tail) + len(self.edge_node) + len(self.arcs)
        first = np.diff(self.edge_start) > 0
        edges -= int((first & (mesh.tail < 0)).sum())  # a circle's first point does not split it
        pairs = self._links()
        graph = coo_matrix((np.ones(len(pairs), np.int8), pairs.T), shape=(self.n_points,) * 2)
        parts = connected_components(graph, directed=False)[0] if self.n_points else 0
        return edges - self.n_points + parts  # circles without points add one each

    def _links(self) -> np.ndarray:
        """Pairs of distinct points that arcs join."""
        mesh, label = self.mesh, self.label
        real = self.arcs[self.arcs[:, 1] >= 0]
        found = [label[real[:, 1:]]]
        edge = np.repeat(np.arange(len(mesh.tail)), np.diff(self.edge_start))
        inner = label[self.edge_node]
        follow = np.flatnonzero(edge[1:] == edge[:-1])
        found.append(np.column_stack([inner[follow], inner[follow + 1]]))
        has = mesh.tail >= 0
        split = np.diff(self.edge_start) > 0
        plain = has & ~split
        found.append(np.column_stack([label[mesh.tail[plain]], label[mesh.head[plain]]]))
        cut = has & split
        first, last = inner[self.edge_start[:-1][cut]], inner[self.edge_start[1:][cut] - 1]
        found += [
            np.column_stack([label[mesh.tail[cut]], first]),
            np.column_stack([last, label[mesh.head[cut]]]),
        ]
        return np.concatenate(found)


@dataclass(frozen=True, eq=False)
class EdgeEvents:
    """Points inside old arcs where a function of the owner face vanishes."""

    edge: np.ndarray
    cut: np.ndarray
    branch: np.ndarray
    where: np.ndarray


class Cutter:
    """Cuts one mesh with one layer."""

    def __init__(
        self, mesh: Mesh, layer: int, values: FaceMaps, maps: Maps, circles: Circles, tally: Tally
    ):
        self._mesh, self._layer, self._maps, self._circles = mesh, layer, maps, circles
        self._geometry = circles.geometry
        self._tally = tally
        self._old = Exact(circles, mesh.points)
        self._owner = np.where(mesh.left >= 0, mesh.left, mesh.right)
        rows, error = maps.cut_rows(layer, values)
        F, n = error.shape
        flat, kind = kernels.normalise(rows.reshape(F * n, 4), error.ravel())
        self._rows, self._kinds = flat.reshape(F, n, 5), kind.reshape(F, n)
        self._refine()

    def run(self) -> Cutting:
        mesh = self._mesh
        signs = self._vertex_signs()
        events = self._edge_events(signs)
        touch_face, touch_cut, touch_vertex = self._at_vertices(signs)
        curves = self._curves(signs, events, touch_face, touch_cut)
        curves, keep = self._without_twins(curves)
        first_edge = len(mesh.points)
        inner, curve_a, curve_b = self._meetings(curves, keep)
        edge_points = self._edge_points(events, curves)
        points = Points.join(mesh.points, edge_points, inner)
        exact = Exact(self._circles, points, self._tally)

        index = _index(curves, self._kinds.shape[1])
        entries = [
            self._edge_entries(events, index, keep, first_edge),
            self._vertex_entries(curves, index, keep, touch_face, touch_cut, touch_vertex),
        ]
        node = np.arange(first_edge + len(edge_points), len(points))
        unknown = np.full(2 * len(node), UNKNOWN)
        entries.append((np.concatenate([curve_a, curve_b]), np.tile(node, 2), unknown, unknown))
        curve, node, before, after = (np.concatenate(part) for part in zip(*entries, strict=True))
        by_curve = np.argsort(curve, kind="stable")
        curve, node, before, after = curve[by_curve], node[by_curve], before[by_curve], after[by_curve]
        live = np.flatnonzero(keep)
        start = np.searchsorted(curve, np.append(live, len(keep)))
        order, tied = self._order(curves.circle[live], start, node, exact)
        found, used, broken = arcs(start, order, tied, node, before, after)
        if broken >= 0:
            raise AssertionError(f"the events of curve {live[broken]} contradict each other")
        found[:, 0] = live[found[:, 0]]
        ties = [np.column_stack([node[order[np.flatnonzero(tied) - 1]], node[order[tied]]])]

        edge_start, edge_node, edge_ties, edge_lead = self._along_edges(events, first_edge, exact)
        ties.append(edge_ties)
        label, n_points = _labels(len(points), first_edge, node[used], np.concatenate(ties))
        seen = label[edge_node] >= 0
        kept = edge_lead & seen
        begins = np.concatenate([[0], np.cumsum(kept)])[edge_start]
        return Cutting(
            mesh, self._layer, curves, points, label, n_points, begins, edge_node[kept], found, signs,
            self._kinds, self._rows,
        )  # fmt: skip

    # --- functions and signs ----------------------------------------------------------------------

    def _circle(self, face: int, cut: int) -> Circle:
        return self._maps.circle(self._layer, face, cut)

    def _refine(self) -> None:
        """Round again, from the exact functions, what float64 does not know well."""
        rows, kinds = self._rows, self._kinds
        vague = np.argwhere((kinds == kernels.UNDECIDED) | (rows[:, :, 4] > COARSE))
        for face, cut in vague.tolist():
            exact = self._circle(face, cut)
            rows[face, cut, :4] = row = self._geometry.row(exact)
            rows[face, cut, 4] = FINE if any(row) else 0.0
            kinds[face, cut] = 1 if self._geometry.is_circle(exact) > 0 else 0
        self._tally.decided += kinds.size
        self._tally.rational += len(vague)

    def _vertex_signs(self) -> np.ndarray:
        mesh, n = self._mesh, self._kinds.shape[1]
        face, vertex = mesh.corners
        owner = np.zeros(len(mesh.points), np.int64)
        owner[vertex[::-1]] = face[::-1]
        signs = np.zeros((len(mesh.points), n), np.int8)
        kernels.vertex_signs(mesh.points.where, owner, self._rows, 0, signs)
        constant = self._kinds[owner] == 0
        signs = np.where(constant, np.sign(self._rows[owner, :, 3]), signs).astype(np.int8)
        open_pairs = np.argwhere(signs == kernels.UNDECIDED)
        for v, i in open_pairs.tolist():
            signs[v, i] = self._geometry.side(self._circle(int(owner[v]), i), self._old.point(v))
        self._tally.decided += signs.size
        self._tally.rational += len(open_pairs)
        return signs

    # --- events on old arcs -----------------------------------------------------------------------

    def _edge_events(self, signs: np.ndarray) -> EdgeEvents:
        mesh, rows = self._mesh, self._circles.rows
        P = mesh.points.where if len(mesh.points) else np.zeros((1, 4))
        length = kernels.arc_lengths(mesh.tail, mesh.head, mesh.circle, P, rows)
        found, where, doubt = kernels.edge_events(
            mesh.tail,
            mesh.head,
            mesh.circle,
            self._owner,
            length,
            P,
            rows,
            signs,
            self._rows,
            self._kinds,
            0,
        )
        self._tally.decided += len(mesh.tail) * self._kinds.shape[1]
        self._tally.rational += len(doubt)
        more, places = [], []
        for e, i in doubt.tolist():
            for one in inside_arc(self._old, mesh, e, self._circle(int(self._owner[e]), i)):
                more.append((e, i, one.branch))
                places.append((*self._geometry.floats(one.point), FINE))
        if more:
            found, where = np.concatenate([found, more]), np.concatenate([where, places])
        return EdgeEvents(found[:, 0], found[:, 1], found[:, 2], where)

    def _at_vertices(self, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Faces, cuts and vertices where a circle of a face passes through a vertex of the face."""
        face, vertex = self._mesh.corners
        at, cut = np.nonzero((signs[vertex] == 0) & (self._kinds[face] == 1))
        return face[at], cut, vertex[at]

    # --- which circles are there ------------------------------------------------------------------

    def _curves(
        self, signs: np.ndarray, events: EdgeEvents, touch_face: np.ndarray, touch_cut: np.ndarray
    ) -> Curves:
        mesh, (F, n) = self._mesh, self._kinds.shape
        met = np.zeros((F, n), bool)
        for face in (mesh.left, mesh.right):
            some = face[events.edge]
            met[some[some >= 0], events.cut[some >= 0]] = True
        met &= self._kinds == 1
        met[touch_face, touch_cut] = True
        for f, i in self._loop_candidates(signs, met):
            met[f, i] = self._is_loop(int(f), int(i), signs)
        face, cut = np.nonzero(met)
        first = self._circles.append(self._rows[face, cut], self._layer, face, cut)
        circle = first + np.arange(len(face))
        return Curves(face, cut, circle, np.arange(len(face)), np.ones(len(face), np.int64))

    def _walls(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(start, circle, side): the circles that bound each face, once each."""
        start, edge, side = self._mesh.sides
        face = np.repeat(np.arange(self._mesh.n_faces), np.diff(start))
        walls = np.unique(np.column_stack([face, self._mesh.circle[edge], side]), axis=0)
        return np.searchsorted(walls[:, 0], np.arange(self._mesh.n_faces + 1)), walls[:, 1], walls[:, 2]

    def _loop_candidates(self, signs: np.ndarray, met: np.ndarray) -> np.ndarray:
        face, vertex = self._mesh.corners
        corner = np.full(self._mesh.n_faces, -1)
        corner[face[::-1]] = vertex[::-1]
        start, circle, side = self._walls()
        found: np.ndarray = kernels.loops(
            self._rows, self._kinds, met, corner, signs, self._circles.rows[circle], side, start
        )
        return found

    def _is_loop(self, face: int, cut: int, signs: np.ndarray) -> bool:
        """Whether a circle that misses a face's boundary lies inside the face."""
        k, geometry = self._circle(face, cut), self._geometry
        circle, side = self._walls_of(face)
        vertices = self._vertices_of(face)
        if len(vertices):
            s = int(signs[vertices[0], cut])
        else:
            wall = self._circles.exact(int(circle[0]))
            if geometry.relation(k, wall) == 3:
                return False
            s = geometry.mean_sign(k, wall)
        x, y, z = (-s * m / d for m, d in zip(k.m, geometry.D, strict=True))
        pole = (x, y, z)
        size = geometry.product(k, k)
        for g, on in zip(circle.tolist(), side.tolist(), strict=True):
            wall = self._circles.exact(g)
            if sign_of(dot(wall.m, pole), wall.c, size) != on:
                return False
        return pole[2] > 0 and (self._layer == 1 or self._holds(face, pole))

    def _walls_of(self, face: int) -> tuple[np.ndarray, np.ndarray]:
        start, edge, side = self._mesh.sides
        own = slice(start[face], start[face + 1])
        walls = np.unique(np.column_stack([self._mesh.circle[edge[own]], side[own]]), axis=0)
        return walls[:, 0], walls[:, 1]

    def _vertices_of(self, face: int) -> np.ndarray:
        faces, vertex = self._mesh.corners
        found: np.ndarray = vertex[np.searchsorted(faces, face) : np.searchsorted(faces, face + 1)]
        return found

    def _holds(self, face: int, pole: Triple) -> bool:
        """Whether a place of the half sphere lies in a face.

        If it does, a half great circle from it to its antipode, which lies in no face, crosses the
        face's boundary an odd number of times.
        """
        mesh, geometry = self._mesh, self._geometry
        start, edge, _ = mesh.sides
        own = edge[start[face] : start[face + 1]]
        boundary = Boundary(mesh.circle[own], mesh.tail[own], mesh.head[own])
        for attempt in range(64):
            aim = (fmpq(attempt * 7 + 1), fmpq(3 - 2 * attempt), fmpq(attempt * attempt + 2))
            beside = (fmpq(2 * attempt + 5), fmpq(attempt + 3), fmpq(-1 - attempt))
            line, half = (Circle(cross(pole, q), fmpq(0)) for q in (aim, beside))
            if all(x == 0 for x in line.m) or geometry.relation(line, half) == 3:
                continue
            crossed = line_crossings(self._old, boundary, line)
            if crossed is not None:
                return sum(geometry.side(half, one.point) > 0 for one in crossed) % 2 == 1
        raise AssertionError(f"no line through a place in face {face} avoids the vertices")

    def _without_twins(self, curves: Curves) -> tuple[Curves, np.ndarray]:
        """Curves on one circle are told apart no longer; `keep` marks the first of each."""
        start = np.searchsorted(curves.face, np.arange(self._mesh.n_faces + 1))
        rows = self._circles.rows[curves.circle]
        keep = np.ones(len(curves.face), bool)
        for a, b in kernels.alike(rows, start).tolist():
            if not (keep[a] and keep[b]):
                continue
            k, h = (self._circles.exact(int(curves.circle[q])) for q in (a, b))
            self._tally.rational += 1
            if self._geometry.relation(k, h) == 3:
                keep[b] = False
                curves.twin[b] = a
                curves.alike[b] = self._geometry.same_side(k, h)
        return curves, keep

    # --- events inside faces ----------------------------------------------------------------------

    def _meetings(self, curves: Curves, keep: np.ndarray) -> tuple[Points, np.ndarray, np.ndarray]:
        """Common points of two curves of a face, but for those certainly outside it; and the two
        curves."""
        live = np.flatnonzero(keep)
        rows = self._circles.rows[curves.circle[live]]
        start = np.searchsorted(curves.face[live], np.arange(self._mesh.n_faces + 1))
        wall_start, circle, side = self._walls()
        walls = self._circles.rows[circle]
        found, where, doubt = kernels.pairs(rows, start, walls, side, wall_start, 0, len(rows))
        sizes = np.diff(start)
        self._tally.decided += int((sizes * (sizes - 1) // 2).sum())
        self._tally.rational += len(doubt)
        more, places = [], []
        for a, b in doubt.tolist():
            face = int(curves.face[live[a]])
            for branch, point in self._common(int(curves.circle[live[a]]), int(curves.circle[live[b]])):
                own = slice(wall_start[face], wall_start[face + 1])
                if not self._parted(point, circle[own], side[own]):
                    more.append((a, b, branch))
                    places.append((*self._geometry.floats(point), FINE))
        if more:
            found, where = np.concatenate([found, more]), np.concatenate([where, places])
        a, b = live[found[:, 0]], live[found[:, 1]]
        both = np.column_stack([curves.circle[a], curves.circle[b]])
        return Points(where, both, found[:, 2]), a, b

    def _common(self, k: int, h: int) -> list[tuple[int, Point]]:
        exact, geometry = self._circles.exact, self._geometry
        branches = {1: (0,), 2: (-1, 1)}.get(geometry.relation(exact(k), exact(h)), ())
        return [(branch, geometry.meet(exact(k), exact(h), branch)) for branch in branches]

    def _parted(self, point: Point, circle: np.ndarray, side: np.ndarray) -> bool:
        return any(
            self._geometry.side(self._circles.exact(g), point) == -s
            for g, s in zip(circle.tolist(), side.tolist(), strict=True)
        )

    # --- events along curves and arcs -------------------------------------------------------------

    def _edge_points(self, events: EdgeEvents, curves: Curves) -> Points:
        index = _index(curves, self._kinds.shape[1])
        owner = index[self._owner[events.edge] * self._kinds.shape[1] + events.cut]
        both = np.column_stack([curves.circle[owner], self._mesh.circle[events.edge]])
        return Points(events.where, both, events.branch)

    def _edge_entries(
        self, events: EdgeEvents, index: np.ndarray, keep: np.ndarray, first: int
    ) -> tuple[np.ndarray, ...]:
        """(curve, node, before, after) of the points on arcs, for the curves on both sides."""
        parts = []
        node = first + np.arange(len(events.edge))
        for face, side in ((self._mesh.left[events.edge], 1), (self._mesh.right[events.edge], -1)):
            curve = np.where(face >= 0, index[face * self._kinds.shape[1] + events.cut], -1)
            mine = (curve >= 0) & keep[curve]
            enters = -events.branch * side > 0
            before, after = ~enters, enters
            for j in np.flatnonzero(mine & (events.branch == 0)):
                g = self._circles.exact(int(self._mesh.circle[events.edge[j]]))
                k = self._circle(int(face[j]), int(events.cut[j]))
                before[j] = after[j] = self._geometry.mean_sign(g, k) == side
            parts.append((curve[mine], node[mine], before[mine].astype(int), after[mine].astype(int)))
        return tuple(np.concatenate(part) for part in zip(*parts, strict=True))

    def _vertex_entries(
        self,
        curves: Curves,
        index: np.ndarray,
        keep: np.ndarray,
        face: np.ndarray,
        cut: np.ndarray,
        vertex: np.ndarray,
    ) -> tuple[np.ndarray, ...]:
        """(curve, node, before, after) of the old vertices that curves pass through."""
        curve = index[face * self._kinds.shape[1] + cut]
        mine = keep[curve]
        curve, vertex = curve[mine], vertex[mine]
        before, after = np.empty(len(curve), int), np.empty(len(curve), int)
        for j, (q, v) in enumerate(zip(curve.tolist(), vertex.tolist(), strict=True)):
            corner = Corner(self._mesh, self._circles, self._old.point(v), v)
            own = int(curves.face[q])
            after[j] = corner.face_along(int(curves.circle[q]), 1) == own
            before[j] = corner.face_along(int(curves.circle[q]), -1) == own
        self._tally.rational += len(curve)
        return curve, vertex, before, after

    def _order(
        self, circle: np.ndarray, start: np.ndarray, node: np.ndarray, exact: Exact
    ) -> tuple[np.ndarray, np.ndarray]:
        """Events of each circle in order along it, and which are tied to the one before."""
        of = np.repeat(circle, np.diff(start))
        key, error, doubt = kernels.keys(self._circles.rows, of, node, exact.points.where)
        for j in np.flatnonzero(doubt):
            half = exact.position(int(of[j]), int(node[j])).half
            if np.isfinite(error[j]):
                key[j], error[j] = (4.0 if half else 0.0), error[j] + abs(key[j] - round(key[j] / 4) * 4)
        order, clusters = kernels.sort_groups(start, key, error)
        tied = np.zeros(len(order), bool)
        for low, high in clusters.tolist():
            members = order[low:high].tolist()
            position = {j: exact.position(int(of[j]), int(node[j])) for j in members}
            members.sort(key={j: by_angle(place) for j, place in position.items()}.__getitem__)
            order[low:high] = members
            for i in range(1, len(members)):
                tied[low + i] = compare(position[members[i - 1]], position[members[i]]) == 0
        self._tally.decided += len(order)
        self._tally.rational += int((clusters[:, 1] - clusters[:, 0]).sum())
        return order, tied

    def _along_edges(
        self, events: EdgeEvents, first: int, exact: Exact
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Nodes of each old arc in order from its tail: CSR (start, node), tied pairs, and the first
        of each."""
        mesh = self._mesh
        by_edge = np.argsort(events.edge, kind="stable")
        start = grouped(events.edge, len(mesh.tail))
        node = first + by_edge
        order, tied = self._order(mesh.circle, start, node, exact)
        order = self._from_tail(start, order, tied, node, exact)
        lead = ~tied
        place = np.flatnonzero(tied)
        ties = np.column_stack([node[order[place - 1]], node[order[place]]])
        return start, node[order], ties, lead

    def _from_tail(
        self, start: np.ndarray, order: np.ndarray, tied: np.ndarray, node: np.ndarray, exact: Exact
    ) -> np.ndarray:
        """Turn each arc's order, which starts at the circle's axis, so that it starts at the arc's
        tail."""
        mesh = self._mesh
        order = order.copy()
        for e in np.flatnonzero((np.diff(start) > 1) & (mesh.tail >= 0)).tolist():
            low, high = int(start[e]), int(start[e + 1])
            circle, tail = int(mesh.circle[e]), int(mesh.tail[e])
            row = self._circles.rows[circle]
            P = mesh.points.where
            a, ea, _ = kernels.key_of(row, P[tail], P[tail, 3])
            some = exact.points.where[node[order[low:high]]]
            turn = 0
            for j in range(high - low):
                b, eb, _ = kernels.key_of(row, some[j], some[j, 3])
                if abs(a - b) > ea + eb and 1e-6 < b < 4 - 1e-6 and 1e-6 < a < 4 - 1e-6:
                    before = b < a
                else:
                    i = int(node[order[low + j]])
                    before = compare(exact.position(circle, i), self._old.position(circle, tail)) < 0
                turn += before
            order[low:high] = np.roll(order[low:high], -turn)
            tied[low:high] = np.roll(tied[low:high], -turn)
        return order


def _index(curves: Curves, n: int) -> np.ndarray:
    """Curve of face * n + cut, -1 if there is none."""
    faces = int(curves.face.max(initial=-1)) + 1
    index = np.full(max(1, (faces + 1) * n), -1)
    index[curves.face * n + curves.cut] = np.arange(len(curves.face))
    return index


def _labels(n: int, old: int, used: np.ndarray, ties: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the distinct points among the old vertices and the used nodes."""
    alive = np.zeros(n, bool)
    alive[:old] = True
    alive[used] = True
    root = np.arange(n)
    if len(ties):
        graph = coo_matrix((np.ones(len(ties), np.int8), ties.T), shape=(n, n))
        _, part = connected_components(graph, directed=False)
        least = np.full(part.max() + 1, n)
        np.minimum.at(least, part, np.arange(n))
        root = least[part]
        joined = np.zeros(n, bool)
        joined[root[alive]] = True
        alive = joined[root]
    leads = alive & (root == np.arange(n))
    number = np.cumsum(leads) - 1
    return np.where(alive, number[root], -1), int(leads.sum())
