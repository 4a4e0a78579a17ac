"""Taylor models of a block's preactivations, and of its tokens, around times."""

from __future__ import annotations

import numpy as np

from geomtoy.views import balls
from geomtoy.views.folded import FoldedBlock
from geomtoy.views.taylor import SLACK, TINY, TaylorModel, U, exp_above


@np.errstate(all="ignore")
def preactivation_models(
    block: FoldedBlock, centre: np.ndarray, radius: np.ndarray, order: int
) -> TaylorModel:
    """Preactivations (n, n_units), times the LayerNorm's deviation, at centre + radius s, both (n,).

    Cost: O(n H C d order^2) float operations, and n C (d + H) sines and exponentials in arb.
    """
    x = token_models(block.frequencies, centre, radius, order)
    last = TaylorModel(x.coefficients[:, :, -1], x.error[:, -1])
    rows = last @ block.query
    averages = _averages(block, x, last)
    for h, heads in enumerate(block.heads):
        rows = rows + TaylorModel(averages.coefficients[:, :, h], averages.error[:, h]) @ heads
    z = TaylorModel(rows.coefficients[..., : block.n_units], rows.error[:, : block.n_units])
    if block.epsilon is None:
        return z.plus(block.bias)
    y = TaylorModel(rows.coefficients[..., block.n_units :], rows.error[:, block.n_units :])
    square = y.times(y, lambda a, b: (a * b).sum(-1, keepdims=True), y.error.shape[-1])
    variance = square @ np.array([[1 / y.error.shape[-1]]])
    return z + variance.plus(block.epsilon).sqrt() @ block.bias[None]


def token_models(
    frequencies: np.ndarray, centre: np.ndarray, radius: np.ndarray, order: int
) -> TaylorModel:
    """The tokens (n, C, d): sin f (c + r s) = sum_k sin^(k)(f c) (f r s)^k / k!."""
    sine, cosine = balls.sin_cos(frequencies, centre)
    step = np.abs(frequencies) * radius[:, None, None]
    power, coefficients = np.ones_like(step), []
    sign = np.sign(frequencies)
    for k in range(order + 1):
        derivatives = sine, cosine, -sine, -cosine
        pair = derivatives[k % 4], derivatives[(k + 1) % 4]
        coefficients.append(np.concatenate([power * sign**k * value for value in pair], axis=-1))
        power = power * step / (k + 1)
    error = (power + 4 * (order + 4) * U) * exp_above(step) * SLACK + TINY
    return TaylorModel(np.array(coefficients), np.concatenate([error, error], axis=-1))


def _averages(block: FoldedBlock, x: TaylorModel, last: TaylorModel) -> TaylorModel:
    """Softmax-weighted averages of the tokens (n, H, d)."""
    n, C, d = x.error.shape
    H = len(block.scores)
    directions = (last @ block.scores.transpose(1, 0, 2).reshape(d, H * d)).reshaped(n, H, d)
    scores = directions.times(x, lambda a, b: a @ b.swapaxes(-1, -2), d)
    shifted = scores.plus(-scores.coefficients[0].max(axis=-1, keepdims=True))
    weights = shifted.exp(balls.exp(shifted.coefficients[0]))
    total = weights @ np.ones((C, 1))
    return weights.times(x, np.matmul, C).times(total.reciprocal(), np.multiply)
