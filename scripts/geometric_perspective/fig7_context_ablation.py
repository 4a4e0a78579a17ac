"""Figure 7: the same with random tokens, permuted examples, another rule's examples or one repeated."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from blocks import full
from figure import publish
from intervals import Cells, around_zero, cell, sign_verdict
from matplotlib.figure import Figure
from shots import FULL, RULE_LABELS, TITLES, Asked, asked, record, scale, shots_arguments

from geomtoy.instruments.partial_correlation import pooled_correlation
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure, paper_style
from geomtoy.results import Verdict

NAME = "fig7_context_ablation"
LOOKS = {
    "shots": ("examples", BLUE, "o"),
    "random": ("random tokens", ORANGE, "s"),
    "permuted": ("permuted tokens", GREEN, "^"),
    "other": ("another rule's examples", PURPLE, "D"),
    "repeat": ("first example repeated", GREY, "v"),
}
"""Context -> name, colour and marker."""
PAPER, OURS = ("random", "permuted"), ("other", "repeat")

Found = dict[str, Asked]


def main(argv: Sequence[str] | None = None) -> None:
    args = shots_arguments(__doc__).parse_args(argv)
    name = full(args, NAME, **FULL)
    found = asked(args)
    numbers = {
        task: {context: curves(runs, context) for context in LOOKS} for task, runs in found.items()
    }
    with paper_style():
        publish(args, name, draw(args, numbers), record(args), numbers, verdicts(args, found))


def curves(runs: Asked, context: str) -> dict[str, np.ndarray]:
    """By seed and number of shots from 1: percentage correct, rise and density in the last layer."""
    found = {"percent correct": 100 * runs.correct(context).mean(axis=1)}
    for rule in RULE_LABELS:
        found[f"rise, {rule}"] = runs.gain(rule, context)[..., -1].mean(axis=1)
        found[f"density, {rule}"] = runs.density(rule, context)[:, 1:, -1]
    return found


def draw(args: argparse.Namespace, numbers: dict[str, dict[str, Any]]) -> Figure:
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
    shown = "; mean and range" if args.seeds > 1 else ""
    figure.suptitle(f"{scale(args)}{shown}", fontsize=7)
    return figure


def verdicts(args: argparse.Namespace, found: Found) -> list[Verdict]:
    return [
        sign_verdict(
            "Figure 7: random or permuted tokens raise the last layer's intrinsic dimension less than "
            "examples do",
            rises(args, found, PAPER),
            "Rise with examples minus rise with as many other tokens, mean over 1 to 10 shots. Here the "
            "contexts are as long as the examples to the token; the relative rule has no cap, so length "
            "alone can raise it. Where the paper's random text holds fewer tokens, or tokens that its "
            "model ignores, that alone makes its rise smaller.",
        ),
        sign_verdict(
            "Figure 7: random or permuted tokens help less than examples",
            accuracies(args, found, PAPER),
            "Share correct with examples minus with other tokens, mean over 1 to 10 shots.",
        ),
        sign_verdict(
            "Figure 7: with random or permuted tokens a greater rise of the last layer's intrinsic "
            "dimension does not go with more correct answers",
            correlations(args, found, PAPER),
            "Correlation over 1 to 10 shots pooled. Permuted examples of one rule still tell something "
            "about it to a model that reads tokens in any order.",
            true_of=around_zero,
        ),
        sign_verdict(
            "Figure 7, our check: another rule's examples, or one example repeated, help less than "
            "examples",
            accuracies(args, found, OURS),
            "As with random tokens; these contexts are well formed and as long, and only what they say "
            "differs.",
        ),
    ]


def rises(args: argparse.Namespace, found: Found, contexts: Sequence[str]) -> Cells:
    return {
        f"{task}, {rule}, {context}": cell(
            args, excess, *(runs.gain(rule, one)[..., -1] for one in ("shots", context))
        )
        for task, runs in found.items()
        for rule in RULE_LABELS
        for context in contexts
    }


def accuracies(args: argparse.Namespace, found: Found, contexts: Sequence[str]) -> Cells:
    return {
        f"{task}, {context}": cell(args, excess, *map(runs.correct, ("shots", context)))
        for task, runs in found.items()
        for context in contexts
    }


def correlations(args: argparse.Namespace, found: Found, contexts: Sequence[str]) -> Cells:
    return {
        f"{task}, {rule}, {context}": cell(
            args, pooled_correlation, runs.gain(rule, context)[..., -1], runs.correct(context)
        )
        for task, runs in found.items()
        for rule in RULE_LABELS
        for context in contexts
    }


def excess(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of means over prompts and shots (..., n, K)."""
    return one.mean(axis=(-2, -1)) - other.mean(axis=(-2, -1))


if __name__ == "__main__":
    main()
