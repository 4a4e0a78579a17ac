"""CellComplex and Pieces: topology, coordinates, maps, point location, exports."""

import json
from fractions import Fraction
from functools import cache
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import oracle
from strategies import STEPS, activations, networks, windows
from zoo import ZOO, lines, random_net, tent, with_relu_twice

from geomtoy import Network, PiecewiseLinear, Segment, Slice, count_regions, enumerate_regions
from geomtoy.errors import BudgetError, SliceError, WindowError
from geomtoy.regions import threads
from geomtoy.regions.export import pieces_to_arrays, to_arrays, to_geojson, to_networkx, to_shapely

FAR_SQUARE = ((-3, -3), (3, -3), (3, 3), (-3, 3))
NETS = {
    "one layer": random_net(2, 12, 1, seed=0),
    "two layers": random_net(2, 8, 8, 3, seed=1),
    "integers": random_net(2, 5, 5, 5, 1, seed=2, denominator=1),
    "steps": Network(random_net(2, 5, 4, 2, seed=3).layers, [STEPS, "abs"]),
    "deep and narrow": random_net(2, *[8] * 10, 1, seed=4),
    "one unit": random_net(2, 1, 1, seed=5),
    "no hidden layer": random_net(2, 2, seed=6),
    "float32": Network([(W.astype(np.float32), b) for W, b in random_net(2, 6, 6, 1, seed=8).layers]),
}
each_net = pytest.mark.parametrize("name", NETS)


@cache
def cells_of(name):
    return enumerate_regions(NETS[name], window=FAR_SQUARE)


def exact_points(rows):
    return np.array([[Fraction(z) for z in row] for row in rows], dtype=object)


def pattern_at(net, points):
    """Pieces of all units at exact points, each breakpoint belonging to the piece on its left."""
    z = net.preactivations(points)
    parts = [
        np.vectorize(act.piece, otypes=[int])(part) for part, act in zip(z, net.activations, strict=True)
    ]
    return np.concatenate([np.empty((len(points), 0), int), *parts], axis=1)


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
    assert (cells.areas > 0).all()
    assert cells.areas.sum() == pytest.approx(36, rel=1e-13)


@pytest.mark.parametrize("name", ["thirds", "rational_tenths", "folded_square", "clockwise_pentagon"])
def test_areas_are_those_of_exact_rationals(name):
    animal = ZOO[name]()
    cells = enumerate_regions(animal.network, window=animal.window)
    exact = {
        cell.pattern: float(cell.area) for cell in oracle(animal.network, window=animal.window).cells
    }
    expected = [exact[tuple(map(int, pattern))] for pattern in cells.activation_patterns]
    np.testing.assert_allclose(cells.areas, expected, rtol=1e-12)


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
    np.testing.assert_allclose(cells.areas / float(scale) ** 2, plain.areas, rtol=1e-9)
    np.testing.assert_allclose(cells.A_omega * float(scale), plain.A_omega, rtol=1e-9, atol=1e-9)


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
    assert cells.areas.sum() == pytest.approx(4, rel=1e-12)
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
    assert np.isfinite(cells.areas).all()


def test_huge_weights_on_subnormal_ones_count_right():
    """The second layer's line is that of the fourth unit, x = y, and cuts nothing new."""
    e, W1 = 5e-324, 2.0**900 * (1 + 2.0**-52)
    W3 = float(Fraction(3 * W1) - 3 * Fraction(W1))
    first = ([[3 * e, 0], [e, 0], [0, e], [-1, 1]], [0] * 4)
    net = Network([first, ([[W1, -3 * W1, W3, 0]], [0]), ([[1]], [0])])
    assert count_regions(net).regions == 6


# Point location


@each_net
def test_many_points_are_in_the_cells_of_their_patterns(name):
    cells, net = cells_of(name), NETS[name]
    points = np.random.default_rng(1).uniform(-3, 3, (50_000, 2))
    z, clear = net.preactivations(points), np.ones(len(points), bool)
    pieces = [np.empty((len(points), 0))]
    for part, act in zip(z, net.activations, strict=True):
        tau = np.array(act.breakpoints, float)
        clear &= (np.abs(part[:, :, None] - tau) > 1e-6).all(axis=(1, 2))
        pieces.append(np.searchsorted(tau, part, side="left"))
    found = cells.locate(points)
    assert clear.mean() > 0.5
    np.testing.assert_array_equal(cells.activation_patterns[found[clear]], np.hstack(pieces)[clear])


