"""Intrinsic dimension and graph density of attention maps, of toys and of real models alike.

An attention map is an array (..., heads, T, T) whose row i holds the weights of tokens 1..i; with
`last_row` it is (..., heads, T), the row of the last token alone. Leading axes (layers, prompts) are
kept. Prompts of several lengths are padded at the left, and `padding` says by how many tokens each is.
Arrays and tensors of any float type are read, bfloat16 too. Two thresholds are in use and they disagree:
the paper's text counts weights above an absolute 0.1, the authors' public code counts weights above 0.1
of the row's greatest. A row sums to 1, so the absolute rule finds at most 9 tokens a head, and none if
the weights are even over 10 or more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int, Num

from geomtoy.errors import SettingError

Attention = Num[Any, "*map"]
"""An array, or a tensor of torch."""
Padding = int | np.integer | Int[np.ndarray, "*lead"]


def edges(
    attention: Attention,
    epsilon: float = 0.1,
    *,
    relative: bool = True,
    last_row: bool = False,
    padding: Padding = 0,
    tolerance: float | None = None,
) -> Int[np.ndarray, "*counts"]:
    """Tokens that each token attends to, by head: #{j <= i : attention_ij > epsilon}, strictly.

    Args:
        attention: (..., heads, T, T), or (..., heads, T) with `last_row`; an array or a tensor.
        epsilon: threshold in [0, 1). Softmax weights are never 0, so 0 counts every token (but those
            whose weight the floats have rounded to 0).
        relative: compare with epsilon times the greatest weight of the row instead of epsilon.
        last_row: only the last token's weights are given.
        padding: tokens at the left that are none, below T; one number, or one for each (...).
        tolerance: on the sums of rows; None is 1e-4, and 1e-2 for half-precision maps.
    Returns:
        counts (..., heads, T), or (..., heads) with `last_row`; 0 for padding.
    Raises:
        SettingError: epsilon is outside [0, 1), or this is no causal attention map.
    Source: arXiv 2407.02678, equation 8, and the public code of arXiv 2312.01648.
    """
    if not 0 <= epsilon < 1:
        raise SettingError(f"epsilon is {epsilon}; give a threshold in [0, 1)")
    weights, precise = _array(attention)
    _require_shape(weights, last_row)
    tokens = _tokens(weights, padding, last_row)[..., None, :]
    maps = weights[..., None, :] if last_row else weights
    rows = tokens[..., -maps.shape[-2] :]
    if tolerance is None:
        tolerance = 1e-4 if precise else 1e-2
    _require_attention(maps, rows, tokens, tolerance)
    threshold = epsilon * maps.max(axis=-1, keepdims=True) if relative else epsilon
    counts = (maps > threshold).sum(axis=-1) * rows
    return counts[..., 0] if last_row else counts


def intrinsic_dimension(
    attention: Attention,
    epsilon: float = 0.1,
    *,
    relative: bool = True,
    last_row: bool = False,
    padding: Padding = 0,
    tolerance: float | None = None,
) -> Int[np.ndarray, "*counts"]:
    """`edges` summed over heads: one integer for each layer and token.

    Returns:
        (..., T), or (...) with `last_row`; between heads and heads * T if relative, 0 for padding.
    Raises:
        SettingError: as `edges`.
    Source: arXiv 2407.02678, theorem 2.1 and equation 8.
    """
    found = edges(
        attention, epsilon, relative=relative, last_row=last_row, padding=padding, tolerance=tolerance
    )
    return np.asarray(found.sum(axis=-1 if last_row else -2))  # an array also where no axis is left


def graph_density(
    attention: Attention,
    epsilon: float = 0.1,
    *,
    relative: bool = True,
    last_row: bool = False,
    padding: Padding = 0,
    tolerance: float | None = None,
) -> Float[np.ndarray, "*heads"]:
    """Edges of each head's graph on the tokens over the edges that causality allows, in [0, 1].

    T tokens (padding is none) allow T (T + 1) / 2 edges, loops included; the last row alone allows T.

    Returns:
        (..., heads); its mean over heads is the density of a layer.
    Raises:
        SettingError: as `edges`.
    Source: arXiv 2407.02678, equation 6, where density is "how many tokens have an edge".
    """
    found = edges(
        attention, epsilon, relative=relative, last_row=last_row, padding=padding, tolerance=tolerance
    )
    return density_of_edges(found, np.shape(attention)[-1] - np.asarray(padding), last_row=last_row)


def density_of_edges(
    counts: Int[np.ndarray, "*counts"], T: Padding, *, last_row: bool = False
) -> Float[np.ndarray, "*heads"]:
    """`graph_density` from what `edges` returns.

    Args:
        T: tokens without padding, one number or one for each map.
    """
    T = np.asarray(T)[..., None]
    density: np.ndarray = counts / T if last_row else counts.sum(axis=-1) / (T * (T + 1) / 2)
    return density


def _array(attention: Any) -> tuple[np.ndarray, bool]:
    """At least float32, which changes no value, and whether it was precise to begin with."""
    if hasattr(attention, "detach"):  # a tensor of torch, whose bfloat16 numpy does not know
        attention = attention.detach().cpu()
        precise = attention.element_size() > 2
        return (attention if precise else attention.float()).numpy(), precise
    weights = np.asarray(attention)
    precise = weights.dtype.itemsize > 2
    return weights if precise else weights.astype(np.float32), precise


def _require_shape(weights: np.ndarray, last_row: bool) -> None:
    square = last_row or (weights.ndim >= 3 and weights.shape[-1] == weights.shape[-2])
    if weights.ndim < 2 or not square or 0 in weights.shape:
        expected = "(..., heads, T)" if last_row else "(..., heads, T, T)"
        raise SettingError(f"attention has shape {weights.shape}; give {expected}, not empty")


def _tokens(weights: np.ndarray, padding: Padding, last_row: bool) -> np.ndarray:
    """Which positions hold tokens, (..., T)."""
    padded, lead = np.asarray(padding), weights.shape[: -2 if last_row else -3]
    T = weights.shape[-1]
    if padded.shape not in ((), lead) or not ((padded >= 0) & (padded < T)).all():
        raise SettingError(
            f"padding is {padding}; give a number from 0 to {T - 1}, or an array of shape {lead} of them"
        )
    found: np.ndarray = np.arange(T) >= padded[..., None]
    return found


def _require_attention(maps: np.ndarray, rows: np.ndarray, tokens: np.ndarray, tolerance: float) -> None:
    """Rows (..., 1, R) are looked at where they are tokens; maps (..., heads, R, T) end at token T."""
    if not (np.abs(np.where(rows, maps.sum(axis=-1, dtype=float), 1) - 1) <= tolerance).all():
        raise SettingError(
            f"a row of attention does not sum to 1 within {tolerance:g}; give softmax weights"
        )
    if ((maps < 0) & rows[..., None]).any():
        raise SettingError("a weight of attention is negative; give softmax weights")
    R, T = maps.shape[-2:]
    if ((maps != 0) & rows[..., None] & ~np.tri(R, T, T - R, bool)).any():
        raise SettingError("a row of attention looks ahead of its token; give a causal map")
    if ((maps != 0) & rows[..., None] & ~tokens[..., None, :]).any():
        raise SettingError("a token attends to padding; give the maps of masked tokens")
