"""Which cuts can cross the cells of one parent, found for whole runs of neighbouring cells at a time.

All cells of a parent have the same maps but for the units that switch between them, and between cells
that lie close together few do. What those pass on is bounded (`numbers.map_bounds`, 8), so a cut that is
far from a run of cells is seen to be so once. Runs are cut into shorter ones, and only cuts that are
left are looked at again: O(log F) in all for each of F cells, and not O(n), for a layer of n units.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.kernels import inner, kernel
from geomtoy.regions.maps.bits import bit_at, has_bit
from geomtoy.regions.maps.near import (
    among,
    as_arrays,
    box_bounds,
    extent,
    no_finds,
)
from geomtoy.regions.maps.sums import add_up, loose_error, scratch_for, store, sum_error
from geomtoy.regions.numbers.bounds import box_bound, box_side
from geomtoy.regions.numbers.map_bounds import relu_between, with_slack

SHORT = 8
"""Cells of a run that is not cut any more."""
PARTS = 16
"""Runs into which a longer one is cut."""
MOST_SWITCHING = 1000
"""Units that switch within a run beyond which it is not tested as a whole."""


class Run(NamedTuple):
    """What is known on a run of cells of one parent: of units that switch there, and of cuts that may
    cross it."""

    unit: np.ndarray  # (s,) units of the layer before
    z: np.ndarray  # (s, 4) their maps on the parent, and the error
    weight: np.ndarray  # (s, k) weights of the cuts, which are those of units, for each of them
    cut: np.ndarray  # (k,)
    rows: np.ndarray  # (1, 3, k) what all other units make up
    error: np.ndarray  # (2, k) of the cuts' lines: on a cell; where units pass on any part of themselves
    bits: np.ndarray  # (words,) of cuts that are > 0 on the run


@kernel
def of_families(mesh, corner, low, high, parent, bits, before, weights, cuts, positive):
    """Cuts that may cross cells low..high-1 of a mesh; see `near.of_cells`.

    Args:
        parent, bits: of all cells of the mesh. before: maps of the layer before on their parents.
        weights, cuts: as of `maps.floats`; the cuts of the layer before are those of ReLU.
    """
    finds = no_finds()
    room = scratch_for(weights)
    f0 = low
    while f0 < high:
        f1 = f0 + 1
        while f1 < high and parent[f1] == parent[f0]:
            f1 += 1
        whole = _whole(bits, f0, f1, before, parent[f0] - before.first, room, weights, cuts)
        finds = _narrow(whole, f0, f1, mesh, corner, bits, positive, finds)
        f0 = f1
    return as_arrays(finds)


@kernel
def _whole(bits, f0, f1, before, p, room, weights, cuts):
    """All cells of a family as a run: the units that do not switch, summed up."""
    n_in, n = weights.WT.shape
    some, every = _common_bits(bits, f0, f1)
    switching = np.zeros(n_in, np.bool_)
    s = 0
    for j in range(n_in):
        if has_bit(some, j) and not has_bit(every, j):
            switching[j] = True
            s += 1
    unit, z, weight = np.empty(s, np.int64), np.empty((s, 4)), np.empty((s, n))
    k = 0
    for j in range(n_in):
        if switching[j]:
            unit[k], z[k, 3] = j, before.error[before.segment[p], j]
            for i in range(3):
                z[k, i] = before.rows[p, i, j]
            for i in range(n):
                weight[k, i] = weights.WT[j, i]
            k += 1
    updates, row = np.int64(0), np.int64(0)  # as literals they would make numba compile other kernels
    sums = add_up(room, before, p, every.reshape(1, -1), row, switching, updates, weights, cuts)
    rows, error = np.empty((1, 3, n)), np.zeros((2, n))
    store(rows, row, room)
    sum_error(error, row, room, sums, weights)
    loose_error(error, row + 1, room, sums, weights)
    words = max(1, (n + 63) >> 6)
    return Run(unit, z, weight, np.arange(n), rows, error, np.zeros(words, np.uint64))


@kernel
def _narrow(run, f0, f1, mesh, corner, bits, positive, finds):
    """The finds with those of a run f0..f1-1, which is looked at part by part, down to single cells."""
    size = max(SHORT, (f1 - f0 + PARTS - 1) // PARTS)
    for begin in range(f0, f1, size):
        end = min(begin + size, f1)
        part = _part(run, begin, end, mesh, corner, bits)
        if end - begin > SHORT:
            finds = _narrow(part, begin, end, mesh, corner, bits, positive, finds)
        else:
            finds = _each(part, begin, end, mesh, corner, bits, positive, finds)
    return finds


@kernel
def _part(run, f0, f1, mesh, corner, bits):
    """A part of a run: fewer units switch, and fewer cuts are left."""
    some, every = _common_bits(bits, f0, f1)
    rows = run.rows.copy()
    still = [0 for _ in range(0)]
    for k in range(run.unit.shape[0]):
        if has_bit(every, run.unit[k]):
            _add(rows, run, k, 1.0)
        elif has_bit(some, run.unit[k]):
            still.append(k)
    s = len(still)
    kept = np.empty(s, np.int64)
    for i in range(s):
        kept[i] = still[i]
    value, bound = np.empty(rows.shape[2]), np.empty(rows.shape[2])
    _bounds(run, rows, kept, box_of(f0, f1, mesh, corner), value, bound)
    left = np.empty(run.cut.shape[0], np.int64)
    k, words = 0, run.bits.copy()
    for i in range(run.cut.shape[0]):
        if not abs(value[i]) > bound[i]:
            left[k] = i
            k += 1
        elif value[i] > 0.0:
            words[run.cut[i] >> 6] |= bit_at(run.cut[i])
    left = left[:k]
    weight = np.empty((s, k))
    for i in range(s):
        for j in range(k):
            weight[i, j] = run.weight[kept[i], left[j]]
    few, error = np.empty((1, 3, k)), np.empty((2, k))
    for j in range(k):
        for i in range(3):
            few[0, i, j] = rows[0, i, left[j]]
        error[0, j], error[1, j] = run.error[0, left[j]], run.error[1, left[j]]
    return Run(run.unit[kept], run.z[kept], weight, run.cut[left], few, error, words)


@kernel
def _bounds(run, rows, kept, box, value, bound):
    """Values of the cuts at the centre of a box, and by how much they may change in it, whatever part of
    themselves the units in `kept` pass on."""
    k = rows.shape[2]
    if kept.shape[0] > MOST_SWITCHING:
        bound[:k] = np.inf
        return
    cx, cy, rx, ry = box
    mean, shift, slack = rows.copy(), np.zeros(k), np.zeros(k)
    for i in kept:
        a, b, c, e = run.z[i, 0], run.z[i, 1], run.z[i, 2], run.z[i, 3]
        middle, reach = box_bound(a, b, c, e, cx, cy, rx, ry)
        t, most = relu_between(middle - reach, middle + reach)
        _add(mean, run, i, t)
        _add_slack(shift, slack, 0.5 * most, run.weight, i)
    box_bounds(mean, 0, run.error, 1, box, value, bound)
    for j in range(k):
        value[j] += shift[j]
        bound[j] = with_slack(bound[j], slack[j])


@kernel
def _add_slack(shift, slack, half, weight, k):
    for j in range(weight.shape[1]):
        shift[j] += weight[k, j] * half
        slack[j] += abs(weight[k, j]) * half


@kernel
def _each(run, f0, f1, mesh, corner, bits, positive, finds):
    """The finds with those of the cells of a run, looked at one by one."""
    rows, segment = np.empty((f1 - f0, 3, run.cut.shape[0])), np.zeros(f1 - f0, np.int64)
    for f in range(f0, f1):
        own = rows[f - f0 : f - f0 + 1]
        own[:] = run.rows
        for j in range(run.unit.shape[0]):
            if has_bit(bits[f], run.unit[j]):
                _add(own, run, j, 1.0)
        positive[f] = run.bits
    return among(f0, (rows, run.error, segment), run.cut, mesh, corner, positive, finds)


@inner(forceinline=True, fastmath={"contract"})
def _add(rows, run, k, factor):
    """Add what a unit passes on to the lines of the cuts."""
    weight = run.weight
    a, b, c = factor * run.z[k, 0], factor * run.z[k, 1], factor * run.z[k, 2]
    for i in range(weight.shape[1]):
        w = weight[k, i]
        rows[0, 0, i] += a * w
        rows[0, 1, i] += b * w
        rows[0, 2, i] += c * w


@kernel
def _common_bits(bits, f0, f1):
    """Bits that some, and that all of cells f0..f1-1 have."""
    some, every = bits[f0].copy(), bits[f0].copy()
    for f in range(f0 + 1, f1):
        for word in range(bits.shape[1]):
            some[word] |= bits[f, word]
            every[word] &= bits[f, word]
    return some, every


@kernel
def box_of(f0, f1, mesh, corner):
    """Centre and half sides of a box around cells f0..f1-1."""
    left, right, low, high = extent(f0, mesh, corner)
    for f in range(f0 + 1, f1):
        x0, x1, y0, y1 = extent(f, mesh, corner)
        left, right, low, high = min(left, x0), max(right, x1), min(low, y0), max(high, y1)
    cx, rx = box_side(left, right)
    cy, ry = box_side(low, high)
    return cx, cy, rx, ry
