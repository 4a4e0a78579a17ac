"""The noisy linear memory of arXiv 2406.03068: three logits against the whole matrix."""

from __future__ import annotations

import numpy as np
import pytest

from geomtoy.errors import SettingError
from geomtoy.instruments.truncation import truncate
from geomtoy.theory.associative_memory import (
    Logits,
    descend,
    is_least,
    is_least_in_the_end,
    memory_matrix,
    probabilities,
    singular_values,
    truncated_matrix,
    without_noise,
)

SIZES = [2, 3, 4, 7]
ALPHA, RATE, STEPS = 0.3, 0.7, 60


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=0))
    return e / e.sum(axis=0)


def descend_whole_matrix(n: int, alpha: float, seed: int, d: int = 11) -> tuple[np.ndarray, np.ndarray]:
    """Gradient descent on every entry of a (d, d) matrix between random orthonormal embeddings."""
    rng = np.random.default_rng(seed)
    u, v = (np.linalg.qr(rng.normal(size=(d, d)))[0] for _ in range(2))
    u, v, W = u[:, :n], v[:, : n + 1], np.zeros((d, d))
    wanted = np.vstack([(1 - alpha) * np.eye(n), np.full((1, n), alpha)])
    for _ in range(STEPS):
        W += RATE / n * v @ (wanted - softmax(v.T @ W @ u)) @ u.T
    return W, v.T @ W @ u


@pytest.mark.parametrize("n", SIZES)
def test_three_logits_are_the_whole_matrix(n):
    W, logits = descend_whole_matrix(n, ALPHA, seed=n)
    last = Logits(*(history[-1] for history in descend(n, ALPHA, STEPS, RATE)))
    np.testing.assert_allclose(logits, memory_matrix(n, last), atol=1e-12)
    noise, difference = singular_values(n, last)
    expected = sorted([float(noise)] + (n - 1) * [float(difference)], reverse=True)
    np.testing.assert_allclose(np.linalg.svd(W, compute_uv=False)[:n], expected, atol=1e-12)
    p = probabilities(n, last)
    np.testing.assert_allclose(p[[0, 2]], softmax(logits)[[0, n], 0], atol=1e-12)
    assert p @ [1, n - 1, 1] == pytest.approx(1)


@pytest.mark.parametrize("n", SIZES)
def test_logits_sum_to_zero_at_all_times(n):
    a, b, c = descend(n, ALPHA, STEPS, RATE)
    np.testing.assert_allclose(a + (n - 1) * b + c, 0, atol=1e-12)
    assert a[0] == b[0] == c[0] == 0


@pytest.mark.parametrize("n", SIZES)
def test_cutting_noise_away_is_truncation_where_it_is_least(n):
    early = Logits(*(history[1] for history in descend(n, 0.2, STEPS, RATE)))
    assert is_least(n, early)
    cut = truncate(memory_matrix(n, early), n - 1)
    np.testing.assert_allclose(cut, memory_matrix(n, without_noise(n, early)), atol=1e-12)


@pytest.mark.parametrize(("n", "alpha"), [(2, 0.3), (2, 0.7), (3, 0.3), (3, 0.7), (4, 0.3), (6, 0.1)])
def test_which_is_least_in_the_end(n, alpha):
    history = descend(n, alpha, 20_000, 2.0)
    assert is_least(n, Logits(*(h[-1] for h in history))) == is_least_in_the_end(n, alpha)
    assert probabilities(n, history)[-1, 2] == pytest.approx(alpha, abs=1e-3)


@pytest.mark.parametrize("n", [3, 4, 7])
@pytest.mark.parametrize("step", [1, 400])
def test_truncation_is_as_near_as_any_of_that_rank(n, step):
    """At step 400 noise is the greatest for n >= 4: which difference is lost is a choice."""
    now = Logits(*(history[step] for history in descend(n, ALPHA, 400, 2.0)))
    W, found = memory_matrix(n, now), truncated_matrix(n, now, np.arange(n) ** 2)
    assert np.linalg.matrix_rank(found, tol=1e-9) == n - 1
    nearest = np.linalg.norm(W - truncate(W, n - 1))
    np.testing.assert_allclose(np.linalg.norm(W - found), nearest, atol=1e-12)
    assert is_least(n, now) == (step == 1 or n == 3)


def test_rank_two_of_three_cures_and_rank_three_of_four_does_not():
    """p(tau) falls from alpha to almost nothing for n = 3; for n = 4 it grows whatever is lost."""
    ends = {n: Logits(*(h[-1] for h in descend(n, ALPHA, 20_000, 2.0))) for n in (3, 4)}
    assert softmax(truncated_matrix(3, ends[3], np.arange(3)))[3].mean() < 0.03
    for direction in np.random.default_rng(0).normal(size=(50, 4)):
        assert softmax(truncated_matrix(4, ends[4], direction))[4].mean() > 1.5 * ALPHA
    with pytest.raises(SettingError, match="constant"):
        truncated_matrix(4, ends[4], np.ones(4))


@pytest.mark.parametrize(
    "bad", [(1, 0.3, 5, 1.0), (3, 0.0, 5, 1.0), (3, 0.3, 0, 1.0), (3, 0.3, 5, -1.0)]
)
def test_memories_that_cannot_be_are_refused(bad):
    with pytest.raises(SettingError):
        descend(*bad)
