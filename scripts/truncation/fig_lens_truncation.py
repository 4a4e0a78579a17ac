"""Does truncation cut regions? Exact regions between tokens, patterns in use and intrinsic dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from geomtoy.instruments.truncation import factors
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, PURPLE, new_figure
from geomtoy.verdicts import Verdict, difference, ratio
from geomtoy.views.low_rank import enumerate_low_rank_triangle
from geomtoy.views.token_lens import true_to_scale
from truncation.config import LENS, Lens
from truncation.lens import (
    LOW,
    MATRIX,
    Seen,
    choose_triples,
    look,
    rank_measures,
    stack,
    step_measures,
)
from truncation.trained import draw_band, trained

PRESETS = LENS
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


MOVED = 1.25
"""The factor from which a measure counts as moved."""
BY_RANK, ALONG = "by rank (seeds, ranks)", "along training (seeds, steps)"


def make(config: Lens, machine: Machine) -> Drawn:
    runs = trained(machine, config)[config.shown]
    seen = [look(result) for result in runs]
    triples = [choose_triples(result, config.triangles) for result in runs]
    ranks = (config.d_model, *(rank for rank in RANKS if rank < config.d_model))
    by_rank = stack([
        rank_measures(result, one[config.steps], ranks, some)
        for result, one, some in zip(runs, seen, triples, strict=True)
    ])  # fmt: skip
    along = stack([
        step_measures(result, one, some)
        for result, one, some in zip(runs, seen, triples, strict=True)
    ])  # fmt: skip
    steps = list(seen[0])
    numbers = {
        "ranks": ranks, BY_RANK: by_rank, "steps": steps, ALONG: along, "triangles": config.triangles,
    }  # fmt: skip
    figure = draw(config, seen[0][config.steps], triples[0][0], ranks, by_rank, steps, along)
    return Drawn(figure, numbers)


JUMPS = {
    "regions": "exact regions of triangles between tokens",
    "patterns": "activation patterns in use",
    "ID, layer 0": "intrinsic dimension of layer 0",
    "ID, layer 1": "intrinsic dimension of layer 1",
}


def verdicts(numbers: Numbers) -> list[Verdict]:
    by_rank, along = (
        {key: np.array(values) for key, values in numbers[which].items()} for which in (BY_RANK, ALONG)
    )
    cut = [cut_verdict(key, numbers["ranks"], by_rank) for key in ("regions", "patterns")]
    return [*cut, *(jump_verdict(key, numbers["steps"], along) for key in JUMPS)]


def cut_verdict(key: str, ranks: Sequence[int], by_rank: Mapping[str, np.ndarray]) -> Verdict:
    """Whether the rank that brings most of the gain in recall takes regions away."""
    cures = [curing_place(row) for row in by_rank["p_correct"]]
    shares = by_rank[key] / by_rank[key][:, :1]
    return difference(
        f"Truncation that improves recall cuts the {JUMPS[key]} to half or less",
        {"share that is left": [row[k] for row, k in zip(shares, cures, strict=True)]},
        below=0.5,
        note="Looked at where the greatest rank stands that has nine tenths of the greatest gain of "
        f"p(correct) over all ranks, {', '.join(str(ranks[k]) for k in cures)} by seed. {KINDS[key]} "
        "The input matrix of the last MLP is truncated; the attention before it, and its intrinsic "
        "dimension, stay as they are. Toy scale.",
    )


KINDS = {
    "regions": "Exact, mean over triangles of what the MLP reads at random positions of the test.",
    "patterns": "An estimate: all positions of the test.",
}


def curing_place(p_correct: np.ndarray) -> int:
    """The first place with nine tenths of the greatest gain over the first."""
    gain = p_correct - p_correct[0]
    return int((gain >= 0.9 * gain.max()).argmax())


def jump_verdict(key: str, steps: Sequence[int], along: Mapping[str, np.ndarray]) -> Verdict:
    """Whether a measure moves by a quarter while p(correct) makes its jump, one way in all seeds."""
    p, values = along["p_correct"], along[key]
    starts = [int(np.flatnonzero(row < row[-1] / 10).max(initial=0)) for row in p]
    change = np.array([row[-1] / row[k] for row, k in zip(values, starts, strict=True)])
    rises = np.log(change).mean() > 0
    return ratio(
        f"The jump in recall is seen in the {JUMPS[key]}",
        {f"{'end over start' if rises else 'start over end'}": change if rises else 1 / change},
        above=MOVED,
        note="The jump goes from the last kept step at which p(correct) is below a tenth of its final "
        f"value, {', '.join(str(steps[k]) for k in starts)} seed by seed, to the end. Seen is a change "
        "by a quarter or more, the way that the mean goes. Toy scale.",
    )


def draw(
    config: Lens, seen: Seen, triple: np.ndarray, ranks: Sequence[int],
    by_rank: dict[str, np.ndarray], steps: Sequence[int], along: dict[str, np.ndarray],
) -> Figure:  # fmt: skip
    figure = new_figure(DOUBLE, 4.8)
    upper, lower = cast(Sequence[Figure], figure.subfigures(2, 1, height_ratios=(1.1, 1)))
    above, below = upper.subplots(1, 3), lower.subplots(1, 4, width_ratios=(1.5, 1, 1, 1))
    whole = seen.mid[triple].astype(float)
    corners = whole.mean(axis=0) + (whole - whole.mean(axis=0)) / ZOOM
    for ax, rank in zip(above, (config.d_model, *DRAWN), strict=True):
        regions = draw_triangle(ax, seen, rank, corners)
        ax.set_title(f"{'full rank' if rank == config.d_model else 'rank'} {rank}: {regions} regions")
    draw_shares(below[0], ranks, by_rank)
    draw_regions(below[1], config, steps, along)
    draw_dimensions(below[2], steps, along)
    draw_recall(below[3], steps, along)
    for ax in below[:3]:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), borderaxespad=0, fontsize=6.5)
    figure.suptitle(
        "Activation regions of the last MLP, its input matrix truncated; above in the middle "
        f"1/{ZOOM} of the triangle\nbetween three tokens (α = {config.shown:g}, width {config.d_model}, "
        f"{4 * config.d_model} units)", fontsize=8,
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
    ax.set_xticks(places, [str(rank) for rank in ranks], fontsize=6.5)
    ax.set(xlabel="rank of the input matrix", ylabel="share of full rank", ylim=(0, None))


def draw_regions(ax: Axes, config: Lens, steps: Sequence[int], along: dict[str, np.ndarray]) -> None:
    for key, label, colour in (
        ("regions", f"full rank {config.d_model}", BLUE), ("regions, low rank", f"rank {LOW}", PURPLE)
    ):  # fmt: skip
        draw_band(ax, np.array(steps), along[key], color=colour, marker="o", label=label)
    ax.set(xlabel="step", ylabel="regions of a triangle", ylim=(0, None), xlim=(0, steps[-1]))


def draw_dimensions(ax: Axes, steps: Sequence[int], along: dict[str, np.ndarray]) -> None:
    for layer, colour in ((0, GREEN), (1, ORANGE)):
        values = along[f"ID, layer {layer}"]
        draw_band(ax, np.array(steps), values, color=colour, marker="o", label=f"layer {layer}")
    ax.set(xlabel="step", ylabel="intrinsic dimension", ylim=(0, None), xlim=(0, steps[-1]))


def draw_recall(ax: Axes, steps: Sequence[int], along: dict[str, np.ndarray]) -> None:
    draw_band(ax, np.array(steps), along["p_correct"], color=GREY, marker="o")
    ax.set(xlabel="step", ylabel="p(correct), full rank", ylim=(0, 1), xlim=(0, steps[-1]))
