"""Numbers of independent runs, one a seed: their mean, its interval, and how they vary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

MIN_SEEDS = 3
"""With two, the interval of a mean reaches 12.7 standard errors and says nothing; with three, 4.3."""
CONFIDENCE = 0.95
"""Of each interval: the field's custom."""


class Interval(NamedTuple):
    """Of a mean over seeds."""

    mean: float
    low: float
    high: float


def seeds_of(values: ArrayLike) -> np.ndarray:
    """The numbers (seeds,) of the runs that have one; NaN stands for a run without."""
    x = np.atleast_1d(np.asarray(values, float))
    return x[~np.isnan(x)]


def interval(values: ArrayLike, resampled: Sequence[float] | None = None) -> Interval:
    """Student's interval of the mean of values (seeds,); without bounds if there is only one.

    Args:
        resampled: (low, high) of the same mean from drawing again, to which the interval is widened.
    Source: W. S. Gosset, "The probable error of a mean", 1908.
    """
    x = seeds_of(values)
    if len(x) < 2:
        return Interval(float(x[0]) if len(x) else np.nan, -np.inf, np.inf)
    mean, error = float(x.mean()), float(x.std(ddof=1)) / len(x) ** 0.5
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(x) - 1)) * error
    low, high = resampled or (mean, mean)
    return Interval(mean, min(mean - reach, low), max(mean + reach, high))


def spread(values: Sequence[int] | Sequence[float] | np.ndarray) -> dict[str, float | None]:
    """Mean, standard deviation (n - 1), least and greatest of one number per seed.

    The deviation of one seed is None: it is not known. All are None without a seed.
    """
    x = seeds_of(values)
    if not len(x):
        return dict.fromkeys(("mean", "std", "min", "max"))
    return {
        "mean": float(x.mean()),
        "std": float(x.std(ddof=1)) if len(x) > 1 else None,
        "min": float(x.min()),
        "max": float(x.max()),
    }
