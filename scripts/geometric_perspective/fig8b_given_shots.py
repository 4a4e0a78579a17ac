"""Figure 8, our check: the same at a fixed number of shots, by partial correlations and differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geometric_perspective.asked import RULE_LABELS, TITLES, Asked, asked
from geometric_perspective.config import RESAMPLED, Resampled
from geometric_perspective.intervals import KINDS, Cell, cell, draw_by_layer
from geomtoy.plots.style import BLUE, DOUBLE, GREY, new_figure
from geomtoy.verdicts import Verdict, difference, equivalence

PRESETS = RESAMPLED
MARGIN = 0.1
"""A correlation below it explains less than a hundredth."""
ENOUGH = 10
"""Correct and incorrect answers at a number of shots for their difference to be drawn."""
LAYERS = {"first layer": (0, GREY, "^", -0.1), "last layer": (-1, BLUE, "o", 0.1)}

Correlations = dict[str, dict[str, dict[str, list[Cell]]]]
"""Task -> rule -> pooled or given shots -> a cell for each layer."""


CORRELATIONS = "correlations by layer"


def make(config: Resampled, machine: Machine) -> Drawn:
    found = asked(machine, config)
    correlations = {
        task: {rule: by_layer(config, runs, rule) for rule in RULE_LABELS}
        for task, runs in found.items()
    }
    differences = {
        task: {rule: by_shots(runs, rule) for rule in RULE_LABELS} for task, runs in found.items()
    }
    numbers = {CORRELATIONS: listed(correlations), "correct minus incorrect": differences}
    return Drawn(draw(config, correlations, differences), numbers)


def by_layer(config: Resampled, runs: Asked, rule: str) -> dict[str, list[Cell]]:
    gain, right = runs.gain(rule, "shots"), runs.correct("shots")
    return {
        kind: [
            cell(statistic, gain[..., k], right, resamples=config.resamples) for k in range(runs.layers)
        ]
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


def draw(config: Resampled, correlations: Correlations, steps: dict[str, Any]) -> Figure:
    figure = new_figure(DOUBLE, 7.4)
    rows: list[tuple[Callable[..., None], Any]]
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
        f"95 % intervals; differences where {ENOUGH} answers or more are of either kind; {config.scale}",
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


def verdicts(numbers: Numbers) -> list[Verdict]:
    by_layer = {
        f"{task}, {rule}": [np.array(one["values"]) for one in kinds["given shots"]]
        for task, rules in numbers[CORRELATIONS].items()
        for rule, kinds in rules.items()
    }
    within = [
        difference(
            f"Figure 8, our check, {name} threshold: at a fixed number of shots, answers are more often "
            "correct the more the last layer's intrinsic dimension rises",
            {name: layers[-1]},
            above=0.0,
            note="Partial correlation given the number of shots as a category. The paper pools 0 to 10 "
            "shots, so its figures contain what the number of shots does to both; it shows nothing at a "
            "fixed number.",
        )
        for name, layers in by_layer.items()
    ]
    little_left = [
        equivalence(
            f"Figure 8, our check, {name} threshold: at a fixed number of shots little is left: the "
            f"partial correlation of the last layer's rise and correctness is within ±{MARGIN:g}",
            {name: layers[-1]},
            margin=MARGIN,
            note="Partial correlation given the number of shots as a category.",
        )
        for name, layers in by_layer.items()
    ]
    last_over_first = [
        difference(
            f"Figure 8, our check, {name} threshold: at a fixed number of shots, the last layer's rise "
            "tells correct from incorrect answers better than the first's",
            {name: layers[-1] - layers[0]},
            above=0.0,
            note="Partial correlation in the last layer minus in the first.",
        )
        for name, layers in by_layer.items()
    ]
    return [*within, *little_left, *last_over_first]


def listed(correlations: Correlations) -> dict[str, Any]:
    return {
        task: {
            rule: {kind: [one.numbers for one in cells] for kind, cells in kinds.items()}
            for rule, kinds in rules.items()
        }
        for task, rules in correlations.items()
    }
