"""A zoo of awkward networks, each with its exact counts where they are known in closed form.

Every function in `ZOO` returns an `Animal`; counts that no formula gives are None, and the tests then
take the oracle's word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from builders import lines, random_net, tent, with_relu_twice

from geomtoy import UNIT_SQUARE, Network, PiecewiseLinear, Segment, Slice

ZOO: dict[str, Callable[[], Animal]] = {}


@dataclass(frozen=True)
class Animal:
    """A network, where to look at it, and the numbers of regions to be found there."""

    network: Network
    regions: int | None = None
    linear_regions: int | None = None
    window: Any = UNIT_SQUARE
    slice: Slice | Segment | None = None


def animal(make: Callable[[], Animal]) -> Callable[[], Animal]:
    ZOO[make.__name__] = make
    return make


# Lines that meet too often


@animal
def zero_bias_6():
    return Animal(random_net(2, 6, 1, seed=0, bias=0), 12, 12)


@animal
def zero_bias_16():
    return Animal(random_net(2, 16, 1, seed=0, bias=0), 32, 32)


@animal
def zero_bias_16_16():
    return Animal(random_net(2, 16, 16, 1, seed=0, bias=0))


@animal
def concurrent_away_from_origin():
    normals = [(1, 0), (0, 1), (1, 1), (1, -1), (2, 1)]
    return Animal(lines(*[(a, b, -(a + b) / 4) for a, b in normals]), 10, 10)


@animal
def twin_and_negated_units():
    x, y, diagonal = (1, 0, 0), (0, 1, 0), (2, 2, -1)
    return Animal(lines(x, y, diagonal, x, (-2, -2, 1), (0, -3, 0)), 7, 7)


@animal
def parallel_lines():
    return Animal(lines((1, 0, 0), (2, 0, 1), (-2, 0, 1), (4, 0, 8)), 4, 4)


@animal
def grid_14_14():
    steps = range(1, 15)
    return Animal(lines(*[(8, 0, k - 7.5) for k in steps], *[(0, 8, k - 7.5) for k in steps]), 225, 225)


@animal
def grid_7_21():
    columns = [(1, 0, k / 4) for k in range(-3, 4)]
    return Animal(lines(*columns, *[(0, 11, k) for k in range(-10, 11)]), 176, 176)


# Lines and the window's border


@animal
def through_corners():
    return Animal(lines((1, 1, 0), (1, -1, 0), (1, 0, 0), (0, 1, 0)), 8, 8)


@animal
def fan_from_a_corner():
    return Animal(lines((1, -1, 0), (1, -2, -1), (2, -1, 1)), 4, 4)


@animal
def touching_corners_only():
    return Animal(lines((1, 1, -2), (1, 1, 2), (2, -1, 3)), 1, 1)


@animal
def along_window_sides():
    return Animal(lines((1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1)), 1, 1)


@animal
def along_a_side_of_a_triangle():
    triangle = ((0, 0), (1, 0), (Fraction(1, 3), 1))
    return Animal(lines((3, -1, 0), (0, 1, 0), (3, -2, 0), (1, 0, -1)), 2, 2, triangle)


@animal
def clockwise_pentagon():
    pentagon = ((0, 2), (2, 1), (1, -1), (-1, -1), (-2, 1))
    return Animal(lines((1, 0, 0), (1, 0, -1), (0, 1, -1), (0, 1, 1)), 6, 6, pentagon)


# Units that do nothing


@animal
def all_zero():
    sizes = [(4, 2), (3, 4), (1, 3)]
    return Animal(Network([(np.zeros(size), np.zeros(size[0])) for size in sizes]), 1, 1)


@animal
def dead_units():
    return Animal(lines((1, 0, 0), (1, 1, -9), (0, 0, 0), (0, 0, -1), (0, 0, 1), (1, -1, 9)), 2, 2)


@animal
def dead_layer():
    layers = [([[1, 0], [0, 1]], [0, 0]), ([[-1, -1], [0, 0]], [0, -1]), ([[1, 1]], [0])]
    return Animal(Network(layers), 4, 1)


@animal
def zero_on_whole_cells():
    """Second-layer units relu(x) and relu(x) - relu(y): 0 on a half plane and on a quadrant."""
    layers = [([[1, 0], [0, 1]], [0, 0]), ([[1, 0], [1, -1]], [0, 0]), ([[1, 3]], [0])]
    return Animal(Network(layers), 5, 4)


@animal
def zero_on_the_slice():
    plane = Slice((0, 0, 1), (1, 0, 0), (0, 1, 0))
    return Animal(lines((0, 0, 1, -1), (1, 1, 1, -1), (0, 1, 0, 0)), 4, 4, slice=plane)


@animal
def relu_twice():
    return Animal(with_relu_twice(lines((1, 0, 0), (0, 1, 0), (2, 2, -1))), 7, 7)


# Linear regions that join, or do not


@animal
def kinks_cancel():
    """relu(x) - relu(-x) is x, and the line y = 0 stays."""
    return Animal(lines((1, 0, 0), (-1, 0, 0), (0, 1, 0), out=[1, -1, 1]), 4, 2)


@animal
def join_around_a_corner():
    """min(relu(x), relu(y)) is 0 on three quadrants."""
    layers = [([[1, 0], [0, 1]], [0, 0]), ([[1, 0], [1, -1]], [0, 0]), ([[1, -1]], [0])]
    return Animal(Network(layers), 5, 3)


@animal
def bump():
    """Zero on both sides of a hat: one map, two linear regions."""
    return Animal(lines((2, 0, 1), (1, 0, 0), (2, 0, -1), out=[1, -4, 1]), 4, 4)


@animal
def touching_at_a_point():
    """relu(min(x, y)) + relu(-max(x, y)) is 0 on two quadrants that share the origin only."""
    first = [[1, 0], [-1, 0], [1, -1], [-1, 1]]
    layers = [(first, [0] * 4), ([[1, -1, -1, 0], [-1, 1, 0, -1]], [0, 0]), ([[1, 1]], [0])]
    return Animal(Network(layers), 6, 6)


@animal
def same_slope_on_both_sides():
    no_kink = PiecewiseLinear((0, Fraction(1, 2)), (1, 1, 1), name="no_kink")
    return Animal(lines((1, 0, 0), (0, 1, 0), activation=no_kink), 9, 1)


# Few bits and many


@animal
def quarters_16_16():
    return Animal(random_net(2, 16, 16, 1, seed=4, denominator=4))


@animal
def quarters_24():
    return Animal(random_net(2, 24, 1, seed=5, denominator=4))


@animal
def integers_6_6_6():
    return Animal(random_net(2, 6, 6, 6, 1, seed=6, denominator=1))


@animal
def thirds():
    rng = np.random.default_rng(7)
    third = np.frompyfunc(lambda k: Fraction(int(k), 3), 1, 1)
    sizes = [(8, 2), (8, 8), (1, 8)]
    return Animal(Network([[third(rng.integers(-3, 4, k)) for k in (size, size[0])] for size in sizes]))


@animal
def float_tenths():
    """x = 0.1, y = 0.2, x + y = 0.3: as floats the lines bound a triangle ..."""
    return Animal(lines((1, 0, -0.1), (0, 1, -0.2), (1, 1, -0.3)), 7, 7)


@animal
def rational_tenths():
    """... and as rationals they meet in a point."""
    rows = (1, 0, Fraction(-1, 10)), (0, 1, Fraction(-2, 10)), (1, 1, Fraction(-3, 10))
    return Animal(lines(*rows), 6, 6)


@animal
def rounded_sum():
    return Animal(lines((1, 0, -0.1), (0, 1, -0.2), (1, 1, -(0.1 + 0.2))), 7, 7)


@animal
def triangle_of_subnormal_size():
    return Animal(lines((1, 1, 0), (1, -1, 0), (1, 0, -5e-324)), 7, 7)


@animal
def one_ulp_steep():
    """Two lines through the origin whose slopes differ by one ulp, and a third across them."""
    return Animal(lines((1, -1, 0), (1, -np.nextafter(1, 2), 0), (0, 1, -0.5)), 7, 7)


@animal
def huge_and_tiny_scales():
    up, down = 2.0**600, 2.0**-600
    layers = [
        ([[down, 0], [0, up], [2 * up, 2 * up]], [0, 0, -up]),
        (np.diag([up, down, down]), np.zeros(3)),
        ([[1, 2, 4]], [0]),
    ]
    return Animal(Network(layers), 7, 7)


@animal
def products_that_underflow():
    """The first unit is positive inside, though 2^-600 times the window's 2^-600 is 0 in float64."""
    tiny, huge = 2.0**-600, 2.0**600
    layers = [([[tiny, tiny]], [0]), ([[huge]], [0]), ([[huge]], [-0.5]), ([[1]], [0])]
    return Animal(Network(layers), 2, 2, ((0, 0), (tiny, 0), (0, tiny)))


