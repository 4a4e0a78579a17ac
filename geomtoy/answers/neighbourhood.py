"""The activation region of a point of R^d: its half-spaces, its affine map, its nearest border."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq

from geomtoy.activations import exact
from geomtoy.answers.affine import layer_maps
from geomtoy.answers.domain import Place, without_norm
from geomtoy.errors import NetworkError
from geomtoy.maxima import rounds
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.regions.numbers.rationals import as_fraction, dot


@dataclass(frozen=True)
class HalfSpace:
    """normal . x <= offset, on whose border a unit reaches a breakpoint (or a maximum another winner).

    Args:
        layer, unit: the unit, layers counted from 1; of a maximum its last match.
    """

    normal: Place
    offset: Fraction
    layer: int
    unit: int

    def slack(self, x: Place) -> Fraction:
        """offset - normal . x: 0 on the border, > 0 inside."""
        return self.offset - dot(self.normal, x)


@dataclass(frozen=True)
class Border:
    """The point of a region's boundary that is nearest to a point.

    Args:
        squared_distance: exactly, in the 2-norm; 0 on a border.
        foot: that point of R^d.
        half_space: on whose border it lies.
    """

    squared_distance: Fraction
    foot: Place
    half_space: HalfSpace

    @property
    def distance(self) -> float:
        """Within an ulp or so."""
        value = self.squared_distance
        shift = max(0, 128 + value.denominator.bit_length() - value.numerator.bit_length())
        shift += shift % 2
        root = isqrt((value.numerator << shift) // value.denominator)
        return float(Fraction(root, 1 << shift // 2))


@dataclass(frozen=True, eq=False)
class Region:
    """The activation region of a point, over the whole of R^d.

    Args:
        point: as given, exactly.
        activation_pattern: as in `CellComplex`; a value on a breakpoint belongs to its left.
        half_spaces: their intersection is the closed region; units that are constant on it have none.
        jacobian: d_out rows of d_in, of the affine map on it.
        offset: the outputs are jacobian . x + offset on it.
    """

    point: Place
    activation_pattern: np.ndarray
    half_spaces: tuple[HalfSpace, ...]
    jacobian: list[list[Fraction]]
    offset: list[Fraction]

    def __contains__(self, x: Any) -> bool:
        place = _point(x, len(self.point))
        return all(half.slack(place) >= 0 for half in self.half_spaces)

    def __repr__(self) -> str:
        return f"Region({len(self.half_spaces)} half-spaces in R^{len(self.point)})"

    def nearest_border(self) -> Border | None:
        """The point of the boundary nearest to `point`; None if the region is all of R^d.

        It lies on the nearest of all the hyperplanes, though most of them do not touch the region. Let r
        be the least distance from the point x to a hyperplane. The closed ball of radius r around x
        crosses none, so it lies in the region, and no boundary is nearer than r. The foot of the
        perpendicular on a hyperplane at distance r is in that ball, so in the region, and on the border
        of a half-space, so on the boundary. Where r > 0 the half-space is moreover a facet's: the
        region contains the ball, which near the foot leaves no direction into the half-space uncovered.

        Exactness: exact.
        """
        if not self.half_spaces:
            return None
        borders = [(_squared_distance(half, self.point), half) for half in self.half_spaces]
        squared, half = min(borders, key=lambda one: one[0])
        step = half.slack(self.point) / dot(half.normal, half.normal)
        foot = tuple(z + step * a for z, a in zip(self.point, half.normal, strict=True))
        return Border(squared, foot, half)


def region_at(network: Network | NormedNetwork, point: Any) -> Region:
    """The activation region that holds a point of R^{d_in}, in all of R^{d_in}.

    Where several regions meet, it is that of the pattern at the point itself, in which a value on a
    breakpoint belongs to its left: the half-spaces may then have no interior in common.

    Args:
        point: (d_in,) numbers; floats are taken as the rationals that they are.
    Raises:
        NetworkError: the point does not fit the network, or that is behind a norm.
    Exactness: exact. Cost: O(n_l n_{l-1} d_in) products of rationals a layer; some seconds
        for 784-128-128.
    """
    network = without_norm(network)
    x = _point(point, network.d_in)
    pieces = _pieces_at(network, x)
    *hidden, outputs = layer_maps(network, pieces)
    rows = [row for layer in hidden for row in layer.tolist()]
    half_spaces = [*_of_units(network, pieces, rows), *_of_maxima(network, pieces, rows)]
    maps = [[as_fraction(z) for z in row] for row in outputs.tolist()]
    return Region(
        x,
        network.patterns(pieces[None])[0],
        tuple(half_spaces),
        [row[:-1] for row in maps],
        [row[-1] for row in maps],
    )


def _point(point: Any, d: int) -> Place:
    try:
        numbers = list(np.ravel(np.asarray(point)))
    except ValueError:
        numbers = []
    if len(numbers) != d:
        raise NetworkError(f"the point has {len(numbers)} coordinates; give {d}")
    return tuple(exact(z, "the point") for z in numbers)


def _pieces_at(network: Network, x: Place) -> np.ndarray:
    """Piece of each hidden unit at a point."""
    values = network.preactivations(np.array([x], dtype=object))
    pieces = [
        unit.piece(z)
        for layer, row in enumerate(values, start=1)
        for unit, z in zip(network.units(layer), row[0], strict=True)
    ]
    return np.array(pieces, np.int64)


class _Unit(NamedTuple):
    layer: int
    number: int


def _units(network: Network) -> list[_Unit]:
    return [_Unit(k, j) for k, width in enumerate(network.widths, start=1) for j in range(width)]


Row = list[fmpq]
"""An affine function of R^d: its slope, then its offset."""


def _of_units(network: Network, pieces: np.ndarray, rows: list[Row]) -> Iterator[HalfSpace]:
    """threshold on the left < z <= threshold on the right, for units that decide no maximum."""
    playing = {unit for units in network.maxima for unit in units}
    for k, (unit, piece) in enumerate(zip(_units(network), pieces.tolist(), strict=True)):
        thresholds = network.units(unit.layer)[unit.number].breakpoints
        if k not in playing and any(rows[k][:-1]):
            if piece < len(thresholds):
                yield _at_most(rows[k], thresholds[piece], unit)
            if piece > 0:
                yield _at_most([-z for z in rows[k]], -thresholds[piece - 1], unit)


def _of_maxima(network: Network, pieces: np.ndarray, rows: list[Row]) -> Iterator[HalfSpace]:
    """Other candidate <= winner, for each maximum.

    A match's unit has right - left as its preactivation, so its row, with a sign, is loser - winner.
    Who beat the loser lost to another later, or won all: differences to the winner are sums of rows.
    """
    units = _units(network)
    for matches in network.maxima:
        behind: dict[int, tuple[int, Row]] = {}  # loser -> who beat it, and loser - that one
        holder = list(range(len(matches) + 1))
        pairs = [pair for pairs in rounds(len(matches) + 1) for pair in pairs]
        for k, (left, right) in zip(matches, pairs, strict=True):
            one, other = holder[left], holder[right]
            if pieces[k] > 0:
                behind[one] = other, [-z for z in rows[k]]
                holder[left] = other
            else:
                behind[other] = one, rows[k]
        for loser in behind:
            difference = _to_the_winner(loser, behind)
            if any(difference[:-1]):
                yield _at_most(difference, Fraction(0), units[matches[-1]])


def _to_the_winner(loser: int, behind: dict[int, tuple[int, Row]]) -> Row:
    """loser - winner."""
    by, found = behind[loser]
    while by in behind:
        by, row = behind[by]
        found = [a + b for a, b in zip(found, row, strict=True)]
    return found


def _at_most(row: Row, threshold: Fraction, unit: _Unit) -> HalfSpace:
    """Where an affine function is at most a threshold."""
    *slope, offset = map(as_fraction, row)
    return HalfSpace(tuple(slope), threshold - offset, unit.layer, unit.number)


def _squared_distance(half: HalfSpace, x: Place) -> Fraction:
    return half.slack(x) ** 2 / dot(half.normal, half.normal)
