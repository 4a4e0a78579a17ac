"""Figure 7: the same with random tokens, permuted examples, another rule's examples or one repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.figure import Figure

from geometric_perspective.asked import RULE_LABELS, TITLES, Asked, asked
from geometric_perspective.config import SHOTS, Shots
from geomtoy.instruments.partial_correlation import pooled_correlation
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure
from geomtoy.verdicts import Verdict, difference, equivalence

PRESETS = SHOTS
LOOKS = {
    "shots": ("examples", BLUE, "o"),
    "random": ("random tokens", ORANGE, "s"),
    "permuted": ("permuted tokens", GREEN, "^"),
    "other": ("another rule's examples", PURPLE, "D"),
    "repeat": ("first example repeated", GREY, "v"),
}
"""Context -> name, colour and marker."""
PAPER, OURS = ("random", "permuted"), ("other", "repeat")

CORRELATIONS = "correlation of rise and correctness, by seed"
MARGIN = 0.1
"""A correlation below it explains less than a hundredth."""


def make(config: Shots, machine: Machine) -> Drawn:
    found = asked(machine, config)
    by_task = {
        task: {context: curves(runs, context) for context in LOOKS} for task, runs in found.items()
    }
    correlations = {
        f"{task}, {rule}, {context}": pooled_correlation(
            runs.gain(rule, context)[..., -1], runs.correct(context)
        )
        for task, runs in found.items()
        for rule in RULE_LABELS
        for context in PAPER
    }
    return Drawn(draw(config, by_task), {"curves": by_task, CORRELATIONS: correlations})


def curves(runs: Asked, context: str) -> dict[str, np.ndarray]:
    """By seed and number of shots from 1: percentage correct, rise and density in the last layer."""
    found = {"percent correct": 100 * runs.correct(context).mean(axis=1)}
    for rule in RULE_LABELS:
        found[f"rise, {rule}"] = runs.gain(rule, context)[..., -1].mean(axis=1)
        found[f"density, {rule}"] = runs.density(rule, context)[:, 1:, -1]
    return found


def draw(config: Shots, numbers: dict[str, dict[str, Any]]) -> Figure:
    figure = new_figure(DOUBLE, 5.6)
    rows = {
        "percent correct": "correct answers (%)",
        "rise, relative": "rise of the last layer's\nID, relative threshold",
        "rise, absolute": "rise of the last layer's\nID, absolute threshold",
    }
    axes = figure.subplots(len(rows), len(numbers), squeeze=False, sharex=True, sharey="row")
    for column, (task, contexts) in zip(axes.T, numbers.items(), strict=True):
        for ax, what in zip(column, rows, strict=True):
            for context, found in contexts.items():
                label, colour, marker = LOOKS[context]
                values = found[what]
                shots = np.arange(1, values.shape[1] + 1)
                ax.fill_between(
                    shots, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.15, linewidth=0
                )
                wide = 2 if context == "shots" else 1  # the others must not hide it
                ax.plot(shots, values.mean(axis=0), marker=marker, color=colour, label=label,
                        markersize=3 * wide, linewidth=wide)  # fmt: skip
        column[0].set_title(TITLES[task])
        column[-1].set_xlabel("examples, or as many tokens of context")
    for ax, label in zip(axes[:, 0], rows.values(), strict=True):
        ax.set_ylabel(label)
    axes[0, 0].set_ylim(0, 103)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(LOOKS))
    shown = "; mean and range" if config.seeds > 1 else ""
    figure.suptitle(f"{config.scale}{shown}", fontsize=7)
    return figure


def verdicts(numbers: Numbers) -> list[Verdict]:
    by_task = numbers["curves"]
    return [
        difference(
            "Figure 7: random or permuted tokens raise the last layer's intrinsic dimension less than "
            "examples do",
            {
                f"{name}, {rule}": values
                for rule in RULE_LABELS
                for name, values in excess(by_task, f"rise, {rule}", PAPER).items()
            },
            above=0.0,
            note="Rise with examples minus rise with as many other tokens, mean over 1 to 10 shots. "
            "the contexts are as long as the examples to the token; the relative rule has no cap, so "
            "length alone can raise it. Where the paper's random text holds fewer tokens, or tokens "
            "that its model ignores, that alone makes its rise smaller.",
        ),
        difference(
            "Figure 7: random or permuted tokens help less than examples",
            excess(by_task, "percent correct", PAPER),
            above=0.0,
            note="Percentage correct with examples minus with other tokens, mean over 1 to 10 shots.",
        ),
        equivalence(
            "Figure 7: with random or permuted tokens a greater rise of the last layer's intrinsic "
            f"dimension does not go with more correct answers: the correlation is within ±{MARGIN:g}",
            numbers[CORRELATIONS],
            margin=MARGIN,
            note="Over 1 to 10 shots pooled. Permuted examples of one rule still tell something about "
            "it to a model that reads tokens in any order.",
        ),
        difference(
            "Figure 7, our check: another rule's examples, or one example repeated, help less than "
            "examples",
            excess(by_task, "percent correct", OURS),
            above=0.0,
            note="As with random tokens; these contexts are well formed and as long, and only what they "
            "say differs.",
        ),
    ]


def excess(by_task: Any, what: str, contexts: Sequence[str]) -> dict[str, np.ndarray]:
    """Of examples over other contexts, mean over shots, one a seed."""
    return {
        f"{task}, {context}": np.mean(found["shots"][what], axis=1)
        - np.mean(found[context][what], axis=1)
        for task, found in by_task.items()
        for context in contexts
    }
