"""Rational arithmetic where float64 cannot tell: maps, lines and vertices as exact integers.

Everything is homogeneous: a layer's maps on a cell are an integer matrix times one positive scale, a
line is an integer triple, a vertex the cross product of two lines. Signs need no division, and the
common denominators of a network are taken out once. On an unbounded window the sides of the square
with half side R enter as x = +-R; coordinates are then linear in R and compared for R -> infinity.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from math import lcm
from typing import NamedTuple

import numpy as np
from flint import fmpq, fmpz, fmpz_mat

from geomtoy.activations import PiecewiseLinear
from geomtoy.network import Network
from geomtoy.regions.frame import Frame
from geomtoy.regions.maps.cuts import Cuts, cuts_of, piece_of_each
from geomtoy.regions.maps.structure import Level, constant_signs, unreached


class Line(NamedTuple):
    """a x + b y + (c + r R) = 0; r is zero except for a side of an unbounded window."""

    a: fmpz
    b: fmpz
    c: fmpz
    r: fmpz = fmpz(0)


class Vertex(NamedTuple):
    """The point ((x + rx R) / w, (y + ry R) / w) with w > 0."""

    x: fmpz
    y: fmpz
    w: fmpz
    rx: fmpz
    ry: fmpz


class Affine(NamedTuple):
    """Rows (a, b, c): unit i of a layer is (a s + b t + c) / scale on the cell, scale > 0."""

    rows: fmpz_mat
    scale: fmpz


def meet(p: Line, q: Line) -> Vertex:
    """The common point of two lines that are not parallel (at most one of them depends on R,
    or both are sides)."""
    w = p.a * q.b - q.a * p.b
    x, y = p.b * q.c - q.b * p.c, p.c * q.a - q.c * p.a
    rx, ry = p.b * q.r - q.b * p.r, p.r * q.a - q.r * p.a
    return Vertex(x, y, w, rx, ry) if w > 0 else Vertex(-x, -y, -w, -rx, -ry)


def side_of(line: Line, vertex: Vertex) -> int:
    """Sign of a line (free of R) at a vertex, for large R."""
    far = line.a * vertex.rx + line.b * vertex.ry
    value = far if far != 0 else line.a * vertex.x + line.b * vertex.y + line.c * vertex.w
    return (value > 0) - (value < 0)


def place_on(line: Line, vertex: Vertex) -> tuple[fmpq, fmpq]:
    """Position of a vertex of the line along (-b, a), compared lexicographically for large R."""
    far, near = (line.a * y - line.b * x for x, y in ((vertex.rx, vertex.ry), (vertex.x, vertex.y)))
    return fmpq(far, vertex.w), fmpq(near, vertex.w)


ZERO, IDENTICAL, OTHER = range(3)
"""Kinds of pieces: z -> 0, z -> z, and the rest."""


class RationalMaps:
    """Exact maps of a network on the cells of its levels, remembered for the cells last asked for.

    Cost: O(n_l n_{l-1}) integer products for each layer up to the one asked for.
    """

    def __init__(self, network: Network, frame: Frame, levels: Sequence[Level]) -> None:
        self._network = network
        self._frame = frame
        self._levels = levels
        self.affine = lru_cache(maxsize=4096)(self._affine)

    def cut(self, layer: int, cell: int, cut: int) -> Line:
        """Line of a cut of hidden layer `layer` (from 1) on a cell of the level before it."""
        cuts = self._cuts[layer]
        unit = int(cuts.unit[cut])
        rows, scale = self.affine(layer, cell)
        tau = self._network.units(layer)[unit].breakpoints[cut - int(cuts.first[unit])]
        a, b, c = rows[unit, 0], rows[unit, 1], rows[unit, 2]
        q = tau.denominator
        return Line(a * q, b * q, c * q - scale * tau.numerator)

    def constants(self, layer: int, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cuts (k, n_cuts) of units that equal their bias on whole cells, and their signs there."""
        constant = unreached(self._network, self._levels, layer, cells)[:, self._cuts[layer].unit]
        return constant, constant_signs(self._network, layer)

    def _affine(self, layer: int, cell: int) -> Affine:
        """Preactivations of `layer` (the number of hidden layers plus one: outputs) on a cell of level
        layer - 1."""
        weights, denominator = self._weights[layer - 1]
        if layer == 1:
            return Affine(weights * self._basis[0], denominator * self._basis[1])
        after, scale = self._after(layer - 1, cell)
        return Affine(weights * after, denominator * scale)

    def _after(self, layer: int, cell: int) -> tuple[fmpz_mat, fmpz]:
        """Activations of a hidden layer on a cell of its own level, then a row for the constant 1."""
        level = self._levels[layer]
        before = self.affine(layer, int(level.parent[cell]))
        entries, (integer_pieces, q) = before.rows.entries(), self._integer_pieces[layer]
        place = self._first_piece[layer] + piece_of_each(level.bits[cell], self._cuts[layer])
        zero = fmpz(0)
        rows: list[fmpz] = []
        for i, piece in enumerate(place.tolist()):
            kind, s, o = integer_pieces[piece]
            if kind == ZERO:
                rows += (zero, zero, zero)
                continue
            a, b, c = entries[3 * i : 3 * i + 3]
            rows += (a, b, c) if kind == IDENTICAL else (s * a, s * b, s * c + o * before.scale)
        scale = before.scale * q
        rows += (zero, zero, scale)
        return fmpz_mat(len(place) + 1, 3, rows), scale

    @cached_property
    def _cuts(self) -> dict[int, Cuts]:
        layers = range(1, len(self._network.layers))
        return {layer: cuts_of(self._network, layer) for layer in layers}

    @cached_property
    def _first_piece(self) -> dict[int, np.ndarray]:
        """Where each unit's pieces begin in `_integer_pieces`."""
        return {k: cuts.first[:-1] + np.arange(len(cuts.first) - 1) for k, cuts in self._cuts.items()}

    @cached_property
    def _integer_pieces(self) -> dict[int, tuple[list[tuple[int, fmpz, fmpz]], fmpz]]:
        """Kind, slope and offset of all pieces of a layer's units, over one denominator."""
        found = {}
        for layer in self._cuts:
            act, width = self._network.activations[layer - 1], self._network.widths[layer - 1]
            units, repeat = ((act,), width) if isinstance(act, PiecewiseLinear) else (act, 1)
            slopes = [s for act in units for s in act.slopes]
            matrix, q = integer_matrix([slopes, [o for act in units for o in act.offsets]])
            entries, k = matrix.entries(), len(slopes)
            kinds = {(0, 0): ZERO, (1, 0): IDENTICAL if q == 1 else OTHER}
            both = list(zip(entries[:k], entries[k:], strict=True))
            found[layer] = [(kinds.get((int(s), int(o)), OTHER), s, o) for s, o in both] * repeat, q
        return found

    @cached_property
    def _weights(self) -> list[tuple[fmpz_mat, fmpz]]:
        """[W b] of each layer over a common denominator."""
        return [
            integer_matrix([[*row, bias] for row, bias in zip(W.tolist(), b.tolist(), strict=True)])
            for W, b in self._network.layers
        ]

    @cached_property
    def _basis(self) -> tuple[fmpz_mat, fmpz]:
        """Input (and the constant 1) as affine functions of the frame coordinates."""
        frame = self._frame
        rows = [list(row) for row in zip(frame.u, frame.v, frame.origin, strict=True)]
        return integer_matrix([*rows, [0, 0, 1]])


