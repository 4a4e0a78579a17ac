"""Held-out accuracy, matching scores and steps until it is learned, against the initial scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, GREEN, ORANGE, new_figure
from geomtoy.store import Runs
from geomtoy.verdicts import Verdict, difference
from matching.config import MLP, STARTS, Starts, named_start
from matching.trained import LEARNED, final_accuracy, steps_to_learn, trained

PRESETS = STARTS
STYLES = {
    "post": (BLUE, "o", "post-LN, no MLP"),
    "pre": (ORANGE, "s", "pre-LN, no MLP"),
    MLP: (GREEN, "D", "post-LN, MLPs"),
}
SMALL, LARGE = (0.8, 1.0), 0.3
"""The initial scales that the claim compares: a greater gamma starts smaller."""
LOW = 0.5
"""Accuracy below which nothing like the mechanism is there: most answers are wrong."""
NOTE = (
    "Held-out accuracy on 2 steps at the end of {} steps, all settings trained alike, at one rate: a "
    "setting that fails here may learn with more steps or at another rate."
)

Curves = dict[str, np.ndarray]
"""Kind of model -> values (gammas, seeds)."""


def make(config: Starts, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    of = {
        kind: [runs[named_start(kind, gamma)] for gamma in gammas]
        for kind, gammas in config.families.items()
    }
    accuracy = {
        kind: np.stack([final_accuracy(one)[:, -1] for one in found]) for kind, found in of.items()
    }
    scores = {kind: np.stack([least_score(one) for one in found]) for kind, found in of.items()}
    learned = {kind: [steps_to_learn(one) for one in found] for kind, found in of.items()}
    numbers = {
        "gammas": config.families, "accuracy": accuracy, "score": scores, "steps": config.steps,
        "steps until it is learned": learned,
    }  # fmt: skip
    return Drawn(draw(config, accuracy, scores, learned), numbers)


def least_score(runs: Runs) -> np.ndarray:
    """For each seed the score, on trained tokens, of the worse of the two matching layers."""
    return runs.stacked("match_trained")[:, -1].min(axis=1)


def draw(
    config: Starts, accuracy: Curves, scores: Curves, learned: dict[str, list[list[int | None]]]
) -> Figure:
    figure = new_figure(DOUBLE, 2.7)
    left, middle, right = figure.subplots(1, 3, sharex=True)
    for kind, gammas in config.families.items():
        draw_curve(left, kind, gammas, accuracy[kind])
        draw_curve(middle, kind, gammas, scores[kind])
        draw_steps(right, kind, gammas, learned[kind], config.steps)
    left.axhline(1 / 6, color="black", linewidth=0.6, linestyle=":")
    left.text(0.99, 1 / 6 + 0.02, "one of the sequence's tokens", transform=left.get_yaxis_transform(),
              ha="right", fontsize=6.5)  # fmt: skip
    left.set(ylim=(-0.03, 1.05), ylabel="held-out accuracy, 2 steps")
    middle.set(ylim=(-0.03, 1.05), ylabel="matching score\n(worse of layers 1 and 2)")
    right.set(ylim=(0, 1.08 * config.steps))
    right.set_ylabel(f"steps until it is learned\n(▲ at the top: not within {config.steps:,})")
    for ax in (left, middle, right):
        ax.set_xlabel("γ: weights start as $N(0, d_\\mathrm{in}^{-2γ})$")
        ax.set_xticks(sorted({g for gammas in config.families.values() for g in gammas}))
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles))
    figure.suptitle(f"3 layers, 1 head, d = {config.d_model}, {config.steps:,} steps", fontsize=8)
    return figure


def draw_curve(ax: Axes, kind: str, gammas: Sequence[float], values: np.ndarray) -> None:
    """Mean over seeds, and each seed as a point."""
    colour, marker, label = STYLES[kind]
    ax.plot(gammas, values.mean(axis=1), marker=marker, color=colour, label=label)
    for g, one in zip(gammas, values, strict=True):
        ax.plot([g] * len(one), one, marker, color=colour, markersize=2, alpha=0.5)


def draw_steps(
    ax: Axes, kind: str, gammas: Sequence[float], learned: list[list[int | None]], budget: int
) -> None:
    """Each seed a point, kinds beside each other; a run that never learned stands at the top."""
    colour, marker, _ = STYLES[kind]
    beside = 0.02 * ([*STYLES].index(kind) - 1)
    for gamma, steps in zip(gammas, learned, strict=True):
        found = [step for step in steps if step is not None]
        ax.plot([gamma + beside] * len(found), found, marker, color=colour, markersize=3.5)
        if len(found) < len(steps):
            ax.plot(gamma + beside, 1.02 * budget, "^", color=colour, markersize=4, clip_on=False)


def verdicts(numbers: Numbers) -> list[Verdict]:
    """Accuracies are (gammas, seeds)."""
    by_gamma = {
        kind: dict(zip(gammas, np.array(numbers["accuracy"][kind]), strict=True))
        for kind, gammas in numbers["gammas"].items()
    }
    note = NOTE.format(f"{numbers['steps']:,}")
    pre = {f"pre-LN, γ = {gamma}": values for gamma, values in by_gamma["pre"].items()}
    found = [
        forms("Matching (no MLP)", by_gamma["post"], note),
        difference(
            "Matching (no MLP) does not form from a large start or with pre-LN: accuracy is below "
            f"{LOW} at γ = {LARGE} and with every pre-LN",
            {f"post-LN, γ = {LARGE}": by_gamma["post"][LARGE], **pre},
            below=LOW,
            note=note,
        ),
    ]
    return [*found, forms("Matching (with MLPs)", by_gamma[MLP], note)] if MLP in by_gamma else found


def forms(what: str, by_gamma: Mapping[float, np.ndarray], note: str) -> Verdict:
    small = {gamma: by_gamma[gamma] for gamma in SMALL if gamma in by_gamma}
    return difference(
        f"{what} forms from small starts with post-LN: accuracy is above {LEARNED} at "
        f"γ = {' and '.join(map(str, small))}",
        {f"γ = {gamma}": values - LEARNED for gamma, values in small.items()},
        above=0.0,
        note=note,
    )
