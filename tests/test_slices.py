"""Windows, slices and segments: what is accepted, what is refused and with which sentence, exactly."""

from fractions import Fraction
from math import cos, pi, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomtoy import (
    UNIT_SQUARE,
    GeomtoyError,
    Network,
    Segment,
    Slice,
    count_regions,
    enumerate_level_set,
    enumerate_regions,
)
from geomtoy.errors import NetworkError, SliceError, WindowError
from geomtoy.slices import convex_window, interval

SQUARE = ((0, 0), (2, 0), (2, 2), (0, 2))
PENTAGON = [(cos(2 * pi * k / 5), sin(2 * pi * k / 5)) for k in range(5)]
fractions = st.fractions(-5, 5, max_denominator=6)


def doubled_area(corners):
    return sum(
        p[0] * q[1] - p[1] * q[0] for p, q in zip(corners, corners[1:] + corners[:1], strict=True)
    )


# Windows


@pytest.mark.parametrize("window", [UNIT_SQUARE, SQUARE, PENTAGON, ((0, 0), (1, 0), (0, 1e-300))])
def test_a_convex_window_keeps_its_corners(window):
    assert convex_window(window) == tuple((Fraction(x), Fraction(y)) for x, y in window)


def test_a_clockwise_window_is_turned_around():
    corners = convex_window(SQUARE[::-1])
    assert doubled_area(corners) == 8
    assert set(corners) == set(convex_window(SQUARE))


def test_flat_corners_are_dropped():
    flat = [(0, 0), (1, 0), (2, 0), (2, 0.5), (2, 1.5), (2, 2), (0, 2), (0, 1)]
    assert convex_window(flat) == convex_window(SQUARE)


def test_repeated_corners_are_dropped():
    repeated = [(0, 0), (0, 0), (2, 0), (2, 2), (2, 2), (2, 2), (0, 2), (0, 0)]
    assert set(convex_window(repeated)) == set(convex_window(SQUARE))


def test_floats_are_taken_as_the_rationals_that_they_are():
    corners = convex_window([(0, 0), (0.1, 0), (Fraction(1, 10), 1)])
    assert corners[1] == (Fraction(3602879701896397, 2**55), 0)
    assert corners[2] == (Fraction(1, 10), 1)


def test_a_corner_that_is_flat_for_floats_only_is_kept():
    third = Fraction(1, 3)
    bent = [(0, 0), (third, -Fraction(1, 10**30)), (1, 0), (0, 1)]
    assert len(convex_window(bent)) == 4
    with pytest.raises(WindowError, match="not convex"):
        convex_window([(0, 0), (third, Fraction(1, 10**30)), (1, 0), (0, 1)])


@settings(max_examples=80)
@given(
    st.lists(st.tuples(fractions, fractions), min_size=3, max_size=3), st.integers(0, 2), st.booleans()
)
def test_triangles_are_accepted_from_any_corner_in_either_sense(triangle, turn, clockwise):
    given_order = triangle[turn:] + triangle[:turn]
    if doubled_area(triangle) == 0:
        with pytest.raises(WindowError, match=r"no area|not convex"):
            convex_window(given_order)
        return
    corners = convex_window(given_order[::-1] if clockwise else given_order)
    assert set(corners) == set(triangle)
    assert doubled_area(corners) == abs(doubled_area(triangle))


NOT_CONVEX = {
    "a dent": [(0, 0), (4, 0), (1, 1), (0, 4)],
    "a pentagram": [PENTAGON[2 * k % 5] for k in range(5)],
    "a pentagram the other way": [PENTAGON[3 * k % 5] for k in range(5)],
    "a square walked twice": [*SQUARE, *SQUARE],
    "a bow tie": [(0, 0), (2, 2), (2, 0), (0, 2)],
    "a spike outwards": [(0, 0), (3, 0), (2, 0), (2, 2), (0, 2)],
    "a spike from a side": [(0, 0), (1, 0), (1, -1), (1, 0), (2, 0), (2, 2), (0, 2)],
    "a way back along a side": [(0, 0), (2, 0), (1, 0), (2, 0), (2, 2), (0, 2)],
    "a dent of one ulp": [(0, 0), (0.5, 5e-324), (1, 0), (0, 1)],
}


