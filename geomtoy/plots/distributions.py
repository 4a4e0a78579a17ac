"""Drawing how counts over slices, areas of cells and lengths of edges are distributed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from geomtoy.plots.style import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from geomtoy.answers import Shapes, SliceCounts

BINS = 40


def draw_counts(ax: Axes, counts: SliceCounts) -> None:
    """A histogram of activation regions over slices, and of linear regions where they were counted."""
    kinds = {"activation regions": (counts.regions, BLUE)}
    if counts.linear_regions is not None and not np.array_equal(counts.linear_regions, counts.regions):
        kinds["linear regions"] = counts.linear_regions, ORANGE
    low = min(numbers.min() for numbers, _ in kinds.values())
    high = max(numbers.max() for numbers, _ in kinds.values())
    step = max(1, -(-(high - low + 1) // BINS))  # whole numbers in each bin
    edges = np.arange(low, high + step + 1, step) - 0.5
    for name, (numbers, colour) in kinds.items():
        heights, _ = np.histogram(numbers, edges)
        ax.stairs(heights, edges, fill=True, color=colour, alpha=0.35, label=name)
        ax.axvline(numbers.mean(), color=colour, linewidth=0.9, label=f"mean {numbers.mean():.5g}")
    ax.set(xlabel="regions", ylabel=f"slices of {len(counts)}")
    ax.legend()


def draw_areas(ax: Axes, shapes: Shapes) -> None:
    """A histogram of the logarithm of areas, the mean area, and that of cells of random lines."""
    areas = shapes.areas[shapes.areas > 0]
    edges = np.logspace(np.log10(areas.min()), np.log10(areas.max()), BINS)
    ax.stairs(np.histogram(areas, edges)[0], edges, fill=True, color=BLUE, alpha=0.35, label="cells")
    ax.axvline(shapes.mean_area, color=BLUE, linewidth=0.9, label="mean")
    expected = shapes.of_random_lines.mean_area
    ax.axvline(expected, color=GREY, linestyle="--", linewidth=0.9, label="mean for random lines")
    ax.set(xscale="log", xlabel="area", ylabel="cells")
    ax.legend()


def draw_edge_lengths(ax: Axes, shapes: Shapes) -> None:
    """A histogram of edge lengths, and the exponential law that edges of random lines have."""
    edges = np.linspace(0, shapes.lengths.max(), BINS)
    heights, _ = np.histogram(shapes.lengths, edges, density=True)
    ax.stairs(heights, edges, fill=True, color=BLUE, alpha=0.35, label="edges")
    mean = shapes.of_random_lines.mean_edge
    law = np.exp(-edges / mean) / mean
    ax.plot(edges, law, color=GREY, linestyle="--", linewidth=0.9, label="random lines")
    ax.set(xlabel="length", ylabel="density")
    ax.legend()
