"""Two-level lattices: maxima of minima of affine functions, written as ReLU networks.

Every continuous piecewise-affine function is one, so trees of maxima and
minima are what structured
networks look like: entries 0, +-1 and +-1/2, many equal units, many differences that vanish on whole
cells.
"""

from __future__ import annotations

import numpy as np

from geomtoy.network import Layer, Network

PAIR = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
"""a + b, -a - b, a - b, b - a: what a ReLU layer makes of a pair."""
MAXIMUM = np.array([0.5, -0.5, 0.5, 0.5])
MINIMUM = np.array([0.5, -0.5, -0.5, -0.5])


def two_level_lattice(n: int, m: int, *, seed: int, bits: int = 8, d_in: int = 2) -> Network:
    """max over n groups of the minimum of m functions drawn, with repetition, from n affine ones.

    Args:
        n, m: powers of 2, at least 2 together.
        bits: parameters of the affine functions are multiples of 2^-bits in [-1, 1], so that float sums
        of
            them are exact.
    Returns:
        a network of log2(n m) hidden layers, of n m 2, n m, ..., 4 units.
    Source: Tarela and Martinez 1999 (lattice form); networks of this kind are a benchmark of VNN-COMP.
    """
    rng = np.random.default_rng(seed)
    affine = rng.integers(-(2**bits), 2**bits + 1, (n, d_in + 1)) / 2**bits
    rows = affine[rng.integers(n, size=n * m)]
    layers: list[Layer] = []
    while len(rows) > 1 or not layers:
        pairs = len(rows) // 2
        layers.append((np.kron(np.eye(pairs), PAIR) @ rows, np.zeros(4 * pairs)))
        group = m * pairs * 2 // (n * m)  # leaves that are left of each group, before this layer
        combine = MINIMUM if group > 1 else MAXIMUM
        rows = np.kron(np.eye(pairs), combine)
    first, rest = layers[0][0], layers[1:]
    return Network([(first[:, :-1], first[:, -1]), *rest, (rows, np.zeros(1))])
