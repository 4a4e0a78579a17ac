"""Intrinsic dimension and density of attention against context and heads, by both thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geometric_perspective.config import GRID, Grid
from geometric_perspective.run_blocks import count_blocks
from geometric_perspective.trends import growth
from geomtoy.block_arrays import BlockArrays, unstack_blocks
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, ORANGE, PURPLE, new_figure
from geomtoy.theory.intrinsic_dimension import graph_density, intrinsic_dimension
from geomtoy.theory.minkowski import (
    dimension_bound,
    effective_dimension,
    head_vertices,
    hull_dimension_bound,
)
from geomtoy.verdicts import SelfCheck, Verdict, self_check

PRESETS = GRID
EPSILON = 0.1
RULES = {"absolute": False, "relative": True}
LABELS = {"absolute": "weight > 0.1", "relative": "weight > 0.1 of the row's greatest"}
TIMES = np.linspace(-2 * np.pi, 2 * np.pi, 201)
LOOKS = len(TIMES[::50])
"""Times at which the theorem is checked."""
COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
MARKERS = "os^D"

Found = dict[str, np.ndarray]
"""What is measured -> (heads, contexts, seeds)."""


def make(config: Grid, machine: Machine) -> Drawn:
    runs = machine.run(count_blocks, config.runs, lambda run: run.cost)
    measured = [measure(block) for run in runs for block in unstack_blocks(run.arrays)]
    shape = len(config.heads), len(config.contexts), config.seeds
    found = {key: np.reshape([one[key] for one in measured], shape) for key in measured[0]}
    sizes = {"heads": config.heads, "contexts": config.contexts, "encoding": config.encoding}
    return Drawn(draw(config, found), {**sizes, **found})


def measure(block: BlockArrays) -> dict[str, float]:
    """Means over time of the query's intrinsic dimension and density, and theorem 2.1's dimensions."""
    x = block.tokens(TIMES)
    pattern = block.attention_pattern(x)
    found = {}
    for rule, relative in RULES.items():
        options = {"relative": relative, "last_row": True}
        found[f"ID, {rule}"] = intrinsic_dimension(pattern, EPSILON, **options).mean()
        found[f"density, {rule}"] = graph_density(pattern, EPSILON, **options).mean()
    return found | theorem(block, x[::50], pattern[::50])


def theorem(block: BlockArrays, x: np.ndarray, pattern: np.ndarray) -> dict[str, float]:
    """Dimension of the Minkowski sum, its two bounds, and how often it is above them."""
    sums = [
        (effective_dimension(head_vertices(tokens, block.W_V, block.W_O), weights), weights)
        for tokens, weights in zip(x, pattern, strict=True)
    ]
    bounds = [(dimension_bound(w), hull_dimension_bound(w)) for _, w in sums]
    dimensions = [dimension for dimension, _ in sums]
    return {
        "dimension of the Minkowski sum": float(np.mean(dimensions)),
        "bound of equation 7": float(np.mean([paper for paper, _ in bounds])),
        "violations": sum(d > tight for d, (_, tight) in zip(dimensions, bounds, strict=True)),
    }


def draw(config: Grid, numbers: Found) -> Figure:
    figure = new_figure(DOUBLE, 4.6)
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    shown = config.heads[:: max(1, len(config.heads) // len(COLOURS))]
    for column, rule in zip(axes.T, RULES, strict=True):
        for H, colour, marker in zip(shown, COLOURS, MARKERS, strict=False):
            for ax, kind in zip(column, ("ID", "density"), strict=True):
                row = numbers[f"{kind}, {rule}"][config.heads.index(H)]
                draw_line(ax, config.contexts, row, colour, marker, f"{H} head{'s' * (H > 1)}")
            column[0].plot(config.contexts, H * np.array(config.contexts), ":", color=colour)
        column[0].set_title(f"{rule} threshold: {LABELS[rule]}")
        column[1].set_xlabel("context length")
    axes[0, 0].plot([], [], ":", color="black", label="bound: heads × context")
    axes[0, 0].set_yscale("symlog", linthresh=1)
    axes[0, 0].set(xscale="log", ylim=(0, None))
    axes[0, 0].set_ylabel("intrinsic dimension\nof the last row")
    axes[1, 0].set(ylim=(0, 1.05), ylabel="density of the last row")
    ticks = [C for C in config.contexts if len(config.contexts) < 6 or C in (10, 20, 30, 50, 70, 100)]
    axes[0, 0].set_xticks(ticks, ticks)
    axes[0, 0].minorticks_off()
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), columnspacing=1.2)
    return figure


def draw_line(
    ax: Axes, contexts: Sequence[int], values: np.ndarray, colour: str, marker: str, label: str
) -> None:
    """Mean and range over seeds of values (contexts, seeds)."""
    mean = values.mean(axis=1)
    ax.errorbar(
        contexts, mean, [mean - values.min(axis=1), values.max(axis=1) - mean], marker=marker,
        color=colour, capsize=2, elinewidth=0.7, label=label,
    )  # fmt: skip


def verdicts(numbers: Numbers) -> list[Verdict]:
    return [
        growth(
            f"Equation 8, {rule} threshold: intrinsic dimension of trained attention grows",
            numbers, [f"ID, {rule}"], along,
            note=f"Tokens count whose {LABELS[rule]}; the last row, summed over heads, mean over "
            f"{len(TIMES)} times in [-2π, 2π]. Encoding {numbers['encoding']}.",
        )
        for rule, along in product(RULES, ("contexts", "heads"))
    ]  # fmt: skip


def self_checks(numbers: Numbers) -> list[SelfCheck]:
    violations = np.array(numbers["violations"])
    return [
        self_check(
            "Theorem 2.1: the Minkowski sum of the heads' hulls has at most dimension sum (k_h - 1), "
            "and so at most equation 7's (at threshold 0 every token counts; the dimension is a rank in "
            "float64, never above d_model, so that the bound says little where heads times context is "
            "larger)",
            checked=violations.size * LOOKS,
            violations=int(violations.sum()),
        )
    ]
