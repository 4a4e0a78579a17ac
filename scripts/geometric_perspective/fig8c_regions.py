"""Figure 8, our check: regions of the MLP on the way that examples move its input, and its features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from geometric_perspective.asked import LEARNED_NOTE, Asked, asked, caption
from geometric_perspective.config_shots import D_MODEL, SETTINGS, SHOTS, Shots
from geometric_perspective.intervals import (
    MARGIN,
    Cell,
    Statistic,
    above_zero,
    cell,
    draw_cells,
    last_minus_first,
    near_zero,
)
from geometric_perspective.run_shots import FEATURES
from geomtoy.instruments.partial_correlation import (
    controlled,
    correlation_given_shots,
    pooled_correlation,
)
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure
from geomtoy.verdicts import Verdict

PRESETS = SHOTS
POOLED, GIVEN = "shots pooled", "given shots"
CHANGED, CONTROLLED = "given shots, changed answers", "given shots and length of the way"
LOOKS = {
    POOLED: (PURPLE, "s", "all numbers of shots pooled"),
    GIVEN: (GREEN, "o", "at a fixed number of shots"),
    CHANGED: (ORANGE, "^", "at a fixed number of shots and among answers that examples changed"),
    CONTROLLED: (BLUE, "D", "at a fixed number of shots and length of the way"),
}
"""Kind of correlation -> colour, marker and how a claim says it."""
LAYERS = {"last layer": (-1, "black", "o", -0.15), "first layer": (0, GREY, "^", 0.15)}
CORRELATIONS, DIFFERENCES = "correlations by layer", "given shots, in the last layer minus in the first"
OF_FEATURES = "correlations of the MLP's features, given shots"

NOTE = (
    "Activation regions of the MLP on the straight segment between what it reads at the query without "
    "shots and with k, exact for the stored numbers. The segment lies behind the LayerNorm; no prompt "
    "moves along it. A unit switches at most once on it, so the count is one more than the units on "
    "which the ends differ: a Hamming distance, which grows with the way that examples move the "
    "representation. The answer without shots is wrong, so a correct one has changed, and an incorrect "
    f"one may not have. {LEARNED_NOTE}"
)


def make(config: Shots, machine: Machine) -> Drawn:
    found = asked(machine, config)
    correlations = {task: by_layer(config, runs) for task, runs in found.items()}
    features = {task: of_features(config, runs) for task, runs in found.items()}
    steps = {
        task: cell(
            last_minus_first(correlation_given_shots), runs.regions, answers(runs),
            learned=runs.learned, resamples=config.resamples,
        ).numbers
        for task, runs in found.items()
    }  # fmt: skip
    kept = {
        name: {
            task: {kind: [one.numbers for one in cells] for kind, cells in kinds.items()}
            for task, kinds in of.items()
        }
        for name, of in ((CORRELATIONS, correlations), (OF_FEATURES, features))
    }
    return Drawn(draw(caption(config, found), correlations, features), {**kept, DIFFERENCES: steps})


def answers(runs: Asked) -> np.ndarray:
    """(S, P, K) whether those of the prompts that are followed are right."""
    return runs.correct("shots")[:, : runs.regions.shape[1]]


def given_length(regions: np.ndarray, right: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The partial correlation given the number of shots and the length of the way."""
    pairs = ((regions, right), (regions, length), (right, length))
    return controlled(*(correlation_given_shots(*pair) for pair in pairs))


def by_layer(config: Shots, runs: Asked) -> dict[str, list[Cell]]:
    right = answers(runs)
    changed = runs.changed()[:, : right.shape[1]]
    ways: dict[str, tuple[Statistic, Callable[[int], tuple[np.ndarray, ...]]]] = {
        POOLED: (pooled_correlation, lambda layer: ()),
        GIVEN: (correlation_given_shots, lambda layer: ()),
        CHANGED: (correlation_given_shots, lambda layer: (changed,)),
        CONTROLLED: (given_length, lambda layer: (runs.lengths[..., layer],)),
    }
    return {
        kind: [
            cell(
                statistic, runs.regions[..., layer], right, *further(layer), learned=runs.learned,
                resamples=config.resamples,
            )
            for layer in range(runs.layers)
        ]
        for kind, (statistic, further) in ways.items()
    }  # fmt: skip


