"""Training on tokens: it learns, repeats itself to the bit, resumes, and leaves fixed arrays alone."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from geomtoy.errors import SettingError
from geomtoy.models.attention import AttentionConfig
from geomtoy.models.decoder import Decoder, DecoderConfig
from geomtoy.models.layer import LayerConfig
from geomtoy.tasks.batch import Batch
from geomtoy.training.streams import stream
from geomtoy.training.tokens import TokenFitConfig, accuracy, cross_entropy, fit_tokens

LAYER = LayerConfig(AttentionConfig(8, 1, 8), 16)
CONFIG = TokenFitConfig(60, batch_size=16, learning_rate=1e-2, every=20)


def build(rngs: nnx.Rngs) -> Decoder:
    return Decoder(DecoderConfig(6, 5, 1, LAYER, fixed=("positions",)), rngs=rngs)


def echo(key, size: int) -> Batch:
    """Say each token again, but for the first."""
    tokens = jax.random.randint(key, (size, 5), 0, 6)
    return Batch(tokens, tokens, jnp.ones((size, 5)).at[:, 0].set(0))


def see(model):
    return {"first": model.W_E[...][0]}


@pytest.fixture(scope="module")
def run():
    return fit_tokens(build, echo, CONFIG, measure=see)


def test_it_learns_and_looks_at_each_multiple_and_the_end(run):
    assert run.loss.shape == (60,)
    assert run.loss[-5:].mean() < run.loss[:5].mean() / 2
    assert run.at.tolist() == [0, 20, 40, 60]
    assert run.measured["first"].shape == (4, 8)
    np.testing.assert_array_equal(run.measured["first"][-1], run.model.W_E[...][0])


def test_fixed_arrays_stay(run):
    start = fit_tokens(build, echo, TokenFitConfig(1, every=1)).model
    np.testing.assert_array_equal(run.model.W_pos[...], start.W_pos[...])
    assert run.model.W_pos[...].dtype == np.float32


def test_more_looks_see_more_of_the_same_run(run):
    more = fit_tokens(build, echo, CONFIG, measure=see, also_at=[1, 2, 40, 99])
    assert more.at.tolist() == [0, 1, 2, 20, 40, 60]
    np.testing.assert_array_equal(more.loss, run.loss)
    np.testing.assert_array_equal(more.measured["first"][[0, 3, 4, 5]], run.measured["first"])


def test_loss_and_accuracy_count_positions_by_weight():
    logits = jnp.log(jnp.asarray([[[0.5, 0.5], [0.9, 0.1]], [[0.2, 0.8], [0.25, 0.75]]]))
    batch = Batch(jnp.zeros((2, 2), int), jnp.asarray([[0, 0], [0, 1]]), jnp.asarray([[0, 1], [2, 1.0]]))
    expected = -(np.log(0.9) + 2 * np.log(0.2) + np.log(0.75)) / 4
    assert cross_entropy(logits, batch) == pytest.approx(expected)
    assert accuracy(logits, batch) == pytest.approx(2 / 4)


def test_one_step_of_sgd_by_hand():
    config = TokenFitConfig(1, 4, "sgd", 0.5, clip=None, weight_decay=0.1, dtype="float64", every=1)
    start = nnx.jit(lambda key: build(nnx.Rngs(key)))(stream(0, "params"))
    batch = echo(jax.random.fold_in(stream(0, "batches"), 0), 4)

    def loss_of(model):
        logits = jax.nn.log_softmax(model(batch.tokens))
        return -jnp.take_along_axis(logits[:, 1:], batch.tokens[:, 1:, None], -1).mean()

    slope = nnx.jit(nnx.grad(loss_of))(start).W_U[...] + 0.1 * start.W_U[...]
    model = fit_tokens(build, echo, config).model
    np.testing.assert_allclose(model.W_U[...], start.W_U[...] - 0.5 * slope, atol=1e-14)


def test_the_rate_rises_then_falls_to_its_final_share():
    config = TokenFitConfig(100, optimiser="sgd", learning_rate=1.0, warmup=10, momentum=0.0,
                            weight_decay=0.0, clip=None)  # fmt: skip
    rule = config.transformation()
    state, rates = rule.init(jnp.zeros(())), []
    for _ in range(101):
        step, state = rule.update(jnp.ones(()), state, jnp.zeros(()))
        rates.append(-float(step))
    assert rates[0] == 0
    assert rates[10] == pytest.approx(1)
    assert rates[100] == pytest.approx(0.1)
    clipped = TokenFitConfig(9, optimiser="sgd", clip=0.5, momentum=0.0, weight_decay=0.0, final=1.0)
    step = clipped.transformation()
    found = step.update(jnp.full(4, 3.0), step.init(jnp.zeros(4)), jnp.zeros(4))[0]
    assert optax.tree.norm(found) == pytest.approx(0.5 * clipped.learning_rate)


@pytest.mark.parametrize(
    "bad", [{"steps": 0}, {"optimiser": "lion"}, {"dtype": "float16"}, {"every": 0}]
)
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(SettingError, match=next(iter(bad))):
        TokenFitConfig(**{"steps": 10, **bad})


def test_a_run_that_diverges_is_named(tmp_path: Path):
    wild = TokenFitConfig(40, learning_rate=1e30, clip=None, optimiser="sgd", seed=3, every=40)
    with pytest.raises(SettingError, match=r"seed 3 is not finite at step \d+; lower learning_rate"):
        fit_tokens(build, echo, wild)