@pytest.mark.parametrize("window", NOT_CONVEX.values(), ids=NOT_CONVEX.keys())
def test_windows_that_are_not_convex_are_refused(window):
    with pytest.raises(WindowError, match="the window is not convex; give the corners"):
        convex_window(window)


NO_AREA = {
    "no corner": [],
    "one corner": [(0, 0)],
    "two corners": [(0, 0), (1, 1)],
    "one corner, three times": [(1, 2), (1, 2), (1, 2)],
    "three on a line": [(0, 0), (1, 1), (3, 3)],
    "there and back": [(0, 0), (1, 0), (0, 0), (1, 0)],
}


@pytest.mark.parametrize("window", NO_AREA.values(), ids=NO_AREA.keys())
def test_windows_without_area_are_refused(window):
    with pytest.raises(WindowError, match=r"no area; give at least three corners|not convex"):
        convex_window(window)


NO_POLYGON = {
    "a number": (3, "not a polygon"),
    "numbers": ([1, 2, 3], "not a pair"),
    "triples": (np.zeros((4, 3)), "not a pair"),
    "text": ("abc", "not a pair"),
    "words": ([("a", "b")] * 3, "holds 'a'; give finite numbers"),
    "NaN": ([(0, 0), (1, 0), (0, np.nan)], "holds nan; give finite numbers"),
    "infinity": ([(0, 0), (np.inf, 0), (0, 1)], "holds inf; give finite numbers"),
    "complex": ([(0, 0), (1, 0), (0, 1j)], "give finite numbers"),
    "beyond float64": ([(0, 0), (10**400, 0), (0, 1)], "beyond 2\\^1000"),
}


@pytest.mark.parametrize(("window", "sentence"), NO_POLYGON.values(), ids=NO_POLYGON.keys())
def test_windows_that_are_no_polygons_are_refused(window, sentence):
    with pytest.raises(WindowError, match=sentence):
        convex_window(window)


@pytest.mark.parametrize("window", [*NOT_CONVEX.values(), *NO_AREA.values(), np.zeros((4, 3)), 3, "abc"])
def test_counting_refuses_them_too(window):
    with pytest.raises(WindowError):
        count_regions(Network([(np.eye(2), np.zeros(2)), ([[1, 2]], [0])]), window=window)


INTEGERS = 4_000_000_000 * np.array(UNIT_SQUARE)


@pytest.mark.parametrize("window", [INTEGERS, np.array(UNIT_SQUARE, np.int8) * 100])
def test_windows_of_numpy_integers_do_not_overflow(window):
    assert (
        count_regions(Network([(np.eye(2), np.zeros(2)), ([[1, 2]], [0])]), window=window).regions == 4
    )


# Intervals


@pytest.mark.parametrize(
    "window", [(-1, 1), (Fraction(1, 3), 0.5), np.array([0.0, 5e-324]), [0, 2**900]]
)
def test_an_interval_is_two_exact_numbers(window):
    assert interval(window) == (Fraction(window[0]), Fraction(window[1]))


NO_INTERVAL = {
    "one number": ([1], "not a pair"),
    "three numbers": ([1, 2, 3], "not a pair"),
    "a number": (1, "not a pair"),
    "a square": (((-1, -1), (1, -1), (1, 1), (-1, 1)), "not a pair"),
    "NaN": ((0, np.nan), "holds nan"),
    "infinity": ((-np.inf, 0), "holds -inf"),
    "a point": ((1, 1), r"the window \(1, 1\) has no length; give low < high"),
    "the wrong order": ((2, 1), r"the window \(2, 1\) has no length; give low < high"),
    "beyond float64": ((0, 10**400), "beyond 2\\^1000"),
}


