"""What dropping the last MLP does to noise and to the answer, against the share of noise in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, GREEN, ORANGE, new_figure
from geomtoy.store import Runs
from geomtoy.verdicts import Verdict, ordering, ratio
from truncation.config import ALPHAS, Alphas
from truncation.trained import draw_band, plain_log, trained

PRESETS = ALPHAS
WHOLE, DROPPED = 0, -1
"""Places of rho = 1 and rho = 0."""
FOUND = "whole and dropped (alphas, seeds, 2)"
COURSE = "p(noise), whole over dropped, along training (alphas, seeds, steps)"
TENFOLD = 10.0
"""Our threshold: the paper says that noise goes, not by how much."""

Found = dict[str, np.ndarray]
"""p_correct, p_noise, accuracy -> (alphas, seeds, 2): whole and dropped."""


def make(config: Alphas, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    found = {
        key: np.stack([one.stacked(key)[:, -1][:, [WHOLE, DROPPED]] for one in runs.values()])
        for key in ("accuracy", "p_correct", "p_noise")
    }
    steps = next(iter(runs.values()))[0].arrays["at"]
    course = np.stack([course_of(one) for one in runs.values()])
    numbers = {"alphas": config.alphas, FOUND: found, "steps": steps, COURSE: course}
    return Drawn(draw(config.alphas, found, steps, course), numbers)


def course_of(runs: Runs) -> np.ndarray:
    """(seeds, steps) p(noise) of the whole model over that without the MLP."""
    p_noise = runs.stacked("p_noise")
    ratios: np.ndarray = p_noise[:, :, WHOLE] / p_noise[:, :, DROPPED]
    return ratios


def draw(alphas: Sequence[float], found: Found, steps: np.ndarray, course: np.ndarray) -> Figure:
    figure = new_figure(DOUBLE, 4.4)
    (noise, answer), (gain, along) = figure.subplots(2, 2)
    draw_course(along, alphas, steps, course)
    for ax, key in ((noise, "p_noise"), (answer, "p_correct")):
        for k, (label, colour, marker) in enumerate(
            (("whole model", BLUE, "o"), ("MLP dropped", ORANGE, "s"))
        ):
            draw_seeds(ax, alphas, found[key][..., k], colour, marker, label)
    noise.set(yscale="log", ylabel="p(noise token), clean test")
    plain_log(noise.yaxis)
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


def draw_course(ax: Axes, alphas: Sequence[float], steps: np.ndarray, course: np.ndarray) -> None:
    for k, (alpha, ratios) in enumerate(zip(alphas, course, strict=True)):
        colour = colormaps["viridis"](0.9 * k / max(1, len(alphas) - 1))
        draw_band(ax, steps, ratios, color=colour, label=f"α = {alpha:g}")
    ax.axhline(TENFOLD, color="black", linewidth=0.6, linestyle=":")
    ax.set(yscale="log", xlabel="training step", ylabel="p(noise): whole over dropped")
    plain_log(ax.yaxis)
    ax.legend(ncols=2, fontsize=6.5)


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
    ratios = {name: one[:, 0] / one[:, 1] for name, one in noise.items()}
    note = "p(noise), whole over dropped; clean test. Toy scale."
    return [
        ratio(
            "Dropping the last MLP lowers p(noise token) at each alpha",
            ratios,
            above=1.0,
            note=f"At the end of training. {note}",
        ),
        ratio(
            "Dropping the last MLP lowers p(noise token) at least tenfold (our threshold) at each "
            "alpha, at the end of training",
            ratios,
            above=TENFOLD,
            note=note,
        ),
        ratio(
            "Dropping the last MLP lowers p(noise token) at least tenfold (our threshold) at each "
            "alpha, through the second half of training",
            dict(zip(names, least_of_second_half(numbers), strict=True)) if COURSE in numbers else {},
            above=TENFOLD,
            note=f"The least ratio of these looks, seed by seed. {note}",
        ),
        ordering(
            "The gain of p(correct) from dropping the last MLP grows with alpha",
            gains,
            note="Accuracy (arg max) hides the gain where p(correct) is above one half. Toy scale.",
        ),
    ]


def least_of_second_half(numbers: Numbers) -> np.ndarray:
    """(alphas, seeds)."""
    steps = np.array(numbers["steps"])
    least: np.ndarray = np.array(numbers[COURSE])[:, :, steps >= steps[-1] / 2].min(axis=-1)
    return least
