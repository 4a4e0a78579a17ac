"""Figure 7: the same with random tokens, permuted examples, another rule's examples or one repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geometric_perspective.asked import LEARNED_NOTE, RULE_LABELS, Asked, asked, caption
from geometric_perspective.config_shots import SETTINGS, SHOTS, Shots
from geometric_perspective.intervals import (
    MARGIN,
    Kept,
    Statistic,
    above_zero,
    cell,
    near_zero,
)
from geomtoy.instruments.binned_accuracy import binned_accuracy, integer_bins
from geomtoy.instruments.partial_correlation import pooled_correlation
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure
from geomtoy.verdicts import Verdict

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
BINS = 10
ENOUGH = 20
"""Answers in a bin for its share to be drawn."""
MATCHED, FEWER = "as many tokens", "one token an example"
"""How long a context without examples is."""
CORRELATIONS, EXCESS = "correlation of rise and correctness, by seed", "examples minus other contexts"


def make(config: Shots, machine: Machine) -> Drawn:
    found = asked(machine, config)
    axes = {task: {rule: by_rise(runs, rule) for rule in RULE_LABELS} for task, runs in found.items()}
    curves = {task: by_shots(runs) for task, runs in found.items()}
    correlations = {
        f"{task}, {rule}, {context}": cell(
            pooled_correlation, runs.gain(rule, context)[..., -1], runs.correct(context),
            learned=runs.learned, resamples=config.resamples,
        ).numbers
        for task, runs in found.items()
        for rule in RULE_LABELS
        for context in PAPER
    }  # fmt: skip
    excess = {task: over_contexts(config, runs) for task, runs in found.items()}
    numbers = {"by rise": axes, "by shots": curves, CORRELATIONS: correlations, EXCESS: excess}
    return Drawn(draw(caption(config, found), axes, curves), numbers)


def by_rise(runs: Asked, rule: str) -> dict[str, Any]:
    """The paper's axes: for each context the percentage correct in bins of the rise, all alike."""
    gains = {context: runs.gain(rule, context)[runs.drawn, ..., -1] for context in LOOKS}
    edges = integer_bins(np.stack([*gains.values()]), BINS)
    found: dict[str, Any] = {"edges": edges}
    for context, gain in gains.items():
        share, counts = binned_accuracy(gain, runs.correct(context)[runs.drawn], edges)
        found[context] = [100 * s if n >= ENOUGH else None for s, n in zip(share, counts, strict=True)]
    return found


def by_shots(runs: Asked) -> dict[str, dict[str, np.ndarray]]:
    """By context, seed and number of shots from 1: percentage correct, rise and density in the last
    layer."""
    found = {}
    for context in LOOKS:
        of = {"percent correct": measured(runs, "percent correct", context).mean(axis=1)}
        for rule in RULE_LABELS:
            of[f"rise, {rule}"] = measured(runs, f"rise, {rule}", context).mean(axis=1)
            of[f"density, {rule}"] = runs.density(rule, context)[:, 1:, -1]
        found[context] = {what: values[runs.drawn] for what, values in of.items()}
    return found


def over_contexts(config: Shots, runs: Asked) -> dict[str, dict[str, dict[str, Kept]]]:
    """Rises and percentages, mean over shots: with examples minus in another context, by the length of
    that context."""
    lengths: dict[str, Statistic] = {MATCHED: excess, FEWER: excess_over_fewer(runs.task.line)}
    return {
        what: {
            length: {
                context: cell(
                    statistic, measured(runs, what, "shots"), measured(runs, what, context),
                    learned=runs.learned, resamples=config.resamples,
                ).numbers
                for context in (*PAPER, *OURS)
            }
            for length, statistic in lengths.items()
        }
        for what in ("percent correct", *(f"rise, {rule}" for rule in RULE_LABELS))
    }  # fmt: skip


def measured(runs: Asked, what: str, context: str) -> np.ndarray:
    """(seeds, prompts, shots) of "percent correct" or "rise, RULE" in the last layer."""
    if what == "percent correct":
        return 100.0 * runs.correct(context)
    return runs.gain(what.removeprefix("rise, "), context)[..., -1]


