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
from geomtoy.certified.split import Known, known_product
from geomtoy.views.block_readout import BlockReadout
from geomtoy.views.soft_plane import moving_tokens, reach


def normed_functions(block: BlockArrays, tokens: Known, after: BlockReadout) -> NormedFunctions:
    """Functions of a block whose tokens are X[0] + u X[1] + v X[2], X (3, T, d) up to errors."""
    X, error = tokens
    moves = np.zeros(X.shape[1], bool)
    moves[moving_tokens(tokens)] = moves[-1] = True
    H, _, f = block.W_Q.shape
    query = _normed_weights(block, float(block.scale) * _side_by_side(block.W_Q), gamma(2))
    both = np.concatenate([_side_by_side(block.W_K), _side_by_side(block.W_V)], axis=1)
    attended_to = _normed_weights(block, both, 0.0)
    square, square_error = _squares(block, tokens)
    M = int(moves.sum())
    parts, parts_error = _projected((X[:, moves], error[:, moves]), attended_to.weights)
    asked, asked_error = _projected((X[:, -1:], error[:, -1:]), query.weights)
    still = (X[0, ~moves], error[0, ~moves]), (square[0, ~moves], square_error[~moves])
    return NormedFunctions(
        np.ascontiguousarray(square[:, moves]),
        square_error[moves],
        np.ascontiguousarray(parts.transpose(0, 2, 1)).reshape(3, 2 * H, f, M),
        np.ascontiguousarray(reach(parts_error).T).reshape(2 * H, f, M),
        attended_to.shift[0].reshape(2 * H, f),
        attended_to.shift[1].reshape(2 * H, f),
        asked[:, 0].copy(),
        reach(asked_error)[0],
        *query.shift,
        _still(*still, attended_to, H, f),
        *known_product(X[:, -1], error[:, -1], after.rows, after.rows_error),
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


def _projected(tokens: Known, weights: Known) -> Known:
    """Tokens (3, M, d) times weights: (3, M, columns)."""
    shape, (rows, rows_error) = tokens[0].shape, (part.reshape(-1, part.shape[2]) for part in tokens)
    product, error = known_product(rows, rows_error, *weights)
    return product.reshape(*shape[:2], -1), error.reshape(*shape[:2], -1)


def _squares(block: BlockArrays, tokens: Known) -> Known:
    """Coefficients (6, T) of epsilon + the mean square of each token, and bounds (T,) on their sums."""
    X, off = tokens
    d, size = block.d_model, np.abs(X)
    if block.centred_norm:
        size = size + size.mean(axis=2, keepdims=True)
        off = off + off.mean(axis=2, keepdims=True)
        X = X - X.mean(axis=2, keepdims=True)
    g = np.einsum("atd,btd->abt", X, X) / d
    square = np.array([g[0, 0], 2 * g[0, 1], 2 * g[0, 2], g[1, 1], 2 * g[1, 2], g[2, 2]])
    square[0] += float(block.norm_epsilon)
    whole, wrong = reach(size), reach(off)
    most, unknown = ((part.sum(axis=1) / d) for part in (whole**2, wrong * (2 * whole + wrong)))
    return square, (gamma(3.0 * d + 20.0) * most + unknown + 4.0 * U * square[0]) * SLACK + TINY


def _still(x: Known, of_squares: Known, weights: _Weights, H: int, f: int) -> StillTokens:
    """Keys and values of tokens (S, d) that do not move, with their sigma^2 (S,)."""
    (square, error), S = of_squares, len(x[0])
    product, product_error = known_product(*x, *weights.weights)
    sigma = np.sqrt(square)[:, None]
    relative = (error / square)[:, None] + 4.0 * U  # of 1 / sigma, for errors below a tenth
    relative[~(relative < 0.1)] = np.inf
    divided = product / sigma
    wrong = product_error / sigma * (1 + relative) + np.abs(divided) * relative
    shift, shift_error = weights.shift
    whole = divided + shift
    wrong = (wrong + shift_error + 2.0 * U * np.abs(whole)) * SLACK + TINY
    keys, values = (a.reshape(S, H, f) for a in (whole[:, : H * f], whole[:, H * f :]))
    key_error, value_error = (a.reshape(S, H, f) for a in (wrong[:, : H * f], wrong[:, H * f :]))
    return StillTokens(
        np.ascontiguousarray(keys.transpose(1, 2, 0)),
        np.ascontiguousarray(key_error.transpose(1, 2, 0)),
        np.ascontiguousarray(values.transpose(1, 0, 2)),
        np.ascontiguousarray(value_error.transpose(1, 0, 2)),
    )
