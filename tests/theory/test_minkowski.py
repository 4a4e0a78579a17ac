"""Theorem 2.1: a row of MHA(X) is in the Minkowski sum of the heads' hulls; its dimension is bounded."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from geomtoy.block_arrays import BlockArrays
from geomtoy.errors import SettingError
from geomtoy.models.block import Block, BlockConfig
from geomtoy.models.block_export import block_arrays
from geomtoy.theory.minkowski import (
    dimension_bound,
    effective_dimension,
    head_vertices,
    hull_dimension_bound,
    is_separated,
    membership,
    minkowski_point,
)
from geomtoy.training.regression import FitConfig, fit
from geomtoy.training.targets import target

SIN = target("sin")
TIMES = np.array([-5.0, 0.3, 4.0])
exact = np.frompyfunc(Fraction, 1, 1)


def config(attention: str, **settings: object) -> BlockConfig:
    sizes = {
        "d_model": 6,
        "n_heads": 2,
        "d_head": 3,
        "context_length": 5,
        "hidden": 8,
        "residual": False,
    }
    return BlockConfig(**{**sizes, "attention": attention, **settings})


def random_block(attention: str, **settings: object) -> BlockArrays:
    return block_arrays(Block(config(attention, **settings), rngs=nnx.Rngs(1)))


def trained_block(attention: str) -> BlockArrays:
    made, t = config(attention), SIN.grid(32)
    x = np.asarray(made.tokens(jnp.asarray(t[:, 0])))
    run = fit(lambda rngs: Block(made, rngs=rngs), x, SIN(t), FitConfig(steps=150, seeds=1))
    assert run.loss[0, -1] < run.loss[0, 0]
    return block_arrays(run.model(0))


@pytest.fixture(
    scope="module",
    params=[(make, kind) for make in (random_block, trained_block) for kind in ("softmax", "hard")],
)
def block(request) -> BlockArrays:
    make, kind = request.param
    return make(kind)


def rows(block: BlockArrays):
    """For every token of some times: the output of attention, the heads' vertices, the weights."""
    for tokens in block.tokens(TIMES):
        for i in range(1, len(tokens) + 1):
            seen = tokens[:i]
            vertices = head_vertices(seen, block.W_V, block.W_O)
            yield block.resid_mid(seen[None])[0], vertices, block.attention_pattern(seen[None])[0]


def test_attention_gives_the_weights_of_its_output(block):
    for output, vertices, weights in rows(block):
        np.testing.assert_allclose(minkowski_point(weights, vertices), output, atol=1e-12)


def test_a_linear_programme_finds_the_output_inside(block):
    for output, vertices, _ in rows(block):
        found = membership(output, vertices)
        assert found.distance < 1e-9
        again = (found.weights[..., None] * vertices).sum(axis=(0, 1))
        np.testing.assert_allclose(again, output, atol=1e-8)
        assert not is_separated(output, vertices, found.direction)


def test_a_point_outside_is_rejected_with_a_proof(block):
    rng = np.random.default_rng(0)
    for _, vertices, _ in rows(block):
        c = rng.normal(size=vertices.shape[-1])
        farthest = vertices[np.arange(len(vertices)), (vertices @ c).argmax(axis=1)].sum(axis=0)
        outside = farthest + 1e-3 * c
        found = membership(outside, vertices)
        assert 0 < found.distance <= 1e-3 * np.abs(c).max() + 1e-9
        assert is_separated(outside, vertices, found.direction)
        assert membership(farthest, vertices).distance < 1e-9


def test_distance_in_the_plane():
    square = np.array([[[0.0, 0], [1, 0]], [[0, 0], [0, 1]]])  # two segments, summed
    assert membership(np.array([0.3, 0.8]), square).distance < 1e-12
    found = membership(np.array([1.5, 0.5]), square)
    assert np.isclose(found.distance, 0.5)
    np.testing.assert_allclose(found.direction, [1, 0], atol=1e-9)


def test_dimension_is_at_most_both_bounds(block):
    for _, vertices, weights in rows(block):
        dimension = effective_dimension(vertices, weights)
        tight, printed = hull_dimension_bound(weights), dimension_bound(weights)
        assert dimension <= min(tight, vertices.shape[-1])
        assert tight == printed - len(weights)


def test_the_tighter_bound_is_reached_until_the_space_is_full():
    block = random_block("softmax", d_model=12, d_head=6, context_length=8)
    x = np.random.default_rng(0).normal(size=(8, 12))
    for k in range(1, 9):
        weights = np.full((2, k), 1 / k)
        dimension = effective_dimension(head_vertices(x[:k], block.W_V, block.W_O), weights)
        assert dimension == min(hull_dimension_bound(weights), 12) == min(2 * (k - 1), 12)


def test_exact_rank_sees_what_rounding_hides():
    rng = np.random.default_rng(1)
    x, W_V, W_O = rng.normal(size=(6, 5)), rng.normal(size=(1, 5, 2)), rng.normal(size=(1, 2, 5))
    weights = rng.dirichlet(np.ones(6), size=1)
    vertices = head_vertices(exact(x), exact(W_V), exact(W_O))
    assert effective_dimension(vertices, weights) == 2  # V_h O_h has rank d_head
    rounded = vertices.astype(float)
    assert effective_dimension(rounded, weights) == 2
    assert effective_dimension(exact(rounded), weights) == 5
    rational = exact(weights) / exact(weights).sum()
    assert (
        minkowski_point(rational, vertices) == rational[0] @ (exact(x) @ exact(W_V)[0] @ exact(W_O)[0])
    ).all()


def test_soft_attention_counts_every_token_and_hard_attention_one_a_head():
    soft, hard = random_block("softmax"), random_block("hard")
    x = soft.tokens(TIMES)
    assert [dimension_bound(w) for w in soft.attention_pattern(x)] == [10, 10, 10]
    for seen in x:
        weights = hard.attention_pattern(seen[None])[0]
        assert (dimension_bound(weights), hull_dimension_bound(weights)) == (2, 0)
        assert effective_dimension(head_vertices(seen, hard.W_V, hard.W_O), weights) == 0


def test_weights_that_are_not_convex_are_refused():
    with pytest.raises(SettingError, match="convex"):
        minkowski_point(np.array([[0.5, 0.6]]), np.zeros((1, 2, 3)))
    with pytest.raises(SettingError, match="convex"):
        minkowski_point(exact(np.array([[0.1, 0.9 + 1e-16]])), np.zeros((1, 2, 3)))
