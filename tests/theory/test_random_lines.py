"""The mean number of regions of a random layer in a window: 1 + n L / 2 pi + C(n, 2) S / 2 pi."""

import numpy as np
import pytest
from builders import he_net

from geomtoy import UNIT_SQUARE, count_regions
from geomtoy.theory import arrangement_regions, expected_regions_shallow

TRIANGLE = ((0, 0), (2, 0), (0, 1))


@pytest.mark.parametrize("window", [UNIT_SQUARE, TRIANGLE])
@pytest.mark.parametrize("sigma_b", [1.0, 0.3])
def test_the_mean_is_the_closed_form(window, sigma_b):
    rng, n = np.random.default_rng(3), 12
    nets = [he_net(rng, 2, n, 1, sigma_b=sigma_b) for _ in range(300)]
    counts = [count_regions(net, window=window, linear=False).regions for net in nets]
    standard_error = np.std(counts, ddof=1) / len(counts) ** 0.5
    expected = expected_regions_shallow(n, window, sigma_b=sigma_b)
    assert np.mean(counts) == pytest.approx(expected, abs=4 * standard_error)


def test_the_area_agrees_with_the_density_of_crossings():
    """Theorem 3.4 of arXiv:1901.09021 for 2 units: s_w^2 s_b / 2 pi (s_w^2 |x|^2 + s_b^2)^(3/2) at x."""
    sigma_w, sigma_b = 1.3, 0.4
    nodes, weights = np.polynomial.legendre.leggauss(200)
    square = nodes[:, None] ** 2 + nodes**2
    density = sigma_w**2 * sigma_b / (2 * np.pi * (sigma_w**2 * square + sigma_b**2) ** 1.5)
    crossings = weights @ density @ weights
    sigmas = {"sigma_w": sigma_w, "sigma_b": sigma_b}
    none, one, two = (expected_regions_shallow(n, UNIT_SQUARE, **sigmas) for n in (0, 1, 2))
    assert two - 2 * one + none == pytest.approx(crossings, rel=1e-9)


def test_a_huge_window_sees_the_whole_arrangement():
    far = [(1e9 * x, 1e9 * y) for x, y in UNIT_SQUARE]
    assert expected_regions_shallow(7, far) == pytest.approx(arrangement_regions(7, 2))
    assert expected_regions_shallow(7) == arrangement_regions(7, 2)


def test_a_tiny_window_keeps_its_digits():
    """Near the origin (s_w = s_b = 1) the mean is 1 + n perimeter / 2 pi to first order."""
    tiny = [(1e-7 * x, 1e-7 * y) for x, y in UNIT_SQUARE]
    assert expected_regions_shallow(3, tiny) - 1 == pytest.approx(3 * 8e-7 / (2 * np.pi), rel=1e-6)
