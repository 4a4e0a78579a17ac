"""Figure 8, our check: regions of the MLP on the way from the 0-shot to the k-shot representation."""

from __future__ import annotations

from typing import Any

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geometric_perspective.asked import TITLES, Asked, asked
from geometric_perspective.config import D_MODEL, RESAMPLED, Resampled
from geometric_perspective.intervals import KINDS, Cell, Statistic, cell, draw_by_layer
from geomtoy.plots.style import BLUE, DOUBLE, ORANGE, new_figure
from geomtoy.verdicts import Verdict, difference

PRESETS = RESAMPLED
CORRELATIONS = "correlations by layer"
LOOKS = {"correct": (True, BLUE), "incorrect": (False, ORANGE)}
LAYERS = {"last layer": (-1, "-", "o"), "first layer": (0, ":", "^")}
CHANGED = "given shots, changed answers"
ENOUGH = 5
"""Answers for their mean to be drawn."""

NOTE = (
    "Activation regions of the MLP on the straight segment between what it reads at the query without "
    "shots and with k, exact for the stored numbers. The segment lies behind the LayerNorm; no prompt "
    "moves along it. A unit switches at most once on it, so the count is one more than the units on "
    "which the ends differ: it measures how far examples move the representation. The answer without "
    "shots is wrong, so a correct one has changed, and an incorrect one may not have."
)

Correlations = dict[str, dict[str, list[Cell]]]
"""Task -> pooled, given shots, or also among changed answers only -> a cell for each layer."""


def make(config: Resampled, machine: Machine) -> Drawn:
    found = asked(machine, config)
    correlations = {task: by_layer(config, runs) for task, runs in found.items()}
    means = {task: by_shots(runs) for task, runs in found.items()}
    numbers = {
        "mean regions by shots": means,
        CORRELATIONS: {
            task: {kind: [one.numbers for one in cells] for kind, cells in kinds.items()}
            for task, kinds in correlations.items()
        },
    }
    return Drawn(draw(config, correlations, means), numbers)


def answers(runs: Asked) -> np.ndarray:
    """(S, P, K) of the prompts that are followed."""
    return runs.correct("shots")[:, : runs.regions.shape[1]]


def by_layer(config: Resampled, runs: Asked) -> dict[str, list[Cell]]:
    right = answers(runs)
    changed = runs.changed()[:, : right.shape[1]]
    ways: dict[str, tuple[Statistic, tuple[np.ndarray, ...]]] = {
        **{kind: (statistic, (right,)) for kind, statistic in KINDS.items()},
        CHANGED: (KINDS["given shots"], (right, changed)),
    }
    return {
        kind: [
            cell(statistic, runs.regions[..., k], *arrays, resamples=config.resamples)
            for k in range(runs.layers)
        ]
        for kind, (statistic, arrays) in ways.items()
    }


def by_shots(runs: Asked) -> dict[str, dict[str, list[Any]]]:
    """Mean number of regions at each number of shots; None where there are too few answers."""
    right = answers(runs)
    return {
        layer: {
            name: [
                mean(runs.regions[:, :, k, at][right[:, :, k] == is_right]) for k in range(runs.shots)
            ]
            for name, (is_right, _) in LOOKS.items()
        }
        for layer, (at, *_) in LAYERS.items()
    }


def mean(counts: np.ndarray) -> float | None:
    return float(counts.mean()) if len(counts) >= ENOUGH else None


def draw(config: Resampled, correlations: Correlations, means: dict[str, Any]) -> Figure:
    figure = new_figure(DOUBLE, 4.4)
    axes = figure.subplots(2, len(means), squeeze=False, sharey="row")
    for (top, bottom), task in zip(axes.T, means, strict=True):
        draw_means(top, means[task])
        draw_by_layer(bottom, correlations[task])
        top.set_title(TITLES[task])
    axes[0, 0].set_ylabel("regions on the way from\nthe 0-shot representation")
    axes[1, 0].set_ylabel("correlation of regions\nand correctness")
    axes[0, 0].set_ylim(0, None)
    axes[0, -1].legend(*axes[0, 0].get_legend_handles_labels(), ncols=2, loc="lower right")
    figure.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(
        f"exact counts in the space that each MLP of {4 * D_MODEL} units reads, after LayerNorm; "
        f"95 % intervals\n{config.scale}", fontsize=7,
    )  # fmt: skip
    return figure


def draw_means(ax: Axes, found: dict[str, Any]) -> None:
    for layer, (_, dashes, marker) in LAYERS.items():
        for name, (_, colour) in LOOKS.items():
            values = np.array(found[layer][name], float)
            ax.plot(np.arange(1, len(values) + 1), values, dashes, marker=marker, color=colour,
                    markersize=3, label=f"{name}, {layer}")  # fmt: skip
    ax.set(xlabel="number of shots", xticks=range(1, len(values) + 1))


def verdicts(numbers: Numbers) -> list[Verdict]:
    found = {
        task: {kind: [np.array(one["values"]) for one in cells] for kind, cells in kinds.items()}
        for task, kinds in numbers[CORRELATIONS].items()
    }
    ways = {
        "shots pooled": "over 1 to 10 shots pooled",
        "given shots": "at a fixed number of shots",
        CHANGED: "at a fixed number of shots and among answers that examples changed",
    }
    pooled_and_given = [
        difference(
            f"Figure 8, our check, {task}: {way}, answers are more often correct the more regions of "
            "the last MLP lie on the way from the 0-shot representation",
            {task: kinds[kind][-1]},
            above=0.0,
            note=NOTE,
        )
        for task, kinds in found.items()
        for kind, way in ways.items()
    ]
    last_over_first = [
        difference(
            f"Figure 8, our check, {task}: at a fixed number of shots, regions of the last MLP on the "
            "way tell correct from incorrect answers better than those of the first",
            {task: kinds["given shots"][-1] - kinds["given shots"][0]},
            above=0.0,
            note=f"Partial correlation in the last layer minus in the first. {NOTE}",
        )
        for task, kinds in found.items()
    ]
    return [*pooled_and_given, *last_over_first]
