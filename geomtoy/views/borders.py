"""Join partitions of neighbouring windows whose functions may jump between them, exactly.

Edges on the common border of two windows need not match (each window's network bends elsewhere), so
neighbours are found by the overlap of intervals on a common line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from geomtoy.regions import CellComplex
from geomtoy.regions.topology.components import components

Point = tuple[Fraction, Fraction]
Map = tuple[list[list[Fraction]], list[Fraction]]


@dataclass(frozen=True, eq=False)
class BorderEdge:
    """An edge on the border of a window, with the cell (counted over all windows) inside of it."""

    cell: int
    low: Point
    high: Point


@dataclass(frozen=True, eq=False)
class Piecewise:
    """Partitions of windows that tile a larger one, each of a network of its own."""

    pieces: Sequence[CellComplex]

    @cached_property
    def first_cell(self) -> np.ndarray:
        """(pieces + 1,) where the cells of each piece begin when all are counted on."""
        return np.cumsum([0, *map(len, self.pieces)])

    @cached_property
    def contacts(self) -> list[tuple[int, int, Point, Point]]:
        """Cells of different pieces that share a segment of positive length, and its ends."""
        return [contact for edges in self._by_line().values() for contact in _overlaps(*edges)]

    def linear_regions(self) -> np.ndarray:
        """(cells,) label of each cell's linear region over all pieces."""
        inside = [np.column_stack([cells.linear_region, np.arange(len(cells))]) for cells in self.pieces]
        pairs = [
            np.column_stack([_first_of_label(rows)[rows[:, 0]], rows[:, 1]]) + first
            for rows, first in zip(inside, self.first_cell[:-1], strict=True)
        ]
        same = [(p, q) for p, q, _, _ in self.contacts if self._map(p) == self._map(q)]
        joined = np.concatenate([*pairs, np.array(same, np.int64).reshape(-1, 2)])
        return components(int(self.first_cell[-1]), joined)

    def continuous(self) -> bool:
        """Whether the maps agree along every contact."""
        return all(
            _value(self._map(p), end) == _value(self._map(q), end)
            for p, q, *ends in self.contacts
            for end in ends
        )

    @cached_property
    def _maps(self) -> dict[int, Map]:
        return {}

    def _map(self, cell: int) -> Map:
        if cell not in self._maps:
            piece = int(np.searchsorted(self.first_cell, cell, side="right")) - 1
            self._maps[cell] = self.pieces[piece].exact_map(cell - int(self.first_cell[piece]))
        return self._maps[cell]

    def _by_line(self) -> dict[tuple[Fraction, ...], tuple[list[BorderEdge], list[BorderEdge]]]:
        """Border edges of all pieces, by the line they lie on and the side their cell is on."""
        lines: dict[tuple[Fraction, ...], tuple[list[BorderEdge], list[BorderEdge]]]
        lines = defaultdict(lambda: ([], []))
        for cells, first in zip(self.pieces, self.first_cell[:-1].tolist(), strict=True):
            for edge in np.flatnonzero(cells.edge_layer == 0):
                tail, head = (cells.exact_vertex(int(v)) for v in cells.edges[edge])
                cell = int(cells.edge_cells[edge].max())
                forward = bool(cells.edge_cells[edge, 0] == cell)
                low, high = sorted((tail, head))
                left = forward == (low == tail)
                lines[_line(low, high)][left].append(BorderEdge(first + cell, low, high))
        return lines


def _first_of_label(rows: np.ndarray) -> np.ndarray:
    """First cell of each label; rows hold (label, cell) in the order of cells."""
    labels, first = np.unique(rows[:, 0], return_index=True)
    result = np.empty(int(labels.max()) + 1, np.int64)
    result[labels] = first
    return result


def _line(p: Point, q: Point) -> tuple[Fraction, ...]:
    """Coefficients that are the same for all pairs of points of a line."""
    if p[0] == q[0]:
        return (p[0],)
    slope = (q[1] - p[1]) / (q[0] - p[0])
    return slope, p[1] - slope * p[0]


def _overlaps(
    right: list[BorderEdge], left: list[BorderEdge]
) -> Iterator[tuple[int, int, Point, Point]]:
    """Pairs from both sides of a line that overlap in more than a point; each side is disjoint."""
    right, left = (sorted(side, key=lambda edge: edge.low) for side in (right, left))
    i = j = 0
    while i < len(right) and j < len(left):
        low, high = max(right[i].low, left[j].low), min(right[i].high, left[j].high)
        if low < high:
            yield right[i].cell, left[j].cell, low, high
        if right[i].high <= left[j].high:
            i += 1
        else:
            j += 1


def _value(of: Map, point: Point) -> list[Fraction]:
    slopes, offsets = of
    return [a * point[0] + b * point[1] + c for (a, b), c in zip(slopes, offsets, strict=True)]