@animal
def smallest_weights():
    """One pattern, and the unit is on."""
    return Animal(lines((5e-324, 5e-324, 0)), 1, 1, ((0, 0), (1, 0), (0, 1)))


@animal
def subnormal_layers():
    """Small integers times the smallest float, in two layers: the counts are those of the integers."""
    e = 5e-324
    layers = [([[-e, -3 * e], [2 * e, -2 * e]], [-e, 2 * e]), ([[-2 * e, e]], [0]), ([[1]], [0])]
    return Animal(Network(layers), 4, 4)


@animal
def decimal_scales():
    net = random_net(2, 5, 5, 1, seed=8)
    (W1, b1), (W2, b2), last = net.layers
    return Animal(Network([(W1 * 1e-200, b1 * 1e-200), (W2 * 1e200, b2), last]))


# Folds


@animal
def tent_8():
    return Animal(tent(8), 2**8, 2**8, (0, 1))


@animal
def tent_7_in_the_plane():
    return Animal(tent(7, d_in=2), 2**7 + 1, 2**7 + 1)


@animal
def tent_6_on_a_segment():
    return Animal(tent(6, d_in=2), 2**6, 2**6, (0, 1), Segment((0, 0), (1, 3)))


@animal
def folded_square():
    """|x|, |y|, then |2 z - 1| twice: each fold quarters every cell."""
    fold = (2 * np.eye(2), [-1, -1])
    return Animal(Network([(np.eye(2), [0, 0]), fold, fold, ([[1, 3]], [0])], "abs"), 64, 64)


@animal
def hard_tanh_stripes():
    return Animal(lines((2, 0, 0), (0, 3, 0), (0, 0, 5), activation="hard_tanh"), 9, 9)


@animal
def leaky_grid():
    return Animal(lines((1, 0, 0), (0, 1, 0), (1, 1, 0), activation="leaky_relu"), 6, 6)
