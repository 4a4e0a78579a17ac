"""Exact vertices, the closed pieces that hold at them, and the exact maps of the outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from flint import fmpz, fmpz_mat

from geomtoy.certify.borders import Borders, pieces_along
from geomtoy.certify.maps import IntegerNetwork, LayerMaps
from geomtoy.certify.parts import check_parts
from geomtoy.certify.points import Line, Place, meet, sides
from geomtoy.certify.record import Record
from geomtoy.certify.tournaments import completed

CHUNK = 512
"""Cells whose maps are held at a time."""


@dataclass(eq=False)
class Found:
    """What the checker computes from the network; `places` are None where no two lines meet.

    Args:
        outputs: (F,) rows (a, b, c) of all outputs over `scale`, as one tuple a cell.
        beyond: the first cell in which a unit is not on the recorded piece.
    """

    places: list[Place | None]
    outputs: list[tuple[fmpz, ...]]
    scale: fmpz = field(default_factory=lambda: fmpz(1))
    outside: str | None = None
    beyond: str | None = None


class Walk:
    """One pass over all cells, those with similar patterns together so that they share maps."""

    def __init__(self, record: Record, borders: Borders) -> None:
        network = record.network
        self.record, self.borders = record, borders
        self.network = IntegerNetwork(network, record.origin, record.u, record.v)
        n_units = sum(network.widths)
        self.pieces, self.decided = completed(
            network.pattern_units, network.maxima, record.patterns, n_units
        )
        self.sides = sides(record.window)
        self.found = Found([None] * record.n_vertices, [()] * record.n_cells)
        self._lines: dict[int, Line] = {}  # of edges of merged cells
        self._corners_of = np.argsort(record.cell_corners, kind="stable")
        self._first_of = np.searchsorted(
            record.cell_corners[self._corners_of], np.arange(record.n_vertices + 1)
        )
        self._corner_cell = record.corner_cell
        self._before = np.argsort(record.next_corner)
        cuts = [len(hidden.cut_unit) for hidden in self.network.hidden]
        self._passed = [np.zeros((record.n_cells, n), bool) for n in cuts]

    def run(self) -> Found:
        order = _alike(self.pieces)
        for low in range(0, len(order), CHUNK):
            self._cells(order[low : low + CHUNK])
        if self.record.network.maxima:
            self.found.beyond = self._parts()
        elif self.found.beyond is None:
            self.found.beyond = self._strict()
        return self.found

    def _cells(self, cells: np.ndarray) -> None:
        maps = self.network.maps(self.pieces[cells])
        last = maps[-1]
        self.found.scale = last.scale
        for cell, column in zip(cells.tolist(), last.column.tolist(), strict=True):
            self.found.outputs[cell] = tuple(z for row in last.rows(column) for z in row)
        located = self._locate(cells, maps)
        if not self.record.network.maxima:
            self._check(cells, maps, located)

    # --- vertices ---------------------------------------------------------------------------------

    def _locate(self, cells: np.ndarray, maps: list[LayerMaps]) -> list[list[int]]:
        """Vertices that the lines of two edges of a cell place, for each of the cells."""
        start, corners = self.record.cell_start, self.record.cell_corners
        located: list[list[int]] = []
        for k, cell in enumerate(cells.tolist()):
            placed = []
            lines: dict[int, Line] = {}
            for i in range(start[cell], start[cell + 1]):
                v = int(corners[i])
                if self.found.places[v] is not None:
                    continue
                for j in (int(self._before[i]), i):
                    if j not in lines:
                        lines[j] = self._line(cell, k, int(self.record.cell_edges[j]), maps)
                place = meet(lines[int(self._before[i])], lines[i])
                if place is not None:
                    self.found.places[v] = place
                    placed.append(v)
            located.append(placed)
        return located

    def _line(self, cell: int, k: int, edge: int, maps: list[LayerMaps]) -> Line:
        """Line of an edge of a cell, the k-th of those with the maps."""
        layer, unit, rank = (int(column[edge]) for column in self.borders)
        if layer == 0:
            return self.sides[unit]
        if edge in self._lines:
            return self._lines[edge]
        merged = bool(self.record.network.maxima)
        if merged:
            pieces = pieces_along(self.record, self.pieces[cell], edge, cell)
            maps, k = self.network.maps(pieces[None], layer), 0
        own, hidden = maps[layer - 1], self.network.hidden[layer - 1]
        row = own.row(int(own.column[k]), unit)
        line = hidden.cut(row, own.scale, int(hidden.first_cut[unit]) + rank)
        if merged:
            self._lines[edge] = line
        return line

    # --- pieces -----------------------------------------------------------------------------------

    def _check(self, cells: np.ndarray, maps: list[LayerMaps], located: list[list[int]]) -> None:
        """Compare signs at the vertices placed on these cells with what all cells there record."""
        vertices = np.array([v for placed in located for v in placed], np.int64)
        if not len(vertices):
            return
        owner = np.repeat(np.arange(len(cells)), [len(placed) for placed in located])
        sizes = self._first_of[vertices + 1] - self._first_of[vertices]
        row = np.repeat(np.arange(len(vertices)), sizes)
        offset = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        around = self._corner_cell[self._corners_of[self._first_of[vertices][row] + offset]]
        for layer, own in enumerate(maps[:-1], start=1):
            signs = self._signs(layer, own, own.column[owner], vertices)
            above = self._above(layer, around)
            s = signs[row]
            _join(self._passed[layer - 1], around, s > 0)
            wrong = np.argwhere(np.where(above, s < 0, s > 0))
            if len(wrong) and self.found.beyond is None:
                p, cut = wrong[0]
                self.found.beyond = self._sentence(
                    layer, int(around[p]), int(cut), int(vertices[row[p]])
                )

    def _signs(
        self, layer: int, maps: LayerMaps, column: np.ndarray, vertices: np.ndarray
    ) -> np.ndarray:
        """Signs (vertices, cuts) of a layer's cuts."""
        hidden = self.network.hidden[layer - 1]
        signs = np.zeros((len(vertices), len(hidden.cut_unit)), np.int8)
        order = np.argsort(column, kind="stable")
        ends = np.flatnonzero(np.diff(column[order], prepend=-1, append=-1))
        for low, high in pairwise(ends.tolist()):
            some = order[low:high]
            places = [self.found.places[v] for v in vertices[some].tolist()]
            cuts = hidden.cuts(maps, int(column[some[0]]))
            signs[some] = signs_at(cuts, places)
        return signs

    def _above(self, layer: int, cells: np.ndarray) -> np.ndarray:
        """Whether cells record each cut of a layer as passed."""
        hidden = self.network.hidden[layer - 1]
        return self.pieces[cells, hidden.of_pattern][:, hidden.cut_unit] > hidden.cut_rank

    def _strict(self) -> str | None:
        """A unit that equals its breakpoint on a whole cell is on the piece on its left."""
        cells = np.arange(self.record.n_cells)
        for layer, passed in enumerate(self._passed, start=1):
            wrong = np.argwhere(self._above(layer, cells) & ~passed)
            if len(wrong):
                unit = int(self.network.hidden[layer - 1].cut_unit[wrong[0][1]])
                return f"unit {unit} of layer {layer} never passes its breakpoint on cell {wrong[0][0]}"
        return None

    def _parts(self) -> str | None:
        """As `_check` on the parts of merged cells, on which the outputs must be the same too."""
        for cell in range(self.record.n_cells):
            corners = slice(*self.record.cell_start[cell : cell + 2].tolist())
            places = [self.found.places[v] for v in self.record.cell_corners[corners].tolist()]
            if None in places:
                return f"cell {cell}: a corner is on no two lines"
            lines = [self._line(cell, 0, int(edge), []) for edge in self.record.cell_edges[corners]]
            why = check_parts(
                self.network, list(zip(places, lines, strict=True)), self.pieces[cell],
                self.decided[cell], self.found.outputs[cell],
            )  # fmt: skip
            if why:
                return f"cell {cell}: {why}"
        return None

    def _sentence(self, layer: int, cell: int, cut: int, vertex: int) -> str:
        unit = int(self.network.hidden[layer - 1].cut_unit[cut])
        return f"unit {unit} of layer {layer} is not on the piece of cell {cell} at its vertex {vertex}"