@each_net
def test_vertices_are_in_the_least_of_their_cells(name):
    cells = cells_of(name)
    least = np.full(cells.n_vertices, len(cells))
    for k in reversed(range(len(cells))):
        least[cells.corners(k)] = k
    some = range(0, cells.n_vertices, 1 + cells.n_vertices // 60)
    points = exact_points([cells.exact_vertex(v) for v in some])
    np.testing.assert_array_equal(cells.locate(points), least[some])


@each_net
def test_middles_of_edges_are_in_the_least_of_their_cells(name):
    cells = cells_of(name)
    some = range(0, cells.n_edges, 1 + cells.n_edges // 60)
    ends = [[exact_points([cells.exact_vertex(v)])[0] for v in cells.edges[e]] for e in some]
    sides = cells.edge_cells[some]
    expected = np.where(sides.min(axis=1) < 0, sides.max(axis=1), sides.min(axis=1))
    np.testing.assert_array_equal(cells.locate([(p + q) / 2 for p, q in ends]), expected)


@settings(max_examples=40)
@given(
    networks(2, 4, 4, 1, act=activations),
    windows,
    st.tuples(*[st.fractions(-3, 3, max_denominator=8)] * 2),
)
def test_points_of_small_rationals_are_found_exactly(net, window, point):
    cells = enumerate_regions(net, window=window)
    truth = [cell for cell in oracle(net, window=window).cells if holds(cell.corners, point)]
    names = {tuple(row): k for k, row in enumerate(cells.activation_patterns.tolist())}
    expected = min((names[cell.pattern] for cell in truth), default=-1)
    assert cells.locate(exact_points([point])).tolist() == [expected]


def holds(corners, point):
    turns = [
        (q[0] - p[0]) * (point[1] - p[1]) - (q[1] - p[1]) * (point[0] - p[0])
        for p, q in zip(corners, [*corners[1:], corners[0]], strict=True)
    ]
    return min(turns) >= 0


def test_points_next_to_a_line_are_on_their_own_side():
    """x = 1/3 lies between two floats; (1/3, 0) itself is on the line."""
    cells = enumerate_regions(Network([([[3.0, 0.0]], [-1.0]), ([[1.0]], [0.0])]))
    third = Fraction(1, 3)
    tiny = Fraction(1, 10**40)
    points = exact_points([(third - tiny, 0), (third, 0), (third + tiny, 0), (1 / 3, 0)])
    found = cells.activation_patterns[cells.locate(points), 0].tolist()
    assert found[0::2] == [0, 1]
    assert found[3] == 0
    assert cells.locate(points[[1]])[0] == 0


def test_points_outside_the_window_are_in_no_cell():
    cells = enumerate_regions(random_net(2, 5, 1, seed=1))
    just_outside = np.nextafter(1, 2)
    points = [(1, 1), (1, just_outside), (just_outside, 0), (0, -just_outside), (1e300, 0), (-1, -1)]
    np.testing.assert_array_equal(cells.locate(points) >= 0, [True, False, False, False, False, True])


def test_points_next_to_slanted_sides_are_inside_or_outside_exactly():
    """On the sides, rounded, and a few ulps to either side of them."""
    corners = ((0, 0), (3, 1), (1, 3))
    share = np.arange(1, 40)[:, None] / 40
    sides = [p + share * np.subtract(q, p) for p, q in pairwise([*corners, corners[0]])]
    points = np.concatenate([side + ulps * np.spacing(side) for side in sides for ulps in (-2, 0, 1)])
    found = enumerate_regions(random_net(2, 1, seed=0), window=corners).locate(points)
    inside = [holds(corners, point) for point in exact_points(points)]
    assert 0 < sum(inside) < len(points)
    np.testing.assert_array_equal(found == 0, inside)


def test_no_points_are_in_no_cells():
    assert cells_of("one layer").locate(np.empty((0, 2))).shape == (0,)


@pytest.mark.parametrize("points", [[0, 0], [[0, 0, 0]], [[np.nan, 0]], [[0, np.inf]]])
def test_what_is_no_point_is_refused(points):
    with pytest.raises(SliceError, match=r"give an array \(n, 2\)|give finite slice coordinates"):
        cells_of("one layer").locate(points)


SHIFT = 10**8
FAR_SLICE = Slice((-SHIFT, 0), (1, 0), (0, 1))
FAR_WINDOW = [(SHIFT + x, y) for x, y in FAR_SQUARE]


def test_fractions_far_from_the_origin_are_not_rounded():
    net = Network([([[3.0, 0.0]], [-1.0]), ([[1.0]], [0.0])])
    cells = enumerate_regions(net, slice=FAR_SLICE, window=FAR_WINDOW)
    line = SHIFT + Fraction(1, 3)
    points = exact_points([(line - Fraction(1, 10**10), 0), (line + Fraction(1, 10**10), 0)])
    assert cells.activation_patterns[cells.locate(points), 0].tolist() == [0, 1]


def test_integers_beyond_float64_are_not_rounded():
    plane = Slice((-(2**60), 0), (1, 0), (0, 1))
    window = [(2**60 + 100 * x, y) for x, y in FAR_SQUARE]
    cells = enumerate_regions(lines((1, 0, -50)), slice=plane, window=window)
    points = np.array([[2**60 + 60, 0], [2**60 + 40, 0]])
    assert cells.activation_patterns[cells.locate(points), 0].tolist() == [1, 0]


# The whole plane


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 20])
def test_lines_in_general_position_cut_the_plane_as_buck_counted(n):
    net = random_net(2, n, 1, seed=n) if n else random_net(2, 1, seed=0)
    cells = enumerate_regions(net, window=None)
    assert len(cells) == 1 + n + n * (n - 1) // 2
    assert np.count_nonzero(np.isinf(cells.areas)) == (2 * n or 1)
    assert count_regions(net, window=None, linear=False).regions == len(cells)


