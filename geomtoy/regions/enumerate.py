"""Layer after layer, the exact subdivision of a window by a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from geomtoy.errors import BudgetError
from geomtoy.network import Network
from geomtoy.regions.filter import TINY, U
from geomtoy.regions.frame import Frame, first_maps, make_frame
from geomtoy.regions.maps import Cuts, Maps, cut_lines, cuts_of, next_maps
from geomtoy.regions.mesh import Mesh
from geomtoy.regions.rational import Level, RationalGeometry, RationalMaps
from geomtoy.regions.signs import Signs, SignTally
from geomtoy.regions.subdivide import LineTable, Plan, build_layer, plan_layer
from geomtoy.slices import UNIT_SQUARE, Segment, Slice, convex_window, interval

Progress = Callable[[int, int], None]
"""Called after each layer with (hidden layers done, cells so far)."""


@dataclass(frozen=True)
class Subdivision:
    """A window cut by all hidden layers of a network: what the results are views of."""

    network: Network
    frame: Frame
    mesh: Mesh
    levels: tuple[Level, ...]
    geometry: RationalGeometry
    tally: SignTally
    last_maps: Callable[[], Maps]

    @cached_property
    def output_maps(self) -> Maps:
        """Of the network's outputs on all cells, in frame coordinates; computed when first asked for."""
        with np.errstate(all="ignore"):
            return self.last_maps()

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

    A 1D window (low, high) becomes the strip [low, high] x [0, 1]; the default is [-1, 1] for a
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
    return convex_window([(low, 0), (high, 0), (high, 1), (low, 1)]), flat


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
        mesh, later = self._start()
        for layer in range(1, self._hidden + 1):
            maps = later()
            mesh, later = self._build(mesh, layer, maps, self._plan(mesh, layer, maps))
            if progress:
                progress(layer, mesh.n_cells)
        self._geometry.vertex_lines = mesh.lines
        levels = tuple(self._levels)
        return Subdivision(self.network, self.frame, mesh, levels, self._geometry, self.tally, later)

    def count(self, progress: Progress | None = None) -> int:
        """Number of cells, without building those of the last hidden layer."""
        mesh, later = self._start()
        cells = 1
        for layer in range(1, self._hidden + 1):
            maps = later()
            plan = self._plan(mesh, layer, maps)
            cells = int(plan.children.sum())
            if layer < self._hidden:
                mesh, later = self._build(mesh, layer, maps, plan)
            if progress:
                progress(layer, cells)
        return cells

    @property
    def _hidden(self) -> int:
        return len(self.network.activations)

    def _start(self) -> tuple[Mesh, Callable[[], Maps]]:
        mesh, sides = _window_mesh(self.frame)
        self._table.append(sides)
        return mesh, lambda: first_maps(self.network, self.frame)

    def _cuts(self, layer: int) -> Cuts:
        return cuts_of(self.network.activations[layer - 1], self.network.widths[layer - 1])

    def _plan(self, mesh: Mesh, layer: int, maps: Maps) -> Plan:
        lines = cut_lines(maps, self._cuts(layer))
        plan = plan_layer(mesh, layer, lines, self._table, self._geometry, self._signs)
        cells = int(plan.children.sum())
        if self._max_regions is not None and cells > self._max_regions:
            raise BudgetError(
                f"hidden layer {layer} makes {cells} regions, more than max_regions = "
                f"{self._max_regions}; raise it or look at a smaller window"
            )
        return plan

    def _build(self, mesh: Mesh, layer: int, maps: Maps, plan: Plan) -> tuple[Mesh, Callable[[], Maps]]:
        """The next mesh, and how to compute the next layer's maps on it."""
        mesh, family = build_layer(mesh, plan)
        parent = np.repeat(np.arange(len(plan.children)), plan.children)
        self._levels.append(Level(parent, family.bits))
        crossing = (plan.crossings.start, plan.crossings.cut)
        cuts = self._cuts(layer)
        return mesh, lambda: next_maps(self.network, layer, maps, cuts, crossing, family)


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
