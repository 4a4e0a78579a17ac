"""The decoder of tokens: one function however it is run, causal, with the parts its config names."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from geomtoy.errors import SettingError
from geomtoy.models.attention import AttentionConfig
from geomtoy.models.decoder import Decoder, DecoderConfig
from geomtoy.models.layer import LayerConfig
from geomtoy.models.named import named_arrays, with_arrays

TOKENS = jnp.asarray([[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8]])


def make(attention=None, layer=None, **settings) -> Decoder:
    heads = AttentionConfig(**{"d_model": 8, "n_heads": 2, "d_head": 4, **(attention or {})})
    config = LayerConfig(heads, **{"hidden": 12, **(layer or {})})
    sizes = {"vocabulary": 10, "context_length": 6, "n_layers": 3, **settings}
    return Decoder(DecoderConfig(layer=config, **sizes), rngs=nnx.Rngs(1))


CASES = {
    "plain": {},
    "pre": {"layer": {"layer_norm": "pre"}},
    "post, no MLP": {"layer": {"layer_norm": "post", "hidden": None}},
    "added": {"added": "random", "attention": {"alpha": 0.5, "beta": -0.5, "gamma": 0.8}},
    "one MLP": {"mlp_layers": (1,), "layer": {"bias_scale": None}},
    "identity query": {"attention": {"d_head": 8, "identity_query": True}, "fixed": ("positions",)},
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def decoder(request) -> Decoder:
    return make(**request.param)


def test_the_trace_ends_in_the_output_and_its_parts_fit(decoder):
    trace = decoder.trace(TOKENS)
    np.testing.assert_array_equal(trace.logits, decoder(TOKENS))
    np.testing.assert_allclose(trace.pattern.sum(-1), 1)
    for k, layer in enumerate(decoder.layers):
        np.testing.assert_array_equal(layer(trace.resid_pre[k]), trace.resid_pre[k + 1])
        np.testing.assert_array_equal(layer.resid_post(trace.resid_mid[k]), trace.resid_pre[k + 1])


@pytest.mark.parametrize("last", [1, 2, 6])
def test_the_last_rows_alone_are_those_of_all(decoder, last):
    np.testing.assert_allclose(decoder(TOKENS, last=last), decoder(TOKENS)[:, -last:], atol=1e-12)


def test_no_token_sees_a_later_one(decoder):
    changed = decoder(TOKENS.at[:, 4:].set(0)) - decoder(TOKENS)
    assert not np.asarray(changed[:, :4]).any()
    assert np.abs(changed[:, 4:]).max() > 1e-6


def test_heads_act_through_their_products(decoder):
    """Scores and outputs from W_QK and W_VO alone, by loops over tokens."""
    x, attention = decoder.embed(TOKENS)[0], decoder.layers[0].attention
    out = np.zeros_like(x)
    for QK, VO in zip(attention.W_QK(), attention.W_VO(), strict=True):
        for i in range(len(x)):
            weights = np.exp([x[i] @ QK @ x[j] * attention.config.scale for j in range(i + 1)])
            out[i] += sum(w * x[j] @ VO for j, w in enumerate(weights / weights.sum()))
    np.testing.assert_allclose(attention(x), out, atol=1e-12)


def test_what_a_layer_writes_with_a_matrix_the_next_looks_up_with_it():
    attentions = [layer.attention for layer in make(**CASES["added"]).layers]
    for now, after in pairwise(attentions):
        np.testing.assert_array_equal(now.Z_VO[...], after.Z_QK[...])
    assert attentions[0].alpha[...] == 0.5
    assert not np.array_equal(attentions[0].Z_QK[...], attentions[0].Z_VO[...])
    identity = make(added="identity").layers[2].attention
    np.testing.assert_array_equal(identity.Z_QK[...], np.eye(8))


def test_only_what_is_not_fixed_is_a_parameter():
    decoder = make(**CASES["identity query"], added="random")
    trained = {str(path[-1]) for path, _ in nnx.to_flat_state(nnx.state(decoder, nnx.Param))}
    assert {"W_E", "W_U", "alpha", "beta", "W_K"} <= trained
    assert not {"W_pos", "W_Q", "Z_QK", "Z_VO"} & trained
    np.testing.assert_array_equal(decoder.layers[0].attention.W_Q[...][1], np.eye(8))


def test_gamma_is_the_power_of_the_width_that_weights_start_with():
    for gamma in (0.3, 0.8):
        wide = {"d_model": 64, "n_heads": 1, "d_head": 64, "gamma": gamma}
        arrays = named_arrays(make(wide, {"hidden": 256}, vocabulary=100))
        fans_in = {
            "W_E": 64,
            "W_pos": 64,
            "W_U": 64,
            "layers.0.attention.W_O": 64,
            "layers.1.mlp.hidden.0.kernel": 64,
            "layers.2.mlp.out.kernel": 256,
        }
        for name, fan_in in fans_in.items():
            assert arrays[name].std() == pytest.approx(fan_in**-gamma, rel=0.05), name


def test_arrays_are_replaced_in_a_copy():
    decoder = make()
    silent = with_arrays(decoder, {"W_U": np.zeros((8, 10))})
    assert not np.asarray(silent(TOKENS)).any()
    assert np.asarray(decoder(TOKENS)).any()
    again = with_arrays(silent, named_arrays(decoder))
    np.testing.assert_array_equal(again(TOKENS), decoder(TOKENS))


@pytest.mark.parametrize(
    ("change", "says"), [({"W_X": np.zeros(3)}, "it has W_E, W_U"), ({"W_E": np.zeros(3)}, r"\(10, 8\)")]
)
def test_arrays_that_do_not_fit_are_refused(change, says):
    with pytest.raises(SettingError, match=says):
        with_arrays(make(), change)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"vocabulary": 0}, "vocabulary is 0"),
        ({"added": "noise"}, "added 'noise'"),
        ({"fixed": ("W_Q",)}, "'W_Q' cannot be fixed"),
        ({"mlp_layers": (3,)}, "name layers 0 to 2"),
        ({"attention": {"identity_query": True}}, "make d_head equal to d_model"),
    ],
)
def test_configs_out_of_range_are_refused(settings, says):
    with pytest.raises(SettingError, match=says):
        make(**settings)


def test_the_model_is_compiled_to_the_same_function():
    decoder = make(**CASES["added"])
    np.testing.assert_allclose(jax.jit(lambda m, x: m(x))(decoder, TOKENS), decoder(TOKENS), atol=1e-12)
