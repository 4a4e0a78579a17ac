"""Where the cuts of one layer run across each cell of a mesh: signs at vertices -> crossings -> chords.

Numbers enter through `predicates` alone (signs at vertices, the order of crossings along an edge); all
else is combinatorial.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from geomtoy.network import Network
from geomtoy.regions.lines import Lines
from geomtoy.regions.maps.cuts import Cuts, cuts_of
from geomtoy.regions.maps.floats import CellMaps, Maps, blocks, cut_lines
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.maps.structure import constant_signs, unreached
from geomtoy.regions.numbers.bounds import intersection, position
from geomtoy.regions.numbers.filter import UNDECIDED
from geomtoy.regions.numbers.predicates import Order, Predicates, Sides
from geomtoy.regions.threads import in_blocks
from geomtoy.regions.topology import chords as ch
from geomtoy.regions.topology.mesh import Mesh, corner_vertices, owners

BLOCK_BYTES = 8 * 2**20
"""Size of the maps that are worked on at a time: they should stay in the cache."""
FEWEST = 4
"""Segments that are worked on at a time at least, so that all cores have some."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What a run knows: the network, the levels made so far, the book of lines, and who decides."""

    network: Network
    levels: list[Level]
    lines: Lines
    predicates: Predicates


@dataclass
class EdgePoints:
    """Where cuts meet the edges of a mesh, and in which order."""

    start: np.ndarray  # (E + 1,)
    member: np.ndarray  # (n,) the crossing that meets the edge, in the edge's owner
    xywd: np.ndarray  # (n, 4)
    order: Order

    def vertices(self, mesh: Mesh, first_line: int) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates (points, 4) and lines (points, 2) of the new vertices; ties are one."""
        leads = ~self.order.tied
        lead = self.order.order[leads]
        edge = np.repeat(np.arange(len(mesh.tail)), np.diff(self.start))[leads]
        return self.xywd[lead], np.column_stack([mesh.line[edge], first_line + self.member[lead]])


@dataclass
class Cutting:
    """Where the cuts of a layer run across each cell of a mesh, up to their crossings inside cells."""

    n_cells: int
    crossings: ch.Crossings
    edge_points: EdgePoints
    points: ch.Points
    chords: ch.Chords
    rows: np.ndarray  # (chords, 4) float coefficients of their lines
    first_line: int
    pairs: np.ndarray  # (cut cells,) pairs of chords that cross

    @property
    def most_cells(self) -> int:
        """Cells that the cuts make if no three chords meet in a point inside a cell; never fewer than
        they do make."""
        return self.n_cells + len(self.chords.first) + int(self.pairs.sum())


def cut_layer(subject: Subject, mesh: Mesh, layer: int, maps: CellMaps) -> Cutting:
    """Find where the cuts of hidden layer `layer` run, exactly; enters their lines into the book.

    Args:
        mesh: all cells of the level before, or a part of them made of whole segments of the maps.
        maps: of the layer's units, on the cells of that level.
    """
    cuts, lines = cuts_of(subject.network, layer), subject.lines
    of_vertex, of_edge = owners(mesh.start, mesh.half, mesh.tail, mesh.head, len(mesh.x))
    sign = np.empty((len(mesh.x), len(cuts.unit)), np.int8)
    crossings, rows = _crossings(subject, mesh, layer, maps, cuts, of_vertex, sign)
    first_line = lines.append(layer, crossings.cell + mesh.first, crossings.cut, rows)
    edge_points = _edge_points(subject, mesh, of_edge, sign, crossings, first_line)
    points = _points(edge_points, len(mesh.x), crossings.cut)
    corner = corner_vertices(mesh.half, mesh.tail, mesh.head)
    chords = ch.Chords(*ch.chords(mesh, corner, sign, crossings, points))
    rows, pairs = lines.rows[first_line + chords.crossing], ch.count_pairs(chords)
    return Cutting(mesh.n_cells, crossings, edge_points, points, chords, rows, first_line, pairs)


def _crossings(
    subject: Subject,
    mesh: Mesh,
    layer: int,
    maps: CellMaps,
    cuts: Cuts,
    of_vertex: np.ndarray,
    sign: np.ndarray,
) -> tuple[ch.Crossings, np.ndarray]:
    """The crossings of all cells and their lines' rows (k, 4), cell block by cell block; fills `sign`.

    A vertex is decided with its first cell, so each block finds its cells' corners decided.
    """
    corner = corner_vertices(mesh.half, mesh.tail, mesh.head)
    by_cell = np.argsort(of_vertex, kind="stable")
    placed = of_vertex[by_cell]
    positive = np.empty((mesh.n_cells, max(1, (len(cuts.unit) + 63) >> 6)), np.uint64)
    found, rows = [], []
    within = mesh.first, mesh.first + mesh.n_cells
    for low, high in blocks(maps, BLOCK_BYTES // (24 * maps.width), FEWEST, within):
        lines = cut_lines(maps.on(low, high), cuts)
        first = lines.first - mesh.first
        end = first + len(lines.rows)
        here = by_cell[np.searchsorted(placed, first) : np.searchsorted(placed, end)]
        _decide(subject, sign, here, mesh, of_vertex, layer, lines)
        cell, cut = _block_crossings(first, end, mesh.start, corner, sign, positive)
        found.append((cell, cut))
        rows.append(_rows(cell - first, cut, lines))
    cell, cut = (np.concatenate(part) for part in zip(*found, strict=True))
    start = np.searchsorted(cell, np.arange(mesh.n_cells + 1))
    return ch.Crossings(start, cell, cut, positive), np.concatenate(rows)


def _decide(
    subject: Subject,
    sign: np.ndarray,
    which: np.ndarray,
    mesh: Mesh,
    of_vertex: np.ndarray,
    layer: int,
    lines: Maps,
) -> None:
    """The signs of a layer's cuts at some vertices, by the lines of a cell of each."""
    predicates, book = subject.predicates, subject.lines
    row = of_vertex + (mesh.first - lines.first)
    points = mesh.x, mesh.y, mesh.w, mesh.d
    open_vertices = predicates.filter_sides(sign, which, points, row, lines[1:])
    ends = book.known_rows()[mesh.lines[open_vertices]]
    open_vertices = predicates.determinant_sides(sign, open_vertices, ends, row, lines[1:])
    if len(open_vertices) and layer > 1 and predicates.uses_structure:
        _where_unreached(subject, sign, open_vertices, mesh, layer)
    exact = Sides(
        lambda v: book.meet(*mesh.lines[v].tolist()),
        lambda v, cut: book.maps.cut(layer, int(of_vertex[v]) + mesh.first, cut),
    )
    predicates.exact_sides(sign, open_vertices, exact)


