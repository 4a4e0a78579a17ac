"""A soft block on a plane as the functions whose zeros are its borders, in floats with proven errors.

With X (T, d) the tokens, affine in (u, v), and y the last token after attention, unit i is on where
rows_i . y + bias_i > 0; behind a norm, multiplied by its deviation, where rows_i . y + bias_i sigma > 0.
Products of matrices err by at most gamma(terms) times the product of absolute values; see
`geomtoy.certified.bounds`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified import SoftFunctions
from geomtoy.certified.bounds import SLACK, TINY, gamma

REACH = 1.5  # polydiscs of patches stay within this multiple of the window


@dataclass(frozen=True, eq=False)
class PlaneFunctions:
    """Functions on [-1, 1]^2, and the block's unit that each is the first of.

    Units with proportional parameters switch together and have one function; units that are zero
    everywhere are never on, and have none.

    Args:
        functions: what `patch_series` reads.
        units: (n,) the first unit of each function.
        function: (m,) the function of each unit of the block, -1 for none.
        alike: (m,) whether a unit is on where its function is > 0, and not where it is < 0.
    """

    functions: SoftFunctions
    units: np.ndarray
    function: np.ndarray
    alike: np.ndarray


def plane_functions(block: BlockArrays, X: np.ndarray) -> PlaneFunctions:
    """Functions of a block whose tokens are X[0] + u X[1] + v X[2], X (3, T, d) nearest floats.

    Cost: O(H T d f) products for each of the three parts, and rational arithmetic for twin units only.
    """
    first, alike = _first_units(block)
    units = np.unique(first[first >= 0])
    scores, score_error = _scores(block, X)
    values, value_error = _values(block, X)
    R, R_size, R_error = _rows(block, units)
    W_O = np.concatenate(np.asarray(block.W_O, float))
    last = X[:, -1] if block.residual else np.zeros_like(X[:, -1])
    W, b = block.mlp.float_layers[0]
    shift = np.zeros(block.d_model) if block.norm_bias is None else np.asarray(block.norm_bias, float)
    bias = b[units] + W[units] @ shift
    n = gamma(block.d_model + 8.0) * SLACK
    functions = SoftFunctions(
        scores,
        score_error,
        values,
        value_error,
        np.flatnonzero((X[1:] != 0).any(axis=(0, 2))),
        np.ascontiguousarray(W_O @ R),
        np.abs(W_O) @ (R_error + n * R_size) * SLACK + TINY,
        np.ascontiguousarray(last @ R),
        np.abs(last) @ (R_error + n * R_size) * SLACK + TINY,
        bias,
        n * (np.abs(b[units]) + np.abs(W[units]) @ np.abs(shift)) + TINY,
        float(block.norm_epsilon) if block.layer_norm else -1.0,
    )
    function = np.where(first >= 0, np.searchsorted(units, first), -1)
    return PlaneFunctions(functions, units, function, alike)


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


def _rows(block: BlockArrays, units: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows as columns (d, n + c), absolute values that they are made of, and bounds on their errors.

    Behind a norm, c = d more columns give what its deviation is the root mean square of.
    """
    d = block.d_model
    rows = block.mlp.float_layers[0][0][units]
    if not block.layer_norm:
        return rows.T, np.abs(rows.T), gamma(2.0) * np.abs(rows.T)
    rows = np.concatenate([rows * np.asarray(block.norm_gain, float), np.eye(d)])
    size = np.abs(rows)
    if block.centred_norm:
        size = size + size.mean(axis=1, keepdims=True)
        rows = rows - rows.mean(axis=1, keepdims=True)
    return rows.T, size.T, gamma(d + 8.0) * size.T * SLACK


def _first_units(block: BlockArrays) -> tuple[np.ndarray, np.ndarray]:
    """For each unit the first one of its direction of (row, bias) up to sign, -1 for one that is zero
    everywhere, and whether both have the same sign.

    Floats choose which units may be alike; rational numbers decide.
    """
    W, b = block.mlp.float_layers[0]
    rows, _, _ = _rows(block, np.arange(len(W)))
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
