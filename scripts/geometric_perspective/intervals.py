"""Statistics with intervals for every seed, the verdicts that they decide, and how they are drawn."""

from __future__ import annotations

import argparse
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
from geomtoy.results import Verdict, spread

Statistic = Callable[..., np.ndarray]

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
    """A statistic in each seed, with its 95 % interval."""

    values: list[float]
    low: list[float]
    high: list[float]

    def most(self, true_of: Callable[[float, float], bool]) -> bool:
        """Whether it is true of the intervals of more than half of the seeds."""
        return 2 * sum(map(true_of, self.low, self.high)) > len(self.values)


Cells = dict[str, Cell]
"""By task, and by threshold or context where these vary."""


def above_zero(low: float, high: float) -> bool:
    return low > 0


def around_zero(low: float, high: float) -> bool:
    return low <= 0 <= high


WORDS = {above_zero: "lies above 0", around_zero: "contains 0"}


def cell(args: argparse.Namespace, statistic: Statistic, *arrays: np.ndarray) -> Cell:
    """Of arrays (seeds, prompts, ...)."""
    values, low, high = [], [], []
    for one in zip(*arrays, strict=True):
        values.append(float(statistic(*(array[None] for array in one))[0]))
        interval = bootstrap_interval(statistic, *one, resamples=args.resamples)
        low.append(interval[0])
        high.append(interval[1])
    return Cell(values, low, high)


def last_minus_first(statistic: Statistic) -> Statistic:
    """Of arrays whose last axis are layers: the statistic in the last layer minus that in the first."""

    def difference(by_layer: np.ndarray, right: np.ndarray) -> np.ndarray:
        found: np.ndarray = statistic(by_layer[..., -1], right) - statistic(by_layer[..., 0], right)
        return found

    return difference


def sign_verdict(
    claim: str,
    cells: Mapping[str, Cell],
    note: str,
    *,
    true_of: Callable[[float, float], bool] = above_zero,
) -> Verdict:
    """Whether most seeds' intervals are above 0, or around it, in every cell."""
    true = [one.most(true_of) for one in cells.values()]
    return Verdict(
        claim=claim,
        statistic={name: float(np.mean(one.values)) for name, one in cells.items()},
        seeds=len(next(iter(cells.values())).values),
        spread={name: described(one) for name, one in cells.items()},
        holds="holds" if all(true) else "mixed" if any(true) else "fails",
        note=f"A cell is true if the 95 % interval, prompts drawn again, {WORDS[true_of]} in more than "
        f"half of the seeds; the claim holds if all cells are, fails if none is. {note}",
    )


def described(one: Cell) -> dict[str, Any]:
    return {**spread(one.values), "95 % intervals": list(zip(one.low, one.high, strict=True))}


def draw_by_layer(ax: Axes, found: Mapping[str, list[Cell]]) -> None:
    """Correlations by kind and layer: every seed with its interval, side by side."""
    kinds = len(found)
    for number, (kind, cells) in enumerate(found.items()):
        colour, marker = LOOKS[kind]
        seeds = len(cells[0].values)
        places = (number + (np.arange(seeds) + 0.5) / seeds * 0.8 + 0.1) / kinds * 0.8 - 0.4
        for layer, one in enumerate(cells, start=1):
            values = np.array(one.values)
            reach = [values - one.low, np.array(one.high) - values]
            ax.errorbar(
                layer + places, values, reach, fmt=marker, color=colour, markersize=2.5,
                elinewidth=0.8, label=kind if layer == 1 else None,
            )  # fmt: skip
    ax.axhline(0, color="black", linewidth=0.6)
    ax.set_xticks(range(1, len(cells) + 1))
    ax.set(xlabel="layer")
