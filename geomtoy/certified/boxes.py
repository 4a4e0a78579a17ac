"""The zero curves of polynomials with errors on one patch: arcs of each, and where two of them cross.

The patch is cut into quarters until, on each box, every function has no zero, or a partial derivative
that keeps its sign: its zeros are then disjoint graphs over one axis. Each has two ends on the box's
sides, where all zeros are proven simple; sorted along the axis they pair in order, since graphs over
disjoint intervals do. Pairs of functions are decided by `pairs.common_zero`, on any box.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, U, gamma
from geomtoy.certified.pairs import FOUND, NONE, STRADDLING, UNDECIDED, WIDER, common_zero
from geomtoy.certified.polynomials import edge_polynomial, quarter, zeros_on_edge

END = [("fixed", "i8"), ("line", "f8"), ("at", "f8"), ("radius", "f8"), ("side", "i8")]
ARC = np.dtype(
    [("function", "i8"), ("patch", "i8"), ("axis", "i8"), ("rising", "i8")]
    + [("along", "f8", (2,)), ("box", "f8", (4,))]
    + [(f"{name}_{end}", kind) for end in ("a", "b") for name, kind in END]
)
"""An arc over `axis` (0 for u, SKEW for neither) on a box (u0, u1, v0, v1), a graph over the coordinate
`along` . (u, v). `rising`: whether the function grows along the other axis. Its end a comes before b;
an end lies on the line coordinate[fixed] = line, on the box's low or high side (-1, 1), at `at` along it
up to `radius`."""

CROSSING = np.dtype(
    [(name, "i8") for name in ("f", "g", "straddles", "turn")]
    + [(name, "f8") for name in ("u", "v", "radius")]
)
"""Exactly one zero of functions f < g, within radius; whether it may lie in a neighbouring box; the sign
of the determinant of their gradients."""

SKEW = -1
DONE, FAILED, FULL = 0, 1, 2
SMALLEST = 2.0**-8
MOST_BOXES = 4096


@njit(cache=True, nogil=True)
def settle(c, error, slope, functions, patch, where, D, arcs, n_arcs, crossings, n_crossings):
    """Append arcs and crossings of the functions c (n, terms) on the patch where = (u0, u1, v0, v1).

    error bounds values on the patch, slope |d/du| + |d/dv| on the patch WIDER times as large, both in
    the patch's own coordinates, where it is [-1, 1]^2. Returns their new numbers, DONE, FAILED (where
    a smaller patch may help) or FULL (no room).
    """
    n = len(c)
    blur = np.empty(n)  # rounding of 8 quarterings and of evaluation, on boxes WIDER times as large
    for i in range(n):
        blur[i] = 12.0 * gamma(4.0 * D.K) * np.abs(c[i]).sum() * WIDER**D.K
    corners = [(0.0, 0.0, 1.0)]
    stack = [(c, np.arange(n), np.zeros(n, np.bool_), _all_pairs(n))]
    at, n_boxes = np.empty(n, np.int64), 0
    while len(corners) > 0:
        su, sv, h = corners.pop()
        local, members, arcs_done, pairs = stack.pop()
        n_boxes += 1
        e = (error[members] + blur[members]) * SLACK
        de = (slope[members] * h + D.K * blur[members]) * SLACK
        sizes = np.empty((len(members), 5))
        _read(local, members, e, D, sizes, at)
        done, before = arcs_done.copy(), n_arcs
        n_arcs, status = _all_arcs(local, members, at, e, de, sizes, done, D, arcs, n_arcs)
        place_arcs(arcs[before:n_arcs], functions, patch, where, su, sv, h)
        if status != DONE:
            return n_arcs, n_crossings, status
        left, before = np.empty_like(pairs), n_crossings
        n_left, n_crossings = _all_crossings(
            local, members, at, e, de, sizes, pairs, left, D, crossings, n_crossings
        )
        if n_crossings < 0:
            return n_arcs, before, FULL
        place_crossings(crossings[before:n_crossings], functions, where, su, sv, h)
        needed = _needed(members, at, done, left[:n_left])
        if not needed.any():
            continue
        if h <= SMALLEST or n_boxes > MOST_BOXES:
            return n_arcs, n_crossings, FAILED
        chosen = np.flatnonzero(needed)
        for quadrant in range(4):
            su_child, sv_child = 2.0 * (quadrant % 2) - 1.0, 2.0 * (quadrant // 2) - 1.0
            corners.append((su + su_child * h / 2, sv + sv_child * h / 2, h / 2))
            child = quarters(local, chosen, D, su_child, sv_child)
            stack.append((child, members[chosen], done[chosen], left[:n_left].copy()))
    return n_arcs, n_crossings, DONE


@njit(cache=True)
def _read(local, members, e, D, sizes, at):
    """Fill sizes, and where in `local` each function that may vanish on the box is (else -1)."""
    at[:] = -1
    for k in range(len(members)):
        sizes_of(local[k], D, sizes[k])
        if not abs(local[k, 0]) > (sizes[k, 0] + e[k]) * SLACK:
            at[members[k]] = k


@njit(cache=True)
def _needed(members, at, done, left):
    """Which functions go on to the quarters: those with arcs to find, or in a pair to decide."""
    needed = ~done
    for t in range(len(left)):
        needed[at[left[t, 0]]] = True
        needed[at[left[t, 1]]] = True
    return needed & (at[members] >= 0)


@njit(cache=True)
def quarters(local, chosen, D, su, sv):
    """The chosen rows in the coordinates of a quarter, on the side (su, sv) of the middle."""
    child, row = np.empty((len(chosen), local.shape[1])), np.empty(D.K + 1)
    for k in range(len(chosen)):
        quarter(local[chosen[k]], D, su, sv, child[k], row)
    return child


@njit(cache=True)
def _all_arcs(local, members, at, e, de, sizes, done, D, arcs, n_arcs):
    """Arcs of functions that are graphs on a box; `done` marks those, and those without zeros."""
    for k in range(len(members)):
        if done[k] or at[members[k]] < 0:
            done[k] = True
            continue
        least_u = abs(local[k, 1]) - (sizes[k, 2] + de[k]) * SLACK
        least_v = abs(local[k, 2]) - (sizes[k, 3] + de[k]) * SLACK
        if not max(least_u, least_v) > 0.0:
            continue
        if n_arcs + 16 > len(arcs):
            return n_arcs, FULL
        added = _arcs(local[k], e[k], de[k], least_u, least_v, D, arcs[n_arcs:])
        if added < 0:
            return n_arcs, FAILED
        for a in range(n_arcs, n_arcs + added):
            arcs[a].function = members[k]
        n_arcs += added
        done[k] = True
    return n_arcs, DONE


@njit(cache=True)
def _all_crossings(local, members, at, e, de, sizes, pairs, left, D, crossings, n_crossings):
    """Decide pairs on a box; the undecided go to `left`. Their number, and crossings (-1: no room)."""
    n_left, found = 0, np.empty(FOUND)
    for t in range(len(pairs)):
        k, m = at[pairs[t, 0]], at[pairs[t, 1]]
        if k < 0 or m < 0:
            continue
        rest_k, rest_m = (sizes[k, 1] + e[k]) * SLACK, (sizes[m, 1] + e[m]) * SLACK
        bend_k, bend_m = (sizes[k, 4] + de[k]) * SLACK, (sizes[m, 4] + de[m]) * SLACK
        what = common_zero(local[k], local[m], e[k], e[m], rest_k, rest_m, bend_k, bend_m, D, found)
        if what == UNDECIDED:
            left[n_left] = pairs[t]
            n_left += 1
        elif what != NONE:
            if n_crossings == len(crossings):
                return n_left, -1
            one = crossings[n_crossings]
            one.f, one.g = pairs[t, 0], pairs[t, 1]
            one.u, one.v, one.radius = found[0], found[1], found[2]
            one.straddles = 1 if what == STRADDLING else 0
            one.turn = 1 if local[k, 1] * local[m, 2] > local[k, 2] * local[m, 1] else -1
            n_crossings += 1
    return n_left, n_crossings


@njit(cache=True)
def _all_pairs(n):
    pairs, k = np.empty((n * (n - 1) // 2, 2), np.int32), 0
    for i in range(n):
        for j in range(i + 1, n):
            pairs[k, 0], pairs[k, 1] = i, j
            k += 1
    return pairs


@njit(cache=True)
def sizes_of(c, D, out):
    """Sums of |c|: degree >= 1, degree >= 2, those times p, times q, and times k WIDER^(k - 1)."""
    second, along_u, along_v, bend = 0.0, 0.0, 0.0, 0.0
    wider, n = 1.0, 3
    for k in range(2, D.K + 1):
        wider *= WIDER
        total = 0.0
        for q in range(k + 1):
            size = abs(c[n])
            total += size
            along_v += q * size
            along_u += (k - q) * size
            n += 1
        second += total
        bend += k * wider * total
    out[0] = abs(c[1]) + abs(c[2]) + second
    out[1], out[2], out[3], out[4] = second, along_u, along_v, bend


@njit(cache=True)
def _arcs(c, error, slope, least_u, least_v, D, arcs):
    """Write the arcs of one function on one box, in the box's coordinates; -1 if they are not proven."""
    axis = 0 if least_v >= least_u else 1
    side, fixed = np.empty(32, np.int64), np.empty(32, np.int64)
    at, radius, key, unsure = np.empty(32), np.empty(32), np.empty(32), np.empty(32)
    zeros, radii, g = np.empty(8), np.empty(8), np.empty(D.K + 1)
    n = 0
    for edge in range(4):
        vertical, s = edge < 2, -1 if edge % 2 == 0 else 1
        edge_polynomial(c, D, vertical, float(s), g)
        count = zeros_on_edge(g, error, slope, least_v if vertical else least_u, zeros, radii)
        if count < 0 or n + count > 32:
            return -1
        for i in range(count):
            side[n], fixed[n] = s, 0 if vertical else 1
            at[n], radius[n] = zeros[i], radii[i]
            on_axis = vertical == (axis == 0)
            key[n], unsure[n] = (float(s), 0.0) if on_axis else (zeros[i], radii[i])
            n += 1
    order = in_order(key, unsure, n)
    if len(order) != n or n % 2 == 1:
        return -1
    rising = 1 if (c[2] if axis == 0 else c[1]) > 0.0 else -1
    along = (1.0, 0.0) if axis == 0 else (0.0, 1.0)
    for k in range(n // 2):
        i, j = order[2 * k], order[2 * k + 1]
        write_arc(arcs[k], axis, rising, along, i, j, fixed, side, at, radius)
    return n // 2


@njit(cache=True)
def in_order(key, unsure, n):
    """The order of n keys, each known up to `unsure`; empty if some are not told apart."""
    order = np.argsort(key[:n])
    for k in range(n - 1):
        i, j = order[k], order[k + 1]
        if not key[j] - key[i] > (unsure[i] + unsure[j]) * SLACK:
            return order[:0]
    return order


@njit(cache=True, inline="always")
def write_arc(arc, axis, rising, along, i, j, fixed, side, at, radius):
    """From ends i and j."""
    arc.axis, arc.rising = axis, rising
    arc.along[0], arc.along[1] = along
    arc.fixed_a, arc.side_a, arc.at_a, arc.radius_a = fixed[i], side[i], at[i], radius[i]
    arc.fixed_b, arc.side_b, arc.at_b, arc.radius_b = fixed[j], side[j], at[j], radius[j]


@njit(cache=True)
def place_crossings(crossings, functions, where, su, sv, h):
    """From a box to the window: coordinates, and functions by their own numbers."""
    for x in range(len(crossings)):
        one = crossings[x]
        one.f, one.g = functions[one.f], functions[one.g]
        _place_crossing(one, where, su, sv, h)


@njit(cache=True)
def place_arcs(arcs, functions, patch, where, su, sv, h):
    """The same of arcs, which also say on which patch they lie."""
    for a in range(len(arcs)):
        arcs[a].function, arcs[a].patch = functions[arcs[a].function], patch
        _place_arc(arcs[a], where, su, sv, h)


@njit(cache=True)
def _place_crossing(one, where, su, sv, h):
    ru, rv = 0.5 * (where[1] - where[0]), 0.5 * (where[3] - where[2])
    one.u = 0.5 * (where[0] + where[1]) + ru * (su + h * one.u)
    one.v = 0.5 * (where[2] + where[3]) + rv * (sv + h * one.v)
    one.radius = max(ru, rv) * h * one.radius * SLACK + 8.0 * U


@njit(cache=True)
def _place_arc(arc, where, su, sv, h):
    """From the box's coordinates to the window's; lines that two boxes share get the same number."""
    cu, ru = 0.5 * (where[0] + where[1]), 0.5 * (where[1] - where[0])
    cv, rv = 0.5 * (where[2] + where[3]), 0.5 * (where[3] - where[2])
    box = arc.box
    box[0] = where[0] if su - h <= -1.0 else cu + ru * (su - h)
    box[1] = where[1] if su + h >= 1.0 else cu + ru * (su + h)
    box[2] = where[2] if sv - h <= -1.0 else cv + rv * (sv - h)
    box[3] = where[3] if sv + h >= 1.0 else cv + rv * (sv + h)
    along = arc.along
    along[0], along[1] = along[0] / ru, along[1] / rv
    longest = max(abs(along[0]), abs(along[1]))
    along[0], along[1] = along[0] / longest, along[1] / longest
    arc.line_a = box[2 * arc.fixed_a + (1 if arc.side_a > 0 else 0)]
    arc.line_b = box[2 * arc.fixed_b + (1 if arc.side_b > 0 else 0)]
    arc.at_a = cv + rv * (sv + h * arc.at_a) if arc.fixed_a == 0 else cu + ru * (su + h * arc.at_a)
    arc.at_b = cv + rv * (sv + h * arc.at_b) if arc.fixed_b == 0 else cu + ru * (su + h * arc.at_b)
    arc.radius_a = arc.radius_a * h * (rv if arc.fixed_a == 0 else ru) + 8.0 * U
    arc.radius_b = arc.radius_b * h * (rv if arc.fixed_b == 0 else ru) + 8.0 * U
