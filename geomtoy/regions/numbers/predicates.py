"""The three questions that are ever asked of numbers, and the one place where they are answered.

On which side of a cut does a vertex lie? In which order do cuts meet a line? Which of them meet it in
one point? Each is answered by float64 where a proven bound (`bounds`) allows, and in rational arithmetic
where not. Everything else that an enumeration knows follows from these answers without a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from geomtoy.regions.numbers.determinant import sort_clusters, vertex_signs
from geomtoy.regions.numbers.exact import Line, Vertex, meet, place_on, side_of
from geomtoy.regions.numbers.filter import UNDECIDED, filtered_signs, sort_groups
from geomtoy.regions.threads import in_blocks

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


class Sides(NamedTuple):
    """Exact vertices and cuts near them, for what floats do not tell."""

    vertex: Callable[[int], Vertex]
    cut: Callable[[int, int], Line]  # from (vertex, cut)


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

    def filter_sides(
        self,
        signs: np.ndarray,
        which: np.ndarray,
        points: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
        row: np.ndarray,
        lines: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> np.ndarray:
        """Fill in the signs of cuts at some vertices, UNDECIDED where float64 cannot tell.

        Args:
            signs: (V, n) int8. which: vertices. points: x, y, w, d, (V,) each.
            row: (V,) row of the lines (see `filter.filtered_signs`) that holds near each vertex.
        Returns:
            The vertices at which some sign is open.
        """
        n, silent = signs.shape[1], np.zeros(len(signs), np.int64)
        self.tally.decided += len(which) * n
        if not self._filtered:
            signs[which] = UNDECIDED
            return np.sort(which) if n else which[:0]

        def run(low: int, high: int) -> None:
            filtered_signs(which[low:high], signs, silent, *points, row, *lines)

        in_blocks(run, len(which), work=len(which) * n)
        return np.flatnonzero(silent)

    @property
    def uses_structure(self) -> bool:
        """Whether what is known without arithmetic may decide too."""
        return self._filtered

    def determinant_sides(
        self,
        signs: np.ndarray,
        vertices: np.ndarray,
        ends: np.ndarray,
        row: np.ndarray,
        lines: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> np.ndarray:
        """Decide by determinants what is UNDECIDED at some vertices.

        Args:
            ends: (k, 2, 4) rows of the two lines through each of the vertices.
            row, lines: as in `filter_sides`.
        Returns:
            the vertices at which some sign is still open.
        """
        if not self._filtered:
            return vertices
        return vertices[vertex_signs(signs, vertices, ends, row, *lines)]

    def exact_sides(self, signs: np.ndarray, vertices: np.ndarray, exact: Sides) -> None:
        """Decide in rational arithmetic what is still UNDECIDED at some vertices."""
        at, cuts = np.nonzero(signs[vertices] == UNDECIDED)
        for v, c in zip(vertices[at].tolist(), cuts.tolist(), strict=True):
            signs[v, c] = side_of(exact.cut(v, c), exact.vertex(v))
        self.tally.rational += len(at)

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
        if self._filtered:
            done = sort_clusters(clusters, order, tied, base, direction, member, lines.known_rows())
            clusters = clusters[~done]
        for group, low, high in clusters.tolist():
            line = lines.exact(int(base[group]))
            places = {
                m: place_on(line, meet(line, lines.exact(int(member[m]))))
                for m in order[low:high].tolist()
            }
            ranked = sorted(places, key=places.__getitem__, reverse=bool(direction[group] < 0))
            order[low:high] = ranked
            for i in range(1, len(ranked)):
                tied[low + i] = places[ranked[i]] == places[ranked[i - 1]]
        self.tally.rational += int((clusters[:, 2] - clusters[:, 1]).sum())
        return tied
