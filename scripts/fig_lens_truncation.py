"""Does truncation cut regions? Exact regions between tokens, patterns in use and intrinsic dimension."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from blocks import full
from figure import publish
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from recall_lens import (
    LOW,
    MATRIX,
    Seen,
    choose_triples,
    look,
    rank_measures,
    stack,
    step_measures,
)
from truncation import FULL, draw_band, record, setting, trained, truncation_arguments

from geomtoy.instruments.truncation import factors
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure, paper_style
from geomtoy.results import Verdict, spread
from geomtoy.views.low_rank import enumerate_low_rank_triangle
from geomtoy.views.token_lens import true_to_scale

RANKS = (32, 16, 8, 4, 3, 2, 1, 0)
"""Besides the full one."""
DRAWN = (LOW, 2)
ZOOM = 4
"""How much smaller than the triangle between three tokens the one in its middle is that is drawn."""
MEASURES = {
    "regions": ("regions of a triangle", BLUE, "o"),
    "patterns": ("patterns in use", GREEN, "D"),
    "p_noise": ("p(noise token)", ORANGE, "s"),
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = truncation_arguments(__doc__)
    parser.add_argument("--triangles", type=int, default=8, help="whose regions are counted")
    args = parser.parse_args(argv)
    name = full(args, "fig_lens_truncation", **FULL, triangles=20)
    results = trained(args).last[args.shown]
    configs = [setting(args, args.shown, seed) for seed in range(args.seeds)]
    seen = [look(config, result) for config, result in zip(configs, results, strict=True)]
    triples = [choose_triples(result, args.triangles) for result in results]
    ranks = (args.d_model, *(rank for rank in RANKS if rank < args.d_model))
    by_rank = stack([
        rank_measures(config, result, one[args.steps], ranks, some)
        for config, result, one, some in zip(configs, results, seen, triples, strict=True)
    ])  # fmt: skip
    along = stack([
        step_measures(result, one, some)
        for result, one, some in zip(results, seen, triples, strict=True)
    ])  # fmt: skip
    steps = list(seen[0])
    numbers = {
        "ranks": ranks, "by rank (seeds, ranks)": by_rank,
        "steps": steps, "along training (seeds, steps)": along, "triangles": args.triangles,
    }  # fmt: skip
    verdicts = [
        *(cut_verdict(key, ranks, by_rank) for key in ("regions", "patterns")),
        *(jump_verdict(key, steps, along) for key in JUMPS),
    ]
    with paper_style():
        figure = draw(args, seen[0][args.steps], triples[0][0], ranks, by_rank, steps, along)
        publish(args, name, figure, record(args), numbers, verdicts)


JUMPS = {
    "regions": "exact regions of triangles between tokens",
    "patterns": "activation patterns in use",
    "ID, layer 1": "intrinsic dimension of layer 1",
    "ID, layer 2": "intrinsic dimension of layer 2",
}


def cut_verdict(key: str, ranks: Sequence[int], by_rank: dict[str, np.ndarray]) -> Verdict:
    """Whether the rank that brings most of the gain in recall takes regions away."""
    cures = [curing_place(row) for row in by_rank["p_correct"]]
    shares = by_rank[key] / by_rank[key][:, :1]
    left = np.array([row[k] for row, k in zip(shares, cures, strict=True)])
    return Verdict(
        claim=f"Truncation that improves recall cuts the {JUMPS[key]}",
        statistic={
            "greatest rank with nine tenths of the gain, each seed": [ranks[k] for k in cures],
            "share that is left there, each seed": left,
            "share that is left by rank, mean": by_name(ranks, shares.mean(axis=0)),
            "p(noise) by rank, mean": by_name(ranks, by_rank["p_noise"].mean(axis=0)),
        },
        seeds=len(left),
        spread={"share that is left": spread(left)},
        holds="holds" if (left <= 0.5).all() else "fails" if (left >= 0.75).all() else "mixed",
        note="Looked at where the greatest rank stands that has nine tenths of the greatest gain of "
        "p(correct) over all ranks. It holds if at most half is left there in each seed, and fails if "
        f"three quarters or more are. {KINDS[key]} The input matrix of the last MLP is truncated; the "
        "attention before it, and its intrinsic dimension, stay as they are. Toy scale.",
    )


KINDS = {
    "regions": "Exact, mean over triangles of what the MLP reads at random positions of the test.",
    "patterns": "An estimate: all positions of the test.",
}


def curing_place(p_correct: np.ndarray) -> int:
    """The first place with nine tenths of the greatest gain over the first."""
    gain = p_correct - p_correct[0]
    return int((gain >= 0.9 * gain.max()).argmax())


def by_name(ranks: Sequence[int], values: np.ndarray) -> dict[str, float]:
    return dict(zip(map(str, ranks), values.tolist(), strict=True))


def jump_verdict(key: str, steps: Sequence[int], along: dict[str, np.ndarray]) -> Verdict:
    """Whether a measure moves by a quarter while p(correct) makes its jump, one way in all seeds."""
    p, values = along["p_correct"], along[key]
    starts = [int(np.flatnonzero(row < row[-1] / 10).max(initial=0)) for row in p]
    change = np.array([row[-1] / row[k] - 1 for row, k in zip(values, starts, strict=True)])
    moves, one_way = np.abs(change) >= 0.25, len(set(np.sign(change))) == 1
    return Verdict(
        claim=f"The jump in recall is seen in the {JUMPS[key]}",
        statistic={
            "change over the jump, each seed": change,
            "last step before it, each seed": [steps[k] for k in starts],
        },
        seeds=len(values),
        spread={"change": spread(change)},
        holds="holds" if moves.all() and one_way else "mixed" if moves.any() else "fails",
        note="The jump goes from the last kept step at which p(correct) is below a tenth of its final "
        "value to the end. It holds if the measure changes by a quarter or more, one way, in each seed, "
        "and fails if it does in none. Toy scale.",
    )


def draw(
    args: argparse.Namespace, seen: Seen, triple: np.ndarray, ranks: Sequence[int],
    by_rank: dict[str, np.ndarray], steps: Sequence[int], along: dict[str, np.ndarray],
) -> Figure:  # fmt: skip
    figure = new_figure(DOUBLE, 5.0)
    above, below = figure.subplots(2, 3, height_ratios=(1.1, 1))
    whole = seen.mid[triple].astype(float)
    corners = whole.mean(axis=0) + (whole - whole.mean(axis=0)) / ZOOM
    for ax, rank in zip(above, (args.d_model, *DRAWN), strict=True):
        regions = draw_triangle(ax, seen, rank, corners)
        ax.set_title(f"{'full rank' if rank == args.d_model else 'rank'} {rank}: {regions} regions")
    draw_shares(below[0], ranks, by_rank)
    draw_regions(below[1], args, steps, along)
    draw_dimensions(below[2], steps, along)
    for ax in below:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.26), borderaxespad=0)
    figure.suptitle(
        "Activation regions of the last MLP, its input matrix truncated; above in the middle "
        f"1/{ZOOM} of the triangle\nbetween three tokens (α = {args.shown:g}, width {args.d_model}, "
        f"{4 * args.d_model} units)", fontsize=8,
    )  # fmt: skip
    return figure


def draw_triangle(ax: Axes, seen: Seen, rank: int, corners: np.ndarray) -> int:
    """True to scale, colours by the share of units that are on; returns the number of regions."""
    cells = enumerate_low_rank_triangle(*factors(seen.arrays[MATRIX], rank), corners)
    to_scale = true_to_scale(corners)
    polygons = [cells.polygon(k) @ to_scale for k in range(len(cells))]
    share = cells.activation_patterns.mean(axis=1)
    shade = (share - share.min()) / max(np.ptp(share), 1e-9)
    ax.add_collection(
        PolyCollection(polygons, facecolors=colormaps["cividis"](shade), antialiased=False,
                       rasterized=True)
    )  # fmt: skip
    borders = (cells.vertices @ to_scale)[cells.edges]
    ax.add_collection(LineCollection(borders, colors="black", linewidths=0.25))
    ax.autoscale()
    ax.set(aspect="equal")
    ax.set_axis_off()
    return len(cells)


def draw_shares(ax: Axes, ranks: Sequence[int], by_rank: dict[str, np.ndarray]) -> None:
    """Each measure over that of the full model, rank by rank."""
    places = np.arange(len(ranks))
    for key, (label, colour, marker) in MEASURES.items():
        share = by_rank[key] / by_rank[key][:, :1]
        draw_band(ax, places, share, color=colour, marker=marker, label=label)
    ax.set_xticks(places, [str(rank) for rank in ranks])
    ax.set(xlabel="rank of the MLP's input matrix", ylabel="share of the full model's", ylim=(0, None))


def draw_regions(
    ax: Axes, args: argparse.Namespace, steps: Sequence[int], along: dict[str, np.ndarray]
) -> None:
    for key, label, colour in (
        ("regions", f"full rank {args.d_model}", BLUE), ("regions, low rank", f"rank {LOW}", PURPLE)
    ):  # fmt: skip
        draw_band(ax, np.array(steps), along[key], color=colour, marker="o", label=label)
    ax.set(xlabel="step", ylabel="regions of a triangle", ylim=(0, None), xlim=(0, steps[-1]))


def draw_dimensions(ax: Axes, steps: Sequence[int], along: dict[str, np.ndarray]) -> None:
    for layer, colour in ((1, GREEN), (2, ORANGE)):
        values = along[f"ID, layer {layer}"]
        draw_band(ax, np.array(steps), values, color=colour, marker="o", label=f"layer {layer}")
    ax.set(xlabel="step", ylabel="intrinsic dimension", ylim=(0, None), xlim=(0, steps[-1]))
    right = ax.twinx()
    draw_band(right, np.array(steps), along["p_correct"], color=GREY, linestyle=":")
    right.spines["right"].set_visible(True)
    right.set(ylim=(0, 1), ylabel="p(correct), dotted")


if __name__ == "__main__":
    main()
