"""Which cells have equal activation patterns, where some units decide maxima together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geomtoy.kernels import kernel
from geomtoy.network import Network
from geomtoy.regions.maps.bits import lowest_bit, without_lowest
from geomtoy.regions.maps.cuts import cuts_of
from geomtoy.regions.maps.levels import Level, ancestors


class PackedPatterns(NamedTuple):
    """What says which pattern a cell has: bits of all cuts so far, and which of them are matches."""

    words: np.ndarray  # (F, words) uint64, layer after layer
    maximum: np.ndarray  # (64 words,) the maximum that a bit is a match of, -1 if of none
    start: np.ndarray  # (maxima + 1,) the bits of each maximum's matches, round after round
    match: np.ndarray


def patterns_so_far(network: Network, levels: Sequence[Level]) -> PackedPatterns:
    """Patterns of the cells of the last level; maxima that later layers decide count as ordinary
    units."""
    own = list(zip(levels[1:], ancestors(levels, np.arange(len(levels[-1].parent)))[1:], strict=True))
    bit, begin = [np.empty(0, np.int64)], 0  # of each unit; units of a match have one cut
    for layer, (level, _) in enumerate(own, start=1):
        bit.append(begin + cuts_of(network, layer).first[:-1])
        begin += 64 * level.bits.shape[1]
    place = np.concatenate(bit)
    matches = [place[list(units)] for units in network.maxima if units[-1] < len(place)]
    maximum = np.full(begin, -1)
    for k, bits in enumerate(matches):
        maximum[bits] = k
    words = np.concatenate([level.bits[of_level] for level, of_level in own], axis=1)
    return PackedPatterns(words, maximum, np.cumsum([0, *map(len, matches)]), np.concatenate(matches))


@kernel
def equal_patterns(patterns, pairs):
    """Whether the two cells of each pair (k, 2) have equal patterns."""
    words = patterns.words
    slots = np.empty(patterns.match.shape[0] + 1, np.int64)
    alike = np.ones(pairs.shape[0], np.bool_)
    for k in range(pairs.shape[0]):
        p, q = pairs[k]
        for word in range(words.shape[1]):
            change = words[p, word] ^ words[q, word]
            while change and alike[k]:
                maximum = patterns.maximum[64 * word + lowest_bit(change)]
                change = without_lowest(change)
                alike[k] = maximum >= 0 and (
                    _winner(patterns, p, maximum, slots) == _winner(patterns, q, maximum, slots)
                )
    return alike


@kernel
def _winner(patterns, cell, maximum, slots):
    """As `maxima.winners`, for one maximum on one cell; slots is scratch."""
    i, end = patterns.start[maximum], patterns.start[maximum + 1]
    candidates, step = end - i + 1, 1
    for slot in range(candidates):
        slots[slot] = slot
    while i < end:
        for left in range(0, candidates - step, 2 * step):
            bit = patterns.match[i]
            if (patterns.words[cell, bit >> 6] >> np.uint64(bit & 63)) & np.uint64(1):
                slots[left] = slots[left + step]
            i += 1
        step *= 2
    return slots[0]
