"""The result of an enumeration: vertices, edges and cells, and what holds on each of them."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, overload

import numpy as np
from flint import fmpq

from geomtoy.certify import Certificate, Record, certify
from geomtoy.network import Network
from geomtoy.picture import Picture
from geomtoy.regions.engine.linear import linear_regions
from geomtoy.regions.engine.run import Subdivision
from geomtoy.regions.maps.cuts import cuts_of
from geomtoy.regions.maps.levels import piece_sums, pieces_on
from geomtoy.regions.numbers.bounds import nearest
from geomtoy.regions.numbers.rationals import as_fraction
from geomtoy.regions.results.areas import By, float_areas
from geomtoy.regions.results.locate import locate
from geomtoy.regions.results.places import sharp_places
from geomtoy.regions.results.record import record
from geomtoy.regions.topology.mesh import corner_vertices, edge_cells
from geomtoy.slices import Point

COARSE = 2.0**-20
"""Vertices that float64 knows less well than this (in the frame) are rounded from the exact ones."""


VAGUE = 2.0**-30
"""Maps whose error bound is larger than this part of the greatest coefficient are rounded from the
exact ones."""


class CellComplex(Picture):
    """The exact subdivision of a window into activation regions.

    All coordinates are slice coordinates (s, t), which are the inputs themselves for a 2D network.
    The structure (who meets whom, every pattern, every count) is exact. Float arrays are near the
    exact numbers, which `exact_vertex` and `exact_map` give as Fractions: vertices within `vertex_error`
    (usually a few ulps, at most 2^-20 of the window), maps within 2^-30 of the greatest coefficient.

    On an unbounded window some vertices lie at infinity: `at_infinity` marks them and `vertices`
    then holds their direction.
    """

    certified = True
    """Every sign was decided within a proven bound or exactly; `certify` checks what came of it."""

    def __init__(self, subdivision: Subdivision) -> None:
        self.subdivision = subdivision
        self._mesh = subdivision.mesh

    def __repr__(self) -> str:
        return f"CellComplex({self.n_cells} cells, {self.n_edges} edges, {self.n_vertices} vertices)"

    def __len__(self) -> int:
        return self.n_cells

    @property
    def network(self) -> Network:
        return self.subdivision.network

    @property
    def marks(self) -> tuple[Point, ...]:
        """Slice coordinates of the points that pictures show: those of `Slice.through`."""
        return self.subdivision.frame.marks

    # --- topology ---------------------------------------------------------------------------------

    @property
    def n_vertices(self) -> int:
        return len(self._mesh.x)

    @property
    def n_edges(self) -> int:
        return len(self._mesh.tail)

    @property
    def n_cells(self) -> int:
        return self._mesh.n_cells

    @cached_property
    def edges(self) -> np.ndarray:
        """(E, 2) vertices of each edge."""
        return np.column_stack([self._mesh.tail, self._mesh.head])

    @cached_property
    def edge_cells(self) -> np.ndarray:
        """(E, 2) cells left and right of each edge, -1 for the outside."""
        return edge_cells(self._mesh.start, self._mesh.half, self.n_edges)

    @property
    def edge_layer(self) -> np.ndarray:
        """(E,) hidden layer (from 1) whose unit makes the edge; 0 for a side of the window."""
        return self._edge_sources[0]

    @property
    def edge_unit(self) -> np.ndarray:
        """(E,) unit that makes the edge (of twins, the first), or the side of the window."""
        return self._edge_sources[1]

    @cached_property
    def _edge_sources(self) -> tuple[np.ndarray, np.ndarray]:
        layer, cut = self.subdivision.lines.sources()
        for hidden in range(1, len(self.network.layers)):
            of_layer = layer == hidden
            cut[of_layer] = cuts_of(self.network, hidden).unit[cut[of_layer]]
        return layer[self._mesh.line], cut[self._mesh.line]

    def switches(self, edge: int) -> list[tuple[int, int]]:
        """All (layer, unit) whose piece differs across an edge; empty for a side of the window.

        A maximum whose winner changes counts as the unit of its last match.
        """
        left, right = self.edge_cells[edge]
        if min(left, right) < 0:
            return []
        one, other = self.patterns_on(self.edge_cells[edge])
        units = self.network.pattern_units[one != other]
        starts = np.cumsum([0, *self.network.widths])
        layers = np.searchsorted(starts, units, side="right")
        return [
            (int(layer), int(unit - starts[layer - 1]))
            for layer, unit in zip(layers, units, strict=True)
        ]

    @cached_property
    def cell_start(self) -> np.ndarray:
        """(F + 1,) the corners of cell k are cell_corners[cell_start[k]:cell_start[k + 1]]."""
        return self._mesh.start

    @cached_property
    def cell_corners(self) -> np.ndarray:
        """Vertices of all cells, each cell counter-clockwise."""
        return corner_vertices(self._mesh.half, self._mesh.tail, self._mesh.head)

    @property
    def half_edges(self) -> np.ndarray:
        """Boundaries of all cells, beside `cell_corners`: 2e where edge e runs along, 2e + 1 back."""
        return self._mesh.half

    def corners(self, cell: int) -> np.ndarray:
        """Vertices of a cell, counter-clockwise."""
        return self.cell_corners[self.cell_start[:-1][cell] : self.cell_start[1:][cell]]

    def cell_edges(self, cell: int) -> np.ndarray:
        """Edges of a cell, counter-clockwise; the first leaves corners(cell)[0]."""
        return self._mesh.half[self.cell_start[:-1][cell] : self.cell_start[1:][cell]] >> 1

    def neighbours(self, cell: int) -> np.ndarray:
        """Cells across the edges of a cell, in the order of its edges."""
        sides = self.edge_cells[self.cell_edges(cell)]
        across = sides.sum(axis=1) - range(self.n_cells)[cell]
        return across[(sides >= 0).all(axis=1)]

    # --- coordinates ------------------------------------------------------------------------------

    @property
    def unbounded(self) -> bool:
        """Whether the window is the whole plane."""
        return self.subdivision.frame.unbounded

    @property
    def at_infinity(self) -> np.ndarray:
        """(V,) whether a vertex is a direction."""
        return self._mesh.w == 0

    @property
    def vertices(self) -> np.ndarray:
        """(V, 2) float64."""
        return self._places[0]

    @property
    def vertex_error(self) -> np.ndarray:
        """(V,) proven bound on the error of both coordinates in `vertices`, beside their rounding."""
        return self._places[1]

    @property
    def frame_vertices(self) -> np.ndarray:
        """(V, 2) float64: vertices in the frame, that is, relative to the size of the window."""
        return self._places[2]

    @cached_property
    def _places(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sub, frame = self.subdivision, self.subdivision.frame
        x, y, error = sharp_places(sub, COARSE)
        inside = np.column_stack([x, y])
        points = frame.to_slice(inside)
        coarse = ~(error <= COARSE)
        for v in np.flatnonzero(coarse).tolist():
            exact = self._in_frame(v)
            inside[v] = [nearest(z) for z in exact]
            points[v] = [
                nearest(z) for z in (exact if self.at_infinity[v] else frame.exact_to_slice(exact))
            ]
        return points, float(frame.scale) * np.where(coarse, 0.0, error), inside

    def exact_vertex(self, vertex: int) -> tuple[Fraction, Fraction]:
        """Coordinates of a vertex as rationals.

        Raises:
            ValueError: the vertex lies at infinity.
        """
        if self.at_infinity[vertex]:
            raise ValueError(f"vertex {vertex} lies at infinity; look at its direction in `vertices`")
        return self.subdivision.frame.exact_to_slice(self._in_frame(vertex))

    def _in_frame(self, vertex: int) -> tuple[Fraction, Fraction]:
        """The same in the frame; at infinity, its direction, on the square of half side 1."""
        p = self.subdivision.lines.meet(*self._mesh.lines[vertex].tolist())
        x, y = (p.rx, p.ry) if self.at_infinity[vertex] else (p.x, p.y)
        return _fraction(x, p.w), _fraction(y, p.w)

    def polygon(self, cell: int) -> np.ndarray:
        """(m, 2) corners of a cell, counter-clockwise."""
        return self.vertices[self.corners(cell)]

    @cached_property
    def cell_areas(self) -> np.ndarray:
        """(F,) float64 areas, in squared slice units; inf for unbounded cells."""
        return float_areas(self)

    @overload
    def areas(self, by: By = "cell", *, exact: Literal[False] = False) -> np.ndarray: ...

    @overload
    def areas(self, by: By = "cell", *, exact: Literal[True]) -> list[Fraction]: ...

    def areas(self, by: By = "cell", *, exact: bool = False) -> np.ndarray | list[Fraction]:
        """Areas of cells, of which each has one activation pattern, or of what cells belong to.

        Args:
            by: "cell", "linear_region" or "class" (the first of the greatest outputs; of one output,
                whether it is > 0).
            exact: as Fractions, from exact vertices.
        Returns:
            (n,) float64, inf for unbounded cells; with `exact` a list of n Fractions.
        Raises:
            WindowError: the window is the whole plane, and `exact` or classes are asked for.
            SettingError: `by` is something else.
        Cost: classes enumerate once more, with a maximum of the outputs behind; exact areas of some ten
            thousand cells a second.
        """
        from geomtoy.regions.results.areas_by import areas_by  # which enumerates complexes itself

        return areas_by(self, by, exact)

    # --- what the network does on each cell -------------------------------------------------------

    @cached_property
    def activation_patterns(self) -> np.ndarray:
        """(F, n_units): the piece of each hidden unit, layer after layer; 0 or 1 for ReLU. int8, or
        int32 if a unit has more than 127 breakpoints. Where units decide maxima, see
        `Network.patterns`."""
        return self.patterns_on(np.arange(self.n_cells))

    def activation_pattern(self, cell: int) -> np.ndarray:
        """(n_units,): the pattern of one cell, without unpacking those of all."""
        return self.patterns_on(np.array([cell]))[0]

    def patterns_on(self, cells: np.ndarray) -> np.ndarray:
        """(k, n_units): the patterns of some cells (k,)."""
        return self.network.patterns(pieces_on(self.network, self.subdivision.levels, cells))

    def pattern_sums(self, weights: np.ndarray) -> np.ndarray:
        """(k, F) sums over hidden units of weights (k, n_units), integers, times the unit's piece.

        Cost: O(k) a cell and changed bit, so patterns of a million cells are not unpacked.
        """
        return piece_sums(self.network, self.subdivision.levels, weights)

    @property
    def A_omega(self) -> np.ndarray:
        """(F, d_out, 2) slope of the output on each cell, with respect to slice coordinates."""
        return self._output[0]

    @property
    def b_omega(self) -> np.ndarray:
        """(F, d_out) offset: the output is A_omega @ (s, t) + b_omega on the cell."""
        return self._output[1]

    @cached_property
    @np.errstate(over="ignore", invalid="ignore")
    def _output(self) -> tuple[np.ndarray, np.ndarray]:
        frame, rows = self.subdivision.frame, self.subdivision.output_maps.rows
        slope = np.stack([rows[:, 0], rows[:, 1]], axis=2) / float(frame.scale)
        offset = rows[:, 2] - slope @ np.array(frame.centre, float)
        for cell in np.flatnonzero(~self.maps_well_known[:, 0]):
            slopes, offsets = self.exact_map(int(cell))
            slope[cell] = [[nearest(z) for z in row] for row in slopes]
            offset[cell] = [nearest(z) for z in offsets]
        return slope, offset

    @cached_property
    def maps_well_known(self) -> np.ndarray:
        """(F, 1) whether the float map of a cell is used as it is, not rounded from the exact one."""
        _, rows, error, segment = self.subdivision.output_maps
        known = (error <= VAGUE * np.abs(rows).max()).all(axis=1, keepdims=True)
        found: np.ndarray = known[segment]
        return found

    def exact_map(self, cell: int) -> tuple[list[list[Fraction]], list[Fraction]]:
        """A_omega (d_out rows of 2) and b_omega (d_out) of a cell as rationals."""
        sub = self.subdivision
        rows, scale = sub.lines.maps.affine(len(sub.network.layers), cell)
        slopes, offsets = [], []
        for i in range(sub.network.d_out):
            a, b, c = (_fraction(rows[i, k], scale) for k in range(3))
            a, b = a / sub.frame.scale, b / sub.frame.scale
            slopes.append([a, b])
            offsets.append(c - a * sub.frame.centre[0] - b * sub.frame.centre[1])
        return slopes, offsets

    @cached_property
    def linear_region(self) -> np.ndarray:
        """(F,) label of the linear region of each cell."""
        return linear_regions(self.subdivision)

    @property
    def n_linear_regions(self) -> int:
        return int(self.linear_region.max()) + 1

    # --- what can be asked ------------------------------------------------------------------------

    def locate(self, points: Any) -> Any:
        """Cell of each point (n, 2), a number for one point (2,); see
        `geomtoy.regions.results.locate.locate`."""
        if np.ndim(points) == 1:
            return int(locate(self.subdivision, self.activation_patterns, [points])[0])
        return locate(self.subdivision, self.activation_patterns, points)

    def record(self) -> Record:
        """All that the complex claims, as plain numbers."""
        return record(self)

    def certify(self) -> Certificate:
        """Check what the complex claims by code that shares nothing with the enumeration's; see
        `geomtoy.certify`."""
        try:
            claims = self.record()
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            return Certificate({"record": f"the complex does not hold together: {error}"})
        return certify(claims)


def _fraction(numerator: Any, denominator: Any) -> Fraction:
    return as_fraction(fmpq(numerator, denominator))
