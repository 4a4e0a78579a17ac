"""Correlations in every seed with the interval of their mean, and how they are judged and drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from geomtoy.instruments.bootstrap import hierarchical_interval
from geomtoy.instruments.partial_correlation import correlation_given_shots, pooled_correlation
from geomtoy.verdicts import Verdict, difference, equivalence, interval

Statistic = Callable[..., np.ndarray]
"""Arrays (*n, prompts, shots, ...) -> (*n,)."""
Kept = Mapping[str, Any]
"""A `Cell` in a figure's record."""
MARGIN = 0.1
"""A correlation below it explains less than a hundredth."""

KINDS: dict[str, Statistic] = {
    "shots pooled": pooled_correlation,
    "given shots": correlation_given_shots,
}
HOW_SURE = (
    "The interval is that of Student over seeds, widened to that of a bootstrap which draws seeds again "
    "and the prompts of each."
)


@dataclass(frozen=True)
class Cell:
    """A statistic of prompts.

    Args:
        values: (seeds,) NaN where a seed is no evidence.
        resampled: interval of the mean when seeds and their prompts are drawn again; None without seeds.
    """

    values: np.ndarray
    resampled: tuple[float, float] | None

    @property
    def numbers(self) -> dict[str, Any]:
        """For a figure's record: None where a seed is no evidence."""
        kept = [None if np.isnan(one) else one for one in self.values]
        return {"values": kept, "by drawing again": self.resampled}


def cell(statistic: Statistic, *arrays: np.ndarray, learned: np.ndarray, resamples: int) -> Cell:
    """Of arrays (seeds, prompts, shots, ...), over the seeds that have learned their task.

    Args:
        resamples: times that the prompts of each seed are drawn again.
    """
    values = np.where(learned, statistic(*arrays), np.nan)
    if not learned.any():
        return Cell(values, None)
    kept = [array[learned] for array in arrays]
    return Cell(values, hierarchical_interval(statistic, *kept, within=resamples))


def last_minus_first(statistic: Statistic) -> Statistic:
    """Of arrays whose first has layers last: the statistic in the last layer minus that in the first."""

    def difference(by_layer: np.ndarray, *others: np.ndarray) -> np.ndarray:
        found: np.ndarray = statistic(by_layer[..., -1], *others) - statistic(by_layer[..., 0], *others)
        return found

    return difference


def above_zero(claim: str, parts: Mapping[str, Kept], note: str) -> Verdict:
    """Whether kept cells lie above 0."""
    values, drawn = judged(parts)
    return difference(claim, values, above=0.0, resampled=drawn, note=f"{note} {HOW_SURE}")


def near_zero(claim: str, parts: Mapping[str, Kept], note: str) -> Verdict:
    """Whether kept cells lie within `MARGIN`, which the claim states."""
    values, drawn = judged(parts)
    return equivalence(claim, values, margin=MARGIN, resampled=drawn, note=f"{note} {HOW_SURE}")


def judged(parts: Mapping[str, Kept]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """By part: one number a seed, and the interval by drawing again."""
    values = {name: np.array(kept["values"], float) for name, kept in parts.items()}
    return values, {name: kept["by drawing again"] for name, kept in parts.items()}


def draw_cells(
    ax: Axes,
    at: np.ndarray,
    cells: list[Cell],
    colour: str,
    marker: str,
    label: str,
    *,
    flat: bool = False,
) -> None:
    """Means with their intervals over faint seeds, at these places along x or, if flat, along y."""

    def line(place: float, values: np.ndarray | list[float], **look: Any) -> None:
        places = [place] * len(values)
        ax.plot(*((values, places) if flat else (places, values)), color=colour, **look)

    seeds = {"marker": "|" if flat else "_", "alpha": 0.4, "markeredgewidth": 0.6, "markersize": 5}
    for place, one in zip(at, cells, strict=True):
        found = interval(one.values, one.resampled)
        line(place, one.values, linestyle="", **seeds)
        if np.isfinite(found.high):
            line(place, [found.low, found.high], linewidth=1.2)
        line(place, [found.mean], marker=marker, markersize=4, linestyle="")
    ax.plot([], [], marker, color=colour, markersize=4, label=label)
