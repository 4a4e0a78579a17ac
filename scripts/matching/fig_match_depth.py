"""How many steps models of 2 to 5 layers learn, and how many the rules of propagation allow."""

from __future__ import annotations

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
MOST = "most steps learned"
PROTOCOL = (
    "One rule for all depths: chains of L + 3 pairs, asked for 1 to L steps; AdamW at 2e-3, decay .01, "
    "{} steps; post-LN, γ = 0.8, no MLP. Another protocol could learn more."
)
ENUMERATED = {2: 4, 3: 6, 4: 8}
"""Layers -> pairs whose orders are all tried; enough for the worst order to be among them."""
TICKS = (0, 1, 2, 3, 4, 7, 13, 40)
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, GREY)
WIDTH = 0.17
"""Of a bar; models stand 1 apart."""

Accuracies = dict[int, np.ndarray]
"""By number of layers L, (seeds, L) held-out accuracy on 1, 2, ..., L steps."""


def make(config: Depths, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    accuracy = dict(zip(config.depths, map(final_accuracy, runs.values()), strict=True))
    orders = {L: enumerate_reaches(L, n) for L, n in ENUMERATED.items()}
    reached = {L: (least(counts), reach(L, best_order(L))) for L, counts in orders.items()}
    numbers = {
        "accuracy": accuracy,
        MOST: {L: [max_learned(one) for one in found] for L, found in accuracy.items()},
        "training steps": config.steps,
        "orders by steps": orders,
        "reached": reached,
    }
    return Drawn(draw(config, accuracy, reached), numbers)


def least(counts: np.ndarray) -> int:
    """Steps that every order reaches."""
    return int(counts.nonzero()[0][0])


def max_learned(accuracy: np.ndarray) -> int:
    """The greatest number of steps that a model has learned, with all smaller ones; 0 is none."""
    return int(np.logical_and.accumulate(accuracy >= LEARNED).sum())


def draw(config: Depths, accuracy: Accuracies, reached: dict[int, tuple[int, int]]) -> Figure:
    figure = new_figure(DOUBLE, 3.1)
    bars, bounds = figure.subplots(1, 2, width_ratios=[1.3, 1])
    for n, colour in zip(range(1, max(accuracy) + 1), COLOURS, strict=False):
        for k, (L, found) in enumerate(accuracy.items()):
            if n <= L:
                draw_bar(bars, k + (n - (L + 1) / 2) * WIDTH, found[:, n - 1], colour)
        bars.plot([], [], "s", color=colour, label=f"{n} step{'s' * (n > 1)}")
    bars.axhline(LEARNED, color="black", linewidth=0.6, linestyle=":")
    bars.set_xticks(range(len(accuracy)), [f"{L} layers" for L in accuracy])
    bars.set(ylim=(0, 1.02), ylabel="held-out accuracy", yticks=[0, 0.5, LEARNED])
    bars.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.12), columnspacing=1)
    bars.set_title(f"trained for {config.steps:,} steps, asked for 1 to L steps")
    draw_bounds(bounds, accuracy, reached)
    return figure


def draw_bar(ax: Axes, x: float, values: np.ndarray, colour: str) -> None:
    """The mean over seeds, each seed a point."""
    ax.bar(x, values.mean(), 0.9 * WIDTH, color=colour)
    ax.plot([x] * len(values), values, "o", color="white", markeredgecolor="black", markersize=3,
            markeredgewidth=0.6, clip_on=False)  # fmt: skip


def draw_bounds(ax: Axes, accuracy: Accuracies, reached: dict[int, tuple[int, int]]) -> None:
    """Shaded: between the worst and the best order of pairs."""
    L = np.arange(1, 6)
    ax.fill_between(L, 2.0 ** (L - 1) - 1, (3.0 ** (L - 1) - 1) / 2, color=GREY, alpha=0.25, linewidth=0,
                    label="$2^{L-1}-1$ to $(3^{L-1}-1)/2$")  # fmt: skip
    for k, (layers, (worst, best)) in enumerate(reached.items()):
        ax.plot([layers] * 2, [worst, best], "_", color="black", markersize=9,
                label="worst and best order, enumerated" if k == 0 else None)  # fmt: skip
    ax.plot(L, L - 1, color=ORANGE, linewidth=0.8, linestyle="--", label="one step a layer: $L-1$")
    for k, (layers, found) in enumerate(accuracy.items()):
        learned = [max_learned(one) for one in found]
        at = layers + 0.06 * (np.arange(len(learned)) - (len(learned) - 1) / 2)
        ax.plot(at, learned, "o", color=BLUE, markersize=3, zorder=4,
                label="learned, a point for each seed" if k == 0 else None)  # fmt: skip
    ax.set_yscale("symlog", linthresh=1)
    ax.set_yticks(TICKS, [*map(str, TICKS)], fontsize=6.5)
    ax.minorticks_off()
    ax.set(xlabel="layers $L$", ylabel="steps", xticks=L, ylim=(-0.2, 60))
    ax.legend(fontsize=6, loc="upper left")
    ax.set_title("steps that the rules allow")


def verdicts(numbers: Numbers) -> list[Verdict]:
    return [depth_verdict(numbers), parallel_verdict(numbers), bound_verdict(numbers)]


def depth_verdict(numbers: Numbers) -> Verdict:
    return agreement(
        "Depth: L layers learn L - 1 steps",
        {f"{L} layers": np.array(most) >= int(L) - 1 for L, most in numbers[MOST].items()},
        note=f"Learned is a held-out accuracy of {LEARNED} or more at the end of training, on that many "
        f"steps and on all fewer. {PROTOCOL.format(numbers['training steps'])}",
    )


def parallel_verdict(numbers: Numbers) -> Verdict:
    """Two layers are left out: the rules give them one step."""
    deeper = {int(L): np.array(most) for L, most in numbers[MOST].items() if int(L) > 2}
    allowed = ", ".join(f"{2 ** (L - 1) - 1} to {(3 ** (L - 1) - 1) // 2} for {L}" for L in deeper)
    return agreement(
        "Parallel reasoning: trained models of L layers learn more than L - 1 steps, as the rules allow",
        {f"{L} layers": most >= L for L, most in deeper.items()},
        note=f"Asked for up to L steps; the rules of propagation allow {allowed or 'no'} layers. "
        f"{PROTOCOL.format(numbers['training steps'])}",
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
