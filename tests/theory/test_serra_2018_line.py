"""Serra et al. 2018, arXiv:1711.02114, theorem 5: on one input, at most prod_l (n_l + 1), attained."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from geomtoy import Network, count_regions
from geomtoy.theory import serra_lower_bound, serra_upper_bound


def zigzag(n):
    """n >= 3 units whose sum maps each of n + 1 pieces of [0, 1] onto [0, 1], up and down in turn.

    The first breakpoint ends a piece of slope 2 a, the others are 1 / a apart with slopes -a, a, ...;
    a = n + 1/2. The third unit looks left: then the first slope is -(jump of the third), which is 2 a.
    """
    a = Fraction(2 * n + 1, 2)
    breakpoints = [Fraction(1, 2) / a + k / a for k in range(n)]
    slopes = [2 * a] + [(-1) ** k * a for k in range(1, n + 1)]
    jumps = [right - left for left, right in pairwise(slopes)]
    sides = [-1 if k == 2 else 1 for k in range(n)]
    value = sum(j * max(Fraction(0), -s * t) for j, s, t in zip(jumps, sides, breakpoints, strict=True))
    biases = [-s * t for s, t in zip(sides, breakpoints, strict=True)]
    return [[Fraction(s)] for s in sides], biases, [jumps], [-value]


def composed(widths):
    layers, read, constant = [], np.array([[Fraction(1)]]), np.array([Fraction(0)])
    for n in widths:
        W, b, out, c = (np.array(part, dtype=object) for part in zigzag(n))
        layers.append((W @ read, b + W @ constant))
        read, constant = out, c
    return Network([*layers, (read, constant)])


@pytest.mark.parametrize("widths", [(3,), (4,), (7,), (3, 3), (3, 4, 5), (5, 3, 3)])
def test_the_bound_is_attained(widths):
    net = composed(widths)
    most = int(np.prod([n + 1 for n in widths]))
    assert serra_upper_bound(widths, 1) == most
    assert count_regions(net, window=(0, 1)).linear_regions == most
    count = count_regions(net, window=None)
    assert count.regions == count.linear_regions == most


def tangents(degrees, radius):
    """Lines around (1/2, 1/2), on towards it; some line is on everywhere if they close a polygon."""
    angle = np.radians(degrees)
    normals = np.column_stack([np.cos(angle), np.sin(angle)])
    return -normals, radius + normals.sum(axis=1) / 2


@pytest.mark.parametrize("n", [3, 4])
def test_zigzags_of_both_coordinates_give_the_lower_bound_in_the_plane(n):
    """Theorem 6: each of the (n + 1)^2 cells of the zigzags shows the arrangement of the last layer."""
    W, b, out, c = (np.array(part, dtype=object) for part in zigzag(n))
    lines, offsets = tangents([0, 18, 72, 144, 216, 288], radius=0.07)
    to_fraction = np.frompyfunc(Fraction, 1, 1)
    lines, offsets = to_fraction(lines), to_fraction(offsets)
    one = np.eye(2, dtype=int).astype(object)
    folding = (np.kron(one, W), np.tile(b, 2))
    reading = (lines @ np.kron(one, out), offsets + lines @ np.tile(c, 2))
    net = Network([folding, reading, ([[1, 5, 7, 11, 13, 17]], [0])])
    inside = count_regions(net, window=((0, 0), (1, 0), (1, 1), (0, 1)))
    assert inside.linear_regions == serra_lower_bound(net.widths, 2) == (n + 1) ** 2 * 22
