"""Two networks on one window, against the common refinement of the oracle's cells."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from builders import random_net, tent
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import oracle
from strategies import TRIANGLE, activations, networks

from geomtoy import UNIT_SQUARE, Network, Segment, Slice, compile_layers, enumerate_regions
from geomtoy.answers import changes, compare, extrema, integral
from geomtoy.answers.stacking import difference, stacked
from geomtoy.errors import NetworkError, SettingError, WindowError
from geomtoy.layers import Affine, LayerNorm, Maxout

one_output = networks(2, 4, 1, act=activations)
deep_one_output = networks(2, 3, 3, 1)
three_classes = networks(2, 3, 3)


def points(seed, n=30):
    """Rational points of the square."""
    numbers = np.random.default_rng(seed).integers(-60, 61, (n, 2))
    return np.array([[Fraction(int(z), 60) for z in row] for row in numbers], dtype=object)


@given(one_output, deep_one_output)
@settings(max_examples=20)
def test_the_stacked_network_computes_both_and_its_regions_are_the_overlay(f, g):
    both = stacked(f, g)
    x = points(0)
    assert (both(x) == np.concatenate([f(x), g(x)], axis=1)).all()
    assert (difference(f, g)(x) == f(x) - g(x)).all()
    cells = enumerate_regions(both, window=TRIANGLE)
    truth = oracle(both, window=TRIANGLE)
    assert len(cells) == truth.regions
    own = [{cell.pattern for cell in oracle(net, window=TRIANGLE).cells} for net in (f, g)]
    width = f.widths[0]
    for pattern in cells.activation_patterns.tolist():
        assert tuple(pattern[:width]) in own[0]


@given(one_output, deep_one_output)
@settings(max_examples=20)
def test_where_and_by_how_much_two_networks_differ(f, g):
    found = compare(f, g, window=TRIANGLE)
    truth = oracle(difference(f, g), window=TRIANGLE)
    differing = [cell for cell in truth.cells if any(cell.rows[0])]
    assert found.area == sum(cell.area for cell in differing)
    assert found.equal == (not differing)
    values = [
        abs(sum(a * z for a, z in zip(cell.rows[0], corner, strict=True)))
        for cell in truth.cells
        for corner in cell.corners
    ]
    assert abs(found.greatest.value) == max(values)
    at = np.array([found.greatest.point], dtype=object)
    assert (f(at) - g(at))[0, 0] == found.greatest.value


@given(networks(2, 5, 4, 2), st.permutations(range(5)))
@settings(max_examples=20)
def test_a_network_with_permuted_units_is_the_same(net, order):
    (W, b), (V, c), last = net.layers
    order = list(order)
    found = compare(net, Network([(W[order], b[order]), (V[:, order], c), last]))
    assert found.equal
    assert found.area == found.area_of_other_class == found.greatest.value == 0
    assert repr(found).startswith("Comparison(equal on ")


def test_one_changed_ulp_is_seen_and_measured():
    """relu(x) and relu(x) + 2^-60 relu(x - 1/2): they differ on a quarter of the square."""
    f = Network([([[1, 0], [1, 0]], [0, -0.5]), ([[1, 0]], [0])])
    g = Network([([[1, 0], [1, 0]], [0, -0.5]), ([[1, 2.0**-60]], [0])])
    found = compare(f, g)
    assert not found.equal
    assert found.area == 1
    assert found.share == 0.25
    assert found.greatest.value == -Fraction(1, 2**61)
    assert "25.0000%" in repr(found)
    assert integral(found.cells, lambda d, s, t: d).value == -Fraction(1, 2**62)


def test_biases_are_subtracted_without_rounding():
    f, g = (Network([([[1.0, 0.0]], [b])]) for b in (1.0, 2.0**-80))
    assert compare(f, g).greatest.value == 1 - Fraction(1, 2**80)


def test_networks_of_different_depth_and_kind():
    """|x| as abs, as two ReLUs, and as a maximum."""
    by_abs = Network([([[1, 0]], [0]), ([[1]], [0])], "abs")
    by_relus = Network([([[1, 0], [-1, 0]], [0, 0]), (np.eye(2), [0, 0]), ([[1, 1]], [0])])
    by_maximum = compile_layers([Affine([[1, 0], [-1, 0]]), Maxout(2)])
    for other in (by_relus, by_maximum):
        assert compare(by_abs, other).equal
        assert compare(other, by_abs).equal
    assert not compare(by_abs, Network([([[1, 0]], [0])])).equal


def test_on_a_line_and_on_a_slice():
    found = compare(tent(2), tent(3), window=(0, 1))
    assert found.area == 1
    assert abs(found.greatest.value) == 1
    f, g = random_net(3, 5, 1, seed=0), random_net(3, 5, 1, seed=1)
    where = Segment((0, 0, 0), (1, 1, 1))
    ends = extrema(compare(f, g, slice=where).cells)
    line = np.linspace(0, 1, 200)[:, None] * np.ones(3)
    gap = (f(line) - g(line))[:, 0]
    assert float(ends.minimum) <= gap.min() + 1e-12
    assert float(ends.maximum) >= gap.max() - 1e-12
    plane = Slice((0, 0, 1), (1, 0, 0), (0, 1, 0))
    assert not compare(f, g, slice=plane).equal


@given(three_classes, three_classes)
@settings(max_examples=15)
def test_the_area_of_other_classes_is_near_a_fine_grid_s(f, g):
    found = compare(f, g)
    ticks = (np.arange(160) + 0.5) / 80 - 1
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    share = (f(grid).argmax(axis=1) != g(grid).argmax(axis=1)).mean()
    borders = 4 * share
    assert float(found.area_of_other_class) == pytest.approx(borders, abs=0.2)


def test_classes_of_one_output_and_of_several():
    """x > 0 against x > 1/4; and the same as the greater of two outputs."""
    f, g = (Network([([[1, 0]], [b])]) for b in (0, -0.25))
    assert compare(f, g).area_of_other_class == Fraction(1, 2)
    f, g = (Network([([[0, 0], [1, 0]], [0, b])]) for b in (0, -0.25))
    assert compare(f, g).area_of_other_class == Fraction(1, 2)
    f, g = (Network([([[0, 0], [1, 0], [0, 1]], [0, b, -9])]) for b in (0, -0.25))
    assert compare(f, g).area_of_other_class == Fraction(1, 2)


def test_regions_that_appear_and_vanish():
    """The line x = 0 moves over y = x: with it, the pattern between them."""
    before = enumerate_regions(Network([([[1, 0], [0, 1]], [2, 0]), ([[1, 1]], [0])]))
    after = enumerate_regions(Network([([[1, 0], [0, 1]], [0.5, 0]), ([[1, 1]], [0])]))
    found = changes(before, after)
    assert repr(found) == "Changes(2 appeared, 0 vanished, 2 kept)"
    assert (after.activation_patterns[found.appeared][:, 0] == 0).all()
    for one, other in found.kept:
        assert np.array_equal(before.activation_pattern(one), after.activation_pattern(other))
    back = changes(after, before)
    assert sorted(back.vanished) == sorted(found.appeared)
    with pytest.raises(NetworkError, match="one architecture"):
        changes(before, enumerate_regions(random_net(2, 3, 1, seed=0)))
    with pytest.raises(SettingError, match="asked of a Network; give what enumerate_regions makes"):
        changes(before.network, after)


def test_networks_that_do_not_fit_are_refused():
    f = random_net(2, 3, 1, seed=0)
    with pytest.raises(NetworkError, match="3 inputs"):
        compare(f, random_net(3, 3, 1, seed=0))
    with pytest.raises(NetworkError, match="2 outputs"):
        compare(f, random_net(2, 3, 2, seed=0))
    with pytest.raises(NetworkError, match="norm"):
        compare(f, compile_layers([LayerNorm(), Affine(np.eye(2)), "relu"], 2))
    with pytest.raises(WindowError, match="bounded"):
        compare(f, f, window=None)
    assert compare(f, f, window=UNIT_SQUARE).equal
