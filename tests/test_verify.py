"""Verification in two dimensions: every answer is right, also where a tolerance would decide it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from builders import random_net, tent
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import oracle
from scipy.optimize import linprog
from strategies import TRIANGLE, activations, networks

from geomtoy import Network, Segment, compile_layers
from geomtoy.answers import extrema, find_point, verify
from geomtoy.errors import FileError, NetworkError
from geomtoy.importers.vnnlib import Case, Inequality, Specification
from geomtoy.layers import Affine, LayerNorm
from geomtoy.regions import enumerate_regions

TINY = Fraction(1, 2**200)
bounds = st.builds(Fraction, st.integers(-12, 12), st.sampled_from([1, 2, 3]))
inequalities = st.lists(
    st.tuples(st.lists(st.integers(-2, 2), min_size=2, max_size=2), bounds), min_size=1, max_size=3
)


def holds_somewhere(net, pairs, window):
    """By one linear programme a cell of the oracle: the greatest slack, in floats."""
    best = -np.inf
    for cell in oracle(net, window=window).cells:
        corners = np.array([p[:2] for p in cell.corners], float)
        rows = np.array(cell.rows, float)
        at_corners = rows[:, :2] @ corners.T + rows[:, 2:]
        A = np.array([[*(np.array(c, float) @ at_corners), 1] for c, _ in pairs])
        n = len(corners)
        solved = linprog(
            [*[0] * n, -1], A, [float(d) for _, d in pairs], [[1] * n + [0]], [1],
            bounds=[(0, 1)] * n + [(None, None)],
        )  # fmt: skip
        best = max(best, -solved.fun)
    return best


@given(networks(2, 4, 3, 2, act=activations), inequalities)
@settings(max_examples=40)
def test_answers_are_those_of_linear_programmes(net, pairs):
    found = find_point(net, pairs, window=TRIANGLE)
    slack = holds_somewhere(net, pairs, TRIANGLE)
    if abs(slack) > 1e-7:
        assert (found is not None) == (slack > 0)
    if found is not None:
        outputs = net(np.array([found.point], dtype=object))[0]
        assert tuple(outputs) == found.outputs
        for coefficients, bound in pairs:
            assert sum(c * y for c, y in zip(coefficients, outputs, strict=True)) <= bound


@given(networks(2, 5, 4, 1, act=activations))
@settings(max_examples=25)
def test_the_least_value_is_reached_and_not_a_hair_less(net):
    least = extrema(enumerate_regions(net)).minimum.value
    assert find_point(net, [([1], least)]).outputs == (least,)
    assert find_point(net, [([1], least - TINY)]) is None


def test_polygons_that_shrink_to_a_segment_or_a_point():
    """x <= 0 and x >= 0 on a segment; then y on one of its points; then nothing."""
    net = Network([(np.eye(2), [0, 0])])
    both = [([1, 0], 0), ([-1, 0], 0)]
    assert find_point(net, both).point[0] == 0
    third = Fraction(1, 3)
    point = find_point(net, [*both, ([0, 1], third), ([0, -1], -third)])
    assert point.point == (0, third)
    assert find_point(net, [*both, ([0, 1], third), ([0, -1], -third - TINY)]) is None
    assert find_point(net, []) is not None


def test_a_point_inside_a_cell_where_no_corner_does():
    net = Network([(np.eye(2), [0, 0])])
    diamond = [([a, b], Fraction(1, 4)) for a in (1, -1) for b in (1, -1)]
    assert find_point(net, diamond) is not None


def box(low, high, *cases):
    low, high = (tuple(map(Fraction, side)) for side in (low, high))
    made = [
        Case(low, high, tuple(Inequality(tuple(map(Fraction, c)), Fraction(d)) for c, d in case))
        for case in cases
    ]
    return Specification(len(low), len(cases[0][0][0]), tuple(made))


def test_boxes_of_two_inputs_of_many_of_one_and_of_none():
    net = random_net(5, 8, 8, 2, seed=0)
    low = [0.5, -1, 0.25, 0, 2]
    for high in ([0.5, 1, 0.25, 3, 2], [0.5, -1, 0.25, 3, 2], low):
        margins = [([1, -1], 0)], [([-1, 1], 0)]
        one, other = (verify(net, box(low, high, case)) for case in margins)
        assert not (one.holds and other.holds)
        for verdict in (one, other):
            if not verdict.holds:
                point = verdict.counterexample.point
                assert all(a <= z <= b for a, z, b in zip(low, point, high, strict=True))
        either = verify(net, box(low, high, *margins))
        assert either.case == (1 if one.holds else 0)
        assert not either.holds
    with pytest.raises(FileError, match="3 inputs"):
        verify(net, box(low, [1, 1, 1, 0, 2], [([1, 0], 0)]))


def test_a_line_and_a_tent():
    folded = tent(8)
    assert find_point(folded, [([-1], -1)], window=(0, 1)).outputs == (1,)
    assert find_point(folded, [([-1], -1 - TINY)], window=(0, 1)) is None
    path = Segment((0, 0), (1, 1))
    net = Network([([[1, -1]], [0])])
    assert find_point(net, [([1], 0), ([-1], 0)], slice=path) is not None
    assert find_point(net, [([1], -TINY)], slice=path) is None


def test_no_case_is_no_counterexample():
    assert verify(random_net(2, 3, 1, seed=0), Specification(2, 1, ())).holds


def test_what_does_not_fit_is_refused():
    net = random_net(2, 3, 1, seed=0)
    with pytest.raises(NetworkError, match="2 coefficients for 1 outputs"):
        find_point(net, [([1, 2], 0)])
    with pytest.raises(NetworkError, match="3 inputs and 1 outputs"):
        verify(net, box([0, 0, 0], [1, 1, 0], [([1], 0)]))
    normed = compile_layers([LayerNorm(), Affine(np.eye(2)), "relu"], 2)
    with pytest.raises(NetworkError, match="norm"):
        find_point(normed, [([1, 0], 0)])
    assert repr(find_point(net, [])).startswith("Witness(near (")
