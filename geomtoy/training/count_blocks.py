"""Trains blocks and counts their regions along time, before and after: what the figures' sweeps run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.block_arrays import BlockArrays, unstack_blocks
from geomtoy.training.fit_block import BlockFitConfig, fit_block_arrays
from geomtoy.training.targets import target
from geomtoy.views.along_time import (
    count_regions_along,
    estimate_pattern_changes,
    estimate_regions_along,
)

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class CountConfig:
    """Blocks to train, and of how many trained ones to prove the counts: the first so many seeds."""

    fit: BlockFitConfig
    certify: int = 0

    @property
    def interval(self) -> tuple[float, float]:
        """The target's domain, where regions are counted."""
        return target(self.fit.target).domain[0]


def count_blocks(config: CountConfig) -> Arrays:
    """The arrays of `fit_block_arrays` and the counts of its blocks, seeds first.

    `regions` are those along time, `certified` whether they are proven, `borders` the times between
    them, padded with NaN; `pattern_changes` is the paper's count over the bins. `initial_regions` and
    `initial_pattern_changes` are the same of untrained blocks, never proven.
    """
    fit = fit_block_arrays(config.fit)
    return {**fit, **_counts(fit, config)}


def initial_blocks(arrays: Arrays) -> list[BlockArrays]:
    """The untrained blocks among the arrays of `fit_block_arrays`."""
    prefix = "initial_"
    return unstack_blocks({k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)})


def _counts(fit: Arrays, config: CountConfig) -> Arrays:
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
