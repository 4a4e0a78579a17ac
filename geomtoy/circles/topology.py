"""Topology of arcs, without numbers: which arcs of a circle lie inside its face, from the order of
events."""

from __future__ import annotations

import numpy as np
from numba import njit

UNKNOWN = 2
"""The side before or after an event that lies inside a face."""


@njit(cache=True, nogil=True)
def arcs(  # noqa: C901 - one walk around each circle
    start, order, tied, node, before, after
):
    """Arcs of circles inside their faces.

    Args:
        start: (m + 1,) events of circle q, in order along it, are order[start[q]:start[q + 1]].
        tied: whether order[i] is the same point as order[i - 1].
        node: (n,) of each event. before, after: (n,) whether the circle is inside (1) or outside (0) its
            face there, UNKNOWN for an event inside.
    Returns:
        found: (k, 3) rows (circle, tail node, head node), in order; (circle, -1, -1) for a whole circle.
        used: (n,) whether an arc ends at the event's point.
        broken: the first circle whose events contradict each other, -1 if none.
    """
    total = start[-1]
    found = np.empty((total + start.shape[0], 3), np.int64)
    used = np.zeros(total, np.bool_)
    k, broken = 0, -1
    for q in range(start.shape[0] - 1):
        low, high = start[q], start[q + 1]
        if low == high:
            found[k, 0], found[k, 1], found[k, 2] = q, -1, -1
            k += 1
            continue
        wrapped = -1
        state = UNKNOWN  # inside after the last event known
        for i in range(low, high):
            if after[order[i]] != UNKNOWN:
                state = after[order[i]]
        if state == UNKNOWN:
            state = 1
        i = low
        first = k
        while i < high:
            j = i + 1
            while j < high and tied[j]:
                j += 1
            was, now = UNKNOWN, UNKNOWN
            for x in range(i, j):
                if after[order[x]] != UNKNOWN:
                    if now != UNKNOWN and (now != after[order[x]] or was != before[order[x]]):
                        broken = q
                    was, now = before[order[x]], after[order[x]]
            if was != UNKNOWN and was != state:
                broken = q
            if now == UNKNOWN:
                now = state
            if state == 1 or now == 1:
                for x in range(i, j):
                    used[order[x]] = True
            if now == 1:
                found[k, 0], found[k, 1], found[k, 2] = q, node[order[i]], -1
                k += 1
            if state == 1:
                last = k - 1 if now == 0 else k - 2
                if last >= first:
                    found[last, 2] = node[order[i]]
                else:
                    wrapped = node[order[i]]
            state = now
            i = j
        if k > first and found[k - 1, 2] == -1:
            found[k - 1, 2] = wrapped
    return found[:k].copy(), used, broken


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
