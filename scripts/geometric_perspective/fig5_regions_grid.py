"""Figure 5: regions of one-block transformers over the number of heads and the context length."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geometric_perspective.config import GRID, Grid
from geometric_perspective.run_blocks import count_blocks, counts_of
from geometric_perspective.trends import growth
from geomtoy.plots.style import BLUE, DOUBLE, ORANGE, new_figure
from geomtoy.verdicts import Verdict

PRESETS = GRID
ROWS = {5: (BLUE, "o"), 10: (ORANGE, "s")}
"""Heads whose rows are drawn, as in the paper."""

KINDS = ("along time", "pattern changes")

Counts = dict[str, np.ndarray]
"""Kind of count and state of training -> (heads, contexts, seeds)."""


def make(config: Grid, machine: Machine) -> Drawn:
    runs = machine.run(count_blocks, config.runs, lambda run: run.cost)
    counts = counts_of(runs, (len(config.heads), len(config.contexts)))
    sizes = {"heads": config.heads, "contexts": config.contexts, "encoding": config.encoding}
    return Drawn(draw(config, counts), {**sizes, **counts})


def draw(config: Grid, counts: Counts) -> Figure:
    figure = new_figure(DOUBLE, 2.9)
    image, along, changes = figure.subplots(1, 3, width_ratios=[1.25, 1, 1])
    draw_image(image, config, counts["along time, trained"].mean(axis=2))
    for ax, kind in zip((along, changes), KINDS, strict=True):
        for state, dashes in (("trained", "-"), ("initial", ":")):
            draw_rows(ax, config, counts[f"{kind}, {state}"], dashes, state)
        ax.set(xlabel="context length", ylim=(0, None))
    image.set_title("regions along time, trained\n(estimate, mean over seeds)")
    along.set(title="regions along time\n(estimate)", ylabel="regions: mean and range")
    changes.set_title(f"pattern changes\nover {config.bins} bins")
    handles, labels = along.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=4, columnspacing=1.2)
    return figure


def draw_image(ax: Axes, config: Grid, means: np.ndarray) -> None:
    """One cell a pair, at equal distances, with its number where there is room."""
    ax.imshow(means, origin="lower", cmap="cividis", aspect="auto")
    ax.set_xticks(range(len(config.contexts)), [*map(str, config.contexts)])
    ax.set_yticks(range(len(config.heads)), [*map(str, config.heads)])
    ax.set(xlabel="context length", ylabel="heads")
    middle = (means.min() + means.max()) / 2
    for (row, column), mean in np.ndenumerate(means):
        colour = "white" if mean < middle else "black"
        size = 7 if means.size <= 20 else 4.2
        ax.text(column, row, f"{mean:.0f}", ha="center", va="center", color=colour, fontsize=size)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def draw_rows(ax: Axes, config: Grid, counts: np.ndarray, dashes: str, state: str) -> None:
    """Mean and range over seeds, a little to the right for more heads and for trained blocks."""
    for (H, (colour, marker)), shift in zip(ROWS.items(), (0, 2), strict=True):
        if H in config.heads:
            row = counts[config.heads.index(H)]
            mean = row.mean(axis=1)
            ax.errorbar(
                np.add(config.contexts, shift + (state == "trained")), mean,
                [mean - row.min(axis=1), row.max(axis=1) - mean],
                linestyle=dashes, marker=marker, color=colour, capsize=1.5, elinewidth=0.7,
                label=f"{H} heads, {state}",
            )  # fmt: skip


def verdicts(numbers: Numbers) -> list[Verdict]:
    return [
        growth(
            f"Figure 5: with encoding {numbers['encoding']} the regions of the MLP along time grow",
            numbers, [f"{kind}, trained" for kind in KINDS], along,
            note="Counts are estimates. The paper names no encoding of time; see fig5b_encodings.",
        )
        for along in ("contexts", "heads")
    ]  # fmt: skip
