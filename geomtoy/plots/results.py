"""`plot` of every kind of result; what `geomtoy.picture` leads to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from matplotlib import colormaps, pyplot
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize

from geomtoy.circles import CircleComplex
from geomtoy.errors import SettingError
from geomtoy.plots.circles import draw_circles
from geomtoy.plots.colours import pattern_colours
from geomtoy.plots.functions import draw_pieces
from geomtoy.plots.level_set import draw_level_set
from geomtoy.plots.marks import draw_marks
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import DOUBLE, SINGLE, paper_style
from geomtoy.regions import CellComplex, LevelSet, Pieces
from geomtoy.regions.results.output_cuts import refine_by_class

Complex = CellComplex | CircleComplex


@dataclass(frozen=True)
class Style:
    """How a result is drawn; see `geomtoy.picture.Picture.plot`."""

    color: Any = None
    cmap: str = "viridis"
    by_layer: bool | None = None
    linewidth: float = 0.5


@dataclass(frozen=True, eq=False)
class Fill:
    """Colours of the cells of a complex, and the numbers behind them, if any."""

    cells: Complex
    colours: np.ndarray | None
    scale: ScalarMappable | None = None
    label: str = ""


def plot(result: Any, ax: Axes | None, style: Style) -> Axes:
    """Draw a result on axes, or on a new figure."""
    if ax is not None:
        draw(result, ax, style)
        return ax
    with paper_style():
        width, height = (DOUBLE, 2.4) if isinstance(result, Pieces) else (SINGLE, SINGLE)
        figure, ax = pyplot.subplots(figsize=(width, height), layout="constrained")
        scale, label = draw(result, ax, style)
        if scale is not None:
            figure.colorbar(scale, ax=ax, label=label, shrink=0.8)
    return ax


@singledispatch
def draw(result: Any, ax: Axes, style: Style) -> tuple[ScalarMappable | None, str]:
    """Draw one kind of result; what a bar beside it would explain."""
    raise SettingError(f"{type(result).__name__} has no picture")


@draw.register(CellComplex)
@draw.register(CircleComplex)
def _draw_complex(cells: Complex, ax: Axes, style: Style) -> tuple[ScalarMappable | None, str]:
    fill = _fill(cells, style)
    hidden = len(cells.network.widths)
    by_layer = hidden > 1 if style.by_layer is None else style.by_layer
    paint: Any = draw_circles if isinstance(cells, CircleComplex) else draw_partition
    paint(ax, fill.cells, colours=fill.colours, by_layer=by_layer, linewidth=style.linewidth)
    draw_marks(ax, cells.marks)
    ax.set(xlabel="s", ylabel="t")
    return fill.scale, fill.label


@draw.register(Pieces)
def _draw_pieces(pieces: Pieces, ax: Axes, style: Style) -> tuple[None, str]:
    if style.color is not None:
        raise SettingError("pieces of a line have no fills; leave color out")
    draw_pieces(ax, pieces)
    return None, ""


@draw.register(LevelSet)
def _draw_level_set(level_set: LevelSet, ax: Axes, style: Style) -> tuple[None, str]:
    alone = not ax.has_data()
    draw_level_set(ax, level_set, colour=style.color or "black", linewidth=2 * style.linewidth)
    if alone and level_set.polylines:
        corners = level_set.polylines[0].complex.vertices
        (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
        ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xlabel="s", ylabel="t")
    elif alone:
        ax.autoscale()
    return None, ""


# --- colours of cells ---------------------------------------------------------------------------------


def _fill(cells: Complex, style: Style) -> Fill:
    color = "pattern" if style.color is None else style.color
    if not isinstance(color, str):
        return _given(cells, np.asarray(color), style.cmap)
    if color == "pattern":
        return Fill(cells, None)
    if isinstance(cells, CellComplex):
        if color == "area":
            return _scaled(cells, cells.cell_areas, LogNorm(), style.cmap, "area")
        if color == "slope":
            slopes = np.linalg.norm(cells.A_omega, axis=(1, 2))
            return _scaled(cells, slopes, Normalize(), style.cmap, "slope")
        if color == "class":
            return _classes(cells)
        raise SettingError(f"color {color!r} is not 'pattern', 'area', 'slope', 'class' or an array")
    raise SettingError(f"behind a norm cells are coloured by 'pattern' or an array, not by {color!r}")


def _given(cells: Complex, numbers: np.ndarray, cmap: str) -> Fill:
    n = len(cells)
    if numbers.shape == (n,):
        return _scaled(cells, numbers.astype(float), Normalize(), cmap, "")
    if numbers.ndim != 2 or len(numbers) != n or numbers.shape[1] not in (3, 4):
        raise SettingError(f"color has shape {numbers.shape}; give ({n},) numbers or ({n}, 3) colours")
    return Fill(cells, numbers.astype(float))


def _scaled(cells: Complex, numbers: np.ndarray, norm: Normalize, cmap: str, label: str) -> Fill:
    norm.autoscale(numbers[numbers > 0] if isinstance(norm, LogNorm) else numbers)
    scale = ScalarMappable(norm, colormaps[cmap])
    return Fill(cells, np.asarray(scale.to_rgba(np.maximum(numbers, norm.vmin or 0.0))), scale, label)


def _classes(cells: CellComplex) -> Fill:
    """Cells cut where the class changes: a cell may hold several."""
    frame = cells.subdivision.frame
    window = None if frame.unbounded else frame.corners_in_slice()
    refined = refine_by_class(cells.network, frame.slice(), window, None)
    return Fill(refined.complex, pattern_colours(refined.winner[:, None]))
