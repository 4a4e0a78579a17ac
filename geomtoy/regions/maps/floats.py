"""Preactivation maps of a layer on every cell, in float64, with proven error bounds.

On a cell, unit i of a layer is a_i s + b_i t + c_i. The cells that a layer makes of one parent are cut
into segments. The first cell of a segment is summed up unit by unit; every other differs from an
earlier one, mostly its neighbour, by the few units that switch between them, a rank-1 update each:
O(n) for a layer of n units instead of O(n^2).

One error bound serves a segment. With h_j a bound on what unit j passes on and e_j the error of its
map, S = sum_j |W_ij| h_j + |bias_i| over the m units that are on somewhere in the parent bounds every
coefficient and, twice, every update. The first sum has m + 1 terms, each after at most five roundings
(of W, slope or offset, two products and a sum), and is off by at most (m + 5) u S (Higham 2002, section
4.2), an update by at most u S + 8 u S, and the maps that enter by sum_j |W_ij| max |slope_j| e_j. If
slopes are 0 or 1 and offsets 0, as for ReLU, an update is W times a map, at most S, and off by at most
u S + 2 u S. So with L updates in a row and t = (m + r L + 8) u, where r is 3 for such units and else
10, the error of a_i, b_i and c_i is at most
    t sum_j |W_ij| (h_j + max |slope_j| e_j / t) + t |bias_i|.
FLOOR is added to h_j, since slope * coefficient may underflow before a huge weight multiplies it; t
stands outside the sum so that the bound itself does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numba import njit

from geomtoy.network import Network
from geomtoy.regions.maps.cuts import Cuts
from geomtoy.regions.numbers.filter import TINY, U
from geomtoy.regions.threads import in_blocks
from geomtoy.regions.topology.faces import Family

FLOOR = 2.0**-1020
KEEP_BYTES = 256 * 2**20
"""Size of a level's maps up to which they are kept for the next; larger ones are computed again."""


class Maps(NamedTuple):
    """Affine functions on the cells of a level: true coefficients are within `error` of `rows`."""

    rows: np.ndarray  # (F, 3, n): a, b, c
    error: np.ndarray  # (segments, n), shared by the cells of a segment
    segment: np.ndarray  # (F,)


def cut_lines(maps: Maps, cuts: Cuts) -> Maps:
    """The cuts' lines, from the maps of their units."""
    if cuts.plain:
        return maps
    rows = np.ascontiguousarray(maps.rows[:, :, cuts.unit])
    size = np.abs(rows[:, 2]) + np.abs(cuts.threshold)
    rows[:, 2] -= cuts.threshold
    moved = np.where(cuts.threshold != 0, 3.0 * U * size, 0.0)
    worst = np.zeros((len(maps.error), len(cuts.unit)))
    np.maximum.at(worst, maps.segment, moved)
    return Maps(rows, maps.error[:, cuts.unit] + worst, maps.segment)


class CellMaps(Protocol):
    """A layer's maps on all cells of a level, computed for the segments that are asked for."""

    @property
    def segment_start(self) -> np.ndarray:
        """(segments + 1,) first cell of each segment."""

    @property
    def width(self) -> int:
        """Units of the layer."""

    def on(self, low: int, high: int) -> Maps:
        """On the cells of segments low..high-1; cells and segments count from there."""


