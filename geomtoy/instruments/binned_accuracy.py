"""Share of correct answers by bins of an integer measurement, with how many answers each bin holds."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from geomtoy.errors import SettingError


def integer_bins(values: Int[np.ndarray, "*n"], most: int) -> Int[np.ndarray, " b"]:
    """Edges of at most so many bins of equal whole width over all values; bin k is [edge_k, edge_k+1).

    Raises:
        SettingError: there are no values or no bins.
    """
    if np.size(values) == 0 or most < 1:
        raise SettingError(f"{np.size(values)} values cannot be put into {most} bins; give some of both")
    low, high = int(np.min(values)), int(np.max(values))
    width = -(-(high - low + 1) // most)
    return np.arange(low, high + width + 1, width)


def binned_accuracy(
    values: Int[np.ndarray, "*n"], correct: Bool[np.ndarray, "*n"], bins: Int[np.ndarray, " b"]
) -> tuple[Float[np.ndarray, " bins"], Int[np.ndarray, " bins"]]:
    """(share correct, number of answers) of each bin; the share is NaN where a bin is empty."""
    counts = np.histogram(values, bins)[0]
    right = np.histogram(np.asarray(values)[correct], bins)[0]
    shares = np.divide(right, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    return shares, counts
