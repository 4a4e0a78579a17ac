"""Trace the cells into which chords cut a convex cell: pure topology, no coordinates.

Directed segments of a cut cell are numbered locally: 0..m-1 run along its boundary (counter-clockwise),
then segment j of chord c runs forward (first -> last) as m + 2*(s + j) and back as the next number,
s being the number of segments of the chords before c. At the end of a segment the face on its left
goes on along the ray just clockwise of the way back; the order of rays around a point follows from
the order of the chords' ends around the boundary.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.kernels import inlined, kernel


class Incidence(NamedTuple):
    """Interior points (where chords cross), place by place along the chords.

    Segments of all chords are numbered through, in the order of chords and first -> last: place i, on
    chord c, lies between segments i + c and i + c + 1.
    """

    chord_start: np.ndarray  # (K + 1,) places along each chord, first -> last
    chord_point: np.ndarray  # the point at each place
    previous: np.ndarray  # a segment that ends at the same point, see `incidence`


class Family(NamedTuple):
    """The children of all cells: P parents, F children, in tree order within a parent."""

    child_start: np.ndarray  # (P + 1,)
    start: np.ndarray  # (F + 1,) boundary lists
    half: np.ndarray  # half-edges, new ids
    bits: np.ndarray  # (F, words) uint64, the layer's cuts that are > 0
    tree: np.ndarray  # (F,) neighbour through which the cell was reached; itself for the first


@kernel
def incidence(chord_start, chord_point, n_points):
    """For each place, of the chords through its point the one before, where the last comes before the
    first; it is told by its segment that ends at the point.

    Numbers of chords are in the order of their first ends. A place is the first of its point just if its
    own segment has the smaller number.
    """
    latest, opened = np.full(n_points, -1), np.empty(n_points, np.int64)
    previous = np.empty(chord_point.shape[0], np.int64)
    for c in range(chord_start.shape[0] - 1):
        for i in range(chord_start[c], chord_start[c + 1]):
            point = chord_point[i]
            if latest[point] < 0:
                opened[point] = i
            else:
                previous[i] = latest[point]
            latest[point] = i + c
    for point in range(n_points):
        previous[opened[point]] = latest[point]
    return previous


@kernel
def count_children(n_cells, chords, inc):
    """Cells that each cell becomes: 1 + chords + (places along chords) - (points), which is Euler's
    relation in a convex cell."""
    children = np.ones(n_cells, np.int64)
    for c in range(chords.cells.shape[0]):
        more = np.int64(0)
        for k in range(chords.start[c], chords.start[c + 1]):
            more += 1
            for i in range(inc.chord_start[k], inc.chord_start[k + 1]):
                more += inc.previous[i] < i + k
        children[chords.cells[c]] += more
    return children


@inlined
def _next_segments(k0, k1, m, first, last, inc, target, ray):
    """The segment that follows each directed segment around the face on its left; `ray` is scratch."""
    chord_start = inc.chord_start
    base = m - 2 * (chord_start[k0] + k0)  # segment s of all goes forward as base + 2 s
    for position in range(m):  # the last ray at each so far: the boundary, then chord ends in order
        ray[position] = position
    for k in range(k0, k1):  # chords that open: rays by ascending last
        here = base + 2 * (chord_start[k] + k)
        target[here + 1] = ray[first[k]]
        ray[first[k]] = here
    for k in range(k0, k1):  # chords that close: rays by ascending first
        end = base + 2 * (chord_start[k + 1] + k)
        target[end] = ray[last[k]]
        ray[last[k]] = end + 1
    for position in range(m):
        target[position] = ray[position + 1] if position + 1 < m else ray[0]
    for k in range(k0, k1):
        for i in range(chord_start[k], chord_start[k + 1]):
            forward = base + 2 * (i + k)  # arrives at the point going forward
            back = forward + 3  # the next segment, coming back, arrives at it too
            previous = inc.previous[i]
            toward_first, toward_last = base + 2 * previous + 1, base + 2 * previous + 2
            if previous < i + k:
                target[forward], target[back] = toward_first, toward_last
            else:
                target[forward], target[back] = toward_last, toward_first


@kernel
def edge_pieces(mesh, points, chord_edges):
    """Edges of the new mesh: the pieces of the old ones, then room for the chords' segments."""
    E = mesh.tail.shape[0]
    total = E + points.edge_start[E] + chord_edges
    tail, head = np.empty(total, np.int64), np.empty(total, np.int64)
    line, direction = np.empty(total, np.int64), np.empty(total, np.int8)
    i = 0
    for e in range(E):
        here = mesh.tail[e]
        for q in range(points.edge_start[e], points.edge_start[e + 1] + 1):
            ahead = points.first_vertex + q if q < points.edge_start[e + 1] else mesh.head[e]
            tail[i], head[i], line[i], direction[i] = here, ahead, mesh.line[e], mesh.direction[e]
            here = ahead
            i += 1
    return tail, head, line, direction


@kernel
def chord_segments(chords, inc, first_line, first_point_vertex, i, tail, head, line, direction):
    """Fill in the edges on chords, from edge i on: chord by chord, first -> last."""
    along = inc.chord_start
    for c in range(chords.cells.shape[0]):
        border = chords.border_start[c]
        for k in range(chords.start[c], chords.start[c + 1]):
            here, crossing = chords.border_vertex[border + chords.first[k]], chords.crossing[k]
            for q in range(along[k], along[k + 1] + 1):
                if q < along[k + 1]:
                    ahead = first_point_vertex + inc.chord_point[q]
                else:
                    ahead = chords.border_vertex[border + chords.last[k]]
                tail[i], head[i] = here, ahead
                line[i], direction[i] = first_line + crossing, chords.sense[crossing]
                here = ahead
                i += 1


