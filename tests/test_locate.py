"""Point location: every point in the least of its closed cells, exactly."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from builders import lines, random_net
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import holds, oracle
from small_complexes import FAR_SQUARE, NETS, cells_of, each_net, exact_points
from strategies import activations, networks, windows

from geomtoy import Network, Slice, enumerate_regions
from geomtoy.errors import SliceError


@each_net
def test_many_points_are_in_the_cells_of_their_patterns(name):
    cells, net = cells_of(name), NETS[name]
    points = np.random.default_rng(1).uniform(-3, 3, (50_000, 2))
    z, clear = net.preactivations(points), np.ones(len(points), bool)
    pieces = [np.empty((len(points), 0))]
    for part, act in zip(z, net.activations, strict=True):
        tau = np.array(act.breakpoints, float)
        clear &= (np.abs(part[:, :, None] - tau) > 1e-6).all(axis=(1, 2))
        pieces.append(np.searchsorted(tau, part, side="left"))
    found = cells.locate(points)
    assert clear.mean() > 0.5
    np.testing.assert_array_equal(cells.activation_patterns[found[clear]], np.hstack(pieces)[clear])


@each_net
def test_vertices_are_in_the_least_of_their_cells(name):
    cells = cells_of(name)
    least = np.full(cells.n_vertices, len(cells))
    for k in reversed(range(len(cells))):
        least[cells.corners(k)] = k
    some = range(0, cells.n_vertices, 1 + cells.n_vertices // 60)
    points = exact_points([cells.exact_vertex(v) for v in some])
    np.testing.assert_array_equal(cells.locate(points), least[some])


@each_net
def test_middles_of_edges_are_in_the_least_of_their_cells(name):
    cells = cells_of(name)
    some = range(0, cells.n_edges, 1 + cells.n_edges // 60)
    ends = [[exact_points([cells.exact_vertex(v)])[0] for v in cells.edges[e]] for e in some]
    sides = cells.edge_cells[some]
    expected = np.where(sides.min(axis=1) < 0, sides.max(axis=1), sides.min(axis=1))
    np.testing.assert_array_equal(cells.locate([(p + q) / 2 for p, q in ends]), expected)


@settings(max_examples=40)
@given(
    networks(2, 4, 4, 1, act=activations),
    windows,
    st.tuples(*[st.fractions(-3, 3, max_denominator=8)] * 2),
)
def test_points_of_small_rationals_are_found_exactly(net, window, point):
    cells = enumerate_regions(net, window=window)
    truth = [cell for cell in oracle(net, window=window).cells if holds(cell.corners, point)]
    names = {tuple(row): k for k, row in enumerate(cells.activation_patterns.tolist())}
    expected = min((names[cell.pattern] for cell in truth), default=-1)
    assert cells.locate(exact_points([point])).tolist() == [expected]


def test_points_next_to_a_line_are_on_their_own_side():
    """x = 1/3 lies between two floats; (1/3, 0) itself is on the line."""
    cells = enumerate_regions(Network([([[3.0, 0.0]], [-1.0]), ([[1.0]], [0.0])]))
    third = Fraction(1, 3)
    tiny = Fraction(1, 10**40)
    points = exact_points([(third - tiny, 0), (third, 0), (third + tiny, 0), (1 / 3, 0)])
    found = cells.activation_patterns[cells.locate(points), 0].tolist()
    assert found[0::2] == [0, 1]
    assert found[3] == 0
    assert cells.locate(points[[1]])[0] == 0


def test_points_outside_the_window_are_in_no_cell():
    cells = enumerate_regions(random_net(2, 5, 1, seed=1))
    just_outside = np.nextafter(1, 2)
    points = [(1, 1), (1, just_outside), (just_outside, 0), (0, -just_outside), (1e300, 0), (-1, -1)]
    np.testing.assert_array_equal(cells.locate(points) >= 0, [True, False, False, False, False, True])


def test_points_next_to_slanted_sides_are_inside_or_outside_exactly():
    """On the sides, rounded, and a few ulps to either side of them."""
    corners = ((0, 0), (3, 1), (1, 3))
    share = np.arange(1, 40)[:, None] / 40
    sides = [p + share * np.subtract(q, p) for p, q in pairwise([*corners, corners[0]])]
    points = np.concatenate([side + ulps * np.spacing(side) for side in sides for ulps in (-2, 0, 1)])
    found = enumerate_regions(random_net(2, 1, seed=0), window=corners).locate(points)
    inside = [holds(corners, point) for point in exact_points(points)]
    assert 0 < sum(inside) < len(points)
    np.testing.assert_array_equal(found == 0, inside)


def test_no_points_are_in_no_cells():
    assert cells_of("one layer").locate(np.empty((0, 2))).shape == (0,)


@pytest.mark.parametrize("points", [[0, 0, 0], [[0, 0, 0]], [[np.nan, 0]], [[0, np.inf]]])
def test_what_is_no_point_is_refused(points):
    with pytest.raises(SliceError, match=r"give an array \(n, 2\)|give finite slice coordinates"):
        cells_of("one layer").locate(points)


SHIFT = 10**8
FAR_SLICE = Slice((-SHIFT, 0), (1, 0), (0, 1))
FAR_WINDOW = [(SHIFT + x, y) for x, y in FAR_SQUARE]


def test_fractions_far_from_the_origin_are_not_rounded():
    net = Network([([[3.0, 0.0]], [-1.0]), ([[1.0]], [0.0])])
    cells = enumerate_regions(net, slice=FAR_SLICE, window=FAR_WINDOW)
    line = SHIFT + Fraction(1, 3)
    points = exact_points([(line - Fraction(1, 10**10), 0), (line + Fraction(1, 10**10), 0)])
    assert cells.activation_patterns[cells.locate(points), 0].tolist() == [0, 1]


def test_integers_beyond_float64_are_not_rounded():
    plane = Slice((-(2**60), 0), (1, 0), (0, 1))
    window = [(2**60 + 100 * x, y) for x, y in FAR_SQUARE]
    cells = enumerate_regions(lines((1, 0, -50)), slice=plane, window=window)
    points = np.array([[2**60 + 60, 0], [2**60 + 40, 0]])
    assert cells.activation_patterns[cells.locate(points), 0].tolist() == [1, 0]
