"""Where arb enters: sines and exponentials for Taylor models, and preactivations at one time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from geomtoy.views.folded import FoldedBlock
from geomtoy.views.taylor import FLOOR

BITS = 128


def sin_cos(frequencies: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """sin and cos of frequencies (C, k) times t (n,), as (n, C, k); off by at most U each."""
    with ctx.workprec(BITS):
        rates = [arb(f) for f in frequencies.ravel().tolist()]
        pairs = [(f * time).sin_cos() for time in map(arb, t.tolist()) for f in rates]
        values = _nearest([ball for pair in pairs for ball in pair])
    sine, cosine = values.reshape(len(t), *frequencies.shape, 2).transpose(3, 0, 1, 2).copy()
    return sine, cosine


def exp(x: np.ndarray) -> np.ndarray:
    """exp of x <= 0, off by at most U relatively plus FLOOR."""
    with ctx.workprec(BITS):
        return _nearest([arb(v).exp() for v in x.ravel().tolist()]).reshape(x.shape)


def _nearest(balls: list[arb]) -> np.ndarray:
    """Midpoints as floats; all is NaN unless the radii sum to less than FLOOR (so that each does)."""
    if not sum(balls, arb(0)).rad() < FLOOR:
        return np.full(len(balls), np.nan)
    return np.array([float(ball) for ball in balls])


def sign_at(block: FoldedBlock, unit: int, t: fmpq, bits: int = 4096) -> int | None:
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


def preactivation_ball(block: FoldedBlock, unit: int, t: fmpq, bits: int) -> arb:
    """A ball that holds the preactivation (times the LayerNorm's deviation, if any) at a time."""
    exact = block.exact
    with ctx.workprec(bits):
        time = arb(t)
        angles = [[(arb(f) * time).sin_cos() for f in row] for row in block.frequencies.tolist()]
        x = arb_mat([[s for s, _ in row] + [c for _, c in row] for row in angles])
        last = arb_mat([[x[x.nrows() - 1, j] for j in range(x.ncols())]])
        rows = last * arb_mat(exact.query)
        for scores, values in zip(exact.scores, exact.heads, strict=True):
            rows += _average(x, last * arb_mat(scores)) * arb_mat(values)
        z, bias = rows[0, unit], arb(exact.bias[unit])
        if block.epsilon is None:
            return z + bias
        y = [rows[0, j] for j in range(block.n_units, rows.ncols())]
        variance = sum((v * v for v in y), arb(0)) / len(y)
        return z + bias * (variance + arb(block.epsilon)).sqrt()


def _average(x: arb_mat, direction: arb_mat) -> arb_mat:
    """Softmax-weighted average of the rows of x with scores x . direction."""
    scores = (x * direction.transpose()).entries()
    shift = max(scores, key=float).mid()
    weights = [(score - shift).exp() for score in scores]
    return arb_mat([weights]) * x * (1 / sum(weights))


def exact_time(t: float) -> fmpq:
    return fmpq(*Fraction(t).as_integer_ratio())
