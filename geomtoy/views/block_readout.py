"""What follows a block's attention, as the functions that decide signs: rows, biases, distinct units.

With y the last token after attention, unit i is on where rows_i . y + bias_i > 0; behind a norm,
multiplied by its deviation, where rows_i . y + bias_i sigma > 0.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified.bounds import SLACK, TINY, gamma
from geomtoy.certified.readout import Readout
from geomtoy.certified.split import known_product


@dataclass(frozen=True, eq=False)
class BlockReadout:
    """
    Args:
        readout: of averages of all heads side by side.
        rows, rows_error: (d, m + c) what is multiplied by the last token, if the block has a residual.
        units: (m,) the block's unit that each function is the first of. Units with proportional
            parameters switch together and have one function; units that are zero everywhere are never
            on, and have none.
        function: (n,) the function of each unit of the block, -1 for none.
        alike: (n,) whether a unit is on where its function is > 0, and not where it is < 0.
    """

    readout: Readout
    rows: np.ndarray
    rows_error: np.ndarray
    units: np.ndarray
    function: np.ndarray
    alike: np.ndarray


def block_readout(block: BlockArrays) -> BlockReadout:
    """Cost: O(H d f) for each unit, and rational arithmetic for twin units only."""
    first, alike = _first_units(block)
    units = np.unique(first[first >= 0])
    R, R_error = _rows(block, units)
    W_O = np.concatenate(np.asarray(block.W_O, float))
    out, out_error = known_product(W_O, np.zeros_like(W_O), R, R_error)
    W, b = block.mlp.float_layers[0]
    shift = np.zeros(block.d_model) if block.norm_bias is None else np.asarray(block.norm_bias, float)
    n = gamma(block.d_model + 8.0) * SLACK
    readout = Readout(
        out,
        out_error,
        b[units] + W[units] @ shift,
        n * (np.abs(b[units]) + np.abs(W[units]) @ np.abs(shift)) + TINY,
        float(block.norm_epsilon) if block.layer_norm else -1.0,
    )
    kept = float(block.residual)
    function = np.where(first >= 0, np.searchsorted(units, first), -1)
    return BlockReadout(readout, np.ascontiguousarray(kept * R), kept * R_error, units, function, alike)


def _rows(block: BlockArrays, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows as columns (d, n + c), and bounds on their errors.

    Behind a norm, c = d more columns give what its deviation is the root mean square of.
    """
    d = block.d_model
    rows = block.mlp.float_layers[0][0][units]
    if not block.layer_norm:
        return rows.T, gamma(2.0) * np.abs(rows.T)
    rows = np.concatenate([rows * np.asarray(block.norm_gain, float), np.eye(d)])
    size = np.abs(rows)
    if block.centred_norm:
        size = size + size.mean(axis=1, keepdims=True)
        rows = rows - rows.mean(axis=1, keepdims=True)
    return rows.T, gamma(d + 8.0) * size.T * SLACK


def _first_units(block: BlockArrays) -> tuple[np.ndarray, np.ndarray]:
    """For each unit the first one of its direction of (row, bias) up to sign, -1 for one that is zero
    everywhere, and whether both have the same sign.

    Floats choose which units may be alike; rational numbers decide.
    """
    W, b = block.mlp.float_layers[0]
    rows, _ = _rows(block, np.arange(len(W)))
    shift = 0.0 if block.norm_bias is None else W @ np.asarray(block.norm_bias, float)
    parameters = np.column_stack([rows[:, : len(W)].T, b + shift])
    size = np.abs(W).max(axis=1) + np.abs(b)
    suspects: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for i, one in enumerate(parameters):
        largest = one[np.argmax(np.abs(one) > 0.5 * np.abs(one).max())]
        tiny = not np.abs(one).max() > 1e-9 * size[i]
        suspects[() if tiny else tuple(np.round(one / largest, 6) + 0.0)].append(i)
    first, alike = np.arange(len(W)), np.ones(len(W), bool)
    for key, group in suspects.items():
        if len(group) > 1 or not key:
            _compare(block, group, first, alike)
    return first, alike


def _compare(block: BlockArrays, group: list[int], first: np.ndarray, alike: np.ndarray) -> None:
    """Fill in `first` and `alike` for a group of units, by rational numbers."""
    found: dict[tuple[Fraction, ...], tuple[int, bool]] = {}
    for i in group:
        row = _exact_parameters(block, i)
        lead = next((x for x in row if x), None)
        if lead is None:
            first[i] = -1
            continue
        first[i], positive = found.setdefault(tuple(x / lead for x in row), (i, lead > 0))
        alike[i] = positive == (lead > 0)


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