DEGENERATE = {
    "parallel": ([(1, 2, c) for c in range(-3, 4)], 8),
    "through one point": ([(a, b, -a - b) for a, b in [(1, 0), (0, 1), (1, 1), (1, -1), (3, 1)]], 10),
    "a grid": ([(1, 0, c) for c in range(3)] + [(0, 1, c) for c in range(4)], 20),
    "a slanted grid": ([(1, 1, c) for c in range(3)] + [(1, -1, c) for c in range(4)], 20),
    "one ulp from parallel": ([(1, -1, 1), (1, -np.nextafter(1, 2), -1), (1, 1, 0)], 7),
    "one ulp from the diagonal": ([(1, -np.nextafter(1, 2), 5), (1, -np.nextafter(1, 0), -5)], 4),
    "parallel and across": ([(1, 1, c) for c in range(3)] + [(1, 2, 0)], 8),
}


@pytest.mark.parametrize(("rows", "regions"), DEGENERATE.values(), ids=DEGENERATE.keys())
def test_parallel_and_concurrent_lines_meet_as_they_should_at_infinity(rows, regions):
    net = lines(*rows)
    assert count_regions(net, window=None).regions == regions
    assert count_regions(net, window=None, linear=False).regions == regions
    assert count_regions(with_relu_twice(net), window=None).regions == regions
    assert enumerate_regions(net, window=None).certify().valid


def test_the_whole_plane_has_vertices_at_infinity_and_a_place_for_every_point():
    net = random_net(2, 6, 5, 1, seed=12)
    cells = enumerate_regions(net, window=None)
    assert cells.at_infinity.any()
    assert np.isfinite(cells.areas).any()
    with pytest.raises(ValueError, match="lies at infinity; look at its direction"):
        cells.exact_vertex(int(np.flatnonzero(cells.at_infinity)[0]))
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 2)) * 10.0 ** rng.integers(-3, 30, (200, 1))
    expected = pattern_at(net, exact_points(points))
    np.testing.assert_array_equal(cells.activation_patterns[cells.locate(points)], expected)


