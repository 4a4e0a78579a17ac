"""Held-out accuracy and matching scores against the initial scale, for both places of LayerNorm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from figure import publish
from matching import (
    LEARNED,
    PLAIN,
    Preset,
    final_accuracy,
    judged,
    match_arguments,
    preset,
    record,
    stacked,
    trained,
)
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, ORANGE, new_figure, paper_style
from geomtoy.results import Result, Verdict, spread

NAME = "fig_match_gamma"
COLOURS = {"post": BLUE, "pre": ORANGE}
SMALL, LARGE = 0.8, 0.3
"""The initial scales that the claim compares: a greater gamma starts smaller."""
GAP = 0.5

Grid = dict[str, dict[float, str]]
"""Place of LayerNorm -> gamma -> setting."""
Curve = tuple[tuple[float, ...], np.ndarray]
"""Gammas, values (gammas, seeds)."""


def main(argv: Sequence[str] | None = None) -> None:
    args = match_arguments(__doc__).parse_args(argv)
    p, name = preset(args, NAME)
    results = trained(args, p)
    kinds = {"no MLP": bare_grid(p), "MLPs": mlp_grid(p)}
    accuracy, scores = (
        {
            kind: {norm: np.stack([measure(results[name]) for name in found.values()])
                   for norm, found in grid.items()}
            for kind, grid in kinds.items()
        }
        for measure in (lambda found: final_accuracy(found)[:, -1], least_score)
    )  # fmt: skip
    gammas = {kind: {norm: tuple(found) for norm, found in grid.items()} for kind, grid in kinds.items()}
    numbers = {"gammas": gammas, "accuracy": accuracy, "score": scores}
    verdicts = [verdict(gammas[kind], accuracy[kind], kind) for kind, grid in kinds.items() if grid]
    with paper_style():
        publish(args, name, draw(gammas, accuracy, scores), record(p), numbers, verdicts)


def bare_grid(p: Preset) -> Grid:
    """Settings without MLPs."""
    gammas = {"post": p.gammas, "pre": p.pre_gammas}
    return {norm: {g: f"{norm}-LN, γ = {g}" for g in values} for norm, values in gammas.items()}


def mlp_grid(p: Preset) -> Grid:
    """Settings with MLPs, if there are others than the one that works."""
    if not p.mlp_grid:
        return {}
    grid: Grid = {"post": {SMALL: PLAIN}, "pre": {}}
    for norm, g in p.mlp_grid:
        grid[norm][g] = f"MLP, {norm}-LN, γ = {g}"
    return {norm: dict(sorted(found.items())) for norm, found in grid.items()}


def draw(gammas: Any, accuracy: Any, scores: Any) -> Figure:
    """Each a mapping kind -> norm -> gammas, or values (gammas, seeds)."""
    figure = new_figure(DOUBLE, 2.4)
    left, right = figure.subplots(1, 2, sharex=True)
    for kind, grid in gammas.items():
        for norm, values in grid.items():
            draw_curve(left, norm, kind, (values, accuracy[kind][norm]))
            draw_curve(right, norm, kind, (values, scores[kind][norm]))
    decorate(figure, left, right)
    return figure


def least_score(results: Sequence[Result]) -> np.ndarray:
    """For each seed the score, on trained tokens, of the worse of the two matching layers."""
    return stacked(results, "match_trained")[:, -1].min(axis=1)


def draw_curve(ax: Axes, norm: str, kind: str, curve: Curve) -> None:
    """Mean over seeds, and each seed as a point; open and dashed with MLPs."""
    gammas, values = curve
    style, fill = ("o-", COLOURS[norm]) if kind == "no MLP" else ("s--", "white")
    ax.plot(
        gammas, values.mean(axis=1), style, color=COLOURS[norm], markerfacecolor=fill,
        label=f"{norm}-LN, {kind}",
    )  # fmt: skip
    for g, one in zip(gammas, values, strict=True):
        ax.plot([g] * len(one), one, "o", color=COLOURS[norm], markersize=2, alpha=0.5)


def decorate(figure: Figure, left: Axes, right: Axes) -> None:
    left.axhline(1 / 6, color="black", linewidth=0.6, linestyle=":")
    left.text(0.99, 1 / 6 + 0.02, "one of the sequence's tokens", transform=left.get_yaxis_transform(),
              ha="right", fontsize=6.5)  # fmt: skip
    left.set(ylim=(-0.03, 1.05), ylabel="held-out accuracy, 2 steps")
    right.set(ylim=(-0.03, 1.05), ylabel="matching score\n(worse of layers 1 and 2)")
    for ax in (left, right):
        ax.set_xlabel("γ: weights start as $N(0, d_\\mathrm{in}^{-2γ})$")
    left.legend(loc="center left")
    figure.suptitle("3 layers, 1 head, d = 64", fontsize=8)


def verdict(
    gammas: dict[str, tuple[float, ...]], accuracy: dict[str, np.ndarray], kind: str = "no MLP"
) -> Verdict:
    """Accuracies (gammas, seeds)."""
    post = dict(zip(gammas["post"], accuracy["post"], strict=True))
    works = (post[SMALL] > LEARNED) & (post[SMALL] >= post[LARGE] + GAP)
    beats_pre = (post[SMALL] >= accuracy["pre"] + GAP).all(axis=0)
    return Verdict(
        claim=f"Matching ({kind}) forms from a small start with post-LN: accuracy is above {LEARNED} at "
        f"γ = {SMALL}, {GAP} or more above γ = {LARGE} and above every pre-LN",
        statistic={
            f"post-LN, γ = {SMALL}": post[SMALL].mean(),
            f"post-LN, γ = {LARGE}": post[LARGE].mean(),
            "best pre-LN": accuracy["pre"].mean(axis=1).max(),
        },
        seeds=len(works),
        spread={f"{norm}-LN, γ = {g}": spread(values) for norm in gammas
                for g, values in zip(gammas[norm], accuracy[norm], strict=True)},
        holds=judged(works & beats_pre),
        note="Held-out accuracy on 2 steps at the end, all settings trained alike. It holds if "
        "it does for every seed.",
    )  # fmt: skip


if __name__ == "__main__":
    main()
