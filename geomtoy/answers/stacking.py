"""Two networks of one input as one network, which computes both and rounds nothing."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from scipy.linalg import block_diag

from geomtoy.activations import IDENTITY, PiecewiseLinear, exact
from geomtoy.errors import NetworkError
from geomtoy.network import Layer, Network

Units = tuple[PiecewiseLinear, ...]


def stacked(f: Network, g: Network) -> Network:
    """x -> (f(x), g(x)), with the units of both in each hidden layer, those of f first.

    Its regions are the overlay of theirs. The outputs of the shallower network pass through layers of
    identity units, which cut nothing.

    Raises:
        NetworkError: the networks take different numbers of inputs.
    """
    if f.d_in != g.d_in:
        raise NetworkError(
            f"one network takes {f.d_in} inputs and the other {g.d_in} inputs; give equal ones"
        )
    depth = max(len(f.layers), len(g.layers))
    one, other = _deepened(f, depth), _deepened(g, depth)
    (W, b), (V, c) = one.layers[0], other.layers[0]
    first: Layer = (np.concatenate([W, V]), np.concatenate([b, c]))
    layers = [first, *map(_side_by_side, one.layers[1:], other.layers[1:])]
    if depth == 1:
        return Network([first])
    hidden = range(1, depth)
    activations = [one.units(k) + other.units(k) for k in hidden]
    return Network(layers, activations, [*_renumbered(one, other, 0), *_renumbered(other, one, 1)])


def difference(f: Network, g: Network) -> Network:
    """x -> f(x) - g(x), on the overlay of both.

    Raises:
        NetworkError: the networks take or give different numbers of values.
    """
    if f.d_out != g.d_out:
        raise NetworkError(
            f"one network gives {f.d_out} outputs and the other {g.d_out} outputs; give equal ones"
        )
    both = stacked(f, g)
    W, b = both.layers[-1]
    n = f.d_out
    if len(both.layers) == 1:
        return Network([(_exactly_less(W[:n], W[n:]), _exactly_less(b[:n], b[n:]))])
    joined = W[:n] - W[n:]  # where one has entries, the other has none
    return Network(
        [*both.layers[:-1], (joined, _exactly_less(b[:n], b[n:]))], both.activations, both.maxima
    )


def _deepened(network: Network, depth: int) -> Network:
    """The same function with layers of identity units behind its outputs."""
    more = depth - len(network.layers)
    copy: Layer = (np.eye(network.d_out), np.zeros(network.d_out))
    layers = [*network.layers, *[copy] * more]
    return Network(layers, [*network.activations, *[IDENTITY] * more], network.maxima)


def _side_by_side(one: Layer, other: Layer) -> Layer:
    kind = object if any(array.dtype == object for array in (*one, *other)) else float
    W = block_diag(one[0], other[0]).astype(kind)
    return W, np.concatenate([one[1], other[1]])


def _renumbered(network: Network, other: Network, behind: int) -> list[list[int]]:
    """The maxima of a network whose units stand before (0) or behind (1) the other's in each layer."""
    widths = zip(network.widths, other.widths, strict=True)
    starts = [0, *accumulate(own + its for own, its in widths)]
    number = [
        start + behind * its + unit
        for start, own, its in zip(starts, network.widths, other.widths, strict=False)
        for unit in range(own)
    ]
    return [[number[unit] for unit in units] for units in network.maxima]


def _exactly_less(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a - b in Fractions."""
    rational = np.frompyfunc(lambda x, y: exact(x, "a parameter") - exact(y, "a parameter"), 2, 1)
    found: np.ndarray = rational(a, b)
    return found
