"""Layer after layer, the exact subdivision of a window by a network."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from geomtoy.errors import BudgetError, SettingError
from geomtoy.kernels import announce
from geomtoy.memory import AT_HAND, memory
from geomtoy.network import Network, require_network
from geomtoy.progress import Progress
from geomtoy.regions.engine.building import build_layer
from geomtoy.regions.engine.crossings import Subject
from geomtoy.regions.engine.cutting import Cutting, cut_layer
from geomtoy.regions.engine.meetings import count_cells, find_meetings
from geomtoy.regions.frame import Frame, make_frame
from geomtoy.regions.lines import Lines
from geomtoy.regions.maps.chain import level_maps, next_maps
from geomtoy.regions.maps.floats import CellMaps, FirstMaps, Maps, NextMaps, all_maps
from geomtoy.regions.maps.levels import (
    Level,
    ancestors,
    chosen_cells,
    decides_a_maximum,
    first_level,
)
from geomtoy.regions.maps.patterns import equal_patterns, patterns_so_far
from geomtoy.regions.numbers.bounds import CORNER, nearest
from geomtoy.regions.numbers.predicates import Predicates, SignTally
from geomtoy.regions.topology import curve
from geomtoy.regions.topology.components import components
from geomtoy.regions.topology.merge import inner_sides, merge
from geomtoy.regions.topology.mesh import Mesh
from geomtoy.slices import FAR, UNIT_SQUARE, Segment, Slice, convex_window, interval

ROOM = Path(__file__).parents[1]

SMALL = 1 << 16
"""Cells times cuts up to which each is looked at alone: the kernels for runs need not be compiled."""

WIDE, FAMILY = 700, 16
"""Units of a layer or of the one before, and cells of a parent on average, from which on runs of cells
are looked at: below, it is faster to look at clans, or at each."""

VAGUE = 2.0**-40
"""Error of a place from which on it is computed exactly to number cells."""

OUTPUT_CELLS = 1 << 12
"""Cells on which maps of the outputs are computed at a time."""

PAIR_BYTES = 830
"""Memory that a crossing pair of chords takes while a layer is built: 650 to 830 were measured."""


@dataclass(frozen=True)
class Subdivision:
    """A window cut by all hidden layers of a network: what the results are views of.

    It holds the mesh, its lines' sources and what each level remembers; maps are computed again when
    they are asked for.
    """

    network: Network
    frame: Frame
    mesh: Mesh
    levels: tuple[Level, ...]
    lines: Lines
    tally: SignTally

    @cached_property
    def output_maps(self) -> Maps:
        """Of the network's outputs on all cells, in frame coordinates; computed when first asked for."""
        return all_maps(level_maps(self.network, self.frame, self.levels), OUTPUT_CELLS)

    def ancestors(self, cells: np.ndarray) -> list[np.ndarray]:
        """For each level 0..L, the cell of that level that contains each of the final cells."""
        return ancestors(self.levels, cells)


def resolve_window(
    network: Network, slice: Slice | Segment | None, window: Any
) -> tuple[tuple[Any, ...] | None, bool]:
    """The window as an exact polygon (None for everything), and whether the problem is 1D.

    A 1D window (low, high) becomes the strip [low, high] x [0, high - low]; the default is [-1, 1] for a
    1D input and [0, 1], the whole segment, for a `Segment`.
    """
    require_network(network)
    flat = isinstance(slice, Segment) or (slice is None and network.d_in == 1)
    if window is None:
        return None, flat
    if not flat:
        return _unit_square() if window is UNIT_SQUARE else convex_window(window), flat
    if window is UNIT_SQUARE:
        window = (0, 1) if isinstance(slice, Segment) else (-1, 1)
    low, high = interval(window)
    height = min(high - low, FAR)  # as high as wide, so that the frame suits both
    return convex_window([(low, 0), (high, 0), (high, height), (low, height)]), flat