@dataclass(eq=False)
class NextMaps:
    """Maps of layer + 1 (hidden layers count from 1) on the cells into which `layer` cut their parents.

    They are computed when asked for, from those of the parents, and kept if all fit into KEEP_BYTES.

    Args:
        before: maps of `layer`, on the parents.
        crossing: CSR (start, cut) of the cuts that cross each parent.
        family: the children.
    """

    network: Network
    layer: int
    before: CellMaps
    cuts: Cuts
    crossing: tuple[np.ndarray, np.ndarray]
    family: Family

    def __post_init__(self) -> None:
        longest = max(64, 2 * self.before.width)  # so that first cells cost a part of the others
        sizes = np.diff(self.family.child_start)
        numbers = -(-sizes // longest)
        self._parent = np.repeat(np.arange(len(sizes)), numbers)  # of each segment
        nth = np.arange(len(self._parent)) - np.repeat(np.cumsum(numbers) - numbers, numbers)
        begin = self.family.child_start[self._parent] + nth * longest
        self.segment_start = np.append(begin, self.family.child_start[-1])
        size = 24 * len(self.family.bits) * self.width
        self._kept: Maps | None = self._room(0, len(begin)) if size <= KEEP_BYTES else None
        self._done = 0  # segments kept so far

    @property
    def width(self) -> int:
        return len(self.network.layers[self.layer][0])

    def on(self, low: int, high: int) -> Maps:
        if self._kept is None:
            return self._compute(self._room(low, high), low, high)
        if high > self._done:
            self._compute(self._view(self._kept, self._done, high), self._done, high)
            self._done = high
        return self._view(self._kept, low, high)

    def _room(self, low: int, high: int) -> Maps:
        sizes = np.diff(self.segment_start[low : high + 1])
        rows, error = np.empty((sizes.sum(), 3, self.width)), np.empty((high - low, self.width))
        return Maps(rows, error, np.repeat(np.arange(high - low), sizes))

    def _view(self, maps: Maps, low: int, high: int) -> Maps:
        first, end = self.segment_start[low], self.segment_start[high]
        return Maps(maps.rows[first:end], maps.error[low:high], maps.segment[first:end] - low)

    def _compute(self, into: Maps, low: int, high: int) -> Maps:
        W, bias = self.network.float_layers[self.layer]
        WT = np.ascontiguousarray(W.T)
        before, first_parent = self._parents(low, high)

        def run(begin: int, stop: int) -> None:
            _segments(
                low + begin, low + stop, low, self.segment_start, self._parent, into.rows, into.error,
                before, first_parent, *self.crossing, self.family, WT, bias, self.cuts,
                self.network.is_rational,
            )  # fmt: skip

        with np.errstate(all="ignore"):
            in_blocks(run, high - low, work=len(W) * (len(into.rows) + (high - low) * len(WT)))
        return into

    def _parents(self, low: int, high: int) -> tuple[Maps, int]:
        """Maps on whole segments that hold the parents of segments low..high-1, and their first cell."""
        starts = self.before.segment_start
        begin = int(np.searchsorted(starts, self._parent[low], side="right")) - 1
        end = int(np.searchsorted(starts, self._parent[high - 1] + 1, side="left"))
        return self.before.on(begin, end), int(starts[begin])


def blocks(maps: CellMaps, cells: int, fewest: int = 1) -> Iterator[tuple[int, int]]:
    """Ranges of segments that hold so many cells together, or `fewest` segments if that is more."""
    starts = maps.segment_start
    low, segments = 0, len(starts) - 1
    while low < segments:
        full = int(np.searchsorted(starts, starts[low] + cells, side="right")) - 1
        high = min(segments, max(low + fewest, full))
        yield low, high
        low = high


@njit(cache=True, nogil=True)
def _segments(
    low, high, base, segment_start, segment_parent, out, out_error, maps, first_parent,
    cross_start, cross_cut, family, WT, bias, cuts, rounded,
):  # fmt: skip
    """Maps on segments low..high-1, written from those of segment `base` on; `maps` are those of the
    parents from `first_parent` on."""
    bits, tree = family.bits, family.tree
    n = WT.shape[0]
    switching = np.zeros(n, np.bool_)
    scratch = np.empty(n, np.int64), np.empty((n, 4)), np.empty(n)
    shift = segment_start[base]
    for g in range(low, high):
        p, f0, f1 = segment_parent[g], segment_start[g], segment_start[g + 1]
        rows, error = maps.rows[p - first_parent], maps.error[maps.segment[p - first_parent]]
        for k in range(cross_start[p], cross_start[p + 1]):
            switching[cuts.unit[cross_cut[k]]] = True
        _first_cell(
            out[f0 - shift], out_error[g - base], rows, error, bits[f0], switching,
            _longest_chain(f0, f1, bits, tree),
            WT, bias, cuts, rounded, scratch,
        )  # fmt: skip
        for k in range(cross_start[p], cross_start[p + 1]):
            switching[cuts.unit[cross_cut[k]]] = False
        for f in range(f0 + 1, f1):
            like = tree[f] if tree[f] >= f0 else f - 1
            cell = out[f - shift]
            cell[:] = out[like - shift]
            for word in range(bits.shape[1]):
                change = bits[f, word] ^ bits[like, word]
                while change:
                    lowest = change & (~change + np.uint64(1))
                    change ^= lowest
                    cut = 64 * word + np.int64(np.log2(np.float64(lowest)))
                    _switch(cell, rows, bits[f], cut, WT, cuts)


@njit(cache=True, nogil=True)
def _longest_chain(f0, f1, bits, tree):
    """Most switches in a row between the first cell of a segment and another."""
    if f1 - f0 == 1:
        return 0
    chain = np.zeros(f1 - f0, np.int64)
    longest = 0
    for f in range(f0 + 1, f1):
        like = tree[f] if tree[f] >= f0 else f - 1
        switches = 0
        for word in range(bits.shape[1]):
            change = bits[f, word] ^ bits[like, word]
            while change:
                change &= change - np.uint64(1)
                switches += 1
        chain[f - f0] = chain[like - f0] + switches
        longest = max(longest, chain[f - f0])
    return longest


@njit(cache=True, nogil=True)
def _first_cell(out, E, rows, error, bits, switching, updates, WT, bias, cuts, rounded, scratch):
    """Maps of a segment's first cell, summed up unit by unit, and the segment's error bound."""
    out[0] = 0.0
    out[1] = 0.0
    out[2] = bias
    E[:] = 0.0
    touched = rounded
    unit, factor, spread = scratch
    m = 0
    for j in range(WT.shape[0]):
        piece = cuts.first[j] + j + _piece(bits, cuts.first[j], cuts.first[j + 1])
        s, o = cuts.slope[piece], cuts.offset[piece]
        if s == 0.0 and o == 0.0 and not switching[j]:
            continue
        a, b, c = rows[0, j], rows[1, j], rows[2, j]
        largest = cuts.steepest[j] * max(abs(a), abs(b), abs(c)) + cuts.highest[j]
        if largest > 0.0 or error[j] > 0.0 or np.isnan(largest):
            touched = True
            unit[m] = j
            factor[m, 0], factor[m, 1], factor[m, 2] = s * a, s * b, s * c + o
            factor[m, 3], spread[m] = largest + FLOOR, cuts.steepest[j] * error[j]
            m += 1
    terms = (m + cuts.rounding * updates + 8.0) * U
    for k in range(m):
        factor[k, 3] += spread[k] / terms
    _add_units(out, E, WT, unit, factor, m)
    if touched:  # else each map is its bias, exactly, and the error is 0
        for i in range(E.shape[0]):
            E[i] = terms * (E[i] + abs(bias[i])) * (1.0 + 1e-9) + TINY


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_units(out, E, WT, unit, factor, m):
    """Add factor * W for m units, four at a time so that sums stay in registers; |W| for the error."""
    A, B, C = out[0], out[1], out[2]
    n = E.shape[0]
    k = 0
    while k + 4 <= m:
        w0, w1, w2, w3 = WT[unit[k]], WT[unit[k + 1]], WT[unit[k + 2]], WT[unit[k + 3]]
        a0, b0, c0, e0 = factor[k]
        a1, b1, c1, e1 = factor[k + 1]
        a2, b2, c2, e2 = factor[k + 2]
        a3, b3, c3, e3 = factor[k + 3]
        for i in range(n):
            x0, x1, x2, x3 = w0[i], w1[i], w2[i], w3[i]
            A[i] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
            B[i] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            C[i] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
            E[i] += e0 * abs(x0) + e1 * abs(x1) + e2 * abs(x2) + e3 * abs(x3)
        k += 4
    for r in range(k, m):
        w = WT[unit[r]]
        a, b, c, e = factor[r]
        for i in range(n):
            A[i] += a * w[i]
            B[i] += b * w[i]
            C[i] += c * w[i]
            E[i] += e * abs(w[i])


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
        piece += np.int64((row[cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1))
    return piece


@njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _add_scaled(x, y, factor):
    for i in range(x.shape[0]):
        x[i] += factor * y[i]
