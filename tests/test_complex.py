"""CellComplex: topology, coordinates, and what the network does on each cell."""

import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from builders import lines, random_net, with_relu_twice
from oracle import oracle
from small_complexes import FAR_SQUARE, NETS, cells_of, each_net, exact_points, pattern_at
from zoo import ZOO

from geomtoy import Network, PiecewiseLinear, Slice, count_regions, enumerate_regions
from geomtoy.answers.shapes import shapes

# Topology


@each_net
def test_edges_and_cells_know_each_other(name):
    cells = cells_of(name)
    borders = {(k, int(e)) for k in range(len(cells)) for e in cells.cell_edges(k)}
    claims = {(int(k), e) for e, sides in enumerate(cells.edge_cells) for k in sides if k >= 0}
    assert borders == claims
    for k in range(len(cells)):
        around = cells.corners(k)
        for v, w, e in zip(around, np.roll(around, -1), cells.cell_edges(k), strict=True):
            assert {v, w} == set(cells.edges[e])


@each_net
def test_neighbours_are_mutual_and_across_an_edge(name):
    cells = cells_of(name)
    pairs = {tuple(sorted(sides)) for sides in cells.edge_cells.tolist() if min(sides) >= 0}
    found = {(k, int(n)) for k in range(len(cells)) for n in cells.neighbours(k)}
    assert found == pairs | {(q, p) for p, q in pairs}


@each_net
def test_cells_are_numbered_as_entries_of_lists_are(name):
    cells = cells_of(name)
    n = len(cells)
    for ask in (cells.corners, cells.cell_edges, cells.neighbours, cells.polygon):
        np.testing.assert_array_equal(ask(-1), ask(n - 1))
        for outside in (n, -n - 1):
            with pytest.raises(IndexError):
                ask(outside)


@each_net
def test_edges_run_with_their_left_cell_on_the_left(name):
    cells = cells_of(name)
    middle = np.array([cells.polygon(k).mean(axis=0) for k in range(len(cells))])
    tail, head = cells.vertices[cells.edges].transpose(1, 0, 2)
    for side, sign in ((0, 1), (1, -1)):
        inner = cells.edge_cells[:, side] >= 0
        along, toward = (head - tail)[inner], middle[cells.edge_cells[inner, side]] - tail[inner]
        assert (sign * (along[:, 0] * toward[:, 1] - along[:, 1] * toward[:, 0]) > -1e-12).all()


@each_net
def test_sides_of_the_window_are_edges_of_layer_0_with_one_cell(name):
    cells = cells_of(name)
    outer = (cells.edge_cells < 0).any(axis=1)
    np.testing.assert_array_equal(outer, cells.edge_layer == 0)
    assert set(cells.edge_unit[outer]) == {0, 1, 2, 3}
    assert not any(cells.switches(e) for e in np.flatnonzero(outer))


@each_net
def test_the_unit_of_an_edge_switches_across_it(name):
    cells = cells_of(name)
    for e in np.flatnonzero(cells.edge_layer):
        assert (cells.edge_layer[e], cells.edge_unit[e]) in cells.switches(e)


def test_twin_units_switch_together_and_the_first_labels_the_edge():
    cells = enumerate_regions(lines((1, 0, 0), (0, 1, 0), (2, 0, 0), (0, -3, 0)))
    switches = [cells.switches(e) for e in np.flatnonzero(cells.edge_layer)]
    assert sorted(switches) == [[(1, 0), (1, 2)]] * 2 + [[(1, 1), (1, 3)]] * 2
    assert set(cells.edge_unit[cells.edge_layer == 1]) == {0, 1}


def test_units_of_later_layers_that_follow_switch_too():
    cells = enumerate_regions(with_relu_twice(lines((1, 0, 0))))
    [edge] = np.flatnonzero(cells.edge_layer)
    assert cells.switches(edge) == [(1, 0), (2, 0)]


