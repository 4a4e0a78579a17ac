"""Blocks with softmax attention, planes to look at them on, and units straight from their definition."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified.layout import in_rows
from geomtoy.certified.prenorm import normed_series
from geomtoy.certified.softmax import patch_series
from geomtoy.network import Network
from geomtoy.slices import Slice
from geomtoy.views.block_readout import block_readout
from geomtoy.views.normed_plane import normed_functions
from geomtoy.views.plane import count_regions_on_plane
from geomtoy.views.soft_plane import plane_functions

KINDS = {
    "plain": {},
    "no residual": {"residual": False, "sharp": 4.0},
    "layer norm": {"norm": True},
    "rms norm": {"norm": True, "centred": False},
    "sharp": {"sharp": 8.0},
    "norm before": {"before": True},
    "both norms, not centred": {"before": True, "norm": True, "centred": False, "sharp": 3.0},
}


def summed(*layers):
    """A network of hidden layers (W, b) whose one output is the sum of the last of them."""
    layers = [(np.asarray(W, float), np.asarray(b, float)) for W, b in layers]
    return Network([*layers, (np.ones((1, len(layers[-1][1]))), [0.0])])


def block(
    seed, T=5, H=2, d=6, f=3, m=10, residual=True, norm=False, centred=True, sharp=1.0, before=False
):
    """A Gaussian block: T tokens, H heads of size f, m units, norms after or before attention."""
    rng = np.random.default_rng(seed)
    W_Q, W_K, W_V = (rng.normal(size=(H, d, f)) / np.sqrt(d) for _ in range(3))
    mlp = summed((rng.normal(size=(m, d)) * 1.4 / np.sqrt(d), rng.normal(size=m) / 2))
    return BlockArrays(
        np.zeros((T, d // 2)), W_Q, W_K, W_V, rng.normal(size=(H, f, d)) / np.sqrt(H * f), mlp,
        norm_gain=1 + rng.normal(size=d) / 10 if norm else None,
        norm_bias=rng.normal(size=d) / 10 if norm else None,
        scale=sharp / np.sqrt(f), residual=residual, centred_norm=centred,
        attention_norm_gain=1 + rng.normal(size=d) / 10 if before else None,
        attention_norm_bias=rng.normal(size=d) / 10 if before else None,
    )  # fmt: skip


def place(one, seed, moving):
    """A plane, and the tokens that stand still (or None), for a block."""
    rng = np.random.default_rng(1000 + seed)
    T, d = one.context_length, one.d_model
    n = d if moving == "query" else T * d
    still = rng.normal(size=(T - 1, d)) if moving == "query" else None
    return Slice(*rng.normal(size=(3, n))), still


def all_tokens(plane, still, d, points):
    """The tokens (n, T, d) at points of a plane."""
    moved = plane.embed(points)
    if still is None:
        return moved.reshape(len(points), -1, d)
    return np.concatenate([np.broadcast_to(still, (len(points), *still.shape)), moved[:, None]], axis=1)


def affine_tokens(plane, still, d):
    """The tokens as functions of (s, t): origin, u and v of each, (3, T, d)."""
    parts = np.array([plane.origin, plane.u, plane.v], float)
    if still is None:
        return parts.reshape(3, -1, d)
    X = np.zeros((3, len(still) + 1, d))
    X[0, :-1], X[:, -1] = still, parts
    return X


def uniform_lines(one, plane, still):
    """A network whose lines are the borders of a block that attends to all its tokens alike."""
    X = affine_tokens(plane, still, one.d_model)
    y = X[:, -1] + np.einsum("rtd,hdf,hfe->re", X, one.W_V, one.W_O) / X.shape[1]
    W, b = one.mlp.float_layers[0]
    return summed(((y[1:] @ W.T).T, y[0] @ W.T + b))


def signs(one, plane, still, points):
    """Whether the units of the first layer are on at points of a plane, by a forward pass."""
    x = all_tokens(plane, still, one.d_model, points)
    return one.mlp.preactivations(one.mlp_input(x))[0] > 0


def count(one, seed, moving="query", **kwargs):
    """The regions of a block on the plane that `place` draws with a seed."""
    plane, still = place(one, seed, moving)
    return count_regions_on_plane(one, plane, tokens=still, moving=moving, **kwargs)


def series_of(one, plane, still):
    """The series of a block's units on patches of a plane."""
    X, after = affine_tokens(plane, still, one.d_model), block_readout(one)
    if one.attention_norm:
        return partial(normed_series, in_rows(normed_functions(one, (X, np.zeros_like(X)), after)))
    return partial(patch_series, in_rows(plane_functions(one, (X, np.zeros_like(X)), after)))


PLAIN = Slice((0, 0), (1, 0), (0, 1))


def without_attention(mlp, **norm):
    """A block that gives its MLP the query itself, perhaps behind a norm."""
    d = mlp.d_in
    zero = np.zeros((1, d, 1))
    return BlockArrays(np.zeros((1, d // 2)), zero, zero, zero, np.zeros((1, 1, d)), mlp, **norm)


def degenerate(W, b):
    """A block without attention: z = W (s, t) + b on the plane of the query, `PLAIN`."""
    return without_attention(summed((W, b)))


def two_layers(seed, m=9, m2=7, **kind):
    """A block with a second hidden layer of m2 units."""
    one = block(seed, m=m, **kind)
    rng = np.random.default_rng(seed + 5000)
    second = rng.normal(size=(m2, m)) * 1.4 / np.sqrt(m), rng.normal(size=m2) / 2
    return replace(one, mlp=summed(one.mlp.layers[0], second))
