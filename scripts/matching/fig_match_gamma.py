"""Held-out accuracy and matching scores against the initial scale, for both places of LayerNorm."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, ORANGE, new_figure
from geomtoy.store import Runs
from geomtoy.verdicts import Verdict, difference
from matching.config import STARTS, Starts
from matching.trained import LEARNED, final_accuracy, trained

PRESETS = STARTS
COLOURS = {"post": BLUE, "pre": ORANGE}
SMALL, LARGE = (0.8, 1.0), 0.3
"""The initial scales that the claim compares: a greater gamma starts smaller."""
LOW = 0.5
"""Accuracy below which nothing like the mechanism is there: most answers are wrong."""
NOTE = (
    "Held-out accuracy on 2 steps at the end, all settings trained alike, at one rate: a setting that "
    "fails here may learn with more steps or at another rate."
)

Curves = dict[str, np.ndarray]
"""Place of LayerNorm -> values (gammas, seeds)."""


def make(config: Starts, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    gammas = {"post": config.gammas, "pre": config.pre_gammas}
    accuracy, scores = (
        {
            norm: np.stack([measure(runs[f"{norm}-LN, γ = {g}"]) for g in values])
            for norm, values in gammas.items()
        }
        for measure in (lambda found: final_accuracy(found)[:, -1], least_score)
    )
    numbers = {"gammas": gammas, "accuracy": accuracy, "score": scores}
    return Drawn(draw(gammas, accuracy, scores), numbers)


def draw(gammas: dict[str, tuple[float, ...]], accuracy: Curves, scores: Curves) -> Figure:
    figure = new_figure(DOUBLE, 2.4)
    left, right = figure.subplots(1, 2, sharex=True)
    for norm, values in gammas.items():
        draw_curve(left, norm, values, accuracy[norm])
        draw_curve(right, norm, values, scores[norm])
    decorate(figure, left, right)
    return figure


def least_score(runs: Runs) -> np.ndarray:
    """For each seed the score, on trained tokens, of the worse of the two matching layers."""
    return runs.stacked("match_trained")[:, -1].min(axis=1)


def draw_curve(ax: Axes, norm: str, gammas: tuple[float, ...], values: np.ndarray) -> None:
    """Mean over seeds, and each seed as a point."""
    ax.plot(
        gammas, values.mean(axis=1), "o-", color=COLOURS[norm], markerfacecolor=COLOURS[norm],
        label=f"{norm}-LN, no MLP",
    )  # fmt: skip
    for g, one in zip(gammas, values, strict=True):
        ax.plot([g] * len(one), one, "o", color=COLOURS[norm], markersize=2, alpha=0.5)


def decorate(figure: Figure, left: Axes, right: Axes) -> None:
    left.axhline(1 / 6, color="black", linewidth=0.6, linestyle=":")
    left.text(0.99, 1 / 6 + 0.02, "one of the sequence's tokens", transform=left.get_yaxis_transform(),
              ha="right", fontsize=6.5)  # fmt: skip
    left.set(ylim=(-0.03, 1.05), ylabel="held-out accuracy, 2 steps")
    right.set(ylim=(-0.03, 1.05), ylabel="matching score\n(worse of layers 1 and 2)")
    for ax in (left, right):
        ax.set_xlabel("γ: weights start as $N(0, d_\\mathrm{in}^{-2γ})$")
    left.legend(loc="center left")
    figure.suptitle("3 layers, 1 head, d = 64", fontsize=8)


def verdicts(numbers: Numbers) -> list[Verdict]:
    """Accuracies are (gammas, seeds)."""
    accuracy = {norm: np.array(values) for norm, values in numbers["accuracy"].items()}
    post = dict(zip(numbers["gammas"]["post"], accuracy["post"], strict=True))
    small = {gamma: post[gamma] for gamma in SMALL if gamma in post}
    pre = {
        f"pre-LN, γ = {gamma}": values
        for gamma, values in zip(numbers["gammas"]["pre"], accuracy["pre"], strict=True)
    }
    return [
        difference(
            f"Matching (no MLP) forms from small starts with post-LN: accuracy is above {LEARNED} at "
            f"γ = {' and '.join(map(str, small))}",
            {f"γ = {gamma}": values - LEARNED for gamma, values in small.items()},
            above=0.0,
            note=NOTE,
        ),
        difference(
            "Matching (no MLP) does not form from a large start or with pre-LN: accuracy is below "
            f"{LOW} at γ = {LARGE} and with every pre-LN",
            {f"post-LN, γ = {LARGE}": post[LARGE], **pre},
            below=LOW,
            note=NOTE,
        ),
    ]
