"""Rows that go back through the layers: lines within their bounds, which do not grow with depth."""

from fractions import Fraction

import numpy as np
import pytest
from builders import he_net
from hypothesis import given, settings
from strategies import STEPS, activations, networks, networks_of_any_size

from geomtoy import Network, PiecewiseLinear, enumerate_regions
from geomtoy.regions.engine import crossings
from geomtoy.regions.maps import signed
from geomtoy.regions.maps.cuts import cuts_of
from geomtoy.regions.maps.pulled import pulled_rows


def all_lines(sub):
    """Sources (k, 3) of the lines of all cuts on all cells of the level before them."""
    return np.array(
        [
            (layer, cell, cut)
            for layer in range(1, len(sub.levels))
            for cell in range(len(sub.levels[layer - 1].parent))
            for cut in range(len(cuts_of(sub.network, layer).unit))
        ]
    )


def exact_line(sub, layer, cell, cut):
    cuts, maps = cuts_of(sub.network, layer), sub.lines.maps.affine(layer, cell)
    unit = int(cuts.unit[cut])
    piece = cut - int(cuts.first[unit])
    a, b, c = (Fraction(int(maps.rows[unit, k]), int(maps.scale)) for k in range(3))
    return a, b, c - sub.network.units(layer)[unit].breakpoints[piece]


def worst_of(cells, step=1):
    """Greatest error of a coefficient as a share of its bound; how many lines have one."""
    sub = cells.subdivision
    sources = all_lines(sub)[::step]
    worst, known = Fraction(0), 0
    rows = pulled_rows(sub.network, sub.frame, sub.levels, sources)
    for source, row in zip(sources.tolist(), rows, strict=True):
        if not np.isfinite(row).all():
            continue
        known += 1
        exact = exact_line(sub, *source)
        gap = max(abs(Fraction(x) - y) for x, y in zip(row.tolist(), exact, strict=False))
        worst = max(worst, gap / Fraction(row[3]))
    return worst, known


@settings(max_examples=15, deadline=None)
@given(networks_of_any_size)
def test_numbers_of_any_size(network):
    assert worst_of(enumerate_regions(network), step=9)[0] <= 1


@settings(max_examples=40, deadline=None)
@given(networks(2, 4, 3, 3, 1, act=STEPS))
def test_small_rationals(network):
    assert worst_of(enumerate_regions(network))[0] <= 1


@pytest.mark.parametrize("act", ["relu", "leaky_relu", "hard_tanh", "abs"])
def test_ten_layers(act):
    layers = he_net(np.random.default_rng(1), 2, *[5] * 10, 1, sigma_b=0.3).layers
    share, known = worst_of(enumerate_regions(Network(layers, act)), step=7)
    assert known > 100
    assert Fraction(1, 10**4) < share <= 1  # the bound is not idle


def test_an_offset_that_is_lost_in_float64_is_no_zero():
    """It is 2^-1100, a difference of numbers that float64 holds, and weights make it large again."""
    tiny = Fraction(1, 2**1000)
    act = PiecewiseLinear((1,), (tiny, 1), value=tiny * (1 + Fraction(1, 2**100)))
    assert 0 < act.offsets[0] < Fraction(1, 2**1074)
    layers = [(np.diag([2.0**300, 1]), [1, 1])] * 4
    sub = enumerate_regions(Network(layers, act)).subdivision
    sources = all_lines(sub)
    rows = pulled_rows(sub.network, sub.frame, sub.levels, sources)
    np.testing.assert_array_equal(np.isinf(rows[:, 3]), sources[:, 0] > 1)


def test_bounds_do_not_grow_with_depth():
    cells = enumerate_regions(he_net(np.random.default_rng(0), 2, *[12] * 60, 1, sigma_b=0.5))
    sub = cells.subdivision
    sources = all_lines(sub)
    share = {}
    for layer in (10, 60):
        some = sources[sources[:, 0] == layer][::50]
        rows = pulled_rows(sub.network, sub.frame, sub.levels, some)
        share[layer] = np.median(rows[:, 3] / np.abs(rows[:, :3]).max(axis=1))
    assert share[60] < 32 * share[10]
    assert share[60] < 2.0**-36


@pytest.mark.parametrize("window", [((-1, -1), (1, -1), (1, 1), (-1, 1)), None])
@settings(max_examples=30, deadline=None)
@given(network=networks(2, 4, 3, 3, 1, act=activations))
def test_signs_are_the_same(window, network):
    one = enumerate_regions(network, window=window).subdivision
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossings, "DEEP", 0)
        patch.setattr(crossings, "FEW", 1)
        other = enumerate_regions(network, window=window).subdivision
    for array in ("tail", "head", "start", "half", "lines"):
        np.testing.assert_array_equal(getattr(one.mesh, array), getattr(other.mesh, array))
    assert other.tally.rational <= one.tally.rational


def test_few_signs_of_deep_networks_are_rational(monkeypatch):
    """Where bounds that go forward are larger than the maps."""
    monkeypatch.setattr(signed, "TOLERATED", np.inf)
    network = he_net(np.random.default_rng(0), 2, *[12] * 45, 1, sigma_b=0.5)
    few = enumerate_regions(network).subdivision.tally.rational
    monkeypatch.setattr(crossings, "FEW", np.inf)
    many = enumerate_regions(network).subdivision.tally.rational
    assert many > 100
    assert few < many / 10
