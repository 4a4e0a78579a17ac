"""Figure 8: rise of intrinsic dimension layer by layer, of correct and of incorrect answers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from blocks import full
from figure import publish
from intervals import Cells, Statistic, around_zero, cell, last_minus_first, sign_verdict
from matplotlib.figure import Figure
from shots import FULL, RULE_LABELS, TITLES, Asked, asked, record, scale, shots_arguments

from geomtoy.instruments.partial_correlation import pooled_correlation
from geomtoy.plots.style import BLUE, DOUBLE, ORANGE, new_figure, paper_style
from geomtoy.results import Verdict

NAME = "fig8_id_by_layer"
LOOKS = {"correct": (True, BLUE, "o", -0.06), "incorrect": (False, ORANGE, "s", 0.06)}

Numbers = dict[str, dict[str, dict[str, dict[str, np.ndarray]]]]
"""Task -> rule -> correct or incorrect -> mean and deviation by layer."""


def main(argv: Sequence[str] | None = None) -> None:
    args = shots_arguments(__doc__).parse_args(argv)
    name = full(args, NAME, **FULL)
    found = asked(args)
    numbers = {
        task: {rule: by_layer(runs, rule) for rule in RULE_LABELS} for task, runs in found.items()
    }
    with paper_style():
        publish(args, name, draw(args, numbers), record(args), numbers, verdicts(args, found))


def by_layer(runs: Asked, rule: str) -> dict[str, dict[str, np.ndarray]]:
    """Mean and deviation of the rise in each layer, over prompts, shots and seeds."""
    gain, right = runs.gain(rule, "shots"), runs.correct("shots")
    sides = {name: gain[right == is_right] for name, (is_right, *_) in LOOKS.items()}
    return {
        name: {"mean": side.mean(axis=0), "deviation": side.std(axis=0)} for name, side in sides.items()
    }


def draw(args: argparse.Namespace, numbers: Numbers) -> Figure:
    figure = new_figure(DOUBLE, 4.4)
    axes = figure.subplots(len(RULE_LABELS), len(numbers), squeeze=False, sharex=True, sharey="row")
    for column, (task, rules) in zip(axes.T, numbers.items(), strict=True):
        for ax, (rule, found) in zip(column, rules.items(), strict=True):
            for name, (_, colour, marker, shift) in LOOKS.items():
                mean, deviation = found[name]["mean"], found[name]["deviation"]
                layers = np.arange(1, len(mean) + 1) + shift
                ax.errorbar(layers, mean, deviation, marker=marker, color=colour, capsize=2,
                            elinewidth=0.7, label=name)  # fmt: skip
            ax.set_title(f"{TITLES[task]}, {rule} threshold")
            ax.axhline(0, color="black", linewidth=0.5)
        column[-1].set(xlabel="layer", xticks=range(1, args.layers + 1))
    for ax in axes[:, 0]:
        ax.set_ylabel("rise of intrinsic dimension")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle(
        f"1 to 10 shots pooled: mean and standard deviation of all answers; {scale(args)}", fontsize=7
    )
    return figure


def verdicts(args: argparse.Namespace, found: dict[str, Asked]) -> list[Verdict]:
    return [
        sign_verdict(
            "Figure 8: shots pooled, the last layer's rise tells correct from incorrect answers better "
            "than the first's",
            last_over_first(args, found, pooled_correlation),
            "Correlation with correctness in the last layer minus in the first. In 4 layers every layer "
            "sees the whole context; in 32 or 80 layers the first may see little but its neighbours, "
            "which would make the paper's first layer tell less.",
        ),
        sign_verdict(
            "Figure 8: shots pooled, the first layer's rise does not tell correct from incorrect "
            "answers",
            first(args, found),
            "Correlation with correctness in the first layer. Where it is not around 0, the number of "
            "shots moves both, in the first layer as in the last.",
            true_of=around_zero,
        ),
    ]


def last_over_first(args: argparse.Namespace, found: dict[str, Asked], statistic: Statistic) -> Cells:
    """A statistic of the last layer's rise and correctness, minus that of the first."""
    return {
        f"{task}, {rule}": cell(
            args, last_minus_first(statistic), runs.gain(rule, "shots"), runs.correct("shots")
        )
        for task, runs in found.items()
        for rule in RULE_LABELS
    }


def first(args: argparse.Namespace, found: dict[str, Asked]) -> Cells:
    return {
        f"{task}, {rule}": cell(
            args, pooled_correlation, runs.gain(rule, "shots")[..., 0], runs.correct("shots")
        )
        for task, runs in found.items()
        for rule in RULE_LABELS
    }


if __name__ == "__main__":
    main()
