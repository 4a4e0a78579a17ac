"""A film of the curved borders of a softmax block while it learns, each frame proven.

Writes OUT/film_soft_block.gif, and .mp4 where ffmpeg is installed. Left: the regions of the plane on
which the query moves, and what the query is at three times. Right: what the block has learned, and the
number of its regions, which a title calls proven or a lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from figure import ROOT
from film import draw_counts, picture_of, write_film
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from geomtoy import Slice
from geomtoy.block_arrays import BlockArrays, unstack_blocks
from geomtoy.models.block import BlockConfig
from geomtoy.plots.curved import draw_curved
from geomtoy.plots.style import BLUE, ORANGE, new_figure, paper_style
from geomtoy.store import Result, run
from geomtoy.training.targets import target
from geomtoy.views import enumerate_regions_on_plane

NAME = "film_soft_block"
WINDOW = ((-1, -1), (2, -1), (2, 2), (-1, 2))
POINTS = ((0, 0), (1, 0), (0, 1))
"""On the plane, what the query is at the three times."""


@dataclass(frozen=True)
class Film:
    """
    Args:
        heads, context, hidden: sizes of the block.
        steps: of Adam.
        every: steps between two frames.
        target: a function of time.
        times: three, whose queries the plane goes through.
    """

    heads: int = 4
    context: int = 10
    hidden: int = 24
    steps: int = 400
    every: int = 20
    target: str = "chirp"
    times: tuple[float, float, float] = (0.5, 1.8, 3.0)

    @property
    def block(self) -> BlockConfig:
        return BlockConfig(n_heads=self.heads, d_head=4, context_length=self.context, hidden=self.hidden)

    @property
    def place(self) -> dict[str, Any]:
        """Plane, tokens that stand still, as they are at the first of the times, and window."""
        angle = np.array(self.times)[:, None, None] * self.block.frequencies()
        tokens = np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)
        return {"plane": Slice.through(*tokens[:, -1]), "tokens": tokens[0, :-1], "window": WINDOW}


def main(
    film: Annotated[Film, tyro.conf.arg(name="")] = Film(),
    out: Path = ROOT / "out",
    results: Path = ROOT / "results",
    fps: int = 4,
) -> None:
    """
    Args:
        film: what is trained and shown.
        out: folder of the film.
        results: folder of what was computed before, the store.
        fps: frames a second.
    """
    write_film(NAME, draw(film, run(train, [film], results)[0]), out, fps)


def train(config: Film) -> dict[str, np.ndarray]:
    """Blocks and proven counts of one run, every so many steps."""
    import jax  # only here: redrawing needs none of it

    from geomtoy.training import BlockFitConfig, BlockRegionCallback, FitConfig, fit_block

    training = FitConfig(config.steps, learning_rate=1e-2, seeds=1)
    with jax.enable_x64(True):
        watch = BlockRegionCallback(config.every, blocks=True, **config.place)
        fit_block(BlockFitConfig(config.block, training, config.target, bins=400), callback=watch)
    return {name: a if name == "step" else a[0] for name, a in watch.arrays().items()}


def draw(config: Film, result: Result) -> list[Image.Image]:
    """One picture for each block that was kept."""
    arrays = {name: result.arrays[name] for name in result.arrays}
    with paper_style():
        return [
            picture_of(drawn(config, arrays, k, block)) for k, block in enumerate(unstack_blocks(arrays))
        ]


def drawn(config: Film, arrays: Mapping[str, np.ndarray], k: int, block: BlockArrays) -> Figure:
    """The frame of the k-th block."""
    figure = new_figure(6.4, 3.4)
    axes = figure.subplot_mosaic([["plane", "learned"], ["plane", "counts"]], width_ratios=[1.25, 1])
    draw_plane(axes["plane"], config, block, proven=bool(arrays["certified"][k]))
    said = "{} regions, proven," if arrays["certified"][k] else "at least {} regions"
    axes["plane"].set_title(f"{said.format(arrays['regions'][k])} at step {arrays['step'][k]}")
    draw_learned(axes["learned"], config, block)
    draw_counts(axes["counts"], arrays["step"], arrays["regions"], k)
    axes["counts"].set_title("number of regions on the plane")
    return figure


def draw_plane(ax: Axes, config: Film, block: BlockArrays, *, proven: bool) -> None:
    """The cells, or an empty window where they are not proven."""
    if proven:
        draw_curved(ax, enumerate_regions_on_plane(block, **config.place), linewidth=0.5)
    ax.plot(*zip(*POINTS, strict=True), "o", color="black", markerfacecolor="white", markersize=3.5)
    ax.set(
        xticks=[], yticks=[], xlabel="query, $u$; dots: the query at three times", ylabel="query, $v$"
    )


def draw_learned(ax: Axes, config: Film, block: BlockArrays) -> None:
    """The block's output over time, and the target; dots at the times that the plane goes through."""
    goal = target(config.target)
    t = goal.grid(400)
    ax.plot(t[:, 0], goal(t)[:, 0], color=ORANGE, linestyle="--", linewidth=0.8, label="target")
    ax.plot(t[:, 0], block(t[:, 0]), color=BLUE, linewidth=1.0, label="block")
    times = np.array(config.times)
    ax.plot(times, block(times), "o", color="black", markerfacecolor="white", markersize=3.5)
    ax.set(ylim=(-2, 2), xlabel="time $t$", title="target (dashed) and block")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
