"""Preactivation maps of a layer on every cell, in float64, with proven error bounds.

On a cell, unit i of a layer is a_i s + b_i t + c_i. The cells that a layer makes of one parent are cut
into segments. The first cell of a segment is summed up unit by unit; every other differs from an
earlier one, mostly its neighbour, by the few units that switch between them, a rank-1 update each:
O(n) for a layer of n units instead of O(n^2). One error bound serves a segment; it is proven in
`geomtoy.regions.numbers.bounds`, number 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numba import njit

from geomtoy.network import Network
from geomtoy.regions.frame import Frame
from geomtoy.regions.maps.cuts import Cuts, cuts_of
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.numbers.bounds import (
    FLOOR,
    NO_GRID,
    SECOND_ORDER,
    SUBNORMAL,
    exactly_summed,
    first_error,
    first_exact,
    grid,
    grids,
    map_error,
    map_terms,
    multiple_of,
    nearest,
    powers,
    shift_error,
    shifted_exactly,
)

KEEP_BYTES = 256 * 2**20
"""Size of a level's maps up to which they are kept for the next; larger ones are computed again."""


SPARSE = 8
"""A layer of which less than one weight in so many is not 0 is worked on weight by weight."""


class Maps(NamedTuple):
    """Affine functions on the cells of a level from `first` on: true coefficients are within `error`."""

    first: int  # the cell of row 0
    rows: np.ndarray  # (F, 3, n): a, b, c
    error: np.ndarray  # (segments, n), shared by the cells of a segment
    segment: np.ndarray  # (F,)


def cut_lines(maps: Maps, cuts: Cuts) -> Maps:
    """The cuts' lines, from the maps of their units."""
    if cuts.plain:
        return maps
    rows = np.ascontiguousarray(maps.rows[:, :, cuts.unit])
    moved = shift_error(rows[:, 2], cuts.threshold)
    if cuts.exact_threshold:
        moved[shifted_exactly(rows[:, 2], cuts.threshold)] = 0.0
    rows[:, 2] -= cuts.threshold
    worst = np.zeros((len(maps.error), len(cuts.unit)))
    np.maximum.at(worst, maps.segment, moved)
    return Maps(maps.first, rows, maps.error[:, cuts.unit] + worst, maps.segment)


@runtime_checkable
class CellMaps(Protocol):
    """A layer's maps on all cells of a level, computed for the segments that are asked for."""

    @property
    def segment_start(self) -> np.ndarray:
        """(segments + 1,) first cell of each segment."""

    @property
    def width(self) -> int:
        """Units of the layer."""

    def on(self, low: int, high: int) -> Maps:
        """On the cells of segments low..high-1; segments count from there."""


def level_maps(network: Network, frame: Frame, levels: Sequence[Level]) -> CellMaps:
    """Maps of the layer after some levels on the cells of the last of them."""
    maps: CellMaps = FirstMaps(network, frame)
    for layer, level in enumerate(levels[1:], start=1):
        maps = NextMaps(network, layer, maps, level)
    return maps


def all_maps(maps: CellMaps, cells: int) -> Maps:
    """On all cells of the level, computed so many cells at a time: nothing before them is held for
    long."""
    segments, n = len(maps.segment_start) - 1, maps.width
    F = int(maps.segment_start[-1])
    rows, error = np.empty((F, 3, n)), np.empty((segments, n))
    for low, high in blocks(maps, cells):
        part = maps.on(low, high)
        rows[part.first : part.first + len(part.rows)], error[low:high] = part.rows, part.error
    return Maps(0, rows, error, np.repeat(np.arange(segments), np.diff(maps.segment_start)))


@dataclass(frozen=True, eq=False)
class FirstMaps:
    """Maps of the first layer on the window, one cell: the start of all `CellMaps`."""

    network: Network
    frame: Frame

    @property
    def segment_start(self) -> np.ndarray:
        return np.array([0, 1])

    @property
    def width(self) -> int:
        return len(self.network.layers[0][0])

    def on(self, low: int, high: int) -> Maps:
        return self._maps

    @cached_property
    def _maps(self) -> Maps:
        W, b = self.network.float_layers[0]
        frame = self.frame
        exact_basis = (*frame.u, *frame.v, *frame.origin)
        basis = np.array([nearest(x) for x in exact_basis]).reshape(3, -1)
        with np.errstate(all="ignore"):
            rows = basis @ W.T
            rows[2] += b
            error = first_error(basis, W, b)
        if any(x and abs(x) < SUBNORMAL for x in exact_basis):
            error[:] = np.inf
        elif not self.network.is_rational:
            stored = all(nearest(x) == x for x in exact_basis)
            picks = (frame.origin, frame.u, frame.v) == ((0, 0), (1, 0), (0, 1))
            if picks:
                error[:] = 0.0
            elif stored:
                error[first_exact(basis, W, b)] = 0.0
            error[~(W.any(axis=1) | (b != 0))] = 0.0
        return Maps(0, rows[None], error[None], np.zeros(1, np.int64))


