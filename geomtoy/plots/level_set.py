"""Drawing level sets and decision boundaries over a partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

if TYPE_CHECKING:
    from geomtoy.regions import LevelSet


def draw_level_set(
    ax: Axes, level_set: LevelSet, *, colour: str = "black", linewidth: float = 1.4
) -> None:
    """Draw the lines and isolated points of a plane's level set; flat regions stay as they are.

    Args:
        ax: keeps its limits.
        linewidth: in points.
    """
    lines = [line.vertices for line in level_set.polylines]
    ax.add_collection(
        LineCollection(lines, colors=colour, linewidths=linewidth, capstyle="round", zorder=3),
        autolim=False,
    )
    places = np.array([point.exact for point in level_set.points], float).reshape(-1, 2)
    ax.plot(*places.T, "o", color=colour, markersize=2 * linewidth, zorder=3, scalex=False, scaley=False)


def draw_level_points(ax: Axes, level_set: LevelSet, level: float | None) -> None:
    """Mark a level on the graph of a function of one variable, and the points that reach it; without a
    level, borders between classes, as lines across the graph."""
    places = np.array([point.exact[0] for point in level_set.points], float)
    if level is None:
        for place in places:
            ax.axvline(place, color="black", linewidth=0.8, zorder=1)
        return
    ax.axhline(level, color="black", linewidth=0.5, zorder=1)
    ax.plot(places, np.full(len(places), level), "o", color="black", markersize=2.8, zorder=3)