@pytest.mark.parametrize(("window", "sentence"), NO_INTERVAL.values(), ids=NO_INTERVAL.keys())
def test_what_is_no_interval_is_refused(window, sentence):
    with pytest.raises(WindowError, match=sentence):
        interval(window)


# Slices


@settings(max_examples=60)
@given(
    st.lists(st.tuples(fractions, fractions, fractions), min_size=1, max_size=4), fractions, fractions
)
def test_embedding_fractions_is_exact(rows, s, t):
    origin, u, v = zip(*rows, strict=True)
    u, v = (*u, 1, 0), (*v, 0, 1)
    plane = Slice((*origin, 0, 0), u, v)
    [place] = plane.embed(np.array([[s, t]], dtype=object))
    assert place.tolist() == [o + s * a + t * b for o, a, b in zip(plane.origin, u, v, strict=True)]
    np.testing.assert_allclose(plane.embed([[float(s), float(t)]])[0], place.astype(float), atol=1e-12)


def test_a_slice_keeps_floats_as_the_rationals_that_they_are():
    plane = Slice(np.array([0.1, 0, 0]), (1, 0, 0), [0, Fraction(1, 3), 0.0])
    assert plane.dimension == 3
    assert plane.origin[0] == Fraction(0.1)
    assert plane.v[1] == Fraction(1, 3)


@pytest.mark.parametrize("v", [(2, 4, 6), (-1, -2, -3), (0, 0, 0), (0.1, 0.2, 0.1 + 0.2)])
def test_directions_that_are_parallel_are_refused(v):
    u = (1, 2, 3) if v[0] != 0.1 else (1, 2, Fraction(0.1 + 0.2) / Fraction(0.1))
    with pytest.raises(SliceError, match="u and v are parallel; give two independent directions"):
        Slice((0, 0, 0), u, v)
    with pytest.raises(SliceError, match="parallel"):
        Slice((0, 0, 0), v, u)


def test_directions_that_are_nearly_parallel_are_accepted():
    assert Slice((0, 0), (1, 1), (1, np.nextafter(1, 2))).dimension == 2
    assert Slice((0, 0), (1, 3), (Fraction(1, 3), 1 + Fraction(1, 10**40))).dimension == 2


NO_SLICE = {
    "lengths": (((0, 0), (1, 0, 0), (0, 1)), "have lengths 2, 3 and 2; make them equal"),
    "numbers": ((0, 1, 2), "the slice's origin is not a vector of numbers"),
    "NaN": (((0, 0), (1, np.nan), (0, 1)), "the slice's u holds nan; give finite numbers"),
    "infinity": (((0, 0), (1, 0), (np.inf, 1)), "the slice's v holds inf; give finite numbers"),
    "matrices": ((np.eye(2), np.eye(2), np.eye(2)), "parallel"),
    "ragged": (([[1], [1, 2]], (1, 0), (0, 1)), "the slice's origin is not a vector of numbers"),
    "text": ((("a", 0), (1, 0), (0, 1)), "the slice's origin holds 'a'"),
    "nothing": (((), (), ()), "parallel"),
    "one dimension": (((0,), (1,), (2,)), "parallel"),
    "beyond float64": (((0, 0), (10**400, 0), (0, 1)), "the slice's u reaches beyond 2\\^1000"),
}


@pytest.mark.parametrize(("vectors", "sentence"), NO_SLICE.values(), ids=NO_SLICE.keys())
def test_what_is_no_slice_is_refused(vectors, sentence):
    with pytest.raises(SliceError, match=sentence):
        Slice(*vectors)


def test_a_slice_in_another_dimension_is_refused():
    net = Network([(np.eye(2), np.zeros(2)), ([[1, 2]], [0])])
    plane = Slice((0, 0, 0), (1, 0, 0), (0, 1, 0))
    with pytest.raises(SliceError, match="dimension 3 but the network takes 2 inputs; make them equal"):
        count_regions(net, slice=plane)
    with pytest.raises(SliceError, match="dimension 1 but the network takes 2 inputs"):
        count_regions(net, slice=Segment((0,), (1,)))
    with pytest.raises(SliceError, match=r"a slice is a geomtoy\.Slice or Segment, no tuple; make one"):
        count_regions(net, slice=((0, 0), (1, 0), (0, 1)))


