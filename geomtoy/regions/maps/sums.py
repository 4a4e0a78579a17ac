"""Kernels of `maps.floats`: maps summed up unit by unit, or updated by the units that switch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.kernels import inlined, inner, kernel
from geomtoy.regions.maps.bits import lowest_bit, without_lowest
from geomtoy.regions.maps.few import FEW, add_all, passing_for
from geomtoy.regions.numbers.bounds import FLOOR, SECOND_ORDER
from geomtoy.regions.numbers.grids import NO_GRID, exactly_summed, grid, multiple_of
from geomtoy.regions.numbers.map_bounds import map_error, map_terms


class Scratch(NamedTuple):
    """Room for one sum."""

    unit: np.ndarray  # (n_in,) units that pass something on
    factor: np.ndarray  # (n_in, 4) what: a, b, c, and what the error bound makes of it
    spread: np.ndarray  # (n_in,) by how much it may be off
    out: np.ndarray  # (4, n) the sums, and what `map_error` weighs


@inlined
def scratch_for(weights):
    n_in, n = weights.WT.shape
    return Scratch(
        np.empty(n_in, np.int64), np.empty((n_in, 4)), np.empty(n_in), np.empty((4, n))
    )  # fmt: skip


@kernel
def segment_starts(parent, longest):
    """First cell of each segment of cells of one parent, at most so many a segment, and the end."""
    F = parent.shape[0]
    start = np.empty(F + 1, np.int64)
    n = 0
    for f in range(F):
        if f == 0 or parent[f] != parent[f - 1] or f - start[n - 1] == longest:
            start[n] = f
            n += 1
    start[n] = F
    return start[: n + 1].copy()


@kernel
def fill_segments(segments, into, before, level, weights, cuts):
    """Maps on segments, from the maps before them on their parents.

    Kernels for one cell are part of the compiled loop and take whole arrays with a place in them: to
    pass on a slice costs as much as the arithmetic of a narrow layer.
    """
    n_in, longest = weights.WT.shape[0], 0
    for g in range(segments.parent.shape[0]):
        longest = max(longest, segments.start[g + 1] - segments.start[g])
    switching, chain = np.zeros(n_in, np.bool_), np.zeros(longest, np.int64)
    scratch, passing = scratch_for(weights), passing_for(weights)
    for g in range(segments.parent.shape[0]):
        _fill_segment(
            g, segments, into, before, level, weights, cuts, scratch, passing, switching, chain
        )


@inner(forceinline=True)
def _fill_segment(g, segments, into, before, level, weights, cuts, scratch, passing, switching, chain):
    bits, tree, updates = level.bits, level.tree, np.int64(0)
    p, f0, f1 = segments.parent[g] - before.first, segments.start[g], segments.start[g + 1]
    if f1 - f0 > 1:
        updates = _longest_chain(f0, f1, bits, tree, switching, chain, cuts)
    terms = -1.0
    if weights.bias.shape[0] <= FEW and cuts.relu and not weights.sparse:
        terms = add_all(scratch.out, passing, before, p, bits, f0, switching, updates, weights, cuts)
    sums = terms, 0.0, True
    if terms < 0.0:
        sums = add_up(scratch, before, p, bits, f0, switching, updates, weights, cuts)
    store(into.rows, f0 - into.first, scratch)
    sum_error(into.error, g, scratch, sums, weights)
    if f1 - f0 > 1:
        switching[:] = False
    for f in range(f0 + 1, f1):
        like = tree[f] if f0 <= tree[f] < f else f - 1
        row, source = f - into.first, like - into.first
        for word in range(bits.shape[1]):
            change = bits[f, word] ^ bits[like, word]
            while change:
                cut = 64 * word + lowest_bit(change)
                change = without_lowest(change)
                on = (bits[f, word] >> np.uint64(cut & 63)) & np.uint64(1) != 0
                _switch(into.rows, row, source, before.rows, p, cut, on, weights, cuts)
                source = row
        if source != row:
            _copy(into.rows, row, source)


@inner(forceinline=True)
def store(rows, f, scratch):
    """Write the maps that `add_up` found into row f."""
    for k in range(3):
        for i in range(rows.shape[2]):
            rows[f, k, i] = scratch.out[k, i]


@inner(forceinline=True)
def _copy(rows, f, like):
    for k in range(rows.shape[1]):
        for i in range(rows.shape[2]):
            rows[f, k, i] = rows[like, k, i]


@inner(forceinline=True)
def _longest_chain(f0, f1, bits, tree, switching, chain, cuts):
    """Most switches in a row between the first cell of a segment and another; marks who switches."""
    chain[0], longest = 0, np.int64(0)
    for f in range(f0 + 1, f1):
        like = tree[f] if f0 <= tree[f] < f else f - 1
        switches = 0
        for word in range(bits.shape[1]):
            change = bits[f, word] ^ bits[like, word]
            while change:
                switching[cuts.unit[64 * word + lowest_bit(change)]] = True
                change = without_lowest(change)
                switches += 1
        chain[f - f0] = chain[like - f0] + switches
        longest = max(longest, chain[f - f0])
    return longest


@inner(forceinline=True)
def add_up(scratch, before, p, bits, f, switching, updates, weights, cuts):
    """Maps of a cell, summed up unit by unit into `scratch.out`, and there what `map_error` weighs.

    Args:
        before, p: maps of the units, and the row of the cell's parent in them.
        bits, f: those of row f say the units' pieces.
        switching: (n_in,) units that may be in any of their pieces where the error is to hold.
    Returns:
        terms: see `map_terms`. limit: see `_limit_of_terms`.
        touched: whether anything was added; otherwise each map is its bias, exactly.
    """
    m, exact = _passed_on(scratch, before, p, bits, f, switching, cuts)
    terms = map_terms(m, updates, cuts.rounding)
    for k in range(m):
        scratch.factor[k, 3] += scratch.spread[k] / terms
    out, bias = scratch.out, weights.bias
    for i in range(bias.shape[0]):
        out[0, i], out[1, i], out[2, i], out[3, i] = 0.0, 0.0, bias[i], 0.0
    if weights.sparse:
        _add_few(out, weights.start, weights.target, weights.value, scratch.unit, scratch.factor, m)
    else:
        add_units(out, weights.WT, scratch.unit, scratch.factor, m)
    limit = _limit_of_terms(before.rows, p, scratch, m, cuts) if exact else 0.0
    return terms, limit, weights.rounded or m > 0


@inner(forceinline=True)
def _passed_on(scratch, before, p, bits, f, switching, cuts):
    """Fill in what each unit passes on; how many do, and whether all that is known exactly."""
    rows, error, s = before.rows, before.error, before.segment[p]
    unit, factor, spread = scratch.unit, scratch.factor, scratch.spread
    m, exact = np.int64(0), True  # m as a literal would make numba compile other kernels twice
    for j in range(rows.shape[2]):
        piece = cuts.first[j] + j + piece_of(bits, f, cuts.first[j], cuts.first[j + 1])
        if cuts.zero[piece] and not switching[j]:
            continue
        a, b, c, e = rows[p, 0, j], rows[p, 1, j], rows[p, 2, j], error[s, j]
        if a == 0.0 and b == 0.0 and c == 0.0 and e == 0.0 and cuts.highest[j] == 0.0:
            continue  # zero on the whole parent, exactly
        slope, offset = cuts.slope[piece], cuts.offset[piece]
        unit[m] = j
        factor[m, 0], factor[m, 1], factor[m, 2] = slope * a, slope * b, slope * c + offset
        factor[m, 3] = cuts.steepest[j] * max(abs(a), abs(b), abs(c)) + cuts.highest[j] + FLOOR
        spread[m] = cuts.steepest[j] * e
        exact = exact and e == 0.0
        m += 1
    return m, exact


@inner(forceinline=True)
def sum_error(E, g, scratch, sums, weights):
    """Write the errors of what `add_up` found into row g of E."""
    terms, limit, touched = sums
    weighed, bias = scratch.out, weights.bias
    for i in range(bias.shape[0]):
        size = 2.0 * (weighed[3, i] + abs(bias[i])) * SECOND_ORDER
        exact = exactly_summed(size, min(limit * weights.grid[i], weights.bias_limit[i]))
        error = map_error(terms, weighed[3, i], bias[i])
        E[g, i] = 0.0 if not touched or (exact and not weights.rounded) else error


@inner(forceinline=True)
def loose_error(E, g, scratch, sums, weights):
    """The same where units pass on any part of themselves: then floats are never exact."""
    for i in range(weights.bias.shape[0]):
        E[g, i] = map_error(sums[0], scratch.out[3, i], weights.bias[i])


@inner(forceinline=True)
def _limit_of_terms(rows, p, scratch, m, cuts):
    """2^53 times a power of two that all that m units pass on are multiples of, on all their pieces, if
    float64 holds all of it exactly; else 0. Their maps are known exactly."""
    least, unit_of_least, largest = NO_GRID, 0.0, 0.0
    for k in range(m):
        if not scratch.factor[k, 3] < np.inf:
            return 0.0
        for i in range(3):
            number = rows[p, i, scratch.unit[k]]
            if not multiple_of(number, unit_of_least):
                least = min(least, grid(number))
                unit_of_least = 2.0**-least if abs(least) < 1000 else 0.0
        largest = max(largest, scratch.factor[k, 3])
    least = min(least + cuts.grid, cuts.offset_grid)
    if least < -900:
        return 0.0
    limit = 2.0 ** (min(least, 900) + 53)
    return limit if exactly_summed(4.0 * largest, limit) else 0.0


@inner(fastmath={"contract"})
def add_units(out, WT, unit, factor, m):
    """Add factor * W for m units, four at a time so that sums stay in registers; |W| for the error."""
    n = out.shape[1]
    k = 0
    while k + 4 <= m:
        p, q, r, s = unit[k], unit[k + 1], unit[k + 2], unit[k + 3]
        a0, b0, c0, e0 = factor[k, 0], factor[k, 1], factor[k, 2], factor[k, 3]
        a1, b1, c1, e1 = factor[k + 1, 0], factor[k + 1, 1], factor[k + 1, 2], factor[k + 1, 3]
        a2, b2, c2, e2 = factor[k + 2, 0], factor[k + 2, 1], factor[k + 2, 2], factor[k + 2, 3]
        a3, b3, c3, e3 = factor[k + 3, 0], factor[k + 3, 1], factor[k + 3, 2], factor[k + 3, 3]
        for i in range(n):
            x0, x1, x2, x3 = WT[p, i], WT[q, i], WT[r, i], WT[s, i]
            out[0, i] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
            out[1, i] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            out[2, i] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
            out[3, i] += e0 * abs(x0) + e1 * abs(x1) + e2 * abs(x2) + e3 * abs(x3)
        k += 4
    while k < m:
        j, a, b, c, e = unit[k], factor[k, 0], factor[k, 1], factor[k, 2], factor[k, 3]
        for i in range(n):
            w = WT[j, i]
            out[0, i] += a * w
            out[1, i] += b * w
            out[2, i] += c * w
            out[3, i] += e * abs(w)
        k += 1


@inner()
def _add_few(out, start, target, value, unit, factor, m):
    """The same, weight by weight."""
    for k in range(m):
        a, b, c, e = factor[k, 0], factor[k, 1], factor[k, 2], factor[k, 3]
        for t in range(start[unit[k]], start[unit[k] + 1]):
            i, w = target[t], value[t]
            out[0, i] += a * w
            out[1, i] += b * w
            out[2, i] += c * w
            out[3, i] += e * abs(w)


@inner(forceinline=True, fastmath={"contract"})
def _switch(into, f, source, rows, p, cut, on, weights, cuts):
    """Maps of a cell, from those in row `source`, which may be its own: they differ by one cut, and the
    cell is on the side where it is > 0 or not."""
    j = cuts.unit[cut]
    left = cut + j  # entry of the piece left of the cut
    sense = 1.0 if on else -1.0
    ds = sense * (cuts.slope[left + 1] - cuts.slope[left])
    do = sense * (cuts.offset[left + 1] - cuts.offset[left])
    if weights.sparse and source != f:
        _copy(into, f, source)
    for k in range(3):  # one after the other: a loop over all three is not vectorised
        factor = ds * rows[p, k, j] + (do if k == 2 else 0.0)
        if weights.sparse:
            for t in range(weights.start[j], weights.start[j + 1]):
                into[f, k, weights.target[t]] += factor * weights.value[t]
        else:
            for i in range(weights.WT.shape[1]):
                into[f, k, i] = into[source, k, i] + factor * weights.WT[j, i]


@inlined
def piece_of(bits, f, first, end):
    """Piece of the unit with cuts first..end-1 on cell f."""
    piece = np.int64(0)
    for cut in range(first, end):
        piece += np.int64((bits[f, cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1))
    return piece
