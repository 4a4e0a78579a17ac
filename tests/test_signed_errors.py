"""Errors of deep maps, followed with their signs: bounds that hold, and stay small."""

from fractions import Fraction

import numpy as np
import pytest
from builders import he_net
from hypothesis import given, settings
from map_errors import worst_share
from strategies import STEPS, UNEVEN, activations, networks, networks_of_any_size

from geomtoy import Network, enumerate_regions
from geomtoy.regions.maps import signed
from geomtoy.regions.maps.chain import level_maps
from geomtoy.regions.maps.floats import FirstMaps, NextMaps, all_maps
from geomtoy.regions.results import places
from geomtoy.regions.results.complex import COARSE


@pytest.fixture
def follow_all(monkeypatch):
    """Follow errors from the second layer on, with an anchor every third layer."""
    monkeypatch.setattr(signed, "TOLERATED", -1.0)
    monkeypatch.setattr(signed, "SPAN", 3)


def deepest(cells):
    """Maps of the outputs on all cells."""
    sub = cells.subdivision
    return level_maps(sub.network, sub.frame, sub.levels)


@pytest.mark.usefixtures("follow_all")
class TestBoundsHold:
    @settings(max_examples=20, deadline=None)
    @given(networks_of_any_size)
    def test_numbers_of_any_size(self, network):
        assert worst_share(enumerate_regions(network))[0] <= 1

    @settings(max_examples=40, deadline=None)
    @given(networks(2, 3, 3, 3, 3, 3, 1, act=STEPS))
    def test_small_rationals(self, network):
        assert worst_share(enumerate_regions(network))[0] <= 1

    @pytest.mark.parametrize("act", ["relu", "leaky_relu", "hard_tanh", UNEVEN])
    @pytest.mark.parametrize("seed", range(3))
    def test_eight_layers(self, act, seed):
        layers = he_net(np.random.default_rng(seed), 2, *[4] * 8, 1, sigma_b=0.3).layers
        cells = enumerate_regions(Network(layers, act))
        assert deepest(cells).since > 0
        share, finite = worst_share(cells)
        assert finite > 100
        assert share <= 1


class Shifted(FirstMaps):
    """First maps that are off by a 16th, more than any rounding, and say so."""

    def on(self, low, high):
        maps = super().on(low, high)
        off = np.resize([1, -1, -1, 1, 1], maps.rows.shape) / 16
        return maps._replace(rows=maps.rows + off, error=maps.error + 1 / 16)


def worst_of_shifted(cells):
    """Greatest error of a coefficient on any cell behind the third layer, as a share of its bound."""
    sub, worst = cells.subdivision, 0.0
    maps = Shifted(sub.network, sub.frame)
    for layer in range(2, len(sub.network.layers) + 1):
        maps = NextMaps(sub.network, layer - 1, maps, sub.levels[layer - 1], again=True)
        found = all_maps(maps, 7)
        if maps.since == 0:
            continue
        for cell in range(len(found.rows)):
            exact = sub.lines.maps.affine(layer, cell)
            scale, n = int(exact.scale), maps.width
            true = [[float(Fraction(int(exact.rows[i, k]), scale)) for i in range(n)] for k in range(3)]
            bound = found.error[found.segment[cell]]
            gap = np.abs(found.rows[cell] - true).max(axis=0)
            assert (gap <= bound).all()
            worst = max(worst, float((gap / (bound + 1e-300)).max(initial=0)))
    return worst


@pytest.mark.usefixtures("follow_all")
@settings(max_examples=80, deadline=None)
@given(networks(2, 3, 3, 3, 3, 1, act=activations))
def test_large_errors_are_followed_too(network):
    worst_of_shifted(enumerate_regions(network))


@pytest.mark.usefixtures("follow_all")
def test_bounds_of_large_errors_are_not_idle():
    layers = he_net(np.random.default_rng(1), 2, *[3] * 4, 1, sigma_b=0.3).layers
    assert worst_of_shifted(enumerate_regions(Network(layers))) > 0.3


def test_they_stay_small_where_the_plain_bounds_are_larger_than_the_maps(monkeypatch):
    cells = enumerate_regions(he_net(np.random.default_rng(0), 2, *[12] * 60, 1, sigma_b=0.5))
    assert deepest(cells).since > 0
    assert deepest(cells).share < 2.0**-25
    tally = cells.subdivision.tally
    assert tally.rational < 10
    assert tally.decided > 10**6
    monkeypatch.setattr(signed, "TOLERATED", np.inf)
    assert deepest(cells).since == 0
    assert deepest(cells).share > 1


@pytest.mark.parametrize("window", [((0, 0), (1, 0), (1, 1), (0, 1)), None])
@settings(max_examples=25, deadline=None)
@given(network=networks(2, 4, 3, 3, 1, act=activations))
def test_vertices_that_are_found_again_lie_within_their_bounds(window, network):
    cells = enumerate_regions(network, window=window)
    known, first = cells.vertices, cells.vertex_error
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "FEW", 0)
        x, y, d = places.sharp_places(cells.subdivision, -1.0)  # all are vague
    found = cells.subdivision.frame.to_slice(np.column_stack([x, y]))
    scale = float(cells.subdivision.frame.scale)
    finite = ~cells.at_infinity
    allowed = first + scale * d + 1e-12
    assert (np.abs(found - known)[finite] <= allowed[finite, None]).all()
    for v in np.flatnonzero(finite & (d < np.inf))[:40].tolist():
        exact = cells.exact_vertex(v)
        assert all(
            abs(Fraction(a) - b) <= scale * d[v] + 1e-14 for a, b in zip(found[v], exact, strict=True)
        )


def test_deep_vertices_are_found_again_and_rarely_computed_exactly(monkeypatch):
    monkeypatch.setattr(places, "FEW", 2)
    cells = enumerate_regions(he_net(np.random.default_rng(0), 2, *[12] * 30, 1, sigma_b=0.5))
    vague = ~(cells.subdivision.mesh.d <= COARSE)
    assert vague.sum() > 10
    exact = cells.vertex_error[vague] == 0
    assert exact.sum() < vague.sum() / 2


def test_many_units_or_large_weights_are_not_followed():
    assert signed.may_follow(np.ones((3, 2)), False)
    assert not signed.may_follow(np.full((3, 2), 2.0**21), False)
    assert not signed.may_follow(np.ones((2000, 2)), False)
