"""Which part learns first: margins of MLP and attention, attention by role, and one step from zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from figure import Drawn, Machine, Numbers, Presets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.instruments.margins import one_step_margins
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure
from geomtoy.store import Runs
from geomtoy.tasks.recall import RecallTask
from geomtoy.training.streams import stream
from geomtoy.verdicts import Verdict, agreement, ratio
from truncation.config import ALPHAS, Alphas
from truncation.measure import rows_of, sequences_of
from truncation.trained import draw_band, trained

EARLY = 100
"""Steps in the panel of margins."""

MARGINS = {
    "margin_mlp": ("MLP: noise, on a bare trigger", BLUE),
    "margin_attention": ("attention: noise, on a bare trigger", PURPLE),
    "margin_copy": ("attention: y, on a bare y", ORANGE),
}
ROLES = {
    "answer": ("answer", ORANGE),
    "noise": ("noise", BLUE),
    "same": ("trigger itself", GREEN),
    "other": ("other", GREY),
}
ALPHA = 0.3
LENGTHS = (32, 64, 128)
FREQUENCIES = (0.03, 0.06, 0.15, 0.3)
LENGTH_COLOURS = (PURPLE, BLUE, GREEN)
FORMED = 0.5
"""Attention has formed when this much of it is on the answer."""
SUSTAINED = 100
"""Steps for which a crossing must last."""

STEPS = "(the MLP says the noise token, attention has formed) sustained from, by alpha and seed"
ONE_STEP = "one step, MLP margin over attention margin"


@dataclass(frozen=True)
class Order(Alphas):
    """
    Args:
        sequences: whose gradient is taken for the one step from zero.
    """

    sequences: int = 1000


def with_sequences(config: Alphas, sequences: int) -> Order:
    return Order(**vars(config), sequences=sequences)


PRESETS = Presets(
    with_sequences(ALPHAS.tiny, 50),
    with_sequences(ALPHAS.default, 1000),
    with_sequences(ALPHAS.named("full"), 1000),
)


def make(config: Order, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    shown, ratios = runs[config.shown], one_step_ratios(config)
    numbers = {
        "at": shown[0].arrays["at"],
        "margins (seeds, steps)": {key: shown.stacked(key) for key in MARGINS},
        "layer-1 attention by role at the end, seeds, by alpha": {
            alpha: {role: found.stacked(f"mass_{role}")[:, -1, 1] for role in ROLES}
            for alpha, found in runs.items()
        },
        "share of answers among what follows a trigger, by alpha": {
            alpha: found.stacked("share_answer")[:, -1] for alpha, found in runs.items()
        },
        STEPS: {
            alpha: [learning_steps(result.arrays) for result in found] for alpha, found in runs.items()
        },
        ONE_STEP: {
            "lengths": LENGTHS,
            "frequencies": FREQUENCIES,
            "ratios (lengths, frequencies, seeds)": ratios,
        },
    }
    return Drawn(draw(config, shown, ratios), numbers)


def one_step_ratios(config: Order) -> np.ndarray:
    """Margins of the linear model, MLP over attention: (lengths, frequencies, seeds)."""
    with jax.enable_x64(True):
        found = [one_step_of_seed(seed, config.sequences) for seed in range(config.seeds)]
    return np.moveaxis(np.array(found), 0, -1)


def one_step_of_seed(seed: int, sequences: int) -> np.ndarray:
    """One language with triggers at each frequency, in sequences that are cut to each length."""
    task = RecallTask(alpha=ALPHA, length=LENGTHS[-1])
    rows = rows_of(task)(stream(seed, "bigrams"))
    ratios = np.empty((len(LENGTHS), len(FREQUENCIES)))
    for column, frequency in zip(ratios.T, FREQUENCIES, strict=True):
        law = replace(task, frequency=frequency).law_from(rows)
        batch = sequences_of(task, sequences)(stream(seed, "one step"), law, ALPHA)
        column[:] = [ratio_at(length, [np.asarray(array) for array in batch]) for length in LENGTHS]
    return ratios


def ratio_at(length: int, batch: Sequence[np.ndarray]) -> float:
    tokens, targets, weights = (array[:, :length] for array in batch)
    task = RecallTask()
    forward, values = one_step_margins(
        tokens, targets, weights, task.vocabulary, trigger=0, noise_token=task.noise_token
    )
    return forward / values


def draw(config: Order, runs: Runs, ratios: np.ndarray) -> Figure:
    figure = new_figure(DOUBLE, 2.9)
    margins, masses, one_step = figure.subplots(1, 3, width_ratios=(1.15, 1.15, 0.9))
    steps = runs[0].arrays["at"]
    early = steps <= EARLY
    for key, (label, colour) in MARGINS.items():
        draw_band(margins, steps[early], runs.stacked(key)[:, early], color=colour, label=label)
    margins.axhline(0, color="black", linewidth=0.6)
    margins.set(xlabel="step", ylabel="margin of a part alone (logits)", xlim=(0, min(EARLY, steps[-1])))
    for role, (label, colour) in ROLES.items():
        values = runs.stacked(f"mass_{role}")[:, :, 1]
        draw_band(masses, steps, values, color=colour, label=label)
    masses.set(xlabel="step", ylabel="attention of layer 1, by role", ylim=(0, 1), xlim=(0, steps[-1]))
    draw_ratios(one_step, ratios)
    for ax, title in zip(
        (margins, masses, one_step),
        (
            f"first steps, α = {config.shown:g}",
            f"whole run, α = {config.shown:g}",
            "one step from zero, α = 0.3",
        ),
        strict=True,
    ):
        ax.set_title(title)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), borderaxespad=0)
    return figure


def draw_ratios(ax: Axes, ratios: np.ndarray) -> None:
    for row, length, colour in zip(ratios, LENGTHS, LENGTH_COLOURS, strict=True):
        ax.plot(FREQUENCIES, row.mean(axis=1), "o-", color=colour, label=f"length {length}")
    ax.set(xscale="log", yscale="log", xlabel="frequency of the trigger")
    ax.set_ylabel("margin of MLP / of attention")
    ax.set_xticks(FREQUENCIES, [f"{f:g}" for f in FREQUENCIES])
    ax.set_yticks([2, 5, 10, 20], ["2", "5", "10", "20"])
    ax.minorticks_off()


def verdicts(numbers: Numbers) -> list[Verdict]:
    return [order_verdict(numbers[STEPS]), one_step_verdict(numbers[ONE_STEP])]


def order_verdict(steps: Mapping[str, Sequence[Any]]) -> Verdict:
    """When the MLP says the noise token on a bare trigger, and when attention has formed."""
    return agreement(
        "The last MLP stores the noise token before the last layer's attention forms",
        {f"alpha {alpha}": [precedes(*pair) for pair in pairs] for alpha, pairs in steps.items()},
        note="The margin of the noise token in what the MLP says on a bare trigger is positive from an "
        "earlier look on than that from which on half of the attention of counted positions is on the "
        f"answer, both for {SUSTAINED} steps at least; if attention never gets there that is later. "
        "Looks are 5 steps apart up to step 100, then 50. Toy scale.",
    )


def learning_steps(arrays: Mapping[str, np.ndarray]) -> tuple[int | None, int | None]:
    """From which look on (the MLP stores the noise token, attention has formed), sustained."""
    at = arrays["at"]
    return sustained(at, arrays["margin_mlp"] > 0), sustained(at, arrays["mass_answer"][:, 1] >= FORMED)


def sustained(at: np.ndarray, mask: np.ndarray) -> int | None:
    """The first look from which on it is so at all looks of the next steps; None if there is none."""
    for step in at[at <= at[-1] - SUSTAINED]:
        if mask[(at >= step) & (at <= step + SUSTAINED)].all():
            return int(step)
    return None


def precedes(stored: int | None, formed: int | None) -> bool:
    return stored is not None and (formed is None or stored < formed)


def one_step_verdict(found: Mapping[str, Any]) -> Verdict:
    ratios = np.array(found["ratios (lengths, frequencies, seeds)"])
    return ratio(
        "One gradient step from zero gives the MLP a larger margin of noise than attention",
        {
            f"length {length}, frequency {frequency:g}": row
            for length, rows in zip(found["lengths"], ratios, strict=True)
            for frequency, row in zip(found["frequencies"], rows, strict=True)
        },
        above=1.0,
        note=f"Linear model, orthonormal embeddings, even attention, alpha {ALPHA:g}.",
    )
