"""Figure 6: percentage of correct answers by the rise of the last layer's intrinsic dimension."""

from __future__ import annotations

from typing import Any

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from geometric_perspective.asked import LEARNED_NOTE, RULE_LABELS, Asked, asked, caption
from geometric_perspective.config_shots import DEPTHS, SETTINGS, Shots
from geometric_perspective.intervals import above_zero, cell
from geomtoy.instruments.binned_accuracy import binned_accuracy, integer_bins
from geomtoy.instruments.partial_correlation import pooled_correlation
from geomtoy.plots.style import BLUE, DOUBLE, GREY, new_figure
from geomtoy.verdicts import Verdict

PRESETS = DEPTHS
BINS = 10
ENOUGH = 20
"""Answers in a bin for its share to be drawn in full colour, and for that of a seed to be drawn."""
ACCURACY = "accuracy by shots, whatever it is without"
CORRELATIONS = "correlation of rise and correctness, by seed"


def make(config: Shots, machine: Machine) -> Drawn:
    found = asked(machine, config)
    bars = {task: {rule: binned(runs, rule) for rule in RULE_LABELS} for task, runs in found.items()}
    correlations = {
        f"{task}, {rule}": cell(
            pooled_correlation, runs.gain(rule, "shots")[..., -1], runs.correct("shots"),
            learned=runs.learned, resamples=config.resamples,
        ).numbers
        for task, runs in found.items()
        for rule in RULE_LABELS
    }  # fmt: skip
    accuracy = {task: runs.accuracy() for task, runs in found.items()}
    numbers = {"bins": bars, ACCURACY: accuracy, CORRELATIONS: correlations}
    return Drawn(draw(caption(config, found), bars), numbers)


def binned(runs: Asked, rule: str) -> dict[str, Any]:
    """Edges of bins, share of correct answers and their number, of all runs drawn and of each."""
    gain, correct = runs.gain(rule, "shots")[runs.drawn, ..., -1], runs.correct("shots")[runs.drawn]
    edges = integer_bins(gain, BINS)
    share, counts = binned_accuracy(gain, correct, edges)
    by_seed = [binned_accuracy(*one, edges) for one in zip(gain, correct, strict=True)]
    return {
        "edges": edges,
        "percent": [None if np.isnan(one) else 100 * one for one in share],
        "counts": counts,
        "percent by seed": [
            [100 * s if n >= ENOUGH else None for s, n in zip(*one, strict=True)] for one in by_seed
        ],
    }


def draw(models: str, bars: dict[str, dict[str, Any]]) -> Figure:
    """Shares above, and below each how many answers they are of."""
    figure = new_figure(DOUBLE, 0.6 + 1.9 * len(bars))
    axes = figure.subplots(
        2 * len(bars), len(RULE_LABELS), squeeze=False, sharey="row", height_ratios=[3, 1] * len(bars)
    )
    for k, (task, rules) in enumerate(bars.items()):
        for (share, number), (rule, found) in zip(axes[2 * k : 2 * k + 2].T, rules.items(), strict=True):
            number.sharex(share)
            draw_shares(share, found)
            draw_numbers(number, found)
            share.set_title(f"{SETTINGS[task].title}, {rule} threshold")
            share.tick_params(labelbottom=False)
        axes[2 * k, 0].set(ylabel="correct (%)", ylim=(0, 103), yticks=range(0, 101, 25))
        axes[2 * k + 1, 0].set(ylabel="answers", yscale="log")
    for ax in axes[-1]:
        ax.set_xlabel("rise of the last layer's intrinsic dimension")
    figure.suptitle(f"shots pooled, a line a seed; {models}", fontsize=7)
    return figure


def middles(found: dict[str, Any]) -> tuple[np.ndarray, float]:
    """Of bins of whole numbers, and their width."""
    edges = np.asarray(found["edges"])
    return (edges[1:] + edges[:-1] - 1) / 2, float(edges[1] - edges[0])


def draw_shares(ax: Axes, found: dict[str, Any]) -> None:
    middle, width = middles(found)
    heights = np.array([0 if one is None else one for one in found["percent"]])
    enough = np.asarray(found["counts"]) >= ENOUGH
    ax.bar(middle, np.where(enough, heights, 0), 0.9 * width, color=BLUE, alpha=0.35)
    by_seed = np.array(found["percent by seed"], float)
    ax.plot(middle, by_seed.T, color=GREY, linewidth=0.6)


def draw_numbers(ax: Axes, found: dict[str, Any]) -> None:
    middle, width = middles(found)
    ax.bar(middle, np.maximum(found["counts"], 0.5), 0.9 * width, bottom=0.5, color=GREY, alpha=0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def verdicts(numbers: Numbers) -> list[Verdict]:
    return [
        above_zero(
            f"Figure 6, {name} threshold: shots pooled, the more the last layer's "
            "intrinsic dimension rises, the more answers are correct",
            {name: kept},
            note="Correlation over prompts that are answered wrongly without shots, and over numbers of "
            "shots. More shots are a longer context, over which the relative rule has no cap, and more "
            "evidence: pooling, as the paper does, ties the two by their number, see fig8b_given_shots. "
            "The absolute rule finds at most 9 tokens a head, and fewer where attention spreads over "
            "tokens. Without shots the prompt is the query alone, whose intrinsic dimension hardly "
            f"differs from prompt to prompt; the paper's questions differ in length. {LEARNED_NOTE}",
        )
        for name, kept in numbers[CORRELATIONS].items()
    ]
