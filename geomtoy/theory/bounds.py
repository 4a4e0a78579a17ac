"""Theorems on the largest number of regions of deep ReLU networks, as exact integers.

The upper bounds count activation regions on the whole of R^{d_in}. They hold as well for linear
regions, inside any convex window, and (with d_in = 2) on any plane slice, since a slice only
replaces the first layer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import comb, prod

from geomtoy.theory.arrangements import arrangement_regions
from geomtoy.theory.checks import natural, widths_of


def montufar_upper_bound(widths: Iterable[int], d_in: int) -> int:
    """No ReLU network has more regions than prod_l sum_{j <= d_l} C(n_l, j).

    Here d_l = min(d_in, n_1, ..., n_l).

    Args:
        widths: units n_1, ..., n_L of the hidden layers, L >= 1, each at least 1.
        d_in: input dimension, at least 1.
    Raises:
        SettingError: a width or d_in is not such an integer.
    Exactness: an exact integer; a theorem, attained for L = 1. Cost: L d_in binomials.
    Source: Montufar 2017, "Notes on the number of linear regions of deep neural networks" (SampTA).
    """
    widths, d_in = widths_of(widths), natural("d_in", d_in, least=1)
    return prod(arrangement_regions(n, min(d_in, *widths[: k + 1])) for k, n in enumerate(widths))


def serra_upper_bound(widths: Iterable[int], d_in: int) -> int:
    """No ReLU network has more regions than the sum over J of prod_l C(n_l, j_l).

    J holds the integers j_1, ..., j_L >= 0 with
    j_l <= min(d_in, n_1 - j_1, ..., n_{l-1} - j_{l-1}, n_l). The sum is at most Montufar's bound: it
    also knows that inactive units lower the rank of what follows.

    Args:
        widths: units n_1, ..., n_L of the hidden layers, L >= 1, each at least 1.
        d_in: input dimension, at least 1.
    Raises:
        SettingError: a width or d_in is not such an integer.
    Exactness: an exact integer; a theorem, attained for L = 1, and for d_in = 1 with all n_l >= 3,
        where it is prod_l (n_l + 1). Cost: O(L d_in^2), one partial sum for each running minimum.
    Source: Serra, Tjandraatmadja and Ramalingam 2018, arXiv:1711.02114, theorems 1 and 5.
    """
    by_minimum = Counter({natural("d_in", d_in, least=1): 1})
    for n in widths_of(widths):
        extended: Counter[int] = Counter()
        for least, total in by_minimum.items():
            for j in range(min(least, n) + 1):
                extended[min(least, n - j)] += total * comb(n, j)
        by_minimum = extended
    return by_minimum.total()


def montufar_lower_bound(widths: Iterable[int], d_in: int) -> int:
    """Some ReLU network has (prod_{l<L} floor(n_l / d)^d) sum_{j<=d} C(n_L, j) linear regions.

    Here d = d_in, and "has" is "has at least". It says what is possible for these widths, not what
    a given network has.

    Args:
        widths: units n_1, ..., n_L of the hidden layers, L >= 1, each at least d_in.
        d_in: input dimension, at least 1.
    Raises:
        SettingError: a width or d_in is not such an integer.
    Exactness: an exact integer; a theorem. Cost: d_in binomials.
    Source: Montufar, Pascanu, Cho and Bengio 2014, arXiv:1402.1869, theorem 4.
    """
    d_in = natural("d_in", d_in, least=1)
    *folding, last = widths_of(widths, least=d_in)
    return prod((n // d_in) ** d_in for n in folding) * arrangement_regions(last, d_in)


def serra_lower_bound(widths: Iterable[int], d_in: int) -> int:
    """Some ReLU network has (prod_{l<L} (floor(n_l / d) + 1)^d) sum_{j<=d} C(n_L, j) linear regions.

    Here d = d_in, and "has" is "has at least". It says what is possible for these widths, not what
    a given network has.

    Args:
        widths: units n_1, ..., n_L of the hidden layers, L >= 1, each at least 3 d_in.
        d_in: input dimension, at least 1.
    Raises:
        SettingError: a width or d_in is not such an integer.
    Exactness: an exact integer; a theorem. Cost: d_in binomials.
    Source: Serra, Tjandraatmadja and Ramalingam 2018, arXiv:1711.02114, theorem 6.
    """
    d_in = natural("d_in", d_in, least=1)
    *folding, last = widths_of(widths, least=3 * d_in)
    return prod((n // d_in + 1) ** d_in for n in folding) * arrangement_regions(last, d_in)
