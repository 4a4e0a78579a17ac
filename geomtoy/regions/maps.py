"""Preactivation maps of a layer on every cell, in float64, with proven error bounds.

On a cell, unit i of a layer is a_i s + b_i t + c_i. The first child of each parent cell is computed
directly; every other child differs from its neighbour in the parent's tree by the few units that
switch between them, a rank-1 update each: O(n) for a layer of n units instead of O(n^2).

One error bound serves all children of a parent. Let N be the number of terms ever added to a
coefficient (the units that are on somewhere in the parent, and the switches on the way), h_j a
bound on what unit j passes on, c_j the number of its switches, and e_j the error of its map. A float
sum in any order is off by at most gamma_N times the sum of |terms| (Higham 2002, section 4.2), and a
switch adds at most 2 |W_ij| h_j, so with t = 2 (N + 8) u
    t sum_j |W_ij| ((1 + c_j) h_j + max |slope_j| e_j / t) + t |bias_i|,
over the units j that are on somewhere in the parent, bounds the error of a_i, b_i and c_i. FLOOR is
added to h_j, since slope * coefficient may underflow before a huge weight multiplies it; t stands
outside the sum so that the bound itself does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.activations import PiecewiseLinear
from geomtoy.network import Network
from geomtoy.regions.faces import Family
from geomtoy.regions.filter import TINY, U
from geomtoy.regions.threads import in_blocks

FLOOR = 2.0**-1020


class Maps(NamedTuple):
    """Affine functions on the cells of a level: true coefficients are within `error` of `rows`."""

    rows: np.ndarray  # (F, 3, n): a, b, c
    error: np.ndarray  # (P, n), shared by the children of a parent
    parent: np.ndarray  # (F,)


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
    plain: bool  # one cut a unit, at zero


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
        bool((numbers == 1).all() and not threshold.any()),
    )


def cut_lines(maps: Maps, cuts: Cuts) -> Maps:
    """The cuts' lines, from the maps of their units."""
    if cuts.plain:
        return maps
    rows = np.ascontiguousarray(maps.rows[:, :, cuts.unit])
    size = np.abs(rows[:, 2]) + np.abs(cuts.threshold)
    rows[:, 2] -= cuts.threshold
    moved = np.where(cuts.threshold != 0, 3.0 * U * size, 0.0)
    worst = np.zeros((len(maps.error), len(cuts.unit)))
    np.maximum.at(worst, maps.parent, moved)
    return Maps(rows, maps.error[:, cuts.unit] + worst, maps.parent)


def pieces(bits: np.ndarray, cuts: Cuts) -> np.ndarray:
    """Piece index of each unit (F, n_units) from packed bits (F, words); int8 if all fit."""
    unpacked = np.unpackbits(bits.view(np.uint8), axis=1, count=len(cuts.unit), bitorder="little")
    return count_bits(unpacked, cuts)


def count_bits(bits: np.ndarray, cuts: Cuts) -> np.ndarray:
    """Piece index of each unit from one 0 or 1 a cut, (F, n_cuts)."""
    most = int(np.diff(cuts.first).max(initial=0))
    kind = np.int8 if most < 128 else np.int32
    if most == 1 and len(cuts.unit) == len(cuts.first) - 1:
        return bits.astype(np.int8, copy=False)
    below = np.zeros((len(bits), len(cuts.unit) + 1), np.int32)
    np.cumsum(bits, axis=1, out=below[:, 1:])
    return (below[:, cuts.first[1:]] - below[:, cuts.first[:-1]]).astype(kind)


@dataclass(frozen=True, eq=False)
class NextMaps:
    """Maps of layer + 1 (hidden layers count from 1) on the cells into which `layer` cut their parents,
    computed when asked for, for all families or for some.

    Args:
        maps: of `layer`, on the parents.
        crossing: CSR (start, cut) of the cuts that cross each parent.
        family: the children.
    """

    network: Network
    layer: int
    maps: Maps
    cuts: Cuts
    crossing: tuple[np.ndarray, np.ndarray]
    family: Family

    @property
    def child_start(self) -> np.ndarray:
        return self.family.child_start

    @property
    def width(self) -> int:
        return len(self.network.layers[self.layer][0])

    def on(self, low: int, high: int) -> Maps:
        """On the children of parents low..high-1; children and parents count from there."""
        W, bias = self.network.float_layers[self.layer]
        first, end = self.child_start[low], self.child_start[high]
        rows = np.empty((end - first, 3, len(W)))
        error = np.empty((high - low, len(W)))
        WT = np.ascontiguousarray(W.T)

        def run(begin: int, stop: int) -> None:
            _family_maps(
                low + begin, low + stop, low, rows, error, self.maps, *self.crossing, self.family,
                WT, np.abs(WT), bias, self.cuts, self.network.is_rational,
            )  # fmt: skip

        with np.errstate(all="ignore"):
            in_blocks(run, high - low, work=len(W) * (end - first + (high - low) * len(WT)))
        sizes = np.diff(self.child_start[low : high + 1])
        return Maps(rows, error, np.repeat(np.arange(high - low), sizes))

    def everywhere(self) -> Maps:
        return self.on(0, len(self.child_start) - 1)


