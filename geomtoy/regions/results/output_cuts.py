"""A subdivision refined by cuts of the outputs, which become more hidden layers for it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, cast

import numpy as np

from geomtoy.activations import IDENTITY, RELU, PiecewiseLinear
from geomtoy.compiler import compile_layers
from geomtoy.errors import WindowError
from geomtoy.layers import Maxout
from geomtoy.network import Layer, Network
from geomtoy.regions.engine.run import Enumeration, resolve_window
from geomtoy.regions.numbers.exact import Line, side_of
from geomtoy.regions.results.complex import CellComplex
from geomtoy.regions.results.values import cells_at_vertices, vertex_values
from geomtoy.slices import Segment, Slice


def refine(
    network: Network,
    layer: Layer,
    cut: PiecewiseLinear,
    slice: Slice | Segment | None,
    window: Any,
    max_regions: int | None,
) -> Refined:
    """Cut the regions of a network where the unit of `layer`, in place of its last one, meets a
    breakpoint.

    Raises:
        WindowError: the window is the whole plane, where a line has no vertex.
    """
    layers = [*network.layers[:-1], layer, (np.eye(1), np.zeros(1))]
    more = Network(layers, [*network.activations, cut], network.maxima)
    return _refined(network, more, slice, window, max_regions)


def refine_by_class(
    network: Network, slice: Slice | Segment | None, window: Any, max_regions: int | None
) -> Refined:
    """Cut the regions of a network where the class changes: the first of its greatest outputs, or
    whether its only one is > 0.

    Raises:
        WindowError: the window is the whole plane, where a line has no vertex.
    """
    if network.d_out == 1:
        return refine(network, network.layers[-1], RELU, slice, window, max_regions)
    return refine_by_winner(network, slice, window, max_regions)


def refine_by_winner(
    network: Network, slice: Slice | Segment | None, window: Any, max_regions: int | None
) -> Refined:
    """Cut the regions of a network of two outputs or more where the first greatest output changes.

    The outputs are the candidates of one more maximum, so cells are cut where candidates meet that are
    still in the tournament, and those in which the same one wins are merged again.

    Raises:
        WindowError: the window is the whole plane, where a line has no vertex.
    """
    tournament = cast(Network, compile_layers([Maxout([range(network.d_out)])], network.d_out))
    before = sum(network.widths) + network.d_out
    (matches,) = tournament.maxima
    more = Network(
        [*network.layers, *tournament.layers],
        [*network.activations, IDENTITY, *tournament.activations],
        [*network.maxima, [before + unit for unit in matches]],
    )
    return _refined(network, more, slice, window, max_regions)


def _refined(
    network: Network,
    more: Network,
    slice: Slice | Segment | None,
    window: Any,
    max_regions: int | None,
) -> Refined:
    polygon, on_line = resolve_window(network, slice, window)
    if polygon is None and not on_line:
        raise WindowError("level sets on the whole plane have no ends; give a bounded window")
    with np.errstate(all="ignore"):
        complex = CellComplex(Enumeration(more, slice, polygon, max_regions).run())
    return Refined(complex, on_line, len(network.activations))


@dataclass(frozen=True, eq=False)
class Refined:
    """The refined complex, of a network with `depth` hidden layers; on a line the strip of `Pieces`."""

    complex: CellComplex
    on_line: bool
    depth: int

    @property
    def layer(self) -> int:
        """The hidden layer that the outputs are."""
        return self.depth + 1

    @cached_property
    def region(self) -> np.ndarray:
        """(F,) the region of the network itself that each cell is a part of."""
        every = np.arange(self.complex.n_cells)
        parent = self.complex.subdivision.ancestors(every)[self.depth]
        if not self.on_line:
            return parent
        joints = self.along(np.flatnonzero((self.complex.edge_cells >= 0).all(axis=1)))
        cells = [self.beside(joints[0])[0]] if joints else [0]
        cells += [self.beside(joint)[1] for joint in joints]
        region = np.empty(len(parent), np.int64)
        region[cells] = np.cumsum(np.diff(parent[cells], prepend=parent[cells[0]]) != 0)
        return region

    @cached_property
    def winner(self) -> np.ndarray:
        """(F,) who wins the network's last maximum on each cell; whether its last unit is on if it has
        none."""
        network, patterns = self.complex.network, self.complex.activation_patterns
        if len(network.activations) == self.layer:
            return patterns[:, -1].astype(np.int64)
        entry = np.searchsorted(network.pattern_units, network.maxima[-1][-1])
        return patterns[:, entry].astype(np.int64)

    def along(self, edges: np.ndarray) -> list[int]:
        """Edges across a strip, from left to right."""
        found: list[int] = sorted(edges.tolist(), key=self.position)
        return found

    def position(self, edge: int) -> Fraction:
        """Where an edge across a strip lies on the line."""
        sub = self.complex.subdivision
        line = sub.lines.exact(int(sub.mesh.line[edge]))  # a x + c = 0
        return sub.frame.exact_to_slice((Fraction(-int(line.c), int(line.a)), Fraction(0)))[0]

    def beside(self, edge: int) -> tuple[int, int]:
        """Cells on the left and on the right of an edge across a strip, -1 for none."""
        sub = self.complex.subdivision
        upwards = sub.lines.exact(int(sub.mesh.line[edge])).a * int(sub.mesh.direction[edge]) > 0
        one, other = self.complex.edge_cells[edge].tolist()
        return (one, other) if upwards else (other, one)

    @cached_property
    def vertex_signs(self) -> np.ndarray:
        """(V,) sign of the refined network's first output at each vertex."""
        sub = self.complex.subdivision
        cell = cells_at_vertices(sub)
        value, error = vertex_values(sub, cell)
        signs = np.where(np.abs(value) > error, np.sign(value), 0).astype(np.int64)
        open_vertices = ~(np.abs(value) > error)
        open_vertices[self.complex.edges[self.complex.edge_layer == self.layer]] = False
        for v in np.flatnonzero(open_vertices):
            rows, _ = sub.lines.maps.affine(self.layer + 1, int(cell[v]))
            signs[v] = side_of(
                Line(rows[0, 0], rows[0, 1], rows[0, 2]), sub.lines.meet(*sub.mesh.lines[v].tolist())
            )
        return signs
