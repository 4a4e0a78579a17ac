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
    positive: np.ndarray  # (P, words) uint64: bits of the cuts that are > 0 at some corner of a cell
    sign_start: np.ndarray  # (k + 1,) signs of each crossing's cut at the corners of its cell
    sign: np.ndarray  # int8


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
def edge_crossings(cell, here, ahead, crossings):
    """Crossings of a cell on each edge that change sign inside the edge: CSR (start, crossing).

    Args:
        cell, here, ahead: see `mesh.edge_places`.
    """
    E = cell.shape[0]
    first, sign_start, sign = crossings.start, crossings.sign_start, crossings.sign
    count = np.zeros(E + 1, np.int64)
    n = 0
    for e in range(E):
        for k in range(first[cell[e]], first[cell[e] + 1]):
            n += sign[sign_start[k] + here[e]] * sign[sign_start[k] + ahead[e]] < 0
    member = np.empty(n, np.int64)
    n = 0
    for e in range(E):
        for k in range(first[cell[e]], first[cell[e] + 1]):
            if sign[sign_start[k] + here[e]] * sign[sign_start[k] + ahead[e]] < 0:
                member[n] = k
                n += 1
        count[e + 1] = n
    return count, member


class Walk(NamedTuple):
    """Where the crossings of the cells walked so far meet the boundary.

    Numbers of 32 bits, since they are visited in no order: more of them stay in the cache.
    """

    local: np.ndarray  # (n,) crossing of each cut in the present cell, -1 if none
    end: np.ndarray  # (crossings, 2) positions where a crossing is met first, -1 before, and again
    met: np.ndarray  # (crossings + 1,) the crossings of each cell in the order of their first ends
    n_met: np.ndarray  # (1,) how many have been met


