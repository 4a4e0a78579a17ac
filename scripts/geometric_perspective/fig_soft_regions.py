"""From soft to hard: regions of trained softmax blocks on a plane, proven, beside hard attention."""

from __future__ import annotations

from typing import Any

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import PercentFormatter

from geometric_perspective.config import SOFT_PLANES, SoftPlanes
from geometric_perspective.hard_cells import draw_hard
from geometric_perspective.query_planes import QueryPlane
from geometric_perspective.run_blocks import count_blocks
from geometric_perspective.trends import (
    WORDS,
    described,
    draw_means,
    exponents,
    growth_rate,
    listed,
    power,
    readable,
)
from geomtoy.block_arrays import unstack_blocks
from geomtoy.errors import ProofError
from geomtoy.plots.curved import draw_curved
from geomtoy.plots.style import BLUE, DOUBLE, GREY, new_figure
from geomtoy.verdicts import Verdict, difference, equivalence, trend

PRESETS = SOFT_PLANES
ALIKE = 0.1
"""Counts are called alike within this share."""
SMALL = 7
"""Size of the letters above panels."""
DOT: dict[str, Any] = {
    "marker": "o", "color": "black", "markerfacecolor": "white", "markersize": 2.5, "linestyle": "",
}  # fmt: skip
POINTS = ((0, 0), (1, 0), (0, 1))
"""On the plane, what the query is at the three times."""

Planes = dict[tuple[int, int], list[QueryPlane]]
"""(heads, context) -> one a seed."""


def make(config: SoftPlanes, machine: Machine) -> Drawn:
    runs = machine.run(count_blocks, config.runs, lambda run: run.cost)
    planes = {
        pair: [
            QueryPlane.through(block, config.points, config.max_patches)
            for block in unstack_blocks(run.arrays)
        ]
        for pair, run in zip(config.pairs, runs, strict=True)
    }
    numbers = {**over_heads_and_context(config, planes), **over_sharpness(config, planes)}
    return Drawn(draw(config, planes, numbers), numbers, colours=96)


def over_heads_and_context(config: SoftPlanes, planes: Planes) -> Numbers:
    """Counts (heads, contexts, seeds) with softmax, None where not proven, and with hard attention."""
    shape = len(config.heads), len(config.contexts), config.seeds
    soft = [one.count() for of in planes.values() for one in of]
    hard = [len(one.hard_cells()) for of in planes.values() for one in of]
    counts = np.reshape([one.regions if one.certified else np.nan for one in soft], shape)
    return {
        "heads": config.heads,
        "contexts": config.contexts,
        "times": config.points,
        "softmax": listed(counts),
        "softmax, at least": np.reshape([one.at_least for one in soft], shape),
        "hard attention": np.reshape(hard, shape),
        "proven": np.mean([one.certified for one in soft]),
    }


def over_sharpness(config: SoftPlanes, planes: Planes) -> Numbers:
    """Of the blocks that are sharpened: counts and shares unlike hard attention (sharpness, seeds)."""
    sharpened = [[one.sharper(s) for one in planes[config.sharpened]] for s in config.sharpness]
    found = [[one.count() for one in row] for row in sharpened]
    counts = np.array([[one.regions if one.certified else np.nan for one in row] for row in found])
    return {
        "sharpness": config.sharpness,
        "sharpened": config.sharpened,
        "sharpened, regions": listed(counts),
        "sharpened, at least": [[one.at_least for one in row] for row in found],
        "sharpened, hard attention": [len(one.hard_cells()) for one in planes[config.sharpened]],
        "sharpened, unlike hard": [[one.unlike_hard() for one in row] for row in sharpened],
        "sharpened, proven": np.mean(np.isfinite(counts)),
    }


