"""Where a layer's units change their piece, as arrays, and the pieces that packed bits stand for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.activations import PiecewiseLinear
from geomtoy.network import Network


class Cuts(NamedTuple):
    """The breakpoints of a layer's units, one line each: cut c of unit j is z_j - threshold[c] = 0.

    A cut's bit is 1 where its value is > 0, so the number of bits of a unit is its piece.
    """

    first: np.ndarray  # (n + 1,) unit j has the cuts first[j]:first[j + 1]
    unit: np.ndarray  # (n_cuts,)
    threshold: np.ndarray  # (n_cuts,) float64, rounded
    slope: np.ndarray  # (n_cuts + n,) piece p of unit j is entry first[j] + j + p
    offset: np.ndarray
    steepest: np.ndarray  # (n,) greatest |slope| of each unit
    highest: np.ndarray  # (n,) greatest |offset|
    single: bool  # one cut a unit
    plain: bool  # and that at zero
    rounding: float  # of an update of maps, the r of `maps`


def cuts_of(network: Network, layer: int) -> Cuts:
    """The cuts of a hidden layer (from 1)."""
    act, width = network.activations[layer - 1], network.widths[layer - 1]
    alike = isinstance(act, PiecewiseLinear)
    kinds = [act] if isinstance(act, PiecewiseLinear) else list(act)
    taus, slopes, offsets = (
        [np.array(numbers, float) for numbers in part]
        for part in zip(*((one.breakpoints, one.slopes, one.offsets) for one in kinds), strict=True)
    )
    repeat = width if alike else 1
    numbers = np.tile([len(tau) for tau in taus], repeat)
    threshold = np.tile(np.concatenate(taus), repeat)
    return Cuts(
        np.concatenate([[0], np.cumsum(numbers)]),
        np.repeat(np.arange(width), numbers),
        threshold,
        np.tile(np.concatenate(slopes), repeat),
        np.tile(np.concatenate(offsets), repeat),
        np.tile([np.abs(s).max() for s in slopes], repeat),
        np.tile([np.abs(o).max() for o in offsets], repeat),
        bool((numbers == 1).all()),
        bool((numbers == 1).all() and not threshold.any()),
        3.0 if all({*one.slopes} <= {0, 1} and not any(one.offsets) for one in {*kinds}) else 10.0,
    )


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
    kind = np.int8 if most < 128 else np.int32
    below = np.zeros((len(bits), len(cuts.unit) + 1), np.int32)
    np.cumsum(bits, axis=1, out=below[:, 1:])
    return (below[:, cuts.first[1:]] - below[:, cuts.first[:-1]]).astype(kind)
