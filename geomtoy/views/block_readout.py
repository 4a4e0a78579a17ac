"""What follows a block's attention, as the functions that decide signs: rows, biases, distinct units.

With y the last token after attention, unit i is on where rows_i . y + bias_i > 0; behind a norm,
multiplied by its deviation, where rows_i . y + bias_i sigma > 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified.bounds import SLACK, TINY, gamma
from geomtoy.certified.folds import Folds
from geomtoy.certified.readout import Readout
from geomtoy.certified.split import known_product
from geomtoy.views.proportional import Proportional, proportional
from geomtoy.views.second_layer import second_layer


@dataclass(frozen=True, eq=False)
class BlockReadout:
    """
    Args:
        readout: of averages of all heads side by side.
        rows, rows_error: (d, m + c) what is multiplied by the last token, if the block has a residual.
        units: (m,) the block's unit that each function is the first of. Units with proportional
            parameters switch together and have one function; units that are zero everywhere are never
            on, and have none. With a second layer: then -1 for a function that multiplies its biases, 1
            or the norm's deviation, and for each of `folds` its unit, counted on from the first layer's.
        function: (n,) the function of each unit of the first layer, -1 for none.
        alike: (n,) whether a unit is on where its function is > 0, and not where it is < 0.
        folds: a second layer's functions, if there is one.
    """

    readout: Readout
    rows: np.ndarray
    rows_error: np.ndarray
    units: np.ndarray
    function: np.ndarray
    alike: np.ndarray
    folds: Folds | None


def block_readout(block: BlockArrays) -> BlockReadout:
    """Cost: O(H d f) for each unit, and rational arithmetic for twin units only."""
    distinct = _distinct_units(block)
    first, alike = distinct.first, distinct.alike
    units = np.unique(first[first >= 0])
    deep = len(block.mlp.widths) > 1
    R, R_error = _rows(block, units, deep)
    W_O = np.concatenate(np.asarray(block.W_O, float))
    out, out_error = known_product(W_O, np.zeros_like(W_O), R, R_error)
    W, b = block.mlp.float_layers[0]
    shift = np.zeros(block.d_model) if block.norm_bias is None else np.asarray(block.norm_bias, float)
    n = gamma(block.d_model + 8.0) * SLACK
    bias = b[units] + W[units] @ shift
    bias_error = n * (np.abs(b[units]) + np.abs(W[units]) @ np.abs(shift)) + TINY
    readout = Readout(
        out,
        out_error,
        np.append(bias, [1.0] * deep),
        np.append(bias_error, [0.0] * deep),
        float(block.norm_epsilon) if block.layer_norm else -1.0,
    )
    kept = float(block.residual)
    function = np.where(first >= 0, np.searchsorted(units, first), -1)
    folds = None
    if deep:
        second = second_layer(block.mlp, distinct)
        folds, units = second.folds, np.concatenate([units, [-1], len(W) + second.units])
    return BlockReadout(
        readout, np.ascontiguousarray(kept * R), kept * R_error, units, function, alike, folds
    )


def _rows(block: BlockArrays, units: np.ndarray, deep: bool) -> tuple[np.ndarray, np.ndarray]:
    """Rows as columns (d, n + c), and bounds on their errors.

    Deep, a row of zeros is the last of the n. Behind a norm, c = d more columns give what its deviation
    is the root mean square of.
    """
    d = block.d_model
    rows = np.concatenate([block.mlp.float_layers[0][0][units], np.zeros((int(deep), d))])
    if not block.layer_norm:
        return rows.T, gamma(2.0) * np.abs(rows.T)
    rows = np.concatenate([rows * np.asarray(block.norm_gain, float), np.eye(d)])
    size = np.abs(rows)
    if block.centred_norm:
        size = size + size.mean(axis=1, keepdims=True)
        rows = rows - rows.mean(axis=1, keepdims=True)
    return rows.T, gamma(d + 8.0) * size.T * SLACK


def _distinct_units(block: BlockArrays) -> Proportional:
    """Units of the first layer with proportional (row, bias)."""
    W, b = block.mlp.float_layers[0]
    rows, _ = _rows(block, np.arange(len(W)), False)
    shift = 0.0 if block.norm_bias is None else W @ np.asarray(block.norm_bias, float)
    parameters = np.column_stack([rows[:, : len(W)].T, b + shift])
    size = np.abs(W).max(axis=1) + np.abs(b)
    return proportional(parameters, size, partial(_exact_parameters, block))


def _exact_parameters(block: BlockArrays, unit: int) -> list[Fraction]:
    W, b = block.mlp.layers[0]
    row, bias = [Fraction(x) for x in W[unit].tolist()], Fraction(b[unit])
    if block.norm_gain is not None and block.norm_bias is not None:
        shift = [Fraction(s) for s in block.norm_bias.tolist()]
        bias += sum((x * s for x, s in zip(row, shift, strict=True)), Fraction(0))
        row = [x * Fraction(g) for x, g in zip(row, block.norm_gain.tolist(), strict=True)]
        if block.centred_norm:
            mean = sum(row, Fraction(0)) / len(row)
            row = [x - mean for x in row]
    return [*row, bias]
