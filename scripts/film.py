"""What every film is: frames from figures, counts along training beside them, and files that play."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from geomtoy.plots.style import BLUE, GREY
from geomtoy.writing import written_aside

DPI = 100


def write_film(name: str, frames: Sequence[Image.Image], out: Path, fps: int) -> None:
    """OUT/NAME.gif, and .mp4 where ffmpeg is installed."""
    out.mkdir(parents=True, exist_ok=True)
    gif = out / f"{name}.gif"
    write_gif(gif, frames, fps)
    print(f"{name}: {len(frames)} frames, {gif.stat().st_size:,} bytes")
    if shutil.which("ffmpeg"):
        write_mp4(out / f"{name}.mp4", frames, fps)


def picture_of(figure: Figure) -> Image.Image:
    """A figure as one frame."""
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
