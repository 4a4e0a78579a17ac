"""Parallel reasoning: how far L layers can follow a chain, by the rules of what a position can take."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from jaxtyping import Int

from geomtoy.errors import SettingError

MOST_PAIRS = 9
"""All orders of more pairs than this do not fit into memory."""


def reach(n_layers: int, order: Sequence[int], *, causal: bool = True) -> int:
    """Steps that the start token has behind it at the end, for pairs written in this order.

    Pair i is (x_i, x_{i+1}), and x_0 comes last. In the first layer the second position of a pair takes
    the first one's token too; in each later layer a position takes all that an earlier position holds
    which shares a token with it. What it holds is then always an unbroken piece of the chain.

    Args:
        order: pair numbers 0, 1, ..., n - 1 as they stand in the sequence.
        causal: without it a position takes from later ones too, which no order can beat.
    Raises:
        SettingError: the order is not one, or there is no layer.
    Source: arXiv 2405.15302, parallel reasoning; arXiv 2509.23178.
    """
    return int(reaches(n_layers, np.asarray([order], int), causal=causal)[0])


def reaches(
    n_layers: int, orders: Int[np.ndarray, "k n"], *, causal: bool = True
) -> Int[np.ndarray, " k"]:
    """`reach` of many orders at once."""
    if n_layers < 1:
        raise SettingError(f"n_layers is {n_layers}; give at least 1")
    orders = np.asarray(orders)
    k, n = orders.shape
    if (np.sort(orders, axis=1) != np.arange(n)).any():
        raise SettingError(f"each order must hold the pairs 0 to {n - 1} once each")
    # Positions: the second ones of pairs as they stand, then the start; each holds tokens low..high.
    low = np.concatenate([orders, np.zeros((k, 1), int)], axis=1)
    high = np.concatenate([orders + 1, np.zeros((k, 1), int)], axis=1)
    sees = np.tril(np.ones((n + 1, n + 1), bool)) if causal else np.ones((n + 1, n + 1), bool)
    for _ in range(n_layers - 1):
        shares = (low[:, :, None] <= high[:, None, :]) & (low[:, None, :] <= high[:, :, None]) & sees
        low, high = (
            np.where(shares, low[:, None, :], n).min(axis=2),
            np.where(shares, high[:, None, :], -1).max(axis=2),
        )
    last: np.ndarray = high[:, -1]
    return last


def enumerate_reaches(n_layers: int, n_pairs: int) -> Int[np.ndarray, " steps"]:
    """How many of the n_pairs! orders reach 0, 1, ..., n_pairs steps.

    Raises:
        SettingError: there are more than `MOST_PAIRS` pairs.
    """
    if n_pairs > MOST_PAIRS:
        raise SettingError(f"{n_pairs} pairs have too many orders; give at most {MOST_PAIRS}")
    counts = np.zeros(n_pairs + 1, int)
    for first in range(n_pairs):
        others = [pair for pair in range(n_pairs) if pair != first]
        orders = np.array([(first, *rest) for rest in permutations(others)], int)
        counts += np.bincount(reaches(n_layers, orders), minlength=n_pairs + 1)
    return counts


def best_order(n_layers: int) -> list[int]:
    """An order of (3^(L-1) - 1) / 2 pairs all of which L layers follow.

    After 1, 2, ... layers, pieces of 1, 3, 9, ... pairs are to be whole, each at its middle pair, which
    must therefore come last of its piece.
    """
    order: list[int] = []
    for level in range(n_layers - 1):
        order += _middle_last(len(order), 3**level)
    return order


def _middle_last(first: int, length: int) -> list[int]:
    if length == 1:
        return [first]
    third = length // 3
    parts = (_middle_last(first + k * third, third) for k in (0, 2, 1))
    return [pair for part in parts for pair in part]
