"""Units that no input reaches on a cell, since all that enters them is zero: known to be their bias.

After ReLU units that are off, maxima compare zeros with zeros on whole cells. No error bound can tell
that such a difference is 0, and it is known without arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.maps.cuts import cuts_of, pieces
from geomtoy.regions.maps.levels import Level


def unreached(network: Network, levels: Sequence[Level], layer: int, cells: np.ndarray) -> np.ndarray:
    """Units (k, n) of a hidden layer (from 1) that equal their bias on the whole of given cells.

    Args:
        cells: (k,) of the level before the layer; each once, in ascending order.
    Exactness: a unit that is named is unreached; others may be constant all the same.
    Cost: O(k n_{l-1} n_l) float32 operations; the layers before it only where carried values wait.
    """
    if layer == 1:
        return np.zeros((len(cells), network.widths[0]), bool)
    enters = (network.layers[layer - 1][0] != 0).astype(np.float32)
    counts = _active(network, levels, layer - 1, cells).astype(np.float32) @ enters.T
    nothing: np.ndarray = counts == 0
    return nothing


def _active(network: Network, levels: Sequence[Level], layer: int, cells: np.ndarray) -> np.ndarray:
    """Units (k, n) of a hidden layer that may pass on something but zero on cells of its own level."""
    units, cuts, level = network.units(layer), cuts_of(network, layer), levels[layer]
    place = pieces(level.bits[cells], cuts) + cuts.first[:-1] + np.arange(len(units))
    tilted = np.array([slope != 0 for act in units for slope in act.slopes])[place]
    raised = np.array([offset != 0 for act in units for offset in act.offsets])[place]
    still = network.layers[layer - 1][1] == 0  # 0 unless reached
    if not (tilted & still).any():
        return tilted | raised
    parents, child = np.unique(level.parent[cells], return_inverse=True)
    zero = still & unreached(network, levels, layer, parents)[child]
    return raised | (tilted & ~zero)


def constant_signs(network: Network, layer: int) -> np.ndarray:
    """Sign (n_cuts,) of each cut of a layer where its unit equals its bias."""
    biases, units = network.layers[layer - 1][1].tolist(), network.units(layer)
    gaps = [
        (b > tau) - (b < tau) for b, act in zip(biases, units, strict=True) for tau in act.breakpoints
    ]
    return np.array(gaps, np.int8)