class Segments(NamedTuple):
    """Runs of cells of one parent; one error bound serves each."""

    start: np.ndarray  # (segments + 1,)
    parent: np.ndarray  # (segments,)


def segments_of(level: Level, longest: int) -> Segments:
    """The cells of each parent, in runs of at most `longest`."""
    parents, first = np.unique(level.parent, return_index=True)
    sizes = np.diff(np.append(first, len(level.parent)))
    numbers = -(-sizes // longest)
    nth = np.arange(numbers.sum()) - np.repeat(np.cumsum(numbers) - numbers, numbers)
    begin = np.repeat(first, numbers) + nth * longest
    return Segments(np.append(begin, len(level.parent)), np.repeat(parents, numbers))


class Weights(NamedTuple):
    """A layer's parameters as the kernels read them."""

    WT: np.ndarray  # (n_in, n)
    bias: np.ndarray
    rounded: bool  # whether they may differ from the true ones
    grid: np.ndarray  # (n,) power of two of which all weights into a unit are multiples
    bias_limit: np.ndarray  # (n,) 2^53 times that of its bias
    sparse: bool  # whether so few weights are not 0 that only those are worked on
    start: np.ndarray  # (n_in + 1,) CSR of the weights out of each unit: target and value
    target: np.ndarray
    value: np.ndarray


def weights_of(network: Network, layer: int) -> Weights:
    """Parameters of the layer after hidden layer `layer` (from 1)."""
    W, bias = network.float_layers[layer]
    WT = np.ascontiguousarray(W.T)
    source, target = np.nonzero(WT)
    return Weights(
        WT,
        bias,
        network.is_rational,
        powers(grids(W)),
        powers(grids(bias[:, None]) + 53),
        len(source) * SPARSE < WT.size,
        np.searchsorted(source, np.arange(len(WT) + 1)),
        target,
        WT[source, target],
    )


class NextMaps:
    """Maps of layer + 1 (hidden layers count from 1) on the cells into which `layer` cut their parents.

    They are computed when asked for, from those of the parents, and kept if all fit into KEEP_BYTES.

    Args:
        before: maps of `layer`, on the parents.
        level: the cells.
    """

    def __init__(self, network: Network, layer: int, before: CellMaps, level: Level) -> None:
        self.before, self.level = before, level
        self.cuts = cuts_of(network, layer)
        self.weights = weights_of(network, layer)
        longest = max(64, 2 * before.width)  # so that first cells cost a part of the others
        self._segments = segments_of(level, longest)
        size = 24 * len(level.bits) * self.width
        n_segments = len(self._segments.parent)
        self._kept: Maps | None = self._room(0, n_segments) if size <= KEEP_BYTES else None
        self._done = 0  # segments kept so far

    @property
    def segment_start(self) -> np.ndarray:
        return self._segments.start

    @property
    def width(self) -> int:
        return len(self.weights.bias)

    def on(self, low: int, high: int) -> Maps:
        if self._kept is None:
            return self._compute(self._room(low, high), low, high)
        if high > self._done:
            self._compute(self._view(self._kept, self._done, high), self._done, high)
            self._done = high
        return self._view(self._kept, low, high)

    def _room(self, low: int, high: int) -> Maps:
        start = self._segments.start[low : high + 1]
        rows = np.empty((int(start[-1] - start[0]), 3, self.width))
        segment = np.repeat(np.arange(high - low), np.diff(start))
        return Maps(int(start[0]), rows, np.empty((high - low, self.width)), segment)

    def _view(self, maps: Maps, low: int, high: int) -> Maps:
        first, end = (int(self._segments.start[k]) for k in (low, high))
        return Maps(first, maps.rows[first:end], maps.error[low:high], maps.segment[first:end] - low)

    def _compute(self, into: Maps, low: int, high: int) -> Maps:
        here = Segments(self._segments.start[low : high + 1], self._segments.parent[low:high])
        before = self._parents(low, high)

        with np.errstate(all="ignore"):
            _segments(here, into, before, self.level, self.weights, self.cuts)
        return into

    def _parents(self, low: int, high: int) -> Maps:
        """Maps on whole segments that hold the parents of segments low..high-1."""
        starts, parent = self.before.segment_start, self._segments.parent
        begin = int(np.searchsorted(starts, parent[low], side="right")) - 1
        end = int(np.searchsorted(starts, parent[high - 1] + 1, side="left"))
        return self.before.on(begin, end)


def blocks(
    maps: CellMaps, cells: int, within: tuple[int, int] | None = None
) -> Iterator[tuple[int, int]]:
    """Ranges of segments that hold so many cells together, or one segment if that is more.

    Args:
        within: range of cells, a union of segments; all cells if None.
    """
    starts = maps.segment_start
    first, end = within or (0, int(starts[-1]))
    low, last = (int(np.searchsorted(starts, cell)) for cell in (first, end))
    while low < last:
        full = int(np.searchsorted(starts, starts[low] + cells, side="right")) - 1
        high = min(last, max(low + 1, full))
        yield low, high
        low = high


@njit(cache=True, nogil=True)
def _segments(segments, into, before, level, weights, cuts):
    """Maps on segments, from the maps before them on their parents."""
    n = weights.WT.shape[0]
    bits, tree = level.bits, level.tree
    switching = np.zeros(n, np.bool_)
    scratch = np.empty(n, np.int64), np.empty((n, 4)), np.empty(n)
    for g in range(segments.parent.shape[0]):
        p, f0, f1 = segments.parent[g] - before.first, segments.start[g], segments.start[g + 1]
        rows, error = before.rows[p], before.error[before.segment[p]]
        updates = _longest_chain(f0, f1, bits, tree, switching, cuts)
        _first_cell(
            into.rows[f0 - into.first], into.error[g], rows, error, bits[f0], switching, updates,
            weights, cuts, scratch,
        )  # fmt: skip
        switching[:] = False
        for f in range(f0 + 1, f1):
            like = tree[f] if f0 <= tree[f] < f else f - 1
            cell = into.rows[f - into.first]
            _copy(cell, into.rows[like - into.first])
            for word in range(bits.shape[1]):
                change = bits[f, word] ^ bits[like, word]
                while change:
                    cut = 64 * word + lowest_bit(change)
                    change &= change - np.uint64(1)
                    _switch(cell, rows, bits[f], cut, weights, cuts)


@njit(cache=True, nogil=True)
def _copy(into, rows):
    """As into[:] = rows, which takes seconds to compile."""
    for k in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            into[k, i] = rows[k, i]


@njit(cache=True, nogil=True, inline="always")
def lowest_bit(word):
    """Place of the lowest bit that is set in a word that is not 0."""
    place = 0
    for width in (32, 16, 8, 4, 2, 1):
        if word & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)) == 0:
            word >>= np.uint64(width)
            place += width
    return place


