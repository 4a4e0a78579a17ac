"""The float64 filter over many at a time: what its bounds decide, and what they leave open.

A comparison that a bound does not decide is left to rational arithmetic; NaN and inf never decide.
"""

from __future__ import annotations

import numpy as np

from geomtoy.kernels import inlined, kernel
from geomtoy.regions.numbers.buckets import bucket_sort

UNDECIDED = np.int8(2)
BELOW, ABOVE, OPEN = 1, 2, 4
"""Kinds of signs."""


LARGE = 1 << 12
"""Members of a group for which `quick_sort` is not the fastest."""


def sort_groups(start: np.ndarray, key: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort the members of each group by key and mark what the errors leave open.

    Args:
        start: (g + 1,) group g holds members start[g]:start[g + 1].
        key, error: (n,) each member's true key lies within error of key.
    Returns:
        order: (n,) members in sorted order, group by group.
        clusters: (m, 3) rows (group, low, high): order[low:high] may be wrong and may hold ties;
            everything outside the clusters is certainly in strictly increasing order.
    """
    order = np.arange(len(key))
    for g in np.flatnonzero(start[1:] - start[:-1] > LARGE):
        low, high = int(start[g]), int(start[g + 1])
        if not bucket_sort(order, key, low, high):
            order[low:high] = low + np.argsort(key[low:high])
    return order, _sorted_groups(start, key, error, order)


@kernel
def _sorted_groups(start, key, error, order):
    """Sort an order of all members within each group; the clusters that are left, see `sort_groups`."""
    n = key.shape[0]
    clusters = [(0, 0, 0) for _ in range(0)]  # an empty list whose type is known
    floor = np.empty(n)
    for g in range(start.shape[0] - 1):
        if start[g + 1] - start[g] > 1:
            sort_group(order, key, error, start[g], start[g + 1], floor, g, clusters)
    out = np.empty((len(clusters), 3), np.int64)
    for i in range(len(clusters)):
        out[i, 0], out[i, 1], out[i, 2] = clusters[i]
    return out


@inlined
def sort_group(order, key, error, low, high, floor, g, clusters):
    """Sort order[low:high] by key and append its clusters (g, low, high); floor is scratch."""
    quick_sort(order, key, low, high)
    least = np.inf
    for i in range(high - 1, low - 1, -1):
        bottom = key[order[i]] - error[order[i]]
        least = min(least, bottom) if bottom == bottom else -np.inf
        floor[i] = least
    begin, most = low, -np.inf
    for i in range(low, high):
        if i > begin and floor[i] > most:
            if i - begin > 1:
                clusters.append((g, begin, i))
            begin = i
        top = key[order[i]] + error[order[i]]
        most = max(most, top) if top == top else np.inf
    if high - begin > 1:
        clusters.append((g, begin, high))


@kernel
def quick_sort(order, key, low, high):
    """Sort order[low:high] by key: compiled in a fifth of the time that numpy's sorting takes."""
    if _is_sorted(order, key, low, high):
        return
    todo = np.empty((64, 2), np.int64)
    todo[0, 0], todo[0, 1] = low, high - 1
    n = 1
    while n > 0:
        n -= 1
        first, last = todo[n]
        while last - first > 16:
            i, j = first, last
            pivot = _median(key[order[i]], key[order[(i + j) // 2]], key[order[j]])
            while i <= j:
                while key[order[i]] < pivot:
                    i += 1
                while key[order[j]] > pivot:
                    j -= 1
                if i <= j:
                    order[i], order[j] = order[j], order[i]
                    i += 1
                    j -= 1
            if j - first < last - i:  # the longer part waits, so that few do
                todo[n, 0], todo[n, 1], last = i, last, j
            else:
                todo[n, 0], todo[n, 1], first = first, j, i
            n += 1
    _insertion_sort(order, key, low, high)


@inlined
def _is_sorted(order, key, low, high):
    ascending = True
    for i in range(low + 1, high):
        ascending &= not key[order[i]] < key[order[i - 1]]
    return ascending


@inlined
def _median(a, b, c):
    return max(min(a, b), min(max(a, b), c))


@inlined
def _insertion_sort(order, key, low, high):
    for i in range(low + 1, high):
        k = order[i]
        j = i
        while j > low and key[order[j - 1]] > key[k]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = k