@njit(cache=True, nogil=True)
def _family_maps(
    low, high, base, out, out_error, maps, cross_start, cross_cut, family,
    WT, size_WT, bias, cuts, rounded,
):  # fmt: skip
    """Maps of the children of parents low..high-1, written from those of parent `base` on."""
    child_start, bits, tree = family.child_start, family.bits, family.tree
    n = WT.shape[0]
    switches = np.zeros(n, np.int64)
    shift = child_start[base]
    for p in range(low, high):
        k0, k1 = cross_start[p], cross_start[p + 1]
        for k in range(k0, k1):
            switches[cuts.unit[cross_cut[k]]] += 1
        f0 = child_start[p]
        terms = 2.0 * (n + (k1 - k0) + 8) * U
        error = maps.error[maps.parent[p]]
        _first_child(
            out[f0 - shift], out_error[p - base], maps.rows[p], error, bits[f0], switches, terms,
            WT, size_WT, bias, cuts, rounded,
        )  # fmt: skip
        for k in range(k0, k1):
            switches[cuts.unit[cross_cut[k]]] = 0
        for f in range(f0 + 1, child_start[p + 1]):
            child = out[f - shift]
            child[:] = out[tree[f] - shift]
            for q in range(family.flip_start[f], family.flip_start[f + 1]):
                _switch(child, maps.rows[p], bits[f], family.flips[q], WT, cuts)


@njit(cache=True, nogil=True)
def _first_child(
    out, E, rows, error, bits, switches, terms, WT, size_WT, bias, cuts, rounded
):  # fmt: skip
    """Maps of a family's first cell, summed up unit by unit, and the family's error bound."""
    out[0] = 0.0
    out[1] = 0.0
    out[2] = bias
    E[:] = 0.0
    touched = rounded
    for j in range(WT.shape[0]):
        piece = cuts.first[j] + j + _piece(bits, cuts.first[j], cuts.first[j + 1])
        s, o = cuts.slope[piece], cuts.offset[piece]
        if s == 0.0 and o == 0.0 and switches[j] == 0:
            continue
        a, b, c = rows[0, j], rows[1, j], rows[2, j]
        largest = cuts.steepest[j] * max(abs(a), abs(b), abs(c)) + cuts.highest[j]
        if largest > 0.0 or error[j] > 0.0 or np.isnan(largest):
            touched = True
            size = (1 + switches[j]) * (largest + FLOOR)
            _add_scaled(E, size_WT[j], size + cuts.steepest[j] * error[j] / terms)
        if s != 0.0 or o != 0.0:
            _add_scaled(out[0], WT[j], s * a)
            _add_scaled(out[1], WT[j], s * b)
            _add_scaled(out[2], WT[j], s * c + o)
    if touched:  # else each map is its bias, exactly, and the error is 0
        for i in range(E.shape[0]):
            E[i] = terms * (E[i] + abs(bias[i])) * (1.0 + 1e-9) + TINY


@njit(cache=True, nogil=True)
def _switch(child, rows, bits, cut, WT, cuts):
    """Change a cell's maps for one cut that it lies across."""
    j = cuts.unit[cut]
    left = cut + j  # entry of the piece left of the cut
    on = (bits[cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1)
    sense = 1.0 if on else -1.0
    ds = sense * (cuts.slope[left + 1] - cuts.slope[left])
    do = sense * (cuts.offset[left + 1] - cuts.offset[left])
    _add_scaled(child[0], WT[j], ds * rows[0, j])
    _add_scaled(child[1], WT[j], ds * rows[1, j])
    _add_scaled(child[2], WT[j], ds * rows[2, j] + do)


@njit(cache=True, nogil=True, inline="always")
def _piece(row, first, end):
    piece = 0
    for cut in range(first, end):
        piece += (row[cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1)
    return piece


@njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _add_scaled(x, y, factor):
    for i in range(x.shape[0]):
        x[i] += factor * y[i]
