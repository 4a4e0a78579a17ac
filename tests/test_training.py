"""Targets, streams and the fit: deterministic, resumable, and loud when it fails."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fits import assert_same, stop_after
from flax import nnx

from geomtoy.errors import SettingError
from geomtoy.models.export import from_flax
from geomtoy.models.mlp import MLP, MLPConfig
from geomtoy.training.regression import FitConfig, fit
from geomtoy.training.runs import digest
from geomtoy.training.streams import require_float64, stream, streams
from geomtoy.training.targets import TARGETS, Target, target

SIN = target("sin")
X = SIN.grid(32)
CONFIG = FitConfig(steps=24, learning_rate=1e-2, seeds=2)


def build(rngs: nnx.Rngs) -> MLP:
    return MLP(MLPConfig(widths=(6,), bias_scale=6.0), rngs=rngs)


def train(config: FitConfig = CONFIG, **settings: object):
    return fit(build, X, SIN(X), config, chunk=8, **settings)


@pytest.mark.parametrize("one", TARGETS.values(), ids=TARGETS)
def test_targets_are_finite_functions_on_their_domain(one: Target):
    x = np.concatenate([one.grid(11), one.sample(20, seed=0)])
    low, high = np.array(one.domain).T
    assert x.shape == (11**one.d_in + 20, one.d_in)
    assert ((low <= x) & (x <= high)).all()
    assert one(x).shape == (len(x), 1)
    assert np.isfinite(one(x)).all()


def test_values_of_targets():
    assert target("sin")(np.array([[np.pi / 2]])) == 1
    x = np.array([[0.0], [0.5], [1.0], [1.5], [2.0]])
    np.testing.assert_allclose(target("triangle")(x).ravel(), [-1, 0, 1, 0, -1])
    np.testing.assert_allclose(target("cone")(np.array([[0.3, 0.4]])), 0.5)
    with pytest.raises(SettingError, match="'cosine' is unknown"):
        target("cosine")


def test_a_digest_tells_arrays_apart_whose_bytes_are_the_same():
    ones = np.ones((2, 3))
    lookalikes = [[ones], [ones.T], [ones.ravel()], [ones[:1], ones[1:]], [ones.view(np.int64)]]
    found = {digest(*arrays) for arrays in lookalikes}
    assert len(found) == len(lookalikes)
    assert digest(jnp.ones((2, 3), jnp.float32)) == digest(ones.astype(np.float32))


def test_streams_depend_on_name_seed_and_run_only():
    keys = stream(0, "params"), stream(0, "batches"), stream(1, "params")
    assert len({int(jax.random.bits(key)) for key in keys}) == 3
    few, many = (jax.random.key_data(streams(0, "params", n)) for n in (2, 5))
    np.testing.assert_array_equal(few, many[:2])


@pytest.mark.parametrize("batch_size", [None, 8])
def test_training_is_deterministic_and_reduces_the_loss(batch_size):
    config = FitConfig(steps=120, learning_rate=3e-2, seeds=2, batch_size=batch_size)
    one, other = train(config), train(config)
    assert_same(one, other)
    assert one.loss.shape == (2, 120)
    assert (one.loss[:, -40:].mean(axis=1) < one.loss[:, :20].mean(axis=1)).all()


def test_a_run_does_not_depend_on_how_many_run_beside_it():
    alone, beside = train(FitConfig(steps=24, seeds=1)), train(FitConfig(steps=24, seeds=3))
    for a, b in zip(jax.tree.leaves(alone.params), jax.tree.leaves(beside.params), strict=True):
        np.testing.assert_allclose(a[0], b[0], rtol=1e-11)


def test_models_are_float64_and_export(tmp_path):
    models = train().models()
    networks = [from_flax(model) for model in models]
    assert models[0].out.kernel[...].dtype == np.float64
    np.testing.assert_allclose(networks[1](X), models[1](jnp.asarray(X)), atol=1e-12)
    assert (networks[0].layers[0][0] != networks[1].layers[0][0]).any()


def test_tree_mode_trains_the_same_models():
    with nnx.set_graph_mode(False):
        tree = train()
    assert_same(tree, train())


def test_an_interrupted_run_resumes_where_it_stopped(tmp_path, monkeypatch):
    whole = train()
    checkpoint = tmp_path / "part"
    stop_after(monkeypatch, chunks=2)
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=checkpoint)
    monkeypatch.undo()
    assert_same(train(checkpoint=checkpoint), whole)


def test_a_checkpoint_of_another_run_is_not_used(tmp_path):
    train(checkpoint=tmp_path / "part")
    with pytest.raises(SettingError, match="another unfinished run"):
        train(FitConfig(steps=24, seeds=2, seed=1), checkpoint=tmp_path / "part")


def test_a_diverging_run_names_its_seed():
    y = SIN(X)
    y[3] = np.inf
    with pytest.raises(SettingError, match="seed 0 is not finite at step 0"):
        fit(build, X, y, CONFIG)


def test_float32_is_refused():
    with jax.enable_x64(False), pytest.raises(SettingError, match="jax_enable_x64"):
        train()
    require_float64()


@pytest.mark.parametrize("bad", [{"steps": 0}, {"learning_rate": -1.0}, {"seeds": 0}, {"batch_size": 0}])
def test_settings_out_of_range(bad):
    with pytest.raises(SettingError, match=next(iter(bad))):
        FitConfig(**bad)
