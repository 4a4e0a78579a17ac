"""Intervals by drawing again: whole prompts of one run, or runs and then the prompts of each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Shaped
from scipy.stats import bootstrap

from geomtoy.errors import SettingError

CONFIDENCE = 0.95
WITHIN = 200
"""Times that the prompts of each run are drawn again; runs choose among these."""
BATCH_ENTRIES = 2**22
"""Numbers that are held of each array at a time."""

Statistic = Callable[..., np.ndarray]
"""Of arrays (*n, prompts, ...), whose leading axes it keeps."""


def bootstrap_interval(
    statistic: Statistic,
    *arrays: Shaped[np.ndarray, "_ ..."],
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of a statistic when whole prompts, with all their shots, are drawn again.

    A prompt is asked at each number of shots, so its answers are not independent; prompts are.

    Args:
        arrays: prompts come first.
    Raises:
        SettingError: the arrays have different numbers of prompts, or fewer than two.
    """
    return _middle(_again(statistic, arrays, resamples, np.random.default_rng(seed)))


def hierarchical_interval(
    statistic: Statistic,
    *arrays: Shaped[np.ndarray, "_ _ ..."],
    resamples: int = 4000,
    within: int = WITHIN,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of the mean over runs of a statistic of their prompts: runs are drawn again,
    and for each that is drawn its prompts.

    What prompts contribute by chance is in the runs' own numbers already, and is drawn once more here:
    the interval is rather too wide than too narrow in this, and too narrow by sqrt(1 - 1 / runs) where
    runs are few, as every bootstrap of a mean.

    Args:
        arrays: runs come first, then prompts.
        within: times that prompts are drawn again for each run; a run that is drawn takes one of these.
    Raises:
        SettingError: the arrays have different numbers of runs or prompts, or fewer than two prompts.
    Source: A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8.
    """
    rng = np.random.default_rng(seed)
    pairs = zip(*arrays, strict=True)
    pool = np.stack([_again(statistic, one, within, rng) for one in pairs])
    runs = rng.integers(0, len(pool), (resamples, len(pool)))
    return _middle(pool[runs, rng.integers(0, within, runs.shape)].mean(axis=1))


def _again(
    statistic: Statistic, arrays: tuple[np.ndarray, ...], resamples: int, rng: np.random.Generator
) -> Float[np.ndarray, " resamples"]:
    """The statistic of prompts that are drawn with replacement."""
    counts = {len(array) for array in arrays}
    if len(counts) != 1 or min(counts) < 2:
        raise SettingError(f"arrays have {sorted(counts)} prompts; give the same number, two or more")
    prompts = np.arange(counts.pop())

    def of(drawn: np.ndarray, axis: int = -1) -> np.ndarray:
        return statistic(*(array[drawn] for array in arrays))

    found = bootstrap(
        (prompts,), of, vectorized=True, axis=-1, n_resamples=resamples, method="percentile",
        batch=max(1, BATCH_ENTRIES // max(array.size for array in arrays)), random_state=rng,
    )  # fmt: skip
    return np.asarray(found.bootstrap_distribution)


def _middle(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
