"""Figure 5 for other ways to add heads: their size, and the scale at which W_O starts."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geometric_perspective.config import ABLATED, Ablated
from geometric_perspective.run_blocks import count_blocks, counts_of
from geometric_perspective.trends import exponents, growth_rate, listed
from geomtoy.plots.style import BLUE, DOUBLE, ORANGE, new_figure
from geomtoy.verdicts import Verdict, interval

PRESETS = ABLATED
STATES = {"initial": ("untrained", ORANGE, "s", -0.12), "trained": ("trained", BLUE, "o", 0.12)}


def make(config: Ablated, machine: Machine) -> Drawn:
    runs = machine.run(
        count_blocks,
        [run for kind in config.kinds for run in config.runs_of(kind)],
        lambda run: run.cost,
    )
    counts = counts_of(runs, (len(config.kinds), len(config.heads), len(config.contexts)))
    sizes = {"heads": config.heads, "contexts": config.contexts, "kinds": config.kinds}
    kept = {name: listed(values) for name, values in counts.items()}
    return Drawn(draw(config, {**sizes, **counts}), {**sizes, **kept})


def draw(config: Ablated, numbers: Numbers) -> Figure:
    figure = new_figure(DOUBLE, 2.6)
    axes = figure.subplots(1, 2, sharey=True)
    for ax, along in zip(axes, ("heads", "contexts"), strict=True):
        for state, (name, colour, marker, _) in STATES.items():
            draw_exponents(ax, numbers, state, along)
            ax.plot([], [], marker, color=colour, label=name)
        ax.axvline(0, color="black", linewidth=0.6)
        ax.set_yticks(range(len(config.kinds)), config.kinds)
        ax.set(xlabel=f"exponent of regions in {along}", ylim=(len(config.kinds) - 0.5, -0.5))
    axes[0].legend(loc="best")
    return figure


def draw_exponents(ax: Axes, numbers: Numbers, state: str, along: str) -> None:
    """Each seed faint, the mean with its 95 % interval."""
    _, colour, marker, shift = STATES[state]
    for at, counts in enumerate(numbers[f"along time, {state}"]):
        slopes = exponents(numbers, counts)[along]
        of = interval(slopes)
        ax.plot(slopes, np.full(len(slopes), at + shift), "|", color=colour, alpha=0.35, markersize=5)
        if np.isfinite(of.high):
            ax.plot([of.low, of.high], [at + shift] * 2, color=colour, linewidth=1.5)
        ax.plot(of.mean, at + shift, marker, color=colour, markersize=4)


def verdicts(numbers: Numbers) -> list[Verdict]:
    counts = dict(zip(numbers["kinds"], numbers["along time, trained"], strict=True))
    return [
        growth_rate(
            "Figure 5, our check: however heads are added, the regions of the MLP along time grow",
            numbers, counts, along,
            note=f"Proven counts of trained blocks ({numbers['proven']:.1%} of all). W_O starts with "
            "variance 1 / (heads x size of a head), which keeps what heads give as large as one head's; "
            "'W_O of one head' starts with 1 / size.",
        )
        for along in ("heads", "contexts")
    ]  # fmt: skip
