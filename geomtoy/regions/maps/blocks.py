"""Which cuts can cross cells, from the states of groups of units there; see `maps.shared`.

Cells are looked at in blocks of neighbours. In most groups all of a block have one state, and most lines
are far from all of it; the other cuts are looked at cell by cell.
"""

from __future__ import annotations

import numpy as np

from geomtoy.kernels import inlined, kernel
from geomtoy.regions.maps.bits import bit_at
from geomtoy.regions.maps.near import as_arrays, box_around, crowded, no_finds, note, with_room
from geomtoy.regions.maps.runs import box_of
from geomtoy.regions.numbers.bounds import box_bound
from geomtoy.regions.numbers.filter import ABOVE, UNDECIDED

BLOCK = 32
"""Cells that are looked at together."""


@kernel
def of_states(of, table, mesh, corner, positive):
    """Cuts that may cross cells; see `near.of_cells`.

    Args:
        of: (F, G) which of each group's states a cell has. table: the cuts in all states.
    """
    finds = no_finds()
    near = np.empty(table.group.shape[0], np.int64)
    for begin in range(0, of.shape[0], BLOCK):
        end = min(begin + BLOCK, of.shape[0])
        words = np.zeros(positive.shape[1], np.uint64)
        left = _left_by_block(begin, end, of, table, box_of(begin, end, mesh, corner), words)
        for f in range(begin, end):
            for word in range(words.shape[0]):
                positive[f, word] = words[word]
            finds = _probe(f, left, of, table, mesh, corner, positive, finds, near)
    return as_arrays(finds)


@kernel
def _left_by_block(begin, end, of, table, box, words):
    """The cuts that some cell of a block may have both signs on; adds the bits of those that are > 0."""
    group, first, step, rows, known = table
    differ = np.zeros(of.shape[1], np.bool_)
    for f in range(begin + 1, end):
        for g in range(of.shape[1]):
            differ[g] |= of[f, g] != of[begin, g]
    n = np.int64(0)
    left = np.empty(group.shape[0], np.int64)
    for cut in range(group.shape[0]):
        sign = UNDECIDED
        if not differ[group[cut]]:
            k = first[cut] + of[begin, group[cut]] * step[cut]
            sign = _sign(known[k], rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3], box)
        if sign == UNDECIDED:
            left[n] = cut
            n += 1
        elif sign == 1:
            words[cut >> 6] |= bit_at(cut)
    return left[:n]


@kernel
def _probe(f, cuts, of, table, mesh, corner, positive, finds, near):
    """The finds with those among some cuts on one cell; `near` is scratch."""
    group, first, step, rows, known = table
    box, corners, n = box_around(f, mesh, corner), mesh.start[f + 1] - mesh.start[f], np.int64(0)
    for cut in cuts:
        k = first[cut] + of[f, group[cut]] * step[cut]
        sign = _sign(known[k], rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3], box)
        if sign == UNDECIDED:
            near[n] = cut
            n += 1
        elif sign == 1:
            positive[f, cut >> 6] |= bit_at(cut)
    for begin in range(0, n, 64):
        if crowded(finds, corners):
            finds = with_room(finds, corners)
        end = begin + 64 if begin + 64 < n else n
        for i in range(begin, end):
            cut = near[i]
            k = first[cut] + of[f, group[cut]] * step[cut]
            line = rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3]
            if note(f, cut, line, mesh, corner, finds) & ABOVE != 0:
                positive[f, cut >> 6] |= bit_at(cut)
    return finds


@inlined
def _sign(known, a, b, c, e, box):
    """Sign of a line in a box, or on cells where it is known; UNDECIDED if it may have both there.

    It takes numbers, not the arrays they are from: to pass on those would take longer than the rest.
    """
    sign = known
    if sign == UNDECIDED:
        value, bound = box_bound(a, b, c, e, box[0], box[1], box[2], box[3])
        if abs(value) > bound:
            sign = np.int8(1) if value > 0.0 else np.int8(-1)
    return sign
