"""Loss, accuracy and matching scores against the training step: held-out accuracy dips, then jumps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figure import publish
from matching import (
    LEARNED,
    ORDER_COLOURS,
    SINGLE,
    WORKS,
    judged,
    match_arguments,
    preset,
    record,
    stacked,
    trained,
)
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, GREY, ORANGE, new_figure, paper_style
from geomtoy.results import Result, Verdict, spread

NAME = "fig_match_training"


def main(argv: Sequence[str] | None = None) -> None:
    args = match_arguments(__doc__).parse_args(argv)
    p, name = preset(args, NAME)
    results = trained(args, p)[WORKS]
    first = results[0].arrays
    curves = ("at", "train_accuracy", "held_out_accuracy", "match_trained", "match_fresh")
    numbers = {curve: first[curve] for curve in curves}
    with paper_style():
        publish(args, name, draw(results[0]), record(p), numbers, [verdict(results)])


def draw(result: Result) -> Figure:
    """Of seed 0."""
    arrays = result.arrays
    figure = new_figure(DOUBLE, 2.5)
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
        ax.legend(loc="center right", fontsize=6)
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


def verdict(results: Sequence[Result]) -> Verdict:
    found = [dip(accuracy) for accuracy in stacked(results, "held_out_accuracy")[:, :, -1]]
    lowest, peak = np.array(found).T
    final = stacked(results, "held_out_accuracy")[:, -1, -1]
    return Verdict(
        claim="Held-out accuracy on 2 steps first falls to half of what it was and then jumps to 1",
        statistic={"peak": peak.mean(), "lowest after it": lowest.mean(), "at the end": final.mean()},
        seeds=len(results),
        spread={"peak": spread(peak), "lowest after it": spread(lowest), "at the end": spread(final)},
        holds=judged((lowest <= peak / 2) & (final >= LEARNED)),
        note="Before the mechanism the model uses which differences are trained, which is wrong for "
        f"held-out pairs. {WORKS}, no MLP.",
    )


if __name__ == "__main__":
    main()
