"""Maps that cells share: what a state of a group of units says is true of every cell that has it."""

from fractions import Fraction

import numpy as np
import pytest
from builders import few_weights, image_net
from map_errors import worst_share
from same_meshes import assert_same_meshes

from geomtoy import compile_layers, enumerate_regions
from geomtoy.layers import Affine, Maxout
from geomtoy.regions.engine import run
from geomtoy.regions.maps import chain, shared
from geomtoy.regions.maps.chain import level_maps
from geomtoy.regions.maps.levels import pieces_on
from geomtoy.regions.maps.patterns import equal_patterns, patterns_so_far
from geomtoy.regions.maps.shared import SharedMaps
from geomtoy.regions.numbers.filter import UNDECIDED
from geomtoy.regions.topology.mesh import corner_vertices
from geomtoy.theory.lattices import two_level_lattice

CASES = {
    **{f"few weights, {seed}": lambda seed=seed: few_weights(seed) for seed in range(8)},
    "thirds": lambda: few_weights(8, Fraction(1, 3)),
    "tenths": lambda: few_weights(9, 0.1),
    "lattice": lambda: (two_level_lattice(4, 8, seed=4), None),
    "pooling": lambda: image_net(side=6),
}


@pytest.fixture
def always(monkeypatch):
    """Share maps on the smallest of levels, and where cells have little in common."""
    monkeypatch.setattr(chain, "SMALL", 0)
    monkeypatch.setattr(shared, "CELLS_OF_A_STATE", 0.01)


def shared_levels(sub):
    """Each layer behind the first, and its maps, which are shared."""
    for layer in range(2, len(sub.network.layers)):
        maps = level_maps(sub.network, sub.frame, sub.levels[:layer])
        assert isinstance(maps, SharedMaps)
        yield layer, maps


@pytest.mark.parametrize("name", CASES)
def test_cells_are_those_of_maps_on_each_cell(request, name):
    network, plane = CASES[name]()
    alone = enumerate_regions(network, slice=plane).subdivision
    request.getfixturevalue("always")
    found = enumerate_regions(network, slice=plane).subdivision
    assert len(list(shared_levels(found))) == len(network.layers) - 2
    assert_same_meshes(found, alone)
    np.testing.assert_array_equal(found.levels[-1].bits, alone.levels[-1].bits)


@pytest.mark.parametrize("name", CASES)
def test_bounds_hold(always, name):
    network, plane = CASES[name]()
    assert worst_share(enumerate_regions(network, slice=plane))[0] <= 1


def inner_points(sub, layer):
    """For each cell before a layer, a rational point inside each of the final cells in it."""
    mesh, found = sub.mesh, {}
    corners = corner_vertices(mesh.half, mesh.tail, mesh.head)
    above = sub.ancestors(np.arange(mesh.n_cells))[layer - 1].tolist()
    for f, cell in enumerate(above):
        vertices = corners[mesh.start[f] : mesh.start[f + 1]]
        exact = [sub.lines.meet(*mesh.lines[v].tolist()) for v in vertices]
        x, y = (sum(Fraction(int(p[k]), int(p.w)) for p in exact) / len(exact) for k in (0, 1))
        found.setdefault(cell, []).append((x, y))
    return found


@pytest.mark.parametrize("name", CASES)
def test_signs_are_those_of_the_rational_maps(monkeypatch, always, name):
    monkeypatch.setattr(
        run, "decides_a_maximum", lambda *_: False
    )  # a merged cell is in several parents
    network, plane = CASES[name]()
    sub = enumerate_regions(network, slice=plane).subdivision
    known = set()
    for layer, maps in shared_levels(sub):
        points = inner_points(sub, layer)
        for cell in range(len(maps.of)):
            rows, _ = sub.lines.maps.affine(layer, cell)
            columns = maps.units.columns(maps.of, cell, np.arange(maps.width))
            for unit, sign in enumerate(maps.units.sign[columns].tolist()):
                if sign != UNDECIDED:
                    a, b, c = (Fraction(int(rows[unit, k])) for k in range(3))
                    assert {np.sign(a * x + b * y + c) for x, y in points[cell]} == {sign}
                    known.add(sign)
    assert known


def test_maxima_decided_by_bits_are_those_of_patterns(monkeypatch):
    monkeypatch.setattr(run, "decides_a_maximum", lambda *_: False)  # so that nothing is merged
    rng = np.random.default_rng(0)
    first = Affine(rng.integers(-3, 4, (12, 2)), rng.normal(size=12))
    layers = [first, "relu", Maxout(3), Affine(rng.normal(size=(1, 4)))]
    network = compile_layers(layers)
    levels = enumerate_regions(network).subdivision.levels
    cells = np.arange(len(levels[-1].parent))
    patterns = network.patterns(pieces_on(network, levels, cells))
    pairs = np.argwhere(np.ones((len(cells), len(cells)), bool))
    equal = (patterns[pairs[:, 0]] == patterns[pairs[:, 1]]).all(axis=1)
    found = equal_patterns(patterns_so_far(network, levels), pairs)
    np.testing.assert_array_equal(found, equal)
    assert equal.sum() > len(cells)
