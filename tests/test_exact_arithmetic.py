"""With rational arithmetic alone everything comes out as it does with the float filter in front."""

import numpy as np
import pytest
from builders import random_net
from hypothesis import given, settings
from hypothesis import strategies as st
from same_meshes import assert_same_meshes
from strategies import activations, networks, networks_of_any_size, relu_networks, slices, windows
from zoo import ZOO

from geomtoy import Network, PiecewiseLinear, count_regions, enumerate_regions
from geomtoy.regions import exact_arithmetic


@pytest.fixture(scope="module", autouse=True)
def however_small():
    """Small networks are looked at in runs of cells too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("geomtoy.regions.engine.run.SMALL", 0)
        yield


def assert_same_both_ways(network, **where):
    found = enumerate_regions(network, **where)
    counts = [count_regions(network, linear=linear, **where) for linear in (True, False)]
    with exact_arithmetic():
        exact = enumerate_regions(network, **where)
        again = [count_regions(network, linear=linear, **where) for linear in (True, False)]
    one, other = (getattr(cells, "complex", cells).subdivision for cells in (found, exact))
    assert_same_meshes(one, other)
    for level, by_rationals in zip(one.levels, other.levels, strict=True):
        np.testing.assert_array_equal(level.bits, by_rationals.bits)
    np.testing.assert_array_equal(found.linear_region, exact.linear_region)
    for count, exactly in zip(counts, again, strict=True):
        assert count.regions == exactly.regions == len(found)
        assert count.linear_regions == exactly.linear_regions
        assert count.certified
        assert exactly.certified
    assert again[0].rational_signs >= counts[0].rational_signs


@pytest.mark.parametrize("name", ZOO)
def test_every_animal_of_the_zoo(name):
    animal = ZOO[name]()
    if len(enumerate_regions(animal.network, window=animal.window, slice=animal.slice)) < 500:
        assert_same_both_ways(animal.network, window=animal.window, slice=animal.slice)


@settings(max_examples=40)
@given(relu_networks, windows)
def test_small_relu_networks(network, window):
    assert_same_both_ways(network, window=window)


@settings(max_examples=25)
@given(networks(2, 4, 3, 1, act=activations), st.sampled_from([None, ((-1, -1), (1, -1), (0, 1))]))
def test_other_activations_and_the_whole_plane(network, window):
    assert_same_both_ways(network, window=window)


@settings(max_examples=15)
@given(networks(3, 5, 4, 1), slices(3))
def test_slices(network, plane):
    assert_same_both_ways(network, slice=plane)


@settings(max_examples=150)
@given(networks_of_any_size)
def test_networks_whose_numbers_are_of_any_size(network):
    assert_same_both_ways(network)


def test_a_unit_whose_slope_times_its_map_underflows_is_not_dropped():
    """It passes on 2^-1000 * 2^-100 x, too little for float64, and the next layer multiplies it by
    2^1000."""
    act = PiecewiseLinear((0,), (2.0**-1000, 2.0**-999))
    network = Network([([[2.0**-100, 0]], [0]), ([[2.0**1000]], [-(2.0**-101)]), ([[1]], [0])], act)
    assert count_regions(network).regions == count_regions(network, linear=False).regions == 3
    assert_same_both_ways(network)


@pytest.mark.parametrize(("row", "tau"), [((1, 0), 2.0**-1000), ((0, 0), -(2.0**-999))])
def test_an_offset_too_small_for_float64_counts(row, tau):
    """The first unit passes on 2^-2000 on the whole window, and the second is on since that is > 0."""
    rise = PiecewiseLinear((tau, tau + 2.0**-1000), (0, 2.0**-1000, 0))
    network = Network([([row], [0]), ([[2.0**1000]], [0]), ([[1]], [0])], [rise, "relu"])
    window = [(0.25, -1), (1, -1), (1, 1), (0.25, 1)]
    assert enumerate_regions(network, window=window).activation_patterns.tolist() == [[2, 1]]
    assert_same_both_ways(network, window=window)


def test_the_filter_decides_nothing_inside():
    network = random_net(2, 6, 6, 1, seed=0)
    with exact_arithmetic():
        count = count_regions(network)
    assert count.rational_signs > count.signs // 8  # a vertex is decided once, and belongs to cells
    assert count_regions(network).rational_signs == 0
