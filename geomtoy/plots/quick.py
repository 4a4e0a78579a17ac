"""One picture of a network, for the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from geomtoy.files import written_aside
from geomtoy.plots.functions import draw_joints
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import DOUBLE, SINGLE, new_figure, paper_style
from geomtoy.regions import CellComplex, Pieces


def plot_regions(found: CellComplex | Pieces, path: Path) -> None:
    """Write the partition of a plane, or the function on a line with its joints, to a PNG or PDF.

    Raises:
        FileError: the place cannot be written to.
    """
    with paper_style():
        figure = new_figure(*((DOUBLE, 2.4) if isinstance(found, Pieces) else (SINGLE, 3.5)))
        ax = figure.add_subplot()
        if isinstance(found, Pieces):
            _draw_pieces(ax, found)
        else:
            draw_partition(ax, found)
            ax.set(xlabel="s", ylabel="t")
        ax.set_title(f"{len(found)} activation regions, {found.n_linear_regions} linear regions")
        metadata = {"Software": None} if path.suffix == ".png" else {"CreationDate": None}
        with written_aside(path) as aside:
            figure.savefig(aside, metadata=metadata)


def _draw_pieces(ax: Axes, pieces: Pieces) -> None:
    low, high = pieces.complex.vertices[:, 0].min(), pieces.complex.vertices[:, 0].max()
    ends = np.concatenate([[low], pieces.breakpoints, [high]])
    left, right = ends[:-1, None], ends[1:, None]
    values = np.stack(
        [pieces.slopes * left + pieces.offsets, pieces.slopes * right + pieces.offsets], axis=1
    )
    where = np.stack([ends[:-1], ends[1:]], axis=1).ravel()
    for output in range(values.shape[2]):
        ax.plot(where, values[:, :, output].ravel(), linewidth=0.9)
    draw_joints(ax, pieces.breakpoints)
    ax.set(xlabel="t", ylabel="output", xlim=(low, high))
