"""Correlations with intervals for every seed, and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from geomtoy.instruments.partial_correlation import (
    bootstrap_interval,
    correlation_given_shots,
    pooled_correlation,
)
from geomtoy.plots.style import GREEN, ORANGE, PURPLE

Statistic = Callable[..., np.ndarray]
"""Arrays (seeds, prompts, ...) -> (seeds,)."""

KINDS: dict[str, Statistic] = {
    "shots pooled": pooled_correlation,
    "given shots": correlation_given_shots,
}
LOOKS = {
    "shots pooled": (PURPLE, "s"),
    "given shots": (GREEN, "o"),
    "given shots, changed answers": (ORANGE, "^"),
}


@dataclass(frozen=True)
class Cell:
    """A statistic in each seed, with its 95 % interval, prompts drawn again."""

    values: list[float]
    low: list[float]
    high: list[float]

    @property
    def numbers(self) -> dict[str, Any]:
        """For a figure's record; one value a seed."""
        return {"values": self.values, "95 % intervals": [*zip(self.low, self.high, strict=True)]}


def cell(statistic: Statistic, *arrays: np.ndarray, resamples: int) -> Cell:
    """Of arrays (seeds, prompts, ...)."""
    intervals = [
        bootstrap_interval(statistic, *one, resamples=resamples) for one in zip(*arrays, strict=True)
    ]
    low, high = zip(*intervals, strict=True)
    return Cell(statistic(*arrays).tolist(), [*low], [*high])


def last_minus_first(statistic: Statistic) -> Statistic:
    """Of arrays whose last axis are layers: the statistic in the last layer minus that in the first."""

    def difference(by_layer: np.ndarray, right: np.ndarray) -> np.ndarray:
        found: np.ndarray = statistic(by_layer[..., -1], right) - statistic(by_layer[..., 0], right)
        return found

    return difference


def draw_by_layer(ax: Axes, found: Mapping[str, list[Cell]]) -> None:
    """Correlations by kind and layer: every seed with its interval, side by side."""
    kinds = len(found)
    for number, (kind, cells) in enumerate(found.items()):
        colour, marker = LOOKS[kind]
        seeds = len(cells[0].values)
        places = (number + (np.arange(seeds) + 0.5) / seeds * 0.8 + 0.1) / kinds * 0.8 - 0.4
        for layer, one in enumerate(cells):
            values = np.array(one.values)
            reach = [values - one.low, np.array(one.high) - values]
            ax.errorbar(
                layer + places, values, reach, fmt=marker, color=colour, markersize=2.5,
                elinewidth=0.8, label=kind if layer == 0 else None,
            )  # fmt: skip
    ax.axhline(0, color="black", linewidth=0.6)
    ax.set_xticks(range(len(cells)))
    ax.set(xlabel="layer")
