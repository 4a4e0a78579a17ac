"""Preactivation maps of a layer on every cell, in float64, with proven error bounds.

On a cell, unit i of a layer is a_i s + b_i t + c_i. The cells that a layer makes of one parent are cut
into segments. The first cell of a segment is summed up unit by unit; every other differs from an
earlier one, mostly its neighbour, by the few units that switch between them, a rank-1 update each:
O(n) for a layer of n units instead of O(n^2). One error bound serves a segment; it is proven in
`geomtoy.regions.numbers.map_bounds`, number 4. In deep networks errors are followed further (`signed`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.frame import Frame
from geomtoy.regions.maps.cuts import Cuts, cuts_of
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.maps.signed import Signed, anchored, follow, may_follow, room_for, since_anchor
from geomtoy.regions.maps.sums import fill_segments, segment_starts
from geomtoy.regions.maps.weights import weights_of
from geomtoy.regions.numbers.bounds import SUBNORMAL, nearest
from geomtoy.regions.numbers.map_bounds import (
    first_error,
    first_exact,
    shift_error,
    shifted_exactly,
)

KEEP_BYTES = 256 * 2**20
"""Size of a level's maps up to which they are kept for the next; larger ones are computed again."""

AHEAD_BYTES = 8 * 2**20
"""Size of the maps that are computed at a time where they are asked for part by part and not kept."""

SAMPLE = 16
"""Cells that tell how large errors have become."""


class Maps(NamedTuple):
    """Affine functions on the cells of a level from `first` on: true coefficients are within `error`."""

    first: int  # the cell of row 0
    rows: np.ndarray  # (F, 3, n): a, b, c
    error: np.ndarray  # (segments, n), shared by the cells of a segment
    segment: np.ndarray  # (F,)


@np.errstate(all="ignore")
def cut_lines(maps: Maps, cuts: Cuts) -> Maps:
    """The cuts' lines, from the maps of their units; what overflows decides nothing."""
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
        picks = (frame.origin, frame.u, frame.v) == ((0, 0), (1, 0), (0, 1))
        if picks and not self.network.is_rational:
            return Maps(0, rows[None], np.zeros((1, len(b))), np.zeros(1, np.int64))
        with np.errstate(all="ignore"):
            error = first_error(basis, W, b)
        if any(x and abs(x) < SUBNORMAL for x in exact_basis):
            error[:] = np.inf
        elif not self.network.is_rational:
            if all(nearest(x) == x for x in exact_basis):
                error[first_exact(basis, W, b)] = 0.0
            error[~(W.any(axis=1) | (b != 0))] = 0.0
        return Maps(0, rows[None], error[None], np.zeros(1, np.int64))


class Segments(NamedTuple):
    """Runs of cells of one parent; one error bound serves each."""

    start: np.ndarray  # (segments + 1,)
    parent: np.ndarray  # (segments,)


def segments_of(level: Level, longest: int) -> Segments:
    """The cells of each parent, in runs of at most `longest`."""
    start = segment_starts(level.parent, longest)
    return Segments(start, level.parent[start[:-1]])


