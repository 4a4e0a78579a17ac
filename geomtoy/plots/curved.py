"""Drawing the regions of a soft block on a plane: cells with holes, borders as polylines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection

from geomtoy.plots.circles import path_around
from geomtoy.plots.colours import pattern_colours

if TYPE_CHECKING:
    from geomtoy.views import CurvedComplex


def draw_curved(
    ax: Axes, cells: CurvedComplex, *, colours: np.ndarray | None = None, linewidth: float = 0.5
) -> None:
    """Draw the cells of a soft block on a plane, and their borders.

    Args: as `geomtoy.plots.partition.draw_partition`; cells of one pattern have one colour.
    """
    if colours is None:
        colours = pattern_colours(cells.activation_patterns)
    paths = [path_around(cells.boundary(k)) for k in range(len(cells))]
    fills = PathCollection(paths, facecolors=colours, linewidths=0, antialiased=False, rasterized=True)
    ax.add_collection(fills, autolim=False)
    lines = [cells.arc(edge) for edge in range(cells.n_edges)]
    borders = LineCollection(lines, colors="black", linewidths=linewidth, capstyle="round")
    ax.add_collection(borders, autolim=False)
    low, high = cells.window.min(axis=0), cells.window.max(axis=0)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
