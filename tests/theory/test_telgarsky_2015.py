"""Telgarsky 2015, arXiv:1509.08101: the tent map composed k times has 2^k pieces on [0, 1]."""

import pytest
from builders import tent

from geomtoy import Segment, count_regions, enumerate_regions
from geomtoy.theory import serra_upper_bound


@pytest.mark.parametrize("depth", [1, 2, 5, 10])
def test_two_to_the_depth(depth):
    count = count_regions(tent(depth), window=(0, 1))
    assert count.regions == count.linear_regions == 2**depth <= serra_upper_bound([2] * depth, 1)


def test_breakpoints_are_dyadic():
    pieces = enumerate_regions(tent(6), window=(0, 1))
    assert [64 * x for x in pieces.exact_breakpoints()] == list(range(1, 64))


def test_the_same_in_the_plane_and_along_a_segment():
    net = tent(12, d_in=2)
    assert count_regions(net).regions == 2**12 + 1
    assert count_regions(net, slice=Segment((0, -1), (1, 1)), window=(0, 1)).regions == 2**12
