"""A soft block with a norm before attention on a plane, in floats with proven errors.

A key is ((x - mean x) / sigma * gain + shift) W_K = x W' / sigma + shift W_K, where W' has taken in the
gain and the centring, and sigma^2 = epsilon + the mean square of x - mean x; so are queries and values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified.attention import StillTokens
from geomtoy.certified.bounds import SLACK, TINY, U, gamma
from geomtoy.certified.prenorm import NormedFunctions
from geomtoy.certified.split import known_product
from geomtoy.views.block_readout import BlockReadout
from geomtoy.views.soft_plane import reach

Known = tuple[np.ndarray, np.ndarray]
"""Numbers and bounds on their errors."""


def normed_functions(block: BlockArrays, X: np.ndarray, after: BlockReadout) -> NormedFunctions:
    """Functions of a block whose tokens are X[0] + u X[1] + v X[2], X (3, T, d) nearest floats."""
    moves = (X[1:] != 0).any(axis=(0, 2))
    moves[-1] = True
    H, _, f = block.W_Q.shape
    query = _normed_weights(block, float(block.scale) * _side_by_side(block.W_Q), gamma(2))
    both = np.concatenate([_side_by_side(block.W_K), _side_by_side(block.W_V)], axis=1)
    tokens = _normed_weights(block, both, 0.0)
    square, square_error = _squares(block, X)
    M = int(moves.sum())
    parts, parts_error = _projected(X[:, moves], tokens.weights)
    asked, asked_error = _projected(X[:, -1:], query.weights)
    last = X[:, -1]
    return NormedFunctions(
        np.ascontiguousarray(square[:, moves]),
        square_error[moves],
        np.ascontiguousarray(parts.transpose(0, 2, 1)).reshape(3, 2 * H, f, M),
        np.ascontiguousarray(reach(parts_error).T).reshape(2 * H, f, M),
        tokens.shift[0].reshape(2 * H, f),
        tokens.shift[1].reshape(2 * H, f),
        asked[:, 0].copy(),
        reach(asked_error)[0],
        *query.shift,
        _still(X[0, ~moves], square[0, ~moves], square_error[~moves], tokens, H, f),
        *known_product(last, np.zeros_like(last), after.rows, after.rows_error),
        after.readout,
    )


@dataclass(frozen=True, eq=False)
class _Weights:
    """Weights (d, columns) that have taken in gain and centring, and what the norm's shift gives."""

    weights: Known
    shift: Known


def _side_by_side(W: np.ndarray) -> np.ndarray:
    """(H, d, f) -> (d, H f)."""
    H, d, f = W.shape
    return np.ascontiguousarray(np.moveaxis(np.asarray(W, float), 0, 1)).reshape(d, H * f)


def _normed_weights(block: BlockArrays, W: np.ndarray, relative: float) -> _Weights:
    """From weights (d, columns) that are known up to a relative error."""
    d = block.d_model
    gain = np.asarray(block.attention_norm_gain, float)[:, None]
    shift = np.asarray(block.attention_norm_bias, float)[None]
    scaled = gain * W
    size = np.abs(scaled)
    if block.centred_norm:
        size = size + size.mean(axis=0)
        scaled = scaled - scaled.mean(axis=0)
    moved, moved_error = known_product(shift, np.zeros_like(shift), W, relative * np.abs(W))
    error = (gamma(d + 8.0) + relative) * size * SLACK
    return _Weights((scaled, error), (moved[0], moved_error[0]))


def _projected(X: np.ndarray, weights: Known) -> Known:
    """Tokens (3, M, d) times weights: (3, M, columns)."""
    rows = X.reshape(-1, X.shape[2])
    product, error = known_product(rows, np.zeros_like(rows), *weights)
    return product.reshape(*X.shape[:2], -1), error.reshape(*X.shape[:2], -1)


def _squares(block: BlockArrays, X: np.ndarray) -> Known:
    """Coefficients (6, T) of epsilon + the mean square of each token, and bounds (T,) on their sums."""
    d, size = block.d_model, np.abs(X)
    if block.centred_norm:
        size = size + size.mean(axis=2, keepdims=True)
        X = X - X.mean(axis=2, keepdims=True)
    g = np.einsum("atd,btd->abt", X, X) / d
    square = np.array([g[0, 0], 2 * g[0, 1], 2 * g[0, 2], g[1, 1], 2 * g[1, 2], g[2, 2]])
    square[0] += float(block.norm_epsilon)
    most = (reach(size) ** 2).sum(axis=1) / d
    return square, (gamma(3.0 * d + 20.0) * most + 4.0 * U * square[0]) * SLACK + TINY


def _still(
    x: np.ndarray, square: np.ndarray, error: np.ndarray, tokens: _Weights, H: int, f: int
) -> StillTokens:
    """Keys and values of tokens (S, d) that do not move."""
    product, product_error = known_product(x, np.zeros_like(x), *tokens.weights)
    sigma = np.sqrt(square)[:, None]
    relative = (error / square)[:, None] + 4.0 * U  # of 1 / sigma, for errors below a tenth
    relative[~(relative < 0.1)] = np.inf
    divided = product / sigma
    wrong = product_error / sigma * (1 + relative) + np.abs(divided) * relative
    shift, shift_error = tokens.shift
    whole = divided + shift
    wrong = (wrong + shift_error + 2.0 * U * np.abs(whole)) * SLACK + TINY
    keys, values = (a.reshape(len(x), H, f) for a in (whole[:, : H * f], whole[:, H * f :]))
    key_error, value_error = (a.reshape(len(x), H, f) for a in (wrong[:, : H * f], wrong[:, H * f :]))
    return StillTokens(
        np.ascontiguousarray(keys.transpose(1, 2, 0)),
        np.ascontiguousarray(key_error.transpose(1, 2, 0)),
        np.ascontiguousarray(values.transpose(1, 0, 2)),
        np.ascontiguousarray(value_error.transpose(1, 0, 2)),
    )
