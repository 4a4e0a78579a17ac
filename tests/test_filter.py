"""The float filter: its bounds hold, and it never orders or signs what it cannot know."""

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from strategies import STEPS, activations, networks
from zoo import ZOO, random_net

from geomtoy import Network, PiecewiseLinear, enumerate_regions
from geomtoy.regions.numbers.bounds import box_bound, box_side, intersection, position, value_bound
from geomtoy.regions.numbers.filter import sort_groups
from geomtoy.regions.numbers.map_bounds import relu_between

small = st.integers(-4, 4).map(float)
scaled = st.builds(
    lambda m, e: m * 2.0**e,
    st.integers(-(2**53), 2**53),
    st.sampled_from([-1074, -600, -106, -53, -52, 0, 300, 600, 970]),
)
nearly = st.builds(lambda x, ulps: float(x + ulps * np.spacing(x)), small, st.integers(-2, 2))
floats = st.one_of(small, nearly, scaled)
errors = st.one_of(
    st.just(0.0),
    st.sampled_from([2.0**-52, 2.0**-30, 0.5, 3.0, 5e-324, 1e-300, np.inf]),
    floats.map(lambda x: abs(x) * 2.0**-53),
)
moves = st.fractions(-1, 1, max_denominator=3)
lines = st.tuples(floats, floats, floats, errors)
points = st.tuples(floats, floats, st.sampled_from([1.0, 0.0]), errors)


def moved(number, error, share):
    """A true number that the stored one may stand for."""
    return Fraction(number) + (share * Fraction(error) if np.isfinite(error) else 10**20 * share)


@st.composite
def known_lines(draw):
    """A stored line (a, b, c, e) and true coefficients within e."""
    *stored, error = draw(lines)
    return (*stored, error), [moved(z, error, draw(moves)) for z in stored]


@st.composite
def known_points(draw):
    """A stored point (x, y, w, d) and true coordinates within d."""
    x, y, w, d = draw(points)
    return (x, y, w, d), [moved(x, d, draw(moves)), moved(y, d, draw(moves)), Fraction(w)]


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


# Sorting


@st.composite
def groups(draw, longest=6):
    """Groups of keys with errors: ties, near ties, keys that are infinite or NaN."""
    sizes = draw(st.lists(st.integers(0, longest), min_size=1, max_size=3))
    keys = st.one_of(small, nearly, scaled, st.sampled_from([np.inf, -np.inf, np.nan]))
    bounds = st.one_of(st.just(0.0), st.sampled_from([2.0**-53, 2.0**-52, 0.5, np.inf, np.nan]), errors)
    n = sum(sizes)
    key = np.array(draw(st.lists(keys, min_size=n, max_size=n)), float)
    error = np.array(draw(st.lists(bounds, min_size=n, max_size=n)), float)
    error[np.isinf(key)] = np.inf
    return np.cumsum([0, *sizes]), key, error


def certainly_before(key, error, i, j):
    """Whether every number that i may stand for is below every one that j may stand for."""
    if not np.isfinite([key[i], key[j], error[i], error[j]]).all():
        return False
    i, j = ((Fraction(key[k]), Fraction(error[k])) for k in (i, j))
    return i[0] + i[1] < j[0] - j[1]


def assert_only_clusters_are_open(start, key, error):
    order, clusters = sort_groups(start, key, error)
    cluster_of = np.arange(len(order)) - len(order)
    for k, (group, low, high) in enumerate(clusters.tolist()):
        assert start[group] <= low < high - 1 < start[group + 1]
        assert (cluster_of[low:high] < 0).all()
        cluster_of[low:high] = k
    for low, high in pairwise(start):
        assert sorted(order[low:high]) == list(range(low, high))
        for i, j in combinations(range(low, high), 2):
            same = cluster_of[i] == cluster_of[j]
            assert same or certainly_before(key, error, order[i], order[j])


@settings(max_examples=250)
@given(groups())
@example((np.array([0, 2]), np.array([1.0, 1.0]), np.zeros(2)))
@example((np.array([0, 3]), np.array([2.0, np.nan, 1.0]), np.zeros(3)))
@example((np.array([0, 2]), np.array([1 + 2.0**-52, 1.0]), np.array([2.0**-53, 2.0**-53])))
def test_members_outside_clusters_are_certainly_in_order(drawn):
    assert_only_clusters_are_open(*drawn)


@settings(max_examples=30)
@given(groups(longest=60), st.integers(-40, 0))
def test_long_groups_are_certainly_in_order_outside_clusters(drawn, power):
    """Long groups are sorted in another way."""
    start, key, error = drawn
    assert_only_clusters_are_open(start, key, np.where(np.isinf(key), error, 2.0**power))


