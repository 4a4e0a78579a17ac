"""Noisy recall along training: accuracy, loss and probabilities with parts of the last MLP cut away."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from blocks import full
from figure import publish
from matplotlib.figure import Figure
from truncation import (
    FULL,
    draw_band,
    over_seeds,
    record,
    rho_colour,
    rho_label,
    rhos_of,
    trained,
    truncation_arguments,
)

from geomtoy.plots.style import DOUBLE, GREY, new_figure, paper_style
from geomtoy.results import Result, Verdict, spread

PANELS = {
    "accuracy": "accuracy",
    "loss": "loss (nats)",
    "p_correct": "p(correct)",
    "p_noise": "p(noise token)",
}


def main(argv: Sequence[str] | None = None) -> None:
    args = truncation_arguments(__doc__).parse_args(argv)
    name = full(args, "fig_trunc_training", **FULL)
    runs = trained(args)
    rhos = rhos_of(args)
    last = {alpha: ends(results) for alpha, results in runs.last.items()}
    numbers = {
        "steps": runs.last[args.shown][0].arrays["at"],
        "rhos": rhos,
        "shown, mean over seeds": {
            key: over_seeds(runs.last[args.shown], key).mean(axis=0) for key in PANELS
        },
        "at the end, by alpha": last,
    }
    with paper_style():
        figure = draw(args, runs.last[args.shown], rhos)
        publish(args, name, figure, record(args), numbers, [recall_verdict(last, rhos)])


def ends(results: Sequence[Result]) -> dict[str, np.ndarray]:
    """Each score at the end of training (seeds, rhos)."""
    return {key: over_seeds(results, key)[:, -1] for key in PANELS}


def draw(args: argparse.Namespace, results: Sequence[Result], rhos: Sequence[float]) -> Figure:
    figure = new_figure(DOUBLE, 4.4)
    axes = figure.subplots(2, 2, sharex=True)
    steps = results[0].arrays["at"]
    for ax, (key, label) in zip(axes.T.flat, PANELS.items(), strict=True):
        values = over_seeds(results, key)
        for k, rho in enumerate(rhos):
            colour = rho_colour(k, len(rhos))
            draw_band(ax, steps, values[:, :, k], color=colour, label=rho_label(rho))
        ax.set(ylabel=label, xlim=(0, steps[-1]))
        if key != "loss":
            ax.set_ylim(0, 1.02)
    axes[1, 1].axhline(args.shown, color=GREY, linewidth=0.8, linestyle=":")
    axes[1, 1].text(steps[-1], args.shown + 0.02, "α, its rate in training", ha="right", color=GREY)
    for ax in axes[1]:
        ax.set_xlabel("step")
    figure.suptitle(
        f"Clean test of models trained with noise α = {args.shown:g}; ρ: share of the singular values\n"
        f"of the last MLP's input matrix that stay (2 layers, width {args.d_model}, {args.steps} steps)",
        fontsize=8,
    )  # fmt: skip
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), columnspacing=1.2)
    return figure


def recall_verdict(last: dict[float, dict[str, np.ndarray]], rhos: Sequence[float]) -> Verdict:
    """Whether some truncation beats the full model in both loss and p(correct), seed by seed."""
    gains, chosen, better = {}, {}, []
    for alpha, scores in last.items():
        best = int(scores["p_correct"][:, 1:].mean(axis=0).argmax()) + 1
        change = scores["p_correct"][:, best] - scores["p_correct"][:, 0]
        gains[alpha], chosen[alpha] = change, rhos[best]
        better.append(
            bool((change > 0).all() and (scores["loss"][:, best] < scores["loss"][:, 0]).all())
        )
    return Verdict(
        claim="Truncating the last MLP improves in-context recall at the end of training",
        statistic={
            "best rho by alpha": chosen,
            "gain of p(correct) by alpha": {alpha: change.mean() for alpha, change in gains.items()},
        },
        seeds=len(next(iter(gains.values()))),
        spread={f"gain at alpha {alpha:g}": spread(change) for alpha, change in gains.items()},
        holds="holds" if all(better) else "mixed" if any(better) else "fails",
        note="It holds if at each alpha one rho raises p(correct) and lowers the loss of every seed. It "
        "is chosen on the same test by the mean over seeds. Toy scale.",
    )


if __name__ == "__main__":
    main()
