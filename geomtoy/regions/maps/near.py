"""Which cuts come near a cell, and on which side of them its corners lie, as far as floats tell."""

from __future__ import annotations

import numpy as np

from geomtoy.kernels import inlined, kernel
from geomtoy.regions.numbers.bounds import box_bound, box_side
from geomtoy.regions.numbers.filter import ABOVE, BELOW, UNDECIDED, filtered_signs


@kernel
def empty_finds():
    """What is found cut by cut: (cell, cut) pairs, their lines (a, b, c, e), and the signs of those at
    the corners of the cell, one after the other."""
    pairs = [(0, 0) for _ in range(0)]  # empty lists whose types are known
    rows = [(0.0, 0.0, 0.0, 0.0) for _ in range(0)]
    signs = [UNDECIDED for _ in range(0)]
    return pairs, rows, signs


@inlined
def as_arrays(finds):
    """cell (k,), cut (k,), rows (k, 4), signs of finds."""
    pairs, lines, some = finds
    k = len(pairs)
    cell, cut, rows = np.empty(k, np.int64), np.empty(k, np.int64), np.empty((k, 4))
    for i in range(k):
        cell[i], cut[i] = pairs[i]
        rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3] = lines[i]
    signs = np.empty(len(some), np.int8)
    for i in range(len(some)):
        signs[i] = some[i]
    return cell, cut, rows, signs


@kernel
def of_cells(first, lines, mesh, corner, positive):
    """Cuts that may cross cells, from their lines on each of them.

    Args:
        first: the cell of the mesh that row 0 of the lines belongs to.
        lines: (rows (F, 3, n), error (segments, n), segment (F,)).
        positive: (P, words) uint64, bits of the cuts that are > 0 at a corner, as far as known.
    Returns:
        `as_arrays` of what is found; all other cuts certainly do not cross.
    """
    rows, error, segment = lines
    n = rows.shape[2]
    cuts, scratch = np.arange(n), (np.empty(n), np.empty(n))
    finds = empty_finds()
    for k in range(rows.shape[0]):
        f = first + k
        for word in range(positive.shape[1]):
            positive[f, word] = 0
        probe(f, cuts, rows, k, error, segment[k], mesh, corner, positive, scratch, finds)
    return as_arrays(finds)


@inlined
def probe(f, cuts, rows, k, error, s, mesh, corner, positive, scratch, finds):
    """Note which cuts, with lines rows[k] known within error[s], may cross cell f, and add the bits of
    those that are > 0 there.

    Those of one sign on a box around the cell, or at all of its corners, do not cross.
    """
    value, bound = scratch
    box_bounds(rows, k, error, s, box_around(f, mesh, corner), value, bound)
    pairs, lines, signs = finds
    for i in range(rows.shape[2]):
        above = value[i] > 0.0
        if not abs(value[i]) > bound[i]:
            a, b, c, e = rows[k, 0, i], rows[k, 1, i], rows[k, 2, i], error[s, i]
            if a == 0.0 and b == 0.0 and e == 0.0:  # a constant, known exactly
                above = c > 0.0
            else:
                above = _at_corners(f, cuts[i], a, b, c, e, mesh, corner, pairs, lines, signs)
        if above:
            positive[f, cuts[i] >> 6] |= np.uint64(1) << np.uint64(cuts[i] & 63)


@inlined
def _at_corners(f, cut, a, b, c, e, mesh, corner, pairs, lines, signs):
    """Note a cut unless it has one sign at all corners; whether it is certainly > 0 at one."""
    where = corner[mesh.start[f] : mesh.start[f + 1]]
    some = filtered_signs(a, b, c, e, where, mesh.x, mesh.y, mesh.w, mesh.d, signs)
    if some in (BELOW, ABOVE):
        for _ in range(len(where)):
            signs.pop()
    else:
        pairs.append((f, cut))
        lines.append((a, b, c, e))
    return some & ABOVE != 0


@inlined
def box_bounds(rows, k, error, s, box, value, bound):
    """Values of lines rows[k], known within error[s], at the centre of a box, and by how much they may
    change in it."""
    cx, cy, rx, ry = box
    for i in range(rows.shape[2]):
        a, b, c, e = rows[k, 0, i], rows[k, 1, i], rows[k, 2, i], error[s, i]
        value[i], bound[i] = box_bound(a, b, c, e, cx, cy, rx, ry)


@inlined
def box_around(f, mesh, corner):
    """Centre and half sides of a box around a cell."""
    left, right, low, high = extent(f, mesh, corner)
    cx, rx = box_side(left, right)
    cy, ry = box_side(low, high)
    return cx, cy, rx, ry


@inlined
def extent(f, mesh, corner):
    """Least and greatest x, least and greatest y of a cell; infinite if a corner is at infinity."""
    left, right, low, high = np.inf, -np.inf, np.inf, -np.inf
    for q in range(mesh.start[f], mesh.start[f + 1]):
        v = corner[q]
        x, y, d = mesh.x[v], mesh.y[v], mesh.d[v]
        if mesh.w[v] == 0.0:
            d = np.inf
        left, right = min(left, x - d), max(right, x + d)
        low, high = min(low, y - d), max(high, y + d)
    return left, right, low, high
