"""Zaslavsky 1975: n generic hyperplanes of R^d make sum_{k<=d} C(n, k) regions, C(n-1, d) bounded."""

import numpy as np
import pytest
from builders import random_net
from oracle import oracle

from geomtoy import Slice, count_regions
from geomtoy.theory import arrangement_regions, bounded_arrangement_regions


@pytest.mark.parametrize("n", [1, 2, 3, 6, 12, 30])
def test_generic_lines_reach_the_formula(n):
    assert count_regions(random_net(2, n, 1, seed=n), window=None).regions == arrangement_regions(n, 2)


@pytest.mark.parametrize("n", [1, 4, 9])
def test_generic_points_of_a_line(n):
    net = random_net(1, n, 1, seed=n)
    assert count_regions(net, window=None).regions == arrangement_regions(n, 1) == n + 1


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_bounded_regions(n):
    cells = oracle(random_net(2, n, 1, seed=n), window=None).cells
    unbounded = {cell.pattern for cell in cells if any(corner[-1] == 0 for corner in cell.corners)}
    bounded = {cell.pattern for cell in cells} - unbounded
    assert len(bounded) == bounded_arrangement_regions(n, 2)


def test_a_plane_slice_of_a_generic_arrangement_is_a_generic_arrangement():
    plane = Slice(*np.random.default_rng(0).normal(size=(3, 5)))
    net = random_net(5, 9, 1, seed=1)
    assert count_regions(net, slice=plane, window=None).regions == arrangement_regions(9, 2)


def test_no_arrangement_has_more():
    for seed in range(20):
        net = random_net(2, 8, 1, seed=seed, denominator=1)
        assert count_regions(net, window=None).regions <= arrangement_regions(8, 2)


def test_order_n_squared():
    n = np.array([16, 32, 64])
    counts = [count_regions(random_net(2, k, 1, seed=0), linear=False).regions for k in n]
    slope = np.polyfit(np.log(n), np.log(counts), 1)[0]
    assert 1.5 < slope < 2.1


def test_deletion_and_restriction():
    for n in range(1, 8):
        for d in range(1, 6):
            less = arrangement_regions(n - 1, d) + arrangement_regions(n - 1, d - 1)
            assert arrangement_regions(n, d) == less
