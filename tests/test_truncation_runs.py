"""Runs of noisy recall: what is saved of them is what the saved models do."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from truncation.measure import sequences_of
from truncation.run import SGD, RecallRun, run_recall, stored_models

from geomtoy.errors import SettingError
from geomtoy.instruments.margins import probability_of
from geomtoy.instruments.truncation import truncate_named
from geomtoy.models.named import named_arrays, named_parameters, with_arrays
from geomtoy.tasks.recall import RecallTask
from geomtoy.training.streams import stream

TASK = RecallTask(tokens=6, length=16, alpha=0.4, frequency=0.3)
FIT = replace(SGD, steps=12, batch_size=8, every=4, seed=3)
CONFIG = RecallRun(
    TASK, FIT, d_model=8, mlp_layers=(0, 1), rhos=(1.0, 0.5, 0.0), early=2, test=20, keep=(0, 4)
)
WHOLE, DROPPED = 0, 2


@pytest.fixture(scope="module")
def arrays():
    return run_recall(CONFIG)


@pytest.fixture(scope="module")
def model(arrays):
    """The model at the end, and its parameters."""
    final = stored_models(CONFIG, arrays)[FIT.steps]
    return final, named_arrays(final)


@pytest.fixture(scope="module")
def test_set():
    """The test without noise, drawn as the run draws it."""
    with jax.enable_x64(True):
        law = TASK.law(stream(3, "bigrams")).astype("float32")
        key = jax.random.fold_in(stream(3, "test"), 0)
        return sequences_of(replace(TASK, alpha=0.0), 20)(key, law, 0.0)


def predictions(model, test_set, changed):
    logits = np.asarray(with_arrays(model, changed)(test_set.tokens))
    counted = np.asarray(test_set.weights) > 0
    return logits[counted], np.asarray(test_set.targets)[counted]


def test_looks_are_dense_at_first_and_at_the_end(arrays):
    assert arrays["at"].tolist() == [0, 2, 4, 6, 8, 12]
    assert arrays["p_noise"].shape == (6, 3)
    assert arrays["mass_answer"].shape == (6, 2)
    assert arrays["train_loss"].shape == (12,)
    assert arrays["kept_at"].tolist() == [0, 4]
    assert arrays["kept/layers.1.mlp.hidden.0.kernel"].shape == (2, 8, 32)


@pytest.mark.parametrize(("k", "rho"), [*enumerate(CONFIG.rhos)])
def test_scores_are_those_of_the_stored_model_truncated(arrays, model, test_set, k, rho):
    decoder, stored = model
    name = "layers.1.mlp.hidden.0.kernel"
    logits, targets = predictions(decoder, test_set, truncate_named(stored, name, rho=rho))
    close = {"rtol": 1e-4}
    np.testing.assert_allclose(arrays["accuracy"][-1, k], (logits.argmax(-1) == targets).mean())
    np.testing.assert_allclose(
        arrays["p_correct"][-1, k], probability_of(logits, targets).mean(), **close
    )
    np.testing.assert_allclose(arrays["p_noise"][-1, k], probability_of(logits, 6).mean(), **close)
    loss = -np.log(probability_of(logits, targets)).mean()
    np.testing.assert_allclose(arrays["loss"][-1, k], loss, **close)


def test_the_table_truncates_each_trained_matrix_alone(arrays, model, test_set):
    decoder, stored = model
    names = arrays["table/names"].tolist()
    assert len(names) == 10  # W_K, W_V, W_O and two of the MLP in each layer; W_Q stays
    for name in ("layers.0.attention.W_K", "layers.0.mlp.out.kernel", "layers.1.mlp.out.kernel"):
        for k, rho in enumerate(CONFIG.rhos):
            logits, _ = predictions(decoder, test_set, truncate_named(stored, name, rho=rho))
            expected = probability_of(logits, 6).mean()
            found = arrays["table/p_noise"][names.index(name), k]
            np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert np.ptp(arrays["table/p_noise"][:, WHOLE]) < 1e-6


def test_either_matrix_of_rank_zero_drops_the_mlp(arrays):
    names = arrays["table/names"].tolist()
    one, other = (
        arrays["table/p_noise"][names.index(f"layers.1.mlp.{part}.kernel"), DROPPED]
        for part in ("hidden.0", "out")
    )
    assert one == other


def test_models_are_stored_by_step(arrays, model):
    models = stored_models(CONFIG, arrays)
    assert list(models) == [0, 4, FIT.steps]
    first, last = named_arrays(models[0]), model[1]
    for name in ("W_E", "W_pos", "W_U", "layers.1.attention.W_Q"):
        np.testing.assert_array_equal(first[name], last[name])  # fixed
    W_in = "layers.1.mlp.hidden.0.kernel"
    np.testing.assert_array_equal(first[W_in], arrays[f"kept/{W_in}"][0])
    assert not np.array_equal(first[W_in], last[W_in])
    assert 2 < np.linalg.norm(last["W_U"], axis=0).mean() < 4


def test_the_test_without_noise_is_stored(arrays, test_set):
    np.testing.assert_array_equal(arrays["test/tokens"], test_set.tokens)
    np.testing.assert_array_equal(arrays["test/targets"], test_set.targets)
    np.testing.assert_array_equal(arrays["test/counted"], test_set.weights > 0)


def test_trained_entries_start_with_a_third_over_the_width(arrays):
    starts = {name[5:]: array[0] for name, array in arrays.items() if name.startswith("kept/")}
    scaled = {name: W * np.sqrt(3 * W.shape[-2]) for name, W in starts.items()}
    for part in ("attention", "hidden", "out"):
        entries = np.concatenate([W.ravel() for name, W in scaled.items() if part in name])
        assert np.var(entries) == pytest.approx(1, rel=0.2), part


def test_masses_sum_to_one_and_start_near_their_even_share(arrays):
    total = sum(arrays[f"mass_{role}"] for role in ("answer", "noise", "same", "other"))
    np.testing.assert_allclose(total, 1, rtol=1e-5)
    assert abs(arrays["share_answer"][0] - (1 - TASK.alpha)) < 0.15


@pytest.mark.parametrize(
    ("settings", "says"), [({"mlp_layers": (0,)}, "needs an MLP"), ({"matrix": "in"}, "'in' is unknown")]
)
def test_configs_out_of_range_are_refused(settings, says):
    with pytest.raises(SettingError, match=says):
        RecallRun(**settings)


def test_the_share_is_chosen_on_sequences_of_its_own(arrays, model, test_set):
    decoder, stored = model
    with jax.enable_x64(True):
        law = TASK.law(stream(3, "bigrams")).astype("float32")
        key = jax.random.fold_in(stream(3, "test"), 2)
        choice = sequences_of(replace(TASK, alpha=0.0), 20)(key, law, 0.0)
    assert not np.array_equal(choice.tokens, test_set.tokens)
    names = arrays["table/names"].tolist()
    for name in ("layers.0.attention.W_V", "layers.1.mlp.hidden.0.kernel"):
        for k, rho in enumerate(CONFIG.rhos):
            logits, targets = predictions(decoder, choice, truncate_named(stored, name, rho=rho))
            expected = probability_of(logits, targets).mean()
            found = arrays["choice/p_correct"][names.index(name), k]
            np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_gradients_are_looked_at_early_and_at_every_fifth_later_look(arrays):
    assert arrays["gradients_at"].tolist() == [0, 2, 4, 6, 12]
    assert arrays["signal/layers.1.attention.W_V"].shape == (5,)


def test_signal_and_noise_are_those_of_gradients_batch_by_batch(arrays, model):
    decoder, _ = model

    def loss(decoder, batch):
        logits = decoder(batch.tokens)
        log_p = logits - jax.nn.logsumexp(logits, axis=-1, keepdims=True)
        said = jnp.take_along_axis(log_p, batch.targets[..., None], axis=-1)[..., 0]
        return -(said * batch.weights).sum() / batch.weights.sum()

    with jax.enable_x64(True):
        law = TASK.law(stream(3, "bigrams")).astype("float32")
        keys = [jax.random.fold_in(stream(3, "gradients"), k) for k in range(CONFIG.gradients)]
        batches = [TASK.draw(key, FIT.batch_size, law) for key in keys]
        gradients = [named_parameters(nnx.grad(loss)(decoder, batch)) for batch in batches]
    name = "layers.1.attention.W_V"
    each = np.stack([np.asarray(gradient[name]) for gradient in gradients])
    noise = each.var(axis=0, ddof=1).sum()
    signal = (each.mean(axis=0) ** 2).sum() - noise / len(each)
    np.testing.assert_allclose(arrays[f"noise/{name}"][-1], noise, rtol=1e-3)
    np.testing.assert_allclose(arrays[f"signal/{name}"][-1], signal, rtol=1e-2)
