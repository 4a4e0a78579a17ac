"""Models in JAX and their networks compute the same, whatever library they are made with."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx
from jax import lax

import geomtoy
from geomtoy.errors import NetworkError
from geomtoy.importers.jax import from_jax

rng = np.random.default_rng(0)


def f(*shape):
    return jnp.asarray(rng.normal(size=shape))


def assert_same(network, function, shape, tolerance=1e-10):
    points = rng.normal(size=(10, *shape))
    with jax.enable_x64(True):
        expected = [np.ravel(function(jnp.asarray(point))) for point in points]
    np.testing.assert_allclose(network(points.reshape(10, -1)), expected, rtol=tolerance, atol=tolerance)


FUNCTIONS = {
    "relu": jax.nn.relu,
    "relu6": jax.nn.relu6,
    "leaky_relu": jax.nn.leaky_relu,
    "hard_tanh": jax.nn.hard_tanh,
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "clip": lambda x: jnp.clip(x, -0.5, 0.25),
    "abs and mean": lambda x: jnp.abs(x) - x.mean(axis=0),
    "max": lambda x: jnp.maximum(x[::-1], 2 * x) + jnp.max(x, axis=1, keepdims=True),
    "min": lambda x: jnp.minimum(x, x.T.reshape(3, 4)) - jnp.min(x),
    "where": lambda x: jnp.where(x > 1, 3 * x, x + 2),
    "choice": lambda x: jnp.where(jnp.arange(4) % 2 == 0, x, -x),
    "concatenate": lambda x: jnp.concatenate([x, jnp.ones((3, 1)), x[:, 1:3]], axis=1),
    "pad and roll": lambda x: jnp.pad(jnp.roll(x, 1, axis=0), ((1, 0), (0, 2))),
    "gather": lambda x: x[jnp.array([2, 0])][:, jnp.array([1, 1, 3])],
    "split": lambda x: jnp.split(x, 2, axis=1)[1] / 3,
    "matrices": lambda x: (jnp.ones((2, 3)) @ x) @ jnp.arange(8.0).reshape(4, 2),
    "checkpoint": jax.checkpoint(lambda x: jnp.maximum(x, 1)),
    "stack and squeeze": lambda x: jnp.stack([x[:1], x[1:2]]).squeeze(1) * jnp.array([2.0, -1, 0, 1]),
    "bounds": lambda x: lax.clamp(jnp.zeros((3, 4)), jnp.full((3, 4), 0.3), x),
    "some bounds": lambda x: jnp.clip(x, jnp.array([-jnp.inf, 0, 1, -1]), 2),
    "tile": lambda x: lax.reshape(jnp.tile(x, (1, 2)), (6, 4)),
    "cut windows": lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (2, 2), (1, 1), [(-1, 0), (0, -1)]),
    "windows": lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (2, 3), (1, 1), "VALID"),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_of_arrays(function):
    assert_same(from_jax(function, (3, 4)), function, (3, 4))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (jax.nn.gelu, "integer_pow.* is not piecewise affine"),
        (jnp.tanh, "tanh: it is not piecewise affine"),
        (jax.jit(lambda x: jnp.exp(x)), "exp in <lambda>: it is not piecewise affine"),
        (lambda x: x * x, "mul: two tensors are multiplied"),
        (lambda x: x @ x, "dot_general: two tensors are multiplied"),
        (lambda x: 1 / x, "div: something is divided by a tensor"),
        (lambda x: jnp.where(x > 0, x, x - 1), "a function that jumps at 0"),
        (lambda x: jnp.where(x > x[::-1], x, 0), "two tensors are compared"),
        (lambda x: jnp.where(x > 0, x[::-1], 0), "no functions of what is compared"),
        (lambda x: jnp.where(x @ jnp.eye(3) > 0, x, 0), "no functions of what is compared"),
        (lambda x: x.at[jnp.array([0, 9])].get(mode="fill", fill_value=0), "a place outside of the"),
        (lambda x: jnp.take(x, jnp.array([9])), "a place outside of the shape"),
        (lambda x: lax.conv(x[None, None], jnp.ones((1, 1, 1)), (1,), [(-1, 0)]), "would cut the input"),
        (lambda x: x > 0, "a comparison gives no continuous function"),
        (lambda x: x.astype(jnp.float16), "the model computes in float16"),
        (lambda x: jnp.ones(2), "does not give one array"),
        (lambda x: x @ jnp.ones(7), "JAX cannot trace the model"),
        (lambda x: x.nothing, "JAX cannot trace the model.*nothing"),
    ],
)
def test_what_is_not_known_is_named(function, message):
    with pytest.raises(NetworkError, match=message):
        from_jax(function, 3)


class Residual(nnx.Module):
    def __init__(self, rngs):
        self.first, self.second = nnx.Linear(2, 4, rngs=rngs), nnx.Linear(4, 4, rngs=rngs)
        self.norm, self.dropout = nnx.BatchNorm(4, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        h = nnx.relu(self.first(x))
        return (h + self.norm(nnx.leaky_relu(self.second(h))))[..., :3] - self.dropout(h)[..., 1:]


def test_nnx_modules_of_any_composition():
    model = Residual(nnx.Rngs(0))
    with pytest.raises(NetworkError, match=r"(norm|dropout) .* is in training mode; call eval\(\)"):
        geomtoy.from_model(model, 2)
    model.eval()
    network = geomtoy.from_model(model, 2)
    assert_same(network, model, (2,), 1e-5)
    assert geomtoy.enumerate_regions(network).certify().valid


def test_modules_that_round_to_fewer_bits_or_cannot_be_traced_are_refused():
    with pytest.raises(NetworkError, match="the model computes in bfloat16"):
        geomtoy.from_model(nnx.Linear(2, 3, dtype=jnp.bfloat16, rngs=nnx.Rngs(0)))
    wide = nnx.Linear(2, 3, dtype=jnp.float32, rngs=nnx.Rngs(0))
    assert geomtoy.from_model(wide).d_out == 3
    with pytest.raises(NetworkError, match="JAX cannot trace the model"):
        geomtoy.from_model(linen.Dropout(0.5, deterministic=False).bind({}), 2)


class Convolutional(linen.Module):
    @linen.compact
    def __call__(self, x):
        h = linen.relu(linen.Conv(2, (3, 2), strides=2, dtype=jnp.float32)(x))
        h = linen.max_pool(linen.BatchNorm(use_running_average=True)(h), (2, 2))
        h = linen.avg_pool(h, (2, 1), padding="SAME", count_include_pad=False)
        return linen.Dense(2)(h.reshape(h.shape[0], -1))


def test_linen_modules_bound_to_their_variables():
    model = Convolutional()
    with pytest.raises(NetworkError, match=r"give module\.bind\(variables\)"):
        geomtoy.from_model(model, (6, 5, 1))
    bound = model.bind(model.init(jax.random.key(0), jnp.zeros((1, 6, 5, 1))))
    with pytest.raises(NetworkError, match="give input_shape"):
        geomtoy.from_model(bound)
    assert_same(geomtoy.from_model(bound, (6, 5, 1)), lambda x: bound(x[None]), (6, 5, 1), 1e-4)


def test_equinox_modules():
    eqx = pytest.importorskip("equinox")
    keys = jax.random.split(jax.random.key(0), 3)
    model = eqx.nn.Sequential(
        [
            eqx.nn.Conv2d(1, 2, 3, key=keys[0]),
            eqx.nn.Lambda(jax.nn.relu),
            eqx.nn.MaxPool2d(2, 2),
            eqx.nn.Lambda(jnp.ravel),
            eqx.nn.MLP(8, 2, 5, 2, key=keys[1]),
        ]
    )
    network = geomtoy.from_model(model, (1, 6, 6))
    assert_same(network, model, (1, 6, 6))


def test_parameters_are_exactly_those_of_the_model():
    kernel = np.asarray(f(2, 3), np.float32)
    network = from_jax(lambda x: x @ jnp.asarray(kernel), (1, 2))
    np.testing.assert_array_equal(network.layers[0][0], kernel.T.astype(float))
    conv = partial(lax.conv, window_strides=(1, 1), padding="VALID")
    weight = f(1, 1, 2, 2)
    network = from_jax(lambda x: conv(x, jnp.asarray(weight, x.dtype)), (1, 1, 3, 3))
    assert set(network.layers[0][0].ravel()) == {0.0, *np.asarray(weight, float).ravel()}
