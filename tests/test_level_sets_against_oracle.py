"""Level sets and decision boundaries of small rational networks and of the zoo: the naive oracle's."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from level_set_checks import assert_boundary, assert_level_set
from oracle import oracle
from strategies import activations, levels, networks, slices, windows
from zoo import ZOO

from geomtoy import enumerate_decision_boundary, enumerate_level_set

# In the plane

small = st.one_of(
    networks(2, 4, 1, act=activations), networks(2, 4, 3, 1), networks(2, 3, 3, 2, 1, act="leaky_relu")
)


@settings(max_examples=120)
@given(small, levels, windows)
def test_level_sets_of_small_rational_networks(network, level, window):
    assert_level_set(network, level=level, window=window)


@settings(max_examples=25)
@given(networks(3, 4, 3, 2), slices(3), windows)
def test_level_sets_on_slices(network, plane, window):
    assert_level_set(network, output=1, slice=plane, window=window)


PLANAR = [name for name in ZOO if len(ZOO[name]().window) > 2 and len(ZOO[name]().network.widths) < 3]
SMALL = [name for name in PLANAR if sum(ZOO[name]().network.widths) <= 20]


@pytest.mark.parametrize("name", SMALL)
def test_level_sets_of_the_zoo(name):
    animal = ZOO[name]()
    assert_level_set(animal.network, window=animal.window, slice=animal.slice)


@settings(max_examples=60)
@given(st.one_of(networks(2, 4, 3), networks(2, 3, 3, 4), networks(2, 4, 1, act=activations)), windows)
def test_decision_boundaries(network, window):
    assert_boundary(network, window=window)


@settings(max_examples=20)
@given(networks(3, 4, 3), slices(3))
def test_decision_boundaries_on_slices(network, plane):
    assert_boundary(network, slice=plane)


# On a line

lines = st.one_of(networks(1, 5, 1, act=activations), networks(1, 4, 3, 2), networks(1, 3, 3, 3))


@settings(max_examples=80)
@given(lines, levels, st.sampled_from([(-1, 1), (Fraction(-1, 3), 4), None]))
def test_points_of_small_rational_networks(network, level, window):
    truth, level = oracle(network, window=window), Fraction(level)
    forms = [(c.rows[0][0], c.rows[0][1] - level) for c in truth.ordered]
    low, high = window or (-np.inf, np.inf)
    ends = list(pairwise([low, *truth.breakpoints, high]))
    flat = [k for k, (a, b) in enumerate(forms) if a == b == 0]
    roots = [(k, -b / a) for k, (a, b) in enumerate(forms) if a]
    zero = {root for k, root in roots if ends[k][0] <= root <= ends[k][1]}
    crossed = [k for k, root in roots if ends[k][0] < root < ends[k][1]]
    found = enumerate_level_set(network, level=level, window=window)
    assert [p.exact[0] for p in found.points] == sorted(zero)
    assert (found.flat.tolist(), found.crossed.tolist()) == (flat, crossed)
    borders = enumerate_decision_boundary(network, window=window).points
    assert [p.exact[0] for p in borders] == sorted({p.exact[0] for p in borders})
    for p in borders:
        assert p.left == class_beside(network, p.exact[0], -1)
        assert p.right == class_beside(network, p.exact[0], 1)
        assert p.left != p.right


def class_beside(network, t, direction):
    """Class just beside a point of a line: no border of rationals this small is as near as 2^-200."""
    near = np.array([[t + direction * Fraction(1, 2**200)]], dtype=object)
    values = network(near)[0].tolist()
    values = [Fraction(0), *values] if len(values) == 1 else values
    return values.index(max(values))
