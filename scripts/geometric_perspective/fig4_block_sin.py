"""Figure 4: one-block transformers fitted to sin(t), their regions along time and their errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import product
from typing import Any

import numpy as np
from blocks import D_HEAD, block_arguments, full, setting, trained
from figure import publish
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from geomtoy.block_arrays import unstack_blocks
from geomtoy.models.block import BlockConfig
from geomtoy.models.time_encoding import ENCODINGS
from geomtoy.plots.functions import draw_bins, draw_fit, draw_joints, ticks_in_pi
from geomtoy.plots.style import DOUBLE, GREY, ORANGE, new_figure, paper_style
from geomtoy.results import Result, Verdict, spread

LOW, HIGH = -2 * np.pi, 2 * np.pi
BINS = np.linspace(LOW, HIGH, 33)
T = np.linspace(LOW, HIGH, 4001)

Found = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> None:
    parser = block_arguments(__doc__)
    parser.add_argument("--contexts", type=int, nargs=2, default=[10, 100])
    parser.add_argument("--heads", type=int, nargs=2, default=[1, 10])
    parser.add_argument("--encoding", choices=ENCODINGS, default="from_query")
    args = parser.parse_args(argv)
    name = full(args, "fig4_block_sin", seeds=8, batch=0)
    proven = args.seeds if args.full else 1
    panels = list(product(args.contexts, args.heads))
    blocks = [
        BlockConfig(context_length=C, n_heads=H, d_head=D_HEAD, encoding=args.encoding)
        for C, H in panels
    ]
    configs = [setting(args, block, certify=proven) for block in blocks]
    results = trained(args, configs)
    names = [f"context {C}, {H} head{'s' * (H > 1)}" for C, H in panels]
    numbers = dict(zip(names, map(measure, results), strict=True))
    verdicts = [growth_verdict(args, numbers), error_verdict(numbers)]
    with paper_style():
        figure = draw(numbers, results)
        record = dict(zip(names, map(asdict, configs), strict=True))
        publish(args, name, figure, record, numbers, verdicts)


def measure(result: Result) -> Found:
    """Counts in the domain and in each bin, and errors on a fine grid, seeds first."""
    arrays = result.arrays
    errors = np.array([block(T) - np.sin(T) for block in unstack_blocks(arrays)])
    return {
        "regions": arrays["regions"],
        "certified": arrays["certified"],
        "pattern_changes": arrays["pattern_changes"],
        "regions_per_bin": [1 + np.histogram(b[np.isfinite(b)], BINS)[0] for b in arrays["borders"]],
        "rmse": np.sqrt((errors**2).mean(axis=1)),
        "max_error": np.abs(errors).max(axis=1),
    }


def draw(numbers: dict[str, Found], results: Sequence[Result]) -> Figure:
    figure = new_figure(DOUBLE, 4.6)
    axes = figure.subplots(3, 4, sharex=True, sharey="row", height_ratios=[3, 2, 2])
    for column, (name, found), result in zip(axes.T, numbers.items(), results, strict=True):
        draw_column(column, found, result)
        how = "exactly" if found["certified"][0] else "an estimate of"
        column[0].set_title(f"{name}:\n{how} {found['regions'][0]} regions")
    axes[0, 0].set(ylabel="value", ylim=(-1.3, 1.2))
    axes[1, 0].set_ylabel("regions in each\nbin of width π/8")
    axes[2, 0].set(ylabel="|error|", ylim=(1e-5, 1))
    figure.align_ylabels(axes[:, 0])
    handles = [h for ax in axes[:, 0] for h in ax.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), columnspacing=1.2)
    return figure


def draw_column(axes: Iterable[Axes], found: Found, result: Result) -> None:
    """The first seed, and the range over all."""
    fit, bins, error = axes
    y = unstack_blocks(result.arrays)[0](T)
    draw_fit(fit, T, np.sin(T), y)
    draw_joints(fit, result.arrays["borders"][0], "region borders")
    draw_bins(bins, BINS, np.array(found["regions_per_bin"]))
    error.semilogy(T, np.abs(y - np.sin(T)), color=ORANGE, linewidth=0.4)
    error.axhline(found["rmse"][0], color="black", linewidth=0.9, linestyle="--", label="RMSE")
    low, high = min(found["rmse"]), max(found["rmse"])
    error.axhspan(low, high, color=GREY, alpha=0.3, linewidth=0, label="its range over seeds")
    error.set(xlabel="time t", xlim=(LOW, HIGH))
    ticks_in_pi(error, -2, 2)


def growth_verdict(args: Any, numbers: dict[str, Found]) -> Verdict:
    """Each of the four neighbouring pairs of panels, seed by seed."""
    short_one, short_many, long_one, long_many = (found["regions"] for found in numbers.values())
    (short, long), (one, many) = args.contexts, args.heads
    ratios = {
        f"context {long} over {short}, heads {one}": long_one / short_one,
        f"context {long} over {short}, heads {many}": long_many / short_many,
        f"heads {many} over {one}, context {short}": short_many / short_one,
        f"heads {many} over {one}, context {long}": long_many / long_one,
    }
    wins = [bool((ratio > 1).all()) for ratio in ratios.values()]
    certified = np.concatenate([found["certified"] for found in numbers.values()])
    return Verdict(
        claim="Figure 4: longer context and more heads make more regions of the MLP along time "
        f"(encoding {args.encoding})",
        statistic=ratios,
        seeds=len(short_one),
        spread={name: spread(ratio) for name, ratio in ratios.items()},
        holds="holds" if all(wins) else "mixed" if any(wins) else "fails",
        note="It holds if all four ratios are above 1 for every seed. Of the "
        f"{certified.size} counts {certified.sum()}, the picture's first, are proven exact for the "
        "stored parameters; the others are estimates in float64. The paper names no encoding of time "
        "and the claim depends on it (see fig5b_encodings): here frequencies are "
        f"{ENCODINGS[args.encoding].formula}; counted back from the query, each token that is added is "
        f"a faster sinusoid. Heads have size {D_HEAD} whatever their number.",
    )


def error_verdict(numbers: dict[str, Found]) -> Verdict:
    """Over the panels, seed by seed."""
    pairs = np.array([[found["regions"], found["rmse"]] for found in numbers.values()])
    of_seeds = [spearmanr(*pairs[:, :, s].T).statistic for s in range(pairs.shape[2])]
    mean = np.mean(of_seeds)
    return Verdict(
        claim="Figure 4, our check: of the four panels, those with more regions have smaller errors",
        statistic={"rank correlation of regions and RMSE": of_seeds},
        seeds=len(of_seeds),
        spread={"rank correlation": spread(of_seeds)},
        holds="holds" if mean <= -0.5 else "fails" if mean > 0 else "mixed",
    )


if __name__ == "__main__":
    main()
