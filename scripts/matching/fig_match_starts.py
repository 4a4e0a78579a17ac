"""Loss and held-out accuracy along training for each initial scale, with LayerNorm after and before."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.store import Runs
from geomtoy.verdicts import Verdict, difference
from matching.config import MLP, STARTS, Starts, named_start
from matching.trained import LEARNED, trained

PRESETS = STARTS
HELD_OUT = "held-out accuracy (seeds, looks, numbers of steps)"
TRAINED = "accuracy on trained pairs (seeds, looks)"
SMOOTH = 50
"""Steps whose mean loss is drawn."""
TITLES = {"post": "post-LN, no MLP", "pre": "pre-LN, no MLP", MLP: "post-LN, MLPs"}


def make(config: Starts, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    numbers = {
        "steps": next(iter(runs.values()))[0].arrays["at"],
        HELD_OUT: {setting: found.stacked("held_out_accuracy") for setting, found in runs.items()},
        TRAINED: {setting: found.stacked("train_accuracy") for setting, found in runs.items()},
    }
    return Drawn(draw(config, runs), numbers)


def draw(config: Starts, runs: dict[str, Runs]) -> Figure:
    figure = new_figure(DOUBLE, 4.0)
    families = config.families
    axes = figure.subplots(2, len(families), sharex=True, sharey="row", squeeze=False)
    for (above, below), (kind, gammas) in zip(axes.T, families.items(), strict=True):
        for gamma in gammas:
            colour = colormaps["viridis"](0.9 * (gamma - 0.3) / 0.7)
            draw_runs(above, below, runs[named_start(kind, gamma)], colour, f"γ = {gamma}")
        above.set_title(TITLES[kind])
    axes[0, 0].set(ylabel="training loss, nats", ylim=(0, None))
    axes[1, 0].set(ylabel="held-out accuracy, 2 steps", ylim=(-0.03, 1.05))
    for ax in axes[1]:
        ax.set_xlabel("training step")
    figure.suptitle(f"3 layers, 1 head, d = {config.d_model}; a line for each seed", fontsize=8)
    handles, labels = axes[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles))
    return figure


def draw_runs(above: Axes, below: Axes, runs: Runs, colour: object, label: str) -> None:
    """A line for each seed."""
    for s, result in enumerate(runs):
        loss = result.arrays["loss"]
        width = min(SMOOTH, len(loss))
        means = loss[: len(loss) // width * width].reshape(-1, width).mean(axis=1)
        above.plot(width * (np.arange(len(means)) + 0.5), means, color=colour, linewidth=0.9)
        below.plot(
            result.arrays["at"], result.arrays["held_out_accuracy"][:, -1], color=colour, linewidth=0.9,
            label=label if s == 0 else None,
        )  # fmt: skip


def verdicts(numbers: Numbers) -> list[Verdict]:
    """At the end; both kinds ask for all numbers of steps equally often."""
    excess = {
        setting: np.array(numbers[TRAINED][setting])[:, -1] - held_out[:, -1].mean(axis=-1)
        for setting, held_out in ((name, np.array(one)) for name, one in numbers[HELD_OUT].items())
        if held_out[:, -1, -1].mean() < LEARNED
    }
    return [
        difference(
            "Where held-out pairs are not solved, trained pairs are answered better than held-out ones",
            excess,
            above=0.0,
            note="Accuracy on all numbers of steps at the end, of the settings whose mean over seeds on "
            f"2 held-out steps is below {LEARNED}: such models know which pairs are trained.",
        )
    ]
