"""Soft blocks on planes where borders coincide or touch or a budget ends, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from soft_blocks import PLAIN, block, count, degenerate, place

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified import Budget, arrange
from geomtoy.errors import NetworkError, SettingError, SliceError, WindowError
from geomtoy.network import Network
from geomtoy.views.along_time import count_regions_along
from geomtoy.views.frozen import enumerate_frozen
from geomtoy.views.hard_attention import enumerate_hard_attention
from geomtoy.views.mlp_input import reachable_window
from geomtoy.views.plane import count_regions_on_plane

# Degenerate blocks


@pytest.mark.parametrize(
    ("W", "b", "regions"),
    [
        ([[1, 2], [-2, -4], [0.5, 1]], [0.25, -0.5, 0.125], 2),  # twins and proportional units
        ([[1, 2], [0, 0], [0, 0]], [0.25, 0, 3], 2),  # zero units and constant ones cut nothing
        ([[0, 0]], [0], 1),
        ([[1, 0]], [-2], 1),  # never on
        ([[1, 0.1], [0.1, 1]], [0, 0], 4),
    ],
)
def test_degenerate_units_are_folded(W, b, regions):
    found = count_regions_on_plane(degenerate(W, b), PLAIN)
    assert (found.certified, found.regions) == (True, regions)


@pytest.mark.parametrize(
    ("W", "b"),
    [
        ([[1, 1]], [2]),  # through a corner
        ([[1, 0.5], [0.25, 1], [1, -1]], [0, 0, 0]),  # three through a point
        ([[1, 0.5], [1, 0.25]], [1, 1]),  # a crossing on the boundary
    ],
)
def test_what_cannot_be_proven_is_said_and_costs_little(W, b):
    found = count_regions_on_plane(degenerate(W, b), PLAIN, max_patches=3000)
    assert (found.certified, found.kind) == (False, "lower bound")
    assert found.at_least >= 1
    assert found.evaluations <= 3000


@pytest.mark.parametrize("axis", [0, 1])
def test_boxes_at_a_border_along_a_side_keep_their_width(axis):
    """Scores that vary along the side alone ask for cuts across it, and none is ever enough."""

    def series(u, v, ru, rv, D):
        c = np.zeros((len(D.exponents), 1))
        c[0], c[1 + axis] = (u, v)[axis] - 1, (ru, rv)[axis]
        return c, np.full(1, 1e-15), np.zeros(1), np.eye(2)[1 - axis], True

    found = arrange(series, Budget(patches=3000))
    assert (found.proven, found.at_least) == (False, 1)
    assert (found.patch_boxes[:, 1::2] > found.patch_boxes[:, ::2]).all()


def test_a_triple_point_leaves_a_lower_bound():
    """Three lines through a point make 6 regions; taken for three crossings they would make 7."""
    found = count_regions_on_plane(degenerate([[1, 0.5], [0.25, 1], [1, -0.5]], [0, 0, 0]), PLAIN)
    assert not found.certified
    assert 1 < found.at_least <= 6
    assert "three borders" in found.guarantee


# Budgets


def test_a_budget_holds_and_what_was_proven_is_returned():
    one = block(3, m=20)
    found = count(one, 3, max_patches=5)
    assert (found.certified, found.evaluations) == (False, 5)
    assert 1 <= found.regions == found.at_least <= count(one, 3).regions
    assert len(found.open_boxes)


# What is refused


def test_what_is_not_soft_or_does_not_fit_is_refused():
    one = block(0)
    plane, still = place(one, 0, "query")
    with pytest.raises(SettingError, match="hard"):
        count_regions_on_plane(replace(one, hard=True), plane, tokens=still)
    with pytest.raises(SettingError, match="moving"):
        count_regions_on_plane(one, plane, tokens=still, moving="all")
    with pytest.raises(SliceError, match="tokens"):
        count_regions_on_plane(one, plane, tokens=still[:, :3])
    with pytest.raises(SliceError, match="context"):
        count_regions_on_plane(one, plane, tokens=still, moving="context")
    with pytest.raises(WindowError, match="parallelogram"):
        count_regions_on_plane(one, plane, tokens=still, window=((0, 0), (1, 0), (0, 1)))
    tanh = replace(one, mlp=Network(one.mlp.layers, "hard_tanh"))
    with pytest.raises(NetworkError, match="hard_tanh"):
        count_regions_on_plane(tanh, plane, tokens=still)


def test_views_that_do_not_read_a_norm_before_attention_refuse_it(tmp_path):
    one = block(0, before=True)
    one.save(tmp_path / "block.npz")
    stored = BlockArrays.load(tmp_path / "block.npz")
    points = np.random.default_rng(0).normal(size=(3, 5, 6))
    assert (stored.mlp_input(points) == one.mlp_input(points)).all()
    assert (stored.mlp_input(points) != block(0).mlp_input(points)).all()
    plane, still = place(one, 0, "query")
    tokens = np.vstack([still, [plane.origin]])
    for view in (
        lambda: count_regions_along(one, (0, 1)),
        lambda: enumerate_hard_attention(replace(one, hard=True), still, plane),
        lambda: enumerate_frozen(one, tokens, -1, plane),
        lambda: reachable_window(one, tokens, plane),
    ):
        with pytest.raises(NetworkError, match="norm before attention"):
            view()
