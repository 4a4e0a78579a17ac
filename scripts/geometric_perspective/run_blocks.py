"""The runs of figures 4 and 5: blocks learn sin(t), and regions along time are counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.block_arrays import BlockArrays, unstack_blocks
from geomtoy.store import Runs
from geomtoy.training.blocks import BlockFitConfig, fit_block_arrays
from geomtoy.training.targets import target
from geomtoy.views.along_time import TimeRegions, count_regions_along, estimate_pattern_changes

Arrays = dict[str, np.ndarray]

COUNTS = {
    "along time, initial": "initial_regions",
    "along time, trained": "regions",
    "pattern changes, initial": "initial_pattern_changes",
    "pattern changes, trained": "pattern_changes",
}
"""Kind of count and state of training -> its name among the arrays of `count_blocks`."""
PROOFS = {"initial": "initial_certified", "trained": "certified"}
"""State of training -> whether its counts along time are proven."""


@dataclass(frozen=True)
class BlockRun:
    """Blocks to train; regions of each are counted with proof, before and after."""

    fit: BlockFitConfig

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

    `regions` are those along time, `certified` whether they are proven (an estimate stands where the
    proof stopped), `borders` the times between them, padded with NaN; `pattern_changes` is the paper's
    count over the bins. `initial_regions` and so on are the same of untrained blocks.
    """
    fit = fit_block_arrays(config.fit)
    return {**fit, **_counts(fit, config)}


def counts_of(runs: Runs, grid: tuple[int, ...]) -> Arrays:
    """Each of `COUNTS` as an array (*grid, seeds); NaN where regions along time are not proven.

    "proven" is the share of counts along time, of trained and of untrained blocks, that are.
    """
    found = {name: runs.stacked(key).astype(float) for name, key in COUNTS.items()}
    proven = {state: runs.stacked(key).astype(bool) for state, key in PROOFS.items()}
    for state, certified in proven.items():
        found[f"along time, {state}"][~certified] = np.nan
    share = np.mean([certified.mean() for certified in proven.values()])
    return {name: a.reshape(*grid, -1) for name, a in found.items()} | {"proven": np.array(share)}


def initial_blocks(arrays: Arrays) -> list[BlockArrays]:
    """The untrained blocks among the arrays of `fit_block_arrays`."""
    prefix = "initial_"
    return unstack_blocks({k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)})


def _counts(fit: Arrays, config: BlockRun) -> Arrays:
    trained, initial = unstack_blocks(fit), initial_blocks(fit)
    before = {f"initial_{name}": array for name, array in _counted(initial, config).items()}
    return {**_counted(trained, config), **before}


def _counted(blocks: list[BlockArrays], config: BlockRun) -> Arrays:
    interval, bins = config.interval, config.fit.bins
    found = [count_regions_along(block, interval) for block in blocks]
    changes = [estimate_pattern_changes(block, interval, bins=bins) for block in blocks]
    return {
        "regions": np.array([one.regions for one in found]),
        "certified": np.array([one.certified for one in found]),
        "borders": _padded(found),
        "pattern_changes": np.array([one.regions for one in changes]),
    }


def _padded(found: list[TimeRegions]) -> np.ndarray:
    """Borders (seeds, most), filled up with NaN."""
    borders = np.full((len(found), max(len(one.borders) for one in found)), np.nan)
    for row, one in zip(borders, found, strict=True):
        row[: len(one.borders)] = one.borders
    return borders