@cache
def _unit_square() -> tuple[Any, ...]:
    return convex_window(UNIT_SQUARE)


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
        announce(ROOM)
        self.network = network
        self.frame = make_frame(network, slice, window)
        levels = [first_level()]
        lines = Lines(network, self.frame, levels)
        self.subject = Subject(network, self.frame, levels, lines, Predicates())
        self.max_regions = max_regions

    @property
    def tally(self) -> SignTally:
        return self.subject.predicates.tally

    def run(self, progress: Progress | None = None) -> Subdivision:
        """Build the whole subdivision."""
        return self.finished(self.through(self.hidden, progress)[0])

    def finished(self, mesh: Mesh) -> Subdivision:
        """What the run has found, with the mesh of its last level."""
        levels, lines = tuple(self.subject.levels), self.subject.lines.fresh()
        return Subdivision(self.network, self.frame, mesh, levels, lines, self.tally)

    def through(self, layers: int, progress: Progress | None) -> tuple[Mesh, CellMaps]:
        """The mesh after some layers, and the maps of the next layer on it, which are the outputs' after
        the last."""
        mesh = _window_mesh(self.frame)
        maps: CellMaps = FirstMaps(self.network, self.frame)
        for layer in range(1, layers + 1):
            mesh = self.build(mesh, layer, maps)
            if decides_a_maximum(self.network, layer):
                mesh = self._merge(mesh)
            many = layer < self.hidden and mesh.n_cells * self.network.widths[layer] > SMALL
            if many and curve.pays_off(self.subject.levels[-1].parent):
                mesh = self._renumber(mesh)
            again = layer + 1 < self.hidden
            maps = next_maps(self.network, maps, self.subject.levels, again)
            if progress:
                progress(layer, mesh.n_cells)
        return mesh, maps

    def build(self, mesh: Mesh, layer: int, maps: CellMaps) -> Mesh:
        """The mesh of the next level, which is entered, before any of its cells are merged."""
        by_runs = pays_off(mesh, maps, self.subject.levels[-1])
        cutting = cut_layer(self.subject, mesh, layer, maps, by_runs)
        self._foresee(layer, cutting)
        meetings = find_meetings(cutting, self.subject)
        self.within_budget(layer, int(meetings.children.sum()))
        mesh, level = build_layer(mesh, cutting, meetings, self.subject.lines)
        self.subject.levels.append(level)
        return mesh

    def _merge(self, mesh: Mesh) -> Mesh:
        """Merge the cells with equal patterns; the first of each stands for all in what is kept."""
        levels = self.subject.levels
        sides, patterns = inner_sides(mesh), patterns_so_far(self.network, levels)
        label = components(mesh.n_cells, sides[equal_patterns(patterns, sides)])
        levels[-1] = chosen_cells(levels[-1], np.unique(label, return_index=True)[1])
        return merge(mesh, label, self.subject.lines.n_sides)

    def _renumber(self, mesh: Mesh) -> Mesh:
        """Give close cells close numbers."""
        levels = self.subject.levels
        parent = levels[-1].parent
        order = curve.along_curve(*self._places(mesh), mesh, parent)
        start, half = curve.renumbered(mesh, order)
        tree = curve.earlier_neighbours(start, half, len(mesh.tail), parent)
        levels[-1] = Level(parent, levels[-1].bits[order], tree)
        return mesh._replace(start=start, half=half)

    def _places(self, mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
        """x and y of vertices, those that floats know little of computed exactly: numbers are the same
        whoever decides."""
        x, y = mesh.x.copy(), mesh.y.copy()
        for v in np.flatnonzero(~(mesh.d <= VAGUE) & (mesh.w != 0)).tolist():
            at = self.subject.lines.meet(*mesh.lines[v].tolist())
            x[v], y[v] = (nearest(Fraction(int(z), int(at.w))) for z in (at.x, at.y))
        return x, y

    def _foresee(self, layer: int, cutting: Cutting) -> None:
        """Refuse what would not fit before it is built."""
        most = cutting.most_cells
        if self.max_regions is not None and most > self.max_regions:
            self.within_budget(layer, count_cells(cutting, self.subject))
        needed = int(cutting.pairs.sum()) * PAIR_BYTES
        if needed > AT_HAND and needed > self._memory:
            raise BudgetError(
                f"hidden layer {layer} makes up to {most} regions, more than fit into memory; count "
                "them with linear=False (--no-linear) or look at a smaller window"
            )

    def within_budget(self, layer: int, cells: int) -> None:
        if self.max_regions is not None and cells > self.max_regions:
            raise BudgetError(
                f"hidden layer {layer} makes {cells} regions, more than max_regions = "
                f"{self.max_regions}; raise it or look at a smaller window"
            )

    @cached_property
    def _memory(self) -> float:
        return memory()

    @property
    def hidden(self) -> int:
        return len(self.network.activations)

    @property
    def merges_last(self) -> bool:
        """Whether the last hidden layer decides a maximum: its cells are not known until they are built
        and merged."""
        return decides_a_maximum(self.network, self.hidden)


def pays_off(mesh: Mesh, maps: CellMaps, level: Level) -> bool:
    """Whether it pays to look at runs of cells: there is much to look at, and parents have many."""
    before = maps.before.width if isinstance(maps, NextMaps) else 0
    if max(before, maps.width) < WIDE or mesh.n_cells * maps.width <= SMALL:
        return False
    families = 1 + np.count_nonzero(level.parent[1:] != level.parent[:-1])
    return bool(families * FAMILY < len(level.parent))


def _window_mesh(frame: Frame) -> Mesh:
    """The window as one cell; its sides are the first lines of the book."""
    n = len(frame.corners)
    xy = np.array([[nearest(z) for z in corner] for corner in frame.corners])
    stored = all(nearest(z) == z for corner in frame.corners for z in corner)
    d = np.full(n, 0.0 if stored else CORNER)
    w = np.full(n, 0.0 if frame.unbounded else 1.0)
    corner = np.arange(n)
    return Mesh(
        xy[:, 0].copy(), xy[:, 1].copy(), w, d,
        np.column_stack([corner, (corner - 1) % n]),
        corner, (corner + 1) % n, corner, np.ones(n, np.int8),
        np.array([0, n]), 2 * corner,
    )  # fmt: skip
