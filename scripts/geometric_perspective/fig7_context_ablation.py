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
LEARNED = 0.9
"""Share of right answers with all shots from which a run has learned its task."""
LEARNED_NOTE = f"Runs count that answer {LEARNED:.0%} or more with all shots."
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
    helped = excess(numbers, "percent correct", PAPER)
    other = excess(numbers, "percent correct", OURS)
    return [
        *(
            difference(
                f"Figure 7, {task}, {rule} threshold: random or permuted tokens raise the last layer's "
                "intrinsic dimension less than examples do",
                excess(numbers, f"rise, {rule}", PAPER)[task],
                above=0.0,
                note="Rise with examples minus rise with as many other tokens, mean over 1 to 10 "
                "shots. The contexts are as long as the examples to the token; the relative rule has no "
                "cap, so length alone can raise it. Where the paper's random text holds fewer tokens, "
                f"or tokens that its model ignores, that alone makes its rise smaller. {LEARNED_NOTE}",
            )
            for task in by_task
            for rule in RULE_LABELS
        ),
        *(
            difference(
                f"Figure 7, {task}: random or permuted tokens help less than examples",
                helped[task],
                above=0.0,
                note="Percentage correct with examples minus with other tokens, mean over 1 to 10 "
                f"shots. {LEARNED_NOTE}",
            )
            for task in by_task
        ),
        *(
            equivalence(
                f"Figure 7, {name}: with these tokens a greater rise of the last layer's intrinsic "
                "dimension does not go with more correct answers: the correlation is within "
                f"±{MARGIN:g}",
                {name: learned(numbers, name.split(", ")[0], values)},
                margin=MARGIN,
                note="Over 1 to 10 shots pooled. Permuted examples of one rule still tell something "
                f"about it to a model that reads tokens in any order. {LEARNED_NOTE}",
            )
            for name, values in numbers[CORRELATIONS].items()
        ),
        *(
            difference(
                f"Figure 7, our check, {task}: another rule's examples, or one example repeated, help "
                "less than examples",
                other[task],
                above=0.0,
                note="As with random tokens; these contexts are well formed and as long, and only what "
                f"they say differs. {LEARNED_NOTE}",
            )
            for task in by_task
        ),
    ]


def learned(numbers: Numbers, task: str, values: Any) -> np.ndarray:
    """Values (seeds,) of a task, NaN for runs that have not learned it."""
    percent = np.array(numbers["curves"][task]["shots"]["percent correct"])[:, -1]
    return np.where(percent >= 100 * LEARNED, np.array(values, float), np.nan)


def excess(numbers: Numbers, what: str, contexts: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
    """Of examples over other contexts, mean over shots, by task and context, one a seed."""
    return {
        task: {
            context: learned(
                numbers,
                task,
                np.mean(found["shots"][what], axis=1) - np.mean(found[context][what], axis=1),
            )
            for context in contexts
        }
        for task, found in numbers["curves"].items()
    }
