"""A complex for other tools: shapely polygons, a networkx graph, GeoJSON, arrays."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import shapely

from geomtoy.errors import WindowError
from geomtoy.regions.results.complex import CellComplex
from geomtoy.regions.results.pieces import Pieces


def to_shapely(complex: CellComplex) -> np.ndarray:
    """(F,) shapely polygons, rounded to float64.

    Raises:
        WindowError: the window is the whole plane, where cells are unbounded.
    """
    _bounded(complex, "shapely polygons")
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


def to_geojson(complex: CellComplex) -> dict[str, Any]:
    """A GeoJSON FeatureCollection, one polygon a cell, in slice coordinates.

    Raises:
        WindowError: the window is the whole plane, where cells are unbounded.
    """
    _bounded(complex, "GeoJSON")
    return {"type": "FeatureCollection", "features": [_feature(complex, k) for k in range(len(complex))]}


def to_arrays(complex: CellComplex) -> dict[str, np.ndarray]:
    """Everything as named arrays, ready for `numpy.savez`."""
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


def _feature(complex: CellComplex, cell: int) -> dict[str, Any]:
    ring = complex.polygon(cell).tolist()
    return {
        "type": "Feature",
        "id": cell,
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "properties": {
            "activation_pattern": "".join(map(str, complex.activation_patterns[cell])),
            "linear_region": int(complex.linear_region[cell]),
            "area": float(complex.cell_areas[cell]),
            "A_omega": complex.A_omega[cell].tolist(),
            "b_omega": complex.b_omega[cell].tolist(),
            "neighbours": complex.neighbours(cell).tolist(),
        },
    }


def _bounded(complex: CellComplex, what: str) -> None:
    if complex.subdivision.frame.unbounded:
        raise WindowError(f"{what} cannot hold unbounded cells; enumerate inside a window")


def pieces_to_arrays(pieces: Pieces) -> dict[str, np.ndarray]:
    """The pieces of a line as named arrays, ready for `numpy.savez`."""
    return {
        "breakpoints": pieces.breakpoints,
        "breakpoint_layer": pieces.breakpoint_layer,
        "breakpoint_unit": pieces.breakpoint_unit,
        "activation_patterns": pieces.activation_patterns,
        "linear_region": pieces.linear_region,
        "slopes": pieces.slopes,
        "offsets": pieces.offsets,
    }
