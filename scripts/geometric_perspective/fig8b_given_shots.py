"""Figure 8, our check: the same at a fixed number of shots, by partial correlations."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.figure import Figure

from geometric_perspective.asked import LEARNED_NOTE, RULE_LABELS, Asked, asked, caption
from geometric_perspective.config_shots import DEPTHS, SETTINGS, Shots
from geometric_perspective.intervals import (
    KINDS,
    MARGIN,
    Cell,
    above_zero,
    cell,
    draw_cells,
    last_minus_first,
    near_zero,
)
from geomtoy.instruments.partial_correlation import correlation_given_shots
from geomtoy.plots.style import DOUBLE, GREEN, PURPLE, new_figure
from geomtoy.verdicts import Verdict

PRESETS = DEPTHS
LOOKS = {"shots pooled": (PURPLE, "s", -0.12), "given shots": (GREEN, "o", 0.12)}
CORRELATIONS = "correlations by layer"
DIFFERENCES = "given shots, in the last layer minus in the first"
NOTE = f"Partial correlation given the number of shots as a category. {LEARNED_NOTE}"

Correlations = dict[str, dict[str, list[Cell]]]
"""Task and rule -> pooled or given shots -> a cell for each layer."""


def make(config: Shots, machine: Machine) -> Drawn:
    found = asked(machine, config)
    both = [(task, runs, rule) for task, runs in found.items() for rule in RULE_LABELS]
    correlations = {f"{task}, {rule}": by_layer(config, runs, rule) for task, runs, rule in both}
    steps = {
        f"{task}, {rule}": cell(
            last_minus_first(correlation_given_shots), runs.gain(rule, "shots"), runs.correct("shots"),
            learned=runs.learned, resamples=config.resamples,
        ).numbers
        for task, runs, rule in both
    }  # fmt: skip
    kept = {
        name: {kind: [one.numbers for one in cells] for kind, cells in kinds.items()}
        for name, kinds in correlations.items()
    }
    return Drawn(
        draw(caption(config, found), [*found], correlations), {CORRELATIONS: kept, DIFFERENCES: steps}
    )


def by_layer(config: Shots, runs: Asked, rule: str) -> dict[str, list[Cell]]:
    gain, right = runs.gain(rule, "shots"), runs.correct("shots")
    return {
        kind: [
            cell(statistic, gain[..., k], right, learned=runs.learned, resamples=config.resamples)
            for k in range(runs.layers)
        ]
        for kind, statistic in KINDS.items()
    }


def draw(models: str, tasks: list[str], correlations: Correlations) -> Figure:
    figure = new_figure(DOUBLE, 0.8 + 1.8 * len(tasks))
    axes = figure.subplots(len(tasks), len(RULE_LABELS), squeeze=False, sharey=True)
    for row, task in zip(axes, tasks, strict=True):
        for ax, rule in zip(row, RULE_LABELS, strict=True):
            ax.axhspan(-MARGIN, MARGIN, color="black", alpha=0.08, linewidth=0)
            for kind, (colour, marker, shift) in LOOKS.items():
                cells = correlations[f"{task}, {rule}"][kind]
                layers = np.arange(len(cells))
                draw_cells(ax, layers + shift, cells, colour, marker, kind)
            ax.set_xticks(layers)
            ax.set_title(f"{SETTINGS[task].title}, {rule} threshold")
        row[0].set_ylabel("correlation of rise\nand correctness")
    for ax in axes[-1]:
        ax.set_xlabel("layer")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle(f"means with 95 % intervals, faint: seeds; band: ±{MARGIN:g}; {models}", fontsize=7)
    return figure


def verdicts(numbers: Numbers) -> list[Verdict]:
    last = {name: kinds["given shots"][-1] for name, kinds in numbers[CORRELATIONS].items()}
    within = [
        above_zero(
            f"Figure 8, our check, {name} threshold: at a fixed number of shots, answers are more often "
            "correct the more the last layer's intrinsic dimension rises",
            {name: kept},
            note="The paper pools 0 to 10 shots, so its figures contain what the number of shots does "
            f"to both; it shows nothing at a fixed number. {NOTE}",
        )
        for name, kept in last.items()
    ]
    little_left = [
        near_zero(
            f"Figure 8, our check, {name} threshold: at a fixed number of shots little is left: the "
            f"partial correlation of the last layer's rise and correctness is within ±{MARGIN:g}",
            {name: kept},
            note=NOTE,
        )
        for name, kept in last.items()
    ]
    last_over_first = [
        above_zero(
            f"Figure 8, our check, {name} threshold: at a fixed number of shots, the last layer's rise "
            "tells correct from incorrect answers better than the first's",
            {name: kept},
            note=f"In the last layer minus in the first. {NOTE}",
        )
        for name, kept in numbers[DIFFERENCES].items()
    ]
    return [*within, *little_left, *last_over_first]
