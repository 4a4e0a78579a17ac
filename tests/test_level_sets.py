"""Level sets and decision boundaries in closed form, most of them degenerate; what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from builders import random_net
from level_set_checks import assert_boundary, assert_level_set, patterns, sides

from geomtoy import (
    UNIT_SQUARE,
    Network,
    Segment,
    enumerate_decision_boundary,
    enumerate_level_set,
    enumerate_regions,
)
from geomtoy.errors import BudgetError, NetworkError, WindowError

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)
X, Y = (1, 0, 0), (0, 1, 0)


def net(rows, out, constant=0, act="abs"):
    """out . act(rows (x, y, 1)) + constant."""
    rows = np.array(rows)
    return Network([(rows[:, :-1], rows[:, -1]), ([out], [constant])], act)


# In the plane


def test_a_diamond_is_one_closed_polyline():
    found = enumerate_level_set(net([X, Y], [1, 1], -HALF))
    (line,) = found.polylines
    corners = {(HALF, 0), (0, HALF), (-HALF, 0), (0, -HALF)}
    assert line.closed
    assert len(line) == 4
    assert set(line.exact_vertices()) == corners
    assert (line.left, line.right) == (1, -1)
    assert (line.regions[:, 0] == line.regions[:, 1]).all()
    assert sorted(line.regions[:, 0]) == [0, 1, 2, 3] == found.crossed.tolist()
    assert {tuple(v) for v in line.vertices.tolist()} == {tuple(map(float, v)) for v in corners}
    x, y = line.vertices.T
    assert x[:-1] @ y[1:] - x[1:] @ y[:-1] < 0  # |x| + |y| > 1/2 on the left: clockwise


def test_a_single_point():
    found = enumerate_level_set(net([X, Y], [1, 1]))
    assert not found.polylines
    (point,) = found.points
    assert point.exact == (0, 0)
    assert (point.left, point.right, point.regions) == (1, 1, (0, 1, 2, 3))
    assert (found.n_components, found.crossed.tolist()) == (1, [])


def test_a_corner_of_the_window():
    found = enumerate_level_set(Network([([[1, 1]], [2])]))
    assert [point.exact for point in found.points] == [(-1, -1)]
    assert (found.n_components, found.polylines) == (1, [])


def test_branches_that_cross_end_where_they_meet():
    found = enumerate_level_set(net([X, Y], [1, -1]))
    assert sides(found) == [(1, -1)] * 4
    ends = [v for line in found.polylines for v in line.exact_vertices()]
    assert ends.count((0, 0)) == 4
    assert found.n_components == 1


@pytest.mark.parametrize(("sign", "expected"), [(1, (1, 1)), (-1, (-1, -1))])
def test_touching_along_an_edge(sign, expected):
    found = enumerate_level_set(net([X], [sign]))
    (line,) = found.polylines
    assert (line.left, line.right) == expected
    assert sorted(line.exact_vertices()) == [(0, -1), (0, 1)]
    assert line.regions.tolist() == [[0, 1]]
    assert not len(found.crossed)


def test_a_change_of_sign_along_an_edge():
    """relu(x) - relu(-x) = x: the level set is the edge of both units."""
    found = enumerate_level_set(net([X, (-1, 0, 0)], [1, -1], act="relu"))
    (line,) = found.polylines
    assert (line.left, line.right) == (1, -1)
    assert not len(found.crossed)
    (boundary,) = enumerate_decision_boundary(net([X, (-1, 0, 0)], [1, -1], act="relu")).polylines
    assert (boundary.left, boundary.right) == (1, 0)


def test_a_ray_ends_inside():
    """max(|x|, y) = |x| + relu(y - |x|): zero for x = 0, y <= 0."""
    layers = [([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4)]
    layers += [([[1, 1, 0, 0], [-1, -1, 1, -1]], [0, 0]), ([[1, 1]], [0])]
    (line,) = enumerate_level_set(Network(layers)).polylines
    assert sorted(line.exact_vertices()) == [(0, -1), (0, 0)]
    assert (line.left, line.right) == (1, 1)


def test_flat_regions_and_their_border():
    found = enumerate_level_set(net([X, Y], [1, 1], act="relu"))
    (line,) = found.polylines
    assert (line.left, line.right) == (1, 0)
    assert set(line.exact_vertices()) == {(-1, 0), (0, 0), (0, -1)}
    assert patterns(net([X, Y], [1, 1]), found.flat) == {(0, 0)}
    assert found.n_components == 1


@pytest.mark.parametrize("window", [UNIT_SQUARE, [(0, 0), (2, 0), (0, 3)]])
def test_an_output_that_is_the_level_everywhere(window):
    flat = net([X, Y, (1, 1, -1)], [0, 0, 0], constant=HALF)
    found = enumerate_level_set(flat, level=HALF, window=window)
    assert found.flat.tolist() == list(range(len(enumerate_regions(flat, window=window))))
    assert (found.polylines, found.points, found.n_components) == ([], [], 1)
    empty = enumerate_level_set(flat, window=window)
    assert (empty.polylines, empty.points, empty.n_components, len(empty.flat)) == ([], [], 0, 0)


def test_two_flat_regions_that_share_a_corner_are_one_component():
    """relu(x) + relu(y) - relu(x + y) is zero where x y >= 0."""
    found = enumerate_level_set(net([X, Y, (1, 1, 0)], [1, 1, -1], act="relu"))
    assert found.n_components == 1
    assert len(found.flat) == 2
    assert sides(found) == [(1, 0)] * 4
    assert all((0, 0) in line.exact_vertices() for line in found.polylines)


def test_along_the_window():
    """1 - max(|x|, |y|) is zero on the whole border of the window; |x| = 1 on two sides of it."""
    layers = [([[1, 1], [1, -1]], [0, 0]), ([[-HALF, -HALF]], [1])]
    (line,) = enumerate_level_set(Network(layers, "abs")).polylines
    assert line.closed
    assert (line.left, line.right) == (1, None)
    assert (line.regions[:, 1] == -1).all()
    stripes = enumerate_level_set(net([X], [1]), level=1)
    assert sides(stripes) == [(-1, None)] * 2
    assert stripes.n_components == 2
    assert not enumerate_decision_boundary(net([X], [-1], 1)).polylines


def test_through_vertices_and_with_a_level_that_no_float_is():
    found = enumerate_level_set(net([(1, 1, 0), (1, -1, 0)], [1, 2]), level=Fraction(1, 7))
    (line,) = found.polylines
    assert line.closed
    assert {abs(x) + abs(y) for x, y in line.exact_vertices()} == {Fraction(1, 7), Fraction(1, 14)}
    assert_level_set(net([X, Y, (1, -1, 0), (1, 1, 0)], [1, -1, 2, -2], act="relu"))


def test_a_network_without_hidden_layers():
    found = enumerate_level_set(Network([([[3, 1], [2, -1]], [0, THIRD])]), output=1)
    (line,) = found.polylines
    assert {2 * x - y for x, y in line.exact_vertices()} == {-THIRD}
    assert found.crossed.tolist() == [0]


def test_three_classes_meet_in_a_point():
    """x, y and 1/4 - x - y."""
    network = Network([(np.eye(2), [0, 0]), ([[1, 0], [0, 1], [-1, -1]], [0, 0, 0.25])], "identity")
    found = enumerate_decision_boundary(network)
    assert sides(found) == [(1, 0), (2, 0), (2, 1)]
    meeting = (Fraction(1, 12), Fraction(1, 12))
    assert all(meeting in line.exact_vertices() for line in found.polylines)
    assert all(len(line) == 1 for line in found.polylines)
    assert found.n_components == 1


def test_equal_outputs_belong_to_the_first_class():
    twins = Network([([[1, 0], [0, 1], [1, 0], [0, 1]], [0, 0, 0, 0])])
    (line,) = enumerate_decision_boundary(twins).polylines
    assert (line.left, line.right) == (1, 0)
    touching = Network([([[1, 0]], [0]), ([[0], [-1]], [0, 0])], "abs")  # 0 and -|x|
    assert not enumerate_decision_boundary(touching).polylines


def test_ten_classes():
    network = random_net(2, 12, 10, seed=3)
    assert_boundary(network)
    found = enumerate_decision_boundary(network)
    points = np.random.default_rng(0).uniform(-1, 1, (500, 2))
    classes = set(network(points).argmax(axis=1).tolist())
    assert classes <= {c for line in found.polylines for c in (line.left, line.right)}


# On a line


def test_points_on_a_line():
    """relu(t) - 2 relu(t - 1/2): flat, then up from 0, then down to 0 at 1."""
    tent = net([(1, 0), (1, -HALF)], [1, -2], act="relu")
    found = enumerate_level_set(tent, window=(-1, 2))
    first, last = found.points
    assert (first.exact, first.left, first.right, first.regions) == ((0,), 0, 1, (0, 1))
    assert (last.exact, last.left, last.right, last.regions) == ((1,), 1, -1, (2, 2))
    assert (found.flat.tolist(), found.crossed.tolist(), found.n_components) == ([0], [2], 2)
    end = enumerate_level_set(tent, window=(-1, 1)).points[-1]
    assert (end.exact, end.left, end.right, end.regions) == ((1,), 1, None, (2, -1))
    borders = enumerate_decision_boundary(tent, window=(-1, 2))
    assert [(*p.exact, p.left, p.right) for p in borders.points] == [(0, 0, 1), (1, 1, 0)]


def test_points_on_a_segment():
    found = enumerate_level_set(
        net([X, Y], [1, 1], -HALF), slice=Segment((-1, 0), (1, 0)), window=(0, 1)
    )
    assert [p.exact for p in found.points] == [(Fraction(1, 4),), (Fraction(3, 4),)]
    assert found.crossed.tolist() == [0, 1]


# What is refused


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"output": 1}, NetworkError, "no output 1"),
        ({"output": -1}, NetworkError, "no output -1"),
        ({"level": float("nan")}, NetworkError, "the level holds nan"),
        ({"level": Fraction(1, 10**400)}, NetworkError, "not between"),
        ({"window": None}, WindowError, "bounded window"),
        ({"max_regions": 4}, BudgetError, "max_regions = 4"),
    ],
)
def test_refused(settings, error, message):
    with pytest.raises(error, match=message):
        enumerate_level_set(net([X, Y], [1, 1], -HALF), **settings)