def _where_unreached(
    subject: Subject, sign: np.ndarray, open_vertices: np.ndarray, mesh: Mesh, layer: int
) -> None:
    """Decide the cuts of units that are constant, equal to their bias, on a cell at the vertex."""
    is_open = np.zeros(len(mesh.x), bool)
    is_open[open_vertices] = True
    corner = corner_vertices(mesh.half, mesh.tail, mesh.head)
    place = np.flatnonzero(is_open[corner])
    cells, of_place = np.unique(
        np.searchsorted(mesh.start, place, side="right") - 1, return_inverse=True
    )
    units = unreached(subject.network, subject.levels, layer, cells + mesh.first)
    constant = units[:, cuts_of(subject.network, layer).unit]
    vertex = corner[place]
    at, cut = np.nonzero(constant[of_place] & (sign[vertex] == UNDECIDED))
    sign[vertex[at], cut] = constant_signs(subject.network, layer)[cut]


def _block_crossings(
    first: int, end: int, start: np.ndarray, corner: np.ndarray, sign: np.ndarray, positive: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`chords.crossings` on all cores."""
    parts: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def run(low: int, high: int) -> None:
        parts[low] = ch.crossings(first + low, first + high, start, corner, sign, positive)

    in_blocks(run, end - first, work=(end - first) * sign.shape[1] // 4)
    ordered = [parts[low] for low in sorted(parts)]
    cell, cut = (np.concatenate(part) for part in zip(*ordered, strict=True))
    return cell, cut


def _edge_points(
    subject: Subject,
    mesh: Mesh,
    of_edge: np.ndarray,
    sign: np.ndarray,
    crossings: ch.Crossings,
    first_line: int,
) -> EdgePoints:
    """Points on edges where cuts change sign, from tail to head."""
    lines = subject.lines
    start, member = ch.edge_crossings(
        mesh.tail, mesh.head, of_edge, sign, crossings.start, crossings.cut
    )
    unbounded_sides = np.zeros(len(mesh.tail), bool)
    if (mesh.w == 0).any():
        unbounded_sides = mesh.line < lines.n_sides
    xywd, key, error = _edge_positions(
        start, member, mesh.line, mesh.direction, unbounded_sides, lines.rows, first_line
    )
    order = subject.predicates.order(
        start, key, error, mesh.line, mesh.direction, first_line + member, lines
    )
    return EdgePoints(start, member, xywd, order)


def _points(found: EdgePoints, first_vertex: int, cut: np.ndarray) -> ch.Points:
    """New vertices on edges; cuts that meet an edge in one point share one."""
    leads = ~found.order.tied
    edge_start = np.concatenate([[0], np.cumsum(leads)])[found.start]
    cross_start = np.append(np.flatnonzero(leads), len(leads))
    return ch.Points(edge_start, first_vertex, cross_start, cut[found.member[found.order.order]])


@njit(cache=True, nogil=True)
def _rows(cell, cut, lines):
    """Coefficients (a, b, c, e) of cuts on cells."""
    rows = np.empty((cell.shape[0], 4))
    for k in range(cell.shape[0]):
        f, i = cell[k], cut[k]
        rows[k, 0], rows[k, 1], rows[k, 2] = (
            lines.rows[f, 0, i],
            lines.rows[f, 1, i],
            lines.rows[f, 2, i],
        )
        rows[k, 3] = lines.error[lines.segment[f], i]
    return rows


@njit(cache=True, nogil=True)
def _edge_positions(start, member, line, direction, at_infinity, rows, first_line):
    """Points (x, y, w, d) where crossings meet their edges, and their positions along them."""
    total = member.shape[0]
    xywd, key, error = np.empty((total, 4)), np.empty(total), np.empty(total)
    for e in range(start.shape[0] - 1):
        a, b, c, r = rows[line[e]]
        for i in range(start[e], start[e + 1]):
            a2, b2, c2, r2 = rows[first_line + member[i]]
            if at_infinity[e]:  # only the direction of the crossing line counts
                c2 = 0.0
            x, y, d = intersection(a, b, c, r, a2, b2, c2, r2)
            xywd[i, 0], xywd[i, 1], xywd[i, 2], xywd[i, 3] = x, y, 0.0 if at_infinity[e] else 1.0, d
            key[i], error[i] = position(a, b, r, x, y, d, direction[e])
    return xywd, key, error