def test_the_bounded_cells_of_the_plane_are_those_of_a_large_window():
    net = random_net(2, 5, 4, 1, seed=13, denominator=2)
    plane, window = (
        enumerate_regions(net, window=None),
        enumerate_regions(net, window=10**4 * np.array(FAR_SQUARE, float)),
    )
    areas = dict(zip(map(tuple, window.activation_patterns), window.areas, strict=True))
    for pattern, area in zip(plane.activation_patterns, plane.areas, strict=True):
        if np.isfinite(area):
            assert areas[tuple(pattern)] == pytest.approx(area, rel=1e-6)


# Exports


@each_net
def test_polygons_are_valid_and_fill_the_window(name):
    cells = cells_of(name)
    polygons = to_shapely(cells)
    assert shapely.is_valid(polygons).all()
    assert shapely.is_ccw(shapely.get_exterior_ring(polygons)).all()
    np.testing.assert_allclose(shapely.area(polygons), cells.areas, rtol=1e-9, atol=1e-14)
    assert shapely.union_all(polygons, grid_size=2.0**-30).area == pytest.approx(36)


def test_shapely_finds_the_same_cells_between_the_lines():
    net = NETS["one layer"]
    far = 1e3 * np.array([[-1.0], [1.0]])
    drawn = [
        shapely.LineString(-c / (a @ a) * a + far * [-a[1], a[0]] / np.hypot(*a))
        for a, c in zip(*net.layers[0], strict=True)
    ]
    square = shapely.box(-3, -3, 3, 3)
    ring = shapely.union_all([square.exterior, *[line.intersection(square) for line in drawn]])
    found = [p for p in shapely.polygonize([ring]).geoms if p.area > 1e-12]
    cells = cells_of("one layer")
    np.testing.assert_allclose(sorted(p.area for p in found), np.sort(cells.areas), rtol=1e-6)


@each_net
def test_the_graph_joins_the_cells_that_share_an_edge(name):
    cells, graph = cells_of(name), to_networkx(cells_of(name))
    inner = np.flatnonzero((cells.edge_cells >= 0).all(axis=1))
    assert (len(graph), graph.number_of_edges()) == (len(cells), len(inner))
    assert nx.is_connected(graph)
    for p, q, data in graph.edges(data=True):
        assert {p, q} == set(cells.edge_cells[data["edge"]])
        assert (data["layer"], data["unit"]) in cells.switches(data["edge"])
    assert sum(area for _, area in graph.nodes(data="area")) == pytest.approx(36)


def test_geojson_survives_a_round_trip_and_holds_the_maps():
    cells = cells_of("steps")
    found = json.loads(json.dumps(to_geojson(cells), allow_nan=False))
    polygons = shapely.get_parts(shapely.from_geojson(json.dumps(found)))
    np.testing.assert_allclose(shapely.area(polygons), cells.areas)
    for k, feature in enumerate(found["features"]):
        about = feature["properties"]
        assert feature["id"] == k
        assert [int(piece) for piece in about["activation_pattern"]] == cells.activation_patterns[
            k
        ].tolist()
        assert about["neighbours"] == cells.neighbours(k).tolist()
        np.testing.assert_array_equal(about["A_omega"], cells.A_omega[k])


def test_arrays_can_be_saved_and_rebuild_the_polygons(tmp_path):
    cells = cells_of("two layers")
    np.savez(tmp_path / "cells.npz", **to_arrays(cells))
    with np.load(tmp_path / "cells.npz", allow_pickle=False) as arrays:
        start, corners = arrays["cell_start"], arrays["vertices"][arrays["cell_corners"]]
        for k, (low, high) in enumerate(pairwise(start)):
            np.testing.assert_array_equal(corners[low:high], cells.polygon(k))
        np.testing.assert_array_equal(arrays["linear_region"], cells.linear_region)


@pytest.mark.parametrize("export", [to_shapely, to_geojson])
def test_unbounded_cells_are_no_polygons(export):
    with pytest.raises(WindowError, match="cannot hold unbounded cells; enumerate inside a window"):
        export(enumerate_regions(random_net(2, 3, 1, seed=0), window=None))


# Pieces of a line


def test_breakpoints_pieces_and_slopes_of_a_tent():
    pieces = enumerate_regions(tent(3), window=(0, 1))
    np.testing.assert_array_equal(pieces.breakpoints, np.arange(1, 8) / 8)
    assert pieces.exact_breakpoints() == [Fraction(k, 8) for k in range(1, 8)]
    assert pieces.slopes.ravel().tolist() == [8, -8] * 4
    assert pieces.offsets.ravel().tolist() == [0, 2, -2, 4, -4, 6, -6, 8]
    assert (pieces.breakpoint_layer.tolist(), len(pieces)) == ([3, 2, 3, 1, 3, 2, 3], 8)
    assert pieces.linear_region.tolist() == list(range(8))