@njit(cache=True, nogil=True)
def chords(mesh, corner, n_cuts, crossings, points):
    """Walk around every cut cell, note where each crossing cut meets its boundary, merge twins."""
    start, cross_start, cut = mesh.start, crossings.start, crossings.cut
    sign_start, sign = crossings.sign_start, crossings.sign
    cells, border_start = _cut_cells(mesh, cross_start, points.edge_start)
    total, C = cut.shape[0], cells.shape[0]
    border_vertex = np.empty(border_start[C], np.int64)
    border_half = np.empty(border_start[C], np.int64)
    walk = Walk(
        np.full(n_cuts, -1, np.int32), np.full((total, 2), -1, np.int32),
        np.empty(total + 1, np.int64), np.zeros(1, np.int64),
    )  # fmt: skip
    sense = np.empty(total, np.int8)
    chord_start = np.zeros(C + 1, np.int64)
    first, last = np.empty(total, np.int64), np.empty(total, np.int64)
    crossing, next_twin = np.empty(total, np.int64), np.full(total, -1, np.int64)
    K = np.int64(0)  # and not a literal, of which numba would make a kernel of its own
    for c in range(C):
        p = cells[c]
        k0, k1 = cross_start[p], cross_start[p + 1]
        for k in range(k0, k1):
            walk.local[cut[k]] = np.int32(k)
        b0 = b = border_start[c]
        m = start[p + 1] - start[p]
        for q in range(m):
            for k in range(k0, k1):
                if sign[sign_start[k] + q] == 0:
                    _meet(k, b - b0, walk)
            border_vertex[b] = corner[start[p] + q]
            h = mesh.half[start[p] + q]
            b = _walk_edge(h, b, b0, points, walk, border_vertex, border_half)
        K = _sorted_chords(K, k0, k1, walk, first, last, crossing, next_twin)
        chord_start[c + 1] = K
        for k in range(k0, k1):
            walk.local[cut[k]] = -1
            sense[k] = _sense(sign, sign_start[k], m)
    return (
        cells, chord_start, first[:K].copy(), last[:K].copy(), crossing[:K].copy(), next_twin,
        sense[crossing[:K]], sense, border_start, border_vertex, border_half,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _cut_cells(mesh, cross_start, edge_start):
    """Cells with crossings, and CSR offsets of their boundary points."""
    P = mesh.start.shape[0] - 1
    n_cells = 0
    for p in range(P):
        n_cells += cross_start[p + 1] > cross_start[p]
    cells, border_start = np.empty(n_cells, np.int64), np.zeros(n_cells + 1, np.int64)
    c = 0
    for p in range(P):
        if cross_start[p + 1] > cross_start[p]:
            m = 0
            for q in range(mesh.start[p], mesh.start[p + 1]):
                e = mesh.half[q] >> 1
                m += 1 + edge_start[e + 1] - edge_start[e]
            cells[c], border_start[c + 1] = p, border_start[c] + m
            c += 1
    return cells, border_start


@njit(cache=True, nogil=True)
def _walk_edge(h, b, b0, points, walk, border_vertex, border_half):
    """Walk along a half-edge, past the new vertices on it; the pieces of edge e are numbered from
    e + edge_start[e] on. Returns the boundary index of its head."""
    e = h >> 1
    q0, q1 = points.edge_start[e], points.edge_start[e + 1]
    forward = h & 1 == 0
    border_half[b] = 2 * (e + q0) if forward else 2 * (e + q1) + 1
    b += 1
    for i in range(q1 - q0):
        point = q0 + i if forward else q1 - 1 - i
        border_vertex[b] = points.first_vertex + point
        border_half[b] = 2 * (e + point + 1) if forward else 2 * (e + point) + 1
        for m in range(points.cross_start[point], points.cross_start[point + 1]):
            _meet(walk.local[points.cross_cut[m]], b - b0, walk)
        b += 1
    return b


@njit(cache=True, nogil=True, forceinline=True)
def _meet(k, position, walk):
    """Note that crossing k meets the boundary: without a branch, so that those of many are fetched
    together."""
    again = np.int64(walk.end[k, 0] >= 0)
    walk.end[k, again] = np.int32(position)
    walk.met[walk.n_met[0]] = k
    walk.n_met[0] += 1 - again


@njit(cache=True, nogil=True, forceinline=True)
def _sense(sign, first, m):
    """Sign of a cut just after it is met first, from those at the corners of its cell."""
    for q in range(m):
        here, ahead = sign[first + q], sign[first + (q + 1 if q + 1 < m else 0)]
        if here == 0 or here * ahead < 0:
            return ahead
    return np.int8(0)


@njit(cache=True, nogil=True)
def _sorted_chords(K, k0, k1, walk, first, last, crossing, next_twin):
    """Sort a cell's crossings by their ends; `met` has them by the first. Equal ends are one line."""
    end, met = walk.end, walk.met
    for i in range(k0 + 1, k1):
        k = met[i]
        j = i
        while j > k0 and end[met[j - 1], 0] == end[k, 0] and end[met[j - 1], 1] > end[k, 1]:
            met[j] = met[j - 1]
            j -= 1
        met[j] = k
    begin = K
    for i in range(k0, k1):
        k = met[i]
        if begin < K and first[K - 1] == end[k, 0] and last[K - 1] == end[k, 1]:
            next_twin[k] = next_twin[crossing[K - 1]]
            next_twin[crossing[K - 1]] = k
            continue
        first[K], last[K], crossing[K] = end[k, 0], end[k, 1], k
        K += 1
    return K


@njit(cache=True, nogil=True)
def count_pairs(chords):
    """Pairs of chords whose ends alternate, for each cut cell. Cost: O(K log K) for K chords.

    A sweep around the boundary with a Fenwick tree of the open chords by the rank of their first
    position: one that closes crosses those that opened after it did and stay open.
    """
    C = chords.cells.shape[0]
    pairs = np.zeros(C, np.int64)
    by_last, rank = closing_order(chords), np.empty(chords.first.shape[0], np.int32)
    for c in range(C):
        k0, k1 = chords.start[c], chords.start[c + 1]
        if k1 - k0 < 2:
            continue
        rank[k0] = 0
        for k in range(k0 + 1, k1):
            rank[k] = rank[k - 1] + np.int32(chords.first[k] > chords.first[k - 1])
        tree = np.zeros(rank[k1 - 1] + 2, np.int32)
        opened, closed, n_open = k0, k0, 0
        while closed < k1:
            position = chords.last[by_last[closed]]
            while opened < k1 and chords.first[opened] < position:
                _fenwick_add(tree, rank[opened], 1)
                n_open += 1
                opened += 1
            begin = closed
            while closed < k1 and chords.last[by_last[closed]] == position:
                _fenwick_add(tree, rank[by_last[closed]], -1)
                n_open -= 1
                closed += 1
            for i in range(begin, closed):
                pairs[c] += n_open - _fenwick_sum(tree, rank[by_last[i]])
    return pairs


@njit(cache=True, nogil=True)
def closing_order(chords):
    """Chords of each cell by their last position; of those that close together, the innermost first."""
    order = np.empty(chords.last.shape[0], np.int64)
    for c in range(chords.cells.shape[0]):
        k0, k1 = chords.start[c], chords.start[c + 1]
        if k1 - k0 < 16:
            for k in range(k0, k1):
                i = k
                while i > k0 and chords.last[order[i - 1]] >= chords.last[k]:
                    order[i] = order[i - 1]
                    i -= 1
                order[i] = k
            continue
        place = np.zeros(chords.border_start[c + 1] - chords.border_start[c] + 1, np.int32)
        for k in range(k0, k1):
            place[chords.last[k] + 1] += 1
        for p in range(place.shape[0] - 1):
            place[p + 1] += place[p]
        for k in range(k1 - 1, k0 - 1, -1):
            order[k0 + place[chords.last[k]]] = k
            place[chords.last[k]] += 1
    return order


@njit(cache=True, nogil=True)
def _fenwick_add(tree, i, change):
    i += 1
    while i < tree.shape[0]:
        tree[i] += change
        i += i & -i


@njit(cache=True, nogil=True)
def _fenwick_sum(tree, i):
    """Sum of entries 0..i."""
    total = np.int64(0)
    i += 1
    while i > 0:
        total += tree[i]
        i -= i & -i
    return total


@njit(cache=True, nogil=True)
def crossing_pairs(chords, n_pairs):
    """All pairs of chords whose ends alternate: (n_pairs, 2), the one that opens first in front.

    Cost: O(chords + pairs).
    """
    pairs = np.empty((n_pairs, 2), np.int64)
    n = 0
    stack, above = stack_room(chords)
    by_last = closing_order(chords)
    for c in range(chords.cells.shape[0]):
        opened, top = chords.start[c], np.int64(0)
        for i in range(chords.start[c], chords.start[c + 1]):
            k = by_last[i]
            opened, top, n_above = close_chord(chords, c, k, opened, stack, top, above)
            for j in range(n_above):
                pairs[n, 0], pairs[n, 1] = k, above[j]
                n += 1
    return pairs


@njit(cache=True, nogil=True)
def stack_room(chords):
    """Scratch for `close_chord`: the open chords, and those that cross the one that closes."""
    widest = 0
    for c in range(chords.cells.shape[0]):
        widest = max(widest, chords.start[c + 1] - chords.start[c])
    return np.empty(widest, np.int64), np.empty(widest, np.int64)


@njit(cache=True, nogil=True)
def close_chord(chords, c, k, opened, stack, top, above):
    """Sweep around cell c with the stack of open chords until chord k closes, the next that does.

    Returns:
        opened, top: the state of the sweep.
        n_above: above[:n_above] opened after k and are still open, so exactly they cross it then.
    """
    end = chords.start[c + 1]
    while opened < end and chords.first[opened] < chords.last[k]:
        begin = opened
        while opened < end and chords.first[opened] == chords.first[begin]:
            opened += 1
        for i in range(opened - 1, begin - 1, -1):  # the first to close goes on top
            stack[top] = i
            top += 1
    n_above = 0
    while stack[top - 1] != k:
        top -= 1
        above[n_above] = stack[top]
        n_above += 1
    top -= 1
    for i in range(n_above - 1, -1, -1):
        stack[top] = above[i]
        top += 1
    return opened, top, n_above
