"""Figure 5 for other encodings of time and other blocks: where its claim holds and where it does not."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from typing import Any

import numpy as np
from blocks import D_HEAD, block_arguments, counts_of, full, setting, trained
from figure import publish
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from trends import WORDS

from geomtoy.models.block import BlockConfig
from geomtoy.models.time_encoding import ENCODINGS
from geomtoy.plots.style import DOUBLE, new_figure, paper_style
from geomtoy.results import Verdict

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "LayerNorm": {"layer_norm": "mlp"},
    "no residual": {"residual": False},
    "LayerNorm, no residual": {"layer_norm": "mlp", "residual": False},
    "heads of size 16": {"d_head": 16},
}
SHORT = ("plain", "LayerNorm", "no residual")
STATES = ("initial", "trained")

Factors = dict[str, dict[str, np.ndarray]]
"""State of training -> "context" or "heads" -> (encodings, variants, the other size, seeds)."""

Counts = dict[str, np.ndarray]
"""State of training -> regions along time (encodings, variants, contexts, heads, seeds)."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = block_arguments(__doc__, seeds=2)
    parser.add_argument("--contexts", type=int, nargs=2, default=[10, 50])
    parser.add_argument("--heads", type=int, nargs=2, default=[1, 10])
    parser.add_argument("--encodings", choices=ENCODINGS, nargs="+", default=list(ENCODINGS))
    parser.add_argument("--variants", choices=VARIANTS, nargs="+", default=list(SHORT))
    parser.set_defaults(steps=300)
    args = parser.parse_args(argv)
    name = full(
        args,
        "fig5b_encodings",
        variants=list(VARIANTS),
        contexts=[10, 100],
        seeds=4,
        steps=1000,
        batch=0,
    )
    axes = args.encodings, args.variants, args.contexts, args.heads
    configs = [setting(args, block(*case)) for case in product(*axes)]
    found = counts_of(trained(args, configs), tuple(map(len, axes)))
    counts = {state: found[f"along time, {state}"] for state in STATES}
    factors = {state: growth_factors(one) for state, one in counts.items()}
    shown = {"contexts": args.contexts, "heads": args.heads, "encodings": args.encodings}
    config = {
        **asdict(configs[0]),
        **shown,
        "variants": {name: VARIANTS[name] for name in args.variants},
    }
    verdicts = [verdict(args, factors, along) for along in ("context", "heads")]
    with paper_style():
        publish(args, name, draw(args, counts, factors), config, counts, verdicts)


def block(encoding: str, variant: str, context: int, heads: int) -> BlockConfig:
    sizes = {"context_length": context, "n_heads": heads, "d_head": D_HEAD}
    return BlockConfig(encoding=encoding, **{**sizes, **VARIANTS[variant]})


def growth_factors(counts: np.ndarray) -> dict[str, np.ndarray]:
    """By what the count is multiplied from the smaller to the larger; the other one and seeds last."""
    few, many = counts[..., 0, :], counts[..., 1, :]
    short, long = counts[..., 0, :, :], counts[..., 1, :, :]
    return {"context": long / short, "heads": many / few}


def draw(args: argparse.Namespace, counts: Counts, factors: Factors) -> Figure:
    """A row an encoding and variant; counts beside the factors by which they grow."""
    rows, columns = len(args.encodings) * len(args.variants), 4
    figure = new_figure(DOUBLE, 1.0 + 0.19 * rows)
    left, right = figure.subplots(1, 2, width_ratios=[8, 5])
    means = np.hstack([counts[state].mean(axis=-1).reshape(rows, columns) for state in STATES])
    draw_table(left, means, "YlGnBu", LogNorm(means.min(), means.max()), "{:.0f}", len(args.variants))
    grown = np.stack(
        [mean_factor(factors[state][along]).ravel() for state in STATES for along in WORDS], axis=1
    )
    largest = max(*grown.ravel(), *(1 / grown).ravel(), 2.0)
    draw_table(right, grown, "PuOr", LogNorm(1 / largest, largest), "{:.2f}", len(args.variants))
    (short, long), (few, many) = args.contexts, args.heads
    panels = [f"{C}\n{H}" for C, H in product(args.contexts, args.heads)]
    left.set_xticks(range(8), 2 * panels)
    left.set_xlabel("context length, number of heads")
    right.set_xticks(range(4), 2 * [f"context\n{long} / {short}", f"heads\n{many} / {few}"])
    names = [f"{e if k == 0 else ''}   {v}" for e in args.encodings for k, v in enumerate(args.variants)]
    left.set_yticks(range(rows), names)
    right.set_yticks([])
    left.set_title("regions along time (estimate, mean over seeds)", pad=14)
    right.set_title("factor by which they grow", pad=14)
    return figure


def draw_table(ax: Axes, values: np.ndarray, colours: str, norm: LogNorm, form: str, group: int) -> None:
    """Numbers on their colours; half of the columns for either state, rows in groups."""
    image = ax.imshow(values, cmap=colours, norm=norm, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        light = image.to_rgba(value)[:3] @ np.array([0.299, 0.587, 0.114]) > 0.5
        colour = "black" if light else "white"
        ax.text(column, row, form.format(value), ha="center", va="center", color=colour, fontsize=6.5)
    half = values.shape[1] / 2
    for k, state in enumerate(STATES):
        ax.text((k + 0.5) * half - 0.5, -0.7, state, ha="center", va="bottom", fontsize=7.5)
    ax.axvline(half - 0.5, color="white", linewidth=3)
    for row in range(group, len(values), group):
        ax.axhline(row - 0.5, color="white", linewidth=3)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def mean_factor(factors: np.ndarray) -> np.ndarray:
    """Geometric mean over the other sizes and over seeds, the last two axes."""
    return np.exp(np.log(factors).mean(axis=(-2, -1)))


def verdict(args: argparse.Namespace, factors: Factors, along: str) -> Verdict:
    """Where counts grow in the mean, and for every seed and other size."""
    statistic = {}
    for state in STATES:
        found = factors[state][along]
        means, always = mean_factor(found), (found > 1).all(axis=(-2, -1))
        statistic[state] = {
            encoding: {
                variant: {"factor": means[i, j], "grows for every seed": bool(always[i, j])}
                for j, variant in enumerate(args.variants)
            }
            for i, encoding in enumerate(args.encodings)
        }
    grows = (factors["trained"][along] > 1).all(axis=(-2, -1))
    names = [name for name, row in zip(args.encodings, grows, strict=True) if row.all()]
    return Verdict(
        claim=f"Figures 4 and 5: regions along time grow with {WORDS[along]}, whatever the encoding of "
        "time, LayerNorm and residual",
        statistic={f"factor for {along}": statistic, "grows in every trained variant": names},
        seeds=args.seeds,
        spread={
            state: {"least": factors[state][along].min(), "greatest": factors[state][along].max()}
            for state in STATES
        },
        holds="holds" if grows.all() else "mixed" if grows.any() else "fails",
        note=f"{grows.sum()} of {grows.size} trained rows grow for every seed and both sizes of the "
        f"other; encodings in which all do: {', '.join(names) or 'none'}. Counts are estimates. "
        "Formulas: "
        + "; ".join(f"{name}: {ENCODINGS[name].formula}" for name in args.encodings)
        + f". Batches of {args.batch or args.bins} of {args.bins} times, {args.steps} steps.",
    )


if __name__ == "__main__":
    main()
