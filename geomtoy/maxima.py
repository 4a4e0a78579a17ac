"""Maxima that hidden units decide in knockout tournaments, and which candidate wins where.

Of k candidates, round r = 0, 1, ... matches slot i with slot i + 2^r for i = 0, 2 * 2^r, 4 * 2^r, ...
and leaves the winner in slot i. A match is a ReLU unit whose preactivation is right - left: the right
one wins where the unit is on, so the first of equals wins. k - 1 matches decide a maximum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Maximum = tuple[int, ...]
"""The units that play the matches, round after round; hidden units are counted layer after layer."""


def rounds(k: int) -> list[list[tuple[int, int]]]:
    """The slots (left, right) that meet in each round among k candidates."""
    steps = [1 << r for r in range((k - 1).bit_length())]
    return [[(i, i + step) for i in range(0, k - step, 2 * step)] for step in steps]


def winners(on: np.ndarray) -> np.ndarray:
    """Index (n,) of the winner from whether the unit of each match is on, (n, k - 1)."""
    k = on.shape[1] + 1
    slots = np.tile(np.arange(k), (len(on), 1))
    for match, (left, right) in enumerate(pair for pairs in rounds(k) for pair in pairs):
        slots[:, left] = np.where(on[:, match], slots[:, right], slots[:, left])
    return slots[:, 0]


def possible_winners(low: np.ndarray, high: np.ndarray) -> set[int]:
    """All who may win: a match's unit is surely on where `low`, perhaps where `high`."""
    k = len(low) + 1
    slots = [{i} for i in range(k)]
    for match, (left, right) in enumerate(pair for pairs in rounds(k) for pair in pairs):
        if low[match]:
            slots[left] = slots[right]
        elif high[match]:
            slots[left] = slots[left] | slots[right]
    return slots[0]


def pattern_units(n_units: int, maxima: Sequence[Maximum]) -> np.ndarray:
    """The units that patterns have an entry for: of the matches of a maximum, the last one only."""
    return np.setdiff1d(np.arange(n_units), [unit for units in maxima for unit in units[:-1]])


def reduced(pieces: np.ndarray, maxima: Sequence[Maximum]) -> np.ndarray:
    """Patterns from the pieces (n, n_units) of all units; the winner stands at the last match."""
    if not maxima:
        return pieces
    most = max(len(units) for units in maxima)
    patterns = pieces.astype(pieces.dtype if most < 128 else np.promote_types(pieces.dtype, np.int32))
    for units in maxima:
        patterns[:, units[-1]] = winners(pieces[:, list(units)] > 0)
    return patterns[:, pattern_units(pieces.shape[1], maxima)]
