"""One look for all figures, and files whose bytes change only when the figure does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler

SINGLE, DOUBLE = 3.3, 6.8
"""Widths in inches of a figure in one and in two columns of a page."""

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#666666"
"""Distinct for every common kind of colour blindness (after Okabe and Ito, and Tol)."""

STYLE: dict[Any, Any] = {
    "figure.dpi": 200,
    "savefig.dpi": 200,
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "geomtoy",  # the same picture, the same names in it
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, PURPLE, GREY]),
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Matplotlib's defaults and ours on top, whatever the user's own settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def new_figure(width: float = DOUBLE, height: float = 3.0) -> Figure:
    """An empty figure outside pyplot, in inches; call it inside `paper_style`."""
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Figure, stem: Path, *, pdf: bool = False) -> list[Path]:
    """Write stem.png, and stem.pdf if asked, without dates or versions inside; return the paths."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = {stem.with_name(stem.name + ".png"): {"Software": None}}
    if pdf:
        files[stem.with_name(stem.name + ".pdf")] = dict.fromkeys(
            ("CreationDate", "Creator", "Producer")
        )
    for path, metadata in files.items():
        figure.savefig(path, metadata=metadata)
    return list(files)
