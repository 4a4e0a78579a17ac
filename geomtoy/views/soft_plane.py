"""A soft block on a plane as the functions whose zeros are its borders, in floats with proven errors.

Tokens X (T, d) are affine in (u, v). Products of matrices err by at most gamma(terms) times the product
of absolute values; see `geomtoy.certified.bounds`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified import SoftFunctions
from geomtoy.certified.bounds import SLACK, TINY, gamma
from geomtoy.certified.split import Known, known_product
from geomtoy.views.block_readout import BlockReadout

REACH = 1.5  # polydiscs of patches stay within this multiple of the window
SELF_KEYS = ("moving", "masked", "still")


class Attended(NamedTuple):
    """Tokens that the last one attends to, each (3, T', d): their keys and their values are of these."""

    keys: Known
    values: Known


def attended(tokens: Known, self_key: str, own: Known) -> Attended:
    """Of tokens (3, T, d): all, all but the last, or all with the last one's key as of own (1, d)."""
    if self_key == "masked":
        others = tokens[0][:, :-1], tokens[1][:, :-1]
        return Attended(others, others)
    if self_key == "moving":
        return Attended(tokens, tokens)
    keys = tokens[0].copy(), tokens[1].copy()
    for part, of_own in zip(keys, own, strict=True):
        part[:, -1] = 0
        part[0, -1] = of_own[0]
    return Attended(keys, tokens)


def plane_functions(
    block: BlockArrays, tokens: Known, after: BlockReadout, to: Attended | None = None
) -> SoftFunctions:
    """Functions of a block whose tokens are X[0] + u X[1] + v X[2], X (3, T, d) up to errors.

    Args:
        to: what the last token attends to; None for all of X.
    Cost: O(H T d f) products for each of the three parts.
    """
    keys, attended_to = to or (tokens, tokens)
    last = tokens[0][:, -1], tokens[1][:, -1]
    scores, score_error = _scores(block, last, keys)
    values, value_error = _values(block, attended_to)
    added, added_error = known_product(*last, after.rows, after.rows_error)
    return SoftFunctions(
        scores,
        score_error,
        values,
        value_error,
        moving_tokens(attended_to),
        added,
        added_error,
        after.readout,
    )


def moving_tokens(tokens: Known) -> np.ndarray:
    X, error = tokens
    return np.flatnonzero(((X[1:] != 0) | (error[1:] != 0)).any(axis=(0, 2)))


def reach(parts: np.ndarray) -> np.ndarray:
    """At least |parts[0] + u parts[1] + v parts[2]| on all patches' polydiscs."""
    return np.abs(parts[0]) + REACH * (np.abs(parts[1]) + np.abs(parts[2]))


def _scores(block: BlockArrays, query: Known, keys: Known) -> Known:
    """Scores (H, 6, T) of the query (3, d) with keys (3, T, d), and a bound on their errors (H,)."""
    H, _, f = block.W_Q.shape
    scores, error = np.empty((H, 6, keys[0].shape[1])), np.empty(H)
    scale = float(block.scale)
    for h, (W_Q, W_K) in enumerate(zip(block.W_Q, block.W_K, strict=True)):
        q, q_error = known_product(*query, W_Q, np.zeros_like(W_Q))
        k, k_error = _of_tokens(keys, W_K)
        s = scale * np.einsum("af,btf->abt", q, k)
        scores[h] = [s[0, 0], s[0, 1] + s[1, 0], s[0, 2] + s[2, 0], s[1, 1], s[1, 2] + s[2, 1], s[2, 2]]
        Q, K = reach(q), reach(k)
        Q_error, K_error = reach(q_error), reach(k_error)
        unknown = K @ (Q_error + gamma(f + 8.0) * Q) + K_error @ (Q + Q_error)
        error[h] = abs(scale) * unknown.max() * SLACK + TINY
    return scores, error


def _values(block: BlockArrays, tokens: Known) -> Known:
    """Values (H, 3, T, f) and a bound on their errors (H,)."""
    values, errors = zip(*(_of_tokens(tokens, W_V) for W_V in np.asarray(block.W_V, float)), strict=True)
    return np.ascontiguousarray(values), np.array([reach(error).max() for error in errors])


def _of_tokens(tokens: Known, W: np.ndarray) -> Known:
    """Tokens (3, T, d) times W (d, f), and its error."""
    shape, (rows, rows_error) = tokens[0].shape, (part.reshape(-1, len(W)) for part in tokens)
    product, error = known_product(rows, rows_error, W, np.zeros_like(W))
    return product.reshape(*shape[:2], -1), error.reshape(*shape[:2], -1)
