"""Mixed numbers of steps: which layer looks up which hop, for each number that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.store import Result
from geomtoy.verdicts import Verdict, agreement
from matching.config import ORDERS, Orders
from matching.trained import LEARNED, final_accuracy, trained

PRESETS = ORDERS
MOST = 0.5
"""Mean attention from which a layer counts as looking a hop up."""


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
    figure = new_figure(DOUBLE, 0.5 + 1.5 * len(masses))
    axes = figure.subplots(len(masses), columns, squeeze=False)
    for row, (setting, found) in zip(axes, masses.items(), strict=True):
        for ax in row[len(steps[setting]) :]:
            ax.axis("off")
        for s, n in enumerate(steps[setting]):
            title = f"{setting}\n" if s == 0 else "\n"
            title += f"{n} step{'s' * (n > 1)} asked: accuracy {accuracy[setting][0, s]:.2f}"
            image = draw_masses(row[s], found[s], n)
            row[s].set_title(title, fontsize=7, loc="left")
    figure.colorbar(image, ax=axes, label="mean attention", shrink=0.8, pad=0.01)
    return figure


def draw_masses(ax: Axes, masses: np.ndarray, n: int) -> AxesImage:
    """Hops (rows) by layers (columns); hops that are not asked for are beyond the answer."""
    image = ax.imshow(masses, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for (hop, layer), value in np.ndenumerate(masses):
        colour = "white" if value < 0.6 else "black"
        ax.text(layer, hop, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=6)
    ax.axhline(n - 0.5, color="white", linewidth=1.2)
    ax.set_yticks(range(len(masses)), [f"hop {k + 1}" for k in range(len(masses))])
    ax.set_xticks(range(masses.shape[1]))
    ax.set_xlabel("layer")
    return image


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
