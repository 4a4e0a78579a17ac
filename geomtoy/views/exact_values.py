"""The functions of a block on a plane or surface in ball arithmetic, at any precision."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from flint import arb, arb_mat

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified.exactly import Exact
from geomtoy.views.balls import first_layer
from geomtoy.views.block_readout import BlockReadout
from geomtoy.views.rational_block import rational

TokensAt = Callable[[arb, arb], arb_mat]
"""(u, v) -> tokens (T, d)."""


def exact_values(block: BlockArrays, after: BlockReadout, tokens: TokensAt) -> Exact:
    """Values of functions, numbered as those of `after`, at points of the window."""
    n = len(block.mlp.layers[0][1])

    def values(functions: list[int], u: arb, v: arb) -> list[arb]:
        units = [int(unit) for unit in after.units[functions]]
        if max(units) < n:
            return first_layer(block, tokens(u, v), units)[0]
        z, deviation = first_layer(block, tokens(u, v), list(range(n)))
        on = [one.max(arb(0)) for one in z]
        return [z[k] if k < n else _second_layer(block, k - n, on, deviation) for k in units]

    return values


def _second_layer(block: BlockArrays, unit: int, on: list[arb], deviation: arb) -> arb:
    W, b = block.mlp.layers[1]
    row, bias = arb_mat(rational(W[unit])).entries(), arb(rational([b[unit]])[0, 0])
    return sum((w * x for w, x in zip(row, on, strict=True)), bias * deviation)


def affine_tokens(X: np.ndarray) -> TokensAt:
    """Tokens X[0] + u X[1] + v X[2] for floats X (3, T, d)."""

    @cache
    def parts() -> list[arb_mat]:
        return [arb_mat(part.tolist()) for part in X]

    def tokens(u: arb, v: arb) -> arb_mat:
        origin, along_u, along_v = parts()
        return origin + along_u * u + along_v * v

    return tokens
