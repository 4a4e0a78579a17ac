"""The Flax MLP, its export, and random networks at initialisation."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from geomtoy import activations, enumerate_regions
from geomtoy.errors import FileError, NetworkError, SettingError
from geomtoy.models.export import NAME_OF, from_flax
from geomtoy.models.gaussian import gaussian_network
from geomtoy.models.mlp import MLP, MLPConfig
from geomtoy.models.stack import stack_networks, unstack_networks

POINTS = np.random.default_rng(0).normal(size=(50, 2))


def mlp(activation: str = "relu", **settings: object) -> MLP:
    config = MLPConfig(d_in=2, widths=(7, 5), d_out=3, activation=activation, **settings)
    return MLP(config, rngs=nnx.Rngs(1))


@pytest.mark.parametrize("activation", sorted(activations.NAMED))
def test_export_computes_the_same_function(activation):
    model = mlp(activation)
    network = from_flax(model)
    assert network.widths == (7, 5)
    np.testing.assert_allclose(network(POINTS), model(jnp.asarray(POINTS)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "abs", "hard_tanh"])
def test_maps_of_cells_are_the_models_jacobians(activation):
    model = mlp(activation)
    cells = enumerate_regions(from_flax(model))
    centres = np.array([cells.polygon(k).mean(axis=0) for k in range(cells.n_cells)])
    np.testing.assert_allclose(jax.vmap(jax.jacobian(model))(centres), cells.A_omega, atol=1e-10)
    offsets = model(jnp.asarray(centres)) - np.einsum("koi,ki->ko", cells.A_omega, centres)
    np.testing.assert_allclose(offsets, cells.b_omega, atol=1e-10)


def test_export_keeps_every_bit_of_the_parameters():
    model = mlp()
    W, b = from_flax(model).layers[0]
    np.testing.assert_array_equal(W, np.asarray(model.hidden[0].kernel[...]).T)
    np.testing.assert_array_equal(b, model.hidden[0].bias[...])
    assert W.dtype == np.float64


@pytest.mark.parametrize("name", ["gelu", "tanh"])
def test_export_names_the_activation_that_is_not_piecewise_linear(name):
    with pytest.raises(NetworkError, match=name):
        from_flax(mlp(name))


def linear(d_in: int, d_out: int, **settings: object) -> nnx.Linear:
    return nnx.Linear(d_in, d_out, rngs=nnx.Rngs(d_in), **settings)


@pytest.mark.parametrize(
    "steps",
    [
        (linear(2, 4), nnx.relu, linear(4, 1)),
        (linear(2, 4), linear(4, 3), jnp.abs, linear(3, 1, use_bias=False)),
        (linear(2, 4), nnx.hard_tanh, nnx.leaky_relu),
    ],
)
def test_a_sequence_exports_to_the_same_function(steps):
    model = nnx.Sequential(*steps)
    expected = model(jnp.asarray(POINTS, jnp.float32))
    np.testing.assert_allclose(from_flax(model)(POINTS), expected, rtol=1e-4, atol=1e-5)


def images(*steps: object, channels: int = 2) -> None:
    """A sequence on images (5, 6, channels), in evaluation mode, exports to the same function."""
    model = nnx.Sequential(*steps)
    model.eval()
    x = np.random.default_rng(0).normal(size=(10, 5, 6, channels))
    expected = np.concatenate([np.ravel(model(jnp.asarray(one[None])))[None] for one in x])
    network = from_flax(model, (5, 6, channels))
    np.testing.assert_allclose(network(x.reshape(10, -1)), expected, rtol=1e-10, atol=1e-12)


def conv(*settings: object, **more: object) -> nnx.Conv:
    return nnx.Conv(*settings, param_dtype=jnp.float64, rngs=nnx.Rngs(0), **more)


@pytest.mark.parametrize("padding", ["SAME", "VALID", 1, ((0, 1), (2, 0))])
@pytest.mark.parametrize(
    "more", [{}, {"strides": 2}, {"kernel_dilation": 2}, {"feature_group_count": 2}]
)
def test_convolutions_are_exported(padding, more):
    images(conv(2, 4, (3, 2), padding=padding, **more))


def test_a_convolutional_model_is_exported():
    norm = nnx.BatchNorm(4, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
    norm.mean[...], norm.var[...] = np.arange(4, dtype="f4"), np.arange(1, 5, dtype="f4")
    images(
        conv(2, 4, (3, 3), strides=2),
        norm,
        nnx.relu,
        partial(nnx.max_pool, window_shape=(2, 2), padding="SAME"),
        nnx.Sequential(nnx.Dropout(0.5, rngs=nnx.Rngs(0)), nnx.relu6),
        partial(
            nnx.avg_pool, window_shape=(3, 1), strides=(1, 2), padding="SAME", count_include_pad=False
        ),
        partial(nnx.leaky_relu, negative_slope=0.2),
        partial(jnp.reshape, shape=(1, -1)),
        linear(24, 2, param_dtype=jnp.float64),
    )


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (nnx.BatchNorm(2, rngs=nnx.Rngs(0)), "BatchNorm in training mode"),
        (nnx.Dropout(0.5, rngs=nnx.Rngs(0)), "'Dropout'"),
        (nnx.Conv(2, 2, (3,), rngs=nnx.Rngs(0)), "not of 2D images"),
        (partial(nnx.gelu, approximate=True), "'gelu'"),
    ],
)
def test_layers_of_images_are_refused_by_name(step, message):
    with pytest.raises(NetworkError, match=f"layer 0 is.*{message}"):
        from_flax(nnx.Sequential(step), (5, 6, 2))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((linear(2, 2), nnx.softmax), "layer 1 is 'softmax'"),
        ((linear(2, 2), nnx.LayerNorm(2, rngs=nnx.Rngs(0))), "LayerNorm"),
        ((nnx.relu, linear(2, 2)), "start with an nnx.Linear"),
    ],
)
def test_a_sequence_is_refused_by_name(steps, message):
    with pytest.raises(NetworkError, match=message):
        from_flax(nnx.Sequential(*steps))


def test_only_models_and_single_seeds_are_exported():
    with pytest.raises(NetworkError, match="Conv cannot be exported"):
        from_flax(nnx.Conv(1, 1, (1,), rngs=nnx.Rngs(0)))
    graphdef, params = nnx.split(mlp())
    stacked = jax.tree.map(lambda p: jnp.stack([p, p]), params)
    with pytest.raises(NetworkError, match="select one seed"):
        from_flax(nnx.merge(graphdef, stacked))


class Shifted(nnx.Sequential):
    def __call__(self, x):
        return super().__call__(x) + 1e-6


class Doubled(MLP):
    def __call__(self, x):
        return 2 * super().__call__(x)


def test_models_that_do_more_than_their_type_says_are_refused():
    for model in (
        Shifted(linear(2, 4), nnx.relu, linear(4, 1)),
        Doubled(MLPConfig(d_in=2, widths=(3,)), rngs=nnx.Rngs(0)),
    ):
        with pytest.raises(NetworkError, match=r"differ by .* at a random point"):
            from_flax(model)


def test_a_layer_used_twice_and_one_of_low_precision_are_exported():
    shared, low = linear(4, 4), linear(2, 4, dtype=jnp.bfloat16)
    model = nnx.Sequential(low, nnx.relu, shared, nnx.relu, shared)
    assert from_flax(model).widths == (4, 4)
    np.testing.assert_allclose(from_flax(model)(POINTS), model(POINTS), rtol=0.1, atol=0.1)
    assert low.dtype == jnp.bfloat16


def test_exportable_activations_are_those_of_the_geometry():
    assert set(NAME_OF.values()) == set(activations.NAMED)


def test_initial_law_of_both_makers():
    config = MLPConfig(d_in=400, widths=(400,), d_out=400, bias_scale=0.5)
    for network in (
        from_flax(MLP(config, rngs=nnx.Rngs(0))),
        gaussian_network((400, 400, 400), seed=0, bias_scale=0.5),
    ):
        (W1, b1), (W2, b2) = network.layers
        assert np.isclose(W1.std(), np.sqrt(2 / 400), rtol=0.02)
        assert np.isclose(b1.std(), 0.5, rtol=0.15)
        assert np.isclose(W2.std(), np.sqrt(1 / 400), rtol=0.02)
        assert not b2.any()


def test_zero_bias_and_seeds_of_random_networks():
    assert not gaussian_network((2, 9, 1), seed=0, bias_scale=0.0).layers[0][1].any()
    first, again, other = (gaussian_network((2, 9, 1), seed=s).layers[0][0] for s in (3, 3, (3, 1)))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_stacked_networks_come_back():
    networks = [gaussian_network((2, 4, 3, 1), seed=s) for s in range(3)]
    arrays = stack_networks(networks)
    assert arrays["W2"].shape == (3, 3, 4)
    for network, again in zip(networks, unstack_networks({**arrays, "loss": np.zeros(3)}), strict=True):
        np.testing.assert_array_equal(network(POINTS), again(POINTS))
    with pytest.raises(FileError, match="no b2"):
        unstack_networks({name: array for name, array in arrays.items() if name != "b2"})
    with pytest.raises(FileError, match="no W1"):
        unstack_networks({})


@pytest.mark.parametrize("bad", [{"widths": (0,)}, {"bias_scale": -1.0}, {"activation": "softmax"}])
def test_config_out_of_range(bad):
    with pytest.raises(SettingError):
        MLPConfig(**bad)
