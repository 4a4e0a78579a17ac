"""Noisy in-context recall: sequences follow the law that the task states, position by position."""

from __future__ import annotations

from itertools import pairwise

import jax
import numpy as np
import pytest

from geomtoy.errors import SettingError
from geomtoy.tasks.recall import RecallTask
from geomtoy.training.trainer import RUN_ONCE

TASK = RecallTask(tokens=8, triggers=2, frequency=0.3, length=40, alpha=0.3)
SIZE = 2000


law_of = jax.jit(TASK.law, compiler_options=RUN_ONCE)
draw = jax.jit(TASK.draw, static_argnums=1, compiler_options=RUN_ONCE)


@pytest.fixture(scope="module")
def law():
    return law_of(jax.random.key(1))


@pytest.fixture(scope="module")
def sample(law):
    return jax.jit(TASK.sample, static_argnums=1)(jax.random.key(2), SIZE, law)


def within(share: float, expected: float, n: int) -> bool:
    """Five standard deviations of a share of n independent draws."""
    return abs(share - expected) <= 5 * np.sqrt(expected * (1 - expected) / n) + 1e-12


def test_rows_of_the_law_are_distributions_with_the_triggers_share(law):
    law = np.asarray(law)
    np.testing.assert_allclose(law.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(law[:, :2], 0.15)
    assert not law[:, TASK.noise_token].any()
    assert np.std(law[:, 2:8]) > 0.05
    assert not np.array_equal(law, law_of(jax.random.key(3)))


def test_a_trigger_is_followed_by_its_output_or_noise_at_rate_alpha(sample):
    sequence, outputs = map(np.asarray, sample)
    noise = []
    for row, outs in zip(sequence, outputs, strict=True):
        for now, after in pairwise(row):
            if now < 2:
                assert after in (outs[now], TASK.noise_token)
                noise.append(after == TASK.noise_token)
            else:
                assert after != TASK.noise_token
    assert within(np.mean(noise), TASK.alpha, len(noise))
    assert len(noise) > 1000


def test_all_else_follows_the_bigrams(sample, law):
    now, after = (np.asarray(sample.sequence)[:, cut].ravel() for cut in (slice(-1), slice(1, None)))
    for x in range(2, 9):
        follows = after[now == x]
        for y in range(9):
            assert within((follows == y).mean(), float(law[x, y]), len(follows)), (x, y)


def test_outputs_are_uniform_over_tokens_that_are_no_triggers(sample):
    outputs = np.asarray(sample.outputs)
    assert outputs.min() >= 2
    for y in range(2, 8):
        assert within((outputs == y).mean(), 1 / 6, outputs.size)
    together = np.mean((outputs[:, 0] == 3) & (outputs[:, 1] == 5))
    assert within(together, 1 / 36, SIZE)  # triggers have outputs of their own


def test_what_counts_are_second_and_later_occurrences(law):
    tokens, targets, weights = map(np.asarray, draw(jax.random.key(2), 50, law, TASK.alpha))
    np.testing.assert_array_equal(tokens[:, 1:], targets[:, :-1])
    for row, counted in zip(tokens, weights, strict=True):
        expected = [x < 2 and x in row[:t] for t, x in enumerate(row)]
        np.testing.assert_array_equal(counted, expected)


def test_without_noise_every_counted_target_has_been_seen_after_that_trigger(law):
    tokens, targets, weights = map(np.asarray, draw(jax.random.key(5), 50, law, 0.0))
    assert not (tokens == TASK.noise_token).any()
    for b, t in zip(*np.nonzero(weights), strict=True):
        first = list(tokens[b]).index(tokens[b, t])
        assert targets[b, t] == tokens[b, first + 1]


def test_draws_are_functions_of_the_key(law):
    one, same, other = (draw(jax.random.key(k), 50, law, 0.3).tokens for k in (7, 7, 8))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"tokens": 3, "triggers": 3}, "3 triggers leave none of 3 tokens"),
        ({"alpha": 1.5}, "alpha is 1.5"),
        ({"frequency": -0.1}, "frequency -0.1"),
        ({"length": 0}, "length 0"),
    ],
)
def test_tasks_that_cannot_be_are_refused(settings, says):
    with pytest.raises(SettingError, match=says):
        RecallTask(**settings)
