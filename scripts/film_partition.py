"""A film of a partition that moves while a network learns a function of two variables.

Writes OUT/film_partition.gif, and .mp4 where ffmpeg is installed. Left: the regions, coloured by
activation pattern, with the zero set of the network (exact) and of the target. Right: their number.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from figure import ROOT
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from geomtoy import Network, enumerate_level_set, enumerate_regions
from geomtoy.models.stack import unstack_networks
from geomtoy.plots.level_set import draw_level_set
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import BLUE, GREY, ORANGE, new_figure, paper_style
from geomtoy.store import Result, run
from geomtoy.writing import written_aside

NAME, DPI, ACTIVATION = "film_partition", 100, "relu"
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
    out.mkdir(parents=True, exist_ok=True)
    gif = out / f"{NAME}.gif"
    write_gif(gif, frames, fps)
    print(f"{NAME}: {len(frames)} frames, {gif.stat().st_size:,} bytes")
    if shutil.which("ffmpeg"):
        write_mp4(out / f"{NAME}.mp4", frames, fps)


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
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(DPI)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])


def draw_counts(ax: Axes, steps: np.ndarray, regions: np.ndarray, k: int) -> None:
    ax.plot(steps, regions, color=GREY, alpha=0.35, linewidth=0.8)
    ax.plot(steps[: k + 1], regions[: k + 1], color=BLUE)
    ax.plot(steps[k], regions[k], "o", color=BLUE)
    ax.set(xlabel="training step", title="number of activation regions, exact", ylim=(0, None))


def write_gif(path: Path, frames: Sequence[Image.Image], fps: int) -> None:
    """All frames with one palette, that of the first and last of them, and no dithering."""
    both = np.concatenate([np.asarray(frames[0]), np.asarray(frames[-1])])
    palette = Image.fromarray(both).quantize(256, dither=Image.Dither.NONE)
    indexed = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in frames]
    rest, times = indexed[1:], [1000 // fps] * (len(indexed) - 1) + [2000]
    with written_aside(path) as aside:
        indexed[0].save(aside, save_all=True, append_images=rest, duration=times, loop=0, optimize=True)


def write_mp4(path: Path, frames: Sequence[Image.Image], fps: int) -> None:
    """The same frames through ffmpeg."""
    width, height = frames[0].size
    with written_aside(path) as aside:
        subprocess.run(
            [
                "ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
                "-s", f"{width}x{height}", "-r", str(fps), "-i", "-", "-pix_fmt", "yuv420p",
                "-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", str(aside),
            ],
            input=b"".join(picture.tobytes() for picture in frames), check=True,
        )  # fmt: skip


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
