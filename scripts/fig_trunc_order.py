"""Which part learns first: margins of MLP and attention, attention by role, and one step from zero."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import jax
import numpy as np
from blocks import full
from figure import publish
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from truncation import FULL, draw_band, over_seeds, record, trained, truncation_arguments

from geomtoy.instruments.margins import one_step_margins
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure, paper_style
from geomtoy.results import Result, Verdict, spread
from geomtoy.tasks.recall import RecallTask
from geomtoy.training.recall_measures import rows_of, sequences_of
from geomtoy.training.streams import stream

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
SEQUENCES = 1000
FORMED = 0.5
"""Attention has formed when this much of it is on the answer."""


def main(argv: Sequence[str] | None = None) -> None:
    args = truncation_arguments(__doc__).parse_args(argv)
    name = full(args, "fig_trunc_order", **FULL)
    runs = trained(args)
    ratios = one_step_ratios(args)
    numbers = {
        "at": runs.last[args.shown][0].arrays["at"],
        "margins (seeds, steps)": {key: over_seeds(runs.last[args.shown], key) for key in MARGINS},
        "layer-2 attention by role at the end, seeds, by alpha": {
            alpha: {role: over_seeds(results, f"mass_{role}")[:, -1, 1] for role in ROLES}
            for alpha, results in runs.last.items()
        },
        "share of answers among what follows a trigger, by alpha": {
            alpha: over_seeds(results, "share_answer")[:, -1] for alpha, results in runs.last.items()
        },
        "one step, MLP margin over attention margin": {
            "lengths": LENGTHS,
            "frequencies": FREQUENCIES,
            "ratios (lengths, frequencies, seeds)": ratios,
        },
    }
    verdicts = [order_verdict(runs.last), one_step_verdict(ratios)]
    with paper_style():
        figure = draw(args, runs.last[args.shown], ratios)
        publish(args, name, figure, record(args), numbers, verdicts)


def one_step_ratios(args: argparse.Namespace) -> np.ndarray:
    """Margins of the linear model, MLP over attention: (lengths, frequencies, seeds)."""
    with jax.enable_x64(True):
        found = [one_step_of_seed(seed) for seed in range(args.seeds)]
    return np.moveaxis(np.array(found), 0, -1)


def one_step_of_seed(seed: int) -> np.ndarray:
    """One language with triggers at each frequency, in sequences that are cut to each length."""
    task = RecallTask(alpha=ALPHA, length=LENGTHS[-1])
    rows = rows_of(task)(stream(seed, "bigrams"))
    ratios = np.empty((len(LENGTHS), len(FREQUENCIES)))
    for column, frequency in zip(ratios.T, FREQUENCIES, strict=True):
        law = replace(task, frequency=frequency).law_from(rows)
        batch = sequences_of(task, SEQUENCES)(stream(seed, "one step"), law, ALPHA)
        column[:] = [ratio_at(length, [np.asarray(array) for array in batch]) for length in LENGTHS]
    return ratios


def ratio_at(length: int, batch: Sequence[np.ndarray]) -> float:
    tokens, targets, weights = (array[:, :length] for array in batch)
    task = RecallTask()
    forward, values = one_step_margins(
        tokens, targets, weights, task.vocabulary, trigger=0, noise_token=task.noise_token
    )
    return forward / values


def draw(args: argparse.Namespace, results: Sequence[Result], ratios: np.ndarray) -> Figure:
    figure = new_figure(DOUBLE, 2.9)
    margins, masses, one_step = figure.subplots(1, 3, width_ratios=(1.15, 1.15, 0.9))
    steps = results[0].arrays["at"]
    early = steps <= EARLY
    for key, (label, colour) in MARGINS.items():
        draw_band(margins, steps[early], over_seeds(results, key)[:, early], color=colour, label=label)
    margins.axhline(0, color="black", linewidth=0.6)
    margins.set(xlabel="step", ylabel="margin of a part alone (logits)", xlim=(0, min(EARLY, steps[-1])))
    for role, (label, colour) in ROLES.items():
        values = over_seeds(results, f"mass_{role}")[:, :, 1]
        draw_band(masses, steps, values, color=colour, label=label)
    masses.set(xlabel="step", ylabel="attention of layer 2, by role", ylim=(0, 1), xlim=(0, steps[-1]))
    draw_ratios(one_step, ratios)
    for ax, title in zip(
        (margins, masses, one_step),
        (
            f"first steps, α = {args.shown:g}",
            f"whole run, α = {args.shown:g}",
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


def order_verdict(runs: dict[float, list[Result]]) -> Verdict:
    """When the MLP says the noise token on a bare trigger, and when attention has formed."""
    steps = {f"{a:g}": [learning_steps(one.arrays) for one in results] for a, results in runs.items()}
    by_alpha = {alpha: [precedes(*pair) for pair in pairs] for alpha, pairs in steps.items()}
    first = [one for runs in by_alpha.values() for one in runs]
    return Verdict(
        claim="The second MLP stores the noise token before the second layer's attention forms",
        statistic={
            "share of runs where the MLP is first, by alpha": {
                alpha: float(np.mean(ones)) for alpha, ones in by_alpha.items()
            },
            "step of a positive margin of the MLP, each seed, by alpha": {
                alpha: [stored for stored, _ in pairs] for alpha, pairs in steps.items()
            },
            f"step of {FORMED:g} of attention on the answer, each seed, by alpha": {
                alpha: [formed for _, formed in pairs] for alpha, pairs in steps.items()
            },
        },
        seeds=len(next(iter(runs.values()))),
        spread={
            f"steps between, alpha {alpha}": spread([formed - stored for stored, formed in pairs])
            for alpha, pairs in steps.items()
            if not any(None in pair for pair in pairs)
        },
        holds="holds" if all(first) else "mixed" if any(first) else "fails",
        note="It holds if the margin of the noise token in what the MLP says on a bare trigger is "
        "positive at an earlier look than that at which half of the attention of counted positions is "
        "on the answer, in every run; if attention never gets there that is later, and the step is "
        "null. Looks are 5 steps apart up to step 100, then 50. Toy scale.",
    )


def learning_steps(arrays: dict[str, np.ndarray]) -> tuple[int | None, int | None]:
    """(the MLP stores the noise token, attention has formed); None for never."""
    at = arrays["at"]
    reached = arrays["margin_mlp"] > 0, arrays["mass_answer"][:, 1] >= FORMED
    stored, formed = (int(at[mask.argmax()]) if mask.any() else None for mask in reached)
    return stored, formed


def precedes(stored: int | None, formed: int | None) -> bool:
    return stored is not None and (formed is None or stored < formed)


def one_step_verdict(ratios: np.ndarray) -> Verdict:
    least = ratios.min(axis=2)
    return Verdict(
        claim="One gradient step from zero gives the MLP a larger margin of noise than attention",
        statistic={"ratio, least over seeds (lengths, frequencies)": least},
        seeds=ratios.shape[2],
        spread={"ratio, all settings": spread(ratios.mean(axis=(0, 1)))},
        holds="holds" if (least > 1).all() else "mixed" if (least > 1).any() else "fails",
        note=f"Linear model, orthonormal embeddings, even attention, alpha {ALPHA:g}, {SEQUENCES} "
        f"sequences of lengths {LENGTHS}, trigger frequencies {FREQUENCIES}. It holds if "
        "every ratio is above 1.",
    )


if __name__ == "__main__":
    main()
