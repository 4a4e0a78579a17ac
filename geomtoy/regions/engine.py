"""Layer after layer, the exact subdivision of a window by a network."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from geomtoy.errors import BudgetError, SettingError
from geomtoy.network import Network
from geomtoy.regions.cutting import Cutting, LineTable, build_layer, cut_layer, find_meetings
from geomtoy.regions.frame import FirstMaps, Frame, make_frame
from geomtoy.regions.maps.cuts import cuts_of
from geomtoy.regions.maps.floats import CellMaps, Maps, NextMaps, blocks
from geomtoy.regions.maps.rational import Level, RationalGeometry, RationalMaps
from geomtoy.regions.numbers.filter import TINY, U
from geomtoy.regions.numbers.predicates import Signs, SignTally
from geomtoy.regions.topology.meetings import FULL_CHECK_PAIRS, count_children, generic_children
from geomtoy.regions.topology.merge import ChosenMaps, decides_a_maximum, merge, regions
from geomtoy.regions.topology.mesh import Mesh, part
from geomtoy.slices import UNIT_SQUARE, Segment, Slice, convex_window, interval

Progress = Callable[[int, int], None]
"""Called after each layer with (hidden layers done, cells so far)."""


PART_BYTES = 64 * 2**20
"""Size of the table of signs that counting the last layer holds at a time."""


PAIR_BYTES = 200
"""Memory that a crossing pair of chords takes while a layer is built, about."""


def memory() -> float:
    """Bytes of this machine's memory; unlimited where it does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


@dataclass(frozen=True)
class Subdivision:
    """A window cut by all hidden layers of a network: what the results are views of."""

    network: Network
    frame: Frame
    mesh: Mesh
    levels: tuple[Level, ...]
    geometry: RationalGeometry
    tally: SignTally
    last_maps: CellMaps

    @cached_property
    def output_maps(self) -> Maps:
        """Of the network's outputs on all cells, in frame coordinates; computed when first asked for."""
        return self.last_maps.on(0, len(self.last_maps.segment_start) - 1)

    def ancestors(self, cells: np.ndarray) -> list[np.ndarray]:
        """For each level 0..L, the cell of that level that contains each of the final cells."""
        found = [cells]
        for level in reversed(self.levels[1:]):
            cells = level.parent[cells]
            found.append(cells)
        return found[::-1]


def resolve_window(
    network: Network, slice: Slice | Segment | None, window: Any
) -> tuple[tuple[Any, ...] | None, bool]:
    """The window as an exact polygon (None for everything), and whether the problem is 1D.

    A 1D window (low, high) becomes the strip [low, high] x [0, high - low]; the default is [-1, 1] for a
    1D input and [0, 1], the whole segment, for a `Segment`.
    """
    flat = isinstance(slice, Segment) or (slice is None and network.d_in == 1)
    if window is None:
        return None, flat
    if not flat:
        return convex_window(window), flat
    if window is UNIT_SQUARE:
        window = (0, 1) if isinstance(slice, Segment) else (-1, 1)
    low, high = interval(window)
    height = high - low  # as high as wide, so that the frame suits both
    return convex_window([(low, 0), (high, 0), (high, height), (low, height)]), flat


