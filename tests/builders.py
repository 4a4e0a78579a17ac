"""Builders of small networks: lines of the plane, random weights, folds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from geomtoy import Network


def lines(*rows, activation="relu", out=None) -> Network:
    """One hidden layer with preactivations a x + b y + c; outputs 1, 2, 4, ... tell the units apart."""
    rows = np.array(rows)
    out = [2**k for k in range(len(rows))] if out is None else out
    return Network([(rows[:, :-1], rows[:, -1]), ([out], [0])], activation)


def random_net(*widths, seed, denominator=None, bias=1.0) -> Network:
    """Gaussian parameters, or integers in -6..6 over a denominator."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        if denominator is None:
            return rng.normal(size=shape)
        return rng.integers(-6, 7, size=shape) / denominator

    return Network([(draw(m, n), bias * draw(m)) for n, m in pairwise(widths)])


def he_net(rng, *widths, sigma_b) -> Network:
    """He-normal weights and N(0, sigma_b^2) biases from a generator."""
    layers = []
    for n, m in pairwise(widths):
        layers.append((rng.normal(size=(m, n)) * (2 / n) ** 0.5, sigma_b * rng.normal(size=m)))
    return Network(layers)


def tent(depth, d_in=1) -> Network:
    """x -> 2 relu(x) - 4 relu(x - 1/2), composed `depth` times on the first coordinate."""
    first = np.eye(1, d_in).repeat(2, axis=0)
    fold, bias = np.array([[2.0, -4.0], [2.0, -4.0]]), np.array([0.0, -0.5])
    return Network([(first, bias), *[(fold, bias)] * (depth - 1), (fold[:1], [0.0])])


def with_relu_twice(network) -> Network:
    """The same function with an idle identity layer after the first hidden layer."""
    width = network.widths[0]
    return Network([network.layers[0], (np.eye(width), np.zeros(width)), *network.layers[1:]])
