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
from geomtoy.regions.topology import chords as ch
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
    start, pair_of, key, error = _along_chords(pairs, cutting.rows, sense)
    chord_of = np.repeat(np.arange(len(chords.first)), np.diff(start))
    other = pairs[pair_of].sum(axis=1) - chord_of
    order = subject.predicates.order(start, key, error, line_ids, sense, line_ids[other], subject.lines)
    point_of_pair, lead_pair = _merge_ties(order, pair_of, len(pairs))
    leads = ~order.tied
    chord_start = np.concatenate([[0], np.cumsum(leads)])[start]
    chord_point = point_of_pair[pair_of[order.order[leads]]]
    rank, point_start, point_chord, point_index = fc.incidence(chord_start, chord_point, len(lead_pair))
    inc = fc.Incidence(chord_start, chord_point, rank, point_start, point_chord, point_index)
    children = _children(cutting.n_cells, chords, inc)
    return Meetings(children, inc, line_ids[pairs[lead_pair]])


@kernel
def _along_chords(pairs, rows, sense):
    """CSR lists (start, pair) of the pairs that each chord takes part in, and the positions along it,
    with errors, of the points where they cross."""
    n_chords = rows.shape[0]
    start = np.zeros(n_chords + 1, np.int64)
    for i in range(pairs.shape[0]):
        start[pairs[i, 0] + 1] += 1
        start[pairs[i, 1] + 1] += 1
    for k in range(n_chords):
        start[k + 1] += start[k]
    n = 2 * pairs.shape[0]
    member, key, error, fill = np.empty(n, np.int64), np.empty(n), np.empty(n), start[:-1].copy()
    for i in range(pairs.shape[0]):
        p, q = pairs[i, 0], pairs[i, 1]
        x, y, d = intersection(
            rows[p, 0], rows[p, 1], rows[p, 2], rows[p, 3],
            rows[q, 0], rows[q, 1], rows[q, 2], rows[q, 3],
        )  # fmt: skip
        for side in range(2):
            k = pairs[i, side]
            here = fill[k]
            member[here] = i
            key[here], error[here] = position(rows[k, 0], rows[k, 1], rows[k, 3], x, y, d, sense[k])
            fill[k] = here + 1
    return start, member, key, error


def _merge_ties(order: Order, pair_of: np.ndarray, n_pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Point id of every pair, and one pair of each point: pairs tied on some chord are one point."""
    tied = np.flatnonzero(order.tied)
    if not len(tied):
        return np.arange(n_pairs), np.arange(n_pairs)
    same = np.column_stack([pair_of[order.order[tied - 1]], pair_of[order.order[tied]]])
    point = components(n_pairs, same)
    return point, np.unique(point, return_index=True)[1]


def _children(n_cells: int, chords: ch.Chords, inc: fc.Incidence) -> np.ndarray:
    """1 + chords + (meetings counted along chords) - (points): Euler's relation in a convex cell."""
    cell_of_chord = np.repeat(chords.cells, np.diff(chords.start))
    meetings = np.diff(inc.chord_start)
    cell_of_point = cell_of_chord[inc.point_chord[inc.point_start[:-1]]]
    children = np.ones(n_cells, np.int64)
    children += np.bincount(cell_of_chord, minlength=n_cells)
    np.add.at(children, cell_of_chord, meetings)
    return children - np.bincount(cell_of_point, minlength=n_cells)


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
