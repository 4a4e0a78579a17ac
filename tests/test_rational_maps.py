"""Exact maps on cells: a unit's row that goes back through the layers is the row of the forward map."""

import pickle
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from builders import few_weights
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import STEPS, activations, networks, slices

from geomtoy import Network, Slice, enumerate_regions
from geomtoy.regions.maps import rational
from geomtoy.regions.maps.levels import pieces_on
from geomtoy.regions.numbers.exact import integer_floats, integer_matrix
from geomtoy.regions.numbers.predicates import exact_arithmetic

orders = st.integers(0, 9)
several = st.lists(activations, min_size=3, max_size=3)
deep = networks(2, 3, 4, 3, 1, act=several)
shallow = networks(2, 4, 1, act=several.map(lambda acts: acts[:1]))
of_units = networks(
    2, 3, 3, 1, act=st.lists(st.lists(activations, min_size=3, max_size=3), min_size=2, max_size=2)
)


def every_cut(sub):
    """(layer, cell of the level before, cut) of all cuts on all cells."""
    return [
        (layer, cell, cut)
        for layer in range(1, len(sub.network.layers))
        for cell in range(len(sub.levels[layer - 1].parent))
        for cut in range(sum(len(act.breakpoints) for act in sub.network.units(layer)))
    ]


def forward(sub, layer, cell):
    """Preactivations (n, 3) of a layer on a cell, in Fractions, from the frame to the layer."""
    frame, network = sub.frame, sub.network
    pieces = pieces_on(network, sub.levels[:layer], np.array([cell]))[0].tolist()
    rows = np.array([*zip(frame.u, frame.v, frame.origin, strict=True)], dtype=object)
    for k, (W, b) in enumerate(network.layers[:layer], start=1):
        exact = np.array([[Fraction(w) for w in row] for row in W.tolist()], dtype=object)
        rows = exact @ rows
        rows[:, 2] += [Fraction(z) for z in b.tolist()]
        if k < layer:
            for i, act in enumerate(network.units(k)):
                piece = pieces.pop(0)
                rows[i] = rows[i] * act.slopes[piece] + np.array([0, 0, act.offsets[piece]])
    return rows


def expected(sub, layer, cell, cut):
    """The cut's line over 1: unit minus breakpoint."""
    thresholds = [(i, tau) for i, act in enumerate(sub.network.units(layer)) for tau in act.breakpoints]
    unit, tau = thresholds[cut]
    a, b, c = forward(sub, layer, cell)[unit]
    return a, b, c - tau


def assert_same_line(found, row):
    """Equal up to a positive factor."""
    here = [Fraction(int(z)) for z in found[:3]]
    assert found.r == 0
    assert all(here[i] * row[j] == here[j] * row[i] for i in range(3) for j in range(i))
    assert [np.sign(z) for z in here] == [np.sign(z) for z in row]


@pytest.mark.parametrize("worth", [0.0, 2.0, np.inf])
@settings(max_examples=15, deadline=None)
@given(st.one_of(deep, shallow, of_units), orders)
def test_lines_asked_in_any_order_are_those_of_the_forward_maps(worth, network, order):
    random = Random(order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rational, "WORTH", worth)
        sub = enumerate_regions(network).subdivision
        maps, asked = sub.lines.maps.fresh(), every_cut(sub)
        random.shuffle(asked)
        for layer, cell, cut in asked[:60]:
            assert_same_line(maps.cut(layer, cell, cut), expected(sub, layer, cell, cut))
            if random.random() < 0.1:
                rows, scale = maps.affine(layer, cell)
                found = [Fraction(int(z), int(scale)) for z in rows.entries()]
                assert found == forward(sub, layer, cell).ravel().tolist()


@settings(max_examples=15, deadline=None)
@given(networks(3, 3, 3, 3, 2, act=several), slices(3), orders)
def test_the_integers_do_not_depend_on_what_was_asked_before(network, plane, order):
    random = Random(order)
    sub = enumerate_regions(network, slice=plane).subdivision
    asked = every_cut(sub)
    lines = {}
    for maps in (sub.lines.maps.fresh(), pickle.loads(pickle.dumps(sub.lines.maps))):
        random.shuffle(asked)
        for key in asked + asked[:20]:
            assert maps.cut(*key) == lines.setdefault(key, maps.cut(*key))
        outputs = len(network.layers)
        for cell in range(min(5, sub.mesh.n_cells)):
            known = maps.affine(outputs, cell)
            assert known.rows == lines.setdefault((outputs, cell), known).rows


