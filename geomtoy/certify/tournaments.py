"""Which matches a winner decides, and the parts of a merged cell on which all matches are decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from geomtoy.maxima import Maximum, rounds


def path(k: int, winner: int) -> Iterator[tuple[int, int]]:
    """(match, piece of its unit) for the matches that a winner among k candidates plays."""
    match = 0
    for r, pairs in enumerate(rounds(k)):
        slot = winner >> r << r
        for left, right in pairs:
            if slot in (left, right):
                yield match, int(slot == right)
            match += 1


def completed(
    pattern_units: np.ndarray, maxima: Sequence[Maximum], patterns: np.ndarray, n_units: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pieces (F, n_units) of all units, and which of them the patterns decide; the others are 0."""
    pieces = np.zeros((len(patterns), n_units), np.int32)
    decided = np.ones((len(patterns), n_units), bool)
    pieces[:, pattern_units] = patterns
    for units in maxima:
        entry = int(np.searchsorted(pattern_units, units[-1]))
        for winner in np.unique(patterns[:, entry]).tolist():
            cells = np.flatnonzero(patterns[:, entry] == winner)
            matches = np.ix_(cells, np.array(units))
            pieces[matches], decided[matches] = 0, False
            for match, piece in path(len(units) + 1, winner):
                pieces[cells, units[match]], decided[cells, units[match]] = piece, True
    return pieces, decided


def meeting(k: int, one: int, other: int) -> int:
    """The match in which two candidates meet if both get there."""
    theirs = dict(path(k, other))
    return next(m for m, piece in path(k, one) if theirs.get(m, piece) != piece)
