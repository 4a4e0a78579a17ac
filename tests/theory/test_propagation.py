"""arXiv:2405.15302 and 2509.23178: L layers follow 2^(L-1) - 1 to (3^(L-1) - 1) / 2 steps of a chain."""

from __future__ import annotations

import random
from itertools import permutations
from math import factorial

import pytest

from geomtoy.errors import SettingError
from geomtoy.instruments.propagation import best_order, enumerate_reaches, reach


def reach_by_sets(n_layers: int, order, causal=True) -> int:
    """The rules word by word, with sets of tokens at every position."""
    tokens = [token for pair in order for token in (pair, pair + 1)] + [0]
    held = [{token} for token in tokens]
    for layer in range(n_layers):
        before = [set(one) for one in held]
        for p in range(len(tokens)):
            if layer == 0:
                sources = [p - 1] if p % 2 == 1 else []
            else:
                seen = range(p) if causal else range(len(tokens))
                sources = [q for q in seen if before[q] & before[p]]
            for q in sources:
                held[p] |= before[q]
    return max(held[-1])


@pytest.mark.parametrize(("n_layers", "n_pairs"), [(1, 3), (2, 4), (3, 5), (4, 5)])
def test_pieces_of_the_chain_are_all_that_the_rules_give(n_layers, n_pairs):
    for order in permutations(range(n_pairs)):
        assert reach(n_layers, order) == reach_by_sets(n_layers, order)


def test_long_chains_and_no_mask_by_sets():
    rng = random.Random(0)
    for _ in range(30):
        order = rng.sample(range(15), 15)
        assert reach(4, order) == reach_by_sets(4, order)
        assert reach(3, order, causal=False) == reach_by_sets(3, order, causal=False)


@pytest.mark.parametrize("n_layers", [2, 3, 4, 5])
def test_the_greatest_number_is_attained_and_never_passed(n_layers):
    most = (3 ** (n_layers - 1) - 1) // 2
    assert reach(n_layers, best_order(n_layers)) == most
    rest = range(most, most + 3)
    assert reach(n_layers, [*rest, *best_order(n_layers)]) == most
    # Without the mask every order can take more, and the longest chain still gives no more.
    assert reach(n_layers, range(most + 5), causal=False) == most


@pytest.mark.parametrize(("n_layers", "n_pairs"), [(2, 5), (3, 6), (4, 8)])
def test_the_least_number_over_all_orders(n_layers, n_pairs):
    """More pairs never hurt, so that no order of a longer chain does worse."""
    counts = enumerate_reaches(n_layers, n_pairs)
    assert counts.sum() == factorial(n_pairs)
    least = counts.nonzero()[0][0]
    assert least == 2 ** (n_layers - 1) - 1
    assert counts.nonzero()[0][-1] <= (3 ** (n_layers - 1) - 1) // 2


def test_three_layers_in_all_orders_of_four_pairs():
    assert enumerate_reaches(3, 4).tolist() == [0, 0, 0, 16, 8]


def test_what_is_refused():
    with pytest.raises(SettingError, match="0 to 2 once each"):
        reach(2, [0, 1, 1])
    with pytest.raises(SettingError, match="at least 1"):
        reach(0, [0])
    with pytest.raises(SettingError, match="at most 9"):
        enumerate_reaches(3, 10)
