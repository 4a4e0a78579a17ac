"""The oracle itself, against closed forms and against plain evaluation of the network."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from builders import lines, random_net
from oracle import dot, oracle
from zoo import ZOO, Animal

from geomtoy import UNIT_SQUARE, Segment


@pytest.mark.parametrize("name", ZOO)
def test_known_counts_of_the_zoo(name):
    animal: Animal = ZOO[name]()
    truth = oracle(animal.network, slice=animal.slice, window=animal.window)
    assert animal.regions in (None, truth.regions)
    assert animal.linear_regions in (None, truth.linear_regions)
    assert len(truth.cells) == truth.regions, "a bounded region was cut in two"


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_generic_lines_in_the_plane(n):
    truth = oracle(random_net(2, n, 1, seed=n), window=None)
    assert truth.regions == truth.linear_regions == 1 + n + comb(n, 2)


@pytest.mark.parametrize("seed", range(6))
def test_cells_tile_the_window(seed):
    truth = oracle(random_net(2, 5, 5, 1, seed=seed, denominator=2), window=UNIT_SQUARE)
    assert truth.area == 4
    assert all(cell.area > 0 for cell in truth.cells)


@pytest.mark.parametrize("seed", range(6))
def test_maps_and_patterns_are_those_of_the_network(seed):
    net = random_net(2, 5, 4, 2, seed=seed, denominator=2)
    for cell in oracle(net, window=UNIT_SQUARE).cells:
        inside = [sum(column) / len(cell.corners) for column in zip(*cell.corners, strict=True)]
        x = np.array([inside[:2]], dtype=object)
        assert [dot(row, inside) for row in cell.rows] == list(net(x)[0])
        assert cell.pattern == tuple(int(z > 0) for layer in net.preactivations(x) for z in layer[0])


@pytest.mark.parametrize("seed", range(4))
def test_a_huge_square_sees_the_whole_plane(seed):
    net = random_net(2, 4, 4, 1, seed=seed, denominator=4)
    square = [(10**9 * x, 10**9 * y) for x, y in UNIT_SQUARE]
    plane, bounded = oracle(net, window=None), oracle(net, window=square)
    assert plane.patterns == bounded.patterns
    assert plane.linear_regions == bounded.linear_regions


def test_the_plane_in_degenerate_position():
    assert oracle(lines((1, 0, 0), (1, 0, -1), (2, 0, 5)), window=None).regions == 4
    assert oracle(lines((0, 0, 1), (0, 0, -1)), window=None).regions == 1
    assert oracle(random_net(2, 9, 1, seed=0, bias=0), window=None).regions == 18


def test_breakpoints_of_a_line_and_a_segment():
    net = lines((3, -1), (-2, 5), (1, 4))
    assert oracle(net, window=None).breakpoints == [-4, Fraction(1, 3), Fraction(5, 2)]
    path = Segment((-1,), (1,))
    assert oracle(net, slice=path, window=(0, 1)).breakpoints == [Fraction(2, 3)]
