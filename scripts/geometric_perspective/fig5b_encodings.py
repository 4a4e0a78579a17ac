"""Figure 5 for other encodings of time and other blocks: where its claim holds and where it does not."""

from __future__ import annotations

from itertools import product

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from geometric_perspective.config import ENCODING, Encodings
from geometric_perspective.run_blocks import count_blocks, counts_of
from geometric_perspective.trends import WORDS, listed
from geomtoy.models.time_encoding import ENCODINGS
from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.verdicts import Verdict, ratio

PRESETS = ENCODING
STATES = ("initial", "trained")

Factors = dict[str, dict[str, np.ndarray]]
"""State of training -> "contexts" or "heads" -> (encodings, variants, the other size, seeds)."""

Counts = dict[str, np.ndarray]
"""State of training -> regions along time (encodings, variants, contexts, heads, seeds)."""


def make(config: Encodings, machine: Machine) -> Drawn:
    runs = machine.run(count_blocks, config.runs, lambda run: run.cost)
    found = counts_of(runs, config.shape)
    counts = {state: found[f"along time, {state}"] for state in STATES}
    factors = {state: growth_factors(one) for state, one in counts.items()}
    names = {"encodings": config.encodings, "variants": config.variants}
    sizes = {"contexts": config.contexts, "heads": config.heads}
    kept = {state: listed(one) for state, one in counts.items()}
    numbers = {**names, **sizes, **kept, "proven": found["proven"]}
    return Drawn(draw(config, counts, factors), numbers)


def growth_factors(counts: np.ndarray) -> dict[str, np.ndarray]:
    """By what the count is multiplied from the smaller to the larger; the other one and seeds last."""
    few, many = counts[..., 0, :], counts[..., 1, :]
    short, long = counts[..., 0, :, :], counts[..., 1, :, :]
    return {"contexts": long / short, "heads": many / few}


def draw(config: Encodings, counts: Counts, factors: Factors) -> Figure:
    """A row an encoding and variant; counts beside the factors by which they grow."""
    rows, columns = len(config.encodings) * len(config.variants), 4
    figure = new_figure(DOUBLE, 1.0 + 0.19 * rows)
    left, right = figure.subplots(1, 2, width_ratios=[8, 5])
    means = np.hstack([np.nanmean(counts[state], axis=-1).reshape(rows, columns) for state in STATES])
    draw_table(
        left,
        means,
        "YlGnBu",
        LogNorm(np.nanmin(means), np.nanmax(means)),
        "{:.0f}",
        len(config.variants),
    )
    grown = np.stack(
        [mean_factor(factors[state][along]).ravel() for state in STATES for along in WORDS], axis=1
    )
    largest = np.nanmax([grown, 1 / grown, np.full_like(grown, 2.0)])
    draw_table(right, grown, "PuOr", LogNorm(1 / largest, largest), "{:.2f}", len(config.variants))
    (short, long), (few, many) = config.contexts, config.heads
    panels = [f"{C}\n{H}" for C, H in product(config.contexts, config.heads)]
    left.set_xticks(range(8), 2 * panels)
    left.set_xlabel("context length, number of heads")
    right.set_xticks(range(4), 2 * [f"context\n{long} / {short}", f"heads\n{many} / {few}"])
    names = [
        f"{e if k == 0 else ''}   {v}" for e in config.encodings for k, v in enumerate(config.variants)
    ]
    left.set_yticks(range(rows), names)
    right.set_yticks([])
    left.set_title("regions along time (proven, mean over seeds)", pad=14)
    right.set_title("factor by which they grow", pad=14)
    return figure


def draw_table(ax: Axes, values: np.ndarray, colours: str, norm: LogNorm, form: str, group: int) -> None:
    """Numbers on their colours; half of the columns for either state, rows in groups."""
    image = ax.imshow(values, cmap=colours, norm=norm, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        light = image.to_rgba(value)[:3] @ np.array([0.299, 0.587, 0.114]) > 0.5
        colour = "black" if light else "white"
        ax.text(column, row, form.format(value), ha="center", va="center", color=colour, fontsize=6.5)
    half = values.shape[1] / 2
    for k, state in enumerate(STATES):
        ax.text((k + 0.5) * half - 0.5, -0.7, state, ha="center", va="bottom", fontsize=7.5)
    ax.axvline(half - 0.5, color="white", linewidth=3)
    for row in range(group, len(values), group):
        ax.axhline(row - 0.5, color="white", linewidth=3)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def mean_factor(factors: np.ndarray) -> np.ndarray:
    """Geometric mean over the other sizes and over seeds, the last two axes."""
    return np.exp(np.nanmean(np.log(factors), axis=(-2, -1)))


def verdicts(numbers: Numbers) -> list[Verdict]:
    factors = growth_factors(np.array(numbers["trained"], float))
    return [verdict(numbers, factors[along], along) for along in WORDS]


def verdict(numbers: Numbers, factors: np.ndarray, along: str) -> Verdict:
    """Factors (encodings, variants, the other size, seeds) of trained blocks."""
    fixed = "heads" if along == "contexts" else "contexts"
    names = [
        f"{encoding}, {variant}, {fixed} {at}"
        for encoding, variant, at in product(numbers["encodings"], numbers["variants"], numbers[fixed])
    ]
    formulas = "; ".join(f"{name}: {ENCODINGS[name].formula}" for name in numbers["encodings"])
    small, large = numbers[along]
    return ratio(
        f"Figures 4 and 5: regions along time grow with {WORDS[along]}, whatever the encoding of time"
        + (", LayerNorm and residual" if len(numbers["variants"]) > 1 else ""),
        dict(zip(names, factors.reshape(len(names), -1), strict=True)),
        above=1.0,
        note=f"Of trained blocks, {along} {large} over {small}; of all counts {numbers['proven']:.1%} "
        f"are proven, and these alone count. {formulas}.",
    )
