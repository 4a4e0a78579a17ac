"""Units whose parameters are proportional: they switch together, so that one border stands for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True, eq=False)
class Proportional:
    """Units i that are factor[i] times the first unit of their direction.

    Args:
        first: (n,) that unit, -1 for one that is zero everywhere.
        factor: exact, of each unit.
    """

    first: np.ndarray
    factor: list[Fraction]

    @property
    def alike(self) -> np.ndarray:
        """(n,) whether factors are positive."""
        return np.array([factor > 0 for factor in self.factor], bool)


def proportional(
    parameters: np.ndarray, size: np.ndarray, exact: Callable[[int], list[Fraction]]
) -> Proportional:
    """Which of n units are proportional: floats choose which may be, rational numbers decide.

    Args:
        parameters: (n, k) as floats.
        size: (n,) of what they were computed from, and may have cancelled.
        exact: the parameters of a unit.
    """
    suspects: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for i, one in enumerate(parameters):
        largest = one[np.argmax(np.abs(one) > 0.5 * np.abs(one).max())]
        tiny = not np.abs(one).max() > 1e-9 * size[i]
        suspects[() if tiny else tuple(np.round(one / largest, 6) + 0.0)].append(i)
    found = Proportional(np.arange(len(parameters)), [Fraction(1)] * len(parameters))
    for key, group in suspects.items():
        if len(group) > 1 or not key:
            _compare(group, exact, found)
    return found


def _compare(group: list[int], exact: Callable[[int], list[Fraction]], found: Proportional) -> None:
    """Fill in what is found of a group of units."""
    known: dict[tuple[Fraction, ...], tuple[int, Fraction]] = {}
    for i in group:
        row = exact(i)
        lead = next((x for x in row if x), None)
        if lead is None:
            found.first[i] = -1
            continue
        found.first[i], first_lead = known.setdefault(tuple(x / lead for x in row), (i, lead))
        found.factor[i] = lead / first_lead
