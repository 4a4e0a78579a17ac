"""Where floats stop, arb decides: signs of a block's preactivations at one time, in ball arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from geomtoy.block_arrays import BlockArrays
from geomtoy.views.rational_block import rational


def sign_at(block: BlockArrays, unit: int, t: fmpq, bits: int = 4096) -> int | None:
    """Sign of a unit's preactivation at a rational time: -1, 1, or 0 where it is exactly 0.

    None if so many bits do not tell. Cost: one evaluation of the block for each doubling of the
    precision from 64 bits.
    """
    precision = 64
    while precision <= bits:
        z = preactivation_ball(block, unit, t, precision)
        if z > 0 or z < 0:
            return 1 if z > 0 else -1
        if z.is_zero():
            return 0
        precision *= 2
    return None


def preactivation_ball(block: BlockArrays, unit: int, t: fmpq, bits: int) -> arb:
    """A ball that holds the preactivation (times a norm's deviation, if any) at a time."""
    with ctx.workprec(bits):
        time = arb(t)
        angles = [[(arb(f) * time).sin_cos() for f in row] for row in block.frequencies.tolist()]
        x = arb_mat([[s for s, _ in row] + [c for _, c in row] for row in angles])
        return first_layer(block, x, [unit])[0][0]


def first_layer(block: BlockArrays, x: arb_mat, units: list[int]) -> tuple[list[arb], arb]:
    """Preactivations of units for tokens x (T, d), times a norm's deviation, and this (or 1)."""
    y = _resid_mid(block, x).entries()
    W, b = block.mlp.layers[0]
    gain = shift = None
    deviation = arb(1)
    if block.norm_gain is not None and block.norm_bias is not None:
        y, deviation = _centred(block, y)
        gain, shift = (_exact(part).entries() for part in (block.norm_gain, block.norm_bias))
    if gain is not None:
        y = [one * g for one, g in zip(y, gain, strict=True)]
    found = []
    for unit in units:
        row, bias = arb_mat(rational(W[unit])).entries(), arb(rational([b[unit]])[0, 0])
        if shift is not None:
            bias = (_dot(row, shift) + bias) * deviation
        found.append(_dot(row, y) + bias)
    return found, deviation


def _centred(block: BlockArrays, y: list[arb]) -> tuple[list[arb], arb]:
    """What a norm divides, and what by."""
    if block.centred_norm:
        mean = _dot(y, [arb(1)] * len(y)) / len(y)
        y = [one - mean for one in y]
    return y, (_dot(y, y) / len(y) + arb(float(block.norm_epsilon))).sqrt()


def _resid_mid(block: BlockArrays, x: arb_mat) -> arb_mat:
    """The last token (1, d) after attention."""
    last = _row(x, x.nrows() - 1)
    y = last if block.residual else 0 * last
    if block.attention_norm_gain is not None and block.attention_norm_bias is not None:
        gain, shift = (
            _exact(p).entries() for p in (block.attention_norm_gain, block.attention_norm_bias)
        )
        rows = []
        for j in range(x.nrows()):
            centred, deviation = _centred(block, _row(x, j).entries())
            rows.append([c / deviation * g + s for c, g, s in zip(centred, gain, shift, strict=True)])
        x = arb_mat(rows)
        last = _row(x, x.nrows() - 1)
    scale = arb(float(block.scale))
    for W_Q, W_K, W_V, W_O in zip(block.W_Q, block.W_K, block.W_V, block.W_O, strict=True):
        direction = scale * (last * _exact(W_Q)) * _exact(W_K).transpose()
        y = y + _average(x, direction) * _exact(W_V) * _exact(W_O)
    return y


def _row(x: arb_mat, j: int) -> arb_mat:
    return arb_mat([[x[j, k] for k in range(x.ncols())]])


def _average(x: arb_mat, direction: arb_mat) -> arb_mat:
    """Softmax-weighted average of the rows of x with scores x . direction."""
    scores = (x * direction.transpose()).entries()
    shift = max(scores, key=float).mid()
    weights = [(score - shift).exp() for score in scores]
    return arb_mat([weights]) * x * (1 / sum(weights))


def _exact(matrix: np.ndarray) -> arb_mat:
    return arb_mat(rational(matrix))


def _dot(a: list[arb], b: list[arb]) -> arb:
    return sum((x * y for x, y in zip(a, b, strict=True)), arb(0))


def exact_time(t: float) -> fmpq:
    return fmpq(*Fraction(t).as_integer_ratio())
