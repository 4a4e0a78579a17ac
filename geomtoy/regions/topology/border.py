"""The faces that lie along the borders of cells, when chords have cut these, without all others.

Walked around, a cut cell's border leads from face to face wherever a chord ends. Where several chords
end in one point, it leads across one after the other: what lies between two of them has a pattern too,
although it may have no piece of the border.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.kernels import kernel
from geomtoy.regions.topology.faces import copy_words, flip, set_root_bits


class Border(NamedTuple):
    """The faces along the border of each cell, as they come; some come more than once.

    Each is one chord away from the one before it, but for the first of a cell.
    """

    cell: np.ndarray  # (n,) ascending
    bits: np.ndarray  # (n, words) uint64: the layer's cuts that are > 0
    beyond: np.ndarray  # (K,) the one that is reached where each chord ends
    sides: np.ndarray  # (edge pieces, 2) those left and right of each, -1 outside of the mesh


@kernel
def border(mesh, sub_first, crossings, chords):
    """Walk around all cells.

    Args:
        sub_first: (E + 1,) the first piece of each edge.
    """
    P, K, cells = mesh.start.shape[0] - 1, chords.first.shape[0], chords.cells
    cell, bits = (
        np.empty(P + 2 * K, np.int64),
        np.empty((P + 2 * K, crossings.positive.shape[1]), np.uint64),
    )
    beyond, sides = np.empty(K, np.int64), np.full((sub_first[-1], 2), -1)
    c = n = np.int64(0)
    for p in range(P):
        cell[n] = p
        copy_words(bits[n], crossings.positive[p])
        if c == cells.shape[0] or cells[c] != p:
            for q in range(mesh.start[p], mesh.start[p + 1]):
                h = mesh.half[q]
                sides[sub_first[h >> 1], h & 1] = n
            n += 1
            continue
        opened, closed, k1 = chords.start[c], chords.start[c], chords.start[c + 1]
        for k in range(opened, k1):
            set_root_bits(bits[n], chords.crossing[k], chords.first[k] == 0, chords, crossings.cut)
        while opened < k1 and chords.first[opened] == 0:
            opened += 1
        b0 = chords.border_start[c]
        for b in range(b0, chords.border_start[c + 1]):
            while opened < k1 and chords.first[opened] == b - b0:
                n = _across(opened, n, cell, bits, chords, crossings.cut)
                opened += 1
            while closed < k1 and chords.last[chords.by_last[closed]] == b - b0:
                n = _across(chords.by_last[closed], n, cell, bits, chords, crossings.cut)
                beyond[chords.by_last[closed]] = n
                closed += 1
            h = chords.border_half[b]
            sides[h >> 1, h & 1] = n
        n += 1
        c += 1
    return cell[:n].copy(), bits[:n].copy(), beyond, sides


@kernel
def _across(k, n, cell, bits, chords, cut):
    """Enter the face across chord k from face n; its number."""
    cell[n + 1] = cell[n]
    copy_words(bits[n + 1], bits[n])
    flip(bits[n + 1], chords.crossing[k], chords.next_twin, cut)
    return n + 1
