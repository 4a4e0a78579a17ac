"""What dropping the last MLP does to noise and to the answer, against the share of noise in training."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from blocks import full
from figure import publish
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from truncation import FULL, over_seeds, record, trained, truncation_arguments

from geomtoy.plots.style import BLUE, DOUBLE, GREEN, ORANGE, new_figure, paper_style
from geomtoy.results import Verdict, spread

WHOLE, DROPPED = 0, -1
"""Places of rho = 1 and rho = 0."""

Numbers = dict[str, np.ndarray]
"""p_correct, p_noise, accuracy -> (alphas, seeds, 2): whole and dropped."""


def main(argv: Sequence[str] | None = None) -> None:
    args = truncation_arguments(__doc__).parse_args(argv)
    name = full(args, "fig_trunc_gain", **FULL)
    runs = trained(args)
    found = {
        key: np.stack(
            [over_seeds(results, key)[:, -1][:, [WHOLE, DROPPED]] for results in runs.last.values()]
        )
        for key in ("accuracy", "p_correct", "p_noise")
    }
    numbers = {"alphas": args.alphas, "whole and dropped (alphas, seeds, 2)": found}
    verdicts = [tenfold_verdict(args.alphas, found), growth_verdict(args.alphas, found)]
    with paper_style():
        publish(args, name, draw(args, found), record(args), numbers, verdicts)


def draw(args: argparse.Namespace, found: Numbers) -> Figure:
    figure = new_figure(DOUBLE, 2.6)
    noise, answer, gain = figure.subplots(1, 3)
    for ax, key in ((noise, "p_noise"), (answer, "p_correct")):
        for k, (label, colour, marker) in enumerate(
            (("whole model", BLUE, "o"), ("MLP dropped", ORANGE, "s"))
        ):
            draw_seeds(ax, args.alphas, found[key][..., k], colour, marker, label)
    noise.set(yscale="log", ylabel="p(noise token), clean test")
    noise.plot(args.alphas, args.alphas, ":", color="black", linewidth=0.8, label="α itself")
    answer.set(ylim=(0, 1.02), ylabel="p(correct), clean test")
    change = np.diff(found["p_correct"], axis=-1)[..., 0]
    draw_seeds(gain, args.alphas, change, GREEN, "D", "gain")
    gain.axhline(0, color="black", linewidth=0.6)
    gain.set_ylabel("gain of p(correct) by dropping")
    for ax in (noise, answer, gain):
        ax.set_xlabel("α, share of noise in training")
        ax.set_xticks(args.alphas)
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


def tenfold_verdict(alphas: Sequence[float], found: Numbers) -> Verdict:
    ratios = found["p_noise"][..., 0] / found["p_noise"][..., 1]
    enough = (ratios >= 10).all(axis=1)
    return Verdict(
        claim="Dropping the second MLP lowers p(noise token) at least tenfold at each alpha",
        statistic={"p(noise), whole over dropped, mean": by_alpha(alphas, ratios.mean(axis=1))},
        seeds=ratios.shape[1],
        spread={f"ratio at alpha {a:g}": spread(row) for a, row in zip(alphas, ratios, strict=True)},
        holds="holds" if enough.all() else "mixed" if enough.any() else "fails",
        note="It holds if the ratio is 10 or more in every seed at every alpha, and fails if no alpha "
        "has that in every seed. Clean test, end of training. Toy scale.",
    )


def growth_verdict(alphas: Sequence[float], found: Numbers) -> Verdict:
    gains = np.diff(found["p_correct"], axis=-1)[..., 0]
    steps = np.diff(gains.mean(axis=1))
    return Verdict(
        claim="The gain of p(correct) from dropping the second MLP grows with alpha",
        statistic={"gain of p(correct), mean": by_alpha(alphas, gains.mean(axis=1))},
        seeds=gains.shape[1],
        spread={f"gain at alpha {a:g}": spread(row) for a, row in zip(alphas, gains, strict=True)},
        holds="holds" if (steps > 0).all() else "mixed" if (steps > 0).any() else "fails",
        note="It holds if the mean gain rises from each alpha to the next, and fails if it never does. "
        "Accuracy (arg max) hides the gain where p(correct) is above one half anyway. Toy scale.",
    )


def by_alpha(alphas: Sequence[float], values: np.ndarray) -> dict[str, float]:
    return {f"{alpha:g}": float(value) for alpha, value in zip(alphas, values, strict=True)}


if __name__ == "__main__":
    main()
