"""Kernels of `maps.floats`: maps summed up unit by unit, or updated by the units that switch."""

from __future__ import annotations

import numpy as np
from numba import njit

from geomtoy.regions.numbers.bounds import (
    FLOOR,
    NO_GRID,
    SECOND_ORDER,
    exactly_summed,
    grid,
    map_error,
    map_terms,
    multiple_of,
)


@njit(cache=True, nogil=True)
def fill_segments(segments, into, before, level, weights, cuts):
    """Maps on segments, from the maps before them on their parents."""
    n = weights.WT.shape[0]
    bits, tree = level.bits, level.tree
    switching = np.zeros(n, np.bool_)
    scratch = np.empty(n, np.int64), np.empty((n, 4)), np.empty(n)
    for g in range(segments.parent.shape[0]):
        p, f0, f1 = segments.parent[g] - before.first, segments.start[g], segments.start[g + 1]
        rows, error = before.rows[p], before.error[before.segment[p]]
        updates = _longest_chain(f0, f1, bits, tree, switching, cuts)
        _first_cell(
            into.rows[f0 - into.first], into.error[g], rows, error, bits[f0], switching, updates,
            weights, cuts, scratch,
        )  # fmt: skip
        switching[:] = False
        for f in range(f0 + 1, f1):
            like = tree[f] if f0 <= tree[f] < f else f - 1
            cell = into.rows[f - into.first]
            _copy(cell, into.rows[like - into.first])
            for word in range(bits.shape[1]):
                change = bits[f, word] ^ bits[like, word]
                while change:
                    cut = 64 * word + lowest_bit(change)
                    change &= change - np.uint64(1)
                    _switch(cell, rows, bits[f], cut, weights, cuts)


@njit(cache=True, nogil=True)
def _copy(into, rows):
    """As into[:] = rows, which takes seconds to compile."""
    for k in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            into[k, i] = rows[k, i]


@njit(cache=True, nogil=True, inline="always")
def lowest_bit(word):
    """Place of the lowest bit that is set in a word that is not 0."""
    place = 0
    for width in (32, 16, 8, 4, 2, 1):
        if word & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)) == 0:
            word >>= np.uint64(width)
            place += width
    return place


@njit(cache=True, nogil=True)
def _longest_chain(f0, f1, bits, tree, switching, cuts):
    """Most switches in a row between the first cell of a segment and another; marks who switches."""
    if f1 - f0 == 1:
        return 0
    chain = np.zeros(f1 - f0, np.int64)
    longest = 0
    for f in range(f0 + 1, f1):
        like = tree[f] if f0 <= tree[f] < f else f - 1
        switches = 0
        for word in range(bits.shape[1]):
            change = bits[f, word] ^ bits[like, word]
            while change:
                switching[cuts.unit[64 * word + lowest_bit(change)]] = True
                change &= change - np.uint64(1)
                switches += 1
        chain[f - f0] = chain[like - f0] + switches
        longest = max(longest, chain[f - f0])
    return longest


@njit(cache=True, nogil=True)
def _first_cell(out, E, rows, error, bits, switching, updates, weights, cuts, scratch):
    """Maps of a segment's first cell, summed up unit by unit, and the segment's error bound."""
    sums = add_up(out, E, rows, error, bits, switching, updates, weights, cuts, scratch)
    sum_error(E, sums, weights)


@njit(cache=True, nogil=True)
def add_up(out, E, rows, error, bits, switching, updates, weights, cuts, scratch):
    """Maps of a cell, summed up unit by unit; E becomes what `map_error` weighs.

    Args:
        switching: (n_in,) units that may be in any of their pieces where the error is to hold.
    Returns:
        terms: see `map_terms`. limit: see `_limit_of_terms`.
        touched: whether anything was added; otherwise each map is its bias, exactly.
    """
    for i in range(E.shape[0]):
        out[0, i], out[1, i], out[2, i], E[i] = 0.0, 0.0, weights.bias[i], 0.0
    touched = weights.rounded
    unit, factor, spread = scratch
    m = np.int64(0)  # as a literal it would make numba compile other kernels twice
    for j in range(weights.WT.shape[0]):
        piece = cuts.first[j] + j + _piece(bits, cuts.first[j], cuts.first[j + 1])
        if cuts.zero[piece] and not switching[j]:
            continue
        a, b, c = rows[0, j], rows[1, j], rows[2, j]
        if a == 0.0 and b == 0.0 and c == 0.0 and error[j] == 0.0 and cuts.highest[j] == 0.0:
            continue  # zero on the whole parent, exactly
        touched = True
        s, o = cuts.slope[piece], cuts.offset[piece]
        unit[m] = j
        factor[m, 0], factor[m, 1], factor[m, 2] = s * a, s * b, s * c + o
        factor[m, 3] = cuts.steepest[j] * max(abs(a), abs(b), abs(c)) + cuts.highest[j] + FLOOR
        spread[m] = cuts.steepest[j] * error[j]
        m += 1
    limit = _limit_of_terms(rows, error, cuts, unit, factor, m)
    terms = map_terms(m, updates, cuts.rounding)
    for k in range(m):
        factor[k, 3] += spread[k] / terms
    if weights.sparse:
        _add_few(out, E, weights, unit, factor, m)
    else:
        _add_units(out, E, weights.WT, unit, factor, m)
    return terms, limit, touched