def test_a_network_of_three_inputs_asks_for_a_slice():
    net = Network([(np.eye(3), np.zeros(3)), ([[1, 2, 4]], [0])])
    with pytest.raises(SliceError, match="the network takes 3 inputs; give a Slice or a Segment"):
        count_regions(net)


def test_slices_of_numpy_integers_do_not_overflow():
    net = Network([(np.eye(3), np.zeros(3)), ([[1, 2, 4]], [0])])
    plane = Slice(*(np.array(x, np.int8) for x in ([0, 0, 1], [100, 100, 0], [0, 100, 100])))
    assert count_regions(net, slice=plane).regions == 7


# Segments


@settings(max_examples=40)
@given(st.tuples(fractions, fractions), st.tuples(fractions, fractions), fractions)
def test_segments_run_from_start_to_end(start, end, s):
    if start == end:
        with pytest.raises(SliceError, match="ends coincide; give two different points"):
            Segment(start, end)
        return
    path = Segment(start, end)
    places = path.embed(np.array([Fraction(0), Fraction(1), s], dtype=object))
    assert places[0].tolist() == list(start)
    assert places[1].tolist() == list(end)
    assert places[2].tolist() == [a + s * (b - a) for a, b in zip(start, end, strict=True)]


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        (((0, 0), (1,)), "ends have lengths 2 and 1; make them equal"),
        (((0, np.nan), (1, 1)), "the segment's start holds nan"),
        ((0, 1), "the segment's start is not a vector of numbers"),
        (((0, 0), (0, np.inf)), "the segment's end holds inf"),
    ],
)
def test_what_is_no_segment_is_refused(ends, sentence):
    with pytest.raises(SliceError, match=sentence):
        Segment(*ends)


@pytest.mark.parametrize("error", [SliceError, WindowError])
def test_errors_are_of_one_family(error):
    assert issubclass(error, GeomtoyError)
    assert issubclass(error, ValueError)


IMAGES = np.random.default_rng(5).normal(size=(3, 4, 7)).astype(np.float32)


def test_a_slice_through_points_holds_them_to_the_last_bit():
    plane = Slice.through(*IMAGES)
    corners = np.array([[0, 0], [1, 0], [0, 1]], object)
    exact = np.vectorize(Fraction, otypes=[object])(IMAGES.reshape(3, -1).astype(float))
    assert (plane.embed(corners) == exact).all()
    assert plane.marks == ((0, 0), (1, 0), (0, 1))
    differences = Slice(IMAGES[0], IMAGES[1] - IMAGES[0], IMAGES[2] - IMAGES[0])  # in float32
    assert (differences.embed(corners) != exact).sum() > 10


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (([0, 0], [1, 0, 0], [0, 1]), "the points have 2, 3 and 2 coordinates"),
        (([0, 0], [1, 1], [2, 2]), "the three points lie on a line"),
        (([0, 0], [0, 0], [2, 2]), "the three points lie on a line"),
        (([0, 0], [0, np.nan], [2, 2]), "the second point holds nan"),
    ],
)
def test_points_that_span_no_plane_are_refused(points, message):
    with pytest.raises(SliceError, match=message):
        Slice.through(*points)


def test_two_numbers_are_a_square():
    assert convex_window((-1, 1)) == convex_window(UNIT_SQUARE)
    assert convex_window(np.array([-0.5, 0.25])) == convex_window(
        [(-0.5, -0.5), (0.25, -0.5), (0.25, 0.25), (-0.5, 0.25)]
    )
    with pytest.raises(WindowError, match="has no length"):
        convex_window((1, -1))


def test_models_of_other_libraries_are_sent_to_the_importers():
    class Model:
        pass

    for function in (count_regions, enumerate_regions, enumerate_level_set):
        with pytest.raises(NetworkError, match=r"Model is no geomtoy.Network;.*from_model\(model\)"):
            function(Model())
