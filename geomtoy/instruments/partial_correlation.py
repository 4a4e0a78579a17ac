"""Correlation of a measurement with correctness: numbers of shots pooled, and held fixed."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Shaped

ROUNDING = 1e-24
"""Share of a sum of squares below which it is rounding errors: about (n eps)^2."""


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


def controlled(
    xy: Float[np.ndarray, "*m"], xz: Float[np.ndarray, "*m"], yz: Float[np.ndarray, "*m"]
) -> Float[np.ndarray, "*m"]:
    """The partial correlation of x and y given z too, from those of the three pairs; 0 where z leaves
    nothing of one of them."""
    left = (1 - np.square(xz)) * (1 - np.square(yz))
    varies = left > ROUNDING
    size = np.sqrt(np.where(varies, left, 1.0))
    return np.asarray(np.where(varies, (xy - xz * yz) / size, 0.0))


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
