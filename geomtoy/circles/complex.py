"""The result behind a norm: vertices, arcs and faces, and what the network does on each face."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geomtoy.circles.certify import Certificate, certify
from geomtoy.circles.enumerate import Subdivision
from geomtoy.circles.exact import Point
from geomtoy.circles.filter import SLACK, U
from geomtoy.circles.locate import locate
from geomtoy.circles.mesh import Exact, arc_places, successor
from geomtoy.normed import NormedNetwork
from geomtoy.picture import Picture


class CircleComplex(Picture):
    """The exact subdivision of a window into activation regions, behind a norm.

    Borders are arcs of circles of the sphere in `sphere`: on the slice, arcs of conics (straight where a
    unit's bias cancels). A face need not be convex or simply connected, and one pattern may have several
    faces. The structure is exact; float arrays are near the exact numbers, vertices within
    `vertex_error` on the
    sphere. A linear region is a connected union of faces on which the output is one affine map of the
    normalised vector (not of the input: the deviation varies within a region).
    """

    certified = True

    def __init__(self, subdivision: Subdivision) -> None:
        self.subdivision = subdivision
        self._mesh = subdivision.mesh

    def __repr__(self) -> str:
        return f"CircleComplex({self.n_cells} cells, {self.n_edges} arcs, {self.n_vertices} vertices)"

    def __len__(self) -> int:
        return self.n_cells

    @property
    def network(self) -> NormedNetwork:
        return self.subdivision.sphere.network

    @property
    def marks(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """Slice coordinates of the points that pictures show: those of `Slice.through`."""
        slice = self.subdivision.sphere.slice
        return () if slice is None else slice.marks

    # --- topology ---------------------------------------------------------------------------------

    @property
    def n_vertices(self) -> int:
        return len(self._mesh.points)

    @property
    def n_edges(self) -> int:
        return len(self._mesh.tail)

    @property
    def n_cells(self) -> int:
        return self._mesh.n_faces

    @property
    def edges(self) -> np.ndarray:
        """(E, 2) vertices of each arc; both -1 for a whole circle without vertices."""
        return np.column_stack([self._mesh.tail, self._mesh.head])

    @property
    def edge_cells(self) -> np.ndarray:
        """(E, 2) cells left and right of each arc, -1 for the outside."""
        return np.column_stack([self._mesh.left, self._mesh.right])

    @property
    def edge_layer(self) -> np.ndarray:
        """(E,) hidden layer (from 1) whose unit makes the arc; 0 for a side of the window."""
        return self.subdivision.circles.layer[self._mesh.circle]

    @property
    def edge_unit(self) -> np.ndarray:
        """(E,) unit that makes the arc (of twins, the first), or the side of the window."""
        unit, layer = self.subdivision.circles.cut[self._mesh.circle], self.edge_layer
        for hidden, cuts in enumerate(self.subdivision.maps.cuts, start=1):
            unit[layer == hidden] = cuts.unit[unit[layer == hidden]]
        return unit

    def cell_edges(self, cell: int) -> np.ndarray:
        """Arcs on the boundary of a cell."""
        start, edge, _ = self._mesh.sides
        return edge[start[:-1][cell] : start[1:][cell]]

    def neighbours(self, cell: int) -> np.ndarray:
        """Cells across the arcs of a cell, in the order of `cell_edges`."""
        across = self.edge_cells[self.cell_edges(cell)].sum(axis=1) - range(self.n_cells)[cell]
        return across[(self.edge_cells[self.cell_edges(cell)] >= 0).all(axis=1)]

    @cached_property
    def _cycles(self) -> list[list[list[int]]]:
        """For each cell its boundary cycles, lists of half-edges in order."""
        mesh = self._mesh
        after = successor(mesh.leaving, mesh.first_leaving, self.n_edges)
        face = self.edge_cells.ravel()
        seen = np.zeros(len(after), bool)
        found: list[list[list[int]]] = [[] for _ in range(self.n_cells)]
        for h in range(len(after)):
            if face[h] < 0 or seen[h]:
                continue
            cycle, i = [], h
            while not seen[i]:
                seen[i] = True
                cycle.append(i)
                i = int(after[i])
            found[face[h]].append(cycle)
        return found

    def n_holes(self, cell: int) -> int:
        """Boundary cycles of a cell beyond the outer one."""
        return len(self._cycles[cell]) - 1

    # --- coordinates ------------------------------------------------------------------------------

    @cached_property
    def vertices(self) -> np.ndarray:
        """(V, 2) float64, slice coordinates; infinite for a vertex on the rim of the whole plane."""
        return self.subdivision.sphere.to_slice(self._mesh.points.where[:, :3])

    @property
    def window(self) -> np.ndarray:
        """(n, 2) corners of the window; none for the whole plane."""
        return np.array(self.subdivision.sphere.corners or (), float).reshape(-1, 2)

    @property
    def unbounded(self) -> bool:
        """Whether the window is the whole plane."""
        return self.subdivision.sphere.corners is None

    @property
    def vertex_error(self) -> np.ndarray:
        """(V,) proven bound on the distance between each vertex on the unit sphere and the true one."""
        return self._mesh.points.where[:, 3]

    @cached_property
    def _exact(self) -> Exact:
        return Exact(self.subdivision.circles, self._mesh.points)

    def exact_vertex(self, vertex: int) -> tuple[tuple[Fraction, ...], ...]:
        """Both coordinates (x, y, E) of a vertex: s and t are x + y sqrt(E), with one E.

        Raises:
            ValueError: the vertex lies at infinity.
        """
        P: Point = self._exact.point(vertex)
        a3, b3 = P.a[2], P.b[2]
        norm = a3 * a3 - b3 * b3 * P.E
        if norm == 0:
            raise ValueError(f"vertex {vertex} lies at infinity; look at a bounded window")
        ratios = [
            ((a * a3 - b * b3 * P.E) / norm, (b * a3 - a * b3) / norm)
            for a, b in zip(P.a, P.b, strict=True)
        ]
        u12, u13, u23 = self.subdivision.sphere.shear
        t = (ratios[1][0] - u23, ratios[1][1])
        s = (ratios[0][0] - u12 * t[0] - u13, ratios[0][1] - u12 * t[1])
        return tuple(tuple(Fraction(int(z.p), int(z.q)) for z in (*x, P.E)) for x in (s, t))

    def arc(self, edge: int, n: int = 17, *, on_sphere: bool = False) -> np.ndarray:
        """(n, 2) places along an arc from its tail to its head, in slice coordinates.

        With `on_sphere` in stereographic ones: arcs are then arcs of circles, the whole plane is the
        unit disc.
        """
        mesh, circles = self._mesh, self.subdivision.circles
        row = circles.rows[mesh.circle[edge]]
        places = arc_places(row, mesh.points.where, int(mesh.tail[edge]), int(mesh.head[edge]), n)
        if on_sphere:
            return places[:, :2] / (1 + places[:, 2:])
        return self.subdivision.sphere.to_slice(places)

    def boundary(self, cell: int, n: int = 17, *, on_sphere: bool = False) -> list[np.ndarray]:
        """Closed polylines around a cell, which lies on their left: one outside, others around holes."""
        found = []
        for cycle in self._cycles[cell]:
            parts = [self.arc(h >> 1, n, on_sphere=on_sphere)[:: 1 - 2 * (h & 1)] for h in cycle]
            found.append(np.concatenate([part[:-1] for part in parts]))
        return found

    # --- what the network does on each cell -------------------------------------------------------

    @cached_property
    def activation_patterns(self) -> np.ndarray:
        """(F, n_units): the piece of each hidden unit, layer after layer; 0 or 1 for ReLU."""
        face = np.arange(self.n_cells)
        parts = [np.empty((self.n_cells, 0), np.int32)]
        levels = self.subdivision.levels
        for level, cuts in zip(levels[:0:-1], self.subdivision.maps.cuts[::-1], strict=True):
            parts.append(cuts.pieces(level.bits(len(cuts), face)))
            face = level.parent[face]
        return self.network.after.patterns(np.concatenate(parts[::-1], axis=1))

    def activation_pattern(self, cell: int) -> np.ndarray:
        """(n_units,): the pattern of one cell."""
        return self.activation_patterns[cell]

    @cached_property
    def linear_region(self) -> np.ndarray:
        """(F,) label of the linear region of each cell."""
        rows, error = self.subdivision.outputs.rows, self.subdivision.outputs.error
        pairs = self.edge_cells[(self.edge_cells >= 0).all(axis=1)]
        p, q = pairs.T
        gap = np.abs(rows[p] - rows[q]).max(axis=1)
        bound = (error[p] + error[q] + gap * U) * SLACK
        outputs = len(self.network.after.layers)
        affine = self.subdivision.maps.affine
        same = [
            (a, b)
            for a, b in pairs[~(gap > bound).any(axis=1)].tolist()
            if affine(outputs, a) == affine(outputs, b)
        ]
        links = np.array(same, np.int64).reshape(-1, 2)
        graph = coo_matrix((np.ones(len(links), np.int8), links.T), shape=(self.n_cells,) * 2)
        label: np.ndarray = connected_components(graph, directed=False)[1]
        return label

    @property
    def n_linear_regions(self) -> int:
        return int(self.linear_region.max()) + 1

    # --- what can be asked ------------------------------------------------------------------------

    def locate(self, points: Any) -> Any:
        """Cell of each point (n, 2), a number for one point (2,); see `geomtoy.circles.locate`."""
        if np.ndim(points) == 1:
            return int(locate(self.subdivision, self._exact, [points])[0])
        return locate(self.subdivision, self._exact, points)

    def certify(self) -> Certificate:
        """Check the complex by other means; see `geomtoy.circles.certify.certify`."""
        return certify(self)
