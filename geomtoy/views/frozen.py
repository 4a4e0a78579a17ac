"""Frozen attention: its pattern and LayerNorm's statistics held, a block is affine up to the MLP."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq_mat

from geomtoy.block_arrays import BlockArrays, require_block
from geomtoy.errors import SettingError, SliceError
from geomtoy.network import parameter
from geomtoy.regions import enumerate_regions
from geomtoy.slices import UNIT_SQUARE, Slice, require_plane
from geomtoy.views.hidden_layers import needs_plain_attention
from geomtoy.views.rational_block import constant, mlp_on, moving_token, rational, value_and_output
from geomtoy.views.result import BlockRegions


def enumerate_frozen(
    block: BlockArrays,
    tokens: np.ndarray,
    moving: int,
    plane: Slice,
    *,
    window: Any = UNIT_SQUARE,
    max_regions: int | None = None,
) -> BlockRegions:
    """Enumerate the regions of a block whose attention pattern is held while one token moves.

    The pattern, and the mean and deviation of a LayerNorm before the MLP, are those at `tokens`.

    Args:
        tokens: (T, d) where they are computed; the last is the query.
        moving: which token moves on the plane; negative numbers count from the query.
        plane: where it moves, in R^d.
        window: convex polygon in slice coordinates.
    Raises:
        SettingError: there is no such token; or what is held is not finite, or a deviation is 0.
        NetworkError: the block is none, or has a norm before attention, or a token's number is not
            finite.
        SliceError: tokens or plane have another dimension than the block, or the plane is none.
        BudgetError: there are more than max_regions cells.
    Exactness: exact for the frozen model, whose parameters are the block's and the frozen floats. With
        respect to the true block it is exact at the tokens given, and nowhere else.
    """
    require_block(block)
    require_plane(plane)
    needs_plain_attention(block)
    tokens = parameter("tokens", tokens).astype(float)
    T = len(tokens)
    if tokens.shape != (T, block.d_model) or plane.dimension != block.d_model:
        raise SliceError(
            f"tokens have shape {tokens.shape} and the plane dimension {plane.dimension}; the block "
            f"takes (T, {block.d_model})"
        )
    if not -T <= moving < T:
        raise SettingError(f"there is no token {moving} among {T}; give one from {-T} to {T - 1}")
    rows = _resid_mid(block, tokens, moving % T, moving_token(plane))
    if block.layer_norm:
        rows = _normalised(block, tokens, rows)
    network = mlp_on(block, rows)
    cells = enumerate_regions(network, window=window, max_regions=max_regions)
    return BlockRegions(
        view=f"frozen attention, token {moving} moving",
        guarantee="exact for the frozen model; the true block agrees with it at the reference tokens",
        certified=True,
        regions=len(cells),
        linear_regions=cells.n_linear_regions,
        cells=cells,
    )


def _resid_mid(block: BlockArrays, tokens: np.ndarray, moving: int, query: fmpq_mat) -> fmpq_mat:
    """Rows (3, d) of the residual stream before the MLP, one token being (s, t, 1) times `query`."""
    T = len(tokens)
    with np.errstate(all="ignore"):
        pattern = block.attention_pattern(tokens[None])[0]
    if not np.isfinite(pattern).all():
        raise SettingError("attention overflows at the tokens; give smaller ones")
    still = rational(np.where(np.arange(T)[:, None] == moving, 0.0, tokens))
    last = constant(still, T - 1) if moving != T - 1 else query
    total = last if block.residual else last * 0
    for head in range(block.n_heads):
        weights = rational(pattern[head])
        attended = constant(weights * still, 0) + query * weights[0, moving]
        total = total + attended * value_and_output(block, head)
    return total


def _normalised(block: BlockArrays, tokens: np.ndarray, rows: fmpq_mat) -> fmpq_mat:
    """LayerNorm with the mean and deviation that it has at the reference tokens."""
    with np.errstate(all="ignore"):
        y = block.resid_mid(tokens[None])[0]
        mean = float(y.mean()) if block.centred_norm else 0.0
        deviation = float(np.sqrt(((y - mean) ** 2).mean() + block.norm_epsilon))
    if not 0 < deviation < np.inf:
        raise SettingError(f"the norm's deviation is {deviation:g} at the tokens; give others")
    gain, bias = np.asarray(block.norm_gain, float), np.asarray(block.norm_bias, float)
    d = len(gain)
    factor = [Fraction(g) / Fraction(deviation) for g in gain.tolist()]
    stretch = rational(np.diag(np.array(factor, dtype=object)))
    shift = [Fraction(b) - Fraction(mean) * f for b, f in zip(bias.tolist(), factor, strict=True)]
    zero = np.full((2, d), Fraction(0))
    return rows * stretch + rational(np.vstack([zero, np.array(shift, dtype=object)]))
