"""Information flow: what each position attends to in one held-out sequence, the answer's path marked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.instruments.flow import mates
from geomtoy.plots.style import DOUBLE, GREY, new_figure
from geomtoy.store import Runs
from geomtoy.tasks.chains import ChainTask
from geomtoy.verdicts import Verdict, difference
from matching.config import FLOW, Depths, deep
from matching.trained import LEARNED, ORDER_COLOURS, final_accuracy, seen_by, trained

PRESETS = FLOW
FAINT = 0.05
"""Weights below this are not drawn."""
MOST = 0.8
"""Mean attention from which a role counts as found."""


class Look(NamedTuple):
    """One held-out sequence: its tokens (T,), and what attends to what (layers, T, T)."""

    task: ChainTask
    tokens: np.ndarray
    pattern: np.ndarray


def make(config: Depths, machine: Machine) -> Drawn:
    runs = dict(zip(config.depths, trained(machine, config).values(), strict=True))
    looks = {L: look(found, L) for L, found in runs.items()}
    numbers = {
        "tokens": {L: one.tokens for L, one in looks.items()},
        "pattern": {L: one.pattern.round(6) for L, one in looks.items()},
        "mass": {L: roles_of(found, L) for L, found in runs.items()},
        "accuracy": {L: final_accuracy(found)[:, asked(L)] for L, found in runs.items()},
    }
    return Drawn(draw(looks), numbers)


def asked(n_layers: int) -> int:
    """The place, among 1, 2, ... steps, of L - 1."""
    return n_layers - 2


def expected(n_layers: int) -> dict[str, int]:
    """The layer in which each role should be attended to when L - 1 steps are asked."""
    return {"mate": 0, **{f"hop {k}": k for k in range(1, n_layers)}}


def roles_of(runs: Runs, n_layers: int) -> dict[str, np.ndarray]:
    """(seeds,) mean attention on each role in its layer."""
    return {
        role: runs.stacked(f"mass/{role}")[:, -1, asked(n_layers), layer]
        for role, layer in expected(n_layers).items()
    }


def look(runs: Runs, n_layers: int) -> Look:
    """At the first sequence of the test, with the model of seed 0."""
    probe, seen = seen_by(runs[0])
    tokens = np.asarray(probe.batches[1].tokens[asked(n_layers)])
    return Look(deep(n_layers), tokens[0], seen["pattern"][:, asked(n_layers), 0, 0])


def draw(looks: Mapping[int, Look]) -> Figure:
    """Positions from left to right, layers from below; a line is as thick as its weight."""
    figure = new_figure(DOUBLE, 0.3 + sum(0.5 + 0.55 * L for L in looks))
    axes = figure.subplots(len(looks), 1, height_ratios=[0.5 + L for L in looks], squeeze=False)[:, 0]
    for ax, one in zip(axes, looks.values(), strict=True):
        draw_look(ax, one)
    figure.suptitle(
        "Attention on held-out pairs; coloured: how the answer comes to the question, hop by hop",
        fontsize=8,
    )
    return figure


def draw_look(ax: Axes, one: Look) -> None:
    L, T, _ = one.pattern.shape
    query = 1 + 2 * one.task.pairs
    for layer, q, k in zip(*np.nonzero(one.pattern > FAINT), strict=True):
        line(ax, layer, q, k, one.pattern[layer, q, k], GREY, 0.35)
    hops = mates(one.tokens[None], one.task.pairs, L - 1)[0, 0]
    for n, hop in enumerate(hops, 1):
        colour = ORDER_COLOURS[(n - 1) % len(ORDER_COLOURS)]
        for layer, q, k in ((0, hop, hop - 1), (n, query, hop)):
            line(ax, layer, q, k, one.pattern[layer, q, k], colour, 1.0)
        # The token waits at its position until its layer.
        ax.plot([hop] * 2, [1, n], color=colour, linewidth=0.8, linestyle=":", zorder=1)
    ax.plot([query] * 2, [0, L], color="black", linewidth=0.8, linestyle=":", zorder=1)
    for level in range(L + 1):
        ax.plot(range(T), [level] * T, "o", color="white", markeredgecolor="black", markersize=3.5,
                markeredgewidth=0.6, zorder=4)  # fmt: skip
    decorate(ax, one, hops)


def line(ax: Axes, layer: int, q: int, k: int, weight: float, colour: str, alpha: float) -> None:
    ax.plot(
        [k, q], [layer, layer + 1], color=colour, alpha=alpha, linewidth=2.6 * weight,
        solid_capstyle="round", zorder=2 if colour == GREY else 3,
    )  # fmt: skip


def decorate(ax: Axes, one: Look, hops: np.ndarray) -> None:
    tokens, pairs, L = one.tokens, one.task.pairs, len(one.pattern)
    ax.set_xticks(range(len(tokens)), [f"n={L - 1}", *map(str, tokens[1:])])
    ax.get_xticklabels()[1 + 2 * pairs].set_fontweight("bold")
    for n, hop in enumerate(hops):
        ax.get_xticklabels()[hop].set_color(ORDER_COLOURS[n % len(ORDER_COLOURS)])
        ax.get_xticklabels()[hop].set_fontweight("bold")
    for k in range(pairs):
        ax.axvspan(0.6 + 2 * k, 2.4 + 2 * k, color="#EEF3F7", zorder=0)
    ax.set_yticks(np.arange(L) + 0.5, [f"layer {k}" for k in range(L)])
    ax.set(xlim=(-0.6, len(tokens) - 0.4), ylim=(-0.25, L + 0.25))
    way = " → ".join(str(tokens[hop]) for hop in hops)
    ax.set_xlabel(f"sequence: steps asked, pairs (shaded), questions; {tokens[1 + 2 * pairs]} → {way}")
    ax.tick_params(length=0)
    ax.spines[["left", "bottom"]].set_visible(False)


def verdicts(numbers: Numbers) -> list[Verdict]:
    """Models that have not learned to answer are no evidence of how it is done."""
    parts = {}
    for layers, masses in numbers["mass"].items():
        learned = np.array(numbers["accuracy"][layers]) >= LEARNED
        for role, layer in expected(int(layers)).items():
            parts[f"{layers} layers, {role} in layer {layer}"] = np.where(learned, masses[role], np.nan)
    return [
        difference(
            "Matching, information flow: layer 0 joins pairs, and layer k finds hop k",
            parts,
            above=MOST,
            note="Mean attention on held-out sequences that ask L layers for L - 1 steps; runs that "
            f"have not learned these (accuracy {LEARNED}) are no evidence. The sequence drawn is the "
            "first of the test.",
        )
    ]
