"""Small networks of all kinds, their complexes in a square, and patterns straight from definitions."""

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from builders import random_net
from strategies import STEPS

from geomtoy import Network, enumerate_regions

FAR_SQUARE = ((-3, -3), (3, -3), (3, 3), (-3, 3))
NETS = {
    "one layer": random_net(2, 12, 1, seed=0),
    "two layers": random_net(2, 8, 8, 3, seed=1),
    "integers": random_net(2, 5, 5, 5, 1, seed=2, denominator=1),
    "steps": Network(random_net(2, 5, 4, 2, seed=3).layers, [STEPS, "abs"]),
    "deep and narrow": random_net(2, *[8] * 10, 1, seed=4),
    "one unit": random_net(2, 1, 1, seed=5),
    "no hidden layer": random_net(2, 2, seed=6),
    "float32": Network([(W.astype(np.float32), b) for W, b in random_net(2, 6, 6, 1, seed=8).layers]),
}
each_net = pytest.mark.parametrize("name", NETS)


@cache
def cells_of(name):
    return enumerate_regions(NETS[name], window=FAR_SQUARE)


def exact_points(rows):
    return np.array([[Fraction(z) for z in row] for row in rows], dtype=object)


def pattern_at(net, points):
    """Pieces of all units at exact points, each breakpoint belonging to the piece on its left."""
    z = net.preactivations(points)
    parts = [
        np.vectorize(act.piece, otypes=[int])(part) for part, act in zip(z, net.activations, strict=True)
    ]
    return np.concatenate([np.empty((len(points), 0), int), *parts], axis=1)
