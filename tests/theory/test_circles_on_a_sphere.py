"""n circles on a sphere make at most n^2 - n + 2 regions (Steiner 1826); a norm's borders attain it."""

from __future__ import annotations

import numpy as np
import pytest

from geomtoy import Network, Slice, count_regions
from geomtoy.normed import Norm, NormedNetwork

PLANE = Slice((0, 0, 1), (1, 0, 0), (0, 1, 0))


def caps(centres, cosines):
    """Units that are on in caps of the sphere of unit vectors along (s, t, 1)."""
    norm = Norm(np.ones(3), np.zeros(3), 0, centred=False)
    scaled = -np.sqrt(3) * np.asarray(cosines)
    return NormedNetwork(None, norm, Network([(centres, scaled), (np.ones((1, len(centres))), [0.0])]))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_caps_that_meet_two_by_two_make_as_many_regions_as_there_may_be(n):
    angle = 2 * np.pi * np.arange(n) / n + 0.1
    tilt = 0.2
    centres = np.column_stack(
        [np.sin(tilt) * np.cos(angle), np.sin(tilt) * np.sin(angle), np.full(n, np.cos(tilt))]
    )
    network = caps(centres, np.full(n, np.cos(0.5)))
    assert count_regions(network, slice=PLANE, window=None).regions == n * n - n + 2


@pytest.mark.parametrize("seed", range(5))
def test_no_network_makes_more(seed):
    rng = np.random.default_rng(seed)
    n = 7
    network = caps(rng.normal(size=(n, 3)), 0.3 * rng.normal(size=n))
    assert count_regions(network, slice=PLANE, window=None, linear=False).regions <= n * n - n + 2
