"""Figure 5 on planes: regions of trained softmax blocks over heads and contexts, each count proven."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.figure import Figure

from geometric_perspective.config import SLICES, Slices
from geometric_perspective.query_planes import WINDOW
from geometric_perspective.run_blocks import count_blocks
from geometric_perspective.trends import (
    WORDS,
    described,
    draw_means,
    exponents,
    growth_rate,
    listed,
    readable,
)
from geomtoy import Slice
from geomtoy.block_arrays import BlockArrays, unstack_blocks
from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.verdicts import Verdict
from geomtoy.views.plane import PlaneRegions, count_regions_on_plane

PRESETS = SLICES
MOVING = {"query": "the query moves", "context": "all tokens move"}


def make(config: Slices, machine: Machine) -> Drawn:
    runs = machine.run(count_blocks, config.runs, lambda run: run.cost)
    shape = len(config.heads), len(config.contexts), config.seeds
    blocks = [block for run in runs for block in unstack_blocks(run.arrays)]
    found = {moving: [count(block, config.points, moving) for block in blocks] for moving in MOVING}
    counts = {
        moving: np.reshape([one.regions if one.certified else np.nan for one in of], shape)
        for moving, of in found.items()
    }
    proven = {moving: np.mean([one.certified for one in of]) for moving, of in found.items()}
    sizes = {"heads": config.heads, "contexts": config.contexts, "times": config.points}
    at_least = {moving: np.reshape([one.at_least for one in of], shape) for moving, of in found.items()}
    kept = {moving: listed(of) for moving, of in counts.items()}
    numbers = {**sizes, "regions": kept, "at least": at_least, "proven": proven}
    return Drawn(draw(config, {**numbers, "regions": counts}), numbers)


def count(block: BlockArrays, points: tuple[float, float, float], moving: str) -> PlaneRegions:
    """Regions of the plane through what a block reads at three times, in a window about them."""
    tokens = block.tokens(np.array(points))
    if moving == "query":
        return count_regions_on_plane(
            block, Slice.through(*tokens[:, -1]), tokens=tokens[0, :-1], moving=moving, window=WINDOW
        )
    return count_regions_on_plane(block, Slice.through(*tokens), moving=moving, window=WINDOW)


def draw(config: Slices, numbers: Numbers) -> Figure:
    figure = new_figure(DOUBLE, 3.1)
    axes = figure.subplots(1, 2)
    for ax, (moving, name) in zip(axes, MOVING.items(), strict=True):
        counts = numbers["regions"][moving]
        for number, (H, row) in enumerate(zip(config.heads, counts, strict=True)):
            draw_means(ax, config.contexts, row, number, f"{H} head{'s' * (H > 1)}")
        slopes = exponents(numbers, counts)
        told = "\n".join(f"{along}: {described(values)}" for along, values in slopes.items())
        ax.set(title=f"{name}, exponents:\n{told}", xlabel="context length", xscale="log", yscale="log")
        ax.set_xticks(config.contexts, [*map(str, config.contexts)])
        readable(ax)
    axes[0].set_ylabel("regions on a plane, proven:\nmean and range")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def verdicts(numbers: Numbers) -> list[Verdict]:
    return [
        growth_rate(
            f"Figure 5, our check on planes: where {name}, the regions of a plane grow",
            numbers, {"proven regions": numbers["regions"][moving]}, along,
            note=f"Trained blocks of figure 5. The plane goes through what a block reads at the times "
            f"{', '.join(f'{t:g}' for t in numbers['times'])}; the window is three times as wide as the "
            f"way from one to another. Proven: {numbers['proven'][moving]:.1%} of the counts, and these "
            "alone count.",
        )
        for moving, name in MOVING.items()
        for along in WORDS
    ]  # fmt: skip
