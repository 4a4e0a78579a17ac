"""Preactivation maps of a layer on every cell, in float64, with proven error bounds.

On a cell, unit i of a layer is a_i s + b_i t + c_i. The first child of each parent cell is computed
directly; every other child differs from its neighbour in the parent's tree by the few units that
switch between them, a rank-1 update each: O(n) for a layer of n units instead of O(n^2).

One error bound serves all children of a parent. Let N be the number of terms ever added to a
coefficient (the units that are on somewhere in the parent, and the switches on the way), h_j a
bound on what unit j passes on, and e_j the error of its map. A float sum in any order is off by at
most gamma_N times the sum of |terms| (Higham 2002, section 4.2), and a switch adds at most
2 |W_ij| h_j, so
    sum_j |W_ij| (max |slope| e_j + 2 (N + 8) u h_j) + 2 (N + 8) u |bias_i|,
over the units j that are on somewhere in the parent, bounds the error of a_i, b_i and c_i.
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


class Maps(NamedTuple):
    """Affine functions on the cells of a level: true coefficients are within `error` of `rows`."""

    rows: np.ndarray  # (F, 3, n): a, b, c
    error: np.ndarray  # (P, n), shared by the children of a parent
    parent: np.ndarray  # (F,)


class Cuts(NamedTuple):
    """The breakpoints of a layer's units, one line each: cut k of unit j is z_j - threshold = 0.

    A cut's bit is 1 where its value is > 0, so the bits of a unit count up to its piece.
    """

    per_unit: int
    threshold: np.ndarray  # (n_cuts,) float64, rounded
    slope: np.ndarray  # (per_unit + 1,) float64, rounded
    offset: np.ndarray


def cuts_of(act: PiecewiseLinear, width: int) -> Cuts:
    threshold = np.tile(np.array(act.breakpoints, float), width)
    return Cuts(
        len(act.breakpoints), threshold, np.array(act.slopes, float), np.array(act.offsets, float)
    )


def cut_lines(maps: Maps, cuts: Cuts) -> Maps:
    """The cuts' lines, from the maps of their units."""
    if cuts.per_unit == 1 and not cuts.threshold.any():
        return maps
    rows = np.repeat(maps.rows, cuts.per_unit, axis=2)
    size = np.abs(rows[:, 2]) + np.abs(cuts.threshold)
    rows[:, 2] -= cuts.threshold
    error = np.repeat(maps.error, cuts.per_unit, axis=1)
    moved = np.where(cuts.threshold != 0, 3.0 * U * size, 0.0)
    np.maximum.at(worst := np.zeros_like(error), maps.parent, moved)
    return Maps(rows, error + worst, maps.parent)


def pieces(bits: np.ndarray, n_cuts: int, per_unit: int) -> np.ndarray:
    """Piece index of each unit (F, n_units) int8 from packed bits (F, words)."""
    unpacked = np.unpackbits(bits.view(np.uint8), axis=1, count=n_cuts, bitorder="little")
    if per_unit == 1:
        return unpacked.view(np.int8)
    return unpacked.reshape(len(bits), -1, per_unit).sum(axis=2, dtype=np.int8)


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
    rows, error, parent = maps
    child_start, bits, tree = family.child_start, family.bits, family.tree
    flip_start, flips = family.flip_start, family.flips
    per_unit, slope, offset = cuts.per_unit, cuts.slope, cuts.offset
    shift = child_start[base]
    n, n_next = WT.shape
    steepest, highest = np.abs(slope).max(), np.abs(offset).max()
    crossed = np.zeros(n, np.bool_)
    for p in range(low, high):
        f0 = child_start[p]
        k0, k1 = cross_start[p], cross_start[p + 1]
        for k in range(k0, k1):
            crossed[cross_cut[k] // per_unit] = True
        first = f0 - shift
        A, B, C, E = out[first, 0], out[first, 1], out[first, 2], out_error[p - base]
        A[:] = 0.0
        B[:] = 0.0
        C[:] = bias
        E[:] = 0.0
        terms = 2.0 * (n + (k1 - k0) + 8) * U
        touched = rounded
        for j in range(n):
            piece = _piece(bits[f0], j, per_unit)
            s, o = slope[piece], offset[piece]
            if s == 0.0 and o == 0.0 and not crossed[j]:
                continue
            a, b, c = rows[p, 0, j], rows[p, 1, j], rows[p, 2, j]
            largest = steepest * max(abs(a), abs(b), abs(c)) + highest
            g = steepest * error[parent[p], j] + terms * largest
            if largest > 0.0 or g > 0.0:  # not g alone, which may underflow
                touched = True
                _add_scaled(E, size_WT[j], g)
            if s != 0.0 or o != 0.0:
                _add_scaled(A, WT[j], s * a)
                _add_scaled(B, WT[j], s * b)
                _add_scaled(C, WT[j], s * c + o)
        if touched:  # else each map is its bias, exactly, and the error is 0
            for i in range(n_next):
                E[i] = (E[i] + terms * abs(bias[i])) * (1.0 + 1e-9) + TINY
        for k in range(k0, k1):
            crossed[cross_cut[k] // per_unit] = False
        for f in range(f0 + 1, child_start[p + 1]):
            child = out[f - shift]
            child[:] = out[tree[f] - shift]
            for q in range(flip_start[f], flip_start[f + 1]):
                cut = flips[q]
                j, left = cut // per_unit, cut % per_unit
                on = (bits[f, cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1)
                sense = 1.0 if on else -1.0
                ds = sense * (slope[left + 1] - slope[left])
                do = sense * (offset[left + 1] - offset[left])
                _add_scaled(child[0], WT[j], ds * rows[p, 0, j])
                _add_scaled(child[1], WT[j], ds * rows[p, 1, j])
                _add_scaled(child[2], WT[j], ds * rows[p, 2, j] + do)


@njit(cache=True, nogil=True, inline="always")
def _piece(row, unit, per_unit):
    piece = 0
    for cut in range(unit * per_unit, (unit + 1) * per_unit):
        piece += (row[cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1)
    return piece


@njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _add_scaled(x, y, factor):
    for i in range(x.shape[0]):
        x[i] += factor * y[i]
