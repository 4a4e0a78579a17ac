"""Where a layer's units change their piece, as arrays, and the pieces that packed bits stand for."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from geomtoy.activations import RELU, PiecewiseLinear
from geomtoy.network import Network
from geomtoy.regions.numbers.bounds import at_least, nearest
from geomtoy.regions.numbers.grids import NO_GRID, grid_of
from geomtoy.regions.numbers.map_bounds import PIECEWISE, SWITCH


class Cuts(NamedTuple):
    """The breakpoints of a layer's units, one line each: cut c of unit j is z_j - threshold[c] = 0.

    A cut's bit is 1 where its value is > 0, so the number of bits of a unit is its piece.
    """

    first: np.ndarray  # (n + 1,) unit j has the cuts first[j]:first[j + 1]
    unit: np.ndarray  # (n_cuts,)
    threshold: np.ndarray  # (n_cuts,) float64, rounded
    slope: np.ndarray  # (n_cuts + n,) piece p of unit j is entry first[j] + j + p; rounded
    offset: np.ndarray
    zero: np.ndarray  # (n_cuts + n,) bool: the piece passes on nothing, exactly
    steepest: np.ndarray  # (n,) greatest |slope| of each unit, not rounded down
    highest: np.ndarray  # (n,) greatest |offset|, not rounded down
    single: bool  # one cut a unit
    plain: bool  # and that at zero
    relu: bool  # all units are max(z, 0)
    grid: int  # all slopes are multiples of 2^grid; far below any float if one is rounded
    offset_grid: int
    exact_threshold: bool  # whether no threshold is rounded
    rounding: float  # of an update of maps, the r of `map_bounds.map_error`


def cuts_of(network: Network, layer: int) -> Cuts:
    """The cuts of a hidden layer (from 1); the arrays are shared, nobody writes into them."""
    known = _known.setdefault(network, {})
    if layer not in known:
        known[layer] = _cuts(network.activations[layer - 1], network.widths[layer - 1])
    return known[layer]


_known: WeakKeyDictionary[Network, dict[int, Cuts]] = WeakKeyDictionary()


def cuts_of_units(units: tuple[PiecewiseLinear, ...]) -> Cuts:
    """The cuts of some units."""
    return _cuts(units, len(units))


@lru_cache(maxsize=64)
def _cuts(act: PiecewiseLinear | tuple[PiecewiseLinear, ...], width: int) -> Cuts:
    alike = isinstance(act, PiecewiseLinear)
    kinds = [act] if isinstance(act, PiecewiseLinear) else list(act)
    repeat = width if alike else 1
    numbers = np.tile([len(one.breakpoints) for one in kinds], repeat).astype(np.int64)
    threshold = np.tile([nearest(t) for one in kinds for t in one.breakpoints], repeat)
    slopes = [s for one in kinds for s in one.slopes]
    offsets = [o for one in kinds for o in one.offsets]
    return Cuts(
        np.concatenate([[0], np.cumsum(numbers)]),
        np.repeat(np.arange(width), numbers),
        threshold.astype(float),
        np.tile([nearest(s) for s in slopes], repeat),
        np.tile([nearest(o) for o in offsets], repeat),
        np.tile([s == 0 and o == 0 for s, o in zip(slopes, offsets, strict=True)], repeat) != 0,
        np.tile([at_least(max(map(abs, one.slopes))) for one in kinds], repeat),
        np.tile([at_least(max(map(abs, one.offsets))) for one in kinds], repeat),
        bool((numbers == 1).all()),
        bool((numbers == 1).all() and not threshold.any()),
        all(one == RELU for one in kinds),
        _grid(slopes),
        _grid(offsets),
        all(nearest(t) == t for one in kinds for t in one.breakpoints),
        SWITCH if {*slopes} <= {0, 1} and not any(offsets) else PIECEWISE,
    )


def _grid(numbers: list[Fraction]) -> int:
    """`bounds.grid_of` rationals; far below any float if one is not held exactly."""
    floats = [nearest(number) for number in numbers]
    if any(stored != number for stored, number in zip(floats, numbers, strict=True)):
        return -NO_GRID
    return int(grid_of(np.array(floats)))


def pieces(bits: np.ndarray, cuts: Cuts) -> np.ndarray:
    """Piece index of each unit (F, n_units) from packed bits (F, words); int8 if all fit."""
    unpacked = np.unpackbits(bits.view(np.uint8), axis=1, count=len(cuts.unit), bitorder="little")
    return count_bits(unpacked, cuts)


def piece_of_each(bits: np.ndarray, cuts: Cuts) -> np.ndarray:
    """Piece index of each unit (n_units,) on one cell, from its bits (words,)."""
    if not cuts.single:
        one: np.ndarray = pieces(bits[None], cuts)[0]
        return one
    return np.unpackbits(bits.view(np.uint8), count=len(cuts.unit), bitorder="little")


def count_bits(bits: np.ndarray, cuts: Cuts) -> np.ndarray:
    """Piece index of each unit from one 0 or 1 a cut, (F, n_cuts)."""
    if cuts.single:
        return bits.astype(np.int8, copy=False)
    most = int(np.diff(cuts.first).max(initial=0))
    if most <= 1:
        found = np.zeros((len(bits), len(cuts.first) - 1), np.int8)
        found[:, cuts.unit] = bits
        return found
    kind = np.int8 if most < 128 else np.int32
    below = np.zeros((len(bits), len(cuts.unit) + 1), np.int32)
    np.cumsum(bits, axis=1, out=below[:, 1:])
    return (below[:, cuts.first[1:]] - below[:, cuts.first[:-1]]).astype(kind)
