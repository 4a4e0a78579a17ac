"""One picture of a network, for the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes

from geomtoy.circles import CircleComplex
from geomtoy.plots.circles import draw_circles
from geomtoy.plots.curved import draw_curved
from geomtoy.plots.functions import draw_pieces
from geomtoy.plots.level_set import draw_level_points, draw_level_set
from geomtoy.plots.marks import draw_marks
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import DOUBLE, SINGLE, new_figure, paper_style
from geomtoy.regions import CellComplex, LevelSet, Pieces
from geomtoy.views.curved_complex import CurvedComplex
from geomtoy.writing import written_aside

UNDATED = {".png": {"Software": None}, ".svg": {"Date": None}}
"""What keeps the same picture the same file; the rest is PDF."""


@dataclass(frozen=True)
class Level:
    """A level set or the borders between classes, to be drawn over its partition.

    `level` is that of an output on a line, None for borders.
    """

    name: str
    level: float | None
    found: LevelSet

    def __str__(self) -> str:
        parts, crossed = self.found.n_components, len(self.found.crossed)
        return f"{self.name}: components {parts}, regions crossed {crossed}"


def plot_regions(
    found: CellComplex | CircleComplex | Pieces,
    path: Path,
    level: Level | None = None,
) -> None:
    """Write the partition of a plane, or the function on a line with its joints, to a PNG or PDF.

    Args:
        level: a level set in the same slice and window, drawn on top; in a plane its lines and
            isolated points (regions that lie on the level keep their colour), on a line its points.
    Raises:
        FileError: the place cannot be written to.
    """
    with _one_picture(path, wide=isinstance(found, Pieces)) as ax:
        if isinstance(found, Pieces):
            draw_pieces(ax, found)
        else:
            if isinstance(found, CircleComplex):
                draw_circles(ax, found)
            else:
                draw_partition(ax, found)
            ax.set(xlabel="s", ylabel="t")
            draw_marks(ax, found.marks)
        title = f"{len(found)} activation regions, {found.n_linear_regions} linear regions"
        if level is not None:
            _draw_level(ax, found, level)
            title += f"\n{level}"
        ax.set_title(title)


def plot_curved(found: CurvedComplex, path: Path) -> None:
    """Write the regions of a soft block on a plane to a PNG or PDF.

    Raises:
        FileError: the place cannot be written to.
    """
    with _one_picture(path) as ax:
        draw_curved(ax, found)
        ax.set(xlabel="s", ylabel="t", title=f"{len(found)} activation regions, certified")


@contextmanager
def _one_picture(path: Path, *, wide: bool = False) -> Iterator[Axes]:
    """A picture to draw in, written at the end under its name."""
    with paper_style():
        figure = new_figure(*((DOUBLE, 2.4) if wide else (SINGLE, 3.5)))
        yield figure.add_subplot()
        metadata = UNDATED.get(path.suffix, {"CreationDate": None})
        with written_aside(path) as aside:
            figure.savefig(aside, metadata=metadata)


def _draw_level(ax: Axes, found: CellComplex | CircleComplex | Pieces, level: Level) -> None:
    if isinstance(found, Pieces):
        draw_level_points(ax, level.found, level.level)
    else:
        draw_level_set(ax, level.found)