def excess(examples: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean over prompts and shots (*n, prompts, shots) of the difference."""
    return np.asarray((examples - other).mean(axis=(-2, -1)))


def excess_over_fewer(line: int) -> Statistic:
    """The same where the other context has one token an example, and an example has `line` tokens."""

    def of(examples: np.ndarray, other: np.ndarray) -> np.ndarray:
        """With line, 2 line, ... examples minus as many tokens as 1, 2, ... examples have."""
        pairs = examples.shape[-1] // line
        return excess(examples[..., line - 1 :: line][..., :pairs], other[..., :pairs])

    return of


def draw(models: str, axes_of: dict[str, dict[str, Any]], curves: dict[str, dict[str, Any]]) -> Figure:
    """The paper's axes by both rules, and what the length of a context alone does; a row a task."""
    figure = new_figure(DOUBLE, 0.8 + 2.0 * len(axes_of))
    axes = figure.subplots(len(axes_of), len(RULE_LABELS) + 1, squeeze=False)
    for row, task in zip(axes, axes_of, strict=True):
        for ax, rule in zip(row, RULE_LABELS, strict=False):
            draw_by_rise(ax, axes_of[task][rule])
            ax.set(title=f"{SETTINGS[task].title},\n{rule} threshold", ylim=(-3, 103))
            ax.set_xlabel("rise of the last layer's ID")
        draw_by_shots(row[-1], curves[task])
        row[0].set_ylabel("correct answers (%)")
        row[-1].set_title("rise of the last layer's ID less that\nwith examples, relative threshold")
    figure.legend(*axes[0, -1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(f"shots and seeds pooled; {models}", fontsize=7)
    return figure


def draw_by_rise(ax: Axes, found: dict[str, Any]) -> None:
    """Lines of the contexts a little apart, so that none hides another."""
    edges = np.asarray(found["edges"])
    middle, width = (edges[1:] + edges[:-1] - 1) / 2, edges[1] - edges[0]
    for k, (context, (_, colour, marker)) in enumerate(LOOKS.items()):
        shift = 0.09 * width * (k - (len(LOOKS) - 1) / 2)
        ax.plot(middle + shift, np.array(found[context], float), marker=marker, color=colour,
                markersize=3.5, linewidth=0.8)  # fmt: skip


def draw_by_shots(ax: Axes, contexts: dict[str, Any]) -> None:
    """Differences: rises themselves would lie on each other."""
    examples = contexts["shots"]["rise, relative"]
    for k, (context, (label, colour, marker)) in enumerate(LOOKS.items()):
        rise = (contexts[context]["rise, relative"] - examples).mean(axis=0)
        shots = np.arange(1, len(rise) + 1) + 0.07 * (k - (len(LOOKS) - 1) / 2)
        ax.plot(shots, rise, marker=marker, color=colour, label=label, markersize=3.5, linewidth=0.8)
    ax.set(xlabel="examples, or as many tokens", xticks=range(1, len(rise) + 1))


def verdicts(numbers: Numbers) -> list[Verdict]:
    tasks = numbers[EXCESS]
    less_rise = [
        rise_verdict(task, rule, length, chosen(of[f"rise, {rule}"][length], PAPER))
        for task, of in tasks.items()
        for rule in RULE_LABELS
        for length in (MATCHED, FEWER)
    ]
    less_help = [
        above_zero(
            f"Figure 7, {task}: random or permuted tokens help less than examples",
            chosen(of["percent correct"][MATCHED], PAPER),
            note="Percentage correct with examples minus with as many other tokens, mean over numbers "
            f"of shots. {LEARNED_NOTE}",
        )
        for task, of in tasks.items()
    ]
    unrelated = [
        near_zero(
            f"Figure 7, {name}: with these tokens a greater rise of the last layer's intrinsic "
            f"dimension does not go with more correct answers: the correlation is within ±{MARGIN:g}",
            {name: kept},
            note="Shots pooled. Permuted examples of one rule still tell something "
            f"about it to a model that reads tokens in any order. {LEARNED_NOTE}",
        )
        for name, kept in numbers[CORRELATIONS].items()
    ]
    ours = [
        above_zero(
            f"Figure 7, our check, {task}: another rule's examples, or one example repeated, help "
            "less than examples",
            chosen(of["percent correct"][MATCHED], OURS),
            note="As with random tokens; these contexts are well formed and as long, and only what "
            f"they say differs. {LEARNED_NOTE}",
        )
        for task, of in tasks.items()
    ]
    return [*less_rise, *less_help, *unrelated, *ours]


def rise_verdict(task: str, rule: str, length: str, parts: dict[str, Kept]) -> Verdict:
    return above_zero(
        f"Figure 7, {task}, {rule} threshold, {length}: random or permuted tokens raise the last "
        "layer's intrinsic dimension less than examples do",
        parts,
        note="Rise with examples minus rise in the other context, mean over shots. With as many tokens "
        "the contexts are as long as the examples to the token; with one token an example they are "
        "shorter, as the paper's random text may have been, and as the relative rule has no cap, length "
        f"alone raises it. {LEARNED_NOTE}",
    )


def chosen(cells: dict[str, Kept], contexts: Sequence[str]) -> dict[str, Kept]:
    return {context: cells[context] for context in contexts}
