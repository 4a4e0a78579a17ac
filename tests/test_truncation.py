"""Truncation, margins, masses and probabilities, each against plain loops or a case made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from geomtoy.errors import SettingError
from geomtoy.instruments.margins import (
    attention_logits,
    log_probability_of,
    margin,
    mlp_logits,
    one_step_margins,
    probability_of,
)
from geomtoy.instruments.masses import ROLES, attention_mass, recall_roles, share_of_positions
from geomtoy.instruments.truncation import (
    rank_of_share,
    soft_rank,
    truncate,
    truncate_named,
    truncate_relative,
)

RNG = np.random.default_rng(0)
W = RNG.normal(size=(5, 8))


def by_eigenvectors(W: np.ndarray, rank: int) -> np.ndarray:
    """W times the projector onto the greatest eigenvectors of W^T W."""
    _, vectors = np.linalg.eigh(W.T @ W)
    kept = vectors[:, len(vectors) - rank :]
    return W @ kept @ kept.T


@pytest.mark.parametrize("rank", range(6))
def test_truncation_keeps_the_greatest_directions(rank):
    found = truncate(W, rank)
    np.testing.assert_allclose(found, by_eigenvectors(W, rank), atol=1e-12)
    assert np.linalg.matrix_rank(found) == rank
    np.testing.assert_allclose(truncate(found, rank), found, atol=1e-12)  # once is enough
    np.testing.assert_allclose(truncate(W.T, rank), found.T, atol=1e-12)


def test_no_other_matrix_of_that_rank_is_nearer():
    s = np.linalg.svd(W, compute_uv=False)
    assert np.linalg.norm(W - truncate(W, 2)) == pytest.approx(np.linalg.norm(s[2:]))


def test_stacks_are_truncated_one_by_one():
    stack = RNG.normal(size=(3, 4, 6))
    for one, cut in zip(stack, truncate(stack, 2), strict=True):
        np.testing.assert_allclose(cut, truncate(one, 2), atol=1e-12)
    assert soft_rank(stack).shape == (3,)


def test_relative_rank_is_rounded_down():
    assert [rank_of_share(rho, 128) for rho in (0, 0.005, 0.01, 0.5, 1)] == [0, 0, 1, 64, 128]
    assert rank_of_share(0.29, 100) == 29  # 0.29 * 100 is 28.999999999999996
    np.testing.assert_array_equal(truncate_relative(W, 0.5), truncate(W, 2))
    assert not truncate_relative(W, 0).any()
    assert truncate_relative(W, 1) is W


def test_soft_rank_is_the_rank_where_singular_values_are_equal():
    assert soft_rank(np.diag([3.0, 3, 3, 0])) == pytest.approx(3)
    assert soft_rank(np.zeros((4, 2))) == 0
    assert 1 < soft_rank(np.diag([1.0, 0.1])) < 2
    assert soft_rank(7 * W) == pytest.approx(soft_rank(W))


def test_a_named_matrix_alone_is_truncated():
    arrays = {"W_E": W, "b": np.ones(3), "layers.1.mlp.out.kernel": W.T}
    found = truncate_named(arrays, "layers.1.mlp.out.kernel", rank=1)
    assert found["W_E"] is W
    np.testing.assert_array_equal(found["layers.1.mlp.out.kernel"], truncate(W.T, 1))
    np.testing.assert_array_equal(truncate_named(arrays, "W_E", rho=0.4)["W_E"], truncate(W, 2))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: truncate(W, 6), r"rank 6 is out of range; a \(5, 8\) matrix has 0 to 5"),
        (lambda: truncate(W, -1), "rank -1 is out of range"),
        (lambda: truncate(np.ones(3), 1), "give a matrix"),
        (lambda: truncate_relative(W, 1.1), "share to keep is 1.1"),
        (lambda: truncate_named({"W_E": W, "b": np.ones(3)}, "W_F", rank=1), "'W_F'; there are W_E$"),
        (lambda: truncate_named({"W_E": W}, "W_E"), "either a rank or the share"),
        (lambda: truncate_named({"W_E": W}, "W_E", rank=1, rho=0.5), "either a rank or the share"),
    ],
)
def test_what_cannot_be_truncated_is_refused(call, says):
    with pytest.raises(SettingError, match=says):
        call()


def test_parts_speak_alone():
    """Entry by entry: ReLU(x W_in) W_out W_U, and the sum over heads of x W_V W_O W_U."""
    d, hidden, heads, d_head, V = 3, 4, 2, 2, 5
    arrays = {
        "layers.1.mlp.hidden.0.kernel": RNG.normal(size=(d, hidden)),
        "layers.1.mlp.out.kernel": RNG.normal(size=(hidden, d)),
        "layers.1.attention.W_V": RNG.normal(size=(heads, d, d_head)),
        "layers.1.attention.W_O": RNG.normal(size=(heads, d_head, d)),
        "W_U": RNG.normal(size=(d, V)),
    }
    W_in, W_out, W_V, W_O, W_U = arrays.values()
    x = RNG.normal(size=(2, d))
    for row, mlp, attention in zip(
        x, mlp_logits(arrays, 1, x), attention_logits(arrays, 1, x), strict=True
    ):
        h = [max(0, sum(row[i] * W_in[i, j] for i in range(d))) for j in range(hidden)]
        out = [sum(h[j] * W_out[j, k] for j in range(hidden)) for k in range(d)]
        np.testing.assert_allclose(mlp, out @ W_U)
        np.testing.assert_allclose(attention, sum(row @ W_V[h] @ W_O[h] @ W_U for h in range(heads)))


def test_margins_and_probabilities_by_hand():
    logits = np.log([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]) + 100
    np.testing.assert_allclose(margin(logits, np.array([1, 0])), [np.log(5 / 3), -np.log(8)])
    np.testing.assert_allclose(margin(logits, 2), [np.log(3 / 5), np.log(8)])
    np.testing.assert_allclose(probability_of(logits, np.array([1, 0])), [0.5, 0.1])
    np.testing.assert_allclose(probability_of(logits[0], np.array(2)), 0.3)
    np.testing.assert_allclose(log_probability_of(np.array([0.0, -1e4]), 1), -1e4)


def test_one_step_margins_are_those_of_finite_differences():
    """Of the loss of the linear model, entry by entry, at zero."""
    V, q, tau = 4, 0, 3
    tokens, targets = RNG.integers(V, size=(2, 3, 5))
    weights = RNG.integers(1, 3, size=(3, 5)).astype(float)
    one_hot = np.eye(V)
    averaged = np.array([[one_hot[row[: t + 1]].mean(axis=0) for t in range(5)] for row in tokens])

    def loss(W_F, W_V):
        logits = one_hot[tokens] @ W_F.T + averaged @ W_V.T
        return -(log_probability_of(logits, targets) * weights).sum() / weights.sum()

    def slope(part, y, h=1e-6):
        Z = np.zeros((2, V, V))
        Z[part, y, q] = h
        return (loss(*Z) - loss(*-Z)) / (2 * h)

    steps = [[-slope(part, y) for y in range(V)] for part in (0, 1)]
    expected = [step[tau] - max(step[:tau]) for step in steps]
    found = one_step_margins(tokens, targets, weights, V, trigger=q, noise_token=tau)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_roles_by_plain_loops():
    tokens, tau = RNG.integers(4, size=(6, 9)), 3
    roles = recall_roles(tokens, tau)
    for b, row in enumerate(tokens):
        for i in range(9):
            for j in range(9):
                role = None
                if j <= i:
                    follows = j > 0 and row[j - 1] == row[i]
                    role = "same" if row[j] == row[i] else "other"
                    if follows:
                        role = "noise" if row[j] == tau else "answer"
                assert [name for name in ROLES if roles[name][b, i, j]] == ([role] if role else [])


def test_masses_of_a_case_made_by_hand():
    tokens, tau = np.array([[0, 2, 0, 9, 0]]), 9
    pattern = np.zeros((1, 1, 5, 5))
    pattern[0, 0, 4] = [0.1, 0.4, 0.05, 0.25, 0.2]
    rows = np.array([[False, False, False, False, True]])
    roles = recall_roles(tokens, tau)
    found = attention_mass(pattern, roles, rows)
    np.testing.assert_allclose([found[name][0] for name in ROLES], [0.4, 0.25, 0.35, 0])
    assert share_of_positions(roles, rows, "answer", "answer", "noise") == 0.5


def test_masses_of_all_roles_sum_to_one_for_layers_and_heads():
    tokens = RNG.integers(4, size=(2, 6))
    pattern = np.tril(RNG.random((3, 2, 4, 6, 6)))  # layers, sequences, heads
    pattern /= pattern.sum(axis=-1, keepdims=True)
    rows = RNG.random((2, 6)) < 0.5
    found = attention_mass(pattern, recall_roles(tokens, 3), rows)
    assert found["same"].shape == (3, 4)
    np.testing.assert_allclose(sum(found.values()), 1)
    by_loop = np.mean([pattern[1, b, 2, i, i] for b in range(2) for i in range(6) if rows[b, i]])
    only_self = {"self": np.broadcast_to(np.eye(6, dtype=bool), (2, 6, 6))}
    assert attention_mass(pattern, only_self, rows)["self"][1, 2] == pytest.approx(by_loop)
