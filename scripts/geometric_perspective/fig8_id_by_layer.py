"""Figure 8: rise of intrinsic dimension layer by layer, of correct and of incorrect answers."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geometric_perspective.asked import LEARNED_NOTE, RULE_LABELS, Asked, asked, caption
from geometric_perspective.config_shots import DEPTHS, SETTINGS, Shots
from geometric_perspective.intervals import (
    MARGIN,
    Cell,
    above_zero,
    cell,
    draw_cells,
    last_minus_first,
    near_zero,
)
from geomtoy.instruments.partial_correlation import pooled_correlation
from geomtoy.plots.style import BLUE, DOUBLE, ORANGE, PURPLE, new_figure
from geomtoy.verdicts import Verdict

PRESETS = DEPTHS
LOOKS = {"correct": (True, BLUE, "o", "-"), "incorrect": (False, ORANGE, "s", "--")}
CORRELATIONS = "correlation of rise and correctness, shots pooled, by layer"
DIFFERENCES = "the same in the last layer minus in the first"

Rises = dict[str, np.ndarray]
"""Correct or incorrect -> mean rise (seeds, layers)."""


def make(config: Shots, machine: Machine) -> Drawn:
    found = asked(machine, config)
    rises = {task: {rule: by_layer(runs, rule) for rule in RULE_LABELS} for task, runs in found.items()}
    cells = {
        task: {rule: correlations(config, runs, rule) for rule in RULE_LABELS}
        for task, runs in found.items()
    }
    steps = {
        f"{task}, {rule}": cell(
            last_minus_first(pooled_correlation), runs.gain(rule, "shots"), runs.correct("shots"),
            learned=runs.learned, resamples=config.resamples,
        ).numbers
        for task, runs in found.items()
        for rule in RULE_LABELS
    }  # fmt: skip
    kept = {
        f"{task}, {rule}": [one.numbers for one in of]
        for task, rules in cells.items()
        for rule, of in rules.items()
    }
    drawn = draw(caption(config, found), rises, cells)
    return Drawn(drawn, {"rises": rises, CORRELATIONS: kept, DIFFERENCES: steps})


def by_layer(runs: Asked, rule: str) -> Rises:
    """Mean rise in each layer, over prompts and shots, of each seed that gives such answers."""
    gain, right = runs.gain(rule, "shots")[runs.drawn], runs.correct("shots")[runs.drawn]

    def mean_where(is_right: bool) -> np.ndarray:
        chosen = [one[of == is_right] for one, of in zip(gain, right, strict=True)]
        means = [rises.mean(axis=0) for rises in chosen if len(rises)]
        return np.array(means).reshape(-1, runs.layers)

    return {name: mean_where(is_right) for name, (is_right, *_) in LOOKS.items()}


def correlations(config: Shots, runs: Asked, rule: str) -> list[Cell]:
    """In each layer, shots pooled."""
    gain, right = runs.gain(rule, "shots"), runs.correct("shots")
    return [
        cell(
            pooled_correlation, gain[..., layer], right, learned=runs.learned,
            resamples=config.resamples,
        )
        for layer in range(runs.layers)
    ]  # fmt: skip


def draw(
    models: str, rises: dict[str, dict[str, Rises]], cells: dict[str, dict[str, list[Cell]]]
) -> Figure:
    """A row a task; rises and their correlations by each rule."""
    figure = new_figure(DOUBLE, 0.8 + 1.8 * len(rises))
    axes = figure.subplots(len(rises), 2 * len(RULE_LABELS), squeeze=False)
    for row, task in zip(axes, rises, strict=True):
        for k, rule in enumerate(RULE_LABELS):
            draw_rises(row[2 * k], rises[task][rule])
            ax = row[2 * k + 1]
            ax.axhline(0, color="black", linewidth=0.6)
            layers = np.arange(len(cells[task][rule]))
            draw_cells(ax, layers, cells[task][rule], PURPLE, "D", "correlation")
            title = f"{SETTINGS[task].title}:\nrise of ID, {rule}"
            row[2 * k].set_title(title, loc="left", fontsize=6.5)
            ax.set_title("its correlation\nwith correctness", loc="left", fontsize=6.5)
            for either in row[2 * k : 2 * k + 2]:
                either.set_xticks(layers)
    for ax in axes[-1]:
        ax.set_xlabel("layer")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle(
        f"shots pooled; faint: seeds; correlations with 95 % intervals; {models}",
        fontsize=7,
    )
    return figure


def draw_rises(ax: Axes, rises: Rises) -> None:
    for name, (_, colour, marker, dashes) in LOOKS.items():
        layers = np.arange(rises[name].shape[1])
        mean = rises[name].mean(axis=0) if len(rises[name]) else np.full(len(layers), np.nan)
        ax.plot(layers, rises[name].T, dashes, color=colour, linewidth=0.4, alpha=0.5)
        ax.plot(layers, mean, dashes, marker=marker, color=colour, label=name)
    ax.axhline(0, color="black", linewidth=0.5)


def verdicts(numbers: Numbers) -> list[Verdict]:
    last_over_first = [
        above_zero(
            f"Figure 8, {name} threshold: shots pooled, the last layer's rise tells correct from "
            "incorrect answers better than the first's",
            {name: kept},
            note="Correlation with correctness in the last layer minus in the first. In few layers each "
            "sees the whole context; in 32 or 80 layers the first may see little but its "
            f"neighbours, which would make the paper's first layer tell less. {LEARNED_NOTE}",
        )
        for name, kept in numbers[DIFFERENCES].items()
    ]
    first_alone = [
        near_zero(
            f"Figure 8, {name} threshold: shots pooled, the first layer's rise does not tell correct "
            f"from incorrect answers: the correlation is within ±{MARGIN:g}",
            {name: layers[0]},
            note="Where it is not, the number of shots moves both, in the first layer as in the last. "
            f"{LEARNED_NOTE}",
        )
        for name, layers in numbers[CORRELATIONS].items()
    ]
    return [*last_over_first, *first_alone]
