"""The runs of figures 4 and 5: blocks learn sin(t), and regions along time are counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.block_arrays import BlockArrays, unstack_blocks
from geomtoy.store import Runs
from geomtoy.training.blocks import BlockFitConfig, fit_block_arrays
from geomtoy.training.targets import target
from geomtoy.views.along_time import (
    count_regions_along,
    estimate_pattern_changes,
    estimate_regions_along,
)

Arrays = dict[str, np.ndarray]

COUNTS = {
    "along time, initial": "initial_regions",
    "along time, trained": "regions",
    "pattern changes, initial": "initial_pattern_changes",
    "pattern changes, trained": "pattern_changes",
}
"""Kind of count and state of training -> its name among the arrays of `count_blocks`."""


@dataclass(frozen=True)
class BlockRun:
    """Blocks to train, and of how many trained ones to prove the counts: the first so many seeds."""

    fit: BlockFitConfig
    certify: int = 0

    @property
    def cost(self) -> float:
        """Time of a run, in a unit of its own."""
        return self.fit.cost

    @property
    def interval(self) -> tuple[float, float]:
        """The target's domain, where regions are counted."""
        return target(self.fit.target).domain[0]


def count_blocks(config: BlockRun) -> Arrays:
    """The arrays of `fit_block_arrays` and the counts of its blocks, seeds first.

    `regions` are those along time, `certified` whether they are proven, `borders` the times between
    them, padded with NaN; `pattern_changes` is the paper's count over the bins. `initial_regions` and
    `initial_pattern_changes` are the same of untrained blocks, never proven.
    """
    fit = fit_block_arrays(config.fit)
    return {**fit, **_counts(fit, config)}


def counts_of(runs: Runs, grid: tuple[int, ...]) -> Arrays:
    """Each of `COUNTS` as an array (*grid, seeds)."""
    return {name: runs.stacked(key).reshape(*grid, -1) for name, key in COUNTS.items()}


def initial_blocks(arrays: Arrays) -> list[BlockArrays]:
    """The untrained blocks among the arrays of `fit_block_arrays`."""
    prefix = "initial_"
    return unstack_blocks({k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)})


def _counts(fit: Arrays, config: BlockRun) -> Arrays:
    interval, bins = config.interval, config.fit.bins
    trained, initial = unstack_blocks(fit), initial_blocks(fit)
    found = [
        count_regions_along(block, interval)
        if s < config.certify
        else estimate_regions_along(block, interval)
        for s, block in enumerate(trained)
    ]
    longest = max(len(one.borders) for one in found)
    borders = np.full((len(found), longest), np.nan)
    for row, one in zip(borders, found, strict=True):
        row[: len(one.borders)] = one.borders
    return {
        "regions": np.array([one.regions for one in found]),
        "certified": np.array([one.certified for one in found]),
        "borders": borders,
        "pattern_changes": _pattern_changes(trained, interval, bins),
        "initial_regions": np.array([estimate_regions_along(b, interval).regions for b in initial]),
        "initial_pattern_changes": _pattern_changes(initial, interval, bins),
    }


def _pattern_changes(blocks: list[BlockArrays], interval: tuple[float, float], bins: int) -> np.ndarray:
    return np.array([estimate_pattern_changes(block, interval, bins=bins).regions for block in blocks])
