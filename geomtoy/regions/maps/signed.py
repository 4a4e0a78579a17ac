"""Errors of deep maps, followed back through the layers with their signs.

The bound of `maps.sums` adds up |W| times the bounds of the layer before. In a deep network it grows by
a factor a layer, although errors meet with both signs and do not: behind 40 layers of 16 units nothing
would be decided. Here errors of maps are sums of signed rows times the errors at an earlier layer, the
*anchor*, and of what has come in since. It is proven in `geomtoy.regions.numbers.map_bounds`, number 10.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from geomtoy.kernels import inner, kernel
from geomtoy.regions.maps.bits import lowest_bit, without_lowest
from geomtoy.regions.maps.sums import piece_of
from geomtoy.regions.numbers.map_bounds import LOST, far_error, follow_doubt, followed_error

SPAN = 4
"""Layers between two anchors: rows are n x n numbers on each segment, and what comes in since an anchor
grows as the plain bound does."""
PART = 2.0**-40
"""Of an anchor's errors, that count as come in since: only exact ones are 0."""
TOLERATED = 2.0**-23
"""Share of a map that its error may be, for 16 units, before it is worth while to follow it: a segment
then takes five times as long."""
FORESIGHT = 2
"""Layers that follow for each bit by which it must be less."""
MOST_UNITS, MOST_WEIGHT = 2**10, 2.0**20
"""Below these number 10 holds."""


class Signed(NamedTuple):
    """Where the errors on some segments come from: they are within |rows| anchor + local."""

    anchor: np.ndarray  # (segments, m) errors of the units of an earlier layer
    rows: np.ndarray  # (segments, n, m) float32: few digits will do; (0, 0, 0) for the identity
    far: np.ndarray  # (segments, n) |rows| anchor, not rounded down
    local: np.ndarray  # (segments, n)

    def part(self, low: int, high: int) -> Signed:
        """On segments low..high-1."""
        return Signed(*(array[low:high] for array in self))


def may_follow(WT: np.ndarray, sparse: bool) -> bool:
    """Whether errors are followed through weights (n_in, n)."""
    return not sparse and max(WT.shape) < MOST_UNITS and bool(np.abs(WT).max(initial=0) < MOST_WEIGHT)


def since_anchor(before: int, share: Callable[[], float], units: int, left: int) -> int:
    """Layers since the errors' anchor; 0 where they are not followed.

    Args:
        before: the same of the layer before. share: its errors, as a share of its maps.
        units: of the layer before. left: layers that come after this one.
    """
    if 0 < before < SPAN:
        return before + 1
    tolerated = TOLERATED * units / 16 * 2.0 ** (-left / FORESIGHT)
    return int(before == SPAN or share() > tolerated)


def anchored(error: np.ndarray) -> Signed:
    """Errors (segments, n) as an anchor of their own."""
    return Signed(error, np.empty((0, 0, 0), np.float32), error, error * PART)


def room_for(segments: int, n: int, anchor: int) -> Signed:
    """Room for n units' errors that come from those of so many."""
    return Signed(
        np.empty((segments, anchor)), np.empty((segments, n, anchor), np.float32),
        np.empty((segments, n)), np.empty((segments, n)),
    )  # fmt: skip


@kernel
def follow(segments, bits, parent_segment, before, weights, cuts, into, error):
    """Follow errors through one layer.

    Args:
        bits: pieces of the units before on all cells.
        parent_segment: (segments,) the parent's segment in `before`.
        error: (segments, n) what has come in since the anchor, as `fill_segments` bounds it from
            `before.local`; becomes the bound of the whole error.
    """
    n_in, n = weights.WT.shape
    W = weights.WT.astype(np.float32)
    slope, doubt, switching = np.empty(n_in, np.float32), np.empty(n_in), np.zeros(n_in, np.bool_)
    unit, more = np.empty(n_in, np.int64), np.empty(n)
    for g in range(parent_segment.shape[0]):
        s, f0 = parent_segment[g], segments.start[g]
        _mark(f0, segments.start[g + 1], bits, switching, cuts)
        lost = _pieces(f0, s, before.far, bits, slope, doubt, switching, cuts)
        for c in range(before.anchor.shape[1]):
            into.anchor[g, c] = before.anchor[s, c]
            lost += before.anchor[s, c]
        _rows(g, s, before.rows, slope, unit, W, into.rows)
        _bounds(g, LOST * lost, doubt, more, weights.WT, into, error)


