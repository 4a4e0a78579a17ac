"""A query's own key that moves, is held or masked: against forward passes, lines, and hard limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from soft_blocks import KINDS, block, place

import geomtoy
from geomtoy.errors import SettingError
from geomtoy.network import Network
from geomtoy.slices import Slice
from geomtoy.views import count_regions_on_plane, enumerate_hard_attention, enumerate_regions_on_plane

ASIDE = ((0, 1), (3, 1), (3, 4), (0, 4))
"""Away from the plane's origin, where a still key is taken."""


def forward(one, still, plane, points, self_key):
    """Whether units are on, token by token and head by head."""
    moved, own, on = plane.embed(points), np.array(plane.origin, float), []
    for x in moved:
        keys = {"masked": still, "still": [*still, own], "moving": [*still, x]}[self_key]
        values = [*still, x][: len(keys)]
        y = x * one.residual
        for W_Q, W_K, W_V, W_O in zip(one.W_Q, one.W_K, one.W_V, one.W_O, strict=True):
            weights = softmax([one.scale * (x @ W_Q) @ (k @ W_K) for k in keys])
            y = y + sum(w * (v @ W_V) for w, v in zip(weights, values, strict=True)) @ W_O
        on.append(one.mlp.preactivations(one._normed(y[None], one.norm_gain, one.norm_bias))[0][0] > 0)
    return np.array(on)


@pytest.mark.parametrize("self_key", ["moving", "still", "masked"])
@pytest.mark.parametrize("kind", ["plain", "no residual", "layer norm", "sharp"])
def test_cells_have_the_patterns_of_forward_passes(kind, self_key):
    one = block(4, **KINDS[kind])
    plane, still = place(one, 4, "query")
    cells = enumerate_regions_on_plane(one, plane, tokens=still, self_key=self_key, window=ASIDE)
    points = np.random.default_rng(0).uniform((0, 1), (3, 4), (60, 2))
    found = cells.locate(points)
    assert (found >= 0).mean() > 0.9
    expected = forward(one, still, plane, points[found >= 0], self_key)
    assert (cells.activation_patterns[found[found >= 0]] == expected).all()


def test_the_three_differ():
    one = block(4, sharp=4.0)
    plane, still = place(one, 4, "query")
    found = {
        key: count_regions_on_plane(one, plane, tokens=still, self_key=key, window=ASIDE)
        for key in ("moving", "still", "masked")
    }
    assert all(of.certified for of in found.values())
    assert [of.view for of in found.values()] == [
        "plane, query moving",
        "plane, query moving, own key still",
        "plane, query moving, own key masked",
    ]
    assert len({tuple(np.round(of.crossings.ravel(), 6)) for of in found.values()}) == 3


@pytest.mark.parametrize("moving", ["query", "context"])
def test_a_key_that_does_not_move_is_still(moving):
    """On a plane that the last token's key does not see."""
    one = block(5, H=1)
    plane, still = place(one, 5, moving)
    blind = np.linalg.svd(one.W_K[0].T)[2][-2:]
    u, v = (np.array(way, float) for way in (plane.u, plane.v))
    u[-6:], v[-6:] = blind
    plane = Slice(plane.origin, tuple(u), tuple(v))
    one_way, other = (
        count_regions_on_plane(one, plane, tokens=still, moving=moving, self_key=key)
        for key in ("moving", "still")
    )
    assert one_way.certified
    assert other.certified
    assert one_way.regions == other.regions
    np.testing.assert_allclose(one_way.crossings, other.crossings, atol=1e-9)


def test_one_token_to_attend_to_gives_straight_lines():
    one = block(6, T=2)
    plane, still = place(one, 6, "query")
    W, b = one.mlp.float_layers[0]
    shift = sum(still[0] @ V @ out for V, out in zip(one.W_V, one.W_O, strict=True))
    lines = Network([(W, b + W @ shift), (np.ones((1, len(W))), [0.0])])
    exact = geomtoy.count_regions(lines, slice=plane)
    found = count_regions_on_plane(one, plane, tokens=still, self_key="masked")
    assert found.certified
    assert found.regions == exact.regions


@pytest.mark.parametrize("self_key", ["masked", "still"])
def test_sharp_scores_have_the_patterns_of_hard_attention(self_key):
    """In the middles of hard cells that are no thinner than the strip in which softmax hesitates."""
    one = block(7)
    plane, still = place(one, 7, "query")
    hard = enumerate_hard_attention(replace(one, hard=True), still, plane, self_key=self_key).cells
    sharp = replace(one, scale=64 * one.scale)
    soft = enumerate_regions_on_plane(sharp, plane, tokens=still, self_key=self_key)
    large = [
        (piece.polygon(k).mean(axis=0), piece.activation_patterns[k])
        for piece in hard.pieces
        for k in np.flatnonzero(piece.cell_areas > 0.03)
    ]
    found = soft.locate([middle for middle, _ in large])
    assert len(large) > 5
    assert (soft.activation_patterns[found] == [pattern for _, pattern in large]).all()


def test_refusals_of_own_keys():
    one = block(0)
    plane, still = place(one, 0, "query")
    with pytest.raises(SettingError, match="self_key 'free' is unknown"):
        count_regions_on_plane(one, plane, tokens=still, self_key="free")
    with pytest.raises(SettingError, match="nothing to attend to"):
        count_regions_on_plane(one, plane, tokens=np.empty((0, 6)), self_key="masked")
    with pytest.raises(SettingError, match="norm before attention"):
        count_regions_on_plane(block(0, before=True), plane, tokens=still, self_key="still")
