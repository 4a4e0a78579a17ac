"""Runs and clans of cells that are tested at once leave out only cuts that cross none of them."""

import numpy as np
import pytest
from builders import random_net
from hypothesis import given, settings
from same_meshes import assert_same_meshes
from strategies import networks_of_any_size

from geomtoy import Network, enumerate_regions
from geomtoy.regions.engine import crossings, run
from geomtoy.regions.maps.clans import SEGMENTS, common, left
from geomtoy.regions.maps.floats import Segments
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


@pytest.fixture(params=["runs", "clans"])
def together(monkeypatch, request):
    """Cells are looked at together wherever that is possible; who is asked, and how often."""
    asked = []
    name = {"runs": "of_families", "clans": "of_clans"}[request.param]
    kernel = getattr(crossings, name)
    monkeypatch.setattr(crossings, name, lambda *given: asked.append(name) or kernel(*given))
    monkeypatch.setattr(run, "SMALL", 0)
    if request.param == "runs":
        monkeypatch.setattr(run, "WIDE", 0)
        monkeypatch.setattr(run, "FAMILY", 0)
    else:
        monkeypatch.setattr(crossings, "MANY", 0)
        monkeypatch.setattr(crossings, "UNITS", 0)
    return asked


@pytest.mark.parametrize("window", [((-1, -1), (1, -1), (1, 1), (-1, 1)), None])
@pytest.mark.parametrize("name", NETS)
def test_what_crosses_is_what_cells_alone_find(monkeypatch, together, name, window):
    network = NETS[name]()
    found = enumerate_regions(network, window=window).subdivision
    asked = len(together)
    monkeypatch.setattr(crossings, "NextMaps", ())
    alone = enumerate_regions(network, window=window).subdivision
    assert len(together) == asked > 0
    assert_same_meshes(found, alone)
    np.testing.assert_array_equal(found.levels[-1].bits, alone.levels[-1].bits)


@pytest.mark.usefixtures("together")
@settings(max_examples=60)
@given(networks_of_any_size)
def test_numbers_of_any_size(network):
    assert enumerate_regions(network).certify().valid


def test_most_cuts_are_left_out_for_whole_clans(monkeypatch):
    """Not half of the maps of the last layer are computed on a cell."""
    monkeypatch.setattr(run, "SMALL", 0)
    network, n_left, of_clans = random_net(2, 100, 90, 80, 1, seed=6), [], crossings.of_clans

    def seen(mesh, corner, segments, level, before, weights, *rest):
        for g in range(0, len(segments.parent) - SEGMENTS, SEGMENTS):
            h = g + SEGMENTS
            clan = Segments(segments.start[g : h + 1], segments.parent[g:h])
            known = common(mesh, corner, clan, level.bits, before)
            n_left.append(len(left(known, weights, 2).cut))
        return of_clans(mesh, corner, segments, level, before, weights, *rest)

    monkeypatch.setattr(crossings, "of_clans", seen)
    enumerate_regions(network)
    assert len(n_left) > 20
    assert np.mean(n_left) < 80 / 2
