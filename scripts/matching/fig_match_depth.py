"""How many steps models of 2, 3, 4 layers learn, and how many the rules of propagation allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.instruments.propagation import best_order, enumerate_reaches, reach
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure
from geomtoy.verdicts import Verdict, agreement, deduced
from matching.config import DEPTHS, Depths
from matching.trained import LEARNED, final_accuracy, trained

PRESETS = DEPTHS
ENUMERATED = {2: 4, 3: 6, 4: 8}
"""Layers -> pairs whose orders are all tried; enough for the worst order to be among them."""
TICKS = (0, 1, 2, 3, 4, 7, 13, 40)
COLOURS = (BLUE, ORANGE, GREEN, PURPLE)

Accuracies = dict[int, np.ndarray]
"""By number of layers, (seeds, numbers of steps)."""


def make(config: Depths, machine: Machine) -> Drawn:
    runs, steps = trained(machine, config), config.task.steps
    accuracy = dict(zip(config.depths, map(final_accuracy, runs.values()), strict=True))
    orders = {L: enumerate_reaches(L, n) for L, n in ENUMERATED.items()}
    reached = {L: (least(counts), reach(L, best_order(L))) for L, counts in orders.items()}
    numbers = {"accuracy": accuracy, "steps": steps, "orders by steps": orders, "reached": reached}
    return Drawn(draw(accuracy, steps, reached), numbers)


def least(counts: np.ndarray) -> int:
    """Steps that every order reaches."""
    return int(counts.nonzero()[0][0])


def draw(accuracy: Accuracies, steps: Sequence[int], reached: dict[int, tuple[int, int]]) -> Figure:
    figure = new_figure(DOUBLE, 2.5)
    bars, bounds = figure.subplots(1, 2, width_ratios=[1.3, 1])
    width = 0.8 / len(steps)
    for s, (n, colour) in enumerate(zip(steps, COLOURS, strict=False)):
        at = np.arange(len(accuracy)) + (s - (len(steps) - 1) / 2) * width
        values = np.stack([one[:, s] for one in accuracy.values()])
        bars.bar(at, values.mean(axis=1), 0.9 * width, color=colour, label=f"{n} step{'s' * (n > 1)}")
        for x, one in zip(at, values, strict=True):
            bars.plot([x] * len(one), one, "o", color="black", markersize=2)
    bars.set_xticks(range(len(accuracy)), [f"{L} layers" for L in accuracy])
    bars.set(ylim=(0, 1.25), ylabel="held-out accuracy", yticks=[0, 0.5, 1])
    bars.legend(ncols=len(steps), loc="upper left")
    bars.set_title("trained models (post-LN, γ = 0.8, no MLP)")
    draw_bounds(bounds, accuracy, steps, reached)
    return figure


def draw_bounds(
    ax: Axes, accuracy: Accuracies, steps: Sequence[int], reached: dict[int, tuple[int, int]]
) -> None:
    """Shaded: between the worst and the best order of pairs."""
    L = np.arange(1, 6)
    ax.fill_between(L, 2.0 ** (L - 1) - 1, (3.0 ** (L - 1) - 1) / 2, color=GREY, alpha=0.25, linewidth=0,
                    label="$2^{L-1}-1$ to $(3^{L-1}-1)/2$")  # fmt: skip
    for k, (layers, (worst, best)) in enumerate(reached.items()):
        ax.plot([layers] * 2, [worst, best], "_", color="black", markersize=9,
                label="worst and best order, enumerated" if k == 0 else None)  # fmt: skip
    ax.plot(L, L - 1, color=ORANGE, linewidth=0.8, linestyle="--", label="one step a layer: $L-1$")
    learned = [max_learned(one, steps) for one in accuracy.values()]
    ax.plot(list(accuracy), learned, "o", color=BLUE, label="learned by the models beside", zorder=4)
    ax.set_yscale("symlog", linthresh=1)
    ax.set_yticks(TICKS, [*map(str, TICKS)])
    ax.minorticks_off()
    ax.set(xlabel="layers $L$", ylabel="steps", xticks=L, ylim=(-0.2, 60))
    ax.legend(fontsize=6, loc="upper left")
    ax.set_title("steps that the rules allow")


def max_learned(accuracy: np.ndarray, steps: Sequence[int]) -> int:
    """The greatest number of steps that all seeds have learned, with all smaller ones; 0 is none."""
    learned = np.all(accuracy >= LEARNED, axis=0)
    return max((n for k, n in enumerate(steps) if learned[: k + 1].all()), default=0)


def verdicts(numbers: Numbers) -> list[Verdict]:
    return [depth_verdict(numbers), bound_verdict(numbers)]


def depth_verdict(numbers: Numbers) -> Verdict:
    steps = np.array(numbers["steps"])
    as_claimed = {
        f"{L} layers": ((np.array(accuracy) >= LEARNED) == (steps <= int(L) - 1)).all(axis=1)
        for L, accuracy in numbers["accuracy"].items()
    }
    return agreement(
        "Depth: L layers learn L - 1 steps, and not more",
        as_claimed,
        note=f"Learned is a held-out accuracy of {LEARNED} or more at the end of training: all n <= L - "
        f"1 of {numbers['steps']} and no other. The rules of propagation would allow more (parallel "
        "reasoning).",
    )


def bound_verdict(numbers: Numbers) -> Verdict:
    reached = {int(L): tuple(found) for L, found in numbers["reached"].items()}
    expected = {L: (2 ** (L - 1) - 1, (3 ** (L - 1) - 1) // 2) for L in reached}
    unmasked = {L: reach(L, range(most + 1), causal=False) for L, (_, most) in expected.items()}
    return deduced(
        "Parallel reasoning: by the rules of propagation L layers follow 2^(L-1) - 1 to "
        "(3^(L-1) - 1) / 2 steps, and both are attained",
        {f"{L} layers": reached[L] == expected[L] and unmasked[L] == reached[L][1] for L in reached},
        note="The worst is the least over all orders of 4, 6 and 8 pairs; the best is built, and "
        "without a causal mask, when orders do not matter, it is no more.",
    )
