"""The book of lines: each has one number, one row of floats, one source, and one exact form."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from flint import fmpz

from geomtoy.network import Network
from geomtoy.regions.frame import Frame
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.maps.rational import RationalMaps
from geomtoy.regions.numbers.bounds import nearest, side_error
from geomtoy.regions.numbers.exact import Line, Vertex, integer_matrix, meet
from geomtoy.slices import Point

REMEMBERED = 1 << 18
"""Exact lines and vertices that are kept at hand."""


class Lines:
    """Every line that an edge lies on: the window's sides, then a cut on a cell each, as they come.

    `rows` (n, 4) are the float coefficients (a, b, c, e), see `numbers.bounds`. Exact lines, and the
    vertices where two of them meet, are computed from the network when they are asked for.
    """

    def __init__(self, network: Network, frame: Frame, levels: Sequence[Level]) -> None:
        self.maps = RationalMaps(network, frame, levels)
        self._frame = frame
        self._sides = _window_sides(frame.corners, frame.unbounded)
        self._count = 0
        self._rows = np.empty((64, 4))
        self._source = np.empty((64, 3), np.int64)  # layer, cell of the level before, cut
        self._remember()
        sides = _float_sides(frame.corners)
        self.append(0, np.full(len(sides), -1), np.arange(len(sides)), sides)

    def _remember(self) -> None:
        self.exact = lru_cache(maxsize=REMEMBERED)(self._exact)
        self.meet = lru_cache(maxsize=REMEMBERED)(self._meet)

    def __len__(self) -> int:
        return self._count

    @property
    def n_sides(self) -> int:
        return len(self._sides)

    @property
    def n_infinite(self) -> int:
        """Lines, the first ones, that lie at infinity."""
        return self.n_sides if self._frame.unbounded else 0

    @property
    def rows(self) -> np.ndarray:
        return self._rows[: self._count]

    def known_rows(self) -> np.ndarray:
        """The rows, without what float64 holds of sides at infinity."""
        if not self._frame.unbounded:
            return self.rows
        rows = self.rows.copy()
        rows[: self.n_sides, 3] = np.inf
        return rows

    def append(self, layer: int, cells: np.ndarray, cuts: np.ndarray, rows: np.ndarray) -> int:
        """Enter cuts of a layer on cells of the level before it; the number of the first."""
        first, self._count = self._count, self._count + len(rows)
        if self._count > len(self._rows):
            room = max(self._count, 2 * len(self._rows))
            self._rows = np.resize(self._rows, (room, 4))
            self._source = np.resize(self._source, (room, 3))
        here = slice(first, self._count)
        self._rows[here] = rows
        self._source[here, 0], self._source[here, 1], self._source[here, 2] = layer, cells, cuts
        return first

    def forget(self, first: int) -> None:
        """Strike out the lines from one number on; the numbers are given again."""
        self._count = first
        self._remember()

    def source(self, line: int) -> tuple[int, int, int]:
        """(layer, cell of the level before, cut) of a line, or (0, -1, k) for window side k."""
        layer, cell, cut = self._source[line].tolist()
        return layer, cell, cut

    def sources(self) -> tuple[np.ndarray, np.ndarray]:
        """(layer, cut) of every line, as arrays; (0, k) for window side k."""
        known = self._source[: self._count]
        return known[:, 0].copy(), known[:, 2].copy()

    def fresh(self) -> Lines:
        """The same book with nothing remembered, and no larger than it must be."""
        other: Lines = Lines.__new__(Lines)
        other.__setstate__(self.__getstate__())
        return other

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, 4) and sources (n, 3) of all lines: what `of` makes the book of again."""
        return self.rows.copy(), self._source[: self._count].copy()

    @classmethod
    def of(cls, maps: RationalMaps, frame: Frame, rows: np.ndarray, source: np.ndarray) -> Lines:
        """The book that `arrays` was asked of."""
        book: Lines = cls.__new__(cls)
        book.__setstate__((maps, frame, rows, source))
        return book

    def __getstate__(self) -> tuple[RationalMaps, Frame, np.ndarray, np.ndarray]:
        return self.maps.fresh(), self._frame, *self.arrays()

    def __setstate__(self, state: tuple[RationalMaps, Frame, np.ndarray, np.ndarray]) -> None:
        self.maps, self._frame, self._rows, self._source = state
        self._sides = _window_sides(self._frame.corners, self._frame.unbounded)
        self._count = len(self._rows)
        self._remember()

    def _exact(self, line: int) -> Line:
        layer, cell, cut = self.source(line)
        return self._sides[cut] if layer == 0 else self.maps.cut(layer, cell, cut)

    def _meet(self, p: int, q: int) -> Vertex:
        return meet(self.exact(p), self.exact(q))


@lru_cache(maxsize=16)
def _window_sides(corners: tuple[Point, ...], unbounded: bool) -> list[Line]:
    """Lines of the window's sides, positive outside; (-b, a) runs counter-clockwise."""
    sides = []
    for p, q in zip(corners, [*corners[1:], corners[0]], strict=True):
        a, b = q[1] - p[1], p[0] - q[0]
        c = -(a * p[0] + b * p[1])
        matrix, _ = integer_matrix([[a, b, c]])
        zero = fmpz(0)
        far, near = (matrix[0, 2], zero) if unbounded else (zero, matrix[0, 2])
        sides.append(Line(matrix[0, 0], matrix[0, 1], near, far))
    return sides


@lru_cache(maxsize=16)
def _float_sides(corners: tuple[Point, ...]) -> np.ndarray:
    """Float rows (n, 4) of a window's sides, of the square of half side 1 for an unbounded one."""
    rows = []
    for p, q in zip(corners, [*corners[1:], corners[0]], strict=True):
        a, b = q[1] - p[1], p[0] - q[0]
        line = (a, b, -(a * p[0] + b * p[1]))
        row = np.array([nearest(z) for z in line])
        rows.append(np.append(row, side_error(row, line)))
    return np.array(rows)
