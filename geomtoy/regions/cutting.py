"""One layer cuts every cell of a mesh: signs at vertices -> chords -> crossings -> faces.

The numbers enter in three places only (signs at vertices, the order of crossings along an edge, the
order of crossings along a chord), always through `signs`; all else is combinatorial.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit

from geomtoy.regions.maps.cuts import Cuts
from geomtoy.regions.maps.floats import CellMaps, blocks, cut_lines
from geomtoy.regions.maps.rational import RationalGeometry
from geomtoy.regions.numbers.filter import intersection, position
from geomtoy.regions.numbers.predicates import Order, Signs
from geomtoy.regions.threads import in_blocks
from geomtoy.regions.topology import chords as ch
from geomtoy.regions.topology import faces as fc
from geomtoy.regions.topology.components import components
from geomtoy.regions.topology.mesh import Mesh, corner_vertices, owners

BLOCK_BYTES = 8 * 2**20
"""Size of the maps that are worked on at a time: they should stay in the cache."""
FEWEST = 4
"""Segments that are worked on at a time at least, so that all cores have some."""


@dataclass
class LineTable:
    """Float coefficients (a, b, c, e) of every line given an id so far."""

    rows: np.ndarray = field(default_factory=lambda: np.empty((0, 4)))

    def append(self, rows: np.ndarray) -> int:
        first = len(self.rows)
        self.rows = np.concatenate([self.rows, rows])
        return first


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


@dataclass
class Meetings:
    """The points inside cells where chords cross."""

    children: np.ndarray  # (P,) number of cells that each cell becomes
    incidence: fc.Incidence
    xywd: np.ndarray  # (points, 4)
    lines: np.ndarray  # (points, 2)


def cut_layer(
    mesh: Mesh,
    layer: int,
    maps: CellMaps,
    cuts: Cuts,
    table: LineTable,
    geometry: RationalGeometry,
    signs: Signs,
) -> Cutting:
    """Find where the cuts of hidden layer `layer` run, exactly.

    Args:
        maps: of the layer's units, on each cell of the mesh.
    """
    geometry.vertex_lines = mesh.lines
    of_vertex, of_edge = owners(mesh.start, mesh.half, mesh.tail, mesh.head, len(mesh.x))
    corner = corner_vertices(mesh.half, mesh.tail, mesh.head)
    sign = np.empty((len(mesh.x), len(cuts.unit)), np.int8)
    crossings, rows = _crossings(mesh, layer, maps, cuts, of_vertex, corner, sign, signs)
    first_line = table.append(rows)
    geometry.add_lines(first_line, layer, crossings.cell, crossings.cut)
    edge_points = _edge_points(mesh, of_edge, sign, crossings, table, first_line, geometry, signs)
    points = _points(edge_points, len(mesh.x), crossings.cut)
    chords = ch.Chords(*ch.chords(mesh, corner, sign, crossings, points))
    rows, pairs = table.rows[first_line + chords.crossing], ch.count_pairs(chords)
    return Cutting(mesh.n_cells, crossings, edge_points, points, chords, rows, first_line, pairs)


def _crossings(
    mesh: Mesh,
    layer: int,
    maps: CellMaps,
    cuts: Cuts,
    of_vertex: np.ndarray,
    corner: np.ndarray,
    sign: np.ndarray,
    signs: Signs,
) -> tuple[ch.Crossings, np.ndarray]:
    """The crossings of all cells and their lines' rows (k, 4), cell block by cell block; fills `sign`.

    A vertex is decided with its first cell, so each block finds its cells' corners decided.
    """
    by_cell = np.argsort(of_vertex, kind="stable")
    placed = of_vertex[by_cell]
    positive = np.empty((mesh.n_cells, max(1, (len(cuts.unit) + 63) >> 6)), np.uint64)
    found, rows = [], []
    for low, high in blocks(maps, BLOCK_BYTES // (24 * maps.width), FEWEST):
        first, end = int(maps.segment_start[low]), int(maps.segment_start[high])
        lines = cut_lines(maps.on(low, high), cuts)
        here = by_cell[np.searchsorted(placed, first) : np.searchsorted(placed, end)]
        signs.at_vertices(sign, here, mesh, of_vertex, layer, lines, first)
        cell, cut = _block_crossings(first, end, mesh.start, corner, sign, positive)
        found.append((cell, cut))
        rows.append(_rows(cell - first, cut, lines))
    cell, cut = (np.concatenate(part) for part in zip(*found, strict=True))
    start = np.searchsorted(cell, np.arange(mesh.n_cells + 1))
    return ch.Crossings(start, cell, cut, positive), np.concatenate(rows)


def build_layer(mesh: Mesh, cutting: Cutting, meetings: Meetings) -> tuple[Mesh, fc.Family]:
    """The new mesh and the family of its cells."""
    chords, inc, points = cutting.chords, meetings.incidence, cutting.points
    sub_first = points.edge_start[:-1] + np.arange(len(mesh.tail))
    first_edge = len(mesh.tail) + int(points.edge_start[-1])
    room = len(chords.first) + len(inc.chord_point)
    tail, head, line, direction = edges = fc.edge_pieces(mesh, points, room)
    point_xywd, point_lines = cutting.edge_points.vertices(mesh, cutting.first_line)
    first_meeting = points.first_vertex + len(point_xywd)
    fc.chord_segments(chords, inc, cutting.first_line, first_meeting, first_edge, *edges)
    family = fc.Family(
        *fc.trace(
            mesh,
            sub_first,
            cutting.crossings.positive,
            chords,
            cutting.crossings.cut,
            inc,
            meetings.children,
            first_edge,
        )
    )
    old = np.column_stack([mesh.x, mesh.y, mesh.w, mesh.d])
    xywd = np.concatenate([old, point_xywd, meetings.xywd])
    lines = np.concatenate([mesh.lines, point_lines, meetings.lines])
    x, y, w, d = np.ascontiguousarray(xywd.T)
    return Mesh(x, y, w, d, lines, tail, head, line, direction, family.start, family.half), family


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
    mesh: Mesh,
    of_edge: np.ndarray,
    sign: np.ndarray,
    crossings: ch.Crossings,
    table: LineTable,
    first_line: int,
    geometry: RationalGeometry,
    signs: Signs,
) -> EdgePoints:
    """Points on edges where cuts change sign, from tail to head."""
    start, member = ch.edge_crossings(
        mesh.tail, mesh.head, of_edge, sign, crossings.start, crossings.cut
    )
    unbounded_sides = np.zeros(len(mesh.tail), bool)
    infinite = (mesh.w == 0).any()
    if infinite:
        unbounded_sides = mesh.line < geometry.n_sides
    xywd, key, error = _edge_positions(
        start, member, mesh.line, mesh.direction, unbounded_sides, table.rows, first_line
    )
    order = signs.order(
        start, key, error,
        lambda e: (int(mesh.line[e]), int(mesh.direction[e])),
        lambda i: first_line + int(member[i]),
    )  # fmt: skip
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


def find_meetings(cutting: Cutting, signs: Signs) -> Meetings:
    """Points inside cells where chords cross, in order along each; concurrent chords share one."""
    chords = cutting.chords
    pairs = ch.crossing_pairs(chords, int(cutting.pairs.sum()))
    line_ids = cutting.first_line + chords.crossing
    start, pair_of = _pairs_by_chord(len(chords.first), pairs)
    xywd, key, error = _pair_positions(start, pair_of, pairs, cutting.rows, chords.sense)

    chord_of = np.repeat(np.arange(len(chords.first)), np.diff(start))
    other = pairs[pair_of].sum(axis=1) - chord_of
    order = signs.order(
        start, key, error,
        lambda k: (int(line_ids[k]), int(chords.sense[k])),
        lambda i: int(line_ids[other[i]]),
    )  # fmt: skip
    point_of_pair, lead_pair = _merge_ties(order, pair_of, len(pairs))
    leads = ~order.tied
    chord_start = np.concatenate([[0], np.cumsum(leads)])[start]
    chord_point = point_of_pair[pair_of[order.order[leads]]]
    rank, point_start, point_chord, point_index = fc.incidence(chord_start, chord_point, len(lead_pair))
    inc = fc.Incidence(chord_start, chord_point, rank, point_start, point_chord, point_index)
    children = _count_children(cutting.n_cells, chords, inc)
    return Meetings(children, inc, xywd[lead_pair], line_ids[pairs[lead_pair]])


@njit(cache=True, nogil=True)
def _pairs_by_chord(n_chords, pairs):
    """CSR lists of the pairs that each chord takes part in."""
    start = np.zeros(n_chords + 1, np.int64)
    for i in range(pairs.shape[0]):
        start[pairs[i, 0] + 1] += 1
        start[pairs[i, 1] + 1] += 1
    for k in range(n_chords):
        start[k + 1] += start[k]
    fill = start[:-1].copy()
    member = np.empty(2 * pairs.shape[0], np.int64)
    for i in range(pairs.shape[0]):
        for side in range(2):
            k = pairs[i, side]
            member[fill[k]] = i
            fill[k] += 1
    return start, member


@njit(cache=True, nogil=True)
def _pair_positions(start, pair_of, pairs, rows, sense):
    """Crossing points (x, y, w, d) of all pairs, and their positions along both chords."""
    xywd = np.empty((pairs.shape[0], 4))
    for i in range(pairs.shape[0]):
        a, b, c, e = rows[pairs[i, 0]]
        a2, b2, c2, e2 = rows[pairs[i, 1]]
        x, y, d = intersection(a, b, c, e, a2, b2, c2, e2)
        xywd[i, 0], xywd[i, 1], xywd[i, 2], xywd[i, 3] = x, y, 1.0, d
    key, error = np.empty(pair_of.shape[0]), np.empty(pair_of.shape[0])
    for k in range(start.shape[0] - 1):
        a, b, e = rows[k, 0], rows[k, 1], rows[k, 3]
        for i in range(start[k], start[k + 1]):
            x, y, _, d = xywd[pair_of[i]]
            key[i], error[i] = position(a, b, e, x, y, d, sense[k])
    return xywd, key, error


def _merge_ties(order: Order, pair_of: np.ndarray, n_pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Point id of every pair, and one pair of each point: pairs tied on some chord are one point."""
    tied = np.flatnonzero(order.tied)
    if not len(tied):
        return np.arange(n_pairs), np.arange(n_pairs)
    same = np.column_stack([pair_of[order.order[tied - 1]], pair_of[order.order[tied]]])
    point = components(n_pairs, same)
    return point, np.unique(point, return_index=True)[1]


def _count_children(n_cells: int, chords: ch.Chords, inc: fc.Incidence) -> np.ndarray:
    """1 + chords + (meetings counted along chords) - (points): Euler's relation in a convex cell."""
    cell_of_chord = np.repeat(chords.cells, np.diff(chords.start))
    meetings = np.diff(inc.chord_start)
    cell_of_point = cell_of_chord[inc.point_chord[inc.point_start[:-1]]]
    children = np.ones(n_cells, np.int64)
    children += np.bincount(cell_of_chord, minlength=n_cells)
    np.add.at(children, cell_of_chord, meetings)
    return children - np.bincount(cell_of_point, minlength=n_cells)
