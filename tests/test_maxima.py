"""Regions of networks with maxima and residuals, against layers applied to exact cells."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import assert_same_regions
from oracle import holds
from strategies import PENTAGON, affine, maxout, slices, windows

from geomtoy import (
    UNIT_SQUARE,
    Network,
    Segment,
    Slice,
    enumerate_regions,
    load,
    save,
)
from geomtoy.activations import RELU
from geomtoy.certify import certify
from geomtoy.compiler import compile_layers
from geomtoy.layers import Affine, AvgPool2d, Conv2d, Maxout, MaxPool2d, Residual
from geomtoy.regions.results.export import to_arrays, to_geojson, to_networkx, to_shapely
from geomtoy.regions.results.level_sets import enumerate_decision_boundary, enumerate_level_set


def won(cells):
    """Who wins the only maximum, on each cell."""
    ((*_, last),) = cells.network.maxima
    return cells.activation_patterns[:, np.searchsorted(cells.network.pattern_units, last)]


overlapping = Maxout([[0, 1, 2, 3], [2, 1], [3], [0, 2, 4], [4, 0, 1, 2, 3]])


@settings(max_examples=40)
@given(st.one_of(maxout(2, 2, 3), maxout(3, 2, 2), maxout(4, 2, 2), maxout(5, 2, 1)), windows)
def test_maxout_of_one_layer(steps, window):
    assert_same_regions(steps, window=window)


@settings(max_examples=40)
@given(st.one_of(maxout(2, 2, 2, 2), maxout(3, 2, 2, 1), maxout(2, 2, 2, 1, 2)))
def test_maxout_of_several_layers(steps):
    assert_same_regions(steps)


@settings(max_examples=30)
@given(affine(5, 2), affine(3, 5), st.sampled_from([UNIT_SQUARE, PENTAGON, None]))
def test_groups_that_overlap_after_relus(first, second, window):
    """Many candidates are equal: 0, or one and the same unit."""
    assert_same_regions([first, RELU, overlapping, second, RELU, affine_of(1, 3)], window=window)


def affine_of(out, into):
    return Affine(np.arange(1, out * into + 1).reshape(out, into), np.arange(out))


@settings(max_examples=30)
@given(maxout(3, 2, 2, 1))
def test_the_whole_plane(steps):
    assert_same_regions(steps, window=None)


@settings(max_examples=20)
@given(maxout(3, 3, 2, 1), slices(3))
def test_slices(steps, plane):
    assert_same_regions(steps, d_in=3, slice=plane)


@settings(max_examples=30)
@given(maxout(3, 1, 3, 2), st.sampled_from([(-1, 1), (Fraction(-1, 3), 4), None]))
def test_lines(steps, window):
    assert_same_regions(steps, d_in=1, window=window)


@settings(max_examples=15)
@given(maxout(4, 2, 2, 1))
def test_segments(steps):
    assert_same_regions(steps, window=(0, 1), slice=Segment((-1, -1), (1, Fraction(1, 2))))


@settings(max_examples=40)
@given(affine(3, 2), affine(4, 3), affine(3, 4), affine(6, 3), affine(1, 3))
def test_residuals(first, up, down, six, last):
    block = Residual([up, RELU, down])
    assert_same_regions([first, RELU, block, RELU, last])
    assert_same_regions(
        [first, Residual([six, Maxout(2)], [Affine(np.eye(3)[::-1], [0, 0, 1])]), RELU, last]
    )


def test_ties_go_to_the_first():
    """Twins, and candidates that are equal on a half plane."""
    twins = Affine([[1, 0], [0, 1], [1, 0], [0, 1]], [0] * 4)
    _, cells = assert_same_regions([twins, Maxout(4)])
    assert sorted(won(cells)) == [0, 1]
    _, cells = assert_same_regions([Affine([[1, 0], [0, 0]], [0, 0]), RELU, Maxout(2)])
    assert len(cells) == 2
    _, cells = assert_same_regions([Affine(np.ones((3, 2)), np.zeros(3)), Maxout(3)])
    assert len(cells) == 1


@pytest.mark.parametrize("k", range(2, 8))
def test_concurrent_lines_of_a_maximum(k):
    """The greatest of k linear functions on a circle: k sectors around the origin."""
    normals = [(3, 0), (2, 2), (0, 3), (-2, 2), (-3, -1), (-1, -3), (2, -2)][:k]
    _, cells = assert_same_regions([Affine(normals, [0] * k), Maxout(k)])
    assert len(cells) == k
    assert cells.n_linear_regions == k


def test_regions_of_a_maximum_are_a_power_diagram():
    """The lower envelope's view: candidate i wins where |x - p_i|^2 is least."""
    sites = np.random.default_rng(0).integers(-8, 9, (12, 2)) / 8
    _, cells = assert_same_regions([Affine(2 * sites, -(sites**2).sum(axis=1)), Maxout(12)])
    centres = np.array([cells.polygon(k).mean(axis=0) for k in range(len(cells))])
    nearest = ((centres[:, None] - sites) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(won(cells), nearest)
    assert cells.n_vertices - cells.n_edges + len(cells) == 1


def test_borders_are_dropped_and_flat_corners_stay_only_where_a_neighbour_ends():
    """max(x, y, -x - y - 1/8), then a ReLU of it: no vertex has two edges but the window's corners."""
    steps = [Affine([[1, 0], [0, 1], [-1, -1]], [0, 0, -0.125]), Maxout(3), Affine([[4]], [-1]), RELU]
    _, cells = assert_same_regions(steps)
    degree = np.bincount(cells.edges.ravel(), minlength=cells.n_vertices)
    assert (degree == 2).sum() <= 4
    assert degree.min() >= 2


POOLED = [
    Conv2d(np.arange(-4, 5).reshape(1, 1, 3, 3) % 5 - 2, [1], padding=1),
    MaxPool2d(2, 1),
    RELU,
    Conv2d([[[[1, -2], [3, -1]]], [[[-1, 1], [2, 2]]]], [1, -2]),
    MaxPool2d(2, 1, padding=1),
    AvgPool2d(3),
]


def test_samples_of_a_convolutional_network_lie_in_regions_of_their_patterns():
    net = compile_layers(POOLED, (1, 4, 4))
    rng = np.random.default_rng(1)
    plane = Slice(*(tuple(row) for row in rng.integers(-3, 4, (3, 16)).tolist()))
    cells = enumerate_regions(net, slice=plane)
    points = rng.uniform(-1, 1, (500, 2))
    z = net.preactivations(plane.embed(points))
    pieces = np.concatenate(
        [
            np.column_stack(
                [[act.piece(v) for v in column] for act, column in zip(units, values.T, strict=True)]
            )
            for units, values in zip(map(net.units, range(1, len(net.layers))), z, strict=True)
        ],
        axis=1,
    )
    where = cells.locate(points)
    np.testing.assert_array_equal(cells.activation_patterns[where], net.patterns(pieces))
    value = np.einsum("noi,ni->no", cells.A_omega[where], points) + cells.b_omega[where]
    np.testing.assert_allclose(value, net(plane.embed(points)), atol=1e-10)
    assert len(np.unique(cells.activation_patterns, axis=0)) == len(cells)
    assert cells.areas().sum() == pytest.approx(4)


@settings(max_examples=15)
@given(maxout(3, 2, 2, 1))
def test_points_on_borders_belong_to_the_least_of_their_closed_cells(steps):
    cells = enumerate_regions(compile_layers(steps))
    exact = [cells.exact_vertex(v) for v in range(cells.n_vertices)]
    polygons = [[exact[v] for v in cells.corners(k)] for k in range(len(cells))]
    middles = [
        tuple((p + q) / 2 for p, q in zip(exact[a], exact[b], strict=True)) for a, b in cells.edges
    ]
    points = [*exact, *middles]
    expected = [next(k for k, cell in enumerate(polygons) if holds(cell, point)) for point in points]
    np.testing.assert_array_equal(cells.locate(np.array(points, dtype=object)), expected)


def example():
    sites = np.random.default_rng(3).integers(-8, 9, (8, 2)) / 8
    steps = [
        Affine(2 * sites, -(sites**2).sum(axis=1)),
        Maxout(4),
        affine_of(3, 2),
        RELU,
        affine_of(1, 3),
    ]
    return compile_layers(steps)


def test_switches_name_the_last_match_of_a_maximum():
    net = example()
    cells = enumerate_regions(net)
    last = {units[-1] - sum(net.widths[:-2]) for units in net.maxima}
    seen = {pair for edge in range(cells.n_edges) for pair in cells.switches(edge)}
    assert {unit for layer, unit in seen if layer == len(net.widths) - 1} == last
    assert {layer for layer, _ in seen} <= {len(net.widths) - 1, len(net.widths)}
    one = cells.activation_pattern(2)
    np.testing.assert_array_equal(one, cells.activation_patterns[2])


@pytest.mark.parametrize("enumerate_set", [enumerate_level_set, enumerate_decision_boundary])
def test_level_sets_cross_merged_regions(enumerate_set):
    sites = np.random.default_rng(0).integers(-8, 9, (12, 2)) / 8
    first, last = (2 * sites, -(sites**2).sum(axis=1)), ([[1, -1, 0.5], [0, 1, 1]], [0.125, 0])
    net = compile_layers([Affine(*first), Maxout(4), Affine(*last)])
    found, plain = enumerate_set(net), enumerate_set(Network(net.layers, net.activations))
    assert length(found) == pytest.approx(length(plain))
    assert found.n_components == plain.n_components
    cells = enumerate_regions(net)
    middles = [cells.locate((line.vertices[1:] + line.vertices[:-1]) / 2) for line in found.polylines]
    np.testing.assert_array_equal(np.unique(np.concatenate(middles)), found.crossed)
    assert len(found.crossed) < len(plain.crossed)


def length(found):
    steps = [np.diff(line.vertices, axis=0) for line in found.polylines]
    return np.hypot(*np.concatenate(steps).T).sum()


def test_exports_and_files_hold_merged_regions(tmp_path):
    net = example()
    save(tmp_path / "net.npz", net)
    net = load(tmp_path / "net.npz").network
    cells = enumerate_regions(net)
    assert len(cells) < len(enumerate_regions(Network(net.layers, net.activations)))
    assert len(to_networkx(cells)) == len(to_geojson(cells)["features"]) == len(to_shapely(cells))
    assert sum(polygon.area for polygon in to_shapely(cells)) == pytest.approx(4)
    assert all(polygon.is_valid for polygon in to_shapely(cells))
    assert len(to_arrays(cells)["activation_patterns"]) == len(cells)


def test_the_certificate_finds_a_false_maximum_out():
    """Units that do not decide what the network says: merged cells have several maps."""
    honest = Network([(np.eye(2), [0, 0]), (np.ones((1, 2)), [0])], "relu")
    false = Network(honest.layers, "relu", [(0, 1)])
    assert enumerate_regions(honest).certify().valid
    checks = enumerate_regions(false).certify().checks
    assert "do not decide the maxima" in checks["patterns"]


def test_the_certificate_refuses_corners_that_go_back_where_flat_corners_are_allowed():
    """Two corners of a cell that follow each other are exchanged."""
    record = enumerate_regions(example()).record()
    window = ((-1, -1), (-1, 1), (1, 1), (1, -1))
    assert certify(replace(record, window=window)).checks["convexity"]
