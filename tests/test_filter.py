"""The float filter: values, meetings and positions lie within their bounds, and no sign is guessed."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stored_floats import floats, known_lines, known_points, moves, small

from geomtoy.regions.numbers.bounds import (
    box_bound,
    box_side,
    intersection,
    position,
    value_bound,
)
from geomtoy.regions.numbers.map_bounds import relu_between


def dot(line, point):
    return sum(a * x for a, x in zip(line, point, strict=True))


def sign(number):
    return int(number > 0) - int(number < 0)


# A line's value at a point


@settings(max_examples=300)
@given(known_lines(), known_points())
def test_a_value_lies_within_its_bound_and_its_sign_is_true(line, point):
    value, bound = value_bound(*line[0], *point[0])
    truth = dot(line[1], point[1])
    assert int(value > bound) - int(value < -bound) in (0, sign(truth))
    if np.isfinite([value, bound]).all():
        assert abs(truth - Fraction(value)) <= Fraction(bound)


@pytest.mark.parametrize("size", [2.0**-500, 1.0, 2.0**300])
def test_many_values_lie_within_their_bounds(size):
    """Full mantissas, products of like size: the sums cancel."""
    rng = np.random.default_rng(0)
    for a, b, x, y in rng.normal(size=(1000, 4)) * [size, size, 1, 1]:
        c = -(a * x + b * y) * rng.choice([1, 1 + 2.0**-52, 1 - 2.0**-53, 0.5])
        value, bound = value_bound(a, b, c, 0.0, x, y, 1.0, 0.0)
        truth = dot(map(Fraction, (a, b, c)), map(Fraction, (x, y, 1)))
        assert abs(truth - Fraction(value)) <= Fraction(bound)


@settings(max_examples=200)
@given(st.lists(floats, min_size=3, max_size=3), small, small, st.integers(-3, 3))
def test_values_near_zero_are_never_given_a_wrong_sign(line, x, y, ulps):
    """The constant is moved to a few ulps from the one that makes the value zero."""
    a, b, _ = line
    c = -(a * x + b * y)
    assume(np.isfinite(c))
    c = float(c + ulps * np.spacing(c))
    value, bound = value_bound(a, b, c, 0.0, x, y, 1.0, 0.0)
    truth = dot([Fraction(z) for z in (a, b, c)], [Fraction(x), Fraction(y), 1])
    assert int(value > bound) - int(value < -bound) in (0, sign(truth))


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_numbers_known_to_nothing_decide_nothing(bad):
    line, point = (1.0, 2.0, 300.0, bad), (0.5, 0.5, 1.0, bad)
    for value, bound in (
        value_bound(*line, 0.5, 0.5, 1.0, 0.0),
        value_bound(1.0, 2.0, 300.0, 0.0, *point),
        value_bound(1.0, bad, 300.0, 0.0, 0.5, 0.0, 1.0, 0.0),
    ):
        assert not value > bound
        assert not value < -bound


def test_values_that_are_well_known_are_decided():
    value, bound = value_bound(1.0, -2.0, 0.25, 1e-12, 0.5, 0.5, 1.0, 1e-12)
    assert value == -0.25
    assert 4e-12 < bound < 1e-11


intervals = st.lists(st.fractions(-4, 4, max_denominator=64), min_size=2, max_size=2).map(sorted)


@given(intervals, st.fractions(0, 1, max_denominator=64))
def test_a_unit_passes_on_a_part_of_itself_and_at_most_so_much_more(interval, place):
    low, high = interval
    z = low + place * (high - low)
    t, most = (Fraction(number) for number in relu_between(float(low), float(high)))
    assert 0 <= t <= 1
    assert 0 <= max(z, 0) - t * z <= most


@settings(max_examples=200)
@given(known_lines(), intervals, intervals, *[st.fractions(0, 1, max_denominator=8)] * 2)
def test_a_line_stays_within_its_bound_on_a_box(line, across, along, s, t):
    (a, b, c, e), exact = line
    (left, right), (low, high) = across, along
    point = left + s * (right - left), low + t * (high - low), 1
    (cx, rx), (cy, ry) = box_side(float(left), float(right)), box_side(float(low), float(high))
    value, bound = box_bound(a, b, c, e, cx, cy, rx, ry)
    if np.isfinite([value, bound]).all():
        assert abs(dot(exact, point) - Fraction(value)) <= Fraction(bound)


# Where two lines meet


def meeting(p, q):
    W = p[0] * q[1] - q[0] * p[1]
    return (p[1] * q[2] - q[1] * p[2]) / W, (p[2] * q[0] - q[2] * p[0]) / W


@settings(max_examples=300)
@given(known_lines(), known_lines())
def test_lines_meet_within_the_bound(p, q):
    x, y, d = intersection(*p[0], *q[0])
    assume(np.isfinite(d))
    true_x, true_y = meeting(p[1], q[1])
    assert abs(true_x - Fraction(x)) <= Fraction(d)
    assert abs(true_y - Fraction(y)) <= Fraction(d)


@pytest.mark.parametrize("spread", [2.0**-40, 2.0**-20, 1.0])
def test_many_lines_meet_within_their_bounds(spread):
    """From lines that differ in their last bits to lines in general position."""
    rng, known = np.random.default_rng(0), 0
    for p, change in rng.normal(size=(1000, 2, 3)):
        q = p + spread * change
        x, y, d = intersection(*p, 0.0, *q, 0.0)
        if np.isfinite(d):
            true = meeting([Fraction(z) for z in p], [Fraction(z) for z in q])
            assert max(abs(true[0] - Fraction(x)), abs(true[1] - Fraction(y))) <= Fraction(d)
            known += 1
    assert known > 990


@pytest.mark.parametrize("e", [0.0, 1e-9])
def test_parallel_lines_are_not_said_to_meet(e):
    assert intersection(1.0, 2.0, 0.5, e, 2.0, 4.0, -1.0, e)[2] == np.inf
    assert intersection(0.0, 0.0, 0.5, e, 2.0, 4.0, -1.0, e)[2] == np.inf


def test_lines_that_may_be_parallel_are_not_said_to_meet():
    assert intersection(1.0, 1.0, 0.0, 1e-3, 1.0, 1.0005, 1.0, 0.0)[2] == np.inf


def test_a_meeting_that_overflows_is_not_known():
    _, _, d = intersection(1e200, 1.0, 1e200, 0.0, 1e200, -1.0, 1e200, 0.0)
    assert not np.isfinite(d)


def test_lines_that_meet_well_have_a_small_bound():
    x, y, d = intersection(3.0, 1.0, -1.0, 0.0, 1.0, -2.0, 0.5, 0.0)
    assert (x, y) == pytest.approx((3 / 14, 5 / 14))
    assert d < 1e-14


# Order along a line


@st.composite
def points_on_a_line(draw):
    """A line known up to e, and points of the true one, each known up to its d, in order along it."""
    (a, b, _, e), (ta, tb, _) = draw(known_lines())
    assume(np.isfinite(e))
    start = draw(st.tuples(small, small))
    steps = sorted(draw(st.lists(st.fractions(-3, 3, max_denominator=8), min_size=2, max_size=2)))
    found = []
    for s in steps:
        x, y = Fraction(start[0]) - s * tb, Fraction(start[1]) + s * ta
        assume(max(abs(x), abs(y)) < 2**900)
        d = draw(st.sampled_from([0.0, 1e-9, 0.25]))
        stored = [float(z + Fraction(d) * draw(moves)) for z in (x, y)]
        d = max(
            d, *(float(abs(Fraction(f) - z)) * (1 + 1e-9) for f, z in zip(stored, (x, y), strict=True))
        )
        found.append((*stored, d))
    return (a, b, e), found, steps


@settings(max_examples=250)
@given(points_on_a_line(), st.sampled_from([1, -1]))
def test_positions_that_are_apart_are_in_their_true_order(drawn, direction):
    (a, b, e), (p, q), steps = drawn
    (key, error), (other, other_error) = (position(a, b, e, *point, direction) for point in (p, q))
    if key + error < other - other_error:
        assert direction * (steps[1] - steps[0]) > 0
    if other + other_error < key - error:
        assert direction * (steps[1] - steps[0]) < 0


@pytest.mark.parametrize("line", [(1.0, 0.5, 1.0), (0.25, -1.0, 2.0), (0.0, 0.0, 0.0)])
def test_a_line_whose_sense_is_uncertain_has_no_positions(line):
    assert position(*line, 0.5, 0.5, 0.0, 1)[1] == np.inf


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (0.0, -1.0), (1.0, 0.0), (-1.0, 0.0), (2.0, -2.0)])
def test_positions_grow_along_the_direction(a, b):
    keys = [position(a, b, 0.0, -b * s, a * s, 0.0, 1)[0] for s in (-1.0, 0.0, 2.0)]
    assert keys == sorted(keys)
    assert len(set(keys)) == 3
    assert [position(a, b, 0.0, -b * s, a * s, 0.0, -1)[0] for s in (-1.0, 0.0, 2.0)] == [
        -k for k in keys
    ]
