"""The chords that a layer's cuts make in each convex cell, and the pairs of chords that cross.

Given the signs at the corners, all of this is combinatorial: two chords of a convex cell cross inside
it exactly where their ends alternate around its boundary. Positions count the boundary points of a
cell counter-clockwise, from the tail of its first half-edge.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Crossings(NamedTuple):
    """The (cell, cut) pairs in which the cut has both signs on the cell; one line each."""

    start: np.ndarray  # (P + 1,)
    cell: np.ndarray  # (k,)
    cut: np.ndarray  # (k,)
    seen: np.ndarray  # (P, n) uint8: 1, 2, 4 if some corner has the cut's value < 0, = 0, > 0


class Points(NamedTuple):
    """New vertices on the edges: where cuts change sign between an edge's ends."""

    edge_start: np.ndarray  # (E + 1,) points on each edge, from tail to head
    first_vertex: int  # point q is vertex first_vertex + q
    cross_start: np.ndarray  # (points + 1,) crossings (cuts, in the owner's cell) at each point
    cross_cut: np.ndarray


class Chords(NamedTuple):
    """Chords of all cut cells, sorted by (first, last) position within a cell."""

    cells: np.ndarray  # (C,) the cut cells
    start: np.ndarray  # (C + 1,) their chords
    first: np.ndarray  # (K,) position of the end met first
    last: np.ndarray  # (K,)
    crossing: np.ndarray  # (K,) a crossing on the chord; twins follow by next_twin
    next_twin: np.ndarray  # (crossings,) another crossing on the same chord, or -1
    sense: np.ndarray  # (K,) sign of that crossing's cut to the right of first -> last
    twin_sense: np.ndarray  # (crossings,) the same for each crossing
    border_start: np.ndarray  # (C + 1,) boundary points of the cut cells
    border_vertex: np.ndarray  # vertex at each position
    border_half: np.ndarray  # (new) half-edge from each position to the next


@njit(cache=True, nogil=True)
def crossings(start, corner, signs):
    """Find the cuts that have both signs on a cell (a convex cell: at its corners)."""
    P, n = start.shape[0] - 1, signs.shape[1]
    seen = np.zeros((P, n), np.uint8)
    count = np.zeros(P + 1, np.int64)
    for p in range(P):
        row = seen[p]
        for q in range(start[p], start[p + 1]):
            sign = signs[corner[q]]
            for i in range(n):
                row[i] |= np.uint8(1 << (sign[i] + 1))
        crossing = 0
        for i in range(n):
            crossing += (row[i] & 5) == 5
        count[p + 1] = count[p] + crossing
    cell = np.empty(count[P], np.int64)
    cut = np.empty(count[P], np.int64)
    for p in range(P):
        k = count[p]
        if count[p + 1] > k:
            for i in range(n):
                if seen[p, i] & 5 == 5:
                    cell[k], cut[k] = p, i
                    k += 1
    return count, cell, cut, seen


@njit(cache=True, nogil=True)
def edge_crossings(tail, head, owner, signs, start, cut):
    """Crossings of each edge's owner that change sign strictly inside the edge: CSR (start, crossing)."""
    E = tail.shape[0]
    count = np.zeros(E + 1, np.int64)
    for e in range(E):
        found = 0
        for k in range(start[owner[e]], start[owner[e] + 1]):
            found += signs[tail[e], cut[k]] * signs[head[e], cut[k]] < 0
        count[e + 1] = count[e] + found
    member = np.empty(count[E], np.int64)
    for e in range(E):
        i = count[e]
        if count[e + 1] > i:
            for k in range(start[owner[e]], start[owner[e] + 1]):
                if signs[tail[e], cut[k]] * signs[head[e], cut[k]] < 0:
                    member[i] = k
                    i += 1
    return count, member


@njit(cache=True, nogil=True)
def new_half(h, sub_first, piece_count, piece):
    """Half-edge id of the piece-th piece, seen along old half-edge h, of its subdivided edge."""
    e = h >> 1
    if h & 1 == 0:
        return 2 * (sub_first[e] + piece)
    return 2 * (sub_first[e] + piece_count - 1 - piece) + 1


