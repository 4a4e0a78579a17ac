"""The regions of a soft block on a plane for other tools: GeoJSON, arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomtoy.views.curved_complex import CurvedComplex


def to_arrays(cells: CurvedComplex) -> dict[str, np.ndarray]:
    """Everything by name; edge e runs along border_points[border_start[e] : border_start[e + 1]]."""
    lines = [cells.arc(edge) for edge in range(cells.n_edges)]
    return {
        "vertices": cells.vertices,
        "vertex_error": cells.vertex_error,
        "edges": cells.edges,
        "edge_cells": cells.edge_cells,
        "edge_layer": cells.edge_layer,
        "edge_unit": cells.edge_unit,
        "border_start": np.cumsum([0, *map(len, lines)]),
        "border_points": np.concatenate(lines),
        "border_error": cells.border_error,
        "activation_patterns": cells.activation_patterns,
        "areas": cells.cell_areas,
        "area_errors": cells.cell_area_errors,
    }


def to_geojson(cells: CurvedComplex) -> dict[str, Any]:
    """A GeoJSON FeatureCollection, one polygon a cell, holes included, in slice coordinates."""
    return {"type": "FeatureCollection", "features": [_feature(cells, k) for k in range(len(cells))]}


def _feature(cells: CurvedComplex, cell: int) -> dict[str, Any]:
    rings = [line.tolist() for line in cells.boundary(cell)]
    return {
        "type": "Feature",
        "id": cell,
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]] for ring in rings]},
        "properties": {
            "activation_pattern": "".join(map(str, cells.activation_pattern(cell))),
            "area": float(cells.cell_areas[cell]),
            "area_error": float(cells.cell_area_errors[cell]),
            "neighbours": cells.neighbours(cell).tolist(),
        },
    }