class Scratch(NamedTuple):
    """Room for the segments of one cut cell."""

    target: np.ndarray  # the segment that follows each segment
    label: np.ndarray  # the face left of each segment, -1 while unknown
    ray: np.ndarray  # the last ray at each position
    chord: np.ndarray  # the chord of each segment beyond the boundary's
    begin: np.ndarray  # a segment of each face
    reached: np.ndarray  # the segment, in an earlier face, across which each face was found


@kernel
def trace(mesh, sub_first, positive, chords, cross_cut, inc, children, first_edge):
    """Trace all children, breadth first from the face at the parent's first boundary segment."""
    P, cells = positive.shape[0], chords.cells
    child_start = np.zeros(P + 1, np.int64)
    for p in range(P):
        child_start[p + 1] = child_start[p] + children[p]
    F = child_start[P]
    longest, total_half = _sizes(mesh.start, chords, inc.chord_start)
    start, half = np.zeros(F + 1, np.int64), np.empty(total_half, np.int64)
    bits = np.empty((F, positive.shape[1]), np.uint64)
    tree = np.arange(F)
    scratch = Scratch(
        np.empty(longest, np.int64), np.empty(longest, np.int64), np.empty(longest, np.int64),
        np.empty(longest, np.int64), np.empty(longest, np.int64), np.empty(longest, np.int64),
    )  # fmt: skip
    c = w = np.int64(0)
    for p in range(P):
        f0 = child_start[p]
        copy_words(bits[f0], positive[p])
        if c == cells.shape[0] or cells[c] != p:
            for q in range(mesh.start[p], mesh.start[p + 1]):
                half[w] = 2 * sub_first[mesh.half[q] >> 1] + (mesh.half[q] & 1)
                w += 1
            start[f0 + 1] = w
            continue
        k0, k1 = chords.start[c], chords.start[c + 1]
        m = chords.border_start[c + 1] - chords.border_start[c]
        _next_segments(k0, k1, m, chords.first, chords.last, inc, scratch.target, scratch.ray)
        _name_segments(k0, k1, m, inc.chord_start, scratch)
        for k in range(k0, k1):
            set_root_bits(bits[f0], chords.crossing[k], chords.first[k] == 0, chords, cross_cut)
        inner = 2 * (first_edge + inc.chord_start[k0] + k0) - m
        border = chords.border_half, chords.border_start[c], m
        w = _trace_cell(f0, children[p], border, inner, scratch, start, half, w)
        for f in range(f0 + 1, child_start[p + 1]):
            source = scratch.reached[f - f0]
            tree[f] = f0 + scratch.label[source]
            copy_words(bits[f], bits[tree[f]])
            flip(bits[f], chords.crossing[scratch.chord[source]], chords.next_twin, cross_cut)
        c += 1
    return child_start, start, half, bits, tree


@inlined
def copy_words(into, words):
    """As into[:] = words, which takes seconds to compile."""
    for word in range(words.shape[0]):
        into[word] = words[word]


@inlined
def _sizes(start, chords, along):
    """Most segments of one cut cell, and half-edges of all children."""
    longest, total = 0, start[-1]
    for c in range(chords.cells.shape[0]):
        k0, k1 = chords.start[c], chords.start[c + 1]
        p = chords.cells[c]
        m = chords.border_start[c + 1] - chords.border_start[c]
        inner = 2 * (along[k1] - along[k0] + k1 - k0)
        longest = max(longest, m + inner)
        total += m - (start[p + 1] - start[p]) + inner
    return longest, total


@inlined
def _name_segments(k0, k1, m, along, scratch):
    """Forget the labels of the last cell and note the chord of each segment."""
    chord, label = scratch.chord, scratch.label
    for s in range(m):
        label[s] = -1
    end = m
    for k in range(k0, k1):
        begin, end = end, end + 2 * (along[k + 1] - along[k] + 1)
        for s in range(begin, end):
            chord[s], label[s] = k, -1


@inlined
def _trace_cell(f0, n_faces, border, inner, scratch, start, half, w):
    """Write the boundary lists of a cut cell's faces from half[w] on; returns the new w."""
    target, label, begin, reached = scratch.target, scratch.label, scratch.begin, scratch.reached
    border_half, first, m = border
    zero, found = np.int64(0), np.int64(1)  # as literals they would make numba compile other kernels
    begin[0] = 0
    _label(zero, zero, target, label)
    for face in range(n_faces):
        s = begin[face]
        while True:
            if s < m:
                half[w] = border_half[first + s]
            else:
                half[w] = inner + s
                twin = ((s - m) ^ 1) + m
                if label[twin] < 0:
                    _label(twin, found, target, label)
                    begin[found], reached[found] = twin, s
                    found += 1
            w += 1
            s = target[s]
            if s == begin[face]:
                break
        start[f0 + face + 1] = w
    return w


@inlined
def _label(s, face, target, label):
    while label[s] < 0:
        label[s] = face
        s = target[s]


@inlined
def flip(row, k, next_twin, cross_cut):
    """Switch all cuts on a chord."""
    while k >= 0:
        i = cross_cut[k]
        row[i >> 6] ^= np.uint64(1) << np.uint64(i & 63)
        k = next_twin[k]


@inlined
def set_root_bits(row, k, opens_at_zero, chords, cross_cut):
    """Bits of a chord's cuts on the face at position 0: right of the chord if it opens there."""
    while k >= 0:
        i = cross_cut[k]
        bit = np.uint64(1) << np.uint64(i & 63)
        if (chords.sense[k] > 0) == opens_at_zero:
            row[i >> 6] |= bit
        else:
            row[i >> 6] &= ~bit
        k = chords.next_twin[k]
