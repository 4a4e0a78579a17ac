"""A film of a partition that moves while a network learns a function of two variables.

Writes OUT/film_partition.gif, and .mp4 where ffmpeg is installed. Left: the regions, coloured by
activation pattern, with the zero set of the network (exact) and of the target. Right: their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from figure import ROOT
from film import draw_counts, picture_of, write_film
from PIL import Image

from geomtoy import Network, enumerate_level_set, enumerate_regions
from geomtoy.models.stack import unstack_networks
from geomtoy.plots.level_set import draw_level_set
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import ORANGE, new_figure, paper_style
from geomtoy.store import Result, run

NAME, ACTIVATION = "film_partition", "relu"
GRID = np.linspace(-1, 1, 201)


@dataclass(frozen=True)
class Film:
    """
    Args:
        widths: of the hidden layers.
        steps: of Adam.
        every: steps between two frames.
        target: a function of two variables.
        points: along each axis, to train on.
    """

    widths: tuple[int, ...] = (16, 16)
    steps: int = 900
    every: int = 45
    target: str = "rings"
    points: int = 32


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
    frames = draw(run(train, [film], results)[0])
    write_film(NAME, frames, out, fps)


def train(config: Film) -> dict[str, np.ndarray]:
    """Networks and counts of one run, every so many steps, and the target on a grid."""
    import jax  # only here: redrawing needs none of it

    from geomtoy.models.mlp import MLP, MLPConfig
    from geomtoy.training.regression import FitConfig, fit
    from geomtoy.training.targets import target
    from geomtoy.watching import RegionCallback

    function, watch = target(config.target), RegionCallback(config.every, networks=True)
    model = MLPConfig(2, config.widths, 1, ACTIVATION, bias_scale=0.5)
    x, training = function.grid(config.points), FitConfig(config.steps, learning_rate=1e-2, seeds=1)
    with jax.enable_x64(True):
        found = fit(
            lambda rngs: MLP(model, rngs=rngs), x, function(x), training, callback=watch, progress=True
        )
    points = np.stack(np.meshgrid(GRID, GRID), axis=-1).reshape(-1, 2)
    truth = function(points).reshape(len(GRID), len(GRID))
    return {name: a if name == "step" else a[0] for name, a in watch.arrays().items()} | {
        "loss": found.loss[0],
        "target": truth,
    }


def draw(result: Result) -> list[Image.Image]:
    """One picture for each network that was kept."""
    arrays = {name: result.arrays[name] for name in result.arrays}
    networks = unstack_networks(result.arrays, ACTIVATION)
    with paper_style():
        return [frame(arrays, k, network) for k, network in enumerate(networks)]


def frame(arrays: Mapping[str, np.ndarray], k: int, network: Network) -> Image.Image:
    figure = new_figure(6.4, 3.2)
    partition, counts = figure.subplots(1, 2, width_ratios=[1, 1.1])
    draw_partition(partition, enumerate_regions(network), linewidth=0.4)
    draw_level_set(partition, enumerate_level_set(network), linewidth=1.8)
    partition.contour(GRID, GRID, arrays["target"], [0], colors=ORANGE, linewidths=1.0, linestyles="--")
    partition.plot([], [], color="black", linewidth=1.8, label="network = 0")
    partition.plot([], [], color=ORANGE, linewidth=1.0, linestyle="--", label="target = 0")
    partition.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2)
    partition.set(
        xticks=[], yticks=[], title=f"{arrays['regions'][k]} regions at step {arrays['step'][k]}"
    )
    draw_counts(counts, arrays["step"], arrays["regions"], k)
    return picture_of(figure)


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
