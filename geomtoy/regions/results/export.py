"""A complex for other tools: shapely polygons, a networkx graph, arrays; GeoJSON is in `geojson`."""

from __future__ import annotations

import networkx as nx
import numpy as np
import shapely

from geomtoy.circles import CircleComplex
from geomtoy.regions.results.complex import CellComplex
from geomtoy.regions.results.geojson import refuse_unbounded, to_geojson
from geomtoy.regions.results.pieces import Pieces

__all__ = ["to_arrays", "to_geojson", "to_networkx", "to_shapely"]


def to_shapely(complex: CellComplex) -> np.ndarray:
    """(F,) shapely polygons, rounded to float64.

    Raises:
        WindowError: the window is the whole plane, where cells are unbounded.
    """
    refuse_unbounded(complex, "shapely polygons")
    start, corner = complex.cell_start, complex.cell_corners
    closed = np.insert(corner, start[1:], corner[start[:-1]])
    ring = np.repeat(np.arange(complex.n_cells), np.diff(start) + 1)
    return shapely.polygons(shapely.linearrings(complex.vertices[closed], indices=ring))


def to_networkx(complex: CellComplex) -> nx.Graph:
    """Graph of cells; neighbours are joined by an edge with `layer`, `unit` and `edge` (its id)."""
    graph = nx.Graph()
    for k, (area, linear) in enumerate(zip(complex.areas(), complex.linear_region, strict=True)):
        graph.add_node(k, area=float(area), linear_region=int(linear))
    for e, (left, right) in enumerate(complex.edge_cells.tolist()):
        if min(left, right) >= 0:
            layer, unit = int(complex.edge_layer[e]), int(complex.edge_unit[e])
            graph.add_edge(left, right, layer=layer, unit=unit, edge=e)
    return graph


def to_arrays(found: CellComplex | CircleComplex | Pieces) -> dict[str, np.ndarray]:
    """Everything as named arrays, ready for `numpy.savez`."""
    if isinstance(found, CircleComplex):
        return _circle_arrays(found)
    return _piece_arrays(found) if isinstance(found, Pieces) else _cell_arrays(found)


def _cell_arrays(complex: CellComplex) -> dict[str, np.ndarray]:
    return {
        "vertices": complex.vertices,
        "at_infinity": complex.at_infinity,
        "edges": complex.edges,
        "edge_cells": complex.edge_cells,
        "edge_layer": complex.edge_layer,
        "edge_unit": complex.edge_unit,
        "cell_start": complex.cell_start,
        "cell_corners": complex.cell_corners,
        "activation_patterns": complex.activation_patterns,
        "linear_region": complex.linear_region,
        "areas": complex.areas(),
        "A_omega": complex.A_omega,
        "b_omega": complex.b_omega,
    }


def _circle_arrays(complex: CircleComplex) -> dict[str, np.ndarray]:
    """`edge_circle` (E, 4) is the circle (n, c) of each arc: n . omega + c = 0 on the unit sphere."""
    mesh = complex.subdivision.mesh
    start, edge, _ = mesh.sides
    return {
        "vertices": complex.vertices,
        "edges": complex.edges,
        "edge_cells": complex.edge_cells,
        "edge_layer": complex.edge_layer,
        "edge_unit": complex.edge_unit,
        "edge_circle": complex.subdivision.circles.rows[mesh.circle, :4],
        "cell_start": start,
        "cell_edges": edge,
        "activation_patterns": complex.activation_patterns,
        "linear_region": complex.linear_region,
    }


def _piece_arrays(pieces: Pieces) -> dict[str, np.ndarray]:
    return {
        "breakpoints": pieces.breakpoints,
        "breakpoint_layer": pieces.breakpoint_layer,
        "breakpoint_unit": pieces.breakpoint_unit,
        "activation_patterns": pieces.activation_patterns,
        "linear_region": pieces.linear_region,
        "slopes": pieces.slopes,
        "offsets": pieces.offsets,
    }
