"""The result in one dimension: breakpoints and the pieces between them."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from geomtoy.certify import Certificate
from geomtoy.errors import SliceError
from geomtoy.picture import Picture
from geomtoy.regions.engine.run import Subdivision
from geomtoy.regions.numbers.bounds import nearest
from geomtoy.regions.results.complex import CellComplex
from geomtoy.regions.results.locate import checked_points

LEFT_SIDE = 3
"""The strip's sides are numbered bottom, right, top, left."""


class Pieces(Picture):
    """The exact activation regions of a network on an interval, from left to right.

    A line is treated as a strip on which nothing depends on the second coordinate, so cells are the
    pieces and their common edges the breakpoints; `complex` is that strip, and `order` (k + 1,) has the
    cells of the strip from left to right.
    """

    certified = True

    def __init__(self, subdivision: Subdivision) -> None:
        self.complex = CellComplex(subdivision)
        self.order, self._joints = _walk(self.complex)

    def __repr__(self) -> str:
        return f"Pieces({len(self)} pieces, {self.n_linear_regions} linear regions)"

    def __len__(self) -> int:
        return len(self.order)

    @cached_property
    def breakpoints(self) -> np.ndarray:
        """(k,) points inside the interval where the activation pattern changes, increasing; infinite
        beyond the range of float64."""
        if self.complex.subdivision.frame.unbounded:
            return np.array([nearest(x) for x in self.exact_breakpoints()])
        return self.complex.vertices[self.complex.edges[self._joints, 0], 0]

    def exact_breakpoints(self) -> list[Fraction]:
        """The breakpoints as rationals."""
        frame, lines = self.complex.subdivision.frame, self.complex.subdivision.lines
        places = []
        for edge in self._joints:
            line = lines.exact(int(self.complex.subdivision.mesh.line[edge]))  # a x + c = 0
            x = Fraction(-int(line.c), int(line.a))
            places.append(frame.exact_to_slice((x, Fraction(0)))[0])
        return places

    @property
    def breakpoint_layer(self) -> np.ndarray:
        """(k,) hidden layer (from 1) of a unit that switches at each breakpoint."""
        return self.complex.edge_layer[self._joints]

    @property
    def breakpoint_unit(self) -> np.ndarray:
        """(k,) that unit."""
        return self.complex.edge_unit[self._joints]

    @property
    def activation_patterns(self) -> np.ndarray:
        """(k + 1, n_units) int8, as in `CellComplex`."""
        return self.complex.activation_patterns[self.order]

    @property
    def slopes(self) -> np.ndarray:
        """(k + 1, d_out) derivative of the output on each piece."""
        return self.complex.A_omega[self.order, :, 0]

    @property
    def offsets(self) -> np.ndarray:
        """(k + 1, d_out): the output is slope * t + offset on the piece."""
        return self.complex.b_omega[self.order]

    @cached_property
    def linear_region(self) -> np.ndarray:
        """(k + 1,) label of each piece's linear region, 0, 1, ... from left to right."""
        label = self.complex.linear_region[self.order]
        return np.concatenate([[0], np.cumsum(label[1:] != label[:-1])])

    @property
    def n_linear_regions(self) -> int:
        return int(self.linear_region[-1]) + 1

    def locate(self, points: Any) -> Any:
        """Piece of each point (n,), the left one at a breakpoint; -1 outside the interval; a number for
        one point. Exact.

        Raises:
            SliceError: the points are not finite numbers.
        """
        if np.ndim(points) == 0:
            return int(self.locate([points])[0])
        points = checked_points(points)
        if points.ndim != 1:
            raise SliceError(
                f"points have shape {points.shape}; give an array (n,) of places on the line"
            )
        cells = self.complex.locate(np.column_stack([points, np.zeros_like(points)]))
        place = np.empty(len(self), np.int64)
        place[self.order] = np.arange(len(self))
        found = np.where(cells >= 0, place[cells], -1)
        exact = self._exact_set
        for k in np.flatnonzero(found > 0):
            if (left := exact.get(Fraction(points[k]))) is not None:
                found[k] = left
        return found

    @cached_property
    def _exact_set(self) -> dict[Fraction, int]:
        return {x: k for k, x in enumerate(self.exact_breakpoints())}

    def certify(self) -> Certificate:
        """Check the pieces independently, as `CellComplex.certify`."""
        return self.complex.certify()


def _walk(strip: CellComplex) -> tuple[np.ndarray, np.ndarray]:
    """Cells of a strip from left to right, and the edges between them."""
    sides = strip.edge_cells
    left = np.flatnonzero((strip.edge_layer == 0) & (strip.edge_unit == LEFT_SIDE))
    cell, came = int(sides[left[0]].max()), int(left[0])
    order: list[int] = [cell]
    joints: list[int] = []
    while True:
        across = [e for e in strip.cell_edges(cell) if e != came and sides[e].min() >= 0]
        if not across:
            return np.array(order), np.array(joints, np.int64)
        came = int(across[0])
        cell = int(sides[came].sum()) - cell
        order.append(cell)
        joints.append(came)
