"""What dropping the last MLP does to noise and to the answer, against the share of noise in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, GREEN, ORANGE, new_figure
from geomtoy.verdicts import Verdict, ordering, ratio
from truncation.config import ALPHAS, Alphas
from truncation.trained import trained

PRESETS = ALPHAS
WHOLE, DROPPED = 0, -1
"""Places of rho = 1 and rho = 0."""
FOUND = "whole and dropped (alphas, seeds, 2)"

Found = dict[str, np.ndarray]
"""p_correct, p_noise, accuracy -> (alphas, seeds, 2): whole and dropped."""


def make(config: Alphas, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    found = {
        key: np.stack([one.stacked(key)[:, -1][:, [WHOLE, DROPPED]] for one in runs.values()])
        for key in ("accuracy", "p_correct", "p_noise")
    }
    return Drawn(draw(config.alphas, found), {"alphas": config.alphas, FOUND: found})


def draw(alphas: Sequence[float], found: Found) -> Figure:
    figure = new_figure(DOUBLE, 2.6)
    noise, answer, gain = figure.subplots(1, 3)
    for ax, key in ((noise, "p_noise"), (answer, "p_correct")):
        for k, (label, colour, marker) in enumerate(
            (("whole model", BLUE, "o"), ("MLP dropped", ORANGE, "s"))
        ):
            draw_seeds(ax, alphas, found[key][..., k], colour, marker, label)
    noise.set(yscale="log", ylabel="p(noise token), clean test")
    noise.plot(alphas, alphas, ":", color="black", linewidth=0.8, label="α itself")
    answer.set(ylim=(0, 1.02), ylabel="p(correct), clean test")
    change = np.diff(found["p_correct"], axis=-1)[..., 0]
    draw_seeds(gain, alphas, change, GREEN, "D", "gain")
    gain.axhline(0, color="black", linewidth=0.6)
    gain.set_ylabel("gain of p(correct) by dropping")
    for ax in (noise, answer, gain):
        ax.set_xlabel("α, share of noise in training")
        ax.set_xticks(alphas)
    handles, labels = noise.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def draw_seeds(
    ax: Axes, x: Sequence[float], values: np.ndarray, colour: str, marker: str, label: str
) -> None:
    """Means of values (x, seeds) as a line, each seed as a faint point."""
    ax.plot(x, values.mean(axis=1), marker=marker, color=colour, label=label)
    for column in values.T if values.shape[1] > 1 else ():
        ax.plot(x, column, marker, color=colour, alpha=0.35, markersize=2.5)


def verdicts(numbers: Numbers) -> list[Verdict]:
    """By alpha, values are (seeds, 2)."""
    names = [f"alpha {alpha:g}" for alpha in numbers["alphas"]]
    noise, answer = (
        dict(zip(names, np.array(numbers[FOUND][key]), strict=True)) for key in ("p_noise", "p_correct")
    )
    gains = {name: one[:, 1] - one[:, 0] for name, one in answer.items()}
    return [
        ratio(
            "Dropping the last MLP lowers p(noise token) at least tenfold at each alpha",
            {name: one[:, 0] / one[:, 1] for name, one in noise.items()},
            above=10.0,
            note="p(noise), whole over dropped. Tenfold is our threshold. Clean test, end of training. "
            "Toy scale.",
        ),
        ordering(
            "The gain of p(correct) from dropping the last MLP grows with alpha",
            gains,
            note="Accuracy (arg max) hides the gain where p(correct) is above one half. Toy scale.",
        ),
    ]