@njit(cache=True, nogil=True)
def sum_error(E, sums, weights):
    """The error of what `add_up` found, in place of what it weighs."""
    terms, limit, touched = sums
    if not touched:
        return
    for i in range(E.shape[0]):
        size = 2.0 * (E[i] + abs(weights.bias[i])) * SECOND_ORDER
        exact = exactly_summed(size, min(limit * weights.grid[i], weights.bias_limit[i]))
        E[i] = 0.0 if exact and not weights.rounded else map_error(terms, E[i], weights.bias[i])


@njit(cache=True, nogil=True)
def loose_error(E, sums, weights):
    """The same where units pass on any part of themselves: then floats are never exact."""
    for i in range(E.shape[0]):
        E[i] = map_error(sums[0], E[i], weights.bias[i])


@njit(cache=True, nogil=True)
def _limit_of_terms(rows, error, cuts, unit, factor, m):
    """2^53 times a power of two that all that m units pass on are multiples of, on all their pieces, if
    float64 holds all of it exactly; else 0."""
    least, unit_of_least, largest = NO_GRID, 0.0, 0.0
    for k in range(m):
        j = unit[k]
        if error[j] != 0.0 or not factor[k, 3] < np.inf:
            return 0.0
        for i in range(3):
            if not multiple_of(rows[i, j], unit_of_least):
                least = min(least, grid(rows[i, j]))
                unit_of_least = 2.0**-least if abs(least) < 1000 else 0.0
        largest = max(largest, factor[k, 3])
    least = min(least + cuts.grid, cuts.offset_grid)
    if least < -900:
        return 0.0
    limit = 2.0 ** (min(least, 900) + 53)
    return limit if exactly_summed(4.0 * largest, limit) else 0.0


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_units(out, E, WT, unit, factor, m):
    """Add factor * W for m units, four at a time so that sums stay in registers; |W| for the error."""
    A, B, C = out[0], out[1], out[2]
    n = E.shape[0]
    k = 0
    while k + 4 <= m:
        w0, w1, w2, w3 = WT[unit[k]], WT[unit[k + 1]], WT[unit[k + 2]], WT[unit[k + 3]]
        a0, b0, c0, e0 = factor[k]
        a1, b1, c1, e1 = factor[k + 1]
        a2, b2, c2, e2 = factor[k + 2]
        a3, b3, c3, e3 = factor[k + 3]
        for i in range(n):
            x0, x1, x2, x3 = w0[i], w1[i], w2[i], w3[i]
            A[i] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
            B[i] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            C[i] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
            E[i] += e0 * abs(x0) + e1 * abs(x1) + e2 * abs(x2) + e3 * abs(x3)
        k += 4
    for r in range(k, m):
        w = WT[unit[r]]
        a, b, c, e = factor[r]
        for i in range(n):
            A[i] += a * w[i]
            B[i] += b * w[i]
            C[i] += c * w[i]
            E[i] += e * abs(w[i])


@njit(cache=True, nogil=True)
def _add_few(out, E, weights, unit, factor, m):
    """The same, weight by weight."""
    for k in range(m):
        a, b, c, e = factor[k]
        for i in range(weights.start[unit[k]], weights.start[unit[k] + 1]):
            target, w = weights.target[i], weights.value[i]
            out[0, target] += a * w
            out[1, target] += b * w
            out[2, target] += c * w
            E[target] += e * abs(w)


@njit(cache=True, nogil=True)
def _switch(child, rows, bits, cut, weights, cuts):
    """Change a cell's maps for one cut that it lies across."""
    j = cuts.unit[cut]
    left = cut + j  # entry of the piece left of the cut
    on = (bits[cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1)
    sense = 1.0 if on else -1.0
    ds = sense * (cuts.slope[left + 1] - cuts.slope[left])
    do = sense * (cuts.offset[left + 1] - cuts.offset[left])
    a, b, c = ds * rows[0, j], ds * rows[1, j], ds * rows[2, j] + do
    if weights.sparse:
        for i in range(weights.start[j], weights.start[j + 1]):
            target, w = weights.target[i], weights.value[i]
            child[0, target] += a * w
            child[1, target] += b * w
            child[2, target] += c * w
        return
    _add_scaled(child[0], weights.WT[j], a)
    _add_scaled(child[1], weights.WT[j], b)
    _add_scaled(child[2], weights.WT[j], c)


@njit(cache=True, nogil=True, inline="always")
def _piece(row, first, end):
    piece = np.int64(0)
    for cut in range(first, end):
        piece += np.int64((row[cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1))
    return piece


@njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _add_scaled(x, y, factor):
    for i in range(x.shape[0]):
        x[i] += factor * y[i]
