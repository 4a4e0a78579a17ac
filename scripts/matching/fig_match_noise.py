"""Fixed matrices added to the products: steps until held-out pairs are solved, and trained factors."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure
from geomtoy.store import Result, Runs
from geomtoy.verdicts import Verdict, agreement
from matching.config import ADDED, IDENTITY, PLAIN, RANDOM, Added
from matching.trained import LEARNED, steps_to_learn, trained

PRESETS = ADDED
COLOURS = {PLAIN: GREY, RANDOM: BLUE, IDENTITY: ORANGE}
LAYER_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)

Steps = dict[str, list[int | None]]
"""By setting, for each seed when it was learned; None is never."""


def make(config: Added, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    learned = {setting: steps_to_learn(found) for setting, found in runs.items()}
    numbers = {"steps": learned, "never is more than": config.steps}
    return Drawn(draw(runs, learned, config.steps), numbers)


def draw(results: dict[str, Runs], learned: Steps, budget: int) -> Figure:
    figure = new_figure(DOUBLE, 2.6)
    curves, bars, factors = figure.subplots(1, 3, width_ratios=[1.1, 1, 1.1])
    for setting, colour in COLOURS.items():
        for s, result in enumerate(results[setting]):
            curves.plot(
                result.arrays["at"], result.arrays["held_out_accuracy"][:, -1], color=colour,
                linewidth=1.0, label=short(setting) if s == 0 else None,
            )  # fmt: skip
    curves.set(xlabel="training step", ylabel="held-out accuracy, 2 steps", ylim=(-0.03, 1.05))
    curves.legend(fontsize=6.5, loc="center right")
    draw_bars(bars, learned, budget)
    draw_factors(factors, results[RANDOM][0])
    figure.suptitle("3 layers with MLPs, post-LN, γ = 0.8, d = 64", fontsize=8)
    return figure


def short(setting: str) -> str:
    """ "nothing added", "random ++", ..."""
    return setting.removeprefix("MLP, ") if setting != PLAIN else "nothing added"


def draw_bars(ax: Axes, learned: Steps, budget: int) -> None:
    """Mean over seeds, each seed a point; hatched to the end where some seed never learned."""
    for k, (setting, steps) in enumerate(learned.items()):
        reached = [budget if step is None else step for step in steps]
        never = None in steps
        ax.barh(
            k, np.mean(reached), color="white" if never else COLOURS.get(setting, BLUE), height=0.7,
            edgecolor=COLOURS.get(setting, BLUE), hatch="////" if never else None, linewidth=0.7,
        )  # fmt: skip
        ax.plot(reached, [k] * len(reached), "o", color="black", markersize=2)
    ax.set_yticks(range(len(learned)), [short(setting).replace("-", "−") for setting in learned])
    ax.invert_yaxis()
    ax.set(xlabel=f"steps to {LEARNED:.0%}\n(hatched: not within {budget})", xlim=(0, 1.05 * budget))


def draw_factors(ax: Axes, result: Result) -> None:
    """Of seed 0."""
    at = result.arrays["at"]
    for which, style in (("alpha", "-"), ("beta", "--")):
        for layer, values in enumerate(result.arrays[which].T):
            letter = {"alpha": "α", "beta": "β"}[which]
            ax.plot(at, values, style, color=LAYER_COLOURS[layer], label=f"{letter}, layer {layer}")
    ax.set(xlabel="training step", ylabel="trained factor (random ++)")
    ax.legend(fontsize=6, ncols=2, loc="best")


def verdicts(numbers: Numbers) -> list[Verdict]:
    """A run that never learns counts as learning just after its end."""
    learned, budget = numbers["steps"], numbers["never is more than"]
    plain, random, identity = (
        np.array([budget + 1 if step is None else step for step in learned[setting]])
        for setting in (PLAIN, RANDOM, IDENTITY)
    )
    unknown = (identity > budget) & (plain > budget)
    return [
        agreement(
            f"Random matrices added to the products reach {LEARNED:.0%} in at most half the steps; "
            "the identity in their place does not",
            {
                "random ++: at most half": (random <= plain / 2) & (random <= budget),
                "identity ++: more than half": np.where(unknown, np.nan, identity > plain / 2),
            },
            note="From the look on from which accuracy stays there. A model to which nothing is added "
            f"and that has not learned within {budget} steps is known to need more; whether the "
            "identity halves that is then unknown where it never learns either. Factors start at 0.5 "
            "with the signs of (α, β) named.",
        )
    ]
