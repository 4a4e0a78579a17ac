"""The series of a block's units on patches of a plane hold the true functions, with arb as the judge."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, arb_mat, ctx
from soft_blocks import KINDS, block, place, series_of

from geomtoy.certified.series import degree


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moving", ["query", "context"])
def test_series_hold_the_true_functions(kind, moving):
    """Values in ball arithmetic at random points of random patches stay within the proven error."""
    D, used = degree(8), 0.0
    for seed in range(3):
        one = block(seed, **KINDS[kind], m=4)
        plane, still = place(one, seed, moving)
        series = series_of(one, plane, still)
        rng = np.random.default_rng(seed)
        for radius in (0.05, 0.001):
            cx, cy = rng.uniform(-0.9, 0.9, 2)
            c, low, tail, _, fine = series(cx, cy, radius, radius, D)
            assert fine
            for s, t in rng.uniform(-1, 1, (3, 2)):
                true = _ball(
                    one, plane, still, arb(cx) + arb(radius) * arb(s), arb(cy) + arb(radius) * arb(t)
                )
                for i, z in enumerate(true):
                    with ctx.workprec(200):
                        stored = sum(
                            (
                                arb(float(c[k, i])) * arb(s) ** int(p) * arb(t) ** int(q)
                                for k, (p, q) in enumerate(D.exponents)
                            ),
                            arb(0),
                        )
                        error = float(abs(z - stored))
                    assert error <= low[i] + tail[i]
                    used = max(used, error / (low[i] + tail[i]))
    assert used > 1e-4  # the bound is not idle


def _ball(one, plane, still, u, v):
    """Preactivations, times a norm's deviation, at (u, v) in 200-bit ball arithmetic."""
    with ctx.workprec(200):
        moved = [arb(float(o)) + u * arb(float(a)) + v * arb(float(b))
                 for o, a, b in zip(plane.origin, plane.u, plane.v, strict=True)]  # fmt: skip
        d = one.d_model
        rows = [moved[k : k + d] for k in range(0, len(moved), d)]
        if still is not None:
            rows = [[arb(x) for x in row] for row in still.tolist()] + rows
        last = arb_mat([rows[-1]])
        y = last if one.residual else last * 0
        if one.attention_norm:
            norm = one.attention_norm_gain.tolist(), one.attention_norm_bias.tolist()
            rows = [_normed_ball(one, row, *norm) for row in rows]
        x, last = arb_mat(rows), arb_mat([rows[-1]])
        for W_Q, W_K, W_V, W_O in zip(
            *([arb_mat(A.tolist()) for A in part] for part in (one.W_Q, one.W_K, one.W_V, one.W_O)),
            strict=True,
        ):
            scores = ((last * W_Q) * (x * W_K).transpose()).entries()
            weights = [(s * arb(float(one.scale))).exp() for s in scores]
            y = y + arb_mat([weights]) * x * W_V * W_O * (1 / sum(weights, arb(0)))
        y = y.entries()
        W, b = (A.tolist() for A in one.mlp.layers[0])
        if not one.layer_norm:
            return [
                sum((arb(w) * z for w, z in zip(row, y, strict=True)), arb(c))
                for row, c in zip(W, b, strict=True)
            ]
        if one.centred_norm:
            mean = sum(y, arb(0)) / d
            y = [z - mean for z in y]
        sigma = (sum((z * z for z in y), arb(0)) / d + arb(one.norm_epsilon)).sqrt()
        gain, shift = one.norm_gain.tolist(), one.norm_bias.tolist()
        n = [z * arb(g) + arb(s) * sigma for z, g, s in zip(y, gain, shift, strict=True)]
        return [
            sum((arb(w) * z for w, z in zip(row, n, strict=True)), arb(c) * sigma)
            for row, c in zip(W, b, strict=True)
        ]


def _normed_ball(one, row, gain, shift):
    mean = sum(row, arb(0)) / len(row) if one.centred_norm else arb(0)
    row = [z - mean for z in row]
    sigma = (sum((z * z for z in row), arb(0)) / len(row) + arb(one.norm_epsilon)).sqrt()
    return [z / sigma * arb(g) + arb(s) for z, g, s in zip(row, gain, shift, strict=True)]
