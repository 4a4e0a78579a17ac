"""Level sets and decision boundaries: closed forms, the naive oracle, degenerate and moved networks."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from level_set_oracle import boundary_truth, join, level_truth, merged, unit
from oracle import along, cross, oracle
from strategies import activations, networks, slices, windows
from zoo import ZOO, random_net

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


def homogeneous(polyline):
    return [(*p, Fraction(1)) for p in polyline.exact_vertices()]


def segments(found):
    return [pair for line in found.polylines for pair in pairwise(homogeneous(line))]


def sides(found):
    return sorted((line.left, line.right) for line in found.polylines)


def patterns(network, regions, **where):
    """Patterns of regions, numbered as `enumerate_regions` does."""
    every = enumerate_regions(network, **where).activation_patterns
    return {tuple(map(int, every[k])) for k in regions}


# Against the oracle


def assert_level_set(network, *, output=0, level=0, slice=None, window=UNIT_SQUARE):
    truth = level_truth(network, output=output, level=level, slice=slice, window=window)
    found = enumerate_level_set(network, output=output, level=level, slice=slice, window=window)
    assert merged(segments(found)) == truth.lines
    assert {(*point.exact, 1) for point in found.points} == truth.points
    assert patterns(network, found.flat, slice=slice, window=window) == truth.flat
    assert patterns(network, found.crossed, slice=slice, window=window) == truth.crossed
    assert found.n_components == truth.n_components
    cells = enumerate_regions(network, slice=slice, window=window)
    for line in found.polylines:
        assert_sides(line, cells, output, level)


def assert_sides(line, cells, output, level):
    """Every segment lies in its regions, on their level, with the signs that are said left and right."""
    for (p, q), regions in zip(pairwise(line.exact_vertices()), line.regions.tolist(), strict=True):
        for region, sign, turn in zip(regions, (line.left, line.right), (1, -1), strict=True):
            assert (region < 0) == (sign is None)
            if region >= 0:
                slopes, offsets = cells.exact_map(region)
                (a, b), c = slopes[output], offsets[output] - Fraction(level)
                assert a * p[0] + b * p[1] + c == a * q[0] + b * q[1] + c == 0
                rise = turn * (b * (q[0] - p[0]) - a * (q[1] - p[1]))  # along the left normal
                assert (rise > 0) - (rise < 0) == sign


small = st.one_of(
    networks(2, 4, 1, act=activations), networks(2, 4, 3, 1), networks(2, 3, 3, 2, 1, act="leaky_relu")
)
levels = st.sampled_from([0, 0, HALF, -THIRD, 1.25])


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


def assert_boundary(network, *, slice=None, window=UNIT_SQUARE):
    found = enumerate_decision_boundary(network, slice=slice, window=window)
    ours = {}
    for line in found.polylines:
        assert line.left > line.right
        for p, q in pairwise(homogeneous(line)):
            carrier = unit(cross(p, q))
            low, high = along(carrier, p), along(carrier, q)
            labels = (line.left, line.right) if low < high else (line.right, line.left)
            ours.setdefault((carrier, *labels), []).append((min(low, high), max(low, high)))
    truth = boundary_truth(network, slice=slice, window=window)
    assert {key: join(pieces) for key, pieces in ours.items()} == truth
    assert not found.points


@settings(max_examples=60)
@given(st.one_of(networks(2, 4, 3), networks(2, 3, 3, 4), networks(2, 4, 1, act=activations)), windows)
def test_decision_boundaries(network, window):
    assert_boundary(network, window=window)


@settings(max_examples=20)
@given(networks(3, 4, 3), slices(3))
def test_decision_boundaries_on_slices(network, plane):
    assert_boundary(network, slice=plane)


# Closed forms, most of them degenerate


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


lines = st.one_of(networks(1, 5, 1, act=activations), networks(1, 4, 3, 2), networks(1, 3, 3, 3))


@settings(max_examples=80)
@given(lines, levels, st.sampled_from([(-1, 1), (-THIRD, 4), None]))
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


def test_points_on_a_segment():
    found = enumerate_level_set(
        net([X, Y], [1, 1], -HALF), slice=Segment((-1, 0), (1, 0)), window=(0, 1)
    )
    assert [p.exact for p in found.points] == [(Fraction(1, 4),), (Fraction(3, 4),)]
    assert found.crossed.tolist() == [0, 1]


# The same set in another dress


@settings(max_examples=30)
@given(networks(2, 5, 3, 1), levels)
def test_negated_and_shifted_networks_have_the_same_set(network, level):
    found = enumerate_level_set(network, level=level)
    (W, b), level = network.layers[-1], Fraction(level)
    moved = Network([*network.layers[:-1], shifted(network, -level)])
    negated = Network([*network.layers[:-1], (-W, -b)])
    scaled = Network([*network.layers[:-1], (3 * W, 3 * b)])
    for other, sign, where in ((moved, 1, 0), (negated, -1, -level), (scaled, 1, 3 * level)):
        again = enumerate_level_set(other, level=where)
        assert merged(segments(again)) == merged(segments(found))
        assert sides(again) == sorted(turned(line, sign) for line in found.polylines)
        assert again.flat.tolist() == found.flat.tolist()
        assert again.crossed.tolist() == found.crossed.tolist()
        assert again.n_components == found.n_components


def turned(line, sign):
    both = [x if x is None else sign * x for x in (line.left, line.right)]
    return tuple(sorted(both, key=lambda x: -2 if x is None else x, reverse=True))


@settings(max_examples=20)
@given(networks(2, 5, 2))
def test_two_classes_are_one_output(network):
    """The border of class 1 is where output 1 - output 0 rises above 0."""
    as_fractions = np.frompyfunc(Fraction, 1, 1)
    W, b = map(as_fractions, network.layers[-1])
    gap = (W[1:] - W[:1], b[1:] - b[:1])
    one, other = (
        enumerate_decision_boundary(n) for n in (network, Network([*network.layers[:-1], gap]))
    )
    assert merged(segments(one)) == merged(segments(other))
    assert sides(one) == sides(other)


def test_a_larger_network_agrees_with_its_values():
    """Vertices in float64 are on the level; sampled points left of a segment are above it."""
    network = random_net(2, 32, 32, 1, seed=1)
    found = enumerate_level_set(network, level=0.5)
    for line in found.polylines:
        assert (line.left, line.right) == (1, -1)
        np.testing.assert_allclose(network(line.vertices), 0.5, atol=1e-9)
        if not line.closed:
            assert np.abs(line.vertices[[0, -1]]).max(axis=1).tolist() == [1, 1]
    assert sum(map(len, found.polylines)) >= len(found.crossed) > 20
    border = enumerate_decision_boundary(Network([*network.layers[:-1], shifted(network, -0.5)]))
    assert merged(segments(border)) == merged(segments(found))


def shifted(network, by):
    W, b = network.layers[-1]
    return W, [Fraction(b[0]) + Fraction(by)]


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
