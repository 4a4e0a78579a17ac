"""A soft block on a plane as the functions whose zeros are its borders, in floats with proven errors.

Tokens X (T, d) are affine in (u, v). Products of matrices err by at most gamma(terms) times the product
of absolute values; see `geomtoy.certified.bounds`.
"""

from __future__ import annotations

import numpy as np

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified import SoftFunctions
from geomtoy.certified.bounds import SLACK, TINY, gamma
from geomtoy.views.block_readout import BlockReadout

REACH = 1.5  # polydiscs of patches stay within this multiple of the window


def plane_functions(block: BlockArrays, X: np.ndarray, after: BlockReadout) -> SoftFunctions:
    """Functions of a block whose tokens are X[0] + u X[1] + v X[2], X (3, T, d) nearest floats.

    Cost: O(H T d f) products for each of the three parts.
    """
    scores, score_error = _scores(block, X)
    values, value_error = _values(block, X)
    last = X[:, -1]
    return SoftFunctions(
        scores,
        score_error,
        values,
        value_error,
        np.flatnonzero((X[1:] != 0).any(axis=(0, 2))),
        last @ after.rows,
        np.abs(last) @ after.rows_error * SLACK + TINY,
        after.readout,
    )


def _scores(block: BlockArrays, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores (H, 6, T) of the last token, and a bound on their errors (H,)."""
    H, d, f = block.W_Q.shape
    scores, error = np.empty((H, 6, X.shape[1])), np.empty(H)
    reach = np.abs(X[0]) + REACH * (np.abs(X[1]) + np.abs(X[2]))
    scale = float(block.scale)
    for h, (W_Q, W_K) in enumerate(zip(block.W_Q, block.W_K, strict=True)):
        q, k = X[:, -1] @ W_Q, X @ W_K
        s = scale * np.einsum("af,btf->abt", q, k)
        scores[h] = [s[0, 0], s[0, 1] + s[1, 0], s[0, 2] + s[2, 0], s[1, 1], s[1, 2] + s[2, 1], s[2, 2]]
        size = abs(scale) * (reach @ np.abs(W_K)) @ (reach[-1] @ np.abs(W_Q))
        error[h] = gamma(2.0 * d + f + 12.0) * size.max() * SLACK + TINY
    return scores, error


def _values(block: BlockArrays, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (H, 3, T, f) and a bound on their errors (H,)."""
    values = np.ascontiguousarray(np.stack([X @ W_V for W_V in np.asarray(block.W_V, float)]))
    reach = np.abs(X[0]) + REACH * (np.abs(X[1]) + np.abs(X[2]))
    size = np.array([(reach @ np.abs(W_V)).max() for W_V in np.asarray(block.W_V, float)])
    return values, gamma(block.d_model + 6.0) * size * SLACK + TINY
