"""Matching and flow: products against the model's own, scores by hand, roles by plain loops."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from flax import nnx

from geomtoy.errors import SettingError
from geomtoy.instruments.flow import Edge, chain_roles, main_path, mates
from geomtoy.instruments.matching import (
    functional_matching,
    layer_norm,
    matching_kernel,
    matching_matrix,
    matching_score,
    weight_products,
)
from geomtoy.models.attention import AttentionConfig
from geomtoy.models.decoder import Decoder, DecoderConfig
from geomtoy.models.layer import LayerConfig
from geomtoy.models.named import named_arrays
from geomtoy.tasks.chains import ChainTask, draw_chains

D = 6


def decoder(added="none", n_heads=1) -> Decoder:
    attention = AttentionConfig(D, n_heads, D, gamma=0.3, alpha=0.7, beta=-0.4)
    layer = LayerConfig(attention, None, "post")
    return Decoder(DecoderConfig(9, 5, 3, layer, added=added), rngs=nnx.Rngs(0))


@pytest.mark.parametrize("added", ["none", "random", "identity"])
def test_products_are_those_of_the_model(added):
    model = decoder(added)
    arrays = named_arrays(model)
    for k, layer in enumerate(model.layers):
        for mine, own in zip(
            weight_products(arrays, k), (layer.attention.W_QK(), layer.attention.W_VO()), strict=True
        ):
            np.testing.assert_allclose(mine, own[0], atol=1e-12)


def test_kernels_score_what_layers_have_written():
    """Token by token: layer 0 writes y into its pair, layer 1 writes x into the question."""
    arrays = named_arrays(decoder("random"))
    (_, VO0), (QK1, VO1), (QK2, _) = (weight_products(arrays, k) for k in range(3))
    x, y = np.random.default_rng(0).normal(size=(2, D))
    assert x @ matching_kernel(arrays, 1) @ y == pytest.approx(x @ QK1 @ (y @ VO0))
    assert x @ matching_kernel(arrays, 2) @ y == pytest.approx((x @ VO1) @ QK2 @ (y @ VO0))
    with pytest.raises(SettingError, match="layer 0"):
        matching_kernel(arrays, 0)
    with pytest.raises(SettingError, match="2 heads"):
        weight_products(named_arrays(decoder(n_heads=2)), 0)


def test_scores_by_hand():
    assert matching_score(np.zeros((4, 4))) == pytest.approx(0.25)
    assert matching_score(np.log([[3.0, 1.0], [1.0, 1.0]])) == pytest.approx((0.75 + 0.5) / 2)
    assert matching_score(1e4 * np.eye(5)) == 1.0
    X = 3 + 2 * np.linalg.qr(np.random.default_rng(1).normal(size=(40, 40)))[0][:20]
    assert matching_score(matching_matrix(X, np.eye(40))) > 0.99
    assert matching_score(matching_matrix(X, -np.eye(40))) < 1e-6


def test_rows_are_normed():
    X = np.random.default_rng(2).normal(2, 5, size=(3, 50))
    normed = layer_norm(X)
    np.testing.assert_allclose(normed.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(normed.std(axis=1), 1, rtol=1e-6)
    layer = nnx.LayerNorm(50, rngs=nnx.Rngs(0), epsilon=1e-6)
    np.testing.assert_allclose(normed, layer(X), atol=1e-4)


def test_functional_matching_averages_by_token():
    queries, about = np.array([[1.0, 0], [3, 0], [0, 1]]), np.array([7, 7, 4])
    keys, beginning = np.array([[1.0, 1], [5, 0], [9, 9]]), np.array([4, 7, 8])
    scores, tokens = functional_matching(queries, about, keys, beginning, np.diag([1.0, 10]))
    assert tokens.tolist() == [4, 7]
    np.testing.assert_allclose(scores, [[10, 0], [2, 10]])
    with pytest.raises(SettingError, match="no token"):
        functional_matching(queries, about, keys, beginning + 100, np.eye(2))


TOKENS = np.array([[90, 3, 5, 1, 2, 2, 3, 1, 2]])
"""Order 90; pairs 3 -> 5, 1 -> 2, 2 -> 3; questions 1 and 2."""


def test_mates_by_hand():
    assert mates(TOKENS, 3, 4).tolist() == [[[4, 6, 2, -1], [6, 2, -1, -1]]]


def test_roles_by_loops():
    task = ChainTask()
    tokens = np.asarray(draw_chains(task, jax.random.key(0), 20, part="held_out").tokens)
    roles = chain_roles(tokens, task.pairs, 2)
    for b, row in enumerate(tokens.tolist()):
        next_of = dict(zip(row[1:11:2], row[2:11:2], strict=True))
        place = {row[j]: j for j in range(1, 11, 2)}
        for i in range(task.length):
            expected = dict.fromkeys(roles, frozenset())
            if i in range(2, 11, 2):
                expected["mate"] = {i - 1}
            if i >= 11:
                one = place[row[i]] + 1
                two = place[next_of[row[i]]] + 1 if next_of[row[i]] in place else None
                expected |= {"itself": {i}, "order": {0}, "hop 1": {one}}
                expected["hop 2"] = {two} if two is not None else set()
                expected["other"] = set(range(i)) - {0, one, two}
            for name, role in roles.items():
                assert set(np.flatnonzero(role[b, i])) == expected[name], (name, row, i)


@pytest.mark.usefixtures("unchecked")
def test_the_main_path_is_followed_back():
    pattern = np.zeros((3, 1, 9, 9))
    pattern[:, 0, range(9), range(9)] = 1.0
    for layer, query, key in ((0, 2, 1), (0, 6, 5), (1, 7, 4), (2, 7, 6)):
        pattern[layer, 0, query] = 0.1 / 9
        pattern[layer, 0, query, key] = 0.9
    edges = main_path(pattern, 7, least=0.5)
    assert [edge[:3] for edge in edges] == [
        (2, 7, 6),
        (1, 6, 6),
        (1, 7, 4),
        (0, 4, 4),
        (0, 6, 5),
        (0, 7, 7),
    ]
    assert edges[0] == Edge(2, 7, 6, 0.9)
    with pytest.raises(SettingError, match="layers, heads, T, T"):
        main_path(pattern[0], 7)
    with pytest.raises(SettingError, match="no position 9"):
        main_path(pattern, 9)
