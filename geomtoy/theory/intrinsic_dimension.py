"""Intrinsic dimension and graph density of attention maps, of toys and of real models alike.

An attention map is an array (..., heads, T, T) whose row i holds the weights of tokens 1..i; with
`last_row` it is (..., heads, T), the row of the last token alone. Leading axes (layers, prompts) are
kept. Two thresholds are in use and they disagree: the paper's text counts weights above an absolute
0.1, the authors' public code counts weights above 0.1 of the row's greatest. A row sums to 1, so the
absolute rule finds at most 9 tokens a head, and none if the weights are even over 10 or more.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from geomtoy.errors import SettingError

Attention = Float[np.ndarray, "*map"]


def edges(
    attention: Attention,
    epsilon: float = 0.1,
    *,
    relative: bool = True,
    last_row: bool = False,
    tolerance: float = 1e-4,
) -> Int[np.ndarray, "*counts"]:
    """Tokens that each token attends to, by head: #{j <= i : attention_ij > epsilon}, strictly.

    Args:
        attention: (..., heads, T, T), or (..., heads, T) with `last_row`.
        epsilon: threshold in [0, 1). Softmax weights are never 0, so 0 counts every token (but those
            whose weight the floats have rounded to 0).
        relative: compare with epsilon times the greatest weight of the row instead of epsilon.
        last_row: only the last token's weights are given.
        tolerance: on the sums of rows; half-precision maps need about 1e-2.
    Returns:
        counts (..., heads, T), or (..., heads) with `last_row`.
    Raises:
        SettingError: epsilon is outside [0, 1), or this is no causal attention map.
    Source: arXiv 2407.02678, equation 8, and the public code of arXiv 2312.01648.
    """
    if not 0 <= epsilon < 1:
        raise SettingError(f"epsilon is {epsilon}; give a threshold in [0, 1)")
    weights = np.asarray(attention)
    _require_attention(weights, last_row, tolerance)
    threshold = epsilon * weights.max(axis=-1, keepdims=True) if relative else epsilon
    return (weights > threshold).sum(axis=-1)


def intrinsic_dimension(
    attention: Attention,
    epsilon: float = 0.1,
    *,
    relative: bool = True,
    last_row: bool = False,
    tolerance: float = 1e-4,
) -> Int[np.ndarray, "*counts"]:
    """`edges` summed over heads: one integer for each layer and token.

    Returns:
        (..., T), or (...) with `last_row`; between heads and heads * T if relative.
    Raises:
        SettingError: as `edges`.
    Source: arXiv 2407.02678, theorem 2.1 and equation 8.
    """
    found = edges(attention, epsilon, relative=relative, last_row=last_row, tolerance=tolerance)
    return found.sum(axis=-1 if last_row else -2)


def graph_density(
    attention: Attention,
    epsilon: float = 0.1,
    *,
    relative: bool = True,
    last_row: bool = False,
    tolerance: float = 1e-4,
) -> Float[np.ndarray, "*heads"]:
    """Edges of each head's graph on the tokens over the edges that causality allows, in [0, 1].

    T tokens allow T (T + 1) / 2 edges, loops included; the last row alone allows T.

    Returns:
        (..., heads); its mean over heads is the density of a layer.
    Raises:
        SettingError: as `edges`.
    Source: arXiv 2407.02678, equation 6, where density is "how many tokens have an edge".
    """
    found = edges(attention, epsilon, relative=relative, last_row=last_row, tolerance=tolerance)
    T = np.shape(attention)[-1]
    return found / T if last_row else found.sum(axis=-1) / (T * (T + 1) / 2)


def _require_attention(weights: np.ndarray, last_row: bool, tolerance: float) -> None:
    square = last_row or (weights.ndim >= 3 and weights.shape[-1] == weights.shape[-2])
    if weights.ndim < 2 or not square or 0 in weights.shape:
        expected = "(..., heads, T)" if last_row else "(..., heads, T, T)"
        raise SettingError(f"attention has shape {weights.shape}; give {expected}, not empty")
    if not (np.abs(weights.sum(axis=-1, dtype=float) - 1) <= tolerance).all():
        raise SettingError(
            f"a row of attention does not sum to 1 within {tolerance:g}; give softmax weights"
        )
    if (weights < 0).any():
        raise SettingError("a weight of attention is negative; give softmax weights")
    if not last_row and np.triu(weights, 1).any():
        raise SettingError("a row of attention looks ahead of its token; give a causal map")
