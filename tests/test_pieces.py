"""Pieces of a line: breakpoints, slopes, point location."""

from fractions import Fraction

import numpy as np
import pytest
from builders import random_net, tent

from geomtoy import Network, Segment, enumerate_regions
from geomtoy.regions.results.export import to_arrays


def test_breakpoints_pieces_and_slopes_of_a_tent():
    pieces = enumerate_regions(tent(3), window=(0, 1))
    np.testing.assert_array_equal(pieces.breakpoints, np.arange(1, 8) / 8)
    assert pieces.exact_breakpoints() == [Fraction(k, 8) for k in range(1, 8)]
    assert pieces.slopes.ravel().tolist() == [8, -8] * 4
    assert pieces.offsets.ravel().tolist() == [0, 2, -2, 4, -4, 6, -6, 8]
    assert (pieces.breakpoint_layer.tolist(), len(pieces)) == ([3, 2, 3, 1, 3, 2, 3], 8)
    assert pieces.linear_region.tolist() == list(range(8))


@pytest.mark.parametrize(
    "net", [random_net(1, 9, 7, 2, seed=1), random_net(1, 5, 5, 1, seed=2, denominator=3)]
)
@pytest.mark.parametrize("window", [(-2, 2), None])
def test_pieces_give_the_networks_values(net, window):
    pieces = enumerate_regions(net, window=window)
    points = np.random.default_rng(0).uniform(-2, 2, 500)
    k = pieces.locate(points)
    values = pieces.slopes[k] * points[:, None] + pieces.offsets[k]
    np.testing.assert_allclose(values, net(points[:, None]), rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(k, np.searchsorted(pieces.breakpoints, points, side="left"))


def test_a_breakpoint_is_in_the_piece_on_its_left():
    pieces = enumerate_regions(tent(3), window=(0, 1))
    points = np.array([0, 1 / 8, np.nextafter(1 / 8, 1), 7 / 8, 1, np.nextafter(1, 2), -1])
    assert pieces.locate(points).tolist() == [0, 0, 1, 6, 7, -1, -1]


def test_breakpoints_between_floats_are_exact():
    pieces = enumerate_regions(Network([([[3.0]], [-1.0]), ([[1.0]], [0.0])]), window=(0, 1))
    third = Fraction(1, 3)
    assert pieces.exact_breakpoints() == [third]
    points = np.array([third - Fraction(1, 10**30), third, third + Fraction(1, 10**30)], dtype=object)
    assert pieces.locate(points).tolist() == [0, 0, 1]


def test_pieces_with_one_slope_are_one_linear_region_where_they_touch():
    net = Network([([[1.0], [1.0], [-1.0]], [0.0, -1.0, 0.0]), ([[1.0, 0.0, -1.0]], [0.0])])
    pieces = enumerate_regions(net, window=(-2, 2))
    assert pieces.breakpoints.tolist() == [0, 1]
    assert pieces.linear_region.tolist() == [0, 0, 0]
    assert pieces.n_linear_regions == 1


def test_a_segment_shows_the_network_along_it():
    net, path = random_net(3, 6, 6, 1, seed=3), Segment((0, 0, 1), (1, -1, 0.5))
    pieces = enumerate_regions(net, slice=path, window=(-3, 3))
    t = np.linspace(-3, 3, 101)
    k = pieces.locate(t)
    values = pieces.slopes[k] * t[:, None] + pieces.offsets[k]
    np.testing.assert_allclose(values, net(path.embed(t)), atol=1e-10)


def test_a_network_without_units_is_one_piece():
    pieces = enumerate_regions(random_net(1, 2, seed=0))
    assert len(pieces) == 1
    assert pieces.breakpoints.shape == (0,)
    assert pieces.slopes.shape == (1, 2)


def test_arrays_of_pieces_can_be_saved(tmp_path):
    pieces = enumerate_regions(random_net(1, 4, 4, 1, seed=5))
    np.savez(tmp_path / "pieces.npz", **to_arrays(pieces))
    with np.load(tmp_path / "pieces.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["breakpoints"], pieces.breakpoints)
        assert len(arrays["slopes"]) == len(pieces)


def test_breakpoints_in_a_tiny_interval_are_near_for_its_size():
    bias = [-(1 / 3 + 0.1 / 7) - 1e-14, -0.17 + 1e-15]
    layers = [
        ([[1.0], [1 / 3]], [1.0, 0.1]),
        ([[1 / 3, 1 / 7], [0.1, 0.7]], bias),
        ([[1.0, 1.0]], [0.0]),
    ]
    pieces = enumerate_regions(Network(layers), window=(-1e-12, 1e-12))
    exact = np.array(pieces.exact_breakpoints(), float)
    assert len(exact) == 2
    np.testing.assert_allclose(pieces.breakpoints, exact, rtol=0, atol=2.0**-20 * 2e-12)
