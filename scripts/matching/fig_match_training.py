"""Loss, accuracy and matching scores against the training step: held-out accuracy dips, then jumps."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, GREY, ORANGE, new_figure
from geomtoy.store import Result
from geomtoy.verdicts import Verdict, agreement
from matching.config import SINGLE, TRAINING, WORKS, Training
from matching.trained import LEARNED, ORDER_COLOURS, trained

PRESETS = TRAINING


def make(config: Training, machine: Machine) -> Drawn:
    runs = trained(machine, config)[WORKS]
    first = runs[0].arrays
    curves = ("at", "train_accuracy", "held_out_accuracy", "match_trained", "match_fresh")
    numbers = {
        "seed 0": {curve: first[curve] for curve in curves},
        "held-out accuracy on 2 steps (seeds, looks)": runs.stacked("held_out_accuracy")[:, :, -1],
    }
    return Drawn(draw(runs[0]), numbers)


def draw(result: Result) -> Figure:
    """Of seed 0."""
    arrays = result.arrays
    figure = new_figure(DOUBLE, 2.7)
    loss, accuracy, score = figure.subplots(1, 3)
    loss.plot(np.arange(len(arrays["loss"])), arrays["loss"], color=GREY, linewidth=0.7)
    loss.set(ylabel="training loss, nats", ylim=(0, None))
    accuracy.plot(arrays["at"], arrays["train_accuracy"], color=GREY, label="trained pairs")
    for n, values, colour in zip(
        SINGLE.steps, arrays["held_out_accuracy"].T, ORDER_COLOURS, strict=False
    ):
        accuracy.plot(arrays["at"], values, color=colour, label=f"held out, {n} step{'s' * (n > 1)}")
    accuracy.set(ylabel="accuracy", ylim=(-0.03, 1.05))
    draw_scores(score, result)
    for ax in (loss, accuracy, score):
        ax.set_xlabel("training step")
    for ax in (accuracy, score):
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=6, ncols=2, columnspacing=1)
    figure.suptitle(f"{WORKS}, 3 layers, d = 64, no MLP, seed 0", fontsize=8)
    return figure


def draw_scores(ax: Axes, result: Result) -> None:
    for part, style in (("trained", "-"), ("fresh", "--")):
        for k, colour in enumerate((BLUE, ORANGE)):
            words = {"trained": "trained", "fresh": "never trained"}[part]
            ax.plot(
                result.arrays["at"], result.arrays[f"match_{part}"][:, k], style, color=colour,
                label=f"Ker{k + 1}, {words}",
            )  # fmt: skip
    ax.set(ylabel="matching score", ylim=(-0.03, 1.05))


def dip(accuracy: np.ndarray) -> tuple[float, float]:
    """The lowest value before it is learned, and the highest before that."""
    learned = np.flatnonzero(accuracy >= LEARNED)
    before = accuracy[: learned[0]] if len(learned) else accuracy
    lowest = int(before.argmin()) if len(before) else 0
    # It starts near 0, so the lowest value after the first peak counts.
    peaks = np.maximum.accumulate(before)
    falls = peaks - before
    lowest = int(falls.argmax())
    return float(before[lowest]), float(peaks[lowest])


def verdicts(numbers: Numbers) -> list[Verdict]:
    accuracy = np.array(numbers["held-out accuracy on 2 steps (seeds, looks)"])
    lowest, peak = np.array([dip(one) for one in accuracy]).T
    return [
        agreement(
            "Held-out accuracy on 2 steps first falls to half of what it was and then jumps to 1",
            {
                "falls to half of its first peak": lowest <= peak / 2,
                f"is {LEARNED} or more at the end": accuracy[:, -1] >= LEARNED,
            },
            note="Before the mechanism the model uses which differences are trained, which is wrong for "
            f"held-out pairs. {WORKS}, no MLP.",
        )
    ]
