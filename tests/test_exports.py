"""Complexes and pieces as polygons, graphs, GeoJSON and arrays."""

import json
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import shapely
from builders import random_net
from small_complexes import NETS, cells_of, each_net

from geomtoy import enumerate_regions
from geomtoy.errors import WindowError
from geomtoy.regions.results.export import to_arrays, to_geojson, to_networkx, to_shapely


@each_net
def test_polygons_are_valid_and_fill_the_window(name):
    cells = cells_of(name)
    polygons = to_shapely(cells)
    assert shapely.is_valid(polygons).all()
    assert shapely.is_ccw(shapely.get_exterior_ring(polygons)).all()
    np.testing.assert_allclose(shapely.area(polygons), cells.areas(), rtol=1e-9, atol=1e-14)
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
    np.testing.assert_allclose(sorted(p.area for p in found), np.sort(cells.areas()), rtol=1e-6)


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
    np.testing.assert_allclose(shapely.area(polygons), cells.areas())
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
