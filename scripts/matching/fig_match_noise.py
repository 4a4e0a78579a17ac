"""Fixed matrices added to the products: steps until held-out pairs are solved, and trained factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure
from geomtoy.store import Result, Runs
from geomtoy.verdicts import Verdict, agreement
from matching.config import ADDED, IDENTITY, NO_MLP, NO_MLP_RANDOM, PLAIN, RANDOM, Added
from matching.trained import LEARNED, steps_to_learn, trained

PRESETS = ADDED
COLOURS = {PLAIN: GREY, RANDOM: BLUE, IDENTITY: ORANGE, NO_MLP: "black", NO_MLP_RANDOM: GREEN}
LAYER_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)

Steps = dict[str, list[int | None]]
"""By setting, for each seed when it was learned; None is never."""


def make(config: Added, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    learned = {setting: steps_to_learn(found) for setting, found in runs.items()}
    numbers = {"steps": learned, "never is more than": config.steps}
    return Drawn(draw(config, runs, learned), numbers)


def draw(config: Added, results: dict[str, Runs], learned: Steps) -> Figure:
    figure = new_figure(DOUBLE, 2.8)
    curves, bars, factors = figure.subplots(1, 3, width_ratios=[1.1, 1, 1.1])
    for setting in (PLAIN, RANDOM, IDENTITY):
        for s, result in enumerate(results[setting]):
            curves.plot(
                result.arrays["at"], result.arrays["held_out_accuracy"][:, -1], color=COLOURS[setting],
                linewidth=1.0, label=short(setting) if s == 0 else None,
            )  # fmt: skip
    curves.set(xlabel="training step", ylabel="held-out accuracy, 2 steps", ylim=(-0.03, 1.05))
    curves.legend(fontsize=6.5, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    draw_bars(bars, learned, config.steps)
    draw_factors(factors, results[RANDOM][0])
    figure.suptitle(
        f"3 layers, post-LN, γ = 0.8, d = {config.d_model}; MLPs of {config.hidden} units except in "
        "“no MLP”", fontsize=8,
    )  # fmt: skip
    return figure


def short(setting: str) -> str:
    """With MLPs "nothing added", "random ++", ...; without "no MLP", "no MLP, random ++"."""
    return setting.removeprefix("MLP, ") if setting != PLAIN else "nothing added"


def draw_bars(ax: Axes, learned: Steps, budget: int) -> None:
    """Each seed a point; an arrow to the right is a run that did not learn within the budget."""
    for k, (setting, steps) in enumerate(learned.items()):
        colour = COLOURS.get(setting, BLUE)
        found = [step for step in steps if step is not None]
        ax.plot(found, spread_out(k, len(found)), "o", color=colour, markersize=3.5)
        if found:
            ax.plot([np.median(found)] * 2, [k - 0.35, k + 0.35], color=colour, linewidth=1.5)
        never = len(steps) - len(found)
        if never:
            ax.plot([budget] * never, spread_out(k, never), ">", color=colour, markersize=4)
    ax.set_yticks(range(len(learned)), [short(setting).replace("-", "−") for setting in learned])
    ax.invert_yaxis()
    ax.set(xlabel=f"steps to {LEARNED:.0%}, each seed\n(▸ not within {budget:,})")
    ax.set_xlim(0, 1.06 * budget)
    ax.grid(axis="x", linewidth=0.3)


def spread_out(at: float, number: int) -> np.ndarray:
    """Places around one, so that equal values do not cover each other."""
    return at + 0.14 * (np.arange(number) - (number - 1) / 2)


def draw_factors(ax: Axes, result: Result) -> None:
    """Of seed 0."""
    at = result.arrays["at"]
    for which, style in (("alpha", "-"), ("beta", "--")):
        for layer, values in enumerate(result.arrays[which].T):
            letter = {"alpha": "α", "beta": "β"}[which]
            ax.plot(at, values, style, color=LAYER_COLOURS[layer], label=f"{letter}, layer {layer}")
    ax.set(xlabel="training step", ylabel="trained factor (random ++)")
    ax.legend(fontsize=6, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1)


def verdicts(numbers: Numbers) -> list[Verdict]:
    learned, budget = numbers["steps"], numbers["never is more than"]
    halves = {
        setting: halved(steps, learned[PLAIN], budget)
        for setting, steps in learned.items()
        if setting not in (PLAIN, NO_MLP, NO_MLP_RANDOM)
    }
    others = {
        setting.split()[-1]: half
        for setting, half in halves.items()
        if setting not in (RANDOM, IDENTITY)
    }
    opposite = {signs: half for signs, half in others.items() if len({*signs}) == 2}
    negative = {signs: half for signs, half in others.items() if len({*signs}) == 1}
    note = (
        "From the look on from which accuracy stays there; runs of one seed are compared. A run that "
        f"has not learned within {budget} steps needs more, so that some comparisons are unknown and "
        "no evidence. Factors start at 0.5 with the signs of (α, β) named."
    )
    return [
        agreement(
            f"With MLPs, random matrices added to the products with signs ++ reach {LEARNED:.0%} in at "
            "most half the steps; the identity in their place does not",
            {
                "random ++: at most half": halves[RANDOM],
                "identity ++: more than half": 1 - halves[IDENTITY],
            },
            note=note,
        ),
        agreement(
            f"With MLPs, random matrices with opposite signs ({' and '.join(opposite) or 'none tried'}) "
            f"do not reach {LEARNED:.0%} in half the steps",
            {f"random {signs}: more than half": 1 - half for signs, half in opposite.items()},
            note=note,
        ),
        agreement(
            f"With MLPs, random matrices with both signs negative reach {LEARNED:.0%} in at most half "
            "the steps, as with both positive",
            {f"random {signs}: at most half": half for signs, half in negative.items()},
            note=note,
        ),
        agreement(
            f"Without MLPs too, random matrices with signs ++ reach {LEARNED:.0%} in at most half the "
            "steps",
            {"no MLP, random ++": halved(learned[NO_MLP_RANDOM], learned[NO_MLP], budget)}
            if NO_MLP in learned
            else {},
            note=note,
        ),
    ]


def halved(steps: Sequence[int | None], others: Sequence[int | None], budget: int) -> np.ndarray:
    """For each seed 1 if at most half the other run's steps were needed, 0 if more; NaN is unknown."""
    return np.array([is_half(*pair, budget) for pair in zip(steps, others, strict=True)])


def is_half(one: int | None, other: int | None, budget: int) -> float:
    """None is more than the budget, and not known."""
    if one is None:
        return np.nan if other is None else 0.0
    if other is None:
        return 1.0 if one <= budget / 2 else np.nan
    return float(one <= other / 2)
