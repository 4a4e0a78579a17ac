"""Kogan, Jananthan and Kepner 2025, arXiv:2512.08091: on one input, He scaling, the mean number of
pieces on the whole line is N + 1 + o(N) as the widths grow, N being the number of units."""

import numpy as np
import pytest
from builders import he_net

from geomtoy import count_regions


@pytest.mark.parametrize("widths", [(32,), (24, 24), (20, 20, 20)])
def test_about_one_piece_for_each_unit(widths):
    rng = np.random.default_rng(0)
    nets = [he_net(rng, 1, *widths, 1, sigma_b=1) for _ in range(20)]
    mean = np.mean([count_regions(net, window=None, linear=False).regions for net in nets])
    assert mean == pytest.approx(sum(widths) + 1, rel=0.12)
