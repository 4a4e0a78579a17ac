"""The layers of a network as integers over one positive denominator each, made once a network."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from flint import fmpz, fmpz_mat

from geomtoy.activations import PiecewiseLinear
from geomtoy.network import Network
from geomtoy.regions.maps.cuts import Cuts, cuts_of
from geomtoy.regions.numbers.exact import integer_floats, integer_matrix

ZERO = fmpz(0)
SILENT = ZERO, ZERO
"""The piece z -> 0."""

IntegerPiece = tuple[fmpz, fmpz] | None
"""Slope and offset of a piece over the layer's `bend`; None for z -> z."""


class IntegerLayer(NamedTuple):
    """An affine layer on vectors whose last entry is the constant 1."""

    weights: fmpz_mat  # (n + 1, m + 1) [W b; 0 1] times the denominator
    denominator: fmpz


class IntegerUnits(NamedTuple):
    """What the units of a hidden layer do behind it."""

    cuts: Cuts
    pieces: list[list[IntegerPiece]]  # of each unit
    bend: fmpz  # their denominator


def integer_layer(network: Network, layer: int) -> IntegerLayer:
    """A layer, from 1; the number of hidden layers plus one: outputs. Nobody writes into it."""
    known = _layers.setdefault(network, {})
    if layer not in known:
        W, b = network.layers[layer - 1]
        constant = [[0.0] * W.shape[1] + [1.0]]
        whole = np.vstack([np.column_stack([W, b]), constant])
        found = integer_floats(whole) if whole.dtype == float else integer_matrix(whole.tolist())
        known[layer] = IntegerLayer(*found)
    return known[layer]


def integer_units(network: Network, layer: int) -> IntegerUnits:
    """The units of a hidden layer, from 1; nobody writes into them."""
    known = _units.setdefault(network, {})
    if layer not in known:
        act, width = network.activations[layer - 1], network.widths[layer - 1]
        kinds, repeat = ((act,), width) if isinstance(act, PiecewiseLinear) else (act, 1)
        pieces, bend = _pieces(kinds)
        known[layer] = IntegerUnits(cuts_of(network, layer), pieces * repeat, bend)
    return known[layer]


_layers: WeakKeyDictionary[Network, dict[int, IntegerLayer]] = WeakKeyDictionary()
_units: WeakKeyDictionary[Network, dict[int, IntegerUnits]] = WeakKeyDictionary()


def _pieces(kinds: tuple[PiecewiseLinear, ...]) -> tuple[list[list[IntegerPiece]], fmpz]:
    numbers, bend = integer_matrix([[z for act in kinds for z in (*act.slopes, *act.offsets)]])
    entries, found = iter(numbers.entries()), []
    for act in kinds:
        slopes, offsets = (list(islice(entries, len(act.slopes))) for _ in range(2))
        pairs = zip(slopes, offsets, strict=True)
        found.append([_piece(slope, offset, bend) for slope, offset in pairs])
    return found, bend


def _piece(slope: fmpz, offset: fmpz, bend: fmpz) -> IntegerPiece:
    if slope == offset == 0:
        return SILENT
    return None if slope == bend == 1 and offset == 0 else (slope, offset)