@njit(cache=True, nogil=True)
def chords(start, half, corner, signs, cross_start, cut, points, sub_first):
    """Walk around every cut cell, note where each crossing cut meets its boundary, merge twins."""
    edge_start, first_vertex, point_start, point_cut = points
    P = start.shape[0] - 1
    n_cells = n_border = 0
    for p in range(P):
        if cross_start[p + 1] > cross_start[p]:
            n_cells += 1
            for q in range(start[p], start[p + 1]):
                e = half[q] >> 1
                n_border += 1 + edge_start[e + 1] - edge_start[e]
    total = cut.shape[0]
    cells = np.empty(n_cells, np.int64)
    chord_start = np.zeros(n_cells + 1, np.int64)
    first, last = np.empty(total, np.int64), np.empty(total, np.int64)
    crossing, sense = np.empty(total, np.int64), np.empty(total, np.int8)
    next_twin, twin_sense = np.full(total, -1, np.int64), np.empty(total, np.int8)
    border_start = np.zeros(n_cells + 1, np.int64)
    border_vertex, border_half = np.empty(n_border, np.int64), np.empty(n_border, np.int64)
    local = np.full(signs.shape[1], -1, np.int64)
    end0, end1 = np.empty(total, np.int64), np.empty(total, np.int64)
    met = np.empty(total, np.int64)
    c = b = K = 0
    for p in range(P):
        k0, k1 = cross_start[p], cross_start[p + 1]
        if k0 == k1:
            continue
        for k in range(k0, k1):
            local[cut[k]] = k
            end0[k] = -1
        b0, n_met = b, k0
        for q in range(start[p], start[p + 1]):
            h = half[q]
            e = h >> 1
            ahead = corner[q + 1] if q + 1 < start[p + 1] else corner[start[p]]
            here = signs[corner[q]]
            border_vertex[b] = corner[q]
            for k in range(k0, k1):
                if here[cut[k]] == 0:
                    n_met = _meet(k, b - b0, signs[ahead, cut[k]], end0, end1, twin_sense, met, n_met)
            pieces = 1 + edge_start[e + 1] - edge_start[e]
            border_half[b] = new_half(h, sub_first, pieces, 0)
            b += 1
            for i in range(1, pieces):
                point = edge_start[e] + i - 1 if h & 1 == 0 else edge_start[e + 1] - i
                border_vertex[b] = first_vertex + point
                for m in range(point_start[point], point_start[point + 1]):
                    k = local[point_cut[m]]
                    n_met = _meet(k, b - b0, signs[ahead, cut[k]], end0, end1, twin_sense, met, n_met)
                border_half[b] = new_half(h, sub_first, pieces, i)
                b += 1
        cells[c] = p
        K = _sorted_chords(K, k0, k1, end0, end1, met, twin_sense, first, last, crossing, sense, next_twin)
        c += 1
        chord_start[c] = K
        border_start[c] = b
        for k in range(k0, k1):
            local[cut[k]] = -1
    return (
        cells, chord_start, first[:K].copy(), last[:K].copy(), crossing[:K].copy(), next_twin,
        sense[:K].copy(), twin_sense, border_start, border_vertex, border_half,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _meet(k, position, sign_ahead, end0, end1, twin_sense, met, n_met):
    """Note that crossing k meets the boundary; returns the number of crossings met so far."""
    if end0[k] < 0:
        end0[k] = position
        twin_sense[k] = sign_ahead
        met[n_met] = k
        return n_met + 1
    end1[k] = position
    return n_met


@njit(cache=True, nogil=True)
def _sorted_chords(K, k0, k1, end0, end1, met, twin_sense, first, last, crossing, sense, next_twin):
    """Sort a cell's crossings by (end0, end1), which `met` already does by end0; equal ends are one line."""
    for i in range(k0 + 1, k1):
        k = met[i]
        j = i
        while j > k0 and end0[met[j - 1]] == end0[k] and end1[met[j - 1]] > end1[k]:
            met[j] = met[j - 1]
            j -= 1
        met[j] = k
    begin = K
    for i in range(k0, k1):
        k = met[i]
        if K > begin and first[K - 1] == end0[k] and last[K - 1] == end1[k]:
            next_twin[k] = next_twin[crossing[K - 1]]
            next_twin[crossing[K - 1]] = k
            continue
        first[K], last[K], crossing[K], sense[K] = end0[k], end1[k], k, twin_sense[k]
        K += 1
    return K


@njit(cache=True, nogil=True)
def crossing_pairs(start, first, last, border_start):
    """Pairs of chords of a cell whose ends alternate: (pairs, 2), the one that opens first in front.

    A sweep around the boundary with the stack of open chords; when one closes, exactly the open
    chords above it cross it. Cost: O(chords + pairs).
    """
    C = start.shape[0] - 1
    widest = 0
    for c in range(C):
        widest = max(widest, start[c + 1] - start[c])
    stack = np.empty(widest, np.int64)
    above = np.empty(widest, np.int64)
    pairs = [(0, 0) for _ in range(0)]  # an empty list whose type is known
    for c in range(C):
        if start[c + 1] - start[c] < 2:
            continue
        m = border_start[c + 1] - border_start[c]
        closing = np.zeros(m, np.int64)
        for k in range(start[c], start[c + 1]):
            closing[last[k]] += 1
        top, opened = 0, start[c]
        for position in range(m):
            if closing[position]:
                top = _close(stack, top, above, last, position, closing[position], pairs)
            begin = opened
            while opened < start[c + 1] and first[opened] == position:
                opened += 1
            for k in range(opened - 1, begin - 1, -1):  # the first to close goes on top
                stack[top] = k
                top += 1
    out = np.empty((len(pairs), 2), np.int64)
    for i in range(len(pairs)):
        out[i, 0], out[i, 1] = pairs[i]
    return out


@njit(cache=True, nogil=True)
def _close(stack, top, above, last, position, closers, pairs):
    """Close the chords that end at `position`; each crosses what lies above it and stays open."""
    n_above = 0
    while closers:
        top -= 1
        k = stack[top]
        if last[k] == position:
            closers -= 1
            for i in range(n_above):
                pairs.append((k, above[i]))
        else:
            above[n_above] = k
            n_above += 1
    for i in range(n_above - 1, -1, -1):
        stack[top] = above[i]
        top += 1
    return top
