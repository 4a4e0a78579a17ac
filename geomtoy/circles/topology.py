"""Topology of arcs, without numbers: which arcs of a circle lie inside its face, from the order of
events."""

from __future__ import annotations

import numpy as np
from numba import njit

UNKNOWN = 2
"""The side before or after an event that lies inside a face."""


@njit(cache=True, nogil=True)
def arcs(start, order, tied, node, before, after):
    """Arcs of circles inside their faces.

    Args:
        start: (m + 1,) events of circle q, in order along it, are order[start[q]:start[q + 1]].
        tied: whether order[i] is the same point as order[i - 1].
        node: (n,) of each event. before, after: (n,) whether the circle is inside (1) or outside (0) its
            face there, UNKNOWN for an event inside.
    Returns:
        found: (k, 3) rows (circle, tail node, head node), in order; (circle, -1, -1) for a whole circle.
        used: (n,) whether an arc ends at the event's point.
        broken: a circle whose events contradict each other, -1 if none.
    """
    total = start[-1]
    found = np.empty((total + start.shape[0], 3), np.int64)
    used = np.zeros(total, np.bool_)
    k, broken = 0, -1
    for q in range(start.shape[0] - 1):
        if start[q] == start[q + 1]:
            found[k, 0], found[k, 1], found[k, 2] = q, -1, -1
            k += 1
            continue
        k, agree = _walk_circle(
            q, start[q], start[q + 1], order, tied, node, before, after, found, k, used
        )
        if not agree:
            broken = q
    return found[:k].copy(), used, broken


@njit(cache=True, inline="always")
def _walk_circle(q, low, high, order, tied, node, before, after, found, k, used):
    """Write the arcs of a circle with events behind the k that are found; their number, and whether the
    events agree."""
    first, wrapped, agree = k, -1, True
    state = _at_last(low, high, order, after)
    i = low
    while i < high:
        j = i + 1
        while j < high and tied[j]:
            j += 1
        was, now, same = _at_point(i, j, order, before, after)
        if not same or (was != UNKNOWN and was != state):
            agree = False
        if now == UNKNOWN:
            now = state
        if state == 1 or now == 1:
            for x in range(i, j):
                used[order[x]] = True
        if state == 1:
            if k > first:
                found[k - 1, 2] = node[order[i]]
            else:
                wrapped = node[order[i]]
        if now == 1:
            found[k, 0], found[k, 1], found[k, 2] = q, node[order[i]], -1
            k += 1
        state = now
        i = j
    if k > first and found[k - 1, 2] == -1:
        found[k - 1, 2] = wrapped
    return k, agree


@njit(cache=True, inline="always")
def _at_last(low, high, order, after):
    """Whether a circle is inside its face after its last event, and so before the first; it is where
    all events lie inside."""
    for i in range(high - 1, low - 1, -1):
        if after[order[i]] != UNKNOWN:
            return after[order[i]]
    return 1


@njit(cache=True, inline="always")
def _at_point(i, j, order, before, after):
    """What the events i to j - 1 of one point say of the circle before and after it, UNKNOWN if nothing,
    and whether they say the same."""
    was, now, same = UNKNOWN, UNKNOWN, True
    for x in range(i, j):
        if after[order[x]] != UNKNOWN:
            same = same and (now == UNKNOWN or (now == after[order[x]] and was == before[order[x]]))
            was, now = before[order[x]], after[order[x]]
    return was, now, same


@njit(cache=True, nogil=True)
def grouped(group, n):
    """CSR starts of members sorted by group."""
    start = np.zeros(n + 1, np.int64)
    for g in group:
        start[g + 1] += 1
    for g in range(n):
        start[g + 1] += start[g]
    return start


@njit(cache=True, nogil=True)
def cycles(successor):
    """Label of the cycle of each half-edge, 0, 1, ... in the order of first members."""
    label = np.full(successor.shape[0], -1)
    n = 0
    for h in range(successor.shape[0]):
        if label[h] >= 0:
            continue
        i = h
        while label[i] < 0:
            label[i] = n
            i = successor[i]
        n += 1
    return label