@pytest.mark.parametrize("n", [3, 23, 24, 200])
def test_members_that_lie_apart_make_no_cluster(n):
    key = np.random.default_rng(n).permutation(n).astype(float)
    order, clusters = sort_groups(np.array([0, n]), key, np.full(n, 0.49))
    np.testing.assert_array_equal(key[order], np.arange(n))
    assert len(clusters) == 0


@pytest.mark.parametrize("n", [5, 50])
def test_one_member_known_to_nothing_leaves_its_group_open_and_no_other(n):
    key, error = np.tile(np.arange(float(n)), 2), np.zeros(2 * n)
    error[n // 2] = np.inf
    _, clusters = sort_groups(np.array([0, n, 2 * n]), key, error)
    assert clusters.tolist() == [[0, 0, n]]


# Maps of whole networks


def worst_share(cells):
    """The greatest error of a float output map, as a share of its bound."""
    maps, outputs = cells.subdivision.output_maps, len(cells.network.layers)
    worst = Fraction(0)
    for k in range(len(cells)):
        exact = cells.subdivision.lines.maps.affine(outputs, k)
        for i, bound in enumerate(maps.error[maps.segment[k]].tolist()):
            if np.isfinite([*maps.rows[k, :, i], bound]).all():
                gaps = (
                    abs(Fraction(z) - Fraction(int(exact.rows[i, j]), int(exact.scale)))
                    for j, z in enumerate(maps.rows[k, :, i].tolist())
                )
                gap = max(gaps)
                worst = max(worst, gap / Fraction(bound) if bound else Fraction(10**9 * (gap > 0)))
    return worst


@pytest.mark.parametrize("name", ZOO)
def test_bounds_hold_on_every_animal_of_the_zoo(name):
    animal = ZOO[name]()
    found = enumerate_regions(animal.network, window=animal.window, slice=animal.slice)
    assert worst_share(getattr(found, "complex", found)) <= 1


@pytest.mark.parametrize("seed", range(2))
def test_bounds_hold_in_deep_networks_and_say_something(seed):
    cells = enumerate_regions(random_net(2, *[16] * 12, 1, seed=seed, bias=0.1), window=WINDOW)
    maps = cells.subdivision.output_maps
    assert len(cells) > 50
    assert worst_share(cells) <= 1
    assert maps.error.max() < 1e-3 * np.abs(maps.rows).max()


WINDOW = ((0, 0), (0.1, 0), (0.1, 0.1), (0, 0.1))


@pytest.mark.parametrize("act", ["abs", "hard_tanh", "leaky_relu", STEPS])
def test_bounds_hold_for_other_activations(act):
    net = random_net(2, 5, 5, 5, 2, seed=3)
    cells = enumerate_regions(Network(net.layers, act), window=((-1, -1), (0, -1), (0, 0)))
    assert 0 < worst_share(cells) <= 1


@settings(max_examples=25)
@given(networks(2, 4, 4, 2, act=activations))
def test_bounds_hold_for_small_rationals(net):
    assert worst_share(enumerate_regions(net)) <= 1


@pytest.mark.parametrize("shift", [0, 10**6])
def test_bounds_hold_in_a_window_far_from_the_origin(shift):
    net = random_net(2, 6, 6, 1, seed=5)
    W, b = net.layers[0]
    moved_net = Network([(W, b - W @ [shift, 0.5]), *net.layers[1:]])
    x, y = Fraction(shift) + Fraction(1, 7), Fraction(1, 3)
    cells = enumerate_regions(moved_net, window=((x - 2, y - 2), (x + 2, y - 2), (x, y + 2)))
    assert 0 < worst_share(cells) <= 1


def zigzag(n_pieces):
    """Slopes near -1 and 1 in turn, chosen so that the roundings of the switches add up."""
    rng, scale = np.random.default_rng(0), 1.0009765
    slopes, value = [-1.0005], -1.0005 * scale
    for k in range(n_pieces - 1):
        trials = (-1) ** k * (1 + 1e-3 * rng.random(200))
        values = value + (trials - slopes[-1]) * scale
        drift = [
            Fraction(v) - Fraction(s) * Fraction(scale) for v, s in zip(values, trials, strict=True)
        ]
        best = int(np.argmax([float(x) for x in drift]))
        slopes.append(float(trials[best]))
        value = values[best]
    breakpoints = [Fraction(k - n_pieces // 2, 4096) for k in range(n_pieces - 1)]
    layers = [([[scale, 0.0]], [0.0]), ([[1.0]], [0.0])]
    return Network(layers, PiecewiseLinear(breakpoints, slopes))


def test_bounds_hold_for_a_unit_that_switches_many_times():
    assert worst_share(enumerate_regions(zigzag(60))) <= 1
