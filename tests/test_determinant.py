"""Signs of determinants from pairs of floats, and sums that are not rounded, against rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomtoy import Network, count_regions
from geomtoy.regions.numbers.determinant import _before, determinant_sign, in_range, minor_sign
from geomtoy.regions.numbers.filter import UNDECIDED
from geomtoy.regions.numbers.grids import NO_GRID, grid, grid_of, multiple_of
from geomtoy.regions.numbers.map_bounds import shifted_exactly
from geomtoy.theory.lattices import two_level_lattice

few_bits = st.integers(-64, 64).map(lambda k: k / 16)
many_bits = st.builds(
    lambda m, e: float(np.ldexp(m, e)), st.integers(-(2**53), 2**53), st.integers(-90, 40)
)
nearby = st.builds(lambda k, ulps: float(k + ulps * np.spacing(k)), few_bits, st.integers(-2, 2))
rows = st.one_of(*(st.tuples(x, x, x) for x in (few_bits, nearby, many_bits)))
shares = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0**-60, -3.0])


def known(row):
    return np.array([*row, 0.0])


def exact_determinant(p, q, r):
    (a, b, c), (d, e, f), (g, h, i) = ([Fraction(x) for x in row[:3]] for row in (p, q, r))
    return a * (e * i - f * h) + b * (f * g - d * i) + c * (d * h - e * g)


def sign(x):
    return int(x > 0) - int(x < 0)


@settings(max_examples=400)
@given(rows, rows, rows)
def test_a_determinant_has_the_sign_that_is_said_or_none(p, q, r):
    p, q, r = map(known, (p, q, r))
    if all(map(in_range, (p, q, r))):
        assert determinant_sign(p, q, r) in (sign(exact_determinant(p, q, r)), UNDECIDED)


@settings(max_examples=300)
@given(rows, rows, shares, shares, many_bits)
def test_nearly_dependent_rows_are_never_given_a_wrong_sign(p, q, s, t, nudge):
    p, q = known(p), known(q)
    r = known(s * p[:3] + t * q[:3])
    r[0] += nudge * 2.0**-60
    if all(map(in_range, (p, q, r))):
        assert determinant_sign(r, p, q) in (sign(exact_determinant(r, p, q)), UNDECIDED)
    w = Fraction(p[0]) * Fraction(q[1]) - Fraction(p[1]) * Fraction(q[0])
    if w and in_range(p) and in_range(q):
        assert minor_sign(p, q) in (sign(w), UNDECIDED)


@settings(max_examples=200)
@given(st.tuples(*[st.tuples(few_bits, few_bits, few_bits)] * 3))
def test_rows_of_few_bits_are_always_decided(three):
    p, q, r = map(known, three)
    assert determinant_sign(p, q, r) == sign(exact_determinant(p, q, r))
    places = []
    for row in (q, r):
        w = p[0] * row[1] - p[1] * row[0]
        if w == 0:
            return
        x, y = p[1] * row[2] - p[2] * row[1], p[2] * row[0] - p[0] * row[2]
        places.append((-Fraction(p[1]) * Fraction(x) + Fraction(p[0]) * Fraction(y)) / Fraction(w))
    assert _before(p, q, r) == sign(places[0] - places[1])


@settings(max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-1000, 1000))
def test_a_grid_is_the_largest_power_of_two_that_divides(x, exponent):
    if x == 0:
        assert grid(x) == NO_GRID
        return
    assert Fraction(x) / Fraction(2) ** grid(x) % 2 == 1
    assert not multiple_of(x, 2.0**-exponent) or exponent <= grid(x)
    assert abs(grid(x)) > 950 or multiple_of(x, 2.0 ** -grid(x))
    assert grid_of(np.array([x, 0.0, 2.0])) == min(grid(x), 1)


@settings(max_examples=200)
@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_a_difference_is_called_exact_only_where_it_is(c, tau):
    if shifted_exactly(np.array([c]), np.array([tau]))[0]:
        assert Fraction(c) - Fraction(tau) == Fraction(c - tau)


@pytest.mark.parametrize("bits", [3, 7])
def test_networks_of_few_bits_need_no_rational_number(bits):
    """Weights in k/8 and k/128, degenerate throughout; the same counts as with rationals alone."""
    rng = np.random.default_rng(bits)
    draw = lambda *shape: rng.integers(-(2**bits), 2**bits + 1, shape) / 2**bits  # noqa: E731
    net = Network([(draw(m, n), draw(m)) for n, m in [(2, 10), (10, 8), (8, 8), (8, 1)]])
    assert count_regions(net).rational_signs == 0
    assert count_regions(net, linear=False).rational_signs == 0


def test_a_lattice_is_its_formula_and_needs_no_rational_number():
    net = two_level_lattice(4, 8, seed=3)
    rng = np.random.default_rng(3)
    affine = rng.integers(-256, 257, (4, 3)) / 256
    leaves = rng.integers(4, size=32)
    x = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    values = (x @ affine[:, :2].T + affine[:, 2])[:, leaves].reshape(50, 4, 8)
    np.testing.assert_allclose(net(x)[:, 0], values.min(axis=2).max(axis=1), atol=1e-12)
    count = count_regions(net)
    assert count.rational_signs == 0
    assert 1 <= count.linear_regions <= count.regions


def test_twins_are_one_line_whatever_their_numbers_are():
    """Gaussian rows, each twice and once turned around, with a layer behind them."""
    p, q = np.random.default_rng(1).normal(size=(2, 3))
    for twin in (p, -p):
        for three in ((p, twin, q), (q, p, twin), (p, q, twin)):
            assert determinant_sign(*map(known, three)) == 0
    once = np.random.default_rng(2).normal(0, 0.5, (8, 3))
    every = np.concatenate([once, once, -once])
    net = Network([(every[:, :2], every[:, 2]), (np.ones((2, 24)), [1, 2]), (np.ones((1, 2)), [0])])
    assert count_regions(net).rational_signs == 0


def test_long_mantissas_still_go_to_rationals_where_they_must():
    """Three lines through a point, with 50 bits each: 106 bits do not tell that their determinant is
    0."""
    p, q = np.random.default_rng(0).integers(-(2**50), 2**50, (2, 3)) / 2.0**50
    p[2], q[2] = p[2] / 8, q[2] / 8  # so that they meet in the window
    three = np.array([p, q, p + q])
    assert determinant_sign(*map(known, three)) == UNDECIDED
    count = count_regions(Network([(three[:, :2], three[:, 2]), (np.ones((1, 3)), [0])]))
    assert count.regions == 6
    assert count.rational_signs > 0
