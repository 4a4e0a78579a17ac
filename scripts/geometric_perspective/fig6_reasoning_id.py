"""Figure 6: percentage of correct answers by the rise of the last layer's intrinsic dimension."""

from __future__ import annotations

from typing import Any

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from geometric_perspective.asked import RULE_LABELS, TITLES, Asked, asked
from geometric_perspective.config import SHOTS, Shots
from geomtoy.instruments.binned_accuracy import binned_accuracy, integer_bins
from geomtoy.instruments.partial_correlation import pooled_correlation
from geomtoy.plots.style import BLUE, DOUBLE, GREY, new_figure
from geomtoy.verdicts import Verdict, difference

PRESETS = SHOTS
BINS = 10
ENOUGH = 20
"""Answers in a bin for its share to be drawn in full colour, and for that of a seed to be drawn."""
LEARNED = 0.9
"""Share of right answers with all shots from which a run has learned its task."""
ACCURACY = "accuracy by shots, whatever it is without"
CORRELATIONS = "correlation of rise and correctness, by seed"


def make(config: Shots, machine: Machine) -> Drawn:
    found = asked(machine, config)
    bars = {task: {rule: binned(runs, rule) for rule in RULE_LABELS} for task, runs in found.items()}
    accuracy = {task: runs.accuracy() for task, runs in found.items()}
    correlations = {
        f"{task}, {rule}": pooled_correlation(runs.gain(rule, "shots")[..., -1], runs.correct("shots"))
        for task, runs in found.items()
        for rule in RULE_LABELS
    }
    numbers = {"bins": bars, ACCURACY: accuracy}
    return Drawn(draw(config, bars), {**numbers, CORRELATIONS: correlations})


def binned(runs: Asked, rule: str) -> dict[str, Any]:
    """Edges of bins, share of correct answers and their number, of all seeds and of each."""
    gain, correct = runs.gain(rule, "shots")[..., -1], runs.correct("shots")
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


def draw(config: Shots, bars: dict[str, dict[str, Any]]) -> Figure:
    figure = new_figure(DOUBLE, 4.4)
    axes = figure.subplots(len(RULE_LABELS), len(bars), squeeze=False, sharey=True)
    for column, (task, rules) in zip(axes.T, bars.items(), strict=True):
        for ax, (rule, found) in zip(column, rules.items(), strict=True):
            draw_bars(ax, found)
            ax.set_title(f"{TITLES[task]}\n{rule} threshold")
        column[-1].set_xlabel("rise of the last layer's intrinsic dimension")
    for ax in axes[:, 0]:
        ax.set(ylabel="correct answers (%)", ylim=(0, 112), yticks=range(0, 101, 25))
    dots = " (dots)" if config.seeds > 1 else ""
    figure.suptitle(
        f"1 to 10 shots pooled, number of answers over each bar; {config.scale}{dots}", fontsize=7
    )
    return figure


def draw_bars(ax: Axes, found: dict[str, Any]) -> None:
    edges = np.asarray(found["edges"])
    middle, width = (edges[1:] + edges[:-1] - 1) / 2, edges[1] - edges[0]
    heights = np.array([0 if one is None else one for one in found["percent"]])
    bars = ax.bar(middle, heights, 0.9 * width, color=BLUE)
    for bar, count in zip(bars, found["counts"], strict=True):
        bar.set_alpha(1 if count >= ENOUGH else 0.35)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    by_seed = np.array(found["percent by seed"], float)
    if len(by_seed) > 1:
        ax.plot(middle, by_seed.T, ".", color=GREY, markersize=2.5)
        heights = np.fmax(heights, np.fmax.reduce(by_seed))
    for x, height, count in zip(middle, heights, found["counts"], strict=True):
        if count:
            ax.text(x, height + 2, f"{count}", ha="center", va="bottom", fontsize=5.5)


def verdicts(numbers: Numbers) -> list[Verdict]:
    return [
        difference(
            f"Figure 6, {name} threshold: over 1 to 10 shots pooled, the more the last layer's "
            "intrinsic dimension rises, the more answers are correct",
            {name: learned(numbers, name, values)},
            above=0.0,
            note="Correlation over prompts that are answered wrongly without shots, and over numbers of "
            "shots. More shots are a longer context, over which the relative rule has no cap, and more "
            "evidence: pooling, as the paper does, ties the two by their number, see fig8b_given_shots. "
            "The absolute rule finds at most 9 tokens a head, and fewer where attention spreads over "
            "tokens. Without shots the prompt is the query alone, whose intrinsic dimension hardly "
            "differs from prompt to prompt; the paper's questions differ in length. Runs count that "
            f"answer {LEARNED:.0%} or more with all shots: the others have not learned the task.",
        )
        for name, values in numbers[CORRELATIONS].items()
    ]


def learned(numbers: Numbers, name: str, values: Any) -> np.ndarray:
    """Values (seeds,) of a task and rule, NaN for runs that have not learned the task."""
    task = name.split(", ")[0]
    accuracy = np.array(numbers[ACCURACY][task])[:, -1]
    return np.where(accuracy >= LEARNED, np.array(values, float), np.nan)
