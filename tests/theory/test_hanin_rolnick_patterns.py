"""Hanin and Rolnick 2019, arXiv:1906.00904: at most (T N)^d / d! regions on average, at any depth."""

import numpy as np
import pytest
from builders import he_net

from geomtoy import count_regions
from geomtoy.theory import arrangement_regions, hanin_rolnick_bound, serra_upper_bound


def mean_regions(widths, rng, repeats=6):
    nets = [he_net(rng, 2, *widths, 1, sigma_b=0.3) for _ in range(repeats)]
    return np.mean([count_regions(net, linear=False).regions for net in nets])


@pytest.fixture(scope="module")
def means():
    rng = np.random.default_rng(4)
    return {(L, N): mean_regions([N // L] * L, rng) for L in (1, 2, 4) for N in (16, 32, 64)}


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_order_units_squared(means, depth):
    slope = np.polyfit(np.log([16, 32, 64]), np.log([means[depth, N] for N in (16, 32, 64)]), 1)[0]
    assert 1.3 < slope < 2.3


def test_depth_does_not_multiply(means):
    """The most possible grows 70 times from depth 1 to 4; the mean stays within a factor 3."""
    at_64 = [means[depth, 64] for depth in (1, 2, 4)]
    assert max(at_64) < 3 * min(at_64)
    assert serra_upper_bound([16] * 4, 2) > 70 * arrangement_regions(64, 2)


def test_one_rate_bounds_them_all(means):
    assert all(mean <= hanin_rolnick_bound(N, 2, rate=1.0, volume=4.0) for (_, N), mean in means.items())


def test_values():
    assert hanin_rolnick_bound(10, 2, rate=0.5, volume=3.0) == 3 * 25 / 2
    assert hanin_rolnick_bound(3, 4, rate=0.5, volume=3.0) == 8
