"""The maps of every layer lie within their bounds of the exact ones, whatever the numbers are."""

from fractions import Fraction

import numpy as np
import pytest
from builders import random_net
from hypothesis import given, settings
from hypothesis import strategies as st
from map_errors import worst_share
from strategies import STEPS, UNEVEN, networks, networks_of_any_size

from geomtoy import Network, PiecewiseLinear, enumerate_regions
from geomtoy.regions.numbers.bounds import at_least, nearest
from geomtoy.regions.numbers.map_bounds import spread_between


@settings(max_examples=100)
@given(networks_of_any_size)
def test_numbers_of_any_size(network):
    assert worst_share(enumerate_regions(network))[0] <= 1


@settings(max_examples=40)
@given(networks(2, 5, 4, 1, act=STEPS))
def test_small_rationals(network):
    assert worst_share(enumerate_regions(network))[0] <= 1


@pytest.mark.parametrize("act", ["relu", "leaky_relu", UNEVEN])
def test_long_chains_of_updates(act):
    """Many children of one parent, each a few switches from another; the bound is not idle."""
    layers = random_net(2, 24, 6, 2, seed=1).layers
    share, finite = worst_share(enumerate_regions(Network(layers, act)))
    assert finite > 500
    assert Fraction(1, 1000) < share <= 1


def test_a_bound_is_never_rounded_down():
    for value in (Fraction(1, 3), Fraction(1, 2**1100), Fraction(2**1100), Fraction(0), Fraction(0.1)):
        up = at_least(value)
        assert up == np.inf or Fraction(up) >= value
        assert (up > 0) == (value > 0)
    assert at_least(Fraction(0.1)) == 0.1
    assert (nearest(Fraction(-(2**1100))), nearest(Fraction(1, 2**1100))) == (-np.inf, 0.0)


def test_an_error_whose_product_with_a_slope_underflows_is_still_an_error():
    """Each layer passes on 2^-1000 of its maps, so the second's bound times that is nothing for
    float64."""
    act = PiecewiseLinear((0,), (2.0**-1000, 2.0**-999))
    W = np.array([[0.0, 2.0**-54], [0.0, 2.0**-100], [2.0**-53, -(2.0**-53)]])
    second = [[2.0**-100, 0, 2.0**-500], [-(2.0**-101), 2.0**-101, -(2.0**-500)]]
    cells = enumerate_regions(
        Network([(W, [2.0**-54, 0, 0]), (second, [0, 0]), ([[0, -(2.0**-100)]], [2.0**-100])], act)
    )
    assert worst_share(cells)[0] <= 1
    assert cells.n_linear_regions > 1


numbers = st.floats(-8, 8)
small = st.floats(0, 1).map(lambda e: e * 2.0**-40)
corner = st.sampled_from([-1, 1])


@given(st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers), small, st.data())
def test_maps_of_two_parents_are_no_farther_apart_than_is_said(one, other, e, data):
    """Whatever the first is, within its error, and wherever in the box."""
    cx, cy = (data.draw(numbers) for _ in range(2))
    rx, ry = (data.draw(st.floats(0, 2)) for _ in range(2))
    differences = [p - q for p, q in zip(one, other, strict=True)]
    spread = Fraction(spread_between(*differences, e, cx, cy, rx, ry))
    x, y = (Fraction(c) + data.draw(corner) * Fraction(r) for c, r in ((cx, rx), (cy, ry)))
    true = [Fraction(p) + data.draw(corner) * Fraction(e) for p in one]
    a, b, c = (p - Fraction(q) for p, q in zip(true, other, strict=True))
    assert abs(a * x + b * y + c) <= spread
    assert spread <= 4 * sum(map(abs, differences)) * (1 + abs(cx) + rx + abs(cy) + ry) + 1


def test_maps_that_overflow_are_moved_to_thresholds_in_silence():
    first = np.array([[-5e210, -4e15], [-4e15, -4e210], [3e210, 0]]), [-4e15, 0, 2e15]
    second = np.array([[5e306, -1, -1], [-1, -1, -1]]), [1, -1]
    cells = enumerate_regions(Network([first, second, (np.ones((1, 2)), [0])], "hard_tanh"))
    assert cells.certify().valid
