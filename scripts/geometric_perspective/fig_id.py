"""Intrinsic dimension and density of attention against context and heads, by both thresholds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from blocks import FULL_GRID, full, grid_arguments, grid_of_blocks, grid_record, trained
from figure import publish
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from trends import trend_verdict

from geomtoy.block_arrays import BlockArrays, unstack_blocks
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, ORANGE, PURPLE, new_figure, paper_style
from geomtoy.results import Verdict
from geomtoy.theory.intrinsic_dimension import graph_density, intrinsic_dimension
from geomtoy.theory.minkowski import (
    dimension_bound,
    effective_dimension,
    head_vertices,
    hull_dimension_bound,
)

EPSILON = 0.1
RULES = {"absolute": False, "relative": True}
LABELS = {"absolute": "weight > 0.1", "relative": "weight > 0.1 of the row's greatest"}
TIMES = np.linspace(-2 * np.pi, 2 * np.pi, 201)
COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
MARKERS = "os^D"

Numbers = dict[str, np.ndarray]
"""What is measured -> (heads, contexts, seeds)."""


def main(argv: Sequence[str] | None = None) -> None:
    args = grid_arguments(__doc__).parse_args(argv)
    name = full(args, "fig_id", **FULL_GRID)
    measured = [
        [measure(block) for block in unstack_blocks(result.arrays)]
        for result in trained(args, grid_of_blocks(args))
    ]
    shape = len(args.heads), len(args.contexts), args.seeds
    numbers = {
        key: np.reshape([one[key] for blocks in measured for one in blocks], shape)
        for key in measured[0][0]
    }
    rules = [(rule, along) for rule, along in product(RULES, ("context", "heads"))]
    verdicts = [growth_verdict(args, numbers, *pair) for pair in rules] + [
        theorem_verdict(args, numbers)
    ]
    with paper_style():
        publish(args, name, draw(args, numbers), grid_record(args), numbers, verdicts)


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


def draw(args: argparse.Namespace, numbers: Numbers) -> Figure:
    figure = new_figure(DOUBLE, 4.6)
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    shown = [H for H in args.heads if H in (1, 2, 5, 10)]
    for column, rule in zip(axes.T, RULES, strict=True):
        for H, colour, marker in zip(shown, COLOURS, MARKERS, strict=False):
            for ax, kind in zip(column, ("ID", "density"), strict=True):
                row = numbers[f"{kind}, {rule}"][args.heads.index(H)]
                draw_line(ax, args.contexts, row, colour, marker, f"{H} head{'s' * (H > 1)}")
            column[0].plot(args.contexts, H * np.array(args.contexts), ":", color=colour)
        column[0].set_title(f"{rule} threshold: {LABELS[rule]}")
        column[1].set_xlabel("context length")
    axes[0, 0].plot([], [], ":", color="black", label="bound: heads × context")
    axes[0, 0].set_yscale("symlog", linthresh=1)
    axes[0, 0].set(xscale="log", ylim=(0, None))
    axes[0, 0].set_ylabel("intrinsic dimension\nof the last row")
    axes[1, 0].set(ylim=(0, 1.05), ylabel="density of the last row")
    ticks = [C for C in args.contexts if len(args.contexts) < 6 or C in (10, 20, 30, 50, 70, 100)]
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


def growth_verdict(args: argparse.Namespace, numbers: Numbers, rule: str, along: str) -> Verdict:
    return trend_verdict(
        f"Equation 8, {rule} threshold: intrinsic dimension of trained attention grows",
        {kind: numbers[f"{kind}, {rule}"] for kind in ("ID", "density")},
        args.heads, args.contexts, along, decisive=["ID"],
        note=f"Tokens count whose {LABELS[rule]}; the last row, summed over heads, mean over "
        f"{len(TIMES)} times in [-2π, 2π]. Encoding {args.encoding}.",
    )  # fmt: skip


def theorem_verdict(args: argparse.Namespace, numbers: Numbers) -> Verdict:
    violations = int(numbers["violations"].sum())
    shares = numbers["dimension of the Minkowski sum"] / numbers["bound of equation 7"]
    statistic: dict[str, Any] = {
        "violations of sum (k_h - 1)": violations,
        "dimension over the bound of equation 7": {"least": shares.min(), "greatest": shares.max()},
    }
    return Verdict(
        claim="Theorem 2.1: the Minkowski sum of the heads' hulls has at most equation 7's dimension",
        statistic=statistic,
        seeds=args.seeds,
        holds="fails" if violations else "holds",
        note="At threshold 0 every token counts, so the bound is heads times context; we checked the "
        "tighter sum of k_h - 1. The dimension is a rank in float64, and never above d_model: the bound "
        "says little where heads times context is larger.",
    )


if __name__ == "__main__":
    main()