def of_features(config: Shots, runs: Asked) -> dict[str, list[Cell]]:
    """A cell for each of `FEATURES` in the last and in the first layer."""
    right = runs.correct("shots")
    return {
        name: [
            cell(
                correlation_given_shots, runs.features(layer)[..., k], right, learned=runs.learned,
                resamples=config.resamples,
            )
            for k in range(len(FEATURES))
        ]
        for name, (layer, *_) in LAYERS.items()
    }  # fmt: skip


def draw(
    models: str,
    correlations: dict[str, dict[str, list[Cell]]],
    features: dict[str, dict[str, list[Cell]]],
) -> Figure:
    """A row a task: regions by layer, and the features, one a line."""
    figure = new_figure(DOUBLE, 1.0 + 2.4 * len(correlations))
    axes = figure.subplots(len(correlations), 2, squeeze=False, width_ratios=[3, 2])
    for (left, right), task in zip(axes, correlations, strict=True):
        draw_by_layer(left, correlations[task])
        left.set(
            title=f"{SETTINGS[task].title}: regions on the way from 0 shots",
            ylabel="correlation with correctness",
        )
        draw_features(right, features[task])
        right.set_yticks(
            range(len(FEATURES)), [name.replace(": ", ":\n") for name in FEATURES], fontsize=6
        )
        right.set_title("features of the MLP, given shots")
    of_ways, of_layers = (ax.get_legend_handles_labels() for ax in axes[0])
    handles, labels = (one + other for one, other in zip(of_ways, of_layers, strict=True))
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    figure.suptitle(
        f"exact counts in the space that each MLP of {4 * D_MODEL} units reads, after LayerNorm; means "
        f"with 95 % intervals, faint: seeds\n{models}", fontsize=7,
    )  # fmt: skip
    return figure


def draw_by_layer(ax: Axes, kinds: dict[str, list[Cell]]) -> None:
    layers = np.arange(len(kinds[POOLED]))
    ax.axhline(0, color="black", linewidth=0.6)
    for k, (kind, (colour, marker, _)) in enumerate(LOOKS.items()):
        draw_cells(ax, layers + 0.18 * (k - 1.5), kinds[kind], colour, marker, kind)
    ax.set(xlabel="layer", xticks=layers)


def draw_features(ax: Axes, layers: dict[str, list[Cell]]) -> None:
    ax.axvline(0, color="black", linewidth=0.6)
    for name, (_, colour, marker, shift) in LAYERS.items():
        draw_cells(ax, np.arange(len(FEATURES)) + shift, layers[name], colour, marker, name, flat=True)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set(ylim=(len(FEATURES) - 0.5, -0.5), xlabel="correlation with correctness")


def verdicts(numbers: Numbers) -> list[Verdict]:
    of_ways = [
        above_zero(
            f"Figure 8, our check, {task}: {way}, answers are more often correct the more regions of "
            "the last MLP lie on the way from the 0-shot representation",
            {task: kinds[kind][-1]},
            note=NOTE,
        )
        for task, kinds in numbers[CORRELATIONS].items()
        for kind, (*_, way) in LOOKS.items()
    ]
    last_over_first = [
        above_zero(
            f"Figure 8, our check, {task}: at a fixed number of shots, regions of the last MLP on the "
            "way tell correct from incorrect answers better than those of the first",
            {task: kept},
            note=f"Partial correlation in the last layer minus in the first. {NOTE}",
        )
        for task, kept in numbers[DIFFERENCES].items()
    ]
    nothing_left = [
        near_zero(
            f"Figure 8, our check, {task}: at a fixed number of shots and length of the way, the number "
            "of regions on it says little: its partial correlation with correctness is within "
            f"±{MARGIN:g}",
            {task: kinds[CONTROLLED][-1]},
            note=f"In the last layer. {NOTE}",
        )
        for task, kinds in numbers[CORRELATIONS].items()
    ]
    return [*of_ways, *last_over_first, *nothing_left]
