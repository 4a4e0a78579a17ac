"""Areas, extrema, integrals, Lipschitz constants: against fractions, linear programmes and shapely."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import comb, factorial, inf

import numpy as np
import pytest
import shapely
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import oracle
from scipy.optimize import linprog
from strategies import TRIANGLE, activations, networks, relu_networks, slices, windows
from zoo import ZOO, random_net, tent

from geomtoy import (
    UNIT_SQUARE,
    Network,
    Segment,
    Slice,
    enumerate_regions,
)
from geomtoy.answers import extrema, integral, jacobian, jacobians, lipschitz
from geomtoy.answers.norms import greatest_eigenvalue, square_root
from geomtoy.errors import NetworkError, SettingError, WindowError

small_nets = st.one_of(relu_networks, networks(2, 4, 3, 2, act=activations))
on_lines = networks(1, 4, 3, 1, act=activations)
POSITIVE = (Fraction(1, 3), 4)
OVERLINE = [Fraction(k, 7) for k in range(-7, 8)]


def exact_cells(truth):
    """By pattern: the corners of a cell, as pairs of Fractions, and its map."""
    return {cell.pattern: ([p[:2] for p in cell.corners], cell.rows) for cell in truth.cells}


def slopes_of(truth):
    return [np.array([row[:2] for row in cell.rows]) for cell in truth.cells]


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


# Areas


@given(small_nets, windows)
@settings(max_examples=25)
def test_areas_are_those_of_the_oracle(net, window):
    cells = enumerate_regions(net, window=window)
    truth = oracle(net, window=window)
    exact = {cell.pattern: cell.area for cell in truth.cells}
    areas = cells.areas(exact=True)
    assert areas == [exact[tuple(map(int, pattern))] for pattern in cells.activation_patterns]
    np.testing.assert_allclose(cells.areas(), np.array(areas, float), rtol=1e-9, atol=1e-13)
    regions = cells.areas("linear_region", exact=True)
    assert len(regions) == truth.linear_regions
    assert sum(regions) == truth.area
    np.testing.assert_allclose(cells.areas("linear_region"), np.array(regions, float), atol=1e-12)


@given(st.one_of(networks(2, 4, 1), networks(2, 4, 3)))
@settings(max_examples=15)
def test_areas_of_classes_are_those_of_clipped_polygons(net):
    cells = enumerate_regions(net)
    areas = cells.areas("class", exact=True)
    assert sum(areas) == 4
    np.testing.assert_allclose(cells.areas("class"), np.array(areas, float), atol=1e-12)
    corners = exact_cells(oracle(net, window=UNIT_SQUARE))
    expected = np.zeros(max(net.d_out, 2))
    for polygon, rows in corners.values():
        for winner in range(len(expected)):
            part = polygon
            for other in range(len(expected)):
                part = clipped(part, *beats(rows, winner, other))
            expected[winner] += shapely.Polygon(part).area if len(part) > 2 else 0
    np.testing.assert_allclose(np.array(areas, float), expected, atol=1e-9)


def beats(rows, winner, other):
    """A form that is >= 0 where a class is at least another, and whether it loses where they tie."""
    if len(rows) == 1:
        return tuple(z if winner else -z for z in rows[0]), winner == 1 and other == 0
    return tuple(a - b for a, b in zip(rows[winner], rows[other], strict=True)), other < winner


def clipped(polygon, form, loses):
    """The part of a convex polygon where a form is >= 0; nothing if it is 0 everywhere and so loses."""
    values = [form[0] * x + form[1] * y + form[2] for x, y in polygon]
    if loses and not any(values):
        return []
    kept = []
    for k, (p, f) in enumerate(zip(polygon, values, strict=True)):
        q, g = polygon[(k + 1) % len(polygon)], values[(k + 1) % len(polygon)]
        if f >= 0:
            kept.append(p)
        if f * g < 0:
            kept.append(tuple((a * g - b * f) / (g - f) for a, b in zip(p, q, strict=True)))
    return kept


def test_a_tie_on_a_whole_cell_is_won_by_the_first_class():
    cells = enumerate_regions(Network([(np.eye(2), [0, 0]), (np.eye(2), [0, 0])]))
    assert cells.areas("class", exact=True) == [Fraction(5, 2), Fraction(3, 2)]


def test_unknown_kinds_of_areas_and_unbounded_ones_are_refused():
    plane = enumerate_regions(ZOO["zero_bias_6"]().network, window=None)
    with pytest.raises(SettingError, match="colour"):
        plane.areas("colour")
    for refused in (
        lambda: plane.areas(exact=True),
        lambda: plane.areas("class"),
        lambda: integral(plane),
    ):
        with pytest.raises(WindowError, match="bounded"):
            refused()


# Integrals


@given(relu_networks, windows)
@settings(max_examples=20)
def test_integrals_are_those_over_triangles(net, window):
    cells = enumerate_regions(net, window=window)
    truth = exact_cells(oracle(net, window=window))
    for power in (0, 1, 2, 3):
        found = integral(cells, lambda f, s, t, n=power: (f[0] if isinstance(f, list) else f) ** n)
        expected = sum(over_triangles(corners, rows[0], power) for corners, rows in truth.values())
        assert found.value == expected
        assert sum(found.cells) == expected


@given(networks(2, 4, 3, 1, act=activations), st.lists(st.integers(-3, 3), min_size=3, max_size=3))
@settings(max_examples=20)
def test_the_squared_distance_to_an_affine_function_is_that_of_the_difference(net, g):
    cells = enumerate_regions(net, window=TRIANGLE)
    truth = exact_cells(oracle(net, window=TRIANGLE))
    a, b, c = g
    found = integral(cells, lambda f, s, t: (f - a * s - b * t - c) ** 2).value
    difference = [
        over_triangles(corners, [p - q for p, q in zip(rows[0], g, strict=True)], 2)
        for corners, rows in truth.values()
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


@given(on_lines)
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
    numbers = found.value.numerator, found.value.denominator
    assert found.value == Fraction(*numbers)
    assert float(found) == numbers[0] / numbers[1]


# Extrema


@given(small_nets, windows)
@settings(max_examples=25)
def test_extrema_are_those_of_all_corners(net, window):
    found = extrema(enumerate_regions(net, window=window), net.d_out - 1)
    truth = exact_cells(oracle(net, window=window))
    values = [
        rows[-1][0] * x + rows[-1][1] * y + rows[-1][2]
        for corners, rows in truth.values()
        for x, y in corners
    ]
    assert (found.minimum.value, found.maximum.value) == (min(values), max(values))
    for end in (found.minimum, found.maximum):
        assert net(np.array([end.point], dtype=object))[0, -1] == end.value


@pytest.mark.parametrize("seed", range(3))
def test_extrema_are_the_optima_of_linear_programmes(seed):
    """One programme a cell, over the half-planes of its units, none of which knows a vertex."""
    net = random_net(2, 7, 6, 1, seed=seed)
    cells = enumerate_regions(net)
    best = [-inf, -inf]
    for k in range(len(cells)):
        A, b = [], []
        h, shift = np.eye(2), np.zeros(2)
        pieces = np.split(cells.activation_pattern(k).astype(float), [7])
        for (W, bias), on in zip(net.float_layers[:-1], pieces, strict=True):
            h, shift = W @ h, W @ shift + bias
            sign = 1 - 2 * on[:, None]
            A.append(sign * h)
            b.append(-sign[:, 0] * shift)
            h, shift = on[:, None] * h, on * shift
        W, bias = net.float_layers[-1]
        for side, sign in enumerate((-1, 1)):
            solved = linprog(-sign * (W @ h)[0], np.concatenate(A), np.concatenate(b), bounds=(-1, 1))
            best[side] = max(best[side], sign * (W @ shift + bias)[0] - solved.fun)
    found = extrema(cells)
    assert float(found.maximum) == pytest.approx(best[1], abs=1e-8)
    assert float(found.minimum) == pytest.approx(-best[0], abs=1e-8)


@pytest.mark.parametrize("name", sorted(ZOO))
def test_the_extrema_of_the_zoo_are_taken_and_never_passed(name):
    beast = ZOO[name]()
    where = {"slice": beast.slice, "window": beast.window}
    cells = enumerate_regions(beast.network, **where)
    found = extrema(cells)
    for end in (found.minimum, found.maximum):
        assert beast.network(np.array([end.point], dtype=object))[0, 0] == end.value
    complex = cells.complex if hasattr(cells, "complex") else cells
    for vertex in range(0, complex.n_vertices, 1 + complex.n_vertices // 40):
        s, t = complex.exact_vertex(vertex)
        place = np.array([[s, t][: beast.network.d_in]], dtype=object)
        point = (
            beast.slice.embed(place if isinstance(beast.slice, Slice) else place[:, 0])
            if beast.slice
            else place
        )
        value = beast.network(point)[0, 0]
        assert found.minimum.value <= value <= found.maximum.value


def test_a_constant_is_extreme_everywhere_and_a_missing_output_is_named():
    cells = enumerate_regions(Network([([[1, 0]], [0]), ([[0]], [3])]))
    found = extrema(cells)
    assert found.minimum.value == found.maximum.value == 3
    assert len(found.maximum.vertices) == cells.n_vertices
    with pytest.raises(NetworkError, match="no output 1"):
        extrema(cells, 1)
    with pytest.raises(SettingError, match="list"):
        extrema([])


# Lipschitz constants and Jacobians


@given(small_nets, windows, st.sampled_from([1, inf]))
@settings(max_examples=20)
def test_lipschitz_constants_are_the_greatest_norms(net, window, norm):
    found = lipschitz(enumerate_regions(net, window=window), norm)
    slopes = slopes_of(oracle(net, window=window))
    assert found.low == found.high == max(np.abs(A).sum(0 if norm == 1 else 1).max() for A in slopes)


@given(small_nets, windows)
@settings(max_examples=20)
def test_the_2_norm_lies_within_its_bounds(net, window):
    found = lipschitz(enumerate_regions(net, window=window))
    slopes = slopes_of(oracle(net, window=window))
    squares = []
    for A in slopes:
        (a, b), (_, d) = A.T @ A
        squares.append((a + d, a * d - b * b))  # trace and determinant
    for trace, determinant in squares:  # the greater root of z^2 - trace z + determinant is <= high^2
        z = found.high**2
        assert z * z - trace * z + determinant >= 0
        assert 2 * z >= trace
    z = found.low**2  # and of one of them it is >= low^2
    assert any(z * z - T * z + D <= 0 or 2 * z <= T for T, D in squares)
    assert found.high - found.low <= found.high / 2**50
    if net.d_out == 1:
        assert found.square == max(T for T, _ in squares)


def test_slopes_far_below_the_offsets_are_told_apart():
    """In float64 the maps of both cells are 2^60; their slopes differ."""
    net = Network([([[1, 0]], [0]), ([[2.0**-40]], [2.0**60])])
    assert lipschitz(enumerate_regions(net), 1).high == Fraction(1, 2**40)


def test_a_tent_is_as_steep_as_its_folds():
    assert lipschitz(enumerate_regions(tent(6), window=(0, 1))).high == 2**6
    with pytest.raises(SettingError, match="norm"):
        lipschitz(enumerate_regions(tent(2)), 3)


@given(networks(4, 5, 4, 2, act=activations), slices(4))
@settings(max_examples=15)
def test_jacobians_are_maps_in_all_directions(net, plane):
    cells = enumerate_regions(net, slice=plane)
    every = jacobians(cells)
    directions = np.array([plane.u, plane.v], dtype=object).T
    for k in range(len(cells)):
        J = np.array(jacobian(cells, k), dtype=object)
        assert ((J @ directions) == np.array(cells.exact_map(k)[0], dtype=object)).all()
        np.testing.assert_allclose(every[k], J.astype(float), atol=1e-12)
    for norm in (1, inf):
        exact = [
            np.abs(np.array(jacobian(cells, k))).sum(0 if norm == 1 else 1).max()
            for k in range(len(cells))
        ]
        assert lipschitz(cells, norm, along="inputs").high == max(exact)


def test_pieces_have_jacobians_from_left_to_right():
    net = random_net(3, 6, 1, seed=1)
    path = Segment((-1, 0, 1), (1, 1, 0.5))
    pieces = enumerate_regions(net, slice=path)
    direction = np.array(path.direction, float)
    np.testing.assert_allclose(jacobians(pieces) @ direction, pieces.slopes, atol=1e-12)
    steepest = lipschitz(pieces)
    assert float(steepest) == pytest.approx(np.abs(pieces.slopes).max())
    assert abs(pieces.slopes[steepest.cell, 0]) == pytest.approx(float(steepest))


@given(st.lists(st.lists(st.integers(-4, 4), min_size=3, max_size=3), min_size=3, max_size=3))
def test_the_greatest_eigenvalue_is_bracketed(rows):
    A = fmpq_mat(rows)
    low, high = greatest_eigenvalue(A * A.transpose())
    assert float(low) == pytest.approx(np.linalg.norm(np.array(rows, float), 2) ** 2, abs=1e-9)
    assert low <= high <= low * (1 + fmpq(1, 2**59))


def test_rational_eigenvalues_and_roots_are_found_exactly():
    assert greatest_eigenvalue(fmpq_mat([[2, 0], [0, fmpq(9, 4)]])) == (fmpq(9, 4), fmpq(9, 4))
    assert square_root(fmpq(9, 4), fmpq(9, 4)) == (fmpq(3, 2), fmpq(3, 2))
    low, high = square_root(fmpq(2), fmpq(2))
    assert low**2 < 2 < high**2
    assert greatest_eigenvalue(fmpq_mat([[0, 0], [0, 0]])) == (0, 0)
