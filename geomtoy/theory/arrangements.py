"""How many regions n hyperplanes of R^d make: one hidden layer, exactly."""

from __future__ import annotations

from math import comb

from geomtoy.theory.checks import natural


def arrangement_regions(n: int, d: int) -> int:
    """Regions of n hyperplanes of R^d in general position: sum of C(n, k) for k <= d.

    It is also the largest number that any n hyperplanes can make, so it bounds a hidden layer of n
    ReLU units on d inputs, and equals its count when no two hyperplanes are parallel and no d + 1 of
    them meet.

    Args:
        n: number of hyperplanes (hidden units), n >= 0.
        d: dimension, d >= 0.
    Raises:
        SettingError: n or d is not such an integer.
    Exactness: an exact integer. Cost: d + 1 binomials.
    Source: Buck 1943; Zaslavsky 1975, "Facing up to arrangements".
    """
    return sum(comb(natural("n", n), k) for k in range(natural("d", d) + 1))


def bounded_arrangement_regions(n: int, d: int) -> int:
    """Bounded regions of n hyperplanes of R^d in general position: C(n - 1, d); 0 if n = 0.

    Args:
        n: number of hyperplanes, n >= 0.
        d: dimension, d >= 1.
    Raises:
        SettingError: n or d is not such an integer.
    Exactness: an exact integer. Cost: one binomial.
    Source: Buck 1943; Zaslavsky 1975, "Facing up to arrangements".
    """
    n, d = natural("n", n), natural("d", d, least=1)
    return comb(n - 1, d) if n else 0


def central_arrangement_regions(n: int, d: int) -> int:
    """Regions of n generic hyperplanes through the origin of R^d: 2 sum of C(n - 1, k), k < d.

    It counts a hidden layer without biases when any d of its weight vectors are independent, and
    bounds it otherwise. In the plane it is 2 n.

    Args:
        n: number of hyperplanes, n >= 0.
        d: dimension, d >= 1.
    Raises:
        SettingError: n or d is not such an integer.
    Exactness: an exact integer. Cost: d binomials.
    Source: Schlaefli 1901; Cover 1965, theorem 1.
    """
    n, d = natural("n", n), natural("d", d, least=1)
    return 2 * sum(comb(n - 1, k) for k in range(d)) if n else 1
