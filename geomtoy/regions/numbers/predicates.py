"""The three questions that are ever asked of numbers, and the one place where they are answered.

On which side of a cut does a vertex lie? In which order do cuts meet a line? Which of them meet it in
one point? Each is answered by float64 where a proven bound (`bounds`) allows, and in rational arithmetic
where not. Everything else that an enumeration knows follows from these answers without a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from geomtoy.regions.numbers.determinant import sides, sort_clusters
from geomtoy.regions.numbers.exact import Line, Vertex, meet, place_on, side_of
from geomtoy.regions.numbers.filter import UNDECIDED, sort_groups

_FILTERED: ContextVar[bool] = ContextVar("filtered", default=True)


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Inside, every decision is taken in rational arithmetic alone: slow, and without any error bound.

    The results are the same. It is there to check the filter, and for those who would not trust it.
    """
    token = _FILTERED.set(False)
    try:
        yield
    finally:
        _FILTERED.reset(token)


def filtered() -> bool:
    """Whether float64 may decide what its bounds prove."""
    return _FILTERED.get()


@runtime_checkable
class BookOfLines(Protocol):
    """Lines with numbers: as integers, and as floats."""

    def exact(self, line: int) -> Line: ...

    def known_rows(self) -> np.ndarray:
        """(n, 4) rows (a, b, c, e); e is 0 only where a, b and c are exactly the line's."""


@dataclass
class SignTally:
    """How many decisions were taken, and how many of them needed rational arithmetic."""

    decided: int = 0
    rational: int = 0


@dataclass
class Order:
    """Members of groups in their certain order along each group's line.

    `order[start[g]:start[g + 1]]` are the members of group g; `tied[i]` says that order[i] lies at
    the very point of order[i - 1].
    """

    start: np.ndarray
    order: np.ndarray
    tied: np.ndarray


class Predicates:
    """Decides for one enumeration, and counts what it decides."""

    def __init__(self) -> None:
        self.tally = SignTally()
        self._filtered = filtered()

    @property
    def uses_structure(self) -> bool:
        """Whether what is known without arithmetic may decide too."""
        return self._filtered

    def determinant_sides(self, ends: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Signs of cuts at vertices by determinants, UNDECIDED where those do not tell.

        Args:
            ends: (k, 2, 4) rows of the two lines through each vertex. rows: (k, 4) of the cuts.
        """
        if not self._filtered:
            return np.full(len(rows), UNDECIDED)
        signs: np.ndarray = sides(ends, rows)
        return signs

    def exact_side(self, cut: Line, vertex: Vertex) -> int:
        """The sign of a cut at a vertex, in rational arithmetic."""
        self.tally.rational += 1
        return side_of(cut, vertex)

    def order(
        self,
        start: np.ndarray,
        key: np.ndarray,
        error: np.ndarray,
        base: np.ndarray,
        direction: np.ndarray,
        member: np.ndarray,
        lines: BookOfLines,
    ) -> Order:
        """Order the members of each group along the group's line.

        Args:
            start, key, error: groups and approximate positions, see `filter.sort_groups`.
            base, direction: line of each group, and the sense (+-1, along (-b, a)) in which to read it.
            member: (n,) line that crosses it at each member.
        """
        order, clusters = sort_groups(start, key, self.doubt(error))
        self.tally.decided += len(order)
        return Order(start, order, self._sorted(clusters, order, base, direction, member, lines))

    def count_ties(
        self, start: np.ndarray, base: np.ndarray, member: np.ndarray, lines: BookOfLines
    ) -> int:
        """Members that lie at the very point of another that comes before them in their group.

        Args:
            start, base, member: groups, the line of each, and the lines that cross it.
        """
        groups = np.arange(len(base))
        clusters = np.column_stack([groups, start[:-1], start[1:]])
        order, direction = np.arange(len(member)), np.ones(len(base), np.int8)
        return int(self._sorted(clusters, order, base, direction, member, lines).sum())

    def doubt(self, error: np.ndarray) -> np.ndarray:
        """Errors as they are, or infinite ones where float64 may decide nothing."""
        return error if self._filtered else np.full_like(error, np.inf)

    def _sorted(
        self,
        clusters: np.ndarray,
        order: np.ndarray,
        base: np.ndarray,
        direction: np.ndarray,
        member: np.ndarray,
        lines: BookOfLines,
    ) -> np.ndarray:
        """Sort the clusters of an order exactly; whether each member ties with the one before it."""
        tied = np.zeros(len(order), bool)
        if self._filtered and len(clusters):
            done = sort_clusters(clusters, order, tied, base, direction, member, lines.known_rows())
            clusters = clusters[~done]
        for group, low, high in clusters.tolist():
            line = lines.exact(int(base[group]))
            places = {
                m: place_on(line, meet(line, lines.exact(int(member[m]))))
                for m in sorted(order[low:high].tolist())  # so that ties stand in this order
            }
            ranked = sorted(places, key=places.__getitem__, reverse=bool(direction[group] < 0))
            order[low:high] = ranked
            for i in range(1, len(ranked)):
                tied[low + i] = places[ranked[i]] == places[ranked[i - 1]]
        self.tally.rational += int((clusters[:, 2] - clusters[:, 1]).sum())
        return tied
