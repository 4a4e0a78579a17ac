"""Fixed matrices added to the products: steps until held-out pairs are solved, and trained factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figure import publish
from matching import (
    IDENTITY,
    LEARNED,
    PLAIN,
    RANDOM,
    judged,
    match_arguments,
    preset,
    record,
    steps_to_learn,
    trained,
)
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure, paper_style
from geomtoy.results import Result, Verdict

NAME = "fig_match_noise"
COLOURS = {PLAIN: GREY, RANDOM: BLUE, IDENTITY: ORANGE}
LAYER_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)

Steps = dict[str, list[int | None]]
"""By setting, for each seed when it was learned; None is never."""


def main(argv: Sequence[str] | None = None) -> None:
    args = match_arguments(__doc__).parse_args(argv)
    p, name = preset(args, NAME)
    added = [PLAIN, *(f"MLP, random {signs}" for signs in p.signs), IDENTITY]
    everything = trained(args, p)
    results = {setting: everything[setting] for setting in added}
    learned = {setting: steps_to_learn(found) for setting, found in results.items()}
    numbers = {"steps": learned, "never is more than": p.mlp_steps}
    with paper_style():
        figure = draw(results, learned, p.mlp_steps)
        publish(args, name, figure, record(p), numbers, [verdict(learned, p.mlp_steps)])


def draw(results: dict[str, list[Result]], learned: Steps, budget: int) -> Figure:
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


def verdict(learned: Steps, budget: int) -> Verdict:
    """A run that never learns counts as learning just after its end."""
    plain, random, identity = (
        np.array([budget + 1 if step is None else step for step in learned[setting]])
        for setting in (PLAIN, RANDOM, IDENTITY)
    )
    faster = (random <= plain / 2) & (random <= budget)
    return Verdict(
        claim=f"Random matrices added to the products reach {LEARNED:.0%} in at most half the steps; "
        "the identity in their place does not",
        statistic={f"{short(setting)}, steps to learn": steps for setting, steps in learned.items()},
        seeds=len(plain),
        spread={"steps over those with nothing added, at most": (random / plain).tolist()},
        holds=judged(faster & (identity > plain / 2)),
        note=f"From the look on from which accuracy stays there; null is never within {budget} steps, "
        "and the ratio is then an upper bound. Factors start at 0.5 with the signs of (α, β) named.",
    )  # fmt: skip


if __name__ == "__main__":
    main()
