"""Figure 5: regions of one-block transformers over the number of heads and the context length."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geometric_perspective.config import GRID, Grid
from geometric_perspective.run_blocks import count_blocks, counts_of
from geometric_perspective.trends import (
    COLOURS,
    MARKERS,
    WORDS,
    described,
    exponents,
    growth_rate,
    listed,
    readable,
)
from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.verdicts import Verdict

PRESETS = GRID

KINDS = {"along time": "regions along time, proven", "pattern changes": "pattern changes between bins"}

Counts = dict[str, np.ndarray]
"""Kind of count and state of training -> (heads, contexts, seeds)."""


def make(config: Grid, machine: Machine) -> Drawn:
    runs = machine.run(count_blocks, config.runs, lambda run: run.cost)
    counts = counts_of(runs, (len(config.heads), len(config.contexts)))
    sizes = {"heads": config.heads, "contexts": config.contexts, "encoding": config.encoding}
    kept = {name: listed(values) for name, values in counts.items()}
    return Drawn(draw(config, sizes, counts), {**sizes, **kept})


def draw(config: Grid, sizes: Numbers, counts: Counts) -> Figure:
    figure = new_figure(DOUBLE, 3.1)
    image, trained, initial = figure.subplots(1, 3, width_ratios=[1.15, 1, 1])
    draw_image(figure, image, config, np.nanmean(counts["along time, trained"], axis=2))
    initial.sharey(trained)
    for ax, state in ((trained, "trained"), (initial, "initial")):
        of_state = counts[f"along time, {state}"]
        draw_rows(ax, config, of_state)
        slopes = exponents(sizes, of_state)
        told = "\n".join(f"{along}: {described(values)}" for along, values in slopes.items())
        name = {"trained": "trained", "initial": "untrained"}[state]
        ax.set(xlabel="context length", title=f"{name}, exponents:\n{told}")
    trained.set_ylabel("regions: mean and range")
    figure.legend(*trained.get_legend_handles_labels(), loc="outside lower right", ncols=4)
    return figure


def draw_image(figure: Figure, ax: Axes, config: Grid, means: np.ndarray) -> None:
    """One cell a pair, at equal distances, with its number."""
    image = ax.imshow(means, origin="lower", cmap="cividis", aspect="auto")
    figure.colorbar(image, ax=ax, label="mean over seeds")
    ax.set_xticks(range(len(config.contexts)), [*map(str, config.contexts)])
    ax.set_yticks(range(len(config.heads)), [*map(str, config.heads)])
    ax.set(
        xlabel="context length",
        ylabel="heads",
        title="regions along time of trained\nblocks, each count proven",
    )
    middle = (np.nanmin(means) + np.nanmax(means)) / 2
    for (row, column), mean in np.ndenumerate(means):
        colour = "white" if mean < middle else "black"
        ax.text(column, row, f"{mean:.0f}", ha="center", va="center", color=colour, fontsize=7)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def draw_rows(ax: Axes, config: Grid, counts: np.ndarray) -> None:
    """Mean and range over seeds of a few numbers of heads, side by side."""
    shown = [*range(len(config.heads))][:: max(1, len(config.heads) // len(COLOURS))]
    for number, row in enumerate(shown[: len(COLOURS)]):
        mean, H = np.nanmean(counts[row], axis=1), config.heads[row]
        reach = [mean - np.nanmin(counts[row], axis=1), np.nanmax(counts[row], axis=1) - mean]
        ax.errorbar(
            np.array(config.contexts) * 1.05 ** (number - 1.5), mean, reach, capsize=1.5, elinewidth=0.7,
            color=COLOURS[number], marker=MARKERS[number], markersize=3.5,
            label=f"{H} head{'s' * (H > 1)}",
        )  # fmt: skip
    ax.set(xscale="log", yscale="log")
    ax.set_xticks(config.contexts, [*map(str, config.contexts)])
    readable(ax)


def verdicts(numbers: Numbers) -> list[Verdict]:
    counts = {name: numbers[f"{kind}, trained"] for kind, name in KINDS.items()}
    return [
        growth_rate(
            f"Figure 5: with encoding {numbers['encoding']} the regions of the MLP along time grow",
            numbers, counts, along,
            note=f"Of all counts along time {numbers['proven']:.1%} are proven, and these alone count. "
            "The paper names no encoding of time; see fig5b_encodings. Pattern changes are the paper's "
            "count: it misses units that return between two bins.",
        )
        for along in WORDS
    ]  # fmt: skip
