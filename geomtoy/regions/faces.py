"""Trace the cells into which chords cut a convex cell: pure topology, no coordinates.

Directed segments of a cut cell are numbered locally: 0..m-1 run along its boundary (counter-clockwise),
then segment j of chord c runs forward (first -> last) as m + 2*(s + j) and back as the next number,
s being the number of segments of the chords before c. At the end of a segment the face on its left goes on
along the ray just clockwise of the way back; the order of rays around a point follows from the order of
the chords' ends around the boundary.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Incidence(NamedTuple):
    """Interior points (where chords cross) and the chords through them."""

    chord_start: np.ndarray  # (K + 1,) points along each chord, first -> last
    chord_point: np.ndarray  # point ids
    chord_rank: np.ndarray  # rank of the chord among those through the point
    point_start: np.ndarray  # (points + 1,) chords through each point, ascending
    point_chord: np.ndarray
    point_index: np.ndarray  # index of the point along that chord


class Family(NamedTuple):
    """The children of all cells: P parents, F children, in tree order within a parent."""

    child_start: np.ndarray  # (P + 1,)
    start: np.ndarray  # (F + 1,) boundary lists
    half: np.ndarray  # half-edges, new ids
    bits: np.ndarray  # (F, words) uint64, the layer's cuts that are > 0
    tree: np.ndarray  # (F,) neighbour through which the cell was reached; itself for the first
    flip_start: np.ndarray  # (F + 1,) cuts that switch on the way
    flips: np.ndarray


@njit(cache=True, nogil=True)
def incidence(chord_start, chord_point, n_points):
    """Chords through each point, in ascending order (which is the order of their first ends)."""
    count = np.zeros(n_points + 1, np.int64)
    for point in chord_point:
        count[point + 1] += 1
    for point in range(n_points):
        count[point + 1] += count[point]
    fill = count[:-1].copy()
    total = chord_point.shape[0]
    rank = np.empty(total, np.int64)
    point_chord, point_index = np.empty(total, np.int64), np.empty(total, np.int64)
    for c in range(chord_start.shape[0] - 1):
        for i in range(chord_start[c], chord_start[c + 1]):
            point = chord_point[i]
            q = fill[point]
            fill[point] += 1
            rank[i] = q - count[point]
            point_chord[q], point_index[q] = c, i - chord_start[c]
    return rank, count, point_chord, point_index


@njit(cache=True, nogil=True)
def _next_segments(k0, k1, m, first, last, inc, target):
    """The segment that follows each directed segment around the face on its left."""
    chord_start, chord_point, chord_rank, point_start, point_chord, point_index = inc
    base = m - 2 * chord_start[k0]  # chord c's segments begin at base + 2 * (chord_start[c] + c - k0)
    ray = np.arange(m)  # the last ray at each position so far: the boundary, then chord ends in order
    for k in range(k0, k1):  # chords that open: rays by ascending last
        here = base + 2 * (chord_start[k] + k - k0)
        target[here + 1] = ray[first[k]]
        ray[first[k]] = here
    for k in range(k0, k1):  # chords that close: rays by ascending first
        here = base + 2 * (chord_start[k] + k - k0)
        end = here + 2 * (chord_start[k + 1] - chord_start[k])
        target[end] = ray[last[k]]
        ray[last[k]] = end + 1
    for position in range(m):
        target[position] = ray[position + 1] if position + 1 < m else ray[0]
    for k in range(k0, k1):
        here = base + 2 * (chord_start[k] + k - k0)
        for i in range(chord_start[k], chord_start[k + 1]):
            forward = here + 2 * (i - chord_start[k])  # arrives at the point going forward
            back = forward + 3  # the next segment, coming back, arrives at it too
            low, high = point_start[chord_point[i]], point_start[chord_point[i] + 1]
            q = low + chord_rank[i]
            previous = q - 1 if q > low else high - 1
            c, j = point_chord[previous], point_index[previous]
            there = base + 2 * (chord_start[c] + c - k0) + 2 * j
            toward_first, toward_last = there + 1, there + 2
            if q > low:
                target[forward], target[back] = toward_first, toward_last
            else:
                target[forward], target[back] = toward_last, toward_first


@njit(cache=True, nogil=True)
def edge_pieces(edge_start, first_vertex, tail, head, line, direction, chord_edges):
    """Edges of the new mesh: the pieces of the old ones; room for the chords' segments after them."""
    E = tail.shape[0]
    n_pieces = E + edge_start[E]
    total = n_pieces + chord_edges
    new_tail, new_head = np.empty(total, np.int64), np.empty(total, np.int64)
    new_line, new_direction = np.empty(total, np.int64), np.empty(total, np.int8)
    i = 0
    for e in range(E):
        here = tail[e]
        for q in range(edge_start[e], edge_start[e + 1] + 1):
            ahead = first_vertex + q if q < edge_start[e + 1] else head[e]
            new_tail[i], new_head[i] = here, ahead
            new_line[i], new_direction[i] = line[e], direction[e]
            here = ahead
            i += 1
    return new_tail, new_head, new_line, new_direction


