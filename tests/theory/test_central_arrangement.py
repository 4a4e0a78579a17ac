"""Schlaefli 1901, Cover 1965: n generic hyperplanes through 0 make 2 sum_{k<d} C(n-1, k) regions."""

import pytest
from builders import random_net

from geomtoy import Slice, count_regions, enumerate_regions
from geomtoy.theory import arrangement_regions, central_arrangement_regions


@pytest.mark.parametrize("n", [1, 2, 6, 16, 40])
def test_zero_biases_in_the_plane(n):
    net = random_net(2, n, 1, seed=n, bias=0)
    expected = 2 * n
    assert central_arrangement_regions(n, 2) == expected
    assert count_regions(net).regions == count_regions(net, window=None).regions == expected


@pytest.mark.parametrize("n", [1, 2, 5])
def test_zero_biases_in_space_seen_on_two_parallel_planes(n):
    """Every cone of R^3 meets z = 1 or z = -1, in a region of the same pattern."""
    net = random_net(3, n, 1, seed=n, bias=0)
    far = [(10**6 * x, 10**6 * y) for x, y in [(-1, -1), (1, -1), (1, 1), (-1, 1)]]
    patterns = set()
    for z in (-1, 1):
        plane = Slice((0, 0, z), (1, 0, 0), (0, 1, 0))
        cells = enumerate_regions(net, slice=plane, window=far)
        patterns |= {tuple(row) for row in cells.activation_patterns}
    assert len(patterns) == central_arrangement_regions(n, 3)


def test_projection_to_affine_arrangements():
    """Cutting by one more hyperplane through 0 halves: the affine count in one dimension less."""
    for n in range(1, 8):
        for d in range(1, 6):
            assert central_arrangement_regions(n, d) == 2 * arrangement_regions(n - 1, d - 1)
