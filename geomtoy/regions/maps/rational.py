"""Exact maps of a network on cells, as integers over one positive denominator.

A layer's maps on a cell are an integer matrix times one scale, so signs need no division, and the
common denominators of a network are taken out once. All is over the constant 1 as well: maps have a
last row (0, 0, scale), and rows a last entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from typing import NamedTuple

import numpy as np
from flint import fmpz, fmpz_mat

from geomtoy.activations import PiecewiseLinear
from geomtoy.network import Network
from geomtoy.regions.frame import Frame
from geomtoy.regions.maps.integers import Pieces, integer_layer, integer_units
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.numbers.exact import Line, integer_matrix


class Affine(NamedTuple):
    """Rows (a, b, c): unit i of a layer is (a s + b t + c) / scale on the cell, scale > 0."""

    rows: fmpz_mat
    scale: fmpz


@dataclass(slots=True)
class Station:
    """A layer on a cell of the level before it, where rows of units begin or come by."""

    paid: float = 0.0  # by rows so far: products, in multiples of the layer's weights
    map: fmpz_mat | None = None  # preactivations, and the constant 1, once they are worth it


WORTH = 2.0
"""What rows pay at a station before its map is computed, which costs three times the layer's weights.
A row that comes by takes a product with all of them."""

BEGIN = 48.0
"""Units of a layer for which its map costs as much as three rows that begin there."""

REMEMBERED = 4096
"""Stations that are kept at hand, with their maps; and rows of weights."""

AT_HAND = 512
"""Cells whose pieces are: rows that come by soon after each other need them, a known map does not."""


class RationalMaps:
    """Exact maps of a network on the cells of its levels, remembered for the cells last asked for.

    A cut needs one unit's row, so that goes back through the layers, from the unit to the plane: a row
    times a matrix for each layer. Where many rows come by, the map of all units is computed, and ends
    the way of those that follow.

    Cost: O(n_l n_{l-1}) integer products for each layer down to one whose map is known; for a map three
    times as many, which rows of about that cost have come before.
    """

    def __init__(self, network: Network, frame: Frame, levels: Sequence[Level]) -> None:
        self._network = network
        self._frame = frame
        self._levels = levels
        self.affine = lru_cache(maxsize=REMEMBERED)(self._affine)
        self._layer = cache(partial(integer_layer, network))
        self._units = cache(partial(integer_units, network))
        self._station = lru_cache(maxsize=REMEMBERED)(lambda layer, cell: Station())
        self._weights_of = lru_cache(maxsize=REMEMBERED)(self._unit_weights)
        self._pieces = lru_cache(maxsize=AT_HAND)(self._pieces_on)

    def fresh(self) -> RationalMaps:
        """The same maps with nothing remembered."""
        return RationalMaps(self._network, self._frame, self._levels)

    def __reduce__(self) -> tuple[type[RationalMaps], tuple[Network, Frame, Sequence[Level]]]:
        return RationalMaps, (self._network, self._frame, self._levels)  # what is remembered stays here

    def cut(self, layer: int, cell: int, cut: int) -> Line:
        """Line of a cut of hidden layer `layer` (from 1) on a cell of the level before it."""
        cuts, act = self._units(layer).cuts, self._network.activations[layer - 1]
        unit = int(cuts.unit[cut])
        a, b, c = self._unit(layer, cell, unit)
        if cuts.plain:
            return Line(a, b, c)
        own = act if isinstance(act, PiecewiseLinear) else act[unit]
        tau = own.breakpoints[cut - int(cuts.first[unit])]
        q = tau.denominator
        return Line(a * q, b * q, c * q - self._scale(layer) * tau.numerator)

    def _unit(self, layer: int, cell: int, unit: int) -> Sequence[fmpz]:
        """A unit's preactivation on a cell of the level before its layer, times the layer's scale."""
        known = self._asked(layer, cell, begins=True)
        if known is not None:
            return known[unit, 0], known[unit, 1], known[unit, 2]
        row = fmpz_mat(self._weights_of(layer, unit))
        for own in range(layer - 1, 0, -1):
            self._units(own).pull_back(row, self._pieces(own, cell))
            cell = int(self._levels[own].parent[cell])
            known = self._asked(own, cell)
            if known is not None:
                return (row * known).entries()
            row = row * self._layer(own).weights
        return (row * self._basis[0]).entries()

    def _unit_weights(self, layer: int, unit: int) -> fmpz_mat:
        weights = self._layer(layer).weights
        width = weights.ncols()
        return fmpz_mat(1, width, [weights[unit, j] for j in range(width)])

    def _asked(self, layer: int, cell: int, begins: bool = False) -> fmpz_mat | None:
        """The map of a station where a row comes by, or begins, if it is known or now worth it."""
        station = self._station(layer, cell)
        if station.map is None:
            if station.paid >= WORTH:
                return self._map(layer, cell)
            station.paid += min(1.0, BEGIN / self._layer(layer).weights.nrows()) if begins else 1.0
        return station.map

    def _affine(self, layer: int, cell: int) -> Affine:
        """Preactivations of `layer` (the number of hidden layers plus one: outputs) on a cell of level
        layer - 1."""
        return self._without_last(layer, self._map(layer, cell))

    def beyond(self, layer: int, parent: int, bits: np.ndarray) -> Affine:
        """Preactivations of layer + 1 where bits (words,) say which cuts of `layer` are > 0, inside a
        cell of the level before it."""
        after = self._after(layer, parent, self._units(layer).pieces_of(bits))
        return self._without_last(layer + 1, self._layer(layer + 1).weights * after)

    def _without_last(self, layer: int, whole: fmpz_mat) -> Affine:
        units = whole.nrows() - 1
        return Affine(fmpz_mat(units, 3, whole.entries()[: 3 * units]), self._scale(layer))

    def _map(self, layer: int, cell: int) -> fmpz_mat:
        """Preactivations, and the constant 1, of a layer on a cell of the level before it."""
        station = self._station(layer, cell)
        if station.map is None:
            before = self._basis[0]
            if layer > 1:
                parent = int(self._levels[layer - 1].parent[cell])
                before = self._after(layer - 1, parent, self._pieces(layer - 1, cell))
            station.map = self._layer(layer).weights * before
        return station.map

    def _after(self, layer: int, parent: int, pieces: Pieces) -> fmpz_mat:
        """Activations of a hidden layer, and the constant 1, on some pieces inside a cell of the level
        before it."""
        z = fmpz_mat(self._map(layer, parent))
        self._units(layer).activate(z, pieces)
        return z

    def _pieces_on(self, layer: int, cell: int) -> Pieces:
        return self._units(layer).pieces_of(self._levels[layer].bits[cell])

    def _scale(self, layer: int) -> fmpz:
        """Denominator of a layer's preactivations, on all cells."""
        scales = self._scales
        while len(scales) <= layer:
            bend = self._units(len(scales) - 1).bend if len(scales) > 1 else 1
            scales.append(scales[-1] * bend * self._layer(len(scales)).denominator)
        return scales[layer]

    @cached_property
    def _scales(self) -> list[fmpz]:
        return [self._basis[1]]

    @cached_property
    def _basis(self) -> tuple[fmpz_mat, fmpz]:
        """Input (and the constant 1) as affine functions of the frame coordinates."""
        frame = self._frame
        rows = [list(row) for row in zip(frame.u, frame.v, frame.origin, strict=True)]
        return integer_matrix([*rows, [0, 0, 1]])
