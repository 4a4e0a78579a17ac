"""Hanin and Rolnick 2019, arXiv:1901.09021: the mean number of breakpoints on a line, linear in N."""

import numpy as np
import pytest
from builders import he_net, random_net

from geomtoy import count_regions
from geomtoy.theory import expected_breakpoints_shallow


def breakpoints(net, window):
    return count_regions(net, window=window, linear=False).regions - 1


@pytest.mark.parametrize("window", [(-1, 1), (0, 3), (-0.5, 0.1)])
def test_the_mean_for_one_layer_is_the_closed_form(window):
    rng, n = np.random.default_rng(1), 20
    counts = [breakpoints(he_net(rng, 1, n, 1, sigma_b=0.5), window) for _ in range(300)]
    standard_error = np.std(counts, ddof=1) / len(counts) ** 0.5
    expected = expected_breakpoints_shallow(n, window, sigma_w=2**0.5, sigma_b=0.5)
    assert np.mean(counts) == pytest.approx(expected, abs=4 * standard_error)


def test_the_whole_line_has_them_all():
    assert expected_breakpoints_shallow(9) == breakpoints(random_net(1, 9, 1, seed=0), None) == 9
    assert expected_breakpoints_shallow(9, (-1e9, 1e9)) == pytest.approx(9)


def test_linear_in_the_number_of_units_whatever_the_depth():
    """Order 1 in N at each depth; and one N at three depths gives means within a factor 1.5."""
    rng = np.random.default_rng(2)

    def mean(depth, n):
        nets = [he_net(rng, 1, *[n // depth] * depth, 1, sigma_b=0.5) for _ in range(20)]
        return np.mean([breakpoints(net, (-1, 1)) for net in nets])

    means = {(depth, n): mean(depth, n) for depth in (1, 2, 3) for n in (12, 24, 48)}
    for depth in (1, 2, 3):
        slope = np.polyfit(np.log([12, 24, 48]), np.log([means[depth, n] for n in (12, 24, 48)]), 1)[0]
        assert 0.8 < slope < 1.2
    at_48 = [means[depth, 48] for depth in (1, 2, 3)]
    assert max(at_48) < 1.5 * min(at_48)