@pytest.mark.parametrize(
    "net", [random_net(1, 9, 7, 2, seed=1), random_net(1, 5, 5, 1, seed=2, denominator=3)]
)
@pytest.mark.parametrize("window", [(-2, 2), None])
def test_pieces_give_the_networks_values(net, window):
    pieces = enumerate_regions(net, window=window)
    points = np.random.default_rng(0).uniform(-2, 2, 500)
    k = pieces.locate(points)
    values = pieces.slopes[k] * points[:, None] + pieces.offsets[k]
    np.testing.assert_allclose(values, net(points[:, None]), rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(k, np.searchsorted(pieces.breakpoints, points, side="left"))


def test_a_breakpoint_is_in_the_piece_on_its_left():
    pieces = enumerate_regions(tent(3), window=(0, 1))
    points = np.array([0, 1 / 8, np.nextafter(1 / 8, 1), 7 / 8, 1, np.nextafter(1, 2), -1])
    assert pieces.locate(points).tolist() == [0, 0, 1, 6, 7, -1, -1]


def test_breakpoints_between_floats_are_exact():
    pieces = enumerate_regions(Network([([[3.0]], [-1.0]), ([[1.0]], [0.0])]), window=(0, 1))
    third = Fraction(1, 3)
    assert pieces.exact_breakpoints() == [third]
    points = np.array([third - Fraction(1, 10**30), third, third + Fraction(1, 10**30)], dtype=object)
    assert pieces.locate(points).tolist() == [0, 0, 1]


def test_pieces_with_one_slope_are_one_linear_region_where_they_touch():
    net = Network([([[1.0], [1.0], [-1.0]], [0.0, -1.0, 0.0]), ([[1.0, 0.0, -1.0]], [0.0])])
    pieces = enumerate_regions(net, window=(-2, 2))
    assert pieces.breakpoints.tolist() == [0, 1]
    assert pieces.linear_region.tolist() == [0, 0, 0]
    assert pieces.n_linear_regions == 1


def test_a_segment_shows_the_network_along_it():
    net, path = random_net(3, 6, 6, 1, seed=3), Segment((0, 0, 1), (1, -1, 0.5))
    pieces = enumerate_regions(net, slice=path, window=(-3, 3))
    t = np.linspace(-3, 3, 101)
    k = pieces.locate(t)
    values = pieces.slopes[k] * t[:, None] + pieces.offsets[k]
    np.testing.assert_allclose(values, net(path.embed(t)), atol=1e-10)


def test_a_network_without_units_is_one_piece():
    pieces = enumerate_regions(random_net(1, 2, seed=0))
    assert len(pieces) == 1
    assert pieces.breakpoints.shape == (0,)
    assert pieces.slopes.shape == (1, 2)


def test_arrays_of_pieces_can_be_saved(tmp_path):
    pieces = enumerate_regions(random_net(1, 4, 4, 1, seed=5))
    np.savez(tmp_path / "pieces.npz", **pieces_to_arrays(pieces))
    with np.load(tmp_path / "pieces.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["breakpoints"], pieces.breakpoints)
        assert len(arrays["slopes"]) == len(pieces)


def test_breakpoints_in_a_tiny_interval_are_near_for_its_size():
    bias = [-(1 / 3 + 0.1 / 7) - 1e-14, -0.17 + 1e-15]
    layers = [
        ([[1.0], [1 / 3]], [1.0, 0.1]),
        ([[1 / 3, 1 / 7], [0.1, 0.7]], bias),
        ([[1.0, 1.0]], [0.0]),
    ]
    pieces = enumerate_regions(Network(layers), window=(-1e-12, 1e-12))
    exact = np.array(pieces.exact_breakpoints(), float)
    assert len(exact) == 2
    np.testing.assert_allclose(pieces.breakpoints, exact, rtol=0, atol=2.0**-20 * 2e-12)


# Stopping, and threads


@pytest.mark.parametrize("run", [count_regions, enumerate_regions])
def test_too_many_regions_stop_the_run(run):
    net = random_net(2, 10, 10, 1, seed=0)
    n = len(enumerate_regions(net))
    assert run(net, max_regions=n)
    with pytest.raises(
        BudgetError, match=rf"makes {n} regions, more than max_regions = {n - 1}; raise it"
    ):
        run(net, max_regions=n - 1)


@pytest.mark.parametrize("act", ["relu", STEPS])
def test_results_do_not_depend_on_the_number_of_threads(monkeypatch, act):
    net = Network(random_net(2, 12, 12, 8, 2, seed=6).layers, act)
    monkeypatch.setattr(threads, "WORTH", 10**18)
    alone = to_arrays(enumerate_regions(net))
    monkeypatch.setattr(threads, "WORTH", 0)
    for cores in (1, 2, 7):
        monkeypatch.setattr(
            "os.sched_getaffinity", lambda _, cores=cores: set(range(cores)), raising=False
        )
        for name, array in to_arrays(enumerate_regions(net)).items():
            np.testing.assert_array_equal(array, alone[name], err_msg=name)


def test_errors_in_threads_are_raised():
    def run(low, high):
        raise RuntimeError(f"block {low}")

    with pytest.raises(RuntimeError, match="block"):
        threads.in_blocks(run, 10, work=10**9)


@pytest.mark.parametrize(("n", "cores"), [(1, 4), (2, 4), (1000, 3), (5, 1)])
def test_blocks_cover_a_range_once(monkeypatch, n, cores):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)), raising=False)
    seen = np.zeros(n, int)

    def run(low, high):
        seen[low:high] += 1

    threads.in_blocks(run, n, work=10**9)
    assert (seen == 1).all()


