"""Mixed numbers of steps: which layer looks up which hop, for each number that is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figure import publish
from matching import (
    LEARNED,
    final_accuracy,
    judged,
    match_arguments,
    preset,
    record,
    settings,
    trained,
    with_two_chains,
)
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import DOUBLE, new_figure, paper_style
from geomtoy.results import Result, Verdict

NAME = "fig_match_orders"
MOST = 0.5
"""Mean attention from which a layer counts as looking a hop up."""


def main(argv: Sequence[str] | None = None) -> None:
    args = match_arguments(__doc__).parse_args(argv)
    p, name = preset(args, NAME)
    results = trained(args, p)
    shown = with_two_chains(p)
    steps = {setting: settings(p)[setting].task.steps for setting in shown}
    masses = {
        setting: [hop_masses(result, steps[setting]) for result in results[setting]] for setting in shown
    }
    accuracy = {setting: final_accuracy(results[setting]) for setting in shown}
    with paper_style():
        figure = draw({setting: found[0] for setting, found in masses.items()}, steps, accuracy)
        numbers = {"masses": masses, "accuracy": accuracy, "steps": steps}
        publish(args, name, figure, record(p), numbers, [verdict(masses, steps, accuracy)])


def hop_masses(result: Result, steps: Sequence[int]) -> np.ndarray:
    """(numbers of steps, hops, layers): mean attention of questions on the token of each hop."""
    names = [f"mass/hop {k}" for k in range(1, max(steps) + 1)]
    return np.stack([result.arrays[name][-1] for name in names], axis=1)


def draw(
    masses: dict[str, np.ndarray], steps: dict[str, Sequence[int]], accuracy: dict[str, np.ndarray]
) -> Figure:
    """Of seed 0: a row for each model, a column for each number of steps."""
    columns = max(map(len, steps.values()))
    figure = new_figure(DOUBLE, 0.5 + 1.5 * len(masses))
    axes = figure.subplots(len(masses), columns, squeeze=False)
    for row, (setting, found) in zip(axes, masses.items(), strict=True):
        for ax in row[len(steps[setting]) :]:
            ax.axis("off")
        for s, n in enumerate(steps[setting]):
            title = f"{setting}\n" if s == 0 else "\n"
            title += f"{n} step{'s' * (n > 1)} asked: accuracy {accuracy[setting][0, s]:.2f}"
            image = draw_masses(row[s], found[s], n)
            row[s].set_title(title, fontsize=7, loc="left")
    figure.colorbar(image, ax=axes, label="mean attention", shrink=0.8, pad=0.01)
    return figure


def draw_masses(ax: Axes, masses: np.ndarray, n: int) -> object:
    """Hops (rows) by layers (columns); hops that are not asked for are beyond the answer."""
    image = ax.imshow(masses, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for (hop, layer), value in np.ndenumerate(masses):
        colour = "white" if value < 0.6 else "black"
        ax.text(layer, hop, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=6)
    ax.axhline(n - 0.5, color="white", linewidth=1.2)
    ax.set_yticks(range(len(masses)), [f"hop {k + 1}" for k in range(len(masses))])
    ax.set_xticks(range(masses.shape[1]))
    ax.set_xlabel("layer")
    return image


def in_order(masses: np.ndarray, n: int) -> bool:
    """Whether hops 1..n are each looked up in some layer, each later than the one before."""
    layers = masses[:n].argmax(axis=1)
    found = masses[:n].max(axis=1) >= MOST
    return bool(found.all() and (np.diff(layers) > 0).all())


def verdict(
    masses: dict[str, list[np.ndarray]],
    steps: dict[str, Sequence[int]],
    accuracy: dict[str, np.ndarray],
) -> Verdict:
    """Only numbers of steps that a model has learned count."""
    right: dict[str, list[dict[int, bool]]] = {}
    for setting, found in masses.items():
        learned = accuracy[setting] >= LEARNED
        right[setting] = [
            {n: in_order(one[s], n) for s, n in enumerate(steps[setting]) if learned[seed, s]}
            for seed, one in enumerate(found)
        ]
    layers = {
        setting: {
            f"{n} steps": [[int(k) for k in one[s][:n].argmax(axis=1)] for one in found]
            for s, n in enumerate(steps[setting])
        }
        for setting, found in masses.items()
    }
    seeds = zip(*right.values(), strict=True)
    by_seed = [all(order for setting in one for order in setting.values()) for one in seeds]
    return Verdict(
        claim="Mixed numbers of steps: the hops that are asked for are looked up layer after layer",
        statistic={"layer of greatest attention, hop by hop, of each seed": layers},
        seeds=len(by_seed),
        spread={"in order, by number of steps learned": right},
        holds=judged(by_seed),
        note=f"It holds if for every number of steps learned (accuracy {LEARNED} or more) {MOST} or "
        "more of the questions' attention is on each hop in some layer, later hops in later layers.",
    )


if __name__ == "__main__":
    main()
