"""The one-block transformer: causality, last row against all rows, hard attention, export."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from geomtoy.block_arrays import BlockArrays, stack_blocks, unstack_blocks
from geomtoy.errors import FileError, NetworkError, SettingError
from geomtoy.models.attention import Attention, AttentionConfig
from geomtoy.models.block import Block, BlockConfig
from geomtoy.models.block_export import block_arrays
from geomtoy.models.time_encoding import ENCODINGS, encode, frequencies
from geomtoy.network import Network

T = np.linspace(-2 * np.pi, 2 * np.pi, 7)
SMALL = {"d_model": 6, "n_heads": 2, "d_head": 4, "context_length": 5, "hidden": 8}


def make(**settings: object) -> Block:
    return Block(BlockConfig(**{**SMALL, **settings}), rngs=nnx.Rngs(3))


def tokens(block: Block) -> jax.Array:
    return block.config.tokens(jnp.asarray(T))


@pytest.mark.parametrize("settings", [{}, {"n_layers": 3}, {"attention": "hard"}, {"layer_norm": "pre"}])
def test_no_token_sees_a_later_one(settings):
    block = make(**settings)
    gradient = jax.jacobian(lambda x: block.sequence(x)[:, 0])(tokens(block)[0])
    seen = np.abs(gradient).max(axis=-1)
    assert not np.triu(seen, 1).any()
    assert (np.diag(seen) > 0).all()
    if settings.get("attention") != "hard":
        assert (seen[np.tril_indices(5)] > 0).all()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n_layers": 2, "layer_norm": "pre"},
        {"n_layers": 2, "layer_norm": "post", "residual": False},
        {"attention": "hard", "layer_norm": "mlp"},
    ],
)
def test_the_last_row_alone_is_the_last_row_of_all(settings):
    block = make(**settings)
    x = tokens(block)
    assert block(x).shape == (7, 1)
    assert block.sequence(x).shape == (7, 5, 1)
    np.testing.assert_allclose(block(x), block.sequence(x)[:, -1], atol=1e-13)


def test_each_row_is_the_last_row_of_its_prefix():
    block = make(layer_norm="mlp")
    x = tokens(block)
    prefixes = [block(x[:, : i + 1]) for i in range(5)]
    np.testing.assert_allclose(block.sequence(x), np.stack(prefixes, axis=1), atol=1e-13)


def test_attention_is_equation_3():
    attention = make(d_head=3).layers[0].attention
    x = np.random.default_rng(0).normal(size=(5, 6))
    expected = 0
    W_Q, W_K, W_V, W_O = (np.asarray(getattr(attention, f"W_{name}")[...]) for name in "QKVO")
    for Q, K, V, out in zip(W_Q, W_K, W_V, W_O, strict=True):
        scores = np.where(np.tri(5, dtype=bool), np.exp(x @ Q @ (x @ K).T), 0)
        expected = expected + scores / scores.sum(axis=1, keepdims=True) @ x @ V @ out
    np.testing.assert_allclose(attention(jnp.asarray(x)), expected, atol=1e-13)


def test_scores_are_divided_only_if_asked():
    x = jax.random.normal(jax.random.key(0), (5, 6))
    plain, scaled = (
        Attention(AttentionConfig(6, 1, 4, scaled=scaled), rngs=nnx.Rngs(0)) for scaled in (False, True)
    )
    plain.W_Q[...] /= 2
    np.testing.assert_allclose(plain.pattern(x), scaled.pattern(x), atol=1e-14)


@pytest.mark.parametrize("last", [True, False])
def test_patterns_are_right_stochastic_and_causal(last):
    block = make()
    pattern = block.layers[0].attention.pattern(tokens(block), last=last)
    assert pattern.shape == (7, 2, 1 if last else 5, 5)
    np.testing.assert_allclose(pattern.sum(-1), 1, atol=1e-14)
    assert not np.triu(pattern[0, 0], k=1 + 4 * last).any()


def test_hard_attention_is_softmax_at_temperature_zero():
    hard, soft = make(attention="hard"), make()
    difference = []
    for temperature in (1.0, 1e-1, 1e-4):
        soft.layers[0].attention.W_Q[...] = hard.layers[0].attention.W_Q[...] / temperature
        difference.append(np.abs(soft(tokens(soft)) - hard(tokens(hard))).max())
    assert difference[0] > difference[1] > difference[2]
    assert difference[2] < 1e-12


def test_one_head_of_the_models_size():
    block = make(n_heads=1, d_head=None)
    assert block.layers[0].attention.W_Q.shape == (1, 6, 6)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"layer_norm": "mlp"},
        {"layer_norm": "post"},
        {"attention": "hard"},
        {"residual": False, "scaled": True},
    ],
)
def test_plain_arrays_compute_the_same(settings, tmp_path):
    block = make(**settings)
    if block.layers[0].norm_mlp is not None:
        block.layers[0].norm_mlp.bias[...] += jnp.arange(6.0)
    block_arrays(block).save(tmp_path / "block.npz")
    arrays = BlockArrays.load(tmp_path / "block.npz")
    x = tokens(block)
    np.testing.assert_allclose(arrays.tokens(T), x, atol=1e-13)
    np.testing.assert_allclose(arrays(T), block(x)[:, 0], rtol=1e-12, atol=1e-12)
    pattern = block.layers[0].attention.pattern(x, last=True)[..., 0, :]
    np.testing.assert_allclose(arrays.attention_pattern(np.asarray(x)), pattern, atol=1e-13)
    assert (arrays.preactivations(T) > 0).any()
    if arrays.norm_gain is None:
        mid = block.layers[0].resid_mid(x, last=True)[:, 0]
        np.testing.assert_allclose(arrays.resid_mid(np.asarray(x)), mid, atol=1e-13)


def test_blocks_are_stacked_over_seeds():
    blocks = [block_arrays(make(layer_norm="mlp")) for _ in range(3)]
    stacked = stack_blocks(blocks)
    assert stacked["W_Q"].shape == (3, 2, 6, 4)
    for block, again in zip(blocks, unstack_blocks({**stacked, "loss": np.zeros(2)}), strict=True):
        np.testing.assert_array_equal(block(T), again(T))
    with pytest.raises(FileError, match="not a block"):
        unstack_blocks({name: a for name, a in stacked.items() if name != "W_O"})


def test_what_is_no_block_is_refused(tmp_path):
    with pytest.raises(NetworkError, match="2 layers"):
        block_arrays(make(n_layers=2))
    with pytest.raises(NetworkError, match="'pre'"):
        block_arrays(make(layer_norm="pre"))
    with pytest.raises(FileError, match="missing"):
        BlockArrays.load(tmp_path / "none.npz")
    with pytest.raises(FileError, match="not a block"):
        BlockArrays.from_arrays({})
    arrays = block_arrays(make()).as_arrays()
    with pytest.raises(NetworkError, match="W_K has shape"):
        BlockArrays.from_arrays({**arrays, "W_K": arrays["W_K"][:1]})


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"norm_epsilon": -1e-6}, "norm_epsilon is -1e-06"),
        ({"norm_epsilon": np.nan}, "norm_epsilon holds NaN"),
        ({"norm_epsilon": Fraction(1, 3)}, "norm_epsilon holds Fractions"),
        ({"scale": np.inf}, "scale holds NaN or infinity"),
        ({"W_V": np.full((2, 6, 4), np.nan)}, "W_V holds NaN"),
        ({"W_V": np.full((2, 6, 4), Fraction(1, 3))}, "W_V holds Fractions"),
        ({"norm_gain": np.full(6, np.inf)}, "norm_gain holds NaN"),
        ({"norm_gain": None}, "norm_gain has shape"),
        ({"frequencies": np.ones(3)}, r"frequencies has shape \(3,\); give \(C, d/2\)"),
        ({"W_Q": np.ones((6, 2))}, r"W_Q has shape \(6, 2\); give \(H, d, d_head\)"),
        ({"attention_norm_bias": np.ones(6)}, "attention_norm_gain has shape"),
        ({"residual": 2}, "residual is 2"),
    ],
)
def test_numbers_that_no_proof_can_read_are_refused(bad, message):
    """A norm with such an epsilon would be proven as if it were none, a residual of 2 as twice one."""
    with pytest.raises(NetworkError, match=message):
        replace(block_arrays(make(layer_norm="mlp")), **bad)


def test_files_hold_the_mlp_to_the_last_digit_or_refuse_it(tmp_path):
    one = block_arrays(make())
    (W1, b1), last = one.mlp.layers
    thirds = Network([(np.vectorize(Fraction, otypes=[object])(W1) / 3, b1), last])
    replace(one, mlp=thirds).save(tmp_path / "block.npz")
    again = BlockArrays.load(tmp_path / "block.npz").mlp
    assert all((a == b).all() for p, q in zip(again.layers, thirds.layers, strict=True)
               for a, b in zip(p, q, strict=True))  # fmt: skip
    with pytest.raises(NetworkError, match="files of blocks"):
        replace(one, mlp=Network(one.mlp.layers, "hard_tanh")).save(tmp_path / "other.npz")


def test_parameters_are_float64_and_tree_mode_works():
    with nnx.set_graph_mode(False):
        block = make(layer_norm="mlp", n_layers=2)
        graphdef, params = nnx.split(block)
        assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {np.dtype(np.float64)}
        out = jax.jit(lambda params, x: nnx.merge(graphdef, params)(x))(params, tokens(block))
    np.testing.assert_allclose(out, block(tokens(block)), atol=1e-13)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"d_head": None, "n_heads": 4}, "not divisible by 4 heads"),
        ({"context_length": 0}, "context_length is 0"),
        ({"n_heads": 0}, "n_heads is 0"),
        ({"d_head": 0}, "d_head 0"),
        ({"d_model": 5}, "sine and cosine"),
        ({"layer_norm": "yes"}, "layer_norm 'yes'"),
        ({"attention": "linear"}, "attention 'linear'"),
        ({"encoding": "learned"}, "encoding 'learned'"),
        ({"base": 0.0}, "base is 0"),
        ({"bias_scale": -1.0}, "bias_scale"),
    ],
)
def test_settings_out_of_range(bad, message):
    with pytest.raises(SettingError, match=message):
        make(**bad)


PUBLISHED = {
    "geometric": lambda p, k, C, half: 10000 ** (-(p - 1) / C) * 2 ** (k / half),
    "position": lambda p, k, C, half: p * 10000 ** (-k / half),
    "position_linear": lambda p, k, C, half: p / C * (1 + k / half),
    "from_query": lambda p, k, C, half: (C - p + 1) * 10000 ** (-k / half),
    "from_query_sqrt": lambda p, k, C, half: (C - p + 1) ** 0.5 * 10000 ** (-k / half),
    "from_query_octaves": lambda p, k, C, half: 0.1 * (C - p + 1) * 2 ** (-k / 2),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_frequencies_are_the_formulas(name):
    found = frequencies(name, 7, 8)
    assert found.shape == (7, 4)
    for p, k in product(range(1, 8), range(4)):
        assert np.isclose(found[p - 1, k], PUBLISHED[name](p, k, 7, 4), rtol=1e-14)


def test_tokens_are_sines_then_cosines_with_derivatives_in_time():
    f = frequencies("from_query", 3, 4)
    found = encode(jnp.asarray(0.7), f)
    np.testing.assert_allclose(found, np.hstack([np.sin(0.7 * f), np.cos(0.7 * f)]), atol=1e-15)
    slope = jax.jacobian(encode)(jnp.asarray(0.7), f)
    np.testing.assert_allclose(slope, np.hstack([f * np.cos(0.7 * f), -f * np.sin(0.7 * f)]), atol=1e-15)