# Counting without building


@pytest.mark.parametrize("name", ZOO)
def test_counting_in_blocks_of_one_cell_changes_nothing(monkeypatch, name):
    animal = ZOO[name]()
    where = {"window": animal.window, "slice": animal.slice}
    expected = len(enumerate_regions(animal.network, **where))
    monkeypatch.setattr("geomtoy.regions.enumerate.PART_BYTES", 1)
    monkeypatch.setattr("geomtoy.regions.subdivide.BLOCK_BYTES", 1)
    monkeypatch.setattr("geomtoy.regions.subdivide.FEWEST", 1)
    monkeypatch.setattr("geomtoy.regions.maps.KEEP_BYTES", 0)
    count = count_regions(animal.network, **where, linear=False)
    assert (count.regions, count.certified) == (expected, True)


def test_a_count_that_assumes_general_position_is_not_certified(monkeypatch):
    """Six lines through the origin: 12 regions, and 22 if nobody looks where the lines meet."""
    net = ZOO["zero_bias_6"]().network
    monkeypatch.setattr("geomtoy.regions.enumerate.FULL_CHECK_PAIRS", 0)
    count = count_regions(net, linear=False)
    assert (count.regions, count.certified) == (22, False)
    count = count_regions(net, linear=False, full_check=True)
    assert (count.regions, count.certified) == (12, True)
    assert count_regions(net).certified


def test_what_does_not_fit_is_refused_before_it_is_built(monkeypatch):
    """Ten thousand lines cross 30 million times; the limit is seen without storing one crossing."""
    W, b = random_net(2, 10_000, seed=1).layers[0]
    wide = Network([(W, b), (np.ones((1, 10_000)), [0])])
    monkeypatch.setattr("geomtoy.regions.enumerate.memory", lambda: 1e6)
    with pytest.raises(BudgetError, match="more than fit into memory; count them with linear=False"):
        enumerate_regions(wide)
    monkeypatch.setattr("geomtoy.regions.enumerate.find_meetings", lambda *_: pytest.fail("built"))
    with pytest.raises(BudgetError, match=r"makes \d+ regions, more than max_regions = 1000000"):
        enumerate_regions(wide, max_regions=10**6)


def test_a_limit_counts_concurrent_lines_right():
    star = ZOO["zero_bias_16"]().network
    assert len(enumerate_regions(star, max_regions=32)) == 32
    with pytest.raises(BudgetError, match="makes 32 regions"):
        enumerate_regions(star, max_regions=31)