@inner(forceinline=True)
def _pieces(f0, s, far, bits, slope, doubt, switching, cuts):
    """Fill in the slopes on cell f0, and what may be wrong with what each unit hands on; returns what
    underflow may lose, before `LOST`."""
    total = 0.0
    for j in range(slope.shape[0]):
        piece = cuts.first[j] + j + piece_of(bits, f0, cuts.first[j], cuts.first[j + 1])
        slope[j], steepest = np.float32(cuts.slope[piece]), cuts.steepest[j]
        apart = steepest if cuts.relu else 2.0 * steepest
        doubt[j] = follow_doubt(slope.shape[0], steepest, switching[j], apart, far[s, j])
        total += (1.0 + steepest) * far[s, j]
    return total


@inner(forceinline=True)
def _bounds(g, lost, doubt, more, WT, into, error):
    """Bound the errors of all units, from their signed rows and from what has come in."""
    n_in, n = WT.shape
    for i in range(n):
        more[i] = lost
    for j in range(n_in):
        for i in range(n):
            more[i] += abs(WT[j, i]) * doubt[j]
    for i in range(n):
        if error[g, i] == 0.0:  # exactly
            for c in range(into.rows.shape[2]):
                into.rows[g, i, c] = 0.0
            into.far[g, i] = into.local[g, i] = 0.0
        else:
            into.far[g, i] = far_error(_size(into.rows, g, i, into.anchor))
            into.local[g, i] = followed_error(error[g, i], more[i])
            error[g, i] = followed_error(into.far[g, i], into.local[g, i])


@inner(fastmath={"contract", "reassoc"})
def _size(rows, g, i, anchor):
    """Entry i of |rows| anchor."""
    size = 0.0
    for c in range(rows.shape[2]):
        size += abs(rows[g, i, c]) * anchor[g, c]
    return size


@inner(forceinline=True)
def _mark(f0, f1, bits, switching, cuts):
    """Mark the units that are not in one piece on all cells f0..f1-1."""
    for j in range(switching.shape[0]):
        switching[j] = False
    for f in range(f0 + 1, f1):
        for word in range(bits.shape[1]):
            change = bits[f, word] ^ bits[f0, word]
            while change:
                switching[cuts.unit[64 * word + lowest_bit(change)]] = True
                change = without_lowest(change)


@inner(forceinline=True)
def _rows(g, s, before, slope, unit, WT, into):
    """into[g] = W diag(slope) before[s], where `before` may stand for identities; `unit` is scratch."""
    n_in, n = WT.shape
    if before.shape[0] == 0:
        for i in range(n):
            for j in range(n_in):
                into[g, i, j] = WT[j, i] * slope[j]
        return
    passing = np.int64(0)
    for j in range(n_in):
        if slope[j] != 0.0:
            unit[passing] = j
            passing += 1
    for i in range(n):
        _row(g, i, s, before, slope, unit, passing, WT, into)


@inner(fastmath={"contract"})
def _row(g, i, s, before, slope, unit, passing, WT, into):
    """Row i of that, four units at a time so that sums stay in registers."""
    m = into.shape[2]
    for c in range(m):
        into[g, i, c] = 0.0
    k = 0
    while k + 4 <= passing:
        p, q, r, t = unit[k], unit[k + 1], unit[k + 2], unit[k + 3]
        w0, w1, w2, w3 = (
            WT[p, i] * slope[p],
            WT[q, i] * slope[q],
            WT[r, i] * slope[r],
            WT[t, i] * slope[t],
        )
        for c in range(m):
            into[g, i, c] += (
                w0 * before[s, p, c] + w1 * before[s, q, c] + w2 * before[s, r, c] + w3 * before[s, t, c]
            )
        k += 4
    while k < passing:
        j = unit[k]
        w = WT[j, i] * slope[j]
        for c in range(m):
            into[g, i, c] += w * before[s, j, c]
        k += 1
