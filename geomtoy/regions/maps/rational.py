"""Exact maps of a network on cells, as integers over one positive denominator.

A layer's maps on a cell are an integer matrix times one scale, so signs need no division, and the
common denominators of a network are taken out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from flint import fmpz, fmpz_mat

from geomtoy.activations import PiecewiseLinear
from geomtoy.network import Network
from geomtoy.regions.frame import Frame
from geomtoy.regions.maps.cuts import Cuts, cuts_of, piece_of_each
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.numbers.exact import Line, integer_matrix


class Affine(NamedTuple):
    """Rows (a, b, c): unit i of a layer is (a s + b t + c) / scale on the cell, scale > 0."""

    rows: fmpz_mat
    scale: fmpz


ZERO, IDENTICAL, OTHER = range(3)
"""Kinds of pieces: z -> 0, z -> z, and the rest."""


class RationalMaps:
    """Exact maps of a network on the cells of its levels, remembered for the cells last asked for.

    Cost: O(n_l n_{l-1}) integer products for each layer up to the one asked for.
    """

    def __init__(self, network: Network, frame: Frame, levels: Sequence[Level]) -> None:
        self._network = network
        self._frame = frame
        self._levels = levels
        self.affine = lru_cache(maxsize=4096)(self._affine)

    def fresh(self) -> RationalMaps:
        """The same maps with nothing remembered."""
        return RationalMaps(self._network, self._frame, self._levels)

    def __reduce__(self) -> tuple[type[RationalMaps], tuple[Network, Frame, Sequence[Level]]]:
        return RationalMaps, (self._network, self._frame, self._levels)  # what is remembered stays here

    def cut(self, layer: int, cell: int, cut: int) -> Line:
        """Line of a cut of hidden layer `layer` (from 1) on a cell of the level before it."""
        cuts = self._cuts[layer]
        unit = int(cuts.unit[cut])
        rows, scale = self.affine(layer, cell)
        tau = self._network.units(layer)[unit].breakpoints[cut - int(cuts.first[unit])]
        a, b, c = rows[unit, 0], rows[unit, 1], rows[unit, 2]
        q = tau.denominator
        return Line(a * q, b * q, c * q - scale * tau.numerator)

    def _affine(self, layer: int, cell: int) -> Affine:
        """Preactivations of `layer` (the number of hidden layers plus one: outputs) on a cell of level
        layer - 1."""
        if layer > 1:
            level = self._levels[layer - 1]
            return self.beyond(layer - 1, int(level.parent[cell]), level.bits[cell])
        weights, denominator = self._weights[0]
        return Affine(weights * self._basis[0], denominator * self._basis[1])

    def beyond(self, layer: int, parent: int, bits: np.ndarray) -> Affine:
        """Preactivations of layer + 1 where bits (words,) say which cuts of `layer` are > 0, inside a
        cell of the level before it."""
        weights, denominator = self._weights[layer]
        after, scale = self._after(layer, parent, bits)
        return Affine(weights * after, denominator * scale)

    def _after(self, layer: int, parent: int, bits: np.ndarray) -> tuple[fmpz_mat, fmpz]:
        """Activations of a hidden layer there, then a row for the constant 1."""
        before = self.affine(layer, parent)
        entries, (integer_pieces, q) = before.rows.entries(), self._integer_pieces[layer]
        place = self._first_piece[layer] + piece_of_each(bits, self._cuts[layer])
        zero = fmpz(0)
        rows: list[fmpz] = []
        for i, piece in enumerate(place.tolist()):
            kind, s, o = integer_pieces[piece]
            if kind == ZERO:
                rows += (zero, zero, zero)
                continue
            a, b, c = entries[3 * i : 3 * i + 3]
            rows += (a, b, c) if kind == IDENTICAL else (s * a, s * b, s * c + o * before.scale)
        scale = before.scale * q
        rows += (zero, zero, scale)
        return fmpz_mat(len(place) + 1, 3, rows), scale

    @cached_property
    def _cuts(self) -> dict[int, Cuts]:
        layers = range(1, len(self._network.layers))
        return {layer: cuts_of(self._network, layer) for layer in layers}

    @cached_property
    def _first_piece(self) -> dict[int, np.ndarray]:
        """Where each unit's pieces begin in `_integer_pieces`."""
        return {k: cuts.first[:-1] + np.arange(len(cuts.first) - 1) for k, cuts in self._cuts.items()}

    @cached_property
    def _integer_pieces(self) -> dict[int, tuple[list[tuple[int, fmpz, fmpz]], fmpz]]:
        """Kind, slope and offset of all pieces of a layer's units, over one denominator."""
        found = {}
        for layer in self._cuts:
            act, width = self._network.activations[layer - 1], self._network.widths[layer - 1]
            units, repeat = ((act,), width) if isinstance(act, PiecewiseLinear) else (act, 1)
            slopes = [s for act in units for s in act.slopes]
            matrix, q = integer_matrix([slopes, [o for act in units for o in act.offsets]])
            entries, k = matrix.entries(), len(slopes)
            kinds = {(0, 0): ZERO, (1, 0): IDENTICAL if q == 1 else OTHER}
            both = list(zip(entries[:k], entries[k:], strict=True))
            found[layer] = [(kinds.get((int(s), int(o)), OTHER), s, o) for s, o in both] * repeat, q
        return found

    @cached_property
    def _weights(self) -> list[tuple[fmpz_mat, fmpz]]:
        """[W b] of each layer over a common denominator."""
        return [
            integer_matrix([[*row, bias] for row, bias in zip(W.tolist(), b.tolist(), strict=True)])
            for W, b in self._network.layers
        ]

    @cached_property
    def _basis(self) -> tuple[fmpz_mat, fmpz]:
        """Input (and the constant 1) as affine functions of the frame coordinates."""
        frame = self._frame
        rows = [list(row) for row in zip(frame.u, frame.v, frame.origin, strict=True)]
        return integer_matrix([*rows, [0, 0, 1]])
