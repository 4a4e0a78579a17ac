"""Trained models of noisy recall: the runs of a config, and how several figures draw them."""

from __future__ import annotations

from typing import Any

import numpy as np
from figure import Machine
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from geomtoy.store import Runs
from truncation.config import Recall
from truncation.run import run_recall

Of = Any
"""What a setting is known by: its share of noise, or which layers have an MLP."""


def trained(machine: Machine, config: Recall) -> dict[Of, Runs]:
    """The runs of each setting, one a seed."""
    return machine.run_seeds(run_recall, config.settings, config.seeds)


def chosen_by(runs: Runs, name: str) -> np.ndarray:
    """(seeds, rhos) p(correct) on sequences of their own, this matrix truncated: what shares are
    chosen by."""
    row = runs[0].arrays["table/names"].tolist().index(name)
    found: np.ndarray = runs.stacked("choice/p_correct")[:, row]
    return found


def rhos_of(config: Recall) -> tuple[float, ...]:
    """Shares of singular values that are kept."""
    return config.run(config.shown).rhos


def rho_label(rho: float) -> str:
    return {1.0: "full rank", 0.0: "MLP dropped"}.get(rho, f"ρ = {rho:g}")


def rho_colour(k: int, number: int) -> Any:
    """Dark is full rank, light is dropped."""
    return colormaps["plasma"](0.85 * k / max(1, number - 1))


def plain_log(axis: Axis) -> None:
    """A logarithmic axis whose ticks are written as numbers, without powers of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def draw_band(ax: Axes, x: np.ndarray, values: np.ndarray, **style: Any) -> None:
    """The mean of values (seeds, x) as a line, their range as a band."""
    (line,) = ax.plot(x, values.mean(axis=0), **style)
    if len(values) > 1:
        ax.fill_between(
            x, values.min(axis=0), values.max(axis=0), color=line.get_color(), alpha=0.2, linewidth=0
        )
