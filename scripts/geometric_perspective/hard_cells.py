"""Drawing the cells of a block with hard attention."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from geomtoy.plots.partition import draw_partition
from geomtoy.views.hard_attention import HardCells


def draw_hard(ax: Axes, cells: HardCells, *, tie_width: float = 0.9) -> None:
    """The MLP's borders thin; ties of scores, where the function jumps, thick."""
    for piece in cells.pieces:
        draw_partition(ax, piece, linewidth=0.25)
    outlines = [np.array([[float(x) for x in corner] for corner in one]) for one in cells.polygons]
    closed = [np.vstack([one, one[:1]]) for one in outlines]
    ax.add_collection(LineCollection(closed, colors="black", linewidths=tie_width), autolim=False)
    corners = np.concatenate(outlines)
    low, high = corners.min(axis=0), corners.max(axis=0)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