def draw(config: SoftPlanes, planes: Planes, numbers: Numbers) -> Figure:
    """Soft beside hard for few and many heads and tokens; one block ever sharper; all in numbers."""
    heads = sorted({config.heads[0], config.heads[-1]})
    figure = new_figure(DOUBLE, 1.85 * len(heads) + 1.65 + 2.55)
    grid = figure.add_gridspec(len(heads) + 2, 1, height_ratios=[1.85] * len(heads) + [1.65, 2.55])
    *rows, sharper, counts = [figure.add_subfigure(grid[k]) for k in range(len(heads) + 2)]
    for row, H in zip(rows, heads, strict=True):
        draw_pairs(row, [(H, C) for C in (config.contexts[0], config.contexts[-1])], planes)
    draw_sharper(sharper, config, planes[config.sharpened][0])
    draw_counts(counts, config, numbers)
    return figure


def draw_pairs(row: SubFigure, pairs: list[tuple[int, int]], planes: Planes) -> None:
    """Each block of the first seed, soft and hard."""
    axes = row.subplots(1, 2 * len(pairs), sharex=True, sharey=True)
    for (H, C), soft, hard in zip(pairs, axes[::2], axes[1::2], strict=True):
        one, size = planes[H, C][0], f"{H} head{'s' * (H > 1)}, context {C}"
        soft.set_title(f"{size}, softmax:\n{draw_soft(soft, one)}", fontsize=SMALL)
        hard.set_title(f"the same, hard attention:\n{draw_hardened(hard, one)}", fontsize=SMALL)
    axes[0].set_ylabel("query, $v$")
    for ax in axes:
        marked(ax)
        ax.set_xlabel("query, $u$")


def draw_sharper(row: SubFigure, config: SoftPlanes, one: QueryPlane) -> None:
    """One block with scores times each factor, and hard."""
    H, C = config.sharpened
    *axes, last = row.subplots(1, len(config.sharpness) + 1, sharex=True, sharey=True)
    for ax, s in zip(axes, config.sharpness, strict=True):
        ax.set_title(f"scores × {s:g}:\n{draw_soft(ax, one.sharper(s))}", fontsize=SMALL)
    last.set_title(f"hard:\n{draw_hardened(last, one)}", fontsize=SMALL)
    for ax in (*axes, last):
        marked(ax)
        ax.set_xlabel("query, $u$")
    axes[0].set_ylabel(f"{H} head{'s' * (H > 1)}, context {C}\nquery, $v$")


def draw_soft(ax: Axes, one: QueryPlane) -> str:
    """Cells if they are proven, else an empty window; what can be said of their number."""
    try:
        cells = one.cells()
    except ProofError:
        ax.set(xlim=(-1, 2), ylim=(-1, 2), aspect="equal", facecolor="#dddddd")
        return f"at least {one.count().at_least} regions"
    draw_curved(ax, cells, linewidth=0.3)
    return f"{len(cells)} regions, proven"


def draw_hardened(ax: Axes, one: QueryPlane) -> str:
    cells = one.hard_cells()
    draw_hard(ax, cells, tie_width=0.7)
    return f"{len(cells)} regions, exact"


def marked(ax: Axes) -> None:
    """Where the query is at the three times."""
    ax.plot(*zip(*POINTS, strict=True), **DOT)
    ax.set(xticks=[-1, 0, 1, 2], yticks=[-1, 0, 1, 2])


def draw_counts(row: SubFigure, config: SoftPlanes, numbers: Numbers) -> None:
    soft, hard, ratio, unlike = row.subplots(1, 4)
    hard.sharey(soft)
    for ax, kind in ((soft, "softmax"), (hard, "hard attention")):
        values = np.array(numbers[kind], float)
        for number, (H, counts) in enumerate(zip(config.heads, values, strict=True)):
            draw_means(ax, config.contexts, counts, number, f"{H} head{'s' * (H > 1)}")
        slopes = exponents(numbers, values)
        told = "\n".join(f"{along}: {described(of)}" for along, of in slopes.items())
        ax.set_title(f"{kind}, exponents:\n{told}", fontsize=SMALL)
        ax.set(xlabel="context length", xscale="log", yscale="log")
        ax.set_xticks(config.contexts, [*map(str, config.contexts)])
        readable(ax)
    soft.set_ylabel("regions: mean and range")
    soft.plot([], [], **DOT, label=f"query at the times {', '.join(f'{t:g}' for t in config.points)}")
    row.legend(*soft.get_legend_handles_labels(), loc="outside lower left", ncols=5)
    draw_ratio(ratio, numbers)
    draw_seeds(unlike, numbers, np.array(numbers["sharpened, unlike hard"]))
    unlike.set_title("other patterns than with\nhard attention, sampled", fontsize=SMALL)
    unlike.set_ylabel("share of the plane")
    unlike.set_ylim(0, None)
    unlike.yaxis.set_major_formatter(PercentFormatter(1, 0))