@njit(cache=True, nogil=True)
def chord_segments(
    start, first, last, line, sense, border_start, border_vertex,
    along, point, first_point_vertex, i, tail, head, edge_line, direction,
):  # fmt: skip
    """Fill in the edges on chords, from edge i on: chord by chord, first -> last."""
    for c in range(start.shape[0] - 1):
        border = border_start[c]
        for k in range(start[c], start[c + 1]):
            here = border_vertex[border + first[k]]
            for q in range(along[k], along[k + 1] + 1):
                if q < along[k + 1]:
                    ahead = first_point_vertex + point[q]
                else:
                    ahead = border_vertex[border + last[k]]
                tail[i], head[i], edge_line[i], direction[i] = here, ahead, line[k], sense[k]
                here = ahead
                i += 1


@njit(cache=True, nogil=True)
def trace(
    start, half, sub_first, seen, cells, chord_start, first, last, crossing, next_twin, twin_sense,
    cross_cut, border_start, border_half, inc, children, first_edge,
):  # fmt: skip
    """Trace all children, breadth first from the face at the parent's first boundary segment."""
    P, n = start.shape[0] - 1, seen.shape[1]
    along = inc[0]
    child_start = np.zeros(P + 1, np.int64)
    total_half = start[P] - start[0]
    for c in range(cells.shape[0]):
        k0, k1 = chord_start[c], chord_start[c + 1]
        p = cells[c]
        total_half += border_start[c + 1] - border_start[c] - (start[p + 1] - start[p])
        total_half += 2 * (along[k1] - along[k0] + k1 - k0)
    for p in range(P):
        child_start[p + 1] = child_start[p] + children[p]
    F = child_start[P]
    new_start, new_half = np.zeros(F + 1, np.int64), np.empty(total_half, np.int64)
    bits = np.zeros((F, max(1, (n + 63) >> 6)), np.uint64)
    tree = np.arange(F)
    flip_start = np.zeros(F + 1, np.int64)
    flips = []
    room = 0
    for c in range(cells.shape[0]):
        k0, k1 = chord_start[c], chord_start[c + 1]
        room = max(room, border_start[c + 1] - border_start[c] + 2 * (along[k1] - along[k0] + k1 - k0))
    target, label = np.empty(room, np.int64), np.empty(room, np.int64)
    chord_of = np.empty(room, np.int64)
    begin = np.empty(room, np.int64)  # a segment of each face
    reached = np.empty(room, np.int64)  # the segment, from the other side, through which it was reached
    c = 0
    w = 0
    for p in range(P):
        f0 = child_start[p]
        for i in range(n):
            if seen[p, i] & 4:
                bits[f0, i >> 6] |= np.uint64(1) << np.uint64(i & 63)
        if c == cells.shape[0] or cells[c] != p:
            for q in range(start[p], start[p + 1]):
                new_half[w] = 2 * sub_first[half[q] >> 1] + (half[q] & 1)
                w += 1
            new_start[f0 + 1] = w
            flip_start[f0 + 1] = len(flips)
            continue
        k0, k1 = chord_start[c], chord_start[c + 1]
        m = border_start[c + 1] - border_start[c]
        _next_segments(k0, k1, m, first, last, inc, target)
        base = m - 2 * along[k0]
        for k in range(k0, k1):
            for s in range(base + 2 * (along[k] + k - k0), base + 2 * (along[k + 1] + k + 1 - k0)):
                chord_of[s] = k
            _set_root_bits(bits[f0], crossing[k], first[k] == 0, next_twin, twin_sense, cross_cut)
        n_segments = m + 2 * (along[k1] - along[k0] + k1 - k0)
        label[:n_segments] = -1
        _label(0, 0, target, label)
        begin[0] = 0
        found = 1
        for face in range(children[p]):
            f = f0 + face
            if face:
                source = reached[face]
                tree[f] = f0 + label[source]
                bits[f] = bits[tree[f]]
                k = crossing[chord_of[source]]
                while k >= 0:
                    i = cross_cut[k]
                    bits[f, i >> 6] ^= np.uint64(1) << np.uint64(i & 63)
                    flips.append(i)
                    k = next_twin[k]
            flip_start[f + 1] = len(flips)
            s = begin[face]
            while True:
                if s < m:
                    new_half[w] = border_half[border_start[c] + s]
                else:
                    new_half[w] = 2 * (first_edge + along[k0] + k0) + s - m
                    twin = ((s - m) ^ 1) + m
                    if label[twin] < 0:
                        _label(twin, found, target, label)
                        begin[found], reached[found] = twin, s
                        found += 1
                w += 1
                s = target[s]
                if s == begin[face]:
                    break
            new_start[f + 1] = w
        c += 1
    all_flips = np.empty(len(flips), np.int64)
    for i, cut in enumerate(flips):
        all_flips[i] = cut
    return child_start, new_start, new_half, bits, tree, flip_start, all_flips


@njit(cache=True, nogil=True)
def _label(s, face, target, label):
    while label[s] < 0:
        label[s] = face
        s = target[s]


@njit(cache=True, nogil=True)
def _set_root_bits(row, k, opens_at_zero, next_twin, twin_sense, cross_cut):
    """Bits of a chord's cuts on the face at position 0, which is right of the chord if it opens there."""
    while k >= 0:
        i = cross_cut[k]
        bit = np.uint64(1) << np.uint64(i & 63)
        if (twin_sense[k] > 0) == opens_at_zero:
            row[i >> 6] |= bit
        else:
            row[i >> 6] &= ~bit
        k = next_twin[k]
