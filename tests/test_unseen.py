"""What is said to be seen by no output without computing it, against exact maps."""

import numpy as np
import pytest
from builders import few_directions

from geomtoy import Network, PiecewiseLinear, compile_layers, count_regions, enumerate_regions
from geomtoy.layers import Affine, Maxout
from geomtoy.regions.maps.unseen import switch_unseen


def with_maxima(seed):
    """Two layers of maxima; weights are small integers, or floats that cancel by rounding alone."""
    rng = np.random.default_rng(seed)
    some = rng.normal(size=8).round(seed % 3 * 8)
    A, B = rng.choice(some, size=(8, 2)), rng.choice(some, size=(6, 4))
    layers = [
        Affine(A, rng.choice(some, 8)), "relu", Maxout(np.arange(8).reshape(4, 2)),
        Affine(B, rng.choice(some, 6)), "relu", Maxout(np.arange(6).reshape(2, 3)),
        Affine(rng.choice(some, size=(2, 2))), "relu", Affine(rng.choice(some, size=(1, 2))),
    ]  # fmt: skip
    return compile_layers(layers, 2)


def rounded_alike(seed):
    """A product that float64 rounds to what is taken from it, or a sum of three terms that it rounds to
    0; neither is 0."""
    if seed % 2:
        up, down = [[0.1], [0.1 * 0.1], [0]], [[0.1, -1, 0]]
    else:
        up, down = [[2.0**60], [1], [-(2.0**60)]], [[1, 1, 1]]
    first = [[1, seed]], [0.25]
    return Network([first, (up, [2.0**65] * 3), (down, [2.0**67]), ([[1]], [0])])


def saturated(seed):
    """A unit that is constant on either side, with another constant."""
    return Network([([[1, seed]], [0]), ([[3]], [0]), ([[1]], [0])], ["relu", "hard_tanh"])


def constant_before(seed):
    """A unit whose map is 0 on one side, but not what it passes on: the next one is seen to switch."""
    falls = PiecewiseLinear((1,), (-1, -2), value=0)
    first = [[1, seed]], [0]
    return Network([first, ([[3]], [0]), ([[1]], [0]), ([[1]], [0])], ["relu", falls, "relu"])


def all_pairs(cells):
    return np.argwhere(np.triu(np.ones((len(cells), len(cells)), bool), 1))[:3000]


@pytest.mark.parametrize(
    "make", [few_directions, with_maxima, rounded_alike, saturated, constant_before]
)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_unseen_changes_no_map(make, seed):
    cells = enumerate_regions(make(seed), window=((-2, -2), (2, -2), (2, 2), (-2, 2)))
    pairs = all_pairs(cells)
    unseen = switch_unseen(cells.network, cells.subdivision.levels, pairs)
    maps = [cells.exact_map(k) for k in range(len(cells))]
    assert all(maps[p] == maps[q] for p, q in pairs[unseen])


def test_losers_of_maxima_are_unseen():
    found = 0
    for seed in range(12):
        cells = enumerate_regions(with_maxima(seed))
        pairs = all_pairs(cells)
        found += switch_unseen(cells.network, cells.subdivision.levels, pairs).sum()
    assert found > 100


def test_nothing_is_computed_exactly_where_losers_of_a_maximum_switch(monkeypatch):
    rng = np.random.default_rng(0)
    layers = [
        Affine(rng.normal(size=(16, 2)), rng.normal(size=16)), "relu",
        Maxout(np.arange(16).reshape(4, 4)), Affine(rng.normal(size=(3, 4))),
    ]  # fmt: skip
    net = compile_layers(layers, 2)
    expected = enumerate_regions(net).n_linear_regions
    monkeypatch.setattr("geomtoy.regions.engine.counting.SMALL", 0)
    monkeypatch.setattr("geomtoy.regions.maps.same._equal", lambda *_: pytest.fail("computed"))
    assert count_regions(net).linear_regions == expected < count_regions(net, linear=False).regions
