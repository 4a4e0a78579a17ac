"""Points that a slice goes through."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from geomtoy.slices import Point

LETTERS = "pqr"


def draw_marks(ax: Axes, marks: Sequence[Point]) -> None:
    """Mark points of a plane, the first three with the letters of `Slice.through(p, q, r)`.

    Args:
        marks: slice coordinates; those outside the axes' limits are not seen.
    """
    for k, point in enumerate(marks):
        x, y = map(float, point)
        ax.plot(x, y, "o", color="white", markeredgecolor="black", markersize=4, zorder=3)
        if k < len(LETTERS):
            ax.annotate(
                LETTERS[k],
                (x, y),
                xytext=(4, 4),
                textcoords="offset points",
                annotation_clip=True,
                bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "linewidth": 0},
            )
