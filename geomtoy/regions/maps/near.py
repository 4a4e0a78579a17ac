"""Which cuts come near a cell, and on which side of them its corners lie, as far as floats tell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.kernels import inlined, inner, kernel
from geomtoy.regions.maps.bits import EVERY, bit_at, lowest_bit, without_lowest
from geomtoy.regions.numbers.bounds import box_bound, box_side, value_bound
from geomtoy.regions.numbers.filter import ABOVE, BELOW, OPEN, UNDECIDED


class Finds(NamedTuple):
    """Pairs of a cell and a cut that may cross it, and room for more."""

    cell: np.ndarray  # (k,)
    cut: np.ndarray  # (k,)
    rows: np.ndarray  # (k, 4) lines (a, b, c, e) of the cuts
    sign: np.ndarray  # (s,) their signs at the corners of the cell, one after the other
    size: np.ndarray  # (2,) how many pairs and signs there are


@inlined
def no_finds():
    k = 256
    return Finds(
        np.empty(k, np.int64), np.empty(k, np.int64), np.empty((k, 4)), np.empty(4 * k, np.int8),
        np.zeros(2, np.int64),
    )  # fmt: skip


@inlined
def as_arrays(finds):
    """cell (k,), cut (k,), rows (k, 4), signs of finds."""
    k, s = finds.size
    return finds.cell[:k].copy(), finds.cut[:k].copy(), finds.rows[:k].copy(), finds.sign[:s].copy()


@inlined
def crowded(finds, corners):
    """Whether there may be no room for the pairs of a cell of so many corners with 64 cuts."""
    k, s = finds.size
    return k + 64 > finds.cell.shape[0] or s + 64 * corners > finds.sign.shape[0]


@inlined
def with_room(finds, corners):
    """The same finds, with room for them."""
    k, s = finds.size
    room, space = 2 * k + 64, 2 * s + 64 * corners
    cell, cut = np.empty(room, np.int64), np.empty(room, np.int64)
    rows, sign = np.empty((room, 4)), np.empty(space, np.int8)
    for i in range(k):  # to assign slices takes seconds to compile: numba prepares its complaints
        cell[i], cut[i] = finds.cell[i], finds.cut[i]
        for j in range(4):
            rows[i, j] = finds.rows[i, j]
    for i in range(s):
        sign[i] = finds.sign[i]
    return Finds(cell, cut, rows, sign, finds.size)


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
    value, bound = np.empty(n), np.empty(n)
    finds = no_finds()
    for k in range(rows.shape[0]):
        f, s = first + k, segment[k]
        box_bounds(rows, k, error, s, box_around(f, mesh, corner), value, bound)
        for word in range(positive.shape[1]):
            above, left = sides(value, bound, n, word)
            if left and crowded(finds, mesh.start[f + 1] - mesh.start[f]):
                finds = with_room(finds, mesh.start[f + 1] - mesh.start[f])
            while left:
                cut = 64 * word + lowest_bit(left)
                left = without_lowest(left)
                line = rows[k, 0, cut], rows[k, 1, cut], rows[k, 2, cut], error[s, cut]
                if note(f, cut, line, mesh, corner, finds) & ABOVE != 0:
                    above |= bit_at(cut)
            positive[f, word] = above
    return as_arrays(finds)


@kernel
def among(first, lines, names, mesh, corner, positive, finds):
    """The finds with those among some cuts on cells from `first` on; `positive` gets their bits.

    Args:
        lines: of these cuts, see `of_cells`. names: (n,) the cuts.
    """
    rows, error, segment = lines
    n = names.shape[0]
    value, bound = np.empty(n), np.empty(n)
    for k in range(rows.shape[0]):
        f, s = first + k, segment[k]
        corners = mesh.start[f + 1] - mesh.start[f]
        box_bounds(rows, k, error, s, box_around(f, mesh, corner), value, bound)
        for word in range((n + 63) >> 6):
            above, left = sides(value, bound, n, word)
            if left and crowded(finds, corners):
                finds = with_room(finds, corners)
            while left:
                i = 64 * word + lowest_bit(left)
                left = without_lowest(left)
                line = rows[k, 0, i], rows[k, 1, i], rows[k, 2, i], error[s, i]
                if note(f, names[i], line, mesh, corner, finds) & ABOVE != 0:
                    above |= bit_at(i)
            while above:
                cut = names[64 * word + lowest_bit(above)]
                above = without_lowest(above)
                positive[f, cut >> 6] |= bit_at(cut)
    return finds


@inner(forceinline=True)
def sides(value, bound, n, word):
    """Of up to 64 of n lines, the bits of those that are > 0 on a box, and of those that may be 0
    there."""
    count = min(64, n - 64 * word)
    values, bounds = value[64 * word :], bound[64 * word :]  # indices from 0: the loop is vectorised
    above, below = np.uint64(0), np.uint64(0)
    for i in range(count):
        v, most = values[i], bounds[i]
        above |= np.uint64(v > most) << np.uint64(i)
        below |= np.uint64(v < -most) << np.uint64(i)
    every = EVERY >> np.uint64(64 - count) if count > 0 else np.uint64(0)
    return above, every & ~(above | below)


@inner(forceinline=True)
def note(f, cut, line, mesh, corner, finds):
    """Note a cut, whose line is (a, b, c, e) on cell f, unless it has one sign at all of its corners.

    Args:
        finds: they have room, see `crowded`.
    Returns:
        which signs there are: BELOW, ABOVE, OPEN, or sums of them.
    """
    a, b, c, e = line
    if a == 0.0 and b == 0.0 and e == 0.0:  # a constant, known exactly
        return ABOVE if c > 0.0 else BELOW
    number, place = finds.size
    kinds = 0
    for q in range(mesh.start[f], mesh.start[f + 1]):
        v = corner[q]
        value, bound = value_bound(a, b, c, e, mesh.x[v], mesh.y[v], mesh.w[v], mesh.d[v])
        kind = ABOVE if value > bound else BELOW if value < -bound else OPEN
        finds.sign[place] = 1 if kind == ABOVE else -1 if kind == BELOW else UNDECIDED
        place += 1
        kinds |= kind
    if kinds not in (BELOW, ABOVE):
        finds.cell[number], finds.cut[number] = f, cut
        row = finds.rows[number]
        row[0], row[1], row[2], row[3] = a, b, c, e
        finds.size[0], finds.size[1] = number + 1, place
    return kinds


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
        left = x - d if x - d < left else left  # `min` asks for NaN as well: coordinates are none
        right = x + d if x + d > right else right
        low = y - d if y - d < low else low
        high = y + d if y + d > high else high
    return left, right, low, high
