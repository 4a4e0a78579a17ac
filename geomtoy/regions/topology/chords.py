"""The chords that a layer's cuts make in each convex cell.

Given the signs at the corners, all of this is combinatorial: two chords of a convex cell cross inside
it exactly where their ends alternate around its boundary (`topology.pairs`). Positions count the
boundary points of a cell counter-clockwise, from the tail of its first half-edge.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.kernels import inlined, kernel


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
    cross_start: np.ndarray  # (points + 1,) crossings at each point, of the cell that owns the edge
    cross: np.ndarray


class Chords(NamedTuple):
    """Chords of all cut cells, sorted by (first, last) position within a cell."""

    cells: np.ndarray  # (C,) the cut cells
    start: np.ndarray  # (C + 1,) their chords
    first: np.ndarray  # (K,) int32, position of the end met first
    last: np.ndarray  # (K,) int32
    crossing: np.ndarray  # (K,) a crossing on the chord; twins follow by next_twin
    next_twin: np.ndarray  # (crossings,) another crossing on the same chord, or -1
    by_last: np.ndarray  # (K,) those of each cell by last position; the innermost first at each
    sense: np.ndarray  # (crossings,) sign of each one's cut to the right of first -> last
    border_start: np.ndarray  # (C + 1,) boundary points of the cut cells
    border_vertex: np.ndarray  # vertex at each position
    border_half: np.ndarray  # (new) half-edge from each position to the next


@kernel
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
    """Where the crossings of a cell meet its boundary, in order: each of them twice.

    Numbers of 32 bits, since some are visited in no order: more of them stay in the cache.
    """

    local: np.ndarray  # (n,) crossing of each cut in the present cell, or of an earlier one
    chord: np.ndarray  # (crossings,) of each in its cell, numbered as they are met; -1 before
    visitor: np.ndarray  # (visits,) the crossing that meets the boundary
    visit: np.ndarray  # its chord
    at: np.ndarray  # the position


class Ends(NamedTuple):
    """Chords in the making, see `Chords`; the entry that comes next may hold anything."""

    first: np.ndarray
    last: np.ndarray
    crossing: np.ndarray
    by_last: np.ndarray


@kernel
def chords(mesh, corner, n_cuts, crossings, points):
    """Walk around every cut cell, note where each crossing cut meets its boundary, merge twins."""
    cross_start, cut, sign_start, sign = (
        crossings.start, crossings.cut, crossings.sign_start, crossings.sign,
    )  # fmt: skip
    cells, border_start, longest = _cut_cells(mesh, cross_start, points.edge_start)
    total, C = cut.shape[0], cells.shape[0]
    border_vertex = np.empty(border_start[C], np.int64)
    border_half = np.empty(border_start[C], np.int64)
    walk, ends = _room(n_cuts, total, longest)
    next_twin, sense = np.empty(total, np.int64), np.empty(total, np.int8)
    chord_start, count = np.zeros(C + 1, np.int64), np.empty(longest + 1, np.int32)
    K = np.int64(0)
    for c in range(C):
        p = cells[c]
        k0, k1, m = cross_start[p], cross_start[p + 1], mesh.start[p + 1] - mesh.start[p]
        at_corner = _begin(k0, k1, m, cut, sign_start, sign, walk, next_twin, sense)
        b0 = b = border_start[c]
        n_met, n, shared = np.int64(0), np.int64(0), at_corner
        for q in range(m):
            if at_corner:
                for k in range(k0, k1):
                    if sign[sign_start[k] + q] == 0:
                        n_met, n = _meet(k, b - b0, n_met, n, walk)
            border_vertex[b] = corner[mesh.start[p] + q]
            h = mesh.half[mesh.start[p] + q]
            b, n_met, n, several = _walk_edge(
                h, b, b0, k0, k1, n_met, n, cut, points, walk, border_vertex, border_half
            )
            shared |= several
        _write_ends(K, n, walk, ends)
        K += n_met
        if shared:
            K = _settle(K - n_met, K, ends, next_twin)
            _sort_by_last(chord_start[c], K, b - b0, ends.last, ends.by_last, count)
        chord_start[c + 1] = K
    return (
        cells, chord_start, ends.first[:K], ends.last[:K], ends.crossing[:K], next_twin,
        ends.by_last[:K], sense, border_start, border_vertex, border_half,
    )  # fmt: skip


@inlined
def _cut_cells(mesh, cross_start, edge_start):
    """Cells with crossings, CSR offsets of their boundary points, and the most points or visits."""
    P = mesh.start.shape[0] - 1
    n_cells = 0
    for p in range(P):
        n_cells += cross_start[p + 1] > cross_start[p]
    cells, border_start = np.empty(n_cells, np.int64), np.zeros(n_cells + 1, np.int64)
    c = longest = 0
    for p in range(P):
        if cross_start[p + 1] > cross_start[p]:
            m = 0
            for q in range(mesh.start[p], mesh.start[p + 1]):
                e = mesh.half[q] >> 1
                m += 1 + edge_start[e + 1] - edge_start[e]
            cells[c], border_start[c + 1] = p, border_start[c] + m
            longest = max(longest, m, 2 * (cross_start[p + 1] - cross_start[p]))
            c += 1
    return cells, border_start, longest


@inlined
def _room(n_cuts, n_crossings, longest):
    """Where to note what is met around a cell, and chords."""
    walk = Walk(
        np.empty(n_cuts, np.int32), np.empty(n_crossings, np.int32),
        np.empty(longest, np.int32), np.empty(longest, np.int32), np.empty(longest, np.int32),
    )  # fmt: skip
    ends = Ends(
        np.empty(n_crossings + 1, np.int32), np.empty(n_crossings + 1, np.int32),
        np.empty(n_crossings + 1, np.int64), np.empty(n_crossings + 1, np.int32),
    )  # fmt: skip
    return walk, ends


@inlined
def _begin(k0, k1, m, cut, sign_start, sign, walk, next_twin, sense):
    """Note that none of a cell's crossings is met yet, and their senses; whether one passes through a
    corner."""
    at_corner = False
    for k in range(k0, k1):
        walk.local[cut[k]] = k
        walk.chord[k] = next_twin[k] = -1
        sense[k] = _sense(sign, sign_start[k], m)
        for q in range(m):
            at_corner |= sign[sign_start[k] + q] == 0
    return at_corner


@inlined
def _walk_edge(h, b, b0, k0, k1, n_met, n, cut, points, walk, border_vertex, border_half):
    """Walk along a half-edge, past the new vertices on it; the pieces of edge e are numbered from
    e + edge_start[e] on.

    Returns:
        b: boundary index of its head. n_met, n: crossings met and visits so far.
        several: whether more than one crossing meets the edge in a point.
    """
    e, several = h >> 1, False
    q0, q1 = points.edge_start[e], points.edge_start[e + 1]
    forward = h & 1 == 0
    border_half[b] = 2 * (e + q0) if forward else 2 * (e + q1) + 1
    b += 1
    for i in range(q1 - q0):
        point = q0 + i if forward else q1 - 1 - i
        border_vertex[b] = points.first_vertex + point
        border_half[b] = 2 * (e + point + 1) if forward else 2 * (e + point) + 1
        first, end = points.cross_start[point], points.cross_start[point + 1]
        several |= end - first > 1
        for j in range(first, end):
            k = points.cross[j]
            if k < k0 or k >= k1:  # of the cell beyond the edge
                k = np.int64(walk.local[cut[k]])
            n_met, n = _meet(k, b - b0, n_met, n, walk)
        b += 1
    return b, n_met, n, several


@inlined
def _meet(k, position, n_met, n, walk):
    """Note visit n, of crossing k, after n_met crossings were met.

    Without a branch, and written where it is known before the crossing is looked up: so that many are
    looked up together.
    """
    known = np.int64(walk.chord[k])
    new = known < 0
    chord = known + new * (n_met + 1)
    walk.chord[k] = chord
    walk.visitor[n], walk.visit[n], walk.at[n] = k, chord, position
    return n_met + new, n + 1


@inlined
def _write_ends(K, n, walk, ends):
    """Chords from K on, of n visits to a boundary: the first of a crossing opens its chord, the other
    closes it."""
    opened, closed = K, K
    for i in range(n):
        chord = K + walk.visit[i]
        opens = np.int64(chord == opened)
        ends.first[opened], ends.crossing[opened] = walk.at[i], walk.visitor[i]
        ends.last[chord] = walk.at[i]
        ends.by_last[closed] = chord
        opened, closed = opened + opens, closed + 1 - opens


@inlined
def _sense(sign, first, m):
    """Sign of a cut just after it is met first, from those at the corners of its cell."""
    for q in range(m):
        here, ahead = sign[first + q], sign[first + (q + 1 if q + 1 < m else 0)]
        if here == 0 or here * ahead < 0:
            return ahead
    return np.int8(0)


@inlined
def _settle(low, high, ends, next_twin):
    """Sort chords low..high-1, which stand by their first ends, by the last too where those are equal;
    merge twins, which have equal ends. Returns the end of those that are left."""
    first, last, crossing = ends.first, ends.last, ends.crossing
    for i in range(low + 1, high):
        begin, end, k = first[i], last[i], crossing[i]
        j = i
        while j > low and first[j - 1] == begin and last[j - 1] > end:
            last[j], crossing[j] = last[j - 1], crossing[j - 1]
            j -= 1
        last[j], crossing[j] = end, k
    n = low
    for i in range(low, high):
        if n > low and first[n - 1] == first[i] and last[n - 1] == last[i]:
            next_twin[crossing[i]] = next_twin[crossing[n - 1]]
            next_twin[crossing[n - 1]] = crossing[i]
            continue
        first[n], last[n], crossing[n] = first[i], last[i], crossing[i]
        n += 1
    return n


@inlined
def _sort_by_last(low, high, n_positions, last, by_last, count):
    """Fill in `Chords.by_last` for a cell: in one pass, counting how many close at each position."""
    for position in range(n_positions + 1):
        count[position] = 0
    for k in range(low, high):
        count[last[k] + 1] += 1
    for position in range(n_positions):
        count[position + 1] += count[position]
    for k in range(high - 1, low - 1, -1):
        by_last[low + count[last[k]]] = k
        count[last[k]] += 1
