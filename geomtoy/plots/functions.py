"""Drawing functions of one variable: values, joints, and numbers per bin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from geomtoy.plots.style import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from geomtoy.regions import Pieces


def draw_fit(ax: Axes, x: np.ndarray, truth: np.ndarray, fit: np.ndarray) -> None:
    """A target and a network over the same points, each (n,)."""
    ax.plot(x, truth, color=GREY, linewidth=2.4, alpha=0.5, label="target")
    ax.plot(x, fit, color=ORANGE, linewidth=0.9, label="network")


def draw_joints(ax: Axes, joints: np.ndarray, label: str = "joints") -> None:
    """Short marks on the x-axis where the slope changes, or the pattern, joints (k,)."""
    ax.plot(
        joints, np.full(len(joints), 0.03), "|", transform=ax.get_xaxis_transform(),
        color="black", markersize=4, markeredgewidth=0.4, label=label,
    )  # fmt: skip


def draw_bins(ax: Axes, edges: np.ndarray, counts: np.ndarray) -> None:
    """Bars for the first seed and the range over all: edges (m + 1,), counts (seeds, m)."""
    ax.stairs(counts[0], edges, fill=True, color=BLUE, alpha=0.35, label="seed 0")
    ax.stairs(counts[0], edges, color=BLUE, linewidth=0.8)
    middle = (edges[:-1] + edges[1:]) / 2
    low, high = counts.min(axis=0), counts.max(axis=0)
    ax.vlines(middle, low, high, color=GREY, linewidth=0.8, label="range over seeds")


def ticks_in_pi(ax: Axes, low: int, high: int) -> None:
    """Mark the multiples of pi from low to high on the x-axis."""
    multiples = range(low, high + 1)
    names = {0: "0", 1: "π", -1: "−π"}
    labels = [names.get(k, f"{k}π".replace("-", "−")) for k in multiples]
    ax.set_xticks([np.pi * k for k in multiples], labels)


def draw_pieces(ax: Axes, pieces: Pieces) -> None:
    """The outputs of a network of one variable, and where its pieces meet."""
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