class NextMaps:
    """Maps of layer + 1 (hidden layers count from 1) on the cells into which `layer` cut their parents.

    They are computed when asked for, from those of the parents, and kept if they will be again and all
    fit into KEEP_BYTES. Those that are not kept are written over by the next that are asked for.

    Args:
        before: maps of `layer`, on the parents.
        level: the cells.
        again: whether they will be asked for more than once.
        closely: follow errors with their signs (`maps.signed`) also where they are small.
    """

    def __init__(
        self,
        network: Network,
        layer: int,
        before: CellMaps,
        level: Level,
        again: bool,
        closely: bool = False,
    ) -> None:
        self.before, self.level, self.again = before, level, again
        self.cuts = cuts_of(network, layer)
        self.weights = weights_of(network, layer)
        longest = max(64, 2 * before.width)  # so that first cells cost a part of the others
        self.segments = segments_of(level, longest)
        n_segments = len(self.segments.parent)
        self.since = self.anchor = 0  # layers since the errors' anchor, if they are followed; its units
        if isinstance(before, NextMaps) and may_follow(self.weights.WT, self.weights.sparse):
            left = len(network.layers) - 1 - layer
            self.since = since_anchor(
                before.since, lambda: np.inf if closely else before.share, before.width, left
            )
            self.anchor = before.anchor if self.since > 1 else self.since * before.width
        size = 24 * len(level.bits) * self.width + 4 * n_segments * self.width * self.anchor
        self._rows = np.empty((0, 3, self.width))  # room, kept so that the next find it in the cache
        self._keeps = again and size <= KEEP_BYTES
        self._low = self._high = 0  # segments whose maps are at hand
        self._maps, self._signed = self._room(0, n_segments if self._keeps else 0)

    @property
    def segment_start(self) -> np.ndarray:
        return self.segments.start

    @property
    def width(self) -> int:
        return len(self.weights.bias)

    def on(self, low: int, high: int) -> Maps:
        if self._at_hand(low, high):
            return self._view(low, high)
        if self._keeps:
            begin, self._high = self._high, high
            self._compute(self._view(begin, high), self.signed(begin, high), begin, high)
            if high == len(self.segments.parent) and isinstance(self.before, NextMaps):
                self.before.forget()
        else:
            self._maps, self._signed = self._room(low, high)
            self._low, self._high = low, high
            self._compute(self._maps, self._signed, low, high)
        return self._view(low, high)

    def known(self, first: int, last: int) -> bool:
        """Whether the maps on cells first..last are at hand."""
        return self._at_hand(*holding(self, first, last))

    def forget(self) -> None:
        """Keep nothing: those who have computed all from these maps do not ask again."""
        self._keeps, self._low, self._high = False, 0, 0
        self._rows = self._rows[:0].copy()
        self._maps, self._signed = self._room(0, 0)

    def signed(self, low: int, high: int) -> Signed | None:
        """Where the errors on segments low..high-1, whose maps are at hand, come from; None if they are
        not followed."""
        return self._signed and self._signed.part(low - self._low, high - self._low)

    @property
    def share(self) -> float:
        """Error as a share of the maps: the median over some cells at hand, or the first."""
        if self._low == self._high:
            self.on(0, 1)
        _, rows, error, segment = self._view(self._low, self._high)
        some = slice(None, None, len(rows) // SAMPLE + 1)
        worst, size = error[segment[some]].max(axis=1), np.abs(rows[some]).max(axis=(1, 2))
        with np.errstate(all="ignore"):
            shares = np.sort(worst / (size + (size == 0)))
        return float(shares[len(shares) // 2])

    def ahead(self, low: int, high: int) -> Maps:
        """The same, for those who ask again and again and go on from there: where maps are not kept,
        many of the next are computed too."""
        if not (self._keeps or self._at_hand(low, high)):
            starts = self.segments.start
            end = starts[low] + AHEAD_BYTES // (24 * self.width)
            self.on(low, max(high, int(np.searchsorted(starts, end, side="right")) - 1))
        return self.on(low, high)

    def _at_hand(self, low: int, high: int) -> bool:
        return self._low <= low and high <= self._high

    def _room(self, low: int, high: int) -> tuple[Maps, Signed | None]:
        start = self.segments.start[low : high + 1]
        cells = int(start[-1] - start[0])
        if cells > len(self._rows):
            self._rows = np.empty((cells, 3, self.width))
        segment = np.repeat(np.arange(high - low), np.diff(start))
        maps = Maps(int(start[0]), self._rows[:cells], np.empty((high - low, self.width)), segment)
        return maps, room_for(high - low, self.width, self.anchor) if self.since else None

    def _view(self, low: int, high: int) -> Maps:
        first, rows, error, segment = self._maps
        cells = slice(*(int(self.segments.start[k]) - first for k in (low, high)))
        k, end = low - self._low, high - self._low
        return Maps(first + cells.start, rows[cells], error[k:end], segment[cells] - k)

    def _compute(self, into: Maps, signed: Signed | None, low: int, high: int) -> None:
        here = Segments(self.segments.start[low : high + 1], self.segments.parent[low:high])
        before = self.before
        begin, end = holding(before, *self.segments.parent[[low, high - 1]])
        maps = before.ahead(begin, end) if isinstance(before, NextMaps) else before.on(begin, end)
        with np.errstate(all="ignore"):
            if signed is None:
                fill_segments(here, into, maps, self.level, self.weights, self.cuts)
                return
            known = (
                before.signed(begin, end) if isinstance(before, NextMaps) and self.since > 1 else None
            )
            earlier = known or anchored(maps.error)
            local = maps._replace(error=earlier.local)
            fill_segments(here, into, local, self.level, self.weights, self.cuts)
            of = maps.segment[here.parent - maps.first]
            follow(here, self.level.bits, of, earlier, self.weights, self.cuts, signed, into.error)


def holding(maps: CellMaps, first: int, last: int) -> tuple[int, int]:
    """Range of segments that hold cells first..last."""
    starts = maps.segment_start
    begin = int(np.searchsorted(starts, first, side="right")) - 1
    return begin, int(np.searchsorted(starts, last + 1, side="left"))


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
