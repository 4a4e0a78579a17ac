"""The polygon views of a block against what the block itself computes at rational points."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from oracle import oracle

from geomtoy import Network, Slice, count_regions
from geomtoy.block_arrays import BlockArrays
from geomtoy.errors import NetworkError, SettingError, SliceError, WindowError
from geomtoy.regions.power_diagram import enumerate_power_cells
from geomtoy.views.frozen import enumerate_frozen
from geomtoy.views.hard_attention import enumerate_hard_attention
from geomtoy.views.hull import convex_hull
from geomtoy.views.low_rank import count_low_rank_triangle
from geomtoy.views.mlp_input import (
    enumerate_mlp_input,
    plane_through,
    principal_plane,
    reachable_window,
)

SQUARE = [(-1, -1), (1, -1), (1, 1), (-1, 1)]


def make_block(heads=2, tokens=5, d=4, hidden=6, seed=0, integers=False, **changes):
    """A random block, its tokens before the query, and a plane for the query."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.integers(-2, 3, shape).astype(float) if integers else rng.normal(size=shape)

    mlp = Network([(draw(hidden, d), draw(hidden)), (draw(1, hidden), draw(1))])
    settings = {"residual": True, "hard": True} | changes
    block = BlockArrays(
        frequencies=np.ones((tokens, d // 2)),
        W_Q=draw(heads, d, 3), W_K=draw(heads, d, 3), W_V=draw(heads, d, 3), W_O=draw(heads, 3, d),
        mlp=mlp, **settings,
    )  # fmt: skip
    plane = Slice(tuple(draw(d)), (1.0, 0.0, *draw(d - 2)), (0.0, 1.0, *draw(d - 2)))
    return block, draw(tokens - 1, d), plane


def exactly(array):
    return np.vectorize(Fraction, otypes=[object])(array)


def hard_output(block, still, query, own_key=None):
    """Choices and output of a hard block for one exact query, straight from the definition."""
    keys = still if own_key is None else np.vstack([still, [own_key]])
    values = still if own_key is None else np.vstack([still, [query]])
    mid = query * int(block.residual)
    chosen = []
    for h in range(block.n_heads):
        W_Q, W_K, W_V, W_O = (exactly(getattr(block, name)[h]) for name in ("W_Q", "W_K", "W_V", "W_O"))
        scores = list((query @ W_Q) @ (keys @ W_K).T)
        chosen.append(scores.index(max(scores)))
        mid = mid + values[chosen[-1]] @ W_V @ W_O
    return tuple(chosen), mid


@pytest.mark.parametrize("self_key", ["masked", "still"])
@pytest.mark.parametrize("integers", [False, True])
def test_hard_cells_compute_the_block_at_random_rational_queries(self_key, integers):
    block, tokens, plane = make_block(integers=integers, seed=3)
    found = enumerate_hard_attention(block, tokens, plane, self_key=self_key)
    cells, still = found.cells, exactly(tokens)
    own = np.array(plane.origin, dtype=object) if self_key == "still" else None
    rng = np.random.default_rng(1)
    for x, y in rng.integers(-999, 1000, (60, 2)).tolist():
        point = np.array([[Fraction(x, 1000), Fraction(y, 1000)]], dtype=object)
        query = plane.embed(point)[0]
        chosen, mid = hard_output(block, still, query, own)
        piece = cells.choices.tolist().index(list(chosen))
        k = int(cells.pieces[piece].locate(point)[0])
        assert k >= 0
        slopes, offsets = cells.pieces[piece].exact_map(k)
        value = slopes[0][0] * point[0, 0] + slopes[0][1] * point[0, 1] + offsets[0]
        assert value == block.mlp(mid[None])[0, 0]


@pytest.mark.parametrize("seed", range(6))
def test_hard_cells_tile_the_window_and_agree_with_the_oracle(seed):
    block, tokens, plane = make_block(integers=True, seed=seed, tokens=4, hidden=4)
    found = enumerate_hard_attention(block, tokens, plane)
    assert sum(cells.areas().sum() for cells in found.cells.pieces) == pytest.approx(4)
    assert len({tuple(row) for row in found.cells.choices.tolist()}) == len(found.cells.choices)
    for cells in found.cells.pieces:
        truth = oracle(cells.network, window=list(cells.subdivision.frame.corners_in_slice()))
        assert len(cells) == truth.regions
    assert found.regions == len(found.cells)
    assert found.linear_regions <= found.regions


def test_one_token_makes_no_ties_and_leaves_the_mlp_alone():
    block, tokens, plane = make_block(tokens=2)
    found = enumerate_hard_attention(block, tokens, plane)
    _, shift = hard_output(block, exactly(tokens), np.zeros(4, dtype=int) * Fraction(0))
    (W, b), last = block.mlp.layers
    moved = Network([(exactly(W), exactly(b) + exactly(W) @ shift), last])
    assert found.regions == count_regions(moved, slice=plane).regions
    assert found.cells.continuous


@pytest.mark.parametrize("seed", range(4))
def test_an_mlp_of_two_layers_is_read_whole(seed):
    block, tokens, plane = make_block(tokens=2, integers=True, seed=seed)
    rng = np.random.default_rng(seed)
    second = rng.integers(-3, 4, (4, 6)), rng.integers(-9, 10, 4)
    layers = [block.mlp.layers[0], second, (np.ones((1, 4)), [0.0])]
    found = enumerate_hard_attention(replace(block, mlp=Network(layers)), tokens, plane)
    _, shift = hard_output(block, exactly(tokens), np.zeros(4, dtype=int) * Fraction(0))
    (W, b), *others = layers
    moved = Network([(exactly(W), exactly(b) + exactly(W) @ shift), *others])
    truth = count_regions(moved, slice=plane)
    assert (found.regions, found.linear_regions) == (truth.regions, truth.linear_regions)


def test_a_head_that_writes_nothing_cuts_the_plane_but_not_the_function():
    block, tokens, plane = make_block(heads=1, tokens=6)
    silent = replace(block, W_O=np.zeros_like(block.W_O))
    found = enumerate_hard_attention(silent, tokens, plane)
    assert len(found.cells.pieces) > 1
    assert found.cells.continuous
    assert found.linear_regions == count_regions(block.mlp, slice=plane).linear_regions
    assert not enumerate_hard_attention(block, tokens, plane).cells.continuous


def test_twin_tokens_add_nothing():
    block, tokens, plane = make_block(tokens=4)
    once = enumerate_hard_attention(block, tokens, plane)
    twice = enumerate_hard_attention(block, np.vstack([tokens, tokens]), plane)
    assert (once.regions, once.linear_regions) == (twice.regions, twice.linear_regions)


def test_power_cells_of_three_known_functions():
    from flint import fmpq

    square = [(fmpq(x), fmpq(y)) for x, y in SQUARE]
    one, zero = fmpq(1), fmpq(0)
    rows = [(one, zero, zero), (-one, zero, zero), (zero, zero, fmpq(-1))]
    cells = enumerate_power_cells(rows, square)
    assert [j for j, _ in cells] == [0, 1]
    assert sorted(cells[0][1]) == [(zero, -one), (zero, one), (one, -one), (one, one)]


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("moving", [0, -1])
def test_frozen_cells_compute_the_frozen_model_and_meet_the_true_one(layer_norm, moving):
    rng = np.random.default_rng(5)
    norm = {"norm_gain": rng.normal(size=4), "norm_bias": rng.normal(size=4)} if layer_norm else {}
    block, tokens, _ = make_block(hard=False, **norm)
    tokens = np.vstack([tokens, rng.normal(size=(1, 4))])
    plane = Slice(tuple(tokens[moving]), (1.0, 0, 0, 0), (0, 1.0, 0, 0.5))
    found = enumerate_frozen(block, tokens, moving, plane)
    k = int(found.cells.locate([[0.0, 0.0]])[0])
    true = block.mlp(block.mlp_input(tokens[None]))[0, 0]
    assert found.cells.b_omega[k, 0] == pytest.approx(true, rel=1e-12)
    pattern = (block.mlp.preactivations(block.mlp_input(tokens[None]))[0][0] > 0).astype(int)
    assert found.cells.activation_pattern(k).tolist() == pattern.tolist()


def test_frozen_view_is_that_of_the_matrices_written_out():
    block, tokens, plane = make_block(hard=False)
    reference = np.vstack([tokens, [[float(x) for x in plane.origin]]])
    weights = exactly(block.attention_pattern(reference[None])[0])
    found = enumerate_frozen(block, reference, -1, plane)
    point = np.array([[Fraction(1, 3), Fraction(-1, 7)]], dtype=object)
    x = np.vstack([exactly(tokens), plane.embed(point)])
    mid = x[-1] + sum(
        weights[h] @ x @ exactly(block.W_V[h]) @ exactly(block.W_O[h]) for h in range(block.n_heads)
    )
    slopes, offsets = found.cells.exact_map(int(found.cells.locate(point)[0]))
    value = slopes[0][0] * point[0, 0] + slopes[0][1] * point[0, 1] + offsets[0]
    assert value == block.mlp(mid[None])[0, 0]


def test_mlp_input_view_counts_the_mlp_on_the_plane():
    block, _, plane = make_block(hard=False)
    found = enumerate_mlp_input(block, plane, SQUARE)
    count = count_regions(block.mlp, slice=plane)
    assert (found.regions, found.linear_regions) == (count.regions, count.linear_regions)


@pytest.mark.parametrize("biases", [1, 0])
def test_a_layer_norm_before_the_mlp_cuts_along_circles(biases):
    rng = np.random.default_rng(2)
    gain = rng.normal(size=4)
    block, _, plane = make_block(hard=False, norm_gain=gain, norm_bias=np.zeros(4))
    (W, b), last = block.mlp.layers
    block = replace(block, mlp=Network([(W, biases * b), last]))
    found = enumerate_mlp_input(block, plane, SQUARE)
    assert found.linear_regions == found.cells.n_linear_regions <= found.regions
    assert "normalised" in found.guarantee
    points = rng.uniform(-1, 1, (50, 2))
    y = plane.embed(points)
    y = y - y.mean(axis=1, keepdims=True)
    normed = y / np.sqrt((y**2).mean(axis=1, keepdims=True) + block.norm_epsilon) * gain
    pattern = (normed @ W.T + biases * b > 0).astype(np.int8)
    assert (found.cells.activation_patterns[found.cells.locate(points)] == pattern).all()


def test_planes_hold_the_points_that_they_were_made_for():
    points = np.random.default_rng(0).normal(size=(3, 5))
    plane, triangle = plane_through(points)
    np.testing.assert_allclose(plane.embed(np.array(triangle, float)), points, rtol=1e-12)
    flat = np.random.default_rng(1).normal(size=(50, 2)) @ np.random.default_rng(2).normal(size=(2, 5))
    plane, window = principal_plane(flat + 1)
    corners = plane.embed(np.array(window))
    assert np.abs(corners[:, None] - (flat + 1)).max(axis=2).min(axis=1).max() < 1e-12
    with pytest.raises(SliceError, match="one line"):
        principal_plane(np.outer(np.arange(4.0), np.ones(5)))
    with pytest.raises(SliceError, match="three"):
        plane_through(points[:2])


def test_the_reachable_window_holds_what_attention_reaches():
    block, tokens, _ = make_block(hard=False, tokens=3, d=2)
    tokens = np.vstack([tokens, [[0.3, -0.2]]])
    plane = Slice((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    corners = np.array(reachable_window(block, tokens, plane))
    values = np.einsum("td,hdf,hfe->hte", tokens, block.W_V, block.W_O)
    extreme = np.array([[values[0, i] + values[1, j] for j in range(3)] for i in range(3)])
    sums = tokens[-1] + extreme.reshape(-1, 2)
    np.testing.assert_allclose(corners, np.array(roll_to_first(convex_hull(sums), corners)), atol=1e-7)
    far = Slice((100.0, 100.0), (1.0, 0.0), (0.0, 1.0))
    moved = np.array(reachable_window(block, tokens, far)) + 100
    np.testing.assert_allclose(sorted(moved.tolist()), sorted(corners.tolist()), atol=1e-6)


def roll_to_first(hull, corners):
    start = int(np.abs(np.array(hull) - corners[0]).sum(axis=1).argmin())
    return hull[start:] + hull[:start]


def test_the_hull_has_no_flat_corner():
    points = [(0, 0), (2, 0), (1, 0), (2, 2), (0, 2), (1, 1), (0, 1)]
    assert convex_hull(np.array(points)) == [(0, 0), (2, 0), (2, 2), (0, 2)]


def test_what_the_views_refuse():
    block, tokens, plane = make_block()
    soft = replace(block, hard=False)
    with pytest.raises(SettingError, match="softmax"):
        enumerate_hard_attention(soft, tokens, plane)
    normed = replace(block, norm_gain=np.ones(4), norm_bias=np.zeros(4))
    with pytest.raises(SettingError, match="LayerNorm"):
        enumerate_hard_attention(normed, tokens, plane)
    with pytest.raises(SettingError, match="self_key"):
        enumerate_hard_attention(block, tokens, plane, self_key="free")
    with pytest.raises(SettingError, match="nothing to attend"):
        enumerate_hard_attention(block, np.empty((0, 4)), plane)
    with pytest.raises(SliceError, match="dimension 3"):
        enumerate_hard_attention(block, tokens[:, :3], plane)
    with pytest.raises(SettingError, match="no token 9"):
        enumerate_frozen(soft, np.vstack([tokens, tokens[:1]]), 9, plane)
    with pytest.raises(WindowError, match="no area"):
        enumerate_mlp_input(soft, plane, [(0, 0), (1, 1)])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(wrong):
    block, tokens, plane = make_block()
    with pytest.raises(NetworkError, match="tokens holds NaN or infinity"):
        enumerate_hard_attention(block, tokens * wrong, plane)
    soft = replace(block, hard=False)
    with pytest.raises(NetworkError, match="tokens holds NaN or infinity"):
        enumerate_frozen(soft, tokens * wrong, -1, plane)
    with pytest.raises(NetworkError, match="a factor or corner holds NaN or infinity"):
        count_low_rank_triangle(np.full((4, 2), wrong), np.ones((2, 3)), np.eye(3, 4))


def test_nothing_is_held_where_attention_or_a_norm_is_not_defined():
    block, tokens, plane = make_block(hard=False)
    with pytest.raises(SettingError, match="attention overflows at the tokens"):
        enumerate_frozen(block, tokens * 1e200, -1, plane)
    norm = {"norm_gain": np.ones(4), "norm_bias": np.zeros(4), "norm_epsilon": 0.0}
    normed = replace(block, W_V=0 * block.W_V, **norm)
    with pytest.raises(SettingError, match="the norm's deviation is 0 at the tokens"):
        enumerate_frozen(normed, np.ones((5, 4)), -1, plane)
