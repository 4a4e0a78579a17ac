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
from geomtoy.certified.split import known_product, split_product
from geomtoy.views.block_readout import BlockReadout

REACH = 1.5  # polydiscs of patches stay within this multiple of the window
SELF_KEYS = ("moving", "masked", "still")


class Attended(NamedTuple):
    """Tokens that the last one attends to, each (3, T', d): their keys and their values are of these."""

    keys: np.ndarray
    values: np.ndarray


def attended(X: np.ndarray, self_key: str, own: np.ndarray) -> Attended:
    """Of tokens X (3, T, d): all, all but the last, or all with the last one's key as of own (d,)."""
    if self_key == "masked":
        return Attended(X[:, :-1], X[:, :-1])
    keys = X
    if self_key == "still":
        keys = X.copy()
        keys[:, -1] = 0
        keys[0, -1] = own
    return Attended(keys, X)


def plane_functions(
    block: BlockArrays, X: np.ndarray, after: BlockReadout, to: Attended | None = None
) -> SoftFunctions:
    """Functions of a block whose tokens are X[0] + u X[1] + v X[2], X (3, T, d) nearest floats.

    Args:
        to: what the last token attends to; None for all of X.
    Cost: O(H T d f) products for each of the three parts.
    """
    keys, attended_to = to or (X, X)
    scores, score_error = _scores(block, X[:, -1], keys)
    values, value_error = _values(block, attended_to)
    added, added_error = known_product(X[:, -1], np.zeros_like(X[:, -1]), after.rows, after.rows_error)
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


def moving_tokens(X: np.ndarray) -> np.ndarray:
    return np.flatnonzero((X[1:] != 0).any(axis=(0, 2)))


def reach(parts: np.ndarray) -> np.ndarray:
    """At least |parts[0] + u parts[1] + v parts[2]| on all patches' polydiscs."""
    return np.abs(parts[0]) + REACH * (np.abs(parts[1]) + np.abs(parts[2]))


def _scores(block: BlockArrays, query: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores (H, 6, T) of the query (3, d) with keys (3, T, d), and a bound on their errors (H,)."""
    H, _, f = block.W_Q.shape
    scores, error = np.empty((H, 6, keys.shape[1])), np.empty(H)
    scale = float(block.scale)
    for h, (W_Q, W_K) in enumerate(zip(block.W_Q, block.W_K, strict=True)):
        q, q_error = split_product(query, W_Q)
        k, k_error = _of_tokens(keys, W_K)
        s = scale * np.einsum("af,btf->abt", q, k)
        scores[h] = [s[0, 0], s[0, 1] + s[1, 0], s[0, 2] + s[2, 0], s[1, 1], s[1, 2] + s[2, 1], s[2, 2]]
        Q, K = reach(q), reach(k)
        Q_error, K_error = reach(q_error), reach(k_error)
        unknown = K @ (Q_error + gamma(f + 8.0) * Q) + K_error @ (Q + Q_error)
        error[h] = abs(scale) * unknown.max() * SLACK + TINY
    return scores, error


def _values(block: BlockArrays, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (H, 3, T, f) and a bound on their errors (H,)."""
    values, errors = zip(*(_of_tokens(X, W_V) for W_V in np.asarray(block.W_V, float)), strict=True)
    return np.ascontiguousarray(values), np.array([reach(error).max() for error in errors])


def _of_tokens(X: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """X (3, T, d) times W (d, f), and its error."""
    product, error = split_product(X.reshape(-1, X.shape[2]), np.asarray(W, float))
    return product.reshape(*X.shape[:2], -1), error.reshape(*X.shape[:2], -1)
