"""The noisy linear memory: its singular values through training, and what rank n - 1 leaves of noise."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.instruments.margins import probability_of
from geomtoy.plots.style import BLUE, DOUBLE, GREY, ORANGE, PURPLE, new_figure
from geomtoy.theory.associative_memory import (
    Logits,
    descend,
    is_least_in_the_end,
    probabilities,
    singular_values,
    truncated_matrix,
)
from geomtoy.verdicts import Verdict, agreement
from truncation.config import MEMORY, Memory

PRESETS = MEMORY
CUT, WHOLE = "p(noise), rank n - 1 (seeds, steps), by n", "p(noise), whole (steps), by n"
CURED_FROM, SIZES = 4, (2, 3, 4)
"""The claim: rank n - 1 cures below this n."""

Cut = dict[int, np.ndarray]
"""n -> p(noise) at rank n - 1 (seeds, looks)."""


def make(config: Memory, machine: object) -> Drawn:
    looks = np.unique(np.geomspace(1, config.steps, 60).astype(int))
    histories = {n: descend(n, config.alpha, config.steps, config.rate) for n in config.sizes}
    cut = {
        n: np.stack([after_truncation(n, h, looks, seed) for seed in range(config.seeds)])
        for n, h in histories.items()
    }
    numbers = {
        "steps": looks,
        CUT: cut,
        WHOLE: {n: whole(n, h, looks) for n, h in histories.items()},
        "singular values (noise, differences) at the end, by n": {
            n: [float(s[-1]) for s in singular_values(n, h)] for n, h in histories.items()
        },
    }
    return Drawn(draw(config, looks, histories, cut), numbers)


def whole(n: int, history: Logits, looks: np.ndarray) -> np.ndarray:
    """p(noise) of the memory as it is."""
    return probabilities(n, history)[looks, 2]


def after_truncation(n: int, history: Logits, looks: np.ndarray, seed: int) -> np.ndarray:
    """p(noise) at rank n - 1, mean over inputs; the seed decides what is lost among equals."""
    direction = np.random.default_rng(seed).normal(size=n)
    kept = [truncated_matrix(n, Logits(*(h[step] for h in history)), direction) for step in looks]
    return np.array([probability_of(logits.T, n).mean() for logits in kept])


def draw(config: Memory, looks: np.ndarray, histories: dict[int, Logits], cut: Cut) -> Figure:
    figure = new_figure(DOUBLE, 3.6)
    axes = figure.subplots(2, len(histories), sharex=True, sharey="row", squeeze=False)
    for (above, below), (n, history) in zip(axes.T, histories.items(), strict=True):
        noise, difference = (values[looks] for values in singular_values(n, history))
        above.plot(looks, noise, color=ORANGE, label="noise, once")
        above.plot(looks, difference, color=BLUE, label=f"differences, {n - 1} time{'s' * (n > 2)}")
        above.set_title(f"n = {n}: noise is {order_in_words(n, config.alpha)}")
        above.legend(loc="upper left")
        below.plot(looks, whole(n, history, looks), color=GREY, label="whole memory")
        below.axhline(
            config.alpha, color="black", linewidth=0.8, linestyle=":", label=f"α = {config.alpha:g}"
        )
        draw_draws(below, looks, cut[n])
        below.set(xscale="log", xlabel="step of gradient descent", ylim=(0, 1))
    axes[0, 0].set_ylabel("singular values")
    axes[1, 0].set_ylabel("p(noise token)")
    handles, labels = axes[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def order_in_words(n: int, alpha: float) -> str:
    return "the least in the end" if is_least_in_the_end(n, alpha) else "the greatest in the end"


def draw_draws(ax: Axes, looks: np.ndarray, cut: np.ndarray) -> None:
    for k, row in enumerate(cut):
        label = "rank n − 1; a line for each draw of what is lost among equals" if k == 0 else None
        ax.plot(looks, row, color=PURPLE, linewidth=0.9, alpha=0.8, label=label)


def verdicts(numbers: Numbers) -> list[Verdict]:
    """Ratios of p(noise) at the end: rank n - 1 over the whole memory."""
    ratios = {
        n: np.array(numbers[CUT][str(n)])[:, -1] / numbers[WHOLE][str(n)][-1]
        for n in SIZES
        if str(n) in numbers[CUT]
    }
    return [
        agreement(
            "Rank n - 1 cures the noisy associative memory for n = 2 and 3 and not for n = 4",
            {
                f"n = {n}, {'cured' if n < CURED_FROM else 'not cured'}": one < 0.1
                if n < CURED_FROM
                else one >= 1
                for n, one in ratios.items()
            },
            note=f"Cured: p(noise) at least tenfold lower after {numbers['steps'][-1]} steps; not "
            "no lower. Orthonormal embeddings. Noise is least for n = 4 too at first, and truncation "
            "then helps. Later a difference is least; all are equal, so that rank n - 1 is not unique: "
            "each seed draws which difference is lost.",
        )
    ]
