"""Information flow: what each position attends to in one held-out sequence, the answer's path marked."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.instruments.flow import Edge, main_path, mates
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, new_figure
from geomtoy.verdicts import Verdict, difference
from matching.config import SINGLE, TRAINING, WORKS, Training
from matching.trained import seen_by, trained

PRESETS = TRAINING
STEPS = 2
FAINT = 0.05
"""Weights below this are not drawn."""
EXPECTED = {"mate": 0, "hop 1": 1, "hop 2": 2}
"""The layer in which each role should be attended to."""
MOST = 0.8
"""Mean attention from which a role counts as found."""


def make(config: Training, machine: Machine) -> Drawn:
    runs = trained(machine, config)[WORKS]
    probe, seen = seen_by(runs[0])
    at = SINGLE.steps.index(STEPS)
    tokens = np.asarray(probe.batches[1].tokens[at])
    pattern = seen["pattern"][:, at]
    masses = {role: runs.stacked(f"mass/{role}")[:, -1, at] for role in EXPECTED}
    numbers = {"tokens": tokens[0], "pattern": pattern[:, 0, 0].round(6), "mass": masses}
    return Drawn(draw(tokens[0], pattern[:, 0]), numbers)


def draw(tokens: np.ndarray, pattern: np.ndarray) -> Figure:
    """Positions from left to right, layers from below; a line is as thick as its weight."""
    figure = new_figure(DOUBLE, 3.1)
    ax = figure.subplots()
    L, T = len(pattern), len(tokens)
    query = 1 + 2 * SINGLE.pairs
    for layer in range(L):
        for q, k in zip(*np.nonzero(pattern[layer, 0] > FAINT), strict=True):
            line(ax, Edge(layer, int(q), int(k), float(pattern[layer, 0, q, k])), GREY, 0.45)
    path = main_path(pattern, query, least=0.5)
    for edge in path:
        line(ax, edge, ORANGE, 1.0)
    ax.plot([query] * 2, [0, L], color=ORANGE, linewidth=0.8, linestyle=":", zorder=1)
    for level in range(L + 1):
        ax.scatter(
            range(T), [level] * T, s=14, color="white", edgecolor="black", linewidth=0.6, zorder=4
        )
    decorate(ax, tokens, L)
    return figure


def line(ax: Axes, edge: Edge, colour: str, alpha: float) -> None:
    ax.plot(
        [edge.key, edge.query], [edge.layer, edge.layer + 1], color=colour, alpha=alpha,
        linewidth=2.6 * edge.weight, solid_capstyle="round", zorder=2 if colour == GREY else 3,
    )  # fmt: skip


def decorate(ax: Axes, tokens: np.ndarray, n_layers: int) -> None:
    pairs = SINGLE.pairs
    names = [f"n={SINGLE.steps[tokens[0] - SINGLE.trained - SINGLE.fresh]}", *map(str, tokens[1:])]
    ax.set_xticks(range(len(tokens)), names)
    hops = mates(tokens[None], pairs, STEPS)[0, 0]
    ax.get_xticklabels()[1 + 2 * pairs].set_color(ORANGE)
    for hop, colour in zip(hops, (BLUE, GREEN), strict=True):
        ax.get_xticklabels()[hop].set_color(colour)
        ax.get_xticklabels()[hop].set_fontweight("bold")
    for k in range(pairs):
        ax.axvspan(0.6 + 2 * k, 2.4 + 2 * k, color="#EEF3F7", zorder=0)
    ax.set_yticks(range(n_layers + 1), ["embedding", *(f"after layer {k}" for k in range(n_layers))])
    ax.set(xlim=(-0.6, len(tokens) - 0.4), ylim=(-0.25, n_layers + 0.25))
    ax.set_xlabel(
        f"sequence: order, pairs (shaded), questions; {tokens[11]} → "
        f"{tokens[hops[0]]} (hop 1) → {tokens[hops[1]]} (hop 2, the answer)"
    )
    ax.set_title(f"attention of a trained model ({WORKS}, no MLP) on held-out pairs")
    ax.tick_params(length=0)
    ax.spines[["left", "bottom"]].set_visible(False)


def verdicts(numbers: Numbers) -> list[Verdict]:
    """Masses are (seeds, layers)."""
    masses = {role: np.array(mass) for role, mass in numbers["mass"].items()}
    return [
        difference(
            "Matching, information flow: layer 0 joins pairs, layer 1 finds the first hop and layer 2 "
            "the second",
            {f"{role} in layer {k}": masses[role][:, k] for role, k in EXPECTED.items()},
            above=MOST,
            note=f"Mean attention on held-out sequences that ask for {STEPS} steps. The sequence drawn "
            "is the first of the test.",
        )
    ]
