"""Trained models of chains: the runs of a config, and what several figures read of them."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np
from figure import Machine

from geomtoy.plots.style import BLUE, GREEN, ORANGE, PURPLE
from geomtoy.store import Result, Runs
from matching.config import Training
from matching.measure import ChainProbe
from matching.run import restore, run_chain

ORDER_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
"""Of 1, 2, 3 steps, or hops."""

LEARNED = 0.95
"""Held-out accuracy from which a number of steps counts as learned."""


def trained(machine: Machine, config: Training) -> dict[str, Runs]:
    """The runs of each setting, one a seed."""
    return machine.run_seeds(run_chain, config.settings, config.seeds)


def final_accuracy(runs: Runs) -> np.ndarray:
    """(seeds, numbers of steps) held-out accuracy at the end."""
    return runs.stacked("held_out_accuracy")[:, -1]


def named(result: Result, prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, without the beginning."""
    arrays = result.arrays
    return {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}


def steps_to_learn(runs: Sequence[Result]) -> list[int | None]:
    """For each seed the look from which on the most steps that are asked stay learned; None is never."""
    found = []
    for result in runs:
        learned = result.arrays["held_out_accuracy"][:, -1] >= LEARNED
        later = np.flatnonzero(~learned)
        first = 0 if not len(later) else later[-1] + 1
        found.append(int(result.arrays["at"][first]) if first < len(learned) else None)
    return found


def seen_by(result: Result) -> tuple[ChainProbe, dict[str, np.ndarray]]:
    """The test, and what the trained model of a run shows on it; see `ChainProbe.run`."""
    config = result.config
    with jax.enable_x64(True):
        model = restore(config, named(result, "final/"))
        probe = ChainProbe(model, config.task, config.test, config.triangles)
        return probe, probe.run(model)
