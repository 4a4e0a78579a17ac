"""Figure 5: regions of one-block transformers over the number of heads and the context length."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from blocks import (
    FULL_GRID,
    counts_of,
    full,
    grid_arguments,
    grid_of_blocks,
    grid_record,
    trained,
)
from figure import publish
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from trends import trend_verdict

from geomtoy.plots.style import BLUE, DOUBLE, ORANGE, new_figure, paper_style
from geomtoy.results import Verdict

ROWS = {5: (BLUE, "o"), 10: (ORANGE, "s")}
"""Heads whose rows are drawn, as in the paper."""

KINDS = ("along time", "pattern changes")

Counts = dict[str, np.ndarray]
"""Kind of count and state of training -> (heads, contexts, seeds)."""


def main(argv: Sequence[str] | None = None) -> None:
    args = grid_arguments(__doc__).parse_args(argv)
    name = full(args, "fig5_regions_grid", **FULL_GRID)
    found = trained(args, grid_of_blocks(args))
    counts = counts_of(found, (len(args.heads), len(args.contexts)))
    verdicts = [verdict(args, counts, "context"), verdict(args, counts, "heads")]
    with paper_style():
        publish(args, name, draw(args, counts), grid_record(args), counts, verdicts)


def draw(args: argparse.Namespace, counts: Counts) -> Figure:
    figure = new_figure(DOUBLE, 2.9)
    image, along, changes = figure.subplots(1, 3, width_ratios=[1.25, 1, 1])
    draw_image(image, args, counts["along time, trained"].mean(axis=2))
    for ax, kind in zip((along, changes), KINDS, strict=True):
        for state, dashes in (("trained", "-"), ("initial", ":")):
            draw_rows(ax, args, counts[f"{kind}, {state}"], dashes, state)
        ax.set(xlabel="context length", ylim=(0, None))
    image.set_title("regions along time, trained\n(estimate, mean over seeds)")
    along.set(title="regions along time\n(estimate)", ylabel="regions: mean and range")
    changes.set_title(f"pattern changes\nover {args.bins} bins")
    handles, labels = along.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=4, columnspacing=1.2)
    return figure


def draw_image(ax: Axes, args: argparse.Namespace, means: np.ndarray) -> None:
    """One cell a pair, at equal distances, with its number where there is room."""
    ax.imshow(means, origin="lower", cmap="cividis", aspect="auto")
    ax.set_xticks(range(len(args.contexts)), args.contexts)
    ax.set_yticks(range(len(args.heads)), args.heads)
    ax.set(xlabel="context length", ylabel="heads")
    middle = (means.min() + means.max()) / 2
    for (row, column), mean in np.ndenumerate(means):
        colour = "white" if mean < middle else "black"
        size = 7 if means.size <= 20 else 4.2
        ax.text(column, row, f"{mean:.0f}", ha="center", va="center", color=colour, fontsize=size)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def draw_rows(ax: Axes, args: argparse.Namespace, counts: np.ndarray, dashes: str, state: str) -> None:
    """Mean and range over seeds, a little to the right for more heads and for trained blocks."""
    for (H, (colour, marker)), shift in zip(ROWS.items(), (0, 2), strict=True):
        if H in args.heads:
            row = counts[args.heads.index(H)]
            mean = row.mean(axis=1)
            ax.errorbar(
                np.add(args.contexts, shift + (state == "trained")), mean,
                [mean - row.min(axis=1), row.max(axis=1) - mean],
                linestyle=dashes, marker=marker, color=colour, capsize=1.5, elinewidth=0.7,
                label=f"{H} heads, {state}",
            )  # fmt: skip


def verdict(args: argparse.Namespace, counts: Counts, along: str) -> Verdict:
    return trend_verdict(
        f"Figure 5: with encoding {args.encoding} the regions of the MLP along time grow",
        counts, args.heads, args.contexts, along,
        decisive=[f"{kind}, trained" for kind in KINDS],
        note="Counts are estimates. The paper names no encoding of time; fig5b_encodings shows others.",
    )  # fmt: skip


if __name__ == "__main__":
    main()
