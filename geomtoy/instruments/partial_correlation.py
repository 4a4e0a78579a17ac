"""Correlation of a measurement with correctness: numbers of shots pooled, and held fixed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy.stats import bootstrap

from geomtoy.errors import SettingError

ROUNDING = 1e-24
"""Share of a sum of squares below which it is rounding errors: about (n eps)^2."""

BATCH_ENTRIES = 2**22
"""Numbers that a bootstrap holds of each array at a time."""


def pooled_correlation(
    x: Shaped[np.ndarray, "*m n K"],
    y: Shaped[np.ndarray, "*m n K"],
    among: Bool[np.ndarray, "*m n K"] | None = None,
) -> Float[np.ndarray, "*m"]:
    """Pearson's correlation over all n prompts at all K numbers of shots; 0 where one does not vary.

    What grows with the number of shots in both shows in it.

    Args:
        among: which answers count; None takes all.
    """
    return _correlation(x, y, among, (-2, -1))


def correlation_given_shots(
    x: Shaped[np.ndarray, "*m n K"],
    y: Shaped[np.ndarray, "*m n K"],
    among: Bool[np.ndarray, "*m n K"] | None = None,
) -> Float[np.ndarray, "*m"]:
    """The partial correlation given the number of shots as a category; 0 where one does not vary.

    Both are centred at each number of shots, so no function of that number, straight or not, is left in
    either.

    Args:
        among: which answers count; None takes all.
    """
    return _correlation(x, y, among, (-2,))


def bootstrap_interval(
    statistic: Callable[..., np.ndarray],
    *arrays: Shaped[np.ndarray, "_ ..."],
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of a statistic when whole prompts, with all their shots, are drawn again.

    A prompt is asked at each number of shots, so its answers are not independent; prompts are.

    Args:
        statistic: of arrays with any leading axes before theirs, which it keeps.
        arrays: prompts come first.
    Raises:
        SettingError: the arrays have different numbers of prompts, or fewer than two.
    """
    counts = {len(array) for array in arrays}
    if len(counts) != 1 or min(counts) < 2:
        raise SettingError(f"arrays have {sorted(counts)} prompts; give the same number, two or more")
    prompts = np.arange(counts.pop())

    def of(drawn: np.ndarray, axis: int = -1) -> np.ndarray:
        return statistic(*(array[drawn] for array in arrays))

    found = bootstrap(
        (prompts,), of, vectorized=True, axis=-1, n_resamples=resamples, confidence_level=confidence,
        batch=max(1, BATCH_ENTRIES // max(array.size for array in arrays)), method="percentile",
        random_state=np.random.default_rng(seed),
    )  # fmt: skip
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def _correlation(
    x: np.ndarray, y: np.ndarray, among: np.ndarray | None, axes: tuple[int, ...]
) -> np.ndarray:
    """Of what is left when means along these axes are taken away."""
    one, other = (_centred(values, among, axes) for values in (x, y))
    product, first, second = (
        np.einsum("...nk,...nk->...", *pair) for pair in ((one, other), (one, one), (other, other))
    )
    size = np.sqrt(first * second)
    # What does not vary is centred to rounding errors, whose correlation means nothing.
    varies = np.minimum(first / _size(x), second / _size(y)) > ROUNDING
    return np.divide(product, size, out=np.zeros_like(size), where=varies)


def _centred(x: np.ndarray, among: np.ndarray | None, axes: tuple[int, ...]) -> np.ndarray:
    """What does not count is 0."""
    if among is None:
        return x - x.mean(axis=axes, keepdims=True)
    counts = np.maximum(among.sum(axis=axes, keepdims=True), 1)
    kept = np.where(among, x, 0)
    return np.where(among, x - kept.sum(axis=axes, keepdims=True) / counts, 0)


def _size(x: np.ndarray) -> np.ndarray:
    """Sum of squares, at least 1e-300."""
    squares = np.square(x, dtype=float).sum(axis=(-2, -1))
    return np.asarray(np.maximum(squares, 1e-300))
