"""Where the cuts of one layer run across each cell of a mesh: signs at vertices -> crossings -> chords.

Numbers enter through `predicates` alone (signs at vertices, the order of crossings along an edge); all
else is combinatorial.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.errors import BudgetError
from geomtoy.kernels import kernel
from geomtoy.regions.engine.crossings import Subject, find_crossings
from geomtoy.regions.engine.vertices import meeting
from geomtoy.regions.maps.cuts import cuts_of
from geomtoy.regions.maps.floats import CellMaps
from geomtoy.regions.numbers.bounds import position
from geomtoy.regions.numbers.predicates import Order
from geomtoy.regions.topology import chords as ch
from geomtoy.regions.topology.mesh import Mesh, corner_vertices, edge_places
from geomtoy.regions.topology.pairs import count_pairs

MOST_CROSSINGS = 2**30
"""Crossings of a layer that `topology.chords` has numbers for; they take 100 GB."""


@dataclass
class EdgePoints:
    """Where cuts meet the edges of a mesh, and in which order."""

    start: np.ndarray  # (E + 1,)
    member: np.ndarray  # (n,) the crossing that meets the edge, in the edge's owner
    order: Order

    def vertices(self, mesh: Mesh, first_line: int) -> np.ndarray:
        """The lines (points, 2) of the edge and a crossing at each new vertex; ties are one."""
        leads = ~self.order.tied
        lead = self.order.order[leads]
        edge = np.repeat(np.arange(len(mesh.tail)), np.diff(self.start))[leads]
        return np.column_stack([mesh.line[edge], first_line + self.member[lead]])


@dataclass
class Cutting:
    """Where the cuts of a layer run across each cell of a mesh, up to their crossings inside cells."""

    n_cells: int
    crossings: ch.Crossings
    edge_points: EdgePoints
    points: ch.Points
    chords: ch.Chords
    lines: np.ndarray  # (crossings, 4) float coefficients of their lines
    first_line: int
    pairs: np.ndarray  # (cut cells,) pairs of chords that cross

    @property
    def rows(self) -> np.ndarray:
        """(chords, 4) float coefficients of their lines."""
        return self.lines[self.chords.crossing]

    @property
    def most_cells(self) -> int:
        """Cells that the cuts make if no three chords meet in a point inside a cell; never fewer than
        they do make."""
        return self.n_cells + len(self.chords.first) + int(self.pairs.sum())


def cut_layer(
    subject: Subject, mesh: Mesh, layer: int, maps: CellMaps, by_runs: bool = False
) -> Cutting:
    """Find where the cuts of hidden layer `layer` run, exactly; enters their lines into the book.

    Args:
        mesh: all cells of the level before, or a part of them made of whole segments of the maps.
        maps: of the layer's units, on the cells of that level.
        by_runs: see `find_crossings`.
    """
    lines = subject.lines
    corner = corner_vertices(mesh.half, mesh.tail, mesh.head)
    crossings, rows = find_crossings(subject, mesh, corner, layer, maps, by_runs)
    if len(crossings.cut) > MOST_CROSSINGS:
        raise BudgetError(
            f"hidden layer {layer} crosses cells {len(crossings.cut)} times, more than are counted at "
            "once; look at a smaller window"
        )
    first_line = lines.append(layer, crossings.cell + mesh.first, crossings.cut, rows)
    edge_points = _edge_points(subject, mesh, crossings, first_line)
    points = _points(edge_points, len(mesh.x))
    n_cuts = len(cuts_of(subject.network, layer).unit)
    chords = ch.Chords(*ch.chords(mesh, corner, n_cuts, crossings, points))
    pairs = count_pairs(chords)
    return Cutting(mesh.n_cells, crossings, edge_points, points, chords, rows, first_line, pairs)


def _edge_points(subject: Subject, mesh: Mesh, crossings: ch.Crossings, first_line: int) -> EdgePoints:
    """Points on edges where cuts change sign, from tail to head."""
    lines = subject.lines
    cell, here, ahead = edge_places(mesh.start, mesh.half, len(mesh.tail))
    start, member = ch.edge_crossings(cell, here, ahead, crossings)
    key, error = _edge_positions(
        start, member, mesh.line, mesh.direction, lines.n_infinite, lines.rows, first_line
    )
    order = subject.predicates.order(
        start, key, error, mesh.line, mesh.direction, first_line + member, lines
    )
    return EdgePoints(start, member, order)


def _points(found: EdgePoints, first_vertex: int) -> ch.Points:
    """New vertices on edges; cuts that meet an edge in one point share one."""
    leads = ~found.order.tied
    edge_start = np.concatenate([[0], np.cumsum(leads)])[found.start]
    cross_start = np.append(np.flatnonzero(leads), len(leads))
    return ch.Points(edge_start, first_vertex, cross_start, found.member[found.order.order])


@kernel
def _edge_positions(start, member, line, direction, n_infinite, rows, first_line):
    """Positions along each edge of the points where crossings meet it, and errors."""
    key, error = np.empty(member.shape[0]), np.empty(member.shape[0])
    for e in range(start.shape[0] - 1):
        p = line[e]
        for i in range(start[e], start[e + 1]):
            x, y, d = meeting(p, first_line + member[i], n_infinite, rows)
            key[i], error[i] = position(rows[p, 0], rows[p, 1], rows[p, 3], x, y, d, direction[e])
    return key, error
