"""The whole plane, with vertices at infinity."""

import numpy as np
import pytest
from builders import lines, random_net, with_relu_twice
from small_complexes import FAR_SQUARE, exact_points, pattern_at

from geomtoy import count_regions, enumerate_regions


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 20])
def test_lines_in_general_position_cut_the_plane_as_buck_counted(n):
    net = random_net(2, n, 1, seed=n) if n else random_net(2, 1, seed=0)
    cells = enumerate_regions(net, window=None)
    assert len(cells) == 1 + n + n * (n - 1) // 2
    assert np.count_nonzero(np.isinf(cells.areas())) == (2 * n or 1)
    assert count_regions(net, window=None, linear=False).regions == len(cells)


DEGENERATE = {
    "parallel": ([(1, 2, c) for c in range(-3, 4)], 8),
    "through one point": ([(a, b, -a - b) for a, b in [(1, 0), (0, 1), (1, 1), (1, -1), (3, 1)]], 10),
    "a grid": ([(1, 0, c) for c in range(3)] + [(0, 1, c) for c in range(4)], 20),
    "a slanted grid": ([(1, 1, c) for c in range(3)] + [(1, -1, c) for c in range(4)], 20),
    "one ulp from parallel": ([(1, -1, 1), (1, -np.nextafter(1, 2), -1), (1, 1, 0)], 7),
    "one ulp from the diagonal": ([(1, -np.nextafter(1, 2), 5), (1, -np.nextafter(1, 0), -5)], 4),
    "parallel and across": ([(1, 1, c) for c in range(3)] + [(1, 2, 0)], 8),
}


@pytest.mark.parametrize(("rows", "regions"), DEGENERATE.values(), ids=DEGENERATE.keys())
def test_parallel_and_concurrent_lines_meet_as_they_should_at_infinity(rows, regions):
    net = lines(*rows)
    assert count_regions(net, window=None).regions == regions
    assert count_regions(net, window=None, linear=False).regions == regions
    assert count_regions(with_relu_twice(net), window=None).regions == regions
    assert enumerate_regions(net, window=None).certify().valid


def test_the_whole_plane_has_vertices_at_infinity_and_a_place_for_every_point():
    net = random_net(2, 6, 5, 1, seed=12)
    cells = enumerate_regions(net, window=None)
    assert cells.at_infinity.any()
    assert np.isfinite(cells.areas()).any()
    with pytest.raises(ValueError, match="lies at infinity; look at its direction"):
        cells.exact_vertex(int(np.flatnonzero(cells.at_infinity)[0]))
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 2)) * 10.0 ** rng.integers(-3, 30, (200, 1))
    expected = pattern_at(net, exact_points(points))
    np.testing.assert_array_equal(cells.activation_patterns[cells.locate(points)], expected)


def test_the_bounded_cells_of_the_plane_are_those_of_a_large_window():
    net = random_net(2, 5, 4, 1, seed=13, denominator=2)
    plane, window = (
        enumerate_regions(net, window=None),
        enumerate_regions(net, window=10**4 * np.array(FAR_SQUARE, float)),
    )
    areas = dict(zip(map(tuple, window.activation_patterns), window.areas(), strict=True))
    for pattern, area in zip(plane.activation_patterns, plane.areas(), strict=True):
        if np.isfinite(area):
            assert areas[tuple(pattern)] == pytest.approx(area, rel=1e-6)
