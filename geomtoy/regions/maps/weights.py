"""The parameters of a layer as the kernels of maps read them."""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.numbers.grids import grids, powers

SPARSE = 8
"""A layer of which less than one weight in so many is not 0 is worked on weight by weight."""


class Weights(NamedTuple):
    """A layer's parameters as the kernels read them."""

    WT: np.ndarray  # (n_in, n)
    bias: np.ndarray
    rounded: bool  # whether they may differ from the true ones
    grid: np.ndarray  # (n,) power of two of which all weights into a unit are multiples
    bias_limit: np.ndarray  # (n,) 2^53 times that of its bias
    sparse: bool  # whether so few weights are not 0 that only those are worked on
    start: np.ndarray  # (n_in + 1,) CSR of the weights out of each unit: target and value
    target: np.ndarray
    value: np.ndarray


def weights_of(network: Network, layer: int) -> Weights:
    """Parameters of the layer after hidden layer `layer` (from 1); the arrays are shared, nobody writes
    into them."""
    known = _known.setdefault(network, {})
    if layer not in known:
        known[layer] = pack_weights(*network.float_layers[layer], network.is_rational)
    return known[layer]


_known: WeakKeyDictionary[Network, dict[int, Weights]] = WeakKeyDictionary()


def pack_weights(W: np.ndarray, bias: np.ndarray, rounded: bool) -> Weights:
    """Weights (n, n_in) and biases, which may be rounded."""
    WT = np.ascontiguousarray(W.T)
    sparse = bool(np.count_nonzero(WT) * SPARSE < WT.size)
    source, target = np.nonzero(WT if sparse else WT[:0])
    return Weights(
        WT,
        bias,
        rounded,
        powers(grids(W)),
        powers(grids(bias[:, None]) + 53),
        sparse,
        np.searchsorted(source, np.arange(len(WT) + 1)),
        np.ascontiguousarray(target),  # `nonzero` gives columns, for which kernels are compiled again
        WT[source, target],
    )
