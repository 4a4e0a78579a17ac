"""The points inside cells where chords cross: found one by one, or counted without being kept.

A convex cell cut by K chords with X crossing pairs becomes 1 + K + X cells, less (r - 1)(r - 2) / 2 for
every point where r > 2 chords meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.kernels import kernel
from geomtoy.regions.engine.crossings import Subject
from geomtoy.regions.engine.cutting import Cutting
from geomtoy.regions.numbers.bounds import intersection, position
from geomtoy.regions.numbers.filter import sort_group
from geomtoy.regions.numbers.predicates import Order
from geomtoy.regions.topology import faces as fc
from geomtoy.regions.topology import pairs as pr
from geomtoy.regions.topology.components import components


@dataclass
class Meetings:
    """The points inside cells where chords cross."""

    children: np.ndarray  # (P,) number of cells that each cell becomes
    incidence: fc.Incidence
    lines: np.ndarray  # (points, 2)


def find_meetings(cutting: Cutting, subject: Subject) -> Meetings:
    """Points inside cells where chords cross, in order along each; concurrent chords share one."""
    chords = cutting.chords
    pairs = pr.crossing_pairs(chords, int(cutting.pairs.sum()))
    line_ids, sense = cutting.first_line + chords.crossing, chords.sense[chords.crossing]
    start, pair_of, other, key, error = _along_chords(pairs, cutting.rows, sense)
    others = line_ids[other]
    order = subject.predicates.order(start, key, error, line_ids, sense, others, subject.lines)
    chord_start, chord_point, leads = _points(order, pair_of, len(pairs))
    inc = fc.Incidence(chord_start, chord_point, fc.incidence(chord_start, chord_point, len(leads)))
    children = fc.count_children(cutting.n_cells, chords, inc)
    return Meetings(children, inc, line_ids[pairs[leads]])


def _points(
    order: Order, pair_of: np.ndarray, n_pairs: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places along chords and the point at each (CSR), and one pair of each point: pairs tied on some
    chord are one point."""
    pairs = pair_of[order.order]
    tied = np.flatnonzero(order.tied)
    if not len(tied):
        return order.start, pairs, np.arange(n_pairs)
    point = components(n_pairs, np.column_stack([pairs[tied - 1], pairs[tied]]))
    leads = ~order.tied
    start = np.concatenate([[0], np.cumsum(leads)])[order.start]
    return start, point[pairs[leads]], np.unique(point, return_index=True)[1]


@kernel
def _along_chords(pairs, rows, sense):
    """CSR lists (start, pair, other chord) of the pairs that each chord takes part in, and the positions
    along it, with errors, of the points where they cross."""
    n_chords = rows.shape[0]
    start = np.zeros(n_chords + 1, np.int64)
    for i in range(pairs.shape[0]):
        start[pairs[i, 0] + 1] += 1
        start[pairs[i, 1] + 1] += 1
    for k in range(n_chords):
        start[k + 1] += start[k]
    n = 2 * pairs.shape[0]
    member, other = np.empty(n, np.int64), np.empty(n, np.int64)
    key, error, fill = np.empty(n), np.empty(n), start[:-1].copy()
    for i in range(pairs.shape[0]):
        p, q = pairs[i, 0], pairs[i, 1]
        x, y, d = intersection(
            rows[p, 0], rows[p, 1], rows[p, 2], rows[p, 3],
            rows[q, 0], rows[q, 1], rows[q, 2], rows[q, 3],
        )  # fmt: skip
        for side in range(2):
            k = pairs[i, side]
            here = fill[k]
            member[here], other[here] = i, pairs[i, 1 - side]
            key[here], error[here] = position(rows[k, 0], rows[k, 1], rows[k, 3], x, y, d, sense[k])
            fill[k] = here + 1
    return start, member, other, key, error


def count_cells(cutting: Cutting, subject: Subject) -> int:
    """Cells that a layer's cuts make of all cells of a mesh, exactly; no crossing is kept.

    Along each chord only its crossings with later chords are looked at. Where r chords meet, the first
    sees r - 1 later ones in one place, the second r - 2, and so on; each of those but the first of its
    place is a tie, and the ties of a point are (r - 2) + (r - 3) + ... = (r - 1)(r - 2) / 2: just what
    it takes from the number of cells.
    """
    chords, predicates = cutting.chords, subject.predicates
    line_of = cutting.first_line + chords.crossing
    rows = cutting.rows
    rows[:, 3] = predicates.doubt(rows[:, 3])
    predicates.tally.decided += int(cutting.pairs.sum())
    start, chord, later = _suspects(chords, rows)
    ties = predicates.count_ties(start, line_of[chord], line_of[later], subject.lines)
    return cutting.most_cells - ties


@kernel
def _suspects(chords, rows):
    """Crossings with later chords whose order along a chord float64 cannot tell.

    Returns:
        start, chord: CSR of the clusters, and the chord of each. later: (n,) the other chords in them.
    """
    stack, above = pr.stack_room(chords)
    room = stack.shape[0]
    key, error, floor = np.empty(room), np.empty(room), np.empty(room)
    order = np.empty(room, np.int64)
    clusters = [(0, 0, 0) for _ in range(0)]
    found = [(0, 0) for _ in range(0)]
    later = [0 for _ in range(0)]
    for c in range(chords.cells.shape[0]):
        opened, top = chords.start[c], np.int64(0)
        for i in range(chords.start[c], chords.start[c + 1]):
            k = chords.by_last[i]
            opened, top, n = pr.close_chord(chords, c, k, opened, stack, top, above)
            if n < 2:
                continue
            a, b, z, e = rows[k]
            for j in range(n):
                a2, b2, z2, e2 = rows[above[j]]
                x, y, d = intersection(a, b, z, e, a2, b2, z2, e2)
                key[j], error[j] = position(a, b, e, x, y, d, chords.sense[chords.crossing[k]])
                order[j] = j
            clusters.clear()
            sort_group(order, key, error, 0, n, floor, k, clusters)
            for _, low, high in clusters:
                found.append((len(later), k))
                for j in range(low, high):
                    later.append(above[order[j]])
    start, chord = np.empty(len(found) + 1, np.int64), np.empty(len(found), np.int64)
    for i in range(len(found)):
        start[i], chord[i] = found[i]
    start[len(found)] = len(later)
    members = np.empty(len(later), np.int64)
    for i in range(len(later)):
        members[i] = later[i]
    return start, chord, members
