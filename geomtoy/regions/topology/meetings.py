"""How many cells chords make, without building them: pairs that cross, and which of them are concurrent.

A convex cell cut by K chords with X crossing pairs becomes 1 + K + X cells, less
(r - 1)(r - 2) / 2 for every point where r > 2 chords meet. Such a point shows as a tie among the later
chords along the first of its chords, so it is enough to sort, chord by chord, the crossings with
later chords: nothing is stored.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numba import njit

from geomtoy.regions.cutting import Cutting
from geomtoy.regions.numbers.filter import intersection, position, sort_group
from geomtoy.regions.numbers.predicates import Signs
from geomtoy.regions.topology import chords as ch

FULL_CHECK_PAIRS = 200_000_000
"""Crossing pairs beyond which a layer is not searched for concurrent chords unless asked to."""


def count_children(cutting: Cutting, signs: Signs) -> int:
    """Cells that a layer's cuts make of all cells of a mesh, exactly."""
    chords = cutting.chords
    line_of = cutting.first_line + chords.crossing
    suspects = _suspects(chords, cutting.rows)
    signs.tally.decided += int(cutting.pairs.sum())
    excess = 0
    points_of: dict[int, set[int]] = defaultdict(set)
    for n, (k, others) in enumerate(_by_chord(suspects)):
        lines = {other: int(line_of[other]) for other in others}
        for group in signs.ties(int(line_of[k]), lines):
            if points_of[k] & points_of[group[0]]:
                continue  # this point was met along an earlier chord
            for chord in (k, *group):
                points_of[chord].add(n)
            excess += len(group) * (len(group) - 1) // 2
    return generic_children(cutting) - excess


def generic_children(cutting: Cutting) -> int:
    """Cells if no three chords meet in a point inside a cell."""
    return cutting.n_cells + len(cutting.chords.first) + int(cutting.pairs.sum())


def _by_chord(suspects: np.ndarray) -> list[tuple[int, list[int]]]:
    """Suspect clusters (chord, later chords), the first chord first."""
    clusters = defaultdict(list)
    for cluster, k, other in suspects.tolist():
        clusters[k, cluster].append(other)
    return [(k, clusters[k, cluster]) for k, cluster in sorted(clusters)]


@njit(cache=True, nogil=True)
def _suspects(chords, rows):
    """Crossings with later chords whose order along a chord float64 cannot tell: (n, 3) rows
    (cluster, chord, later chord)."""
    stack, above = ch.stack_room(chords)
    room = stack.shape[0]
    key, error, floor = np.empty(room), np.empty(room), np.empty(room)
    order = np.empty(room, np.int64)
    clusters = [(0, 0, 0) for _ in range(0)]
    found = [(0, 0, 0) for _ in range(0)]
    by_last = ch.closing_order(chords)
    total = 0
    for c in range(chords.cells.shape[0]):
        opened, top = chords.start[c], 0
        for i in range(chords.start[c], chords.start[c + 1]):
            k = by_last[i]
            opened, top, n = ch.close_chord(chords, c, k, opened, stack, top, above)
            if n < 2:
                continue
            a, b, z, e = rows[k]
            for j in range(n):
                a2, b2, z2, e2 = rows[above[j]]
                x, y, d = intersection(a, b, z, e, a2, b2, z2, e2)
                key[j], error[j] = position(a, b, e, x, y, d, chords.sense[k])
                order[j] = j
            clusters.clear()
            sort_group(order, key, error, 0, n, floor, k, clusters)
            for _, low, high in clusters:
                for j in range(low, high):
                    found.append((total, k, above[order[j]]))
                total += 1
    out = np.empty((len(found), 3), np.int64)
    for i in range(len(found)):
        out[i, 0], out[i, 1], out[i, 2] = found[i]
    return out
