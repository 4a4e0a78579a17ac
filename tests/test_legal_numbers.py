"""Numbers at the ends of what is allowed: counted, located and drawn from, or refused in a sentence."""

import tracemalloc
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from builders import random_net
from oracle import oracle

from geomtoy import (
    Network,
    Pieces,
    PiecewiseLinear,
    Segment,
    Slice,
    count_regions,
    enumerate_decision_boundary,
    enumerate_regions,
)  # fmt: skip
from geomtoy.activations import exact
from geomtoy.errors import NetworkError, SliceError

FAR = 2**1000
HUGE = [(-1e200, -1e200), (1e200, -1e200), (1e200, 1e200), (-1e200, 1e200)]
TALL = PiecewiseLinear((2**999,), (2**999, 0))
STEEP = PiecewiseLinear((2.0**-1000,), (2.0**-1000, 2.0**1000))


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def net(d, act="relu"):
    return Network(random_net(d, 4, 3, 1, seed=2, denominator=2).layers, act)


PLACES = {
    "a long slice": (net(2), {"slice": Slice((0, 0), (1e200, 0), (0, 1e200)), "window": HUGE}),
    "a huge window": (net(2), {"window": HUGE}),
    "a far window": (net(2), {"window": [(FAR - 1, 0), (FAR, 0), (FAR, 1)]}),
    "the longest line": (net(1), {"window": (-FAR, FAR)}),
    "the shortest line": (net(1), {"window": (0, Fraction(1, FAR))}),
    "a long segment": (net(1), {"slice": Segment((-FAR,), (FAR,)), "window": (-FAR, FAR)}),
    "a tall activation": (net(2, TALL), {"window": [(0, 0), (1, 0), (0, 1)]}),
    "a tall activation on a line": (net(1, TALL), {"window": None}),
    "a steep activation": (net(1, STEEP), {"window": None}),
}


@pytest.mark.parametrize("name", PLACES)
def test_everything_can_be_asked(name):
    network, where = PLACES[name]
    found, truth = enumerate_regions(network, **where), oracle(network, **where)
    assert len(found) == truth.regions
    assert count_regions(network, **where).linear_regions == truth.linear_regions
    cells = found.complex if isinstance(found, Pieces) else found
    for asked in (cells.vertices, cells.vertex_error, cells.areas(), cells.A_omega, cells.b_omega):
        assert len(asked)
    far = np.array([0.0, 1e308, -1e308, 5e-324])
    if isinstance(found, Pieces):
        assert found.exact_breakpoints() == truth.breakpoints
        assert len(found.breakpoints) == len(found) - 1
        assert len(found.locate(far)) == 4
    else:
        assert len(found.locate(np.column_stack([far, far]))) == 4


def test_breakpoints_beyond_float64_are_infinite():
    flat = Network([([[2.0**-1000], [1]], [2.0**1000, 0]), ([[1, 1]], [0])])
    found = enumerate_regions(flat, window=None)
    assert found.breakpoints.tolist() == [-np.inf, 0.0]
    assert found.exact_breakpoints() == [-(2**2000), 0]


@pytest.mark.parametrize("gap", [5e-324, 2.0**-1010, Fraction(1, FAR)])
def test_outputs_may_differ_by_next_to_nothing(gap):
    """The second output is greater by `gap` where x + y > gap - 1, and nowhere else."""
    network = Network([(np.eye(2), [1, 0]), ([[1, 0], [0, 0]], [0, gap])])
    found = enumerate_decision_boundary(network)
    (line,) = found.polylines
    assert {x for x, _ in line.exact_vertices()} == {Fraction(gap) - 1}


def test_two_hundred_classes_take_little_memory():
    rng = np.random.default_rng(0)
    W = rng.normal(size=(200, 2))
    network = Network([(np.eye(2), [1, 1]), (W, rng.normal(size=200) / 10 - W.sum(axis=1))])
    tracemalloc.start()
    found = enumerate_decision_boundary(network, window=[(-0.3, -0.3), (0.3, 0), (0, 0.3)])
    assert tracemalloc.get_traced_memory()[1] < 300e6  # all pairs took 3 GB
    tracemalloc.stop()
    assert found.polylines
    for line in found.polylines:
        outputs = network(np.array(line.exact_vertices(), object))
        best = outputs.max(axis=1).tolist()
        assert outputs[:, line.left].tolist() == outputs[:, line.right].tolist() == best


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble, np.int8, object])
def test_points_of_any_kind(kind):
    plane, line = enumerate_regions(net(2)), enumerate_regions(net(1))
    points = np.array([[0, 1], [1, 0]])
    assert plane.locate(points.astype(kind)).tolist() == plane.locate(points).tolist()
    assert line.locate(points[0].astype(kind)).tolist() == line.locate([0.0, 1.0]).tolist()
    assert plane.locate([[10**400, 2]]).tolist() == [-1]


@pytest.mark.parametrize(
    "points", [[["a", "b"]], [[1j, 0]], [[np.nan, 0]], [[Fraction(1), np.inf]], [1]]
)
def test_points_that_are_none(points):
    with pytest.raises(SliceError):
        enumerate_regions(net(2)).locate(points)


def test_numbers_are_taken_exactly_or_not_at_all():
    assert exact(Decimal("0.1"), "x") == Fraction(1, 10)
    third = np.longdouble(1) / 3
    assert exact(third, "x") == Fraction(*third.as_integer_ratio())
    assert exact(np.array(0.5, np.float32), "x") == Fraction(1, 2)
    for value in ("0.5", b"1", Decimal("1e3000000"), Decimal("nan"), np.longdouble("inf"), 1j, None):
        with pytest.raises(NetworkError, match="x holds"):
            exact(value, "x")
    flint = pytest.importorskip("flint")
    with pytest.raises(NetworkError, match="give a float or a Fraction"):
        exact(flint.fmpq(1, 3), "x")


def test_activations_of_great_numbers_are_applied():
    assert TALL(np.array([0.0])).tolist() == [-np.inf]  # -2^1998
    assert TALL(np.array([Fraction(2**999)], object)).tolist() == [0]
