"""Mixed numbers of steps: which layer looks up which hop, for each number that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import DOUBLE, GREY, new_figure
from geomtoy.store import Result
from geomtoy.verdicts import Verdict, agreement
from matching.config import ORDERS, Orders
from matching.trained import LEARNED, ORDER_COLOURS, final_accuracy, trained

PRESETS = ORDERS
MOST = 0.5
"""Mean attention from which a layer counts as looking a hop up."""
FAINT = 0.03
"""Attention below this is not drawn."""


def make(config: Orders, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    steps = {setting: run.task.steps for setting, run in config.settings.items()}
    masses = {
        setting: [hop_masses(result, steps[setting]) for result in found]
        for setting, found in runs.items()
    }
    accuracy = {setting: final_accuracy(found) for setting, found in runs.items()}
    figure = draw({setting: found[0] for setting, found in masses.items()}, steps, accuracy)
    return Drawn(figure, {"masses": masses, "accuracy": accuracy, "steps": steps})


def hop_masses(result: Result, steps: Sequence[int]) -> np.ndarray:
    """(numbers of steps, hops, layers): mean attention of questions on the token of each hop."""
    names = [f"mass/hop {k}" for k in range(1, max(steps) + 1)]
    return np.stack([result.arrays[name][-1] for name in names], axis=1)


def draw(
    masses: dict[str, np.ndarray], steps: Mapping[str, Sequence[int]], accuracy: dict[str, np.ndarray]
) -> Figure:
    """Of seed 0: a row for each model, a column for each number of steps."""
    columns = max(map(len, steps.values()))
    figure = new_figure(DOUBLE, 0.4 + 1.35 * len(masses))
    axes = figure.subplots(len(masses), columns, squeeze=False)
    for row, (setting, found) in zip(axes, masses.items(), strict=True):
        for ax in row[len(steps[setting]) :]:
            ax.axis("off")
        for s, n in enumerate(steps[setting]):
            draw_flow(row[s], found[s], n)
            row[s].set_title(f"{n} asked: {accuracy[setting][0, s]:.2f} correct", fontsize=7)
        row[0].set_ylabel(f"{setting}\nlayer", fontsize=7)
    figure.suptitle(
        "What questions (Q) attend to, layer by layer: tokens of hops 1, 2, ...; lines are as thick as "
        "the\nmean attention (seed 0)",
        fontsize=8,
    )
    return figure


def draw_flow(ax: Axes, masses: np.ndarray, n: int) -> None:
    """A line from each hop's token (left to right) to the question, layer by layer from below; grey are
    hops beyond the answer. Numbers are attention that counts as a look-up."""
    hops, layers = masses.shape
    for (k, layer), mass in np.ndenumerate(masses):
        colour = ORDER_COLOURS[k % len(ORDER_COLOURS)] if k < n else GREY
        if mass > FAINT:
            ax.plot([k + 1, 0], [layer, layer + 1], color=colour, linewidth=4 * mass, zorder=2,
                    solid_capstyle="round")  # fmt: skip
        if mass >= MOST:
            ax.text(k + 1.12, layer, f"{mass:.2f}", fontsize=6, va="bottom", color=colour)
    ax.plot([0, 0], [0, layers], color="black", linewidth=0.6, zorder=1)
    for level in range(layers + 1):
        ax.plot(range(hops + 1), [level] * (hops + 1), "o", color="white", markeredgecolor="black",
                markersize=3, markeredgewidth=0.5, zorder=3)  # fmt: skip
    ax.set(xlim=(-0.4, hops + 0.9), ylim=(-0.25, layers + 0.25))
    ax.set_xticks(range(hops + 1), ["Q", *(f"{k + 1}" for k in range(hops))], fontsize=7)
    ax.set_yticks(np.arange(layers) + 0.5, [*map(str, range(layers))], fontsize=6)
    ax.tick_params(length=0)
    ax.spines[["left", "bottom"]].set_visible(False)


def in_order(masses: np.ndarray, n: int) -> bool:
    """Whether hops 1..n are each looked up in some layer, each later than the one before."""
    layers = masses[:n].argmax(axis=1)
    found = masses[:n].max(axis=1) >= MOST
    return bool(found.all() and (np.diff(layers) > 0).all())


def verdicts(numbers: Numbers) -> list[Verdict]:
    """Only numbers of steps that a model has learned are evidence."""
    in_orders = {
        f"{setting}, {n} step{'s' * (n > 1)}": np.array([
            in_order(np.array(masses[s]), n) if accuracy[s] >= LEARNED else np.nan
            for masses, accuracy in zip(
                numbers["masses"][setting], numbers["accuracy"][setting], strict=True
            )
        ])
        for setting, steps in numbers["steps"].items()
        for s, n in enumerate(steps)
    }  # fmt: skip
    seen = {name: found for name, found in in_orders.items() if not np.isnan(found).all()}
    never = ", ".join(name for name in in_orders if name not in seen) or "none"
    return [
        agreement(
            "Mixed numbers of steps: the hops that are asked for are looked up layer after layer",
            seen,
            note=f"In order: {MOST} or more of the questions' attention is on each hop in some layer, "
            "later hops in later layers. A run is evidence for the numbers of steps that it has learned "
            f"(accuracy {LEARNED} or more); learned in no seed, and so no part of this: {never}.",
        )
    ]
