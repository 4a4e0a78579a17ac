"""Two classification tasks: addition modulo a prime, and two spirals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ADDITION, SPIRALS = "modular addition", "two spirals"
PRIME = 23
SHARE = 0.8
"""Of all sums that are trained."""
POINTS = 200
"""Of the spirals, in each part."""
TURNS, NOISE = 1.5, 0.02


class Data(NamedTuple):
    """Inputs (n, d) and classes (n,), to train on and to test with."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def draw(task: str, seed: int) -> Data:
    """Of `ADDITION` or `SPIRALS`."""
    rng = np.random.default_rng(seed)
    return addition(rng) if task == ADDITION else spirals(rng)


def addition(rng: np.random.Generator) -> Data:
    """a + b modulo p; the two summands are one-hot, one after the other."""
    a, b = np.divmod(np.arange(PRIME**2), PRIME)
    x = np.concatenate([np.eye(PRIME)[a], np.eye(PRIME)[b]], axis=1)
    order = rng.permutation(PRIME**2)
    train, test = np.split(order, [int(SHARE * len(order))])
    y = (a + b) % PRIME
    return Data(x[train], y[train], x[test], y[test])


def spirals(rng: np.random.Generator) -> Data:
    """Two arms in [-1, 1]^2, with noise."""
    radius = rng.uniform(0.1, 0.9, 2 * POINTS)
    y = np.arange(2 * POINTS) % 2
    angle = 2 * np.pi * TURNS * radius + np.pi * y
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x += NOISE * rng.normal(size=x.shape)
    return Data(x[:POINTS], y[:POINTS], x[POINTS:], y[POINTS:])
