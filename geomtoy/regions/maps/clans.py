"""Which cuts can cross cells, found for clans of cells: neighbours, and often of several parents.

A layer of n units costs n^2 numbers on the first cell of each parent, and n tests on each cell, although
nearly all units are far from nearly all cells. What the units before pass on differs little between
cells that lie close together: it is bounded (`numbers.map_bounds`, 8 and 11) and summed up once for a
clan. Only for cuts that come near it, maps are computed on each of its cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.kernels import inlined, inner, kernel
from geomtoy.regions.maps.bits import bit_at, has_bit
from geomtoy.regions.maps.floats import Maps, Segments
from geomtoy.regions.maps.near import among, as_arrays, extent, no_finds
from geomtoy.regions.maps.sums import add_units, fill_segments
from geomtoy.regions.maps.weights import Weights
from geomtoy.regions.numbers.bounds import FLOOR, box_bound, box_side
from geomtoy.regions.numbers.map_bounds import (
    map_error,
    map_terms,
    relu_between,
    spread_between,
    with_slack,
)

IN_SEGMENT, SEGMENTS, IN_CLAN = 128, 16, 256
"""Cells of a segment, all of one parent; segments of a clan, and its cells: at most."""


class Common(NamedTuple):
    """What is known of the layer before on all cells of a clan."""

    box: tuple[float, float, float, float]  # around them: centre and half sides
    some: np.ndarray  # (words,) bits of units that are > 0 on some of them
    every: np.ndarray  # (words,) on all of them
    rows: np.ndarray  # (3, n_in) maps that are close to those on their parents
    spread: np.ndarray  # (n_in,) and by how much those may be off there


class Left(NamedTuple):
    """The cuts, those of units, that may cross cells of a clan."""

    cut: np.ndarray  # (k,)
    weights: Weights  # into these units alone
    above: np.ndarray  # (words,) bits of the other cuts, where they are > 0


@kernel
def of_clans(mesh, corner, segments, level, before, weights, cuts, positive):
    """Cuts that may cross the cells of segments; see `near.of_cells`.

    Args:
        level: all cells of the level that the mesh has a part of; cuts of its layer are those of ReLU.
        before: maps of that layer on the segments' parents. weights, cuts: as of `maps.floats`.
    """
    finds = no_finds()
    g, end = np.int64(0), segments.parent.shape[0]
    while g < end:
        h = g + 1
        while h < end and h - g < SEGMENTS and segments.start[h + 1] - segments.start[g] <= IN_CLAN:
            h += 1
        clan = Segments(segments.start[g : h + 1], segments.parent[g:h])
        near = left(common(mesh, corner, clan, level.bits, before), weights, positive.shape[1])
        finds = _each(clan, near, mesh, corner, level, before, cuts, positive, finds)
        g = h
    return as_arrays(finds)


@kernel
def common(mesh, corner, clan, bits, before):
    n, count, first = before.rows.shape[2], clan.parent.shape[0], clan.start[0]
    some, every = bits[first].copy(), bits[first].copy()
    rows, spread = np.zeros((3, n)), np.zeros(n)
    for g in range(count):
        _add_share(rows, before.rows, clan.parent[g] - before.first, 1.0 / count)
    sides = np.inf, -np.inf, np.inf, -np.inf
    for g in range(count):
        own = np.inf, -np.inf, np.inf, -np.inf
        for f in range(clan.start[g], clan.start[g + 1]):
            own = _around(own, extent(f - mesh.first, mesh, corner))
            for word in range(bits.shape[1]):
                some[word] |= bits[f, word]
                every[word] &= bits[f, word]
        p = clan.parent[g] - before.first
        _add_spread(spread, rows, before.rows, p, before.error, before.segment[p], _box(own))
        sides = _around(sides, own)
    return Common(_box(sides), some, every, rows, spread)


@inlined
def _around(one, other):
    """What contains two boxes."""
    return (
        min(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), max(one[3], other[3])
    )  # fmt: skip


@inlined
def _box(sides):
    """Centre and half sides of a box."""
    cx, rx = box_side(sides[0], sides[1])
    cy, ry = box_side(sides[2], sides[3])
    return cx, cy, rx, ry


@inner()
def _add_share(into, rows, p, share):
    for k in range(3):
        for j in range(rows.shape[2]):
            into[k, j] += share * rows[p, k, j]


@inner()
def _add_spread(spread, rows, of, p, error, s, box):
    """How far the maps on parent p are from `rows` in a box, if that is farther than known."""
    cx, cy, rx, ry = box
    for j in range(spread.shape[0]):
        a, b, c = of[p, 0, j] - rows[0, j], of[p, 1, j] - rows[1, j], of[p, 2, j] - rows[2, j]
        found = spread_between(a, b, c, error[s, j], cx, cy, rx, ry)
        spread[j] = found if found > spread[j] else spread[j]
        spread[j] = spread[j] if found < np.inf else np.inf  # NaN is no bound


@kernel
def left(common, weights, words):
    above = np.zeros(words, np.uint64)
    n_in, n = weights.WT.shape
    unit, factor = np.empty(n_in, np.int64), np.empty((n_in, 4))
    cx, cy, rx, ry = common.box
    reach = abs(cx) + rx + abs(cy) + ry + 1.0
    m = _pass_on(common, reach, unit, factor)
    terms = map_terms(m, 0, 0.0)
    out = np.zeros((4, n))
    for k in range(m):
        factor[k, 3] += common.spread[k] / terms
    add_units(out, weights.WT, unit, factor, m)
    chosen, count = np.empty(n, np.int64), 0
    for i in range(n):
        a, b, c = out[0, i], out[1, i], out[2, i] + weights.bias[i]
        value, away = box_bound(a, b, c, 0.0, cx, cy, rx, ry)
        away = with_slack(away, map_error(terms, out[3, i], reach * weights.bias[i]))
        if value > away:
            above[i >> 6] |= bit_at(i)
        elif not value < -away:
            chosen[count] = i
            count += 1
    cut = chosen[:count].copy()
    return Left(cut, _into(weights, cut), above)


@inner()
def _pass_on(common, reach, unit, factor):
    """Fill in what each unit passes on to the clan, sizes as 11 has them, and in place of the spread how
    much that may be off; how many units do."""
    cx, cy, rx, ry = common.box
    rows, spread = common.rows, common.spread
    m = np.int64(0)
    for j in range(rows.shape[1]):
        if not has_bit(common.some, j):
            continue
        a, b, c = rows[0, j], rows[1, j], rows[2, j]
        t, half = 1.0, 0.0
        if not has_bit(common.every, j):
            middle, away = box_bound(a, b, c, 0.0, cx, cy, rx, ry)
            away = with_slack(away, spread[j])
            t, most = relu_between(middle - away, middle + away)
            half = 0.5 * most
        unit[m], spread[m] = j, t * spread[j] + half
        factor[m, 0], factor[m, 1], factor[m, 2] = t * a, t * b, t * c + half
        factor[m, 3] = reach * (max(abs(a), max(abs(b), abs(c))) + half + FLOOR)
        m += 1
    return m


@kernel
def _into(weights, units):
    """The weights into some units alone."""
    WT = np.empty((weights.WT.shape[0], units.shape[0]))
    for j in range(WT.shape[0]):
        for i in range(units.shape[0]):
            WT[j, i] = weights.WT[j, units[i]]
    return Weights(
        WT, weights.bias[units], weights.rounded, weights.grid[units], weights.bias_limit[units],
        weights.sparse, weights.start, weights.target, weights.value,
    )  # fmt: skip


@kernel
def _each(clan, left, mesh, corner, level, before, cuts, positive, finds):
    """The finds with those among the cuts that are left, cell by cell."""
    count, n = clan.parent.shape[0], left.cut.shape[0]
    first, end = clan.start[0], clan.start[count]
    for f in range(first, end):
        for word in range(left.above.shape[0]):
            positive[f - mesh.first, word] = left.above[word]
    if n == 0:
        return finds
    rows, error = np.empty((end - first, 3, n)), np.empty((count, n))
    segment = np.empty(end - first, np.int64)
    for g in range(count):
        for f in range(clan.start[g], clan.start[g + 1]):
            segment[f - first] = g
    fill_segments(clan, Maps(first, rows, error, segment), before, level, left.weights, cuts)
    return among(first - mesh.first, (rows, error, segment), left.cut, mesh, corner, positive, finds)
