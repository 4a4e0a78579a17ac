"""Drawing a partition of very many cells, as one image instead of a path a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from geomtoy.plots.raster import blend, fill_polygons, stroke_segments

if TYPE_CHECKING:
    from geomtoy.regions import CellComplex

MANY = 50_000
"""Cells from which on a path for each costs more than a reader sees."""

PIXELS = 1600
"""On the longer side of the image."""

POINTS_ACROSS = 240.0
"""Points on the longer side of a drawing, when the thickness of lines is not given."""


def draw_image(
    ax: Axes, cells: CellComplex, colours: np.ndarray, edge_colours: np.ndarray, linewidth: float
) -> None:
    """Draw cells and borders into one image that fills the window.

    Args:
        colours: (n_cells, 3 or 4). edge_colours: (n_edges, 3).
        linewidth: in points of a drawing as wide as a column; borders thinner than a pixel are faint.
    """
    low, high = cells.vertices.min(axis=0), cells.vertices.max(axis=0)
    image = picture(cells, colours, edge_colours, linewidth)
    ax.imshow(image, extent=(low[0], high[0], low[1], high[1]), interpolation="antialiased", zorder=0.5)


def picture(
    cells: CellComplex, colours: np.ndarray, edge_colours: np.ndarray, linewidth: float
) -> np.ndarray:
    """(height, width, 4) RGBA in 0..255, the longer side `PIXELS` long."""
    low, high = cells.vertices.min(axis=0), cells.vertices.max(axis=0)
    scale = PIXELS / float((high - low).max())
    width, height = (max(1, round(scale * side)) for side in (high - low).tolist())
    places = (cells.vertices - low) * (width, height) / (high - low)
    places[:, 1] = height - places[:, 1]
    fills = np.zeros((height, width, 4), np.float32)
    fill_polygons(fills, places[cells.cell_corners], cells.cell_start, colours[:, :3])
    ink = np.zeros_like(fills)
    stroke_segments(ink, places[cells.edges], edge_colours, linewidth * PIXELS / POINTS_ACROSS)
    return blend(fills, ink)


def thin(n_cells: int, linewidth: float) -> float:
    """A line width that leaves room for cells: an eighth of a cell's side at most, in points."""
    return min(linewidth, POINTS_ACROSS / np.sqrt(n_cells) / 8)


def rgb(names: list[str]) -> np.ndarray:
    """(n, 3) of colour names."""
    return np.array([to_rgb(name) for name in names])