@njit(cache=True, nogil=True)
def _longest_chain(f0, f1, bits, tree, switching, cuts):
    """Most switches in a row between the first cell of a segment and another; marks who switches."""
    if f1 - f0 == 1:
        return 0
    chain = np.zeros(f1 - f0, np.int64)
    longest = 0
    for f in range(f0 + 1, f1):
        like = tree[f] if f0 <= tree[f] < f else f - 1
        switches = 0
        for word in range(bits.shape[1]):
            change = bits[f, word] ^ bits[like, word]
            while change:
                switching[cuts.unit[64 * word + lowest_bit(change)]] = True
                change &= change - np.uint64(1)
                switches += 1
        chain[f - f0] = chain[like - f0] + switches
        longest = max(longest, chain[f - f0])
    return longest


@njit(cache=True, nogil=True)
def _first_cell(out, E, rows, error, bits, switching, updates, weights, cuts, scratch):
    """Maps of a segment's first cell, summed up unit by unit, and the segment's error bound."""
    sums = add_up(out, E, rows, error, bits, switching, updates, weights, cuts, scratch)
    sum_error(E, sums, weights)


@njit(cache=True, nogil=True)
def add_up(out, E, rows, error, bits, switching, updates, weights, cuts, scratch):
    """Maps of a cell, summed up unit by unit; E becomes what `map_error` weighs.

    Args:
        switching: (n_in,) units that may be in any of their pieces where the error is to hold.
    Returns:
        terms: see `map_terms`. limit: see `_limit_of_terms`.
        touched: whether anything was added; otherwise each map is its bias, exactly.
    """
    for i in range(E.shape[0]):
        out[0, i], out[1, i], out[2, i], E[i] = 0.0, 0.0, weights.bias[i], 0.0
    touched = weights.rounded
    unit, factor, spread = scratch
    m = np.int64(0)  # as a literal it would make numba compile other kernels twice
    for j in range(weights.WT.shape[0]):
        piece = cuts.first[j] + j + _piece(bits, cuts.first[j], cuts.first[j + 1])
        if cuts.zero[piece] and not switching[j]:
            continue
        a, b, c = rows[0, j], rows[1, j], rows[2, j]
        if a == 0.0 and b == 0.0 and c == 0.0 and error[j] == 0.0 and cuts.highest[j] == 0.0:
            continue  # zero on the whole parent, exactly
        touched = True
        s, o = cuts.slope[piece], cuts.offset[piece]
        unit[m] = j
        factor[m, 0], factor[m, 1], factor[m, 2] = s * a, s * b, s * c + o
        factor[m, 3] = cuts.steepest[j] * max(abs(a), abs(b), abs(c)) + cuts.highest[j] + FLOOR
        spread[m] = cuts.steepest[j] * error[j]
        m += 1
    limit = _limit_of_terms(rows, error, cuts, unit, factor, m)
    terms = map_terms(m, updates, cuts.rounding)
    for k in range(m):
        factor[k, 3] += spread[k] / terms
    if weights.sparse:
        _add_few(out, E, weights, unit, factor, m)
    else:
        _add_units(out, E, weights.WT, unit, factor, m)
    return terms, limit, touched


