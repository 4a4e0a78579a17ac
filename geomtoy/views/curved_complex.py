"""The regions of a soft block on a plane: cells with curved sides, and what is known of each."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from geomtoy.certified import Faces, signs_at
from geomtoy.certified.bounds import U
from geomtoy.errors import ProofError, SliceError
from geomtoy.views.plane import PlaneRegions, Posed

CLOSE = 2.0**-40  # how far a point may be moved where no border is as near


class CurvedComplex:
    """The proven subdivision of a window into activation regions between curved borders.

    The structure (who meets whom, every pattern, every count) is proven. Coordinates, areas and
    polylines are floats with proven errors, in slice coordinates. A cell may have holes, and one pattern
    may have several cells. Edges run between vertices: corners of the window, ends of borders on its
    sides, crossings, and one point of each closed border that crosses none.
    """

    certified = True
    kind = "exact"

    def __init__(self, faces: Faces, posed: Posed, count: PlaneRegions) -> None:
        self._faces, self._posed = faces, posed
        self.count = count
        """What `count_regions_on_plane` says of the same block."""

    def __repr__(self) -> str:
        return f"CurvedComplex({self.n_cells} cells, {self.n_edges} edges, {self.n_vertices} vertices)"

    def __len__(self) -> int:
        return self.n_cells

    @property
    def view(self) -> str:
        return self.count.view

    @property
    def guarantee(self) -> str:
        return self.count.guarantee

    # --- topology ---------------------------------------------------------------------------------

    @property
    def n_vertices(self) -> int:
        return len(self._faces.stops.points)

    @property
    def n_edges(self) -> int:
        return len(self._faces.graph.tail)

    @property
    def n_cells(self) -> int:
        return self._faces.n

    @property
    def edges(self) -> np.ndarray:
        """(E, 2) vertices of each edge; a closed border that crosses none has the same twice."""
        return np.column_stack([self._faces.graph.tail, self._faces.graph.head])

    @cached_property
    def edge_cells(self) -> np.ndarray:
        """(E, 2) cells left and right of each edge, -1 for the outside."""
        return np.column_stack([self._faces.left, self._faces.right])

    @property
    def edge_layer(self) -> np.ndarray:
        """(E,) 1 for a border, 0 for a side of the window."""
        return (self._faces.graph.function >= 0).astype(int)

    @property
    def edge_unit(self) -> np.ndarray:
        """(E,) unit that makes the edge (of those that switch together the first), or the side."""
        function = self._faces.graph.function
        units = np.append(self._posed.after.units, 0)
        return np.where(function >= 0, units[np.maximum(function, -1)], -1 - function)

    def switches(self, edge: int) -> list[tuple[int, int]]:
        """All (layer, unit) that switch across an edge; empty for a side of the window."""
        function = self._faces.graph.function[edge]
        if function < 0:
            return []
        return [(1, int(unit)) for unit in np.flatnonzero(self._posed.after.function == function)]

    def cell_edges(self, cell: int) -> np.ndarray:
        """Edges on the boundary of a cell, around it and around its holes."""
        return np.concatenate(self.half_edges(cell)) >> 1

    def neighbours(self, cell: int) -> np.ndarray:
        """Cells across the edges of a cell, in the order of `cell_edges`."""
        sides = self.edge_cells[self.cell_edges(cell)]
        across: np.ndarray = sides.sum(axis=1) - range(len(self))[cell]
        return across[(sides >= 0).all(axis=1)]

    def n_holes(self, cell: int) -> int:
        return len(self.half_edges(cell)) - 1

    @cached_property
    def _by_cell(self) -> tuple[np.ndarray, np.ndarray]:
        """Half-edges sorted by their cell, and where each cell's begin."""
        face = self.edge_cells.ravel()
        order = np.argsort(face, kind="stable")
        return order, np.searchsorted(face[order], np.arange(self.n_cells + 1))

    def half_edges(self, cell: int) -> list[np.ndarray]:
        """Ways around a cell, which lies on their left: 2 e is along edge e, 2 e + 1 against it.

        The outer way comes first, those around holes after it.
        """
        order, start = self._by_cell
        after, left = self._faces.graph.after, set(order[start[cell] : start[cell + 1]].tolist())
        cycles = []
        while left:
            h = min(left)
            cycle = []
            while h in left:
                left.remove(h)
                cycle.append(h)
                h = int(after[h])
            cycles.append(np.array(cycle))
        if len(cycles) > 1:
            cycles.sort(key=lambda cycle: -_swept(self._around(cycle)))
        return cycles

    # --- coordinates ------------------------------------------------------------------------------

    @cached_property
    def vertices(self) -> np.ndarray:
        """(V, 2) slice coordinates."""
        return self._posed.to_slice(self._faces.stops.points)

    @property
    def vertex_error(self) -> np.ndarray:
        """(V,) how far each vertex may be from the true one, in either coordinate."""
        reach = np.abs(self._posed.axes).sum(axis=0).max()
        return self._faces.stops.radius * float(reach) + self._rounding

    @property
    def window(self) -> np.ndarray:
        """(4, 2) corners."""
        return self.vertices[:4]

    @cached_property
    def _points(self) -> np.ndarray:
        return self._posed.to_slice(self._faces.lines.points)

    def arc(self, edge: int) -> np.ndarray:
        """(n, 2) a polyline along an edge, from its tail to its head."""
        start = self._faces.lines.start
        return self._points[start[edge] : start[edge + 1]]

    @property
    def border_error(self) -> np.ndarray:
        """(E,) proven: each point of an edge is so near its polyline, and the other way round."""
        longest = float(np.hypot(*self._posed.axes.T).max())
        return self._faces.lines.error * longest * (1 + 1e-12) + self._rounding

    def boundary(self, cell: int) -> list[np.ndarray]:
        """Closed polylines around a cell, which lies on their left: one outside, others around holes."""
        return [self._around(cycle) for cycle in self.half_edges(cell)]

    def _around(self, cycle: np.ndarray) -> np.ndarray:
        parts = [self.arc(h >> 1)[:: 1 - 2 * (h & 1)] for h in cycle.tolist()]
        return np.concatenate([part[:-1] for part in parts])

    @property
    def cell_areas(self) -> np.ndarray:
        """(F,) areas, in squared slice units."""
        return self._faces.areas * self._determinant

    @property
    def cell_area_errors(self) -> np.ndarray:
        """(F,) proven bounds on the error of `cell_areas`."""
        size = self._determinant
        return (self._faces.area_errors + 8 * U * np.abs(self._faces.areas)) * size * (1 + 1e-12)

    # --- what the block does on each cell -----------------------------------------------------------

    @cached_property
    def activation_patterns(self) -> np.ndarray:
        """(F, m) which units are on, 0 or 1."""
        return self._patterns(self._faces.bits)

    def activation_pattern(self, cell: int) -> np.ndarray:
        """(m,): the pattern of one cell."""
        return self._patterns(self._faces.bits[cell : cell + 1])[0]

    def _patterns(self, bits: np.ndarray) -> np.ndarray:
        after = self._posed.after
        positive = np.unpackbits(bits, axis=1)[:, : len(after.units)]
        never = np.zeros((len(bits), 1), np.uint8)
        function = np.append(positive, never, axis=1)[:, after.function]
        on = np.where(after.alike | (after.function < 0), function, 1 - function)
        return np.asarray(on, np.int8)

    @cached_property
    def _cells_of(self) -> dict[bytes, list[int]]:
        """The cells of each packed sign vector."""
        cells = defaultdict(list)
        for cell, row in enumerate(self._faces.bits):
            cells[row.tobytes()].append(cell)
        return dict(cells)

    def locate(self, points: Any) -> np.ndarray:
        """Cell of each point (n, 2); -1 outside the window, or so near a border that no sign is proven.

        Raises:
            SliceError: the points are not finite pairs.
        Cost: a series of degree 2 a point; where a pattern has several cells, series along a line from
            the point to the next border.
        """
        points = np.asarray(points, float)
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise SliceError(
                f"points have shape {points.shape}; give a finite array (n, 2) of slice coordinates"
            )
        inside, reach = self._in_square(points)
        return np.array([self._locate(u, v, reach) for u, v in inside.tolist()], int)

    def _locate(self, u: float, v: float, reach: float) -> int:
        if max(abs(u), abs(v)) > 1 - reach:
            return -1
        signs, certain = signs_at(self._posed.series, u, v, reach)
        if not certain:
            return -1
        cells = self._cells_of[np.packbits(signs).tobytes()]
        if len(cells) == 1:
            return cells[0]
        _, certain = signs_at(self._posed.series, u, v, reach + 2 * CLOSE)
        near_u, near_v = (round(z / CLOSE) * CLOSE for z in (u, v))
        try:
            return self._faces.face_above(near_u, near_v) if certain else -1
        except ProofError:
            return -1

    def _in_square(self, points: np.ndarray) -> tuple[np.ndarray, float]:
        """Points (n, 2) in the coordinates of the square [-1, 1]^2, and how far they may be off."""
        origin, (a, b), (c, d) = self._posed.frame
        if (a, b, c, d) == (1, 0, 0, 1) and origin == (0, 0):
            return points, 0.0
        det = a * d - b * c
        inverse = np.array([[d / det, -b / det], [-c / det, a / det]], float)
        gap = points - self._posed.origin
        size = np.abs(points).max(initial=0.0) + np.abs(self._posed.origin).max()
        return gap @ inverse, float(8 * U * size * np.abs(inverse).sum(axis=0).max())

    @property
    def _determinant(self) -> float:
        """Of the axes, > 0: corners of a window are counter-clockwise."""
        _, (a, b), (c, d) = self._posed.frame
        return float(Fraction(a * d - b * c))

    @property
    def _rounding(self) -> float:
        return float(4 * U * (np.abs(self._posed.origin).max() + np.abs(self._posed.axes).sum()))


def _swept(polyline: np.ndarray) -> float:
    x, y = polyline.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
