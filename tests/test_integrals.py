"""Integrals of polynomials in the outputs: over fans of triangles, over a line, by closed forms."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import comb, factorial

import numpy as np
import pytest
from builders import random_net
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import oracle
from strategies import TRIANGLE, activations, networks, relu_networks, windows

from geomtoy import Network, enumerate_regions
from geomtoy.answers import integral
from geomtoy.errors import SettingError

POSITIVE = (Fraction(1, 3), 4)


def over_triangles(corners, form, power):
    """Integral of (a x + b y + c)^power over a polygon: a fan of triangles, on each of which the values
    at the corners have the mean of all their products of that degree."""
    found = Fraction(0)
    (ox, oy), *others = corners
    for (px, py), (qx, qy) in pairwise(others):
        area = ((px - ox) * (qy - oy) - (py - oy) * (qx - ox)) / 2
        u, v, w = (form[0] * x + form[1] * y + form[2] for x, y in ((ox, oy), (px, py), (qx, qy)))
        products = sum(
            u**i * v**j * w ** (power - i - j) for i in range(power + 1) for j in range(power - i + 1)
        )
        found += area * products / comb(power + 2, 2)
    return found


@given(relu_networks, windows)
@settings(max_examples=20)
def test_integrals_are_those_over_triangles(net, window):
    cells = enumerate_regions(net, window=window)
    truth = oracle(net, window=window).cells
    for power in (0, 1, 2, 3):
        found = integral(cells, lambda f, s, t, n=power: (f[0] if isinstance(f, list) else f) ** n)
        expected = sum(over_triangles(cell.polygon, cell.rows[0], power) for cell in truth)
        assert found.value == expected
        assert sum(found.cells) == expected


@given(networks(2, 4, 3, 1, act=activations), st.lists(st.integers(-3, 3), min_size=3, max_size=3))
@settings(max_examples=20)
def test_the_squared_distance_to_an_affine_function_is_that_of_the_difference(net, g):
    cells = enumerate_regions(net, window=TRIANGLE)
    truth = oracle(net, window=TRIANGLE).cells
    a, b, c = g
    found = integral(cells, lambda f, s, t: (f - a * s - b * t - c) ** 2).value
    difference = [
        over_triangles(cell.polygon, [p - q for p, q in zip(cell.rows[0], g, strict=True)], 2)
        for cell in truth
    ]
    assert found == sum(difference)


@pytest.mark.parametrize("degree", range(5))
def test_monomials_over_a_shifted_triangle(degree):
    """Over the triangle 0, e1, e2 the integral of x^i y^j is i! j! / (i + j + 2)!."""
    cells = enumerate_regions(random_net(2, 6, 1, seed=3), window=((0, 0), (1, 0), (0, 1)))
    for i in range(degree + 1):
        j = degree - i
        exact = Fraction(factorial(i) * factorial(j), factorial(degree + 2))
        assert integral(cells, lambda f, s, t, i=i, j=j: s**i * t**j).value == exact


@given(networks(1, 4, 3, 1, act=activations))
@settings(max_examples=20)
def test_integrals_over_a_line(net):
    pieces = enumerate_regions(net, window=POSITIVE)
    found = integral(pieces, lambda f, t: (f - t) ** 2)
    ends = [POSITIVE[0], *pieces.exact_breakpoints(), POSITIVE[1]]
    values = [net(np.array([[Fraction(x)]], dtype=object))[0, 0] - x for x in ends]
    expected = [
        (q - p) * (u * u + u * v + v * v) / 3
        for (p, q), (u, v) in zip(pairwise(ends), pairwise(values), strict=True)
    ]
    assert found.cells == expected
    assert found.value == sum(expected)


def test_integrals_of_several_outputs_and_of_what_is_no_polynomial():
    cells = enumerate_regions(Network([(np.eye(2), [1, 1]), (np.eye(2), [0, 0])]))
    assert integral(cells, lambda f, s, t: f[0] * f[1] - s * t / 2 + 0.5).value == 6
    assert integral(cells, lambda f, s, t: 3).value == 12
    with pytest.raises(SettingError, match="2 outputs"):
        integral(cells)
    one = enumerate_regions(Network([([[1, 1]], [0])]))
    for wrong in (lambda f, s, t: abs(f), lambda f, s, t: f**0.5, lambda f, s, t: 1 / f, lambda f: f):
        with pytest.raises(SettingError, match="no polynomial"):
            integral(one, wrong)


def test_a_long_fraction_is_shown_by_its_size_and_rounded_once():
    found = integral(enumerate_regions(random_net(2, 16, 16, 1, seed=0)))
    assert len(repr(found)) < 120
    assert float(found) == found.value.numerator / found.value.denominator
