"""Why one part learns first: signal and noise of the gradients of each part along training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, ORANGE, PURPLE, new_figure
from geomtoy.store import Runs
from geomtoy.verdicts import Verdict, ratio
from truncation.config import ALPHAS, Alphas
from truncation.trained import draw_band, plain_log, trained

PRESETS = ALPHAS
PARTS = {
    "MLP of layer 1": ("layers.1.mlp", BLUE),
    "attention of layer 1": ("layers.1.attention", ORANGE),
    "attention of layer 0": ("layers.0.attention", PURPLE),
}
MLP = "MLP of layer 1"
LEAST = 0.02
"""Below this the signal is not told from none."""
EARLY = 25
"""Steps in which the MLP is said to learn the noise token."""
TICKS = (0, 5, EARLY, 100, 1000)
POWERS = "(signal, noise) of gradients along training, by alpha and part (seeds, steps, 2)"

Powers = dict[str, np.ndarray]
"""Part -> (seeds, steps, 2)."""


def make(config: Alphas, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    powers = {alpha: {part: powers_of(one, part) for part in PARTS} for alpha, one in runs.items()}
    steps = next(iter(runs.values()))[0].arrays["gradients_at"]
    figure = draw(powers, steps, config.batch)
    return Drawn(figure, {"steps": steps, "batch": config.batch, POWERS: powers})


def powers_of(runs: Runs, part: str) -> np.ndarray:
    """Summed over the arrays of a part."""
    prefix = PARTS[part][0]
    names = [name for name in runs[0].arrays if name.startswith(f"signal/{prefix}")]
    both = [
        sum(runs.stacked(name.replace("signal", which, 1)) for name in names)
        for which in ("signal", "noise")
    ]
    return np.stack(both, axis=-1)


def draw(powers: Mapping[float, Powers], steps: np.ndarray, batch: int) -> Figure:
    figure = new_figure(DOUBLE, 2.6)
    axes = figure.subplots(1, len(powers), sharey=True, squeeze=False)[0]
    for ax, (alpha, found) in zip(axes, powers.items(), strict=True):
        for part, values in found.items():
            ratios = np.maximum(values[..., 0] / values[..., 1], LEAST)
            draw_band(ax, steps, ratios, color=PARTS[part][1], label=part)
        ax.axvline(EARLY, color="black", linewidth=0.5, linestyle=":")
        ax.set_xscale("symlog", linthresh=5)
        shown = [tick for tick in TICKS if tick <= steps[-1]]
        ax.set_xticks(shown, [f"{tick:,}" for tick in shown])
        ax.minorticks_off()
        ax.set(yscale="log", xlabel="training step", xlim=(0, steps[-1]), title=f"α = {alpha:g}")
        plain_log(ax.yaxis)
    axes[0].set_ylim(LEAST, None)
    axes[0].set_ylabel(f"signal over noise of a\nbatch of {batch} sequences")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(PARTS))
    return figure


def verdicts(numbers: Numbers) -> list[Verdict]:
    early = np.array(numbers["steps"]) <= EARLY
    return [
        ratio(
            f"In the first {EARLY} steps the gradient of the last MLP has more signal to noise than "
            f"that of the {part}",
            {
                f"alpha {alpha}": of_first(powers[MLP], early) / of_first(powers[part], early)
                for alpha, powers in numbers[POWERS].items()
            },
            above=1.0,
            note="Squared length of the mean gradient over the variance of a batch's gradient, both "
            "unbiased, of eight batches at each look, and averaged over looks. It is the cause that the "
            "paper names for the MLP's learning first. Toy scale.",
        )
        for part in PARTS
        if part != MLP
    ]


def of_first(powers: Sequence[Sequence[Sequence[float]]], early: np.ndarray) -> np.ndarray:
    """(seeds,) signal over noise of the first looks; a signal that is not seen counts as a millionth."""
    signal, noise = np.moveaxis(np.array(powers)[:, early].mean(axis=1), -1, 0)
    return np.maximum(signal, 1e-6 * noise) / noise
