"""Builders of small networks: lines of the plane, random weights, few weights, folds, images."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

from geomtoy import Network, PiecewiseLinear, Slice, compile_layers
from geomtoy.activations import activation
from geomtoy.layers import Affine, Conv2d, Flatten, MaxPool2d

ACTS = [
    *map(activation, ("relu", "relu", "abs", "leaky_relu", "hard_tanh", "identity")),
    PiecewiseLinear((-1, Fraction(1, 3)), (-1, 0, 2), value=1),
]
"""Of units with few weights."""


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


def few_weights(seed, step=Fraction(1, 2)):
    """Every unit sees two of the layer before, or one or none; all kinds of activations."""
    rng = np.random.default_rng(seed)
    layers = [(rng.integers(-4, 5, (8, 2)) * step, rng.integers(-2, 3, 8) * step)]
    for _ in range(2):
        W = np.zeros((8, 8), int)
        for row in W:
            row[rng.choice(8, 2, replace=False)] = rng.choice([-2, -1, 0, 1, 1, 2], 2)
        layers.append((W * step, rng.choice([-1, 0, 0, 1], 8) * step))
    layers.append((rng.integers(-2, 3, (1, 8)) * step, np.zeros(1, int) * step))
    acts = [[ACTS[k] for k in rng.integers(len(ACTS), size=8)] for _ in range(3)]
    return Network(layers, acts if seed % 2 else "relu"), None


def few_directions(seed):
    """Units of a layer are multiples of few, so that many cancel further on."""
    rng = np.random.default_rng(seed)
    act = ["relu", "leaky_relu", "abs", "hard_tanh"][seed % 4]
    layers, width = [], 2
    for n in rng.integers(4, 10, size=1 + seed % 3):
        some = rng.integers(0, max(1, n // 2), size=n)
        W, b = rng.integers(-2, 3, size=(n, width)), rng.integers(-2, 3, size=n)
        layers.append((W[some] * rng.choice([-1, 1, 2], size=(n, 1)) / 2, b[some] / 4))
        width = n
    return Network([*layers, (rng.integers(-1, 2, size=(1, width)), [0])], act)


def image_net(side=6, channels=1):
    """Convolution, ReLU, max-pooling and a dense layer, with Gaussian parameters."""
    rng = np.random.default_rng(0)
    pooled = channels * ((side - 2) // 2) ** 2
    layers = [
        Conv2d(rng.normal(0, 0.5, (channels, 1, 3, 3)), rng.normal(0, 0.3, channels)), "relu",
        MaxPool2d(2), Flatten(), Affine(rng.normal(size=(4, pooled)), rng.normal(size=4)), "relu",
        Affine(rng.normal(size=(1, 4))),
    ]  # fmt: skip
    return compile_layers(layers, (1, side, side)), Slice(*rng.normal(size=(3, side * side)).tolist())
