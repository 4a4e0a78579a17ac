"""What is known of units on a cell without arithmetic, from the pieces of the units that enter them.

A unit that no input reaches, since all that enters it is zero, equals its bias: after ReLU units that
are off, maxima compare zeros with zeros on whole cells, and no error bound can tell that such a
difference is 0. And a unit has one sign if all that enters it has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.maps.cuts import cuts_of, pieces
from geomtoy.regions.maps.groups import Kind
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.numbers.filter import UNDECIDED


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


def known_signs(kind: Kind, bits: np.ndarray, sign: np.ndarray, bits_hold: bool) -> np.ndarray:
    """Signs (k, m) that the units of a group have inside a cell, UNDECIDED where that is not known.

    Args:
        kind: of the group. bits: (k, cuts) of the units it sees. sign: (k, s) what is known of those
            before their activation.
        bits_hold: whether bits are right on all of the cell.
    Exactness: sums of numbers of one sign have it; nothing is added up.
    """
    passed = _passed_signs(kind, bits, sign, bits_hold)
    weight, bias = _signs_of(kind.W), _signs_of(kind.b)
    terms = weight * np.where(passed == UNDECIDED, 0, passed)[:, None, :]
    above = (terms > 0).any(axis=2) | (bias > 0)
    below = (terms < 0).any(axis=2) | (bias < 0)
    open_ = ((weight != 0) & (passed == UNDECIDED)[:, None, :]).any(axis=2)
    found: np.ndarray = np.where(open_ | (above & below), UNDECIDED, above.astype(np.int8) - below)
    return found


def _passed_signs(kind: Kind, bits: np.ndarray, sign: np.ndarray, bits_hold: bool) -> np.ndarray:
    """Signs (k, s) of what the units that a group sees pass on."""
    passed = np.full(sign.shape, UNDECIDED)
    first = kind.before.first
    for j, act in enumerate(kind.acts_before):
        piece = bits[:, first[j] : first[j + 1]].sum(axis=1)
        z = sign[:, j]
        if bits_hold and 0 in act.breakpoints:  # above it
            z = np.where(bits[:, first[j] + act.breakpoints.index(0)] == 1, 1, z)
        for p, (slope, offset) in enumerate(zip(act.slopes, act.offsets, strict=True)):
            here = piece == p
            if slope == 0:
                passed[here, j] = (offset > 0) - (offset < 0)
            elif offset == 0 and bits_hold:
                times = np.where(z == UNDECIDED, UNDECIDED, z * (1 if slope > 0 else -1))
                passed[here, j] = times[here]
    return passed


def signs_of_cuts(kind: Kind, sign: np.ndarray) -> np.ndarray:
    """Signs (k, cuts) of a group's cuts, from those of its units (k, m)."""
    columns = []
    for i, act in enumerate(kind.acts):
        z = sign[:, i]
        for tau in act.breakpoints:
            side = -1 if tau > 0 else 1 if tau < 0 else 0
            known = (z == 0) | (z == side) if side else z != UNDECIDED
            columns.append(np.where(known, side or z, UNDECIDED))
    return np.array(columns, np.int8).reshape(-1, len(sign)).T


def is_constant(rows: np.ndarray) -> np.ndarray:
    """Whether lines (..., 4) are known to be constant, exactly."""
    return np.asarray(~rows[..., [0, 1, 3]].any(axis=-1))


def _signs_of(numbers: np.ndarray) -> np.ndarray:
    """Signs of floats or rationals, int8."""
    return (numbers > 0).astype(np.int8) - (numbers < 0).astype(np.int8)
