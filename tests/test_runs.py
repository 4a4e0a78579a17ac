"""Whole runs of cells that are tested at once leave out only cuts that cross none of them."""

import numpy as np
import pytest
from builders import random_net
from same_meshes import assert_same_meshes

from geomtoy import Network, enumerate_regions
from geomtoy.regions.engine import crossings
from geomtoy.theory.lattices import two_level_lattice


def sharp(seed: int) -> Network:
    """Weights of very different sizes, so that a few units change the maps a lot."""
    rng = np.random.default_rng(seed)
    sizes = [(30, 2), (24, 30), (12, 24), (1, 12)]
    return Network([(rng.standard_cauchy((m, n)), rng.standard_cauchy(m) / 4) for m, n in sizes])


NETS = {
    "two layers": lambda: random_net(2, 40, 40, 1, seed=0),
    "three layers": lambda: random_net(2, 24, 24, 16, 1, seed=1),
    "quarters": lambda: random_net(2, 24, 24, 1, seed=2, denominator=4),
    "thirds": lambda: random_net(2, 16, 12, 1, seed=3, denominator=3),
    "lattice": lambda: two_level_lattice(4, 8, seed=4),
    "sharp": lambda: sharp(5),
}


@pytest.mark.parametrize("window", [((-1, -1), (1, -1), (1, 1), (-1, 1)), None])
@pytest.mark.parametrize("name", NETS)
def test_runs_find_the_crossings_that_single_cells_do(monkeypatch, name, window):
    network = NETS[name]()
    monkeypatch.setattr("geomtoy.regions.engine.run.SMALL", 0)
    found = enumerate_regions(network, window=window).subdivision
    monkeypatch.setattr(crossings, "NextMaps", ())
    alone = enumerate_regions(network, window=window).subdivision
    assert_same_meshes(found, alone)
    np.testing.assert_array_equal(found.levels[-1].bits, alone.levels[-1].bits)
