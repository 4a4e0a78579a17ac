"""The layers of a network as integers over one positive denominator each, made once a network, and
what its units do to integer maps and rows. All are over the constant 1 as well, as a last entry."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from flint import fmpz, fmpz_mat

from geomtoy.activations import PiecewiseLinear
from geomtoy.network import Network
from geomtoy.regions.maps.cuts import Cuts, cuts_of, piece_of_each
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


class Pieces(NamedTuple):
    """What a hidden layer's units do at some place, beside those that pass on z."""

    silent: list[int]  # units that pass on nothing
    bent: list[tuple[int, fmpz, fmpz]]  # (unit, slope, offset) of all others


class IntegerUnits(NamedTuple):
    """What the units of a hidden layer do behind it."""

    cuts: Cuts
    pieces: list[list[IntegerPiece]]  # of each unit
    bend: fmpz  # their denominator

    def pieces_of(self, bits: np.ndarray) -> Pieces:
        """The pieces on which bits (words,) say which cuts are > 0."""
        place = piece_of_each(bits, self.cuts)
        if self.cuts.relu:
            return Pieces((place == 0).nonzero()[0].tolist(), [])
        every = [options[k] for options, k in zip(self.pieces, place.tolist(), strict=True)]
        silent = [unit for unit, piece in enumerate(every) if piece is SILENT]
        bent = [(unit, *piece) for unit, piece in enumerate(every) if piece and piece is not SILENT]
        return Pieces(silent, bent)

    def activate(self, z: fmpz_mat, pieces: Pieces) -> None:
        """Make preactivations z (n + 1, 3) activations, times `bend`."""
        last = z.nrows() - 1
        for unit in pieces.silent:
            z[unit, 0] = z[unit, 1] = z[unit, 2] = ZERO
        for unit, slope, offset in pieces.bent:
            z[unit, 0] *= slope
            z[unit, 1] *= slope
            z[unit, 2] = slope * z[unit, 2] + offset * z[last, 2]
        z[last, 2] *= self.bend

    def pull_back(self, row: fmpz_mat, pieces: Pieces) -> None:
        """Make a row (1, n + 1) over activations one over preactivations, times `bend`."""
        last = row.ncols() - 1
        constant = row[0, last] * self.bend
        for unit in pieces.silent:
            row[0, unit] = ZERO
        for unit, slope, offset in pieces.bent:
            constant += offset * row[0, unit]
            row[0, unit] *= slope
        row[0, last] = constant


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
