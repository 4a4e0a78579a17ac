"""Hard attention: exact partitions of a plane on which the query moves, as heads and context grow."""

from __future__ import annotations

from itertools import product

import numpy as np
from figure import Drawn, Numbers
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from scipy.special import softmax

from geometric_perspective.config import PLANES, Planes
from geometric_perspective.planes import REACH, Case, partition, random_case
from geometric_perspective.trends import growth_rate
from geomtoy.block_arrays import BlockArrays
from geomtoy.plots.colours import pattern_colours
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.verdicts import Verdict
from geomtoy.views.hard_attention import HardCells

PRESETS = PLANES
PIXELS = 300


def make(config: Planes, machine: object) -> Drawn:
    cells = {
        pair: [partition(random_case(s, *pair)) for s in range(config.seeds)]
        for pair in product(config.heads, config.contexts)
    }
    shape = len(config.heads), len(config.contexts), config.seeds
    every = [one for found in cells.values() for one in found]
    numbers = {
        "heads": config.heads,
        "contexts": config.contexts,
        "regions": np.reshape([len(one) for one in every], shape),
        "attention cells": np.reshape([len(one.polygons) for one in every], shape),
    }
    return Drawn(draw(config, {pair: found[0] for pair, found in cells.items()}), numbers)


def draw(config: Planes, cells: dict[tuple[int, int], HardCells]) -> Figure:
    """Rows by heads, columns by context, and a column of soft blocks with the longest."""
    figure = new_figure(DOUBLE, 1.9 * len(config.heads))
    columns = len(config.contexts) + 1
    axes = figure.subplots(len(config.heads), columns, squeeze=False, sharex=True, sharey=True)
    for row, H in zip(axes, config.heads, strict=True):
        for ax, C in zip(row, config.contexts, strict=False):
            draw_cells(ax, cells[H, C])
            ax.set_title(f"context {C}, {H} head{'s' * (H > 1)}:\nexactly {len(cells[H, C])} regions")
        draw_soft(row[-1], random_case(0, H, max(config.contexts)))
        row[-1].set_title(f"the last, softmax:\n{PIXELS}² samples")
        row[0].set_ylabel("query, $v$")
    for ax in axes[-1]:
        ax.set_xlabel("query, $u$")
    for ax in axes.flat:
        ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[-REACH, 0, REACH], aspect="equal")
        ax.set_yticks([-REACH, 0, REACH])
    return figure


def draw_cells(ax: Axes, cells: HardCells) -> None:
    """The MLP's borders thin, ties of scores, where the function jumps, thick."""
    for piece in cells.pieces:
        draw_partition(ax, piece, linewidth=0.25)
    outlines = [np.array([[float(x) for x in corner] for corner in one]) for one in cells.polygons]
    closed = [np.vstack([one, one[:1]]) for one in outlines]
    ax.add_collection(LineCollection(closed, colors="black", linewidths=0.9), autolim=False)


def draw_soft(ax: Axes, case: Case) -> None:
    """The pattern at the middle of each pixel, in the colour that a cell of it has beside."""
    block, tokens, plane = case
    middle = REACH * (np.arange(PIXELS) + 0.5 - PIXELS / 2) / (PIXELS / 2)
    origin, u, v = (np.array(vector, float) for vector in (plane.origin, plane.u, plane.v))
    rows = [soft_patterns(block, tokens, origin + middle[:, None] * u + t * v) for t in middle]
    image = pattern_colours(np.concatenate(rows)).reshape(PIXELS, PIXELS, 3)
    ax.imshow(image, origin="lower", extent=(-REACH, REACH, -REACH, REACH), interpolation="nearest")


def soft_patterns(block: BlockArrays, tokens: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Activation patterns (n, hidden) of queries (n, d) that attend softly, and not to themselves."""
    scores = np.einsum("nd,hdf,hef,te->nht", queries, block.W_Q, block.W_K, tokens, optimize=True)
    attended = np.einsum(
        "nht,td,hdf,hfe->ne", softmax(scores, axis=-1), tokens, block.W_V, block.W_O, optimize=True
    )
    return block.mlp.preactivations(queries + attended)[0] > 0


def verdicts(numbers: Numbers) -> list[Verdict]:
    return [
        growth_rate(
            "Hard attention, our check of figure 5: regions of a plane on which the query moves grow",
            numbers, {name: numbers[name] for name in ("regions", "attention cells")}, along,
            note="Untrained blocks, Gaussian tokens, own key masked; counts are exact. Attention cells "
            "where all heads choose the same. A colour is that of the MLP's pattern; ties of scores, "
            "where the function jumps, are thick. Soft blocks are sampled, never counted.",
        )
        for along in ("contexts", "heads")
    ]  # fmt: skip