def draw_ratio(ax: Axes, numbers: Numbers) -> None:
    """Counts of softmax over that of hard attention; a triangle where only a lower bound is proven."""
    ratio = np.array(numbers["sharpened, at least"]) / np.array(numbers["sharpened, hard attention"])
    draw_seeds(ax, numbers, ratio)
    open_ones = np.isnan(np.array(numbers["sharpened, regions"], float))
    where = np.array(numbers["sharpness"])[np.nonzero(open_ones)[0]]
    ax.plot(where, ratio[open_ones], "^", color=GREY, markersize=3)
    ax.axhline(1, color="black", linewidth=0.7, linestyle="--")
    ax.set_title("regions with softmax by\nthose with hard attention", fontsize=SMALL)
    ax.set_ylabel("ratio: each seed, mean")
    ax.set_ylim(0, None)


def draw_seeds(ax: Axes, numbers: Numbers, values: np.ndarray) -> None:
    """Each seed thin, their mean thick, over sharpness."""
    x = numbers["sharpness"]
    ax.plot(x, values, color=GREY, alpha=0.5, linewidth=0.6)
    ax.plot(x, values.mean(axis=1), color=BLUE, marker="o", markersize=3.5)
    ax.set(xscale="log", xlabel="factor on scores")
    ax.set_xticks(x, [f"{s:g}" for s in x])
    ax.minorticks_off()


def verdicts(numbers: Numbers) -> list[Verdict]:
    times = ", ".join(f"{t:g}" for t in numbers["times"])
    setting = (
        f"The plane goes through what the query of a trained block is at the times {times}; its own key "
        f"is held where it is at the first. Proven: {numbers['proven']:.1%} of the counts with softmax, "
        "and these alone count; those with hard attention are exact."
    )
    growing = [
        growth_rate(
            f"Figure 5 on planes, {kind}: regions of a trained block where the query moves grow",
            numbers, {f"regions, {kind}": numbers[kind]}, along, note=setting,
        )
        for kind in ("softmax", "hard attention")
        for along in WORDS
    ]  # fmt: skip
    return growing + soft_to_hard(numbers)


def soft_to_hard(numbers: Numbers) -> list[Verdict]:
    H, C = numbers["sharpened"]
    sharpness, counts = numbers["sharpness"], np.array(numbers["sharpened, regions"], float)
    note = (
        f"Trained blocks with {H} head{'s' * (H > 1)} and context {C}, scores times "
        f"{', '.join(f'{s:g}' for s in sharpness)}. Proven: {numbers['sharpened, proven']:.1%} of the "
        "counts, and these alone count. Where hard attention jumps, softmax passes through all between "
        "in a strip, and each unit that is on at one side alone has its border in it: thin regions that "
        "hard attention does not have."
    )
    beyond = counts[-1] / np.array(numbers["sharpened, hard attention"]) - 1
    return [
        difference(
            "From soft to hard: the sharper the scores, the more regions a trained block has",
            {"exponent of regions in sharpness": power(sharpness, counts)}, above=0.0, note=note,
        ),
        equivalence(
            f"From soft to hard: with scores times {sharpness[-1]:g} softmax has as many regions as "
            f"hard attention, within {ALIKE:.0%}",
            {"softmax / hard attention - 1": beyond}, margin=ALIKE, note=note,
        ),
        trend(
            "From soft to hard: the sharper the scores, the smaller the part of the plane on which "
            "patterns differ from those of hard attention",
            sharpness, {"share of the plane": numbers["sharpened, unlike hard"]}, falling=True,
            note=f"{note} Shares are sampled, on a grid of points.",
        ),
    ]  # fmt: skip
