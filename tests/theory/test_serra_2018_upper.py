"""Serra et al. 2018, arXiv:1711.02114, theorem 1: the sum over J of prod_l C(n_l, j_l)."""

from itertools import product
from math import comb, prod

import numpy as np
import pytest
from builders import random_net
from zoo import ZOO

from geomtoy import count_regions
from geomtoy.theory import arrangement_regions, montufar_upper_bound, serra_upper_bound


def sum_over_J(widths, d_in):
    """The theorem as printed."""
    total = 0
    for js in product(*[range(n + 1) for n in widths]):
        caps = np.minimum.accumulate([d_in, *[n - j for n, j in zip(widths, js, strict=True)]])
        if all(j <= min(cap, n) for j, cap, n in zip(js, caps, widths, strict=False)):
            total += prod(comb(n, j) for n, j in zip(widths, js, strict=True))
    return total


def is_relu(animal):
    return all(act.name == "relu" for act in animal.network.activations)


@pytest.mark.parametrize("widths", [(5,), (2, 2), (4, 3), (1, 4, 4), (3, 2, 5), (2, 6, 2, 3)])
@pytest.mark.parametrize("d_in", [1, 2, 3, 8])
def test_the_running_minimum_gives_the_printed_sum(widths, d_in):
    assert serra_upper_bound(widths, d_in) == sum_over_J(widths, d_in)
    assert serra_upper_bound(widths, d_in) <= montufar_upper_bound(widths, d_in)


@pytest.mark.parametrize("widths", [(6,), (4, 4), (2, 6), (1, 5), (5, 1, 5), (3, 3, 3)])
def test_no_network_exceeds_it(widths):
    bound = serra_upper_bound(widths, 2)
    for seed in range(8):
        assert count_regions(random_net(2, *widths, 1, seed=seed), window=None).regions <= bound


@pytest.mark.parametrize("name", [name for name, make in ZOO.items() if is_relu(make())])
def test_no_animal_exceeds_it(name):
    animal = ZOO[name]()
    count = count_regions(animal.network, slice=animal.slice, window=animal.window)
    assert count.regions <= serra_upper_bound(animal.network.widths, 1 if len(animal.window) == 2 else 2)


def test_tight_for_one_layer_and_strict_for_two():
    assert serra_upper_bound([9], 3) == arrangement_regions(9, 3)
    assert serra_upper_bound([2, 2], 2) == 11 < montufar_upper_bound([2, 2], 2)


def test_bottleneck():
    """Taking a unit from the first of two equal layers costs more than taking it from the second."""
    assert serra_upper_bound([7, 8], 8) < serra_upper_bound([8, 7], 8)


def test_deep_sums_are_fast():
    assert serra_upper_bound([300] * 40, 50) > 10**2000
