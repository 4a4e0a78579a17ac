"""Switches that no output sees: known without computing what the outputs are.

From one cell to another, let the units that switch do so layer by layer. What a unit adds by switching
is a function of its own map, as the layers before it are on the second cell, times the derivative of the
outputs by its activation, as the layers after it are on the first. Where all that is 0, the outputs are
the same map on both cells.

A derivative is followed in float64, from the 1 it begins with, and is taken for 0 only where it is:
where nothing comes in, or where two terms cancel that float64 holds exactly. So losers of a maximum are
seen to be: max(a, b) = max(a - b, 0) + b, and what b adds to the first it takes from the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.maps.cuts import cuts_of, pieces
from geomtoy.regions.maps.levels import Level, ancestors

LEAST, MOST = 2.0**-200, 2.0**200
"""Sizes between which products of two floats are neither subnormal nor infinite."""

PAIRS = 1024
"""Pairs that are looked at together."""


class Derivatives(NamedTuple):
    """By units that switch, of the units of a layer."""

    pair: np.ndarray  # (k,) between whose cells the unit switches
    value: np.ndarray  # (k, n) 0 only where the derivative is
    exact: np.ndarray  # (k, n) whether it is the derivative

    def chosen(self, which: np.ndarray) -> Derivatives:
        return Derivatives(*(array[which] for array in self))


@np.errstate(all="ignore")
def switch_unseen(network: Network, levels: Sequence[Level], pairs: np.ndarray) -> np.ndarray:
    """Of pairs (k, 2) of cells of the last level, those (k,) between which nothing switches that is seen
    in an output. What is not known to be so counts as seen."""
    unseen = np.zeros(len(pairs), bool)
    for first in (0, 1):
        asked = np.flatnonzero(~unseen)
        for low in range(0, len(asked), PAIRS):
            some = asked[low : low + PAIRS]
            unseen[some] = _unseen(network, levels, ancestors(levels, pairs[some]), first)
    return unseen


def _unseen(
    network: Network, levels: Sequence[Level], cells: list[np.ndarray], first: int
) -> np.ndarray:
    """The same, from one of the two cells to the other."""
    k = len(cells[0])
    found = Derivatives(np.empty(0, int), np.empty((0, network.d_in)), np.empty((0, network.d_in), bool))
    passes = np.ones((k, network.d_in), bool)
    for layer in range(1, len(network.layers)):
        cuts, bits = cuts_of(network, layer), levels[layer].bits[cells[layer]]
        begin, end = (pieces(np.ascontiguousarray(bits[:, side]), cuts) for side in (first, 1 - first))
        of_unit = cuts.first[:-1] + np.arange(len(cuts.first) - 1)
        W, b = network.layers[layer - 1]
        varies = (passes.astype(np.float32) @ (W != 0).T.astype(np.float32) > 0) | (b != 0)
        passes = ~cuts.zero[of_unit + end] & (varies | (not cuts.relu))
        found = _through_weights(found, network, layer)
        found = _times(found, cuts.slope[of_unit + begin][found.pair])
        found = _with_switches(found, (begin != end) & (varies | (not cuts.relu)))
    found = _through_weights(found, network, len(network.layers))
    unseen = np.ones(k, bool)
    unseen[found.pair] = False
    return unseen


def _with_switches(found: Derivatives, switches: np.ndarray) -> Derivatives:
    """And those by the units that switch (pairs, n), of themselves."""
    pair, unit = np.nonzero(switches)
    value = np.zeros((len(pair), switches.shape[1]))
    value[np.arange(len(pair)), unit] = 1.0
    new = Derivatives(pair, value, np.ones(value.shape, bool))
    return Derivatives(*map(np.concatenate, zip(found, new, strict=True)))


def _through_weights(found: Derivatives, network: Network, layer: int) -> Derivatives:
    """Of the preactivations of a layer, by those that are seen in any of them."""
    W, floats = network.layers[layer - 1][0], network.float_layers[layer - 1][0]
    connected = (W != 0).T.astype(np.float32)
    comes = found.value != 0
    terms, doubtful, odd = (
        which.astype(np.float32) @ connected
        for which in (comes, comes & ~found.exact, comes & ~_is_power(found.value))
    )
    plain = (_is_power(floats) | (floats == 0)).all(axis=1)  # times these, or powers, all is exact
    held = (doubtful == 0) & (plain | (odd == 0)) & (floats == W).all(axis=1)
    value = found.value @ floats.T
    cancels = held & (terms == 2) & (value == 0)
    value[(terms > 0) & ~cancels & ~(np.abs(value) > 0)] = 1.0  # of unknown size, but not known to be 0
    value[terms == 0] = 0.0
    return _sized(Derivatives(found.pair, value, (terms == 0) | cancels | (held & (terms == 1))))


def _is_power(numbers: np.ndarray) -> np.ndarray:
    """Whether numbers are powers of two, or their negatives."""
    power: np.ndarray = np.abs(np.frexp(numbers)[0]) == 0.5
    return power


def _times(found: Derivatives, slope: np.ndarray) -> Derivatives:
    """Times slopes (k, n), of which only 1 and 0 keep them exact."""
    value = np.where(slope == 0, 0.0, found.value * slope)
    value[(slope != 0) & (found.value != 0) & ~(np.abs(value) > 0)] = 1.0
    exact = (value == 0) | (found.exact & (slope == 1))
    return _sized(Derivatives(found.pair, value, exact))


def _sized(found: Derivatives) -> Derivatives:
    """Those that are not all 0; what is too large or small for products to be exact is not exact."""
    size = np.abs(found.value)
    exact = found.exact & ((size == 0) | ((size > LEAST) & (size < MOST)))
    return found._replace(exact=exact).chosen((found.value != 0).any(axis=1))
