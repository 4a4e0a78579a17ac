"""The zero curves of functions with folds on one patch, found as `geomtoy.certified.boxes` finds others.

The patch is cut into quarters; on each, analytic functions that keep their sign are taken into the
folded ones, whose kinks they were. A folded function without a zero on a box is done with there; so is
one that grows everywhere on it along some direction: its zeros are disjoint graphs over the direction
across. That one exists near a single kink, however sharp, as both sides agree along it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.bent_edges import bent_zeros_on_edge
from geomtoy.certified.bent_pairs import bent_zero
from geomtoy.certified.bounds import SLACK, U
from geomtoy.certified.boxes import (
    DONE,
    FAILED,
    FULL,
    SKEW,
    in_order,
    place_arcs,
    place_crossings,
    quarters,
    sizes_of,
    write_arc,
)
from geomtoy.certified.pairs import FOUND, NONE, STRADDLING, UNDECIDED, WIDER
from geomtoy.certified.polynomials import edge_polynomial

SMALLEST = 2.0**-11
MOST_BOXES = 2**13


class Box(NamedTuple):
    """Functions on a box, analytic ones first, in its coordinates; rows as in `folds.FoldedPatch`.

    Args:
        members: the rows of the patch that these are.
        sizes: what `boxes.sizes_of` gives.
        touched: whether a function may vanish on the box.
    """

    analytic: int
    c: np.ndarray
    kinks: np.ndarray
    error: np.ndarray
    slope: np.ndarray
    members: np.ndarray
    sizes: np.ndarray
    touched: np.ndarray


@njit(cache=True, nogil=True)
def settle_folds(P, patch, where, D, arcs, n_arcs, crossings, n_crossings):
    """Append arcs of folded functions, and their crossings with all, on a patch, as `boxes.settle` does.

    Returns the new numbers and DONE, FAILED (where a smaller patch may help) or FULL (no room).
    """
    n, n_boxes = len(P.c), 0
    corners = [(0.0, 0.0, 1.0)]
    done = np.zeros(n, np.bool_)
    done[: P.analytic] = True
    stack = [(P.analytic, P.c.copy(), P.kinks, np.arange(n), done, _all_pairs(n, P.analytic))]
    at = np.empty(n, np.int64)
    while len(corners) > 0:
        su, sv, h = corners.pop()
        analytic, c, kinks, members, before, pairs = stack.pop()
        n_boxes += 1
        box = _unfolded(P, analytic, c, kinks, members, h, D)
        at[:] = -1
        for k in range(len(box.members)):
            if box.touched[k]:
                at[box.members[k]] = k
        done, first = before.copy(), n_arcs
        n_arcs, status = _all_arcs(box, done, D, arcs, n_arcs)
        place_arcs(arcs[first:n_arcs], P.functions, patch, where, su, sv, h)
        if status != DONE:
            return n_arcs, n_crossings, status
        left, first = np.empty_like(pairs), n_crossings
        n_left, n_crossings = _all_crossings(box, at, pairs, left, D, crossings, n_crossings)
        if n_crossings < 0:
            return n_arcs, first, FULL
        place_crossings(crossings[first:n_crossings], P.functions, where, su, sv, h)
        chosen = _needed(box, at, done, left[:n_left])
        if len(chosen) == box.analytic:
            continue
        if h <= SMALLEST or n_boxes > MOST_BOXES:
            return n_arcs, n_crossings, FAILED
        rows = np.ascontiguousarray(box.kinks[chosen])
        for quadrant in range(4):
            su_child, sv_child = 2.0 * (quadrant % 2) - 1.0, 2.0 * (quadrant // 2) - 1.0
            corners.append((su + su_child * h / 2, sv + sv_child * h / 2, h / 2))
            child = quarters(box.c, chosen, D, su_child, sv_child)
            stack.append((box.analytic, child, rows, box.members[chosen], done, left[:n_left].copy()))
    return n_arcs, n_crossings, DONE


@njit(cache=True, nogil=True)
def zero_on_patch(P, p, q, D, found):
    """What `bent_zero` says of rows p < q of a whole patch."""
    box = _unfolded(P, P.analytic, P.c.copy(), P.kinks, np.arange(len(P.c)), 1.0, D)
    k, m = np.searchsorted(box.members, p), np.searchsorted(box.members, q)
    if k == len(box.members) or m == len(box.members) or box.members[k] != p or box.members[m] != q:
        return UNDECIDED
    return bent_zero(box, k, m, D, found)


@njit(cache=True)
def _unfolded(P, analytic, c, kinks, members, h, D):
    """The box of these functions, after those that keep their sign are taken into the folded ones.

    Changes c.
    """
    n = len(members)
    error = (P.error[members] + P.blur[members]) * SLACK
    slope = (P.slope[members] * h + D.K * P.blur[members]) * SLACK
    sizes, kept = np.empty((n, 5)), np.ones(n, np.bool_)
    for i in range(analytic):
        sizes_of(c[i], D, sizes[i])
        wide = WIDER * (abs(c[i, 1]) + abs(c[i, 2]) + sizes[i, 4])
        kept[i] = not abs(c[i, 0]) > (wide + error[i]) * SLACK
        if not kept[i]:
            _take_in(c, kinks, analytic, i)
    rows = np.flatnonzero(kept)
    free = int(kept[:analytic].sum())
    columns = rows[:free]
    left = np.empty((len(rows), free))
    for k in range(len(rows)):
        for i in range(free):
            left[k, i] = kinks[rows[k], columns[i]]
        sizes_of(c[rows[k]], D, sizes[rows[k]])
    c, sizes, error = c[rows], sizes[rows], error[rows]
    touched = np.empty(len(rows), np.bool_)
    for k in range(len(rows)):
        middle, others = c[k, 0], sizes[k, 0] + error[k]
        for i in range(free):
            if left[k, i] != 0.0:
                middle += left[k, i] * abs(c[i, 0])
                others += abs(left[k, i]) * sizes[i, 0]
        touched[k] = not abs(middle) > others * SLACK
    return Box(free, c, left, error, slope[rows], members[rows], sizes, touched)


@njit(cache=True)
def _take_in(c, kinks, analytic, i):
    """Replace |f_i| by f_i or -f_i in all folded functions."""
    positive = c[i, 0] > 0.0
    for j in range(analytic, len(c)):
        factor = kinks[j, i] if positive else -kinks[j, i]
        if factor != 0.0:
            for t in range(c.shape[1]):
                c[j, t] += factor * c[i, t]


@njit(cache=True)
def _needed(box, at, done, left):
    """Rows that go on to the quarters: folded ones with arcs or pairs to find, and all analytic ones."""
    needed = np.zeros(len(box.members), np.bool_)
    for k in range(len(box.members)):
        needed[k] = k < box.analytic or not done[box.members[k]]
    for t in range(len(left)):
        needed[at[left[t, 1]]] = True
        needed[at[left[t, 0]]] = True
    return np.flatnonzero(needed)


@njit(cache=True)
def _all_crossings(box, at, pairs, left, D, crossings, n_crossings):
    """Decide pairs on a box; the undecided go to `left`. Their number, and crossings (-1: no room)."""
    n_left, found = 0, np.empty(FOUND)
    for t in range(len(pairs)):
        k, m = at[pairs[t, 0]], at[pairs[t, 1]]
        if k < 0 or m < 0:
            continue
        what = bent_zero(box, k, m, D, found)
        if what == UNDECIDED:
            left[n_left] = pairs[t]
            n_left += 1
        elif what != NONE:
            if n_crossings == len(crossings):
                return n_left, -1
            one = crossings[n_crossings]
            one.f, one.g, one.turn = pairs[t, 0], pairs[t, 1], 0
            one.u, one.v, one.radius = found[0], found[1], found[2]
            one.straddles = 1 if what == STRADDLING else 0
            n_crossings += 1
    return n_left, n_crossings


@njit(cache=True)
def _all_pairs(n, analytic):
    """All pairs of a folded row and one before it."""
    folded = n - analytic
    pairs, k = np.empty((folded * analytic + folded * (folded - 1) // 2, 2), np.int32), 0
    for j in range(analytic, n):
        for i in range(j):
            pairs[k, 0], pairs[k, 1] = i, j
            k += 1
    return pairs


@njit(cache=True)
def _all_arcs(box, done, D, arcs, n_arcs):
    """Arcs of functions that grow along a direction; `done` marks those, and those without zeros."""
    n, K = len(box.members), D.K
    chosen, directions = np.empty(n, np.int64), np.empty((n, 2))
    m = 0
    for k in range(box.analytic, n):
        if done[box.members[k]] or not box.touched[k]:
            done[box.members[k]] = True
        else:
            du, dv, least = _direction(box, k)
            if least > 0.0:
                chosen[m], directions[m] = k, (du, dv)
                m += 1
    if m == 0:
        return n_arcs, DONE
    edges = np.empty((4, box.analytic, K + 1))
    for edge in range(4):
        for i in range(box.analytic):
            edge_polynomial(box.c[i], D, edge < 2, -1.0 if edge % 2 == 0 else 1.0, edges[edge, i])
    for t in range(m):
        if n_arcs + 16 > len(arcs):
            return n_arcs, FULL
        k = chosen[t]
        added = _arcs(box, k, directions[t], edges, D, arcs[n_arcs:])
        if added < 0:
            return n_arcs, FAILED
        for a in range(n_arcs, n_arcs + added):
            arcs[a].function = box.members[k]
        n_arcs += added
        done[box.members[k]] = True
    return n_arcs, DONE


@njit(cache=True)
def _direction(box, k):
    """A direction along which a function may grow everywhere on the box, and the least it does so.

    It lies in the middle between the gradients on both sides of the greatest kink.
    """
    gu, gv = box.c[k, 1], box.c[k, 2]
    greatest, at = 0.0, -1
    for i in range(box.analytic):
        size = abs(box.kinks[k, i]) * (abs(box.c[i, 1]) + abs(box.c[i, 2]))
        if size > greatest:
            greatest, at = size, i
    du, dv = gu, gv
    if at >= 0:
        ku, kv = box.kinks[k, at] * box.c[at, 1], box.kinks[k, at] * box.c[at, 2]
        one, other = np.hypot(gu + ku, gv + kv), np.hypot(gu - ku, gv - kv)
        if one > 0.0 and other > 0.0:
            du = (gu + ku) / one + (gu - ku) / other
            dv = (gv + kv) / one + (gv - kv) / other
    length = max(abs(du), abs(dv))
    if not length > 0.0:
        return 0.0, 0.0, -1.0
    du, dv = du / length, dv / length
    varies = abs(du) * box.sizes[k, 2] + abs(dv) * box.sizes[k, 3] + box.slope[k]
    varies += 8.0 * U * (abs(gu) + abs(gv))
    for i in range(box.analytic):
        strength = abs(box.kinks[k, i])
        if strength > 0.0:
            fu, fv = box.c[i, 1], box.c[i, 2]
            along = abs(du * fu + dv * fv) + 4.0 * U * (abs(fu) + abs(fv))
            varies += strength * (along + abs(du) * box.sizes[i, 2] + abs(dv) * box.sizes[i, 3])
    return du, dv, du * gu + dv * gv - varies * SLACK


@njit(cache=True)
def _arcs(box, k, direction, edges, D, arcs):
    """Write the arcs of one function, in the box's coordinates; -1 if they are not proven."""
    side, fixed = np.empty(32, np.int64), np.empty(32, np.int64)
    at, radius, key, unsure = np.empty(32), np.empty(32), np.empty(32), np.empty(32)
    zeros, radii, g = np.empty(8), np.empty(8), np.empty(D.K + 1)
    along = (-direction[1], direction[0])
    n = 0
    for edge in range(4):
        vertical, s = edge < 2, -1 if edge % 2 == 0 else 1
        edge_polynomial(box.c[k], D, vertical, float(s), g)
        F = edges[edge]
        count = bent_zeros_on_edge(
            g, box.kinks[k], F, box.error, box.error[k], box.slope[k], zeros, radii
        )
        if count < 0 or n + count > 32:
            return -1
        for i in range(count):
            side[n], fixed[n] = s, 0 if vertical else 1
            at[n], radius[n] = zeros[i], radii[i]
            u, v = (float(s), zeros[i]) if vertical else (zeros[i], float(s))
            key[n] = along[0] * u + along[1] * v
            unsure[n] = abs(along[1] if vertical else along[0]) * radius[n] + 8.0 * U
            n += 1
    order = in_order(key, unsure, n)
    if len(order) != n or n % 2 == 1:
        return -1
    for t in range(n // 2):
        i, j = order[2 * t], order[2 * t + 1]
        write_arc(arcs[t], SKEW, 0, along, i, j, fixed, side, at, radius)
    return n // 2
