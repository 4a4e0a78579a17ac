"""Every sign decision of the enumeration: a float64 filter, then rational arithmetic where it is silent.

Two questions are ever asked of numbers: which side of a cut a vertex lies on, and in which order
cuts meet a line. Everything else follows from the construction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomtoy.regions.maps.floats import Maps
from geomtoy.regions.maps.rational import RationalGeometry, meet, place_on, side_of
from geomtoy.regions.numbers.filter import UNDECIDED, filtered_signs, sort_groups
from geomtoy.regions.threads import in_blocks
from geomtoy.regions.topology.mesh import Mesh, corner_vertices


@dataclass
class SignTally:
    """How many decisions were taken, and how many of them needed rational arithmetic."""

    decided: int = 0
    rational: int = 0


@dataclass
class Order:
    """Members of groups in their certain order along each group's line.

    `order[start[g]:start[g + 1]]` are the members of group g; `tied[i]` says that order[i] lies at
    the very point of order[i - 1].
    """

    start: np.ndarray
    order: np.ndarray
    tied: np.ndarray


class Signs:
    """Decides signs for one enumeration."""

    def __init__(self, geometry: RationalGeometry, tally: SignTally | None = None) -> None:
        self._geometry = geometry
        self.tally = tally or SignTally()

    def at_vertices(
        self,
        signs: np.ndarray,
        which: np.ndarray,
        mesh: Mesh,
        cell: np.ndarray,
        layer: int,
        lines: Maps,
        first_cell: int,
    ) -> None:
        """Fill in the signs of a layer's cuts at some vertices.

        Args:
            signs: (V, n) int8.
            which: vertices, each on the boundary of cell[vertex].
            lines: of the cuts, on the cells from `first_cell` on.
        """
        n, silent = signs.shape[1], np.zeros(len(mesh.x), np.int64)
        row = cell - first_cell

        def run(low: int, high: int) -> None:
            some = which[low:high]
            filtered_signs(some, signs, silent, mesh.x, mesh.y, mesh.w, mesh.d, row, *lines)

        in_blocks(run, len(which), work=len(which) * n)
        open_vertices = np.flatnonzero(silent)
        if len(open_vertices) and layer > 1:
            self._where_unreached(signs, open_vertices, mesh, layer)
        at, cuts = np.nonzero(signs[open_vertices] == UNDECIDED)
        undecided = np.column_stack([open_vertices[at], cuts])
        geometry = self._geometry
        for vertex, cut in undecided.tolist():
            line = geometry.cut(layer, int(cell[vertex]), cut)
            signs[vertex, cut] = side_of(line, geometry.vertex(vertex))
        self.tally.decided += len(which) * n
        self.tally.rational += len(undecided)

    def _where_unreached(
        self, signs: np.ndarray, open_vertices: np.ndarray, mesh: Mesh, layer: int
    ) -> None:
        """Decide the cuts of units that are constant, equal to their bias, on a cell at the vertex."""
        is_open = np.zeros(len(mesh.x), bool)
        is_open[open_vertices] = True
        corner = corner_vertices(mesh.half, mesh.tail, mesh.head)
        place = np.flatnonzero(is_open[corner])
        cells, of_place = np.unique(
            np.searchsorted(mesh.start, place, side="right") - 1, return_inverse=True
        )
        constant, sign = self._geometry.constants(layer, cells)
        vertex = corner[place]
        at, cut = np.nonzero(constant[of_place] & (signs[vertex] == UNDECIDED))
        signs[vertex[at], cut] = sign[cut]

    def ties(self, line: int, others: dict[int, int]) -> list[list[int]]:
        """Members that meet a line in one and the same point, in groups of two or more.

        Args:
            others: line id of each member.
        """
        geometry = self._geometry
        base = geometry.line(line)
        groups: dict[tuple[Any, Any], list[int]] = defaultdict(list)
        for member, other in others.items():
            groups[place_on(base, meet(base, geometry.line(other)))].append(member)
        self.tally.rational += len(others)
        return [group for group in groups.values() if len(group) > 1]

    def order(
        self,
        start: np.ndarray,
        key: np.ndarray,
        error: np.ndarray,
        line_of_group: Callable[[int], tuple[int, int]],
        line_of_member: Callable[[int], int],
    ) -> Order:
        """Order the members of each group along the group's line.

        Args:
            start, key, error: groups and approximate positions, see `filter.sort_groups`.
            line_of_group: id of the line and the direction (+-1, along (-b, a)) in which to read it.
            line_of_member: id of the line that crosses it at the member.
        """
        order, clusters = sort_groups(start, key, error)
        tied = np.zeros(len(order), bool)
        geometry = self._geometry
        for group, low, high in clusters.tolist():
            base_id, direction = line_of_group(group)
            base = geometry.line(base_id)
            places = {
                m: place_on(base, meet(base, geometry.line(line_of_member(m))))
                for m in order[low:high].tolist()
            }
            ranked = sorted(places, key=places.__getitem__, reverse=direction < 0)
            order[low:high] = ranked
            for i in range(1, len(ranked)):
                tied[low + i] = places[ranked[i]] == places[ranked[i - 1]]
        self.tally.decided += len(order)
        self.tally.rational += int((clusters[:, 2] - clusters[:, 1]).sum())
        return Order(start, order, tied)
