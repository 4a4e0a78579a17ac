"""Pairs of chords of a cell that cross: counted by inversions, or found in a sweep around it."""

from __future__ import annotations

import numpy as np

from geomtoy.kernels import inlined, kernel

FEW = 16
"""Chords whose inversions are counted pair by pair."""


@kernel
def count_pairs(chords):
    """Pairs of chords whose ends alternate, for each cut cell. Cost: O(K log K) for K chords.

    Let chords be numbered as they stand in a cell, by first ends. Of those that open after chord k, some
    do so before it closes; of these, all cross it but those that close again by then: they come before
    k in `by_last`, although they have larger numbers. So the pairs are the first of these numbers, which
    a merge of both ends finds, less the inversions of `by_last`.
    """
    C, widest = chords.cells.shape[0], _widest(chords)
    pairs, order, other = np.zeros(C, np.int64), np.empty(widest, np.int32), np.empty(widest, np.int32)
    for c in range(C):
        low, n = chords.start[c], chords.start[c + 1] - chords.start[c]
        if n > 1:
            for i in range(n):
                order[i] = chords.by_last[low + i] - low
            pairs[c] = _opened_while_open(chords, low, n) - _inversions(order, other, n)
    return pairs


@inlined
def _widest(chords):
    """Most chords of a cell."""
    widest = 0
    for c in range(chords.cells.shape[0]):
        widest = max(widest, chords.start[c + 1] - chords.start[c])
    return widest


@inlined
def _opened_while_open(chords, low, n):
    """For chords low..low+n-1 of a cell, how many open inside of each, in all."""
    first, last, by_last = chords.first, chords.last, chords.by_last
    found = opened = np.int64(0)
    for i in range(low, low + n):
        position = last[by_last[i]]
        while opened < n and first[low + opened] < position:
            opened += 1
        found += opened
    end = n
    for i in range(n - 1, -1, -1):
        if i + 1 < n and first[low + i] < first[low + i + 1]:
            end = i + 1
        found -= end  # that opened no later
    return found


@inlined
def _inversions(order, other, n):
    """Inversions of order[:n], a permutation of 0..n-1; it and its scratch are overwritten.

    The numbers are parted at the middle, each half at its own, and so on, always in the order in which
    they stand: an inversion is counted where its numbers part. No branch depends on a number.
    """
    found = np.int64(0)
    if n <= FEW:
        for i in range(1, n):
            for j in range(i):
                found += order[j] > order[i]
        return found
    half = 1
    while 2 * half < n:
        half *= 2
    while half > 0:
        for begin in range(0, n, 2 * half):
            middle = begin + half
            low, high = begin, middle
            for i in range(begin, min(begin + 2 * half, n)):
                number = order[i]
                above = number >= middle
                other[high if above else low] = number
                found += (1 - above) * (high - middle)
                low, high = low + 1 - above, high + above
        order, other = other, order
        half //= 2
    return found


@kernel
def crossing_pairs(chords, n_pairs):
    """All pairs of chords whose ends alternate: (n_pairs, 2), the one that opens first in front.

    Cost: O(chords + pairs).
    """
    pairs = np.empty((n_pairs, 2), np.int64)
    n = 0
    stack, above = stack_room(chords)
    for c in range(chords.cells.shape[0]):
        opened, top = chords.start[c], np.int64(0)
        for i in range(chords.start[c], chords.start[c + 1]):
            k = chords.by_last[i]
            opened, top, n_above = close_chord(chords, c, k, opened, stack, top, above)
            for j in range(n_above):
                pairs[n, 0], pairs[n, 1] = k, above[j]
                n += 1
    return pairs


@inlined
def stack_room(chords):
    """Scratch for `close_chord`: the open chords, and those that cross the one that closes."""
    widest = _widest(chords)
    return np.empty(widest, np.int64), np.empty(widest, np.int64)


@inlined
def close_chord(chords, c, k, opened, stack, top, above):
    """Sweep around cell c with the stack of open chords until chord k closes, the next that does.

    Returns:
        opened, top: the state of the sweep.
        n_above: above[:n_above] opened after k and are still open, so exactly they cross it then.
    """
    end = chords.start[c + 1]
    while opened < end and chords.first[opened] < chords.last[k]:
        begin = opened
        while opened < end and chords.first[opened] == chords.first[begin]:
            opened += 1
        for i in range(opened - 1, begin - 1, -1):  # the first to close goes on top
            stack[top] = i
            top += 1
    n_above = 0
    while stack[top - 1] != k:
        top -= 1
        above[n_above] = stack[top]
        n_above += 1
    top -= 1
    for i in range(n_above - 1, -1, -1):
        stack[top] = above[i]
        top += 1
    return opened, top, n_above