def signs_at(cuts: fmpz_mat, places: list[Place]) -> np.ndarray:
    """Signs (places, cuts) of lines at points."""
    n, m = cuts.nrows(), len(places)
    near = cuts * fmpz_mat(m, 3, [z for place in places for z in place.near]).transpose()
    signs = _matrix_signs(near, n, m)
    if any(place.is_far for place in places):
        far = cuts * fmpz_mat(m, 3, [z for place in places for z in place.far]).transpose()
        grows = _matrix_signs(far, n, m)
        signs = np.where(grows != 0, grows, signs)
    return signs.T


def _matrix_signs(matrix: fmpz_mat, n: int, m: int) -> np.ndarray:
    return np.array([(z > 0) - (z < 0) for z in matrix.entries()], np.int8).reshape(n, m)


def _join(into: np.ndarray, rows: np.ndarray, true: np.ndarray) -> None:
    """Set into[rows] where `true`; rows may repeat."""
    order = np.argsort(rows, kind="stable")
    first = np.flatnonzero(np.diff(rows[order], prepend=-1))
    into[rows[order][first]] |= np.logical_or.reduceat(true[order], first, axis=0)


def _alike(pieces: np.ndarray) -> np.ndarray:
    """An order of cells in which those that agree on the first layers stand together."""
    if not pieces.shape[1]:
        return np.arange(len(pieces))
    rows = np.ascontiguousarray(pieces)
    keys: np.ndarray = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel()
    return np.argsort(keys, kind="stable")
