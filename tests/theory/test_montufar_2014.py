"""Montufar et al. 2014, arXiv:1402.1869, theorem 4: folding layers multiply the regions of the last."""

import numpy as np
import pytest

from geomtoy import Network, count_regions
from geomtoy.theory import montufar_lower_bound, montufar_upper_bound

WINDOW = ((0, 0), (1, 0), (1, 1), (0, 1))


def folds(p):
    """p units of one input whose alternating sum maps each [k/p, (k+1)/p] onto [0, 1]."""
    slopes = np.array([p] + [2 * p] * (p - 1))
    return slopes, -2.0 * np.arange(p), (-1.0) ** np.arange(p)


def folding_network(p, depth):
    """`depth` layers of 2 p units that fold each coordinate p times, then three generic lines.

    The three units are on in their triangle, so nowhere are all off: no region is constant, and none
    joins its mirror image across a fold.
    """
    slopes, biases, signs = folds(p)
    weight, bias = np.kron(np.eye(2), slopes[:, None]), np.tile(biases, 2)
    read = np.kron(np.eye(2), signs)
    lines, offsets = np.array([[-4, -1], [-1, 3], [3, -4]]), np.array([2, -1, 0.75])
    layers = [(weight, bias)] + [(weight @ read, bias)] * (depth - 1)
    return Network([*layers, (lines @ read, offsets), ([[1, 5, 7]], [0])])


@pytest.mark.parametrize(("p", "depth"), [(2, 1), (2, 2), (3, 1), (4, 1)])
def test_the_construction_reaches_the_bound(p, depth):
    net = folding_network(p, depth)
    bound = montufar_lower_bound(net.widths, 2)
    inside = count_regions(net, window=WINDOW)
    assert inside.regions == inside.linear_regions == bound == p ** (2 * depth) * 7
    assert bound <= count_regions(net, window=None).linear_regions <= montufar_upper_bound(net.widths, 2)


def test_exponential_in_depth():
    counts = [count_regions(folding_network(2, k), window=WINDOW).linear_regions for k in (1, 2, 3)]
    assert np.polyfit([1, 2, 3], np.log2(counts), 1)[0] == pytest.approx(2)
