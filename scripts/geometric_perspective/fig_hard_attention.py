"""Hard attention: exact partitions of a plane on which the query moves, as heads and context grow.

A last column has the same blocks with softmax, whose regions are proven.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from figure import Drawn, Numbers
from matplotlib.figure import Figure

from geometric_perspective.config import PLANES, Planes
from geometric_perspective.hard_cells import draw_hard
from geometric_perspective.planes import REACH, count_soft, partition, random_case, soft_partition
from geometric_perspective.trends import WORDS, growth_rate, listed
from geomtoy.plots.curved import draw_curved
from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.verdicts import Verdict
from geomtoy.views.hard_attention import HardCells

PRESETS = PLANES


def make(config: Planes, machine: object) -> Drawn:
    cases = {
        pair: [random_case(s, *pair) for s in range(config.seeds)]
        for pair in product(config.heads, config.contexts)
    }
    cells = {pair: [partition(case) for case in of] for pair, of in cases.items()}
    shape = len(config.heads), len(config.contexts), config.seeds
    every = [one for found in cells.values() for one in found]
    soft = [count_soft(case) for of in cases.values() for case in of]
    counts = np.reshape([one.regions if one.certified else np.nan for one in soft], shape)
    numbers = {
        "heads": config.heads,
        "contexts": config.contexts,
        "regions": np.reshape([len(one) for one in every], shape),
        "attention cells": np.reshape([len(one.polygons) for one in every], shape),
        "regions with softmax": listed(counts),
        "proven with softmax": np.mean(np.isfinite(counts)),
    }
    return Drawn(draw(config, {pair: found[0] for pair, found in cells.items()}), numbers, colours=96)


def draw(config: Planes, cells: dict[tuple[int, int], HardCells]) -> Figure:
    """Rows by heads, columns by context, and a column of soft blocks with the longest."""
    figure = new_figure(DOUBLE, 1.9 * len(config.heads))
    columns = len(config.contexts) + 1
    axes = figure.subplots(len(config.heads), columns, squeeze=False, sharex=True, sharey=True)
    for row, H in zip(axes, config.heads, strict=True):
        for ax, C in zip(row, config.contexts, strict=False):
            draw_hard(ax, cells[H, C])
            ax.set_title(f"context {C}, {H} head{'s' * (H > 1)}:\nexactly {len(cells[H, C])} regions")
        soft = soft_partition(random_case(0, H, config.contexts[-1]))
        draw_curved(row[-1], soft, linewidth=0.25)
        row[-1].set_title(f"the last, softmax:\nexactly {len(soft)} regions")
        row[0].set_ylabel("query, $v$")
    for ax in axes[-1]:
        ax.set_xlabel("query, $u$")
    for ax in axes.flat:
        ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[-REACH, 0, REACH], aspect="equal")
        ax.set_yticks([-REACH, 0, REACH])
    return figure


def verdicts(numbers: Numbers) -> list[Verdict]:
    untrained = "Untrained blocks, Gaussian tokens, own key masked"
    hard = [
        growth_rate(
            "Hard attention, our check of figure 5: regions of a plane on which the query moves grow",
            numbers, {name: numbers[name] for name in ("regions", "attention cells")}, along,
            note=f"{untrained}; counts are exact. Attention cells where all heads choose the same. A "
            "colour is that of the MLP's pattern; ties of scores, where the function jumps, are thick.",
        )
        for along in WORDS
    ]  # fmt: skip
    soft = [
        growth_rate(
            "Softmax on the same planes, our check of figure 5: regions grow",
            numbers, {"regions with softmax": numbers["regions with softmax"]}, along,
            note=f"{untrained}; {numbers['proven with softmax']:.1%} of the counts are proven.",
        )
        for along in WORDS
    ]  # fmt: skip
    return hard + soft
