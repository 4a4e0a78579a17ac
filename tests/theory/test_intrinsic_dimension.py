"""Cosentino & Shekkizhar 2024, eq. 6 and 8: tokens above a threshold, absolute or relative."""

import ml_dtypes
import numpy as np
import pytest

from geomtoy.errors import SettingError
from geomtoy.theory.intrinsic_dimension import edges, graph_density, intrinsic_dimension


def attention(*lead: int, T: int = 6, seed: int = 0, sharpness: float = 2.0) -> np.ndarray:
    """Random causal maps (*lead, T, T)."""
    scores = sharpness * np.random.default_rng(seed).normal(size=(*lead, T, T))
    weights = np.where(np.tri(T, dtype=bool), np.exp(scores), 0)
    return weights / weights.sum(axis=-1, keepdims=True)


def uniform(T: int) -> np.ndarray:
    return (np.tri(T) / np.arange(1, T + 1)[:, None])[None]


@pytest.mark.parametrize("relative", [True, False])
def test_counts_are_those_of_the_definition(relative):
    maps = attention(2, 3)
    found = edges(maps, 0.2, relative=relative)
    assert found.shape == (2, 3, 6)
    for index in np.ndindex(found.shape):
        row = maps[index].tolist()
        threshold = 0.2 * max(row) if relative else 0.2
        assert found[index] == len([weight for weight in row if weight > threshold])
    np.testing.assert_array_equal(intrinsic_dimension(maps, 0.2, relative=relative), found.sum(axis=1))


def test_the_last_row_alone_gives_the_last_token():
    maps = attention(4, 2, 3)
    rows = maps[..., -1, :]
    np.testing.assert_array_equal(edges(rows, last_row=True), edges(maps)[..., -1])
    dimension = intrinsic_dimension(rows, last_row=True)
    assert dimension.shape == (4, 2)
    np.testing.assert_array_equal(dimension, intrinsic_dimension(maps)[..., -1])


def test_the_absolute_rule_has_a_cap_and_the_relative_one_has_none():
    for T in (5, 9, 10, 40):
        absolute = intrinsic_dimension(uniform(T), relative=False)[-1]
        assert absolute == (T if T < 10 else 0)
        assert intrinsic_dimension(uniform(T))[-1] == T
    many = attention(1, 50, T=40, sharpness=1.0)
    assert edges(many, relative=False).max() <= 9
    assert (edges(many) >= 1).all()


def test_the_comparison_is_strict():
    row = np.array([[0.25, 0.5, 0.25]])
    assert edges(row, 0.25, relative=False, last_row=True) == 1
    assert edges(row, 0.5, last_row=True) == 1
    assert edges(row, 0.49, last_row=True) == 3


def test_threshold_zero_counts_every_token_of_a_softmax():
    np.testing.assert_array_equal(edges(attention(1, 2), 0.0)[0, 0], np.arange(1, 7))


def test_density_is_the_share_of_causal_edges():
    np.testing.assert_allclose(graph_density(uniform(7)), 1)
    np.testing.assert_allclose(graph_density(np.eye(7)[None]), 7 / 28)
    maps = attention(2, 3)
    assert graph_density(maps).shape == (2, 3)
    np.testing.assert_allclose(graph_density(maps), edges(maps).sum(-1) / 21)
    np.testing.assert_allclose(graph_density(uniform(7)[:, -1], last_row=True), 1)


@pytest.mark.parametrize(
    ("maps", "settings", "message"),
    [
        (uniform(4), {"epsilon": 1.0}, "epsilon is 1.0"),
        (uniform(4), {"epsilon": -0.1}, "epsilon is -0.1"),
        (uniform(4), {"epsilon": float("nan")}, "epsilon is nan"),
        (2 * uniform(4), {}, "sum to 1 within 0.0001"),
        (uniform(4) + np.nan, {}, "sum to 1"),
        (np.full((1, 4, 4), 0.25), {}, "looks ahead"),
        (np.array([[[1.0, 0], [1.5, -0.5]]]), {}, "negative"),
        (np.ones((2, 3, 1)), {}, "shape"),
        (np.eye(4), {}, "shape"),
        (np.zeros((0, 4, 4)), {}, "shape"),
    ],
)
def test_what_is_no_attention_is_refused(maps, settings, message):
    with pytest.raises(SettingError, match=message):
        intrinsic_dimension(maps, **settings)


@pytest.mark.parametrize("kind", [np.float16, ml_dtypes.bfloat16])
def test_half_precision_maps_are_read_with_a_wider_tolerance(kind):
    half = attention(1, 2, T=64).astype(kind)
    with pytest.raises(SettingError, match="sum to 1 within"):
        edges(half, tolerance=1e-4)
    for relative in (True, False):
        whole = edges(half.astype(np.float64), relative=relative, tolerance=1e-2)
        np.testing.assert_array_equal(edges(half, relative=relative), whole)


def test_tensors_are_read_in_every_precision():
    torch = pytest.importorskip("torch")
    maps = torch.tensor(attention(2, 3)).requires_grad_()
    for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        given = maps.to(kind)
        widened = given.detach().double().numpy()
        for measure in (edges, intrinsic_dimension, graph_density):
            np.testing.assert_array_equal(measure(given), measure(widened, tolerance=1e-2))


@pytest.mark.parametrize("relative", [True, False])
def test_padding_at_the_left_counts_for_nothing(relative):
    T, pads = 7, [0, 3, 6]
    plain = [attention(2, T=T - p, seed=p) for p in pads]
    padded = np.full((3, 2, T, T), 1 / T)  # rows of padding hold whatever the model makes of them
    for k, p in enumerate(pads):
        padded[k, :, p:] = 0
        padded[k, :, p:, p:] = plain[k]
    form = {"padding": np.array(pads), "relative": relative}
    for k, p in enumerate(pads):
        expected = edges(plain[k], relative=relative)
        np.testing.assert_array_equal(edges(padded, **form)[k, :, p:], expected)
        assert not edges(padded, **form)[k, :, :p].any()
        np.testing.assert_array_equal(intrinsic_dimension(padded, **form)[k, p:], expected.sum(axis=0))
        density = graph_density(plain[k], relative=relative)
        np.testing.assert_allclose(graph_density(padded, **form)[k], density)
        alone = graph_density(padded[k], relative=relative, padding=p)
        np.testing.assert_allclose(alone, density)
        last = {"last_row": True} | form
        np.testing.assert_array_equal(edges(padded[..., -1, :], **last)[k], expected[:, -1])
        rows = graph_density(plain[k][:, -1], relative=relative, last_row=True)
        np.testing.assert_allclose(graph_density(padded[..., -1, :], **last)[k], rows)


def test_padding_that_is_none_is_refused():
    maps = attention(2, 3)
    for last_row, given in ((False, maps), (True, maps[..., -1, :])):
        with pytest.raises(SettingError, match="attends to padding"):
            edges(given, padding=np.array([0, 1]), last_row=last_row)
        for padding in (-1, 6, np.array([1, 1, 1])):
            with pytest.raises(SettingError, match="give a number from 0 to 5, or an array of shape"):
                edges(given, padding=padding, last_row=last_row)