class Enumeration:
    """One run of the layer-by-layer subdivision.

    Args:
        window: exact convex polygon, counter-clockwise, or None for the whole plane.
        max_regions: largest number of cells to build.
    Raises:
        BudgetError: a layer would make more cells than `max_regions`; nothing is returned then.
    Source: layer-by-layer subdivision, Humayun et al. 2023, arXiv:2302.12828; the traversal of chords
        inside convex cells is our own.
    """

    def __init__(
        self,
        network: Network,
        slice: Slice | Segment | None,
        window: tuple[Any, ...] | None,
        max_regions: int | None,
    ) -> None:
        if max_regions is not None and max_regions < 1:
            raise SettingError(f"max_regions is {max_regions}; give 1 or more, or None for no limit")
        self.network = network
        self.frame = make_frame(network, slice, window)
        self._levels = [Level(np.full(1, -1), np.zeros((1, 1), np.uint64))]
        self._geometry = RationalGeometry(RationalMaps(network, self.frame, self._levels), self.frame)
        self._signs = Signs(self._geometry)
        self._table = LineTable()
        self._max_regions = max_regions

    @property
    def tally(self) -> SignTally:
        return self._signs.tally

    def run(self, progress: Progress | None = None) -> Subdivision:
        """Build the whole subdivision."""
        mesh, maps = self._through(self._hidden, progress)
        self._geometry.vertex_lines = mesh.lines
        levels = tuple(self._levels)
        return Subdivision(self.network, self.frame, mesh, levels, self._geometry, self.tally, maps)

    def count(self, full_check: bool = False, progress: Progress | None = None) -> tuple[int, bool]:
        """Number of cells, and whether it is proven; those of the last hidden layer are not built.

        A parent with more than `FULL_CHECK_PAIRS` crossings is taken to be in general position, and the
        count is then not proven, unless `full_check`.
        """
        if not self._hidden:
            return 1, True
        if decides_a_maximum(self.network, self._hidden):
            return self._through(self._hidden, progress)[0].n_cells, True
        mesh, maps = self._through(self._hidden - 1, progress)
        cells, proven = 0, True
        for low, high in blocks(maps, PART_BYTES // maps.width):
            found, sure = self._count_children(mesh, _Block(maps, low, high), full_check)
            cells, proven = cells + found, proven and sure
        self._within_budget(self._hidden, cells)
        if progress:
            progress(self._hidden, cells)
        return cells, proven

    def _through(self, layers: int, progress: Progress | None) -> tuple[Mesh, CellMaps]:
        """The mesh after some layers, and the maps of the next layer on it."""
        mesh, sides = _window_mesh(self.frame)
        self._table.append(sides)
        maps: CellMaps = FirstMaps(self.network, self.frame)
        for layer in range(1, layers + 1):
            mesh, maps = self._build(mesh, layer, maps)
            if decides_a_maximum(self.network, layer):
                mesh, maps = self._merge(mesh, maps)
            if progress:
                progress(layer, mesh.n_cells)
        return mesh, maps

    def _build(self, mesh: Mesh, layer: int, maps: CellMaps) -> tuple[Mesh, CellMaps]:
        cuts = cuts_of(self.network, layer)
        cutting = cut_layer(mesh, layer, maps, cuts, self._table, self._geometry, self._signs)
        self._foresee(layer, cutting)
        meetings = find_meetings(cutting, self._signs)
        self._within_budget(layer, int(meetings.children.sum()))
        mesh, family = build_layer(mesh, cutting, meetings)
        parent = np.repeat(np.arange(len(meetings.children)), meetings.children)
        self._levels.append(Level(parent, family.bits))
        crossing = (cutting.crossings.start, cutting.crossings.cut)
        return mesh, NextMaps(self.network, layer, maps, cuts, crossing, family)

    def _merge(self, mesh: Mesh, maps: CellMaps) -> tuple[Mesh, CellMaps]:
        """Merge the cells with equal patterns; the first of each stands for all in what is kept."""
        label = regions(self.network, mesh, self._levels)
        chosen = np.unique(label, return_index=True)[1]
        level = self._levels[-1]
        self._levels[-1] = Level(level.parent[chosen], level.bits[chosen])
        self._geometry.vertex.cache_clear()  # vertices are numbered anew
        return merge(mesh, label, self._geometry.n_sides), ChosenMaps(maps, chosen)

    def _count_children(self, mesh: Mesh, block: _Block, full_check: bool) -> tuple[int, bool]:
        """Children of some cells of the last level but one, and whether the number is proven."""
        first, end = block.cells
        cells = mesh if end - first == mesh.n_cells else part(mesh, first, end)
        table, geometry = LineTable(self._table.rows), self._geometry.fork(first)
        signs = Signs(geometry, self._signs.tally)
        cuts = cuts_of(self.network, self._hidden)
        cutting = cut_layer(cells, self._hidden, block, cuts, table, geometry, signs)
        if cutting.pairs.sum() > FULL_CHECK_PAIRS and not full_check:
            return generic_children(cutting), False
        return count_children(cutting, signs), True

    def _foresee(self, layer: int, cutting: Cutting) -> None:
        """Refuse what would not fit before it is built."""
        most = generic_children(cutting)
        if self._max_regions is not None and most > self._max_regions:
            self._within_budget(layer, count_children(cutting, self._signs))
        if int(cutting.pairs.sum()) * PAIR_BYTES > memory():
            raise BudgetError(
                f"hidden layer {layer} makes up to {most} regions, more than fit into memory; count "
                "them with linear=False (--no-linear) or look at a smaller window"
            )

    def _within_budget(self, layer: int, cells: int) -> None:
        if self._max_regions is not None and cells > self._max_regions:
            raise BudgetError(
                f"hidden layer {layer} makes {cells} regions, more than max_regions = "
                f"{self._max_regions}; raise it or look at a smaller window"
            )

    @property
    def _hidden(self) -> int:
        return len(self.network.activations)


@dataclass(frozen=True, eq=False)
class _Block:
    """The maps of some segments, as if there were no others."""

    maps: CellMaps
    low: int
    high: int

    @property
    def cells(self) -> tuple[int, int]:
        return int(self.maps.segment_start[self.low]), int(self.maps.segment_start[self.high])

    @property
    def segment_start(self) -> np.ndarray:
        starts: np.ndarray = self.maps.segment_start[self.low : self.high + 1] - self.cells[0]
        return starts

    @property
    def width(self) -> int:
        return self.maps.width

    def on(self, low: int, high: int) -> Maps:
        return self.maps.on(self.low + low, self.low + high)


def _window_mesh(frame: Frame) -> tuple[Mesh, np.ndarray]:
    """The window as one cell, and the float lines of its sides."""
    n = len(frame.corners)
    xy = np.array(frame.corners, float)
    rows = np.empty((n, 4))
    for k, (p, q) in enumerate(zip(frame.corners, [*frame.corners[1:], frame.corners[0]], strict=True)):
        a, b = q[1] - p[1], p[0] - q[0]
        line = (a, b, -(a * p[0] + b * p[1]))
        rows[k, :3] = line
        rows[k, 3] = (
            0.0 if all(float(z) == z for z in line) else 2.0 * U * np.abs(rows[k, :3]).max() + TINY
        )
    exact = [float(z) == z for p in frame.corners for z in p]
    d = np.zeros(n) if all(exact) else np.full(n, 2.0 * U)
    w = np.full(n, 0.0 if frame.unbounded else 1.0)
    corner = np.arange(n)
    mesh = Mesh(
        xy[:, 0].copy(), xy[:, 1].copy(), w, d,
        np.column_stack([corner, (corner - 1) % n]),
        corner, (corner + 1) % n, corner, np.ones(n, np.int8),
        np.array([0, n]), 2 * corner,
    )  # fmt: skip
    return mesh, rows