def integer_matrix(rows: Sequence[Sequence[int | float | Fraction]]) -> tuple[fmpz_mat, fmpz]:
    """A rational matrix as integers over one common denominator."""
    ratios = [x.as_integer_ratio() for row in rows for x in row]
    few = {q for _, q in ratios}  # powers of 2 if the numbers are floats
    denominator = lcm(*few)
    factor = {q: denominator // q for q in few}
    entries = [p * factor[q] for p, q in ratios]
    return fmpz_mat(len(rows), len(rows[0]), entries), fmpz(denominator)


class RationalGeometry:
    """Exact lines and vertices of a growing subdivision; facts are computed once, on demand.

    Line ids below the number of window sides are the sides; further ids are given out by `add_lines`,
    one for each (cell, cut) that crosses.
    """

    def __init__(self, maps: RationalMaps, frame: Frame) -> None:
        self.maps = maps
        self._frame, self._first_cell = frame, 0
        self._sides = _window_sides(frame)
        self._owner: list[tuple[int, int, np.ndarray, np.ndarray]] = []  # first id, layer, cells, cuts
        self.vertex_lines = np.empty((0, 2), np.int64)
        self.line = lru_cache(maxsize=1 << 18)(self._line)
        self.vertex = lru_cache(maxsize=1 << 18)(self._vertex)

    def fork(self, first_cell: int) -> RationalGeometry:
        """A geometry that shares what is known; cells of lines added to it count from first_cell."""
        other = RationalGeometry(self.maps, self._frame)
        other._owner, other._first_cell = list(self._owner), first_cell
        return other

    @property
    def n_sides(self) -> int:
        return len(self._sides)

    def add_lines(self, first: int, layer: int, cells: np.ndarray, cuts: np.ndarray) -> None:
        """Give ids first, first + 1, ... to cuts of `layer` on cells of the level before it."""
        self._owner.append((first, layer, cells + self._first_cell, cuts))

    def cut(self, layer: int, cell: int, cut: int) -> Line:
        """Line of a cut on a cell of the mesh at hand."""
        return self.maps.cut(layer, cell + self._first_cell, cut)

    def constants(self, layer: int, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cuts (k, n_cuts) of a layer known to be constant on cells of the mesh at hand, each given
        once and in order, and the sign (n_cuts,) that each then has."""
        return self.maps.constants(layer, cells + self._first_cell)

    def source(self, line: int) -> tuple[int, int, int]:
        """(layer, cell of the level before, cut) of a line, or (0, -1, k) for window side k."""
        if line < len(self._sides):
            return 0, -1, line
        first, layer, cells, cuts = next(o for o in reversed(self._owner) if o[0] <= line)
        return layer, int(cells[line - first]), int(cuts[line - first])

    def sources(self) -> tuple[np.ndarray, np.ndarray]:
        """(layer, cut) of every line, as arrays; (0, k) for window side k."""
        sides = len(self._sides)
        layers, cuts = [np.zeros(sides, np.int64)], [np.arange(sides)]
        for _, layer, _, cut in self._owner:
            layers.append(np.full(len(cut), layer))
            cuts.append(cut)
        return np.concatenate(layers), np.concatenate(cuts)

    def _line(self, line: int) -> Line:
        layer, cell, cut = self.source(line)
        return self._sides[cut] if layer == 0 else self.maps.cut(layer, cell, cut)

    def _vertex(self, vertex: int) -> Vertex:
        p, q = self.vertex_lines[vertex].tolist()
        return meet(self.line(p), self.line(q))


def _window_sides(frame: Frame) -> list[Line]:
    """Lines of the window's sides, positive outside; (-b, a) runs counter-clockwise."""
    sides = []
    for p, q in zip(frame.corners, [*frame.corners[1:], frame.corners[0]], strict=True):
        a, b = q[1] - p[1], p[0] - q[0]
        c = -(a * p[0] + b * p[1])
        matrix, _ = integer_matrix([[a, b, c]])
        zero = fmpz(0)
        far, near = (matrix[0, 2], zero) if frame.unbounded else (zero, matrix[0, 2])
        sides.append(Line(matrix[0, 0], matrix[0, 1], near, far))
    return sides
