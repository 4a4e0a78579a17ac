"""The noisy linear memory: its singular values through training, and what rank n - 1 leaves of noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from blocks import full
from figure import arguments, publish
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.instruments.margins import probability_of
from geomtoy.plots.style import BLUE, DOUBLE, GREY, ORANGE, PURPLE, new_figure, paper_style
from geomtoy.results import Verdict, spread
from geomtoy.theory.associative_memory import (
    Logits,
    descend,
    is_least_in_the_end,
    probabilities,
    singular_values,
    truncated_matrix,
)

SIZES = (2, 3, 4)
ALPHA, RATE, STEPS = 0.3, 1.0, 3000
LOOKS = np.unique(np.geomspace(1, STEPS, 60).astype(int))


def main(argv: Sequence[str] | None = None) -> None:
    args = arguments(__doc__, seeds=3).parse_args(argv)
    name = full(args, "fig_trunc_memory", seeds=10)
    histories = {n: descend(n, ALPHA, STEPS, RATE) for n in SIZES}
    found = {n: [after_truncation(n, history, seed) for seed in range(args.seeds)]
             for n, history in histories.items()}  # fmt: skip
    cut = {n: np.stack(rows) for n, rows in found.items()}
    config = {"alpha": ALPHA, "rate": RATE, "steps": STEPS, "sizes": SIZES}
    numbers = {
        "steps": LOOKS,
        "p(noise), rank n - 1 (seeds, steps), by n": cut,
        "p(noise), whole (steps), by n": {n: whole(n, h) for n, h in histories.items()},
        "singular values (noise, differences) at the end, by n": {
            n: [float(s[-1]) for s in singular_values(n, h)] for n, h in histories.items()
        },
    }
    with paper_style():
        publish(args, name, draw(histories, cut), config, numbers, [cure_verdict(histories, cut)])


def whole(n: int, history: Logits) -> np.ndarray:
    """p(noise) of the memory as it is, at `LOOKS`."""
    return probabilities(n, history)[LOOKS, 2]


def after_truncation(n: int, history: Logits, seed: int) -> np.ndarray:
    """p(noise) at rank n - 1, mean over inputs; the seed decides what is lost among equals."""
    direction = np.random.default_rng(seed).normal(size=n)
    kept = [truncated_matrix(n, Logits(*(h[step] for h in history)), direction) for step in LOOKS]
    return np.array([probability_of(logits.T, n).mean() for logits in kept])


def draw(histories: dict[int, Logits], cut: dict[int, np.ndarray]) -> Figure:
    figure = new_figure(DOUBLE, 3.6)
    axes = figure.subplots(2, len(SIZES), sharex=True, sharey="row")
    for (above, below), (n, history) in zip(axes.T, histories.items(), strict=True):
        noise, difference = (values[LOOKS] for values in singular_values(n, history))
        above.plot(LOOKS, noise, color=ORANGE, label="noise, once")
        above.plot(LOOKS, difference, color=BLUE, label=f"differences, {n - 1} time{'s' * (n > 2)}")
        above.set_title(f"n = {n}: noise is {order_in_words(n)}")
        above.legend(loc="upper left")
        draw_noise(below, n, history, cut[n])
        below.set(xscale="log", xlabel="step of gradient descent", ylim=(0, 1))
    axes[0, 0].set_ylabel("singular values")
    axes[1, 0].set_ylabel("p(noise token)")
    handles, labels = axes[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def order_in_words(n: int) -> str:
    return "the least in the end" if is_least_in_the_end(n, ALPHA) else "the greatest in the end"


def draw_noise(ax: Axes, n: int, history: Logits, cut: np.ndarray) -> None:
    ax.plot(LOOKS, whole(n, history), color=GREY, label="whole memory")
    ax.axhline(ALPHA, color="black", linewidth=0.8, linestyle=":", label="α = 0.3")
    for k, row in enumerate(cut):
        label = "rank n − 1; a line for each draw of what is lost among equals" if k == 0 else None
        ax.plot(LOOKS, row, color=PURPLE, linewidth=0.9, alpha=0.8, label=label)


def cure_verdict(histories: dict[int, Logits], cut: dict[int, np.ndarray]) -> Verdict:
    ratios = {n: cut[n][:, -1] / whole(n, history)[-1] for n, history in histories.items()}
    right = [bool((ratio < 0.1 if n < 4 else ratio >= 1).all()) for n, ratio in ratios.items()]
    return Verdict(
        claim="Rank n - 1 cures the noisy associative memory for n = 2 and 3 and not for n = 4",
        statistic={
            "p(noise), rank n - 1, mean over seeds": {n: p[:, -1].mean() for n, p in cut.items()},
            "p(noise), whole": {n: whole(n, history)[-1] for n, history in histories.items()},
            "noise least in the end, proven": {n: is_least_in_the_end(n, ALPHA) for n in histories},
        },
        seeds=len(cut[2]),
        spread={f"n = {n}, rank n - 1 over whole": spread(ratio) for n, ratio in ratios.items()},
        holds="holds" if all(right) else "mixed" if any(right) else "fails",
        note=f"Cured: p(noise) at least tenfold lower after {STEPS} steps; not cured: no lower. alpha "
        f"{ALPHA}, orthonormal embeddings. Noise is least for n = 4 too at first, and truncation then "
        "helps. Later a difference is least; all are equal, so that rank n - 1 is not unique: each seed "
        "draws which difference is lost.",
    )


if __name__ == "__main__":
    main()
