"""Drawing a partition behind a norm: faces with holes, borders that are arcs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.path import Path

from geomtoy.plots.colours import pattern_colours
from geomtoy.plots.partition import layer_colour

if TYPE_CHECKING:
    from geomtoy.circles import CircleComplex

STEPS = 25
"""Places along an arc, more than a reader sees."""


def draw_circles(
    ax: Axes,
    cells: CircleComplex,
    *,
    colours: np.ndarray | None = None,
    by_layer: bool = False,
    linewidth: float = 0.5,
    on_sphere: bool = False,
) -> None:
    """Draw the cells of a window behind a norm, and their borders.

    Args: as `geomtoy.plots.partition.draw_partition`; cells of one pattern have one colour. The window
        must be bounded, but with `on_sphere`, which draws the half sphere that the slice is.
    """
    if colours is None:
        colours = pattern_colours(cells.activation_patterns)
    paths = [path_around(cells.boundary(k, STEPS, on_sphere=on_sphere)) for k in range(len(cells))]
    fills = PathCollection(paths, facecolors=colours, linewidths=0, antialiased=False, rasterized=True)
    ax.add_collection(fills, autolim=False)
    order = np.argsort(-cells.edge_layer, kind="stable")
    arcs = [cells.arc(int(e), STEPS, on_sphere=on_sphere) for e in order]
    shades = [layer_colour(layer) if by_layer else "black" for layer in cells.edge_layer[order]]
    ax.add_collection(
        LineCollection(arcs, colors=shades, linewidths=linewidth, capstyle="round"), autolim=False
    )
    corners = np.array([[-1.01, -1.01], [1.01, 1.01]]) if on_sphere else cells.window
    low, high = corners.min(axis=0), corners.max(axis=0)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")


def path_around(polylines: list[np.ndarray]) -> Path:
    """One path around a face and its holes."""
    points = [np.concatenate([line, line[:1]]) for line in polylines]
    codes = [
        np.concatenate([[Path.MOVETO], np.full(len(line) - 1, Path.LINETO), [Path.CLOSEPOLY]])
        for line in polylines
    ]
    return Path(np.concatenate(points), np.concatenate(codes))