@each_net
def test_patterns_are_unique_and_one_by_one_the_same(name):
    cells = cells_of(name)
    assert len(np.unique(cells.activation_patterns, axis=0)) == len(cells)
    for k in (0, len(cells) // 2, len(cells) - 1):
        np.testing.assert_array_equal(cells.activation_pattern(k), cells.activation_patterns[k])


# Coordinates


@each_net
def test_vertices_are_near_the_exact_ones_within_their_bound(name):
    cells = cells_of(name)
    for v in range(cells.n_vertices):
        for near, exact in zip(cells.vertices[v], cells.exact_vertex(v), strict=True):
            assert abs(Fraction(near) - exact) <= Fraction(cells.vertex_error[v]) + Fraction(1, 10**15)


@each_net
def test_areas_add_up_to_the_windows(name):
    cells = cells_of(name)
    assert (cells.areas() > 0).all()
    assert cells.areas().sum() == pytest.approx(36, rel=1e-13)


@pytest.mark.parametrize("name", ["thirds", "rational_tenths", "folded_square", "clockwise_pentagon"])
def test_areas_are_those_of_exact_rationals(name):
    animal = ZOO[name]()
    cells = enumerate_regions(animal.network, window=animal.window)
    exact = {
        cell.pattern: float(cell.area) for cell in oracle(animal.network, window=animal.window).cells
    }
    expected = [exact[tuple(map(int, pattern))] for pattern in cells.activation_patterns]
    np.testing.assert_allclose(cells.areas(), expected, rtol=1e-12)


@pytest.mark.parametrize("scale", [Fraction(1, 2**400), Fraction(1, 10**7), 10**9, 2**400])
@pytest.mark.parametrize("shift", [0, 5])
def test_windows_of_all_sizes_and_places_show_the_same_cells(scale, shift):
    net = random_net(2, 6, 5, 1, seed=9, denominator=2)
    place = Slice((-shift, -shift), (1 / Fraction(scale), 0), (0, 1 / Fraction(scale)))
    corners = [((x + shift) * scale, (y + shift) * scale) for x, y in FAR_SQUARE]
    cells, plain = (
        enumerate_regions(net, slice=place, window=corners),
        enumerate_regions(net, window=FAR_SQUARE),
    )
    np.testing.assert_array_equal(cells.activation_patterns, plain.activation_patterns)
    np.testing.assert_allclose(cells.areas() / float(scale) ** 2, plain.areas(), rtol=1e-9)
    np.testing.assert_allclose(cells.A_omega * float(scale), plain.A_omega, rtol=1e-9, atol=1e-9)


def test_areas_and_lengths_far_from_the_origin_are_those_near_it():
    """Slice coordinates there are rounded to thousandths of the cells; areas are not."""
    net = random_net(2, 6, 5, 1, seed=9, denominator=2)
    shift = 10**12
    place = Slice((-shift, -shift), (1, 0), (0, 1))
    corners = [(x + shift, y + shift) for x, y in FAR_SQUARE]
    far, near = (
        enumerate_regions(net, slice=place, window=corners),
        enumerate_regions(net, window=FAR_SQUARE),
    )
    np.testing.assert_allclose(far.areas(), near.areas(), rtol=1e-9)
    np.testing.assert_allclose(shapes(far).lengths, shapes(near).lengths, rtol=1e-9)


# What the network does


@each_net
def test_the_maps_give_the_networks_values(name):
    cells, net = cells_of(name), NETS[name]
    middle = np.array([cells.polygon(k).mean(axis=0) for k in range(len(cells))])
    values = np.einsum("kij,kj->ki", cells.A_omega, middle) + cells.b_omega
    np.testing.assert_allclose(values, net(middle), rtol=1e-9, atol=1e-9)
    assert cells.A_omega.shape == (len(cells), net.d_out, 2)


@each_net
def test_the_exact_maps_are_near_and_agree_with_the_network_exactly(name):
    cells, net = cells_of(name), NETS[name]
    size = max(np.abs(cells.A_omega).max(), np.abs(cells.b_omega).max())
    for k in range(0, len(cells), 1 + len(cells) // 10):
        slopes, offsets = cells.exact_map(k)
        np.testing.assert_allclose(np.array(slopes, float), cells.A_omega[k], atol=2.0**-29 * size)
        np.testing.assert_allclose(np.array(offsets, float), cells.b_omega[k], atol=2.0**-29 * size)
        corner = cells.exact_vertex(cells.corners(k)[0])
        value = [a * corner[0] + b * corner[1] + c for (a, b), c in zip(slopes, offsets, strict=True)]
        assert net(exact_points([corner]))[0].tolist() == value


@each_net
def test_every_sampled_pattern_is_enumerated(name):
    cells, net = cells_of(name), NETS[name]
    points = exact_points(np.random.default_rng(0).uniform(-3, 3, (100, 2)))
    known = {tuple(row) for row in cells.activation_patterns.tolist()}
    assert {tuple(row) for row in pattern_at(net, points).tolist()} <= known


def test_no_hidden_layer_is_one_cell_with_an_empty_pattern():
    cells = cells_of("no hidden layer")
    assert (len(cells), cells.n_vertices, cells.n_edges) == (1, 4, 4)
    assert cells.activation_patterns.shape == (1, 0)
    assert cells.locate([[0, 0], [4, 0]]).tolist() == [0, -1]
    assert cells.n_linear_regions == 1


@pytest.mark.parametrize("acts", ["identity", ["identity", "relu"], ["relu", "identity"]])
def test_identity_activations_cut_nothing(acts):
    net = Network(random_net(2, 4, 3, 1, seed=7).layers, acts)
    cells = enumerate_regions(net, window=FAR_SQUARE)
    exact = {cell.pattern for cell in oracle(net, window=FAR_SQUARE).cells}
    assert {tuple(row) for row in cells.activation_patterns.tolist()} == exact
    assert cells.certify().valid


def test_float32_weights_are_the_rationals_that_they_are():
    """1/10 as a float32 is above 1/10, so the lines bound a triangle; with Fractions they do not."""
    rows = np.array([(1, 0, -0.1), (0, 1, -0.2), (1, 1, -0.3)], np.float32)
    assert len(enumerate_regions(lines(*rows))) == oracle(lines(*rows), window=FAR_SQUARE).regions
    assert len(enumerate_regions(lines(*rows.astype(float)))) == len(enumerate_regions(lines(*rows)))


def test_a_very_wide_layer_matches_the_count_of_its_lines():
    W, b = random_net(2, 300, seed=11).layers[0]
    net = Network([(W, 0.3 * b), (np.ones((1, 300)), [0])])
    cells = enumerate_regions(net)
    assert len(cells) == count_regions(net, linear=False).regions
    assert cells.n_vertices - cells.n_edges + len(cells) == 1
    assert cells.areas().sum() == pytest.approx(4, rel=1e-12)
    crossings = cells.n_vertices - 4 - np.count_nonzero(cells.edge_layer == 0) + 4
    through = len({int(u) for u in cells.edge_unit[cells.edge_layer == 1]})
    assert len(cells) == 1 + through + crossings


def test_a_unit_may_have_more_than_127_breakpoints():
    comb = PiecewiseLinear(range(1, 201), [(-1) ** k for k in range(201)])
    net = Network([([[1.0]], [0.0]), ([[1.0]], [0.0])], comb)
    pieces = enumerate_regions(net, window=(0, 201))
    assert pieces.activation_patterns.ravel().tolist() == list(range(201))


def test_vertices_of_huge_weights_are_numbers():
    huge = Network([([[1e200, 1.0], [1e200, -1.0]], [0.5e200, 0.5e200]), ([[1.0, 1.0]], [0.0])])
    cells = enumerate_regions(huge)
    assert len(cells) == 4
    assert np.isfinite(cells.vertices).all()
    assert np.isfinite(cells.areas()).all()


def test_huge_weights_on_subnormal_ones_count_right():
    """The second layer's line is that of the fourth unit, x = y, and cuts nothing new."""
    e, W1 = 5e-324, 2.0**900 * (1 + 2.0**-52)
    W3 = float(Fraction(3 * W1) - 3 * Fraction(W1))
    first = ([[3 * e, 0], [e, 0], [0, e], [-1, 1]], [0] * 4)
    net = Network([first, ([[W1, -3 * W1, W3, 0]], [0]), ([[1]], [0])])
    assert count_regions(net).regions == 6


def test_a_result_holds_no_working_maps():
    """What it keeps is of the mesh's size, also after questions that rationals answered."""
    cells = enumerate_regions(random_net(2, 48, 48, 48, 1, seed=0))
    mesh = sum(array.nbytes for array in cells.subdivision.mesh if isinstance(array, np.ndarray))
    cells.exact_map(0), cells.exact_vertex(10), cells.certify()
    levels = sum(array.nbytes for level in cells.subdivision.levels for array in level)
    assert len(pickle.dumps(replace(cells.subdivision))) < 2 * mesh + levels
