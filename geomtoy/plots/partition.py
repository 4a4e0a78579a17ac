"""Drawing a partition of the plane: fills without seams, borders on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from geomtoy.errors import WindowError
from geomtoy.plots.colours import colours_of_sums, hash_weights, pattern_colours
from geomtoy.plots.many_cells import MANY, draw_image, rgb, thin
from geomtoy.plots.style import BLUE, GREEN, ORANGE, PURPLE

if TYPE_CHECKING:
    from geomtoy.regions import CellComplex

BLOCK = 1 << 12
"""Cells whose patterns are unpacked at a time."""

LAYER_COLOURS = ("black", BLUE, ORANGE, GREEN, PURPLE)
"""Of the window's sides, then of hidden layers 1, 2, ... in turn."""


def draw_partition(
    ax: Axes,
    cells: CellComplex,
    *,
    colours: np.ndarray | None = None,
    by_layer: bool = False,
    linewidth: float = 0.5,
) -> None:
    """Draw the cells of a bounded window, one colour each, and their borders.

    More than `many_cells.MANY` cells become one image, with borders thin enough to leave room for cells.

    Args:
        ax: gets the window's limits and equal scales.
        cells: the exact partition.
        colours: (n_cells, 3 or 4); by default a stable hash of each activation pattern.
        by_layer: colour each border by the hidden layer that bends there, instead of black.
        linewidth: of the borders, in points.
    Raises:
        WindowError: the window is the whole plane.
    """
    _bounded(cells)
    colours = _colours(cells) if colours is None else colours
    if len(cells) > MANY:
        layers = range(len(cells.network.widths) + 1)
        of_layer = rgb([layer_colour(layer if by_layer else 0) for layer in layers])
        draw_image(ax, cells, colours, of_layer[cells.edge_layer], thin(len(cells), linewidth))
    else:
        # Smoothed against the background, neighbours would show a white seam between them.
        polygons = np.split(cells.vertices[cells.cell_corners], cells.cell_start[1:-1])
        fills = PolyCollection(polygons, facecolors=colours, antialiased=False, rasterized=True)
        ax.add_collection(fills, autolim=False)
        draw_borders(ax, cells, by_layer=by_layer, linewidth=linewidth)
    low, high = cells.vertices.min(axis=0), cells.vertices.max(axis=0)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")


def draw_borders(
    ax: Axes, cells: CellComplex, *, by_layer: bool = False, linewidth: float = 0.5
) -> None:
    """Draw the edges alone; those of the first layer, which are straight, above deeper ones.

    Raises:
        WindowError: the window is the whole plane.
    """
    _bounded(cells)
    order = np.argsort(-cells.edge_layer, kind="stable")
    segments = cells.vertices[cells.edges[order]]
    colours = [layer_colour(layer) for layer in cells.edge_layer[order]] if by_layer else "black"
    lines = LineCollection(segments, colors=colours, linewidths=linewidth, capstyle="round")
    ax.add_collection(lines, autolim=False)


def _colours(cells: CellComplex) -> np.ndarray:
    """Colours of all cells; patterns of many cells and units are not held at once."""
    if not cells.network.maxima:
        return colours_of_sums(*cells.pattern_sums(hash_weights(sum(cells.network.widths))))
    blocks = np.array_split(np.arange(cells.n_cells), 1 + cells.n_cells // BLOCK)
    return np.concatenate([pattern_colours(cells.patterns_on(block)) for block in blocks])


def _bounded(cells: CellComplex) -> None:
    if cells.at_infinity.any():
        raise WindowError("the whole plane cannot be drawn; enumerate inside a bounded window")


def layer_colour(layer: int) -> str:
    """Of a border that a hidden layer makes; 0 stands for the window's sides."""
    return LAYER_COLOURS[0] if layer == 0 else LAYER_COLOURS[1 + (layer - 1) % (len(LAYER_COLOURS) - 1)]
