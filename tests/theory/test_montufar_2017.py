"""Montufar 2017: at most prod_l sum_{j <= d_l} C(n_l, j) regions, d_l = min(d_in, n_1, ..., n_l)."""

from math import comb

import pytest
from builders import random_net

from geomtoy import count_regions
from geomtoy.theory import arrangement_regions, montufar_upper_bound


@pytest.mark.parametrize("widths", [(6,), (4, 4), (1, 5), (5, 1, 5), (3, 3, 3)])
def test_no_network_exceeds_it(widths):
    bound = montufar_upper_bound(widths, 2)
    for seed in range(8):
        assert count_regions(random_net(2, *widths, 1, seed=seed), window=None).regions <= bound


def test_values():
    assert montufar_upper_bound([7], 2) == arrangement_regions(7, 2)
    assert montufar_upper_bound([4, 1, 6], 3) == (1 + 4 + comb(4, 2) + comb(4, 3)) * 2 * (1 + 6)
    assert montufar_upper_bound([5, 5], 9) == 2**10
