"""Blocks whose tokens move along time: units that are one sine, and random ones."""

from __future__ import annotations

import numpy as np
from soft_blocks import summed

from geomtoy.block_arrays import BlockArrays

CYCLE = (-2 * np.pi, 2 * np.pi)


def plain(W, b, frequencies=(1.0,)):
    """A block whose attention gives nothing: z_i(t) = W_i . (sin f t, cos f t) + b_i."""
    d = 2 * len(frequencies)
    zero = np.zeros((1, d, 1))
    rates = np.array([[3.0] * len(frequencies), frequencies])
    mlp = summed((np.atleast_2d(W), b))
    return BlockArrays(rates, zero, zero, zero, np.zeros((1, 1, d)), mlp)


def random_block(
    seed, norm=False, hard=False, residual=True, C=4, H=2, d=4, hidden=6, frequencies=(0.1, 4.0)
):
    """A block of Gaussian weights whose C tokens turn at frequencies of a range."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(H, d, 3)) * 0.7 for _ in range(3)]
    return BlockArrays(
        rng.uniform(*frequencies, (C, d // 2)),
        *weights,
        rng.normal(size=(H, 3, d)) * 0.5,
        summed((rng.normal(size=(hidden, d)), rng.normal(size=hidden) * 0.5)),
        norm_gain=rng.normal(size=d) if norm else None,
        norm_bias=rng.normal(size=d) if norm else None,
        residual=residual,
        hard=hard,
    )
