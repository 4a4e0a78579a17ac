"""Hard attention: exact partitions of a plane on which the query moves, as heads and context grow."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product

import numpy as np
from figure import arguments, publish
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from trends import trend_verdict

from geomtoy import Network, Slice
from geomtoy.block_arrays import BlockArrays
from geomtoy.plots.colours import pattern_colours
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import DOUBLE, new_figure, paper_style
from geomtoy.results import Verdict
from geomtoy.views.hard_attention import HardCells, enumerate_hard_attention

D_MODEL, D_HEAD, HIDDEN = 16, 4, 16
REACH = 3
WINDOW = ((-REACH, -REACH), (REACH, -REACH), (REACH, REACH), (-REACH, REACH))
PIXELS = 300

Case = tuple[BlockArrays, np.ndarray, Slice]
"""A hard block, the tokens (C - 1, d) that stand still, and the query's plane."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = arguments(__doc__, seeds=3)
    parser.add_argument("--heads", type=int, nargs="+", default=[1, 3, 10])
    parser.add_argument("--contexts", type=int, nargs="+", default=[3, 10, 30])
    args = parser.parse_args(argv)
    cells = {
        pair: [partition(random_case(s, *pair)) for s in range(args.seeds)]
        for pair in product(args.heads, args.contexts)
    }
    shape = len(args.heads), len(args.contexts), args.seeds
    every = [one for found in cells.values() for one in found]
    counts = {
        "regions": np.reshape([len(one) for one in every], shape),
        "attention cells": np.reshape([len(one.polygons) for one in every], shape),
    }
    config = {"heads": args.heads, "contexts": args.contexts, "seeds": args.seeds, "window": WINDOW}
    config |= {"d_model": D_MODEL, "d_head": D_HEAD, "hidden": HIDDEN}
    verdicts = [verdict(args, counts, along) for along in ("context", "heads")]
    with paper_style():
        figure = draw(args, {pair: found[0] for pair, found in cells.items()})
        publish(args, "fig_hard_attention", figure, config, counts, verdicts)


def random_case(seed: int, n_heads: int, context: int) -> Case:
    """Untrained; of one seed, fewer heads or tokens are the first of more, so that some are added."""

    def normal(stream: int, *shape: int) -> np.ndarray:
        return np.random.default_rng([seed, stream]).normal(size=shape)

    d, f = D_MODEL, D_HEAD
    Q, K, V = (normal(stream, n_heads, d, f) / np.sqrt(d) for stream in range(3))
    out = normal(3, n_heads, f, d) / np.sqrt(n_heads * f)
    first = normal(4, HIDDEN, d) * np.sqrt(2 / d), normal(5, HIDDEN) / 2
    mlp = Network([first, (normal(6, 1, HIDDEN), np.zeros(1))])
    block = BlockArrays(np.ones((context, d // 2)), Q, K, V, out, mlp, hard=True)
    u, v = np.linalg.qr(normal(7, d, 2))[0].T
    return block, normal(8, context - 1, d), Slice(tuple(normal(9, d)), tuple(u), tuple(v))


def partition(case: Case) -> HardCells:
    block, tokens, plane = case
    found: HardCells = enumerate_hard_attention(block, tokens, plane, window=WINDOW, linear=False).cells
    return found


def draw(args: argparse.Namespace, cells: dict[tuple[int, int], HardCells]) -> Figure:
    """Rows by heads, columns by context, and a column of soft blocks with the longest."""
    figure = new_figure(DOUBLE, 1.9 * len(args.heads))
    columns = len(args.contexts) + 1
    axes = figure.subplots(len(args.heads), columns, squeeze=False, sharex=True, sharey=True)
    for row, H in zip(axes, args.heads, strict=True):
        for ax, C in zip(row, args.contexts, strict=False):
            draw_cells(ax, cells[H, C])
            ax.set_title(f"context {C}, {H} head{'s' * (H > 1)}:\nexactly {len(cells[H, C])} regions")
        draw_soft(row[-1], random_case(0, H, max(args.contexts)))
        row[-1].set_title(f"the last with softmax:\nestimate, {PIXELS}² samples")
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
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    attended = np.einsum("nht,td,hdf,hfe->ne", weights, tokens, block.W_V, block.W_O, optimize=True)
    return block.mlp.preactivations(queries + attended)[0] > 0


def verdict(args: argparse.Namespace, counts: dict[str, np.ndarray], along: str) -> Verdict:
    return trend_verdict(
        "Hard attention, our check of figure 5: regions of a plane on which the query moves grow",
        counts, args.heads, args.contexts, along, decisive=("regions",),
        note="Untrained blocks, Gaussian tokens, own key masked; counts are exact. Attention cells are "
        "where all heads choose the same. A colour is that of the MLP's pattern; ties of scores, where "
        "the function jumps, are thick. Soft blocks are sampled, never counted.",
    )  # fmt: skip


if __name__ == "__main__":
    main()
