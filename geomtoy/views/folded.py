"""A soft block as few matrices: what decides the signs of its preactivations along time.

With y the last token after attention, unit i is on where rows_i . y + bias_i > 0. A LayerNorm is
multiplied by its deviation sigma(y) > 0, which changes no sign: rows_i . y + bias_i sigma(y) > 0, where
rows and bias have taken in gain, shift and centring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpq_mat

from geomtoy.block_arrays import BlockArrays
from geomtoy.views.rational_block import rational, value_and_output


@dataclass(frozen=True, eq=False)
class ExactMatrices:
    """As in `FoldedBlock`, in rational numbers."""

    scores: list[fmpq_mat]
    heads: list[fmpq_mat]
    query: fmpq_mat
    bias: list[fmpq]


@dataclass(frozen=True, eq=False)
class FoldedBlock:
    """z = x_last query + sum_h average_h(x) heads_h + bias (times the deviation), in nearest floats.

    Args:
        frequencies: (C, d/2).
        scores: (H, d, d) scale W_Q W_K^T.
        heads: (H, d, m) W_V W_O rows^T; the first n_units of the m rows are units, and with LayerNorm
            d more give the centred y.
        query: (d, m) rows^T, or 0 without residual.
        bias: (n_units,).
        epsilon: what LayerNorm adds to the variance; None without LayerNorm.
        units: (n_units,) their numbers in the block: of units with proportional parameters, which
            change sign together, the first; none whose parameters are all 0.
        exact: the same before rounding.
    """

    frequencies: np.ndarray
    scores: np.ndarray
    heads: np.ndarray
    query: np.ndarray
    bias: np.ndarray
    epsilon: float | None
    units: np.ndarray
    exact: ExactMatrices

    @property
    def n_units(self) -> int:
        return len(self.units)


def fold(block: BlockArrays) -> FoldedBlock:
    """Exact products of a block's parameters, then rounded. Cost: O(H d^2 (hidden + d)) rationals."""
    rows, bias = _rows(block)
    units = _distinct([[*row, b] for row, b in zip(rows, bias, strict=True)])
    chosen = [rows[i] for i in units] + (_centring(block) if block.layer_norm else [])
    flat = [x for row in chosen for x in row]
    transposed = fmpq_mat(len(chosen), block.d_model, flat).transpose()
    zero = fmpq_mat(block.d_model, len(chosen))
    exact = ExactMatrices(
        [
            rational(W_Q) * rational(W_K).transpose() * fmpq(*float(block.scale).as_integer_ratio())
            for W_Q, W_K in zip(block.W_Q, block.W_K, strict=True)
        ],
        [value_and_output(block, h) * transposed for h in range(block.n_heads)],
        transposed if block.residual else zero,
        [bias[i] for i in units],
    )
    return FoldedBlock(
        np.asarray(block.frequencies, float),
        np.stack([_nearest(matrix) for matrix in exact.scores]),
        np.stack([_nearest(matrix) for matrix in exact.heads]),
        _nearest(exact.query),
        np.array([int(b.p) / int(b.q) for b in exact.bias]),
        float(block.norm_epsilon) if block.layer_norm else None,
        np.array(units, int),
        exact,
    )


def _rows(block: BlockArrays) -> tuple[list[list[fmpq]], list[fmpq]]:
    """The MLP's first layer (hidden, d) and (hidden,), with LayerNorm's gain, shift and centring."""
    W, b = (rational(array) for array in block.mlp.layers[0])
    bias = b.entries()
    if not block.layer_norm:
        return W.tolist(), bias
    shift = (W * rational(block.norm_bias).transpose()).entries()
    gain = rational(block.norm_gain).entries()
    d = W.ncols()
    centring = fmpq_mat(d, d, [x for row in _centring(block) for x in row])
    scaled = [[w * g for w, g in zip(row, gain, strict=True)] for row in W.tolist()]
    centred = fmpq_mat(W.nrows(), d, [x for row in scaled for x in row]) * centring
    return centred.tolist(), [one + other for one, other in zip(bias, shift, strict=True)]


def _centring(block: BlockArrays) -> list[list[fmpq]]:
    d = block.d_model
    mean = fmpq(1, d) if block.centred_norm else fmpq(0)
    return [[fmpq(int(i == j)) - mean for j in range(d)] for i in range(d)]


def _distinct(rows: list[list[fmpq]]) -> list[int]:
    """The first row of each direction (up to sign); zero rows are left out."""
    first: dict[tuple[fmpq, ...], int] = {}
    for i, row in enumerate(rows):
        lead = next((x for x in row if x != 0), None)
        if lead is not None:
            first.setdefault(tuple(x / lead for x in row), i)
    return list(first.values())


def _nearest(matrix: fmpq_mat) -> np.ndarray:
    entries = [int(x.p) / int(x.q) for x in matrix.entries()]
    return np.array(entries).reshape(matrix.nrows(), matrix.ncols())