@njit(cache=True, nogil=True)
def sum_error(E, sums, weights):
    """The error of what `add_up` found, in place of what it weighs."""
    terms, limit, touched = sums
    if not touched:
        return
    for i in range(E.shape[0]):
        size = 2.0 * (E[i] + abs(weights.bias[i])) * SECOND_ORDER
        exact = exactly_summed(size, min(limit * weights.grid[i], weights.bias_limit[i]))
        E[i] = 0.0 if exact and not weights.rounded else map_error(terms, E[i], weights.bias[i])


@njit(cache=True, nogil=True)
def loose_error(E, sums, weights):
    """The same where units pass on any part of themselves: then floats are never exact."""
    for i in range(E.shape[0]):
        E[i] = map_error(sums[0], E[i], weights.bias[i])


@njit(cache=True, nogil=True)
def _limit_of_terms(rows, error, cuts, unit, factor, m):
    """2^53 times a power of two that all that m units pass on are multiples of, on all their pieces, if
    float64 holds all of it exactly; else 0."""
    least, unit_of_least, largest = NO_GRID, 0.0, 0.0
    for k in range(m):
        j = unit[k]
        if error[j] != 0.0 or not factor[k, 3] < np.inf:
            return 0.0
        for i in range(3):
            if not multiple_of(rows[i, j], unit_of_least):
                least = min(least, grid(rows[i, j]))
                unit_of_least = 2.0**-least if abs(least) < 1000 else 0.0
        largest = max(largest, factor[k, 3])
    least = min(least + cuts.grid, cuts.offset_grid)
    if least < -900:
        return 0.0
    limit = 2.0 ** (min(least, 900) + 53)
    return limit if exactly_summed(4.0 * largest, limit) else 0.0


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
def _add_few(out, E, weights, unit, factor, m):
    """The same, weight by weight."""
    for k in range(m):
        a, b, c, e = factor[k]
        for i in range(weights.start[unit[k]], weights.start[unit[k] + 1]):
            target, w = weights.target[i], weights.value[i]
            out[0, target] += a * w
            out[1, target] += b * w
            out[2, target] += c * w
            E[target] += e * abs(w)


@njit(cache=True, nogil=True)
def _switch(child, rows, bits, cut, weights, cuts):
    """Change a cell's maps for one cut that it lies across."""
    j = cuts.unit[cut]
    left = cut + j  # entry of the piece left of the cut
    on = (bits[cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1)
    sense = 1.0 if on else -1.0
    ds = sense * (cuts.slope[left + 1] - cuts.slope[left])
    do = sense * (cuts.offset[left + 1] - cuts.offset[left])
    a, b, c = ds * rows[0, j], ds * rows[1, j], ds * rows[2, j] + do
    if weights.sparse:
        for i in range(weights.start[j], weights.start[j + 1]):
            target, w = weights.target[i], weights.value[i]
            child[0, target] += a * w
            child[1, target] += b * w
            child[2, target] += c * w
        return
    _add_scaled(child[0], weights.WT[j], a)
    _add_scaled(child[1], weights.WT[j], b)
    _add_scaled(child[2], weights.WT[j], c)


@njit(cache=True, nogil=True, inline="always")
def _piece(row, first, end):
    piece = np.int64(0)
    for cut in range(first, end):
        piece += np.int64((row[cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1))
    return piece


@njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _add_scaled(x, y, factor):
    for i in range(x.shape[0]):
        x[i] += factor * y[i]