@pytest.mark.parametrize("seed", range(4))
def test_few_maps_are_remembered_and_forgotten_ones_do_no_harm(seed, monkeypatch):
    monkeypatch.setattr(rational, "REMEMBERED", 3)
    monkeypatch.setattr(rational, "AT_HAND", 3)
    sub = enumerate_regions(few_weights(seed)[0]).subdivision
    maps, asked = sub.lines.maps.fresh(), every_cut(sub)
    np.random.default_rng(seed).shuffle(asked)
    for key in asked[:40]:
        assert_same_line(maps.cut(*key), expected(sub, *key))
    for memory in (maps.affine, maps._station, maps._pieces, maps._weights_of):
        assert memory.cache_info().currsize <= 3


def deep_subdivision(depth=8, width=6):
    rng = np.random.default_rng(1)
    layers = [(rng.normal(size=(width, 2)), rng.normal(size=width))]
    layers += [(rng.normal(0, 0.6, (width, width)), rng.normal(size=width)) for _ in range(depth - 1)]
    return enumerate_regions(Network([*layers, (np.ones((1, width)), [0])])).subdivision


class Counted(rational.RationalMaps):
    """Counts the maps that are computed."""

    computed = 0

    def _map(self, layer, cell):
        self.computed += self._station(layer, cell).map is None
        return super()._map(layer, cell)


def test_a_map_is_computed_where_enough_rows_came_by_and_nowhere_else():
    sub = deep_subdivision()
    maps = Counted(sub.network, sub.frame, sub.levels)
    maps.cut(8, 0, 0)
    maps.cut(8, 0, 1)
    assert maps.computed == 0
    maps.cut(8, 0, 2)
    assert maps.computed == 8
    maps.cut(8, 0, 3)
    assert maps.computed == 8


def test_lines_far_apart_compute_the_maps_of_their_common_ancestors_alone():
    sub = deep_subdivision()
    maps = Counted(sub.network, sub.frame, sub.levels)
    cells = np.linspace(0, len(sub.levels[7].parent) - 1, 9).astype(int).tolist()
    came_by: dict[tuple[int, int], int] = {}
    for cell in cells:
        maps.cut(8, cell, 0)
        for layer in range(8, 0, -1):
            came_by[layer, cell] = came_by.get((layer, cell), 0) + 1
            cell = int(sub.levels[layer - 1].parent[cell])
    often = {key for key, times in came_by.items() if times > rational.WORTH}
    assert 0 < maps.computed <= len(often) < len(came_by) / 2


def regions(cells):
    """Patterns and exact corners of all cells."""
    return {
        (*pattern, frozenset(cells.exact_vertex(v) for v in cells.corners(k).tolist()))
        for k, pattern in enumerate(cells.activation_patterns.tolist())
    }


@pytest.mark.parametrize("act", ["relu", "leaky_relu", "abs", STEPS])
def test_cells_are_the_same_where_every_sign_is_rational(act):
    rng = np.random.default_rng(5)
    sizes = [(4, 2), (4, 4), (4, 4), (1, 4)]
    network = Network([(rng.integers(-3, 4, s) / 2, rng.integers(-2, 3, s[0])) for s in sizes], act)
    plane = Slice((0, 0), (1, Fraction(1, 3)), (0, 1))
    known = enumerate_regions(network, slice=plane)
    with exact_arithmetic():
        again = enumerate_regions(network, slice=plane)
    assert again.subdivision.tally.rational > 0
    assert regions(again) == regions(known)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=4, max_size=4))
def test_floats_become_the_integers_of_their_fractions(numbers):
    assert integer_floats(np.array(numbers).reshape(2, 2)) == integer_matrix([numbers[:2], numbers[2:]])
