"""Figure 8: rise of intrinsic dimension layer by layer, of correct and of incorrect answers."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.figure import Figure

from geometric_perspective.asked import RULE_LABELS, TITLES, Asked, asked
from geometric_perspective.config import SHOTS, Shots
from geomtoy.instruments.partial_correlation import pooled_correlation
from geomtoy.plots.style import BLUE, DOUBLE, ORANGE, new_figure
from geomtoy.verdicts import Verdict, difference, equivalence

PRESETS = SHOTS
LOOKS = {"correct": (True, BLUE, "o", -0.06), "incorrect": (False, ORANGE, "s", 0.06)}

Means = dict[str, dict[str, dict[str, dict[str, np.ndarray]]]]
"""Task -> rule -> correct or incorrect -> mean and deviation by layer."""


CORRELATIONS = "correlation of rise and correctness, shots pooled (layers, seeds)"
MARGIN = 0.1
"""A correlation below it explains less than a hundredth."""


def make(config: Shots, machine: Machine) -> Drawn:
    found = asked(machine, config)
    means = {task: {rule: by_layer(runs, rule) for rule in RULE_LABELS} for task, runs in found.items()}
    correlations = {
        f"{task}, {rule}": [
            pooled_correlation(gain, runs.correct("shots"))
            for gain in np.moveaxis(runs.gain(rule, "shots"), -1, 0)
        ]
        for task, runs in found.items()
        for rule in RULE_LABELS
    }
    return Drawn(draw(config, means), {"rises": means, CORRELATIONS: correlations})


def by_layer(runs: Asked, rule: str) -> dict[str, dict[str, np.ndarray]]:
    """Mean and deviation of the rise in each layer, over prompts, shots and seeds."""
    gain, right = runs.gain(rule, "shots"), runs.correct("shots")
    sides = {name: gain[right == is_right] for name, (is_right, *_) in LOOKS.items()}
    return {
        name: {"mean": side.mean(axis=0), "deviation": side.std(axis=0)} for name, side in sides.items()
    }


def draw(config: Shots, numbers: Means) -> Figure:
    figure = new_figure(DOUBLE, 4.4)
    axes = figure.subplots(len(RULE_LABELS), len(numbers), squeeze=False, sharex=True, sharey="row")
    for column, (task, rules) in zip(axes.T, numbers.items(), strict=True):
        for ax, (rule, found) in zip(column, rules.items(), strict=True):
            for name, (_, colour, marker, shift) in LOOKS.items():
                mean, deviation = found[name]["mean"], found[name]["deviation"]
                layers = np.arange(len(mean)) + shift
                ax.errorbar(layers, mean, deviation, marker=marker, color=colour, capsize=2,
                            elinewidth=0.7, label=name)  # fmt: skip
            ax.set_title(f"{TITLES[task]}, {rule} threshold")
            ax.axhline(0, color="black", linewidth=0.5)
        column[-1].set(xlabel="layer", xticks=range(config.layers))
    for ax in axes[:, 0]:
        ax.set_ylabel("rise of intrinsic dimension")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle(
        f"1 to 10 shots pooled: mean and standard deviation of all answers; {config.scale}", fontsize=7
    )
    return figure


def verdicts(numbers: Numbers) -> list[Verdict]:
    by_layer = {name: np.array(values) for name, values in numbers[CORRELATIONS].items()}
    last_over_first = [
        difference(
            f"Figure 8, {name} threshold: shots pooled, the last layer's rise tells correct from "
            "incorrect answers better than the first's",
            {name: values[-1] - values[0]},
            above=0.0,
            note="Correlation with correctness in the last layer minus in the first. In 4 layers every "
            "layer sees the whole context; in 32 or 80 layers the first may see little but its "
            "neighbours, which would make the paper's first layer tell less. How well a "
            "task is learned is in fig6.",
        )
        for name, values in by_layer.items()
    ]
    first_alone = [
        equivalence(
            f"Figure 8, {name} threshold: shots pooled, the first layer's rise does not tell correct "
            f"from incorrect answers: the correlation is within ±{MARGIN:g}",
            {name: values[0]},
            margin=MARGIN,
            note="Where it is not, the number of shots moves both, in the first layer as in the last.",
        )
        for name, values in by_layer.items()
    ]
    return [*last_over_first, *first_alone]
