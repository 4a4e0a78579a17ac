"""Figure 8, our check: the same at a fixed number of shots, by partial correlations and differences."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from blocks import full
from fig8_id_by_layer import last_over_first
from figure import publish
from intervals import KINDS, Cell, cell, described, draw_by_layer, sign_verdict
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from shots import FULL, RULE_LABELS, TITLES, Asked, asked, record, scale, shots_arguments

from geomtoy.instruments.partial_correlation import correlation_given_shots
from geomtoy.plots.style import BLUE, DOUBLE, GREY, new_figure, paper_style
from geomtoy.results import Verdict

NAME = "fig8b_given_shots"
ENOUGH = 10
"""Correct and incorrect answers at a number of shots for their difference to be drawn."""
LAYERS = {"first layer": (0, GREY, "^", -0.1), "last layer": (-1, BLUE, "o", 0.1)}

Correlations = dict[str, dict[str, dict[str, list[Cell]]]]
"""Task -> rule -> pooled or given shots -> a cell for each layer."""


def main(argv: Sequence[str] | None = None) -> None:
    args = shots_arguments(__doc__).parse_args(argv)
    name = full(args, NAME, **FULL)
    found = asked(args)
    correlations = {
        task: {rule: by_layer(args, runs, rule) for rule in RULE_LABELS} for task, runs in found.items()
    }
    differences = {
        task: {rule: by_shots(runs, rule) for rule in RULE_LABELS} for task, runs in found.items()
    }
    numbers = {"correlations by layer": listed(correlations), "correct minus incorrect": differences}
    with paper_style():
        figure = draw(args, correlations, differences)
        publish(args, name, figure, record(args), numbers, verdicts(args, found, correlations))


def by_layer(args: argparse.Namespace, runs: Asked, rule: str) -> dict[str, list[Cell]]:
    gain, right = runs.gain(rule, "shots"), runs.correct("shots")
    return {
        kind: [cell(args, statistic, gain[..., k], right) for k in range(runs.layers)]
        for kind, statistic in KINDS.items()
    }


def by_shots(runs: Asked, rule: str) -> dict[str, dict[str, list[Any]]]:
    """Mean rise of correct answers minus that of incorrect ones at each number of shots, pooled over
    seeds after each seed's mean at this number is taken away, and 1.96 standard errors."""
    gain, right = runs.gain(rule, "shots"), runs.correct("shots")
    return {
        name: dict(zip(("difference", "error"), differences(gain[..., layer], right), strict=True))
        for name, (layer, *_) in LAYERS.items()
    }


def differences(gain: np.ndarray, right: np.ndarray) -> tuple[list[Any], list[Any]]:
    """(difference, 1.96 standard errors) at each number of shots; None where there are too few."""
    centred = gain - gain.mean(axis=1, keepdims=True)
    found: list[tuple[Any, Any]] = []
    for k in range(gain.shape[2]):
        sides = [centred[:, :, k][right[:, :, k] == is_right] for is_right in (True, False)]
        if min(map(len, sides)) < ENOUGH:
            found.append((None, None))
            continue
        error = np.sqrt(sum(side.var(ddof=1) / len(side) for side in sides))
        found.append((float(sides[0].mean() - sides[1].mean()), float(1.96 * error)))
    values, errors = zip(*found, strict=True)
    return list(values), list(errors)


def draw(args: argparse.Namespace, correlations: Correlations, steps: dict[str, Any]) -> Figure:
    figure = new_figure(DOUBLE, 7.4)
    rows = [(draw_by_layer, correlations), (draw_differences, steps)]
    axes = figure.subplots(4, len(correlations), squeeze=False, sharey="row")
    for column, task in zip(axes.T, correlations, strict=True):
        pairs = [(row, rule) for row in rows for rule in RULE_LABELS]
        for ax, ((paint, numbers), rule) in zip(column, pairs, strict=True):
            paint(ax, numbers[task][rule])
            ax.set_title(f"{TITLES[task]}, {rule} threshold")
    for ax, label in zip(axes[:, 0], ["correlation of rise\nand correctness"] * 2
                         + ["rise of ID, correct\nminus incorrect"] * 2, strict=True):  # fmt: skip
        ax.set_ylabel(label)
    named = [axes[k, 0].get_legend_handles_labels() for k in (0, 2)]
    figure.legend(*(a + b for a, b in zip(*named, strict=True)), loc="outside lower center", ncols=4)
    figure.suptitle(
        f"95 % intervals; differences where {ENOUGH} answers or more are of either kind; {scale(args)}",
        fontsize=7,
    )
    return figure


def draw_differences(ax: Axes, found: dict[str, dict[str, list[Any]]]) -> None:
    for name, (_, colour, marker, shift) in LAYERS.items():
        differences, errors = (np.array(found[name][key], float) for key in ("difference", "error"))
        shots = np.arange(1, len(differences) + 1) + shift
        ax.errorbar(
            shots,
            differences,
            errors,
            fmt=marker,
            color=colour,
            markersize=3,
            elinewidth=0.8,
            label=name,
        )
    ax.axhline(0, color="black", linewidth=0.6)
    ax.set(xlabel="number of shots", xticks=range(1, len(shots) + 1), xlim=(0.5, len(shots) + 0.5))


def verdicts(
    args: argparse.Namespace, found: dict[str, Asked], correlations: Correlations
) -> list[Verdict]:
    last = {
        f"{task}, {rule}": kinds["given shots"][-1]
        for task, rules in correlations.items()
        for rule, kinds in rules.items()
    }
    return [
        sign_verdict(
            "Figure 8, our check: at a fixed number of shots, answers are more often correct the more "
            "the last layer's intrinsic dimension rises",
            last,
            "Partial correlation given the number of shots as a category. The paper pools 0 to 10 "
            "shots, so its figures contain what the number of shots does to both; it shows nothing at a "
            "fixed number.",
        ),
        sign_verdict(
            "Figure 8, our check: at a fixed number of shots, the last layer's rise tells correct from "
            "incorrect answers better than the first's",
            last_over_first(args, found, correlation_given_shots),
            "Partial correlation in the last layer minus in the first.",
        ),
    ]


def listed(correlations: Correlations) -> dict[str, Any]:
    return {
        task: {
            rule: {kind: [described(one) for one in cells] for kind, cells in kinds.items()}
            for rule, kinds in rules.items()
        }
        for task, rules in correlations.items()
    }


if __name__ == "__main__":
    main()
