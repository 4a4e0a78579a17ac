"""A complex as GeoJSON, a feature a cell, written as it is made: a million cells are never text at once.

Coordinates are slice coordinates, not places on the Earth: no reference system is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TextIO

import numpy as np
import orjson

from geomtoy.circles import CircleComplex
from geomtoy.errors import WindowError
from geomtoy.regions.results.complex import CellComplex

BLOCK = 1 << 12
"""Cells whose numbers are lists at a time."""

STEPS = 25
"""Places along an arc behind a norm."""

Feature = dict[str, Any]


def write_geojson(complex: CellComplex | CircleComplex, file: TextIO) -> None:
    """Write a FeatureCollection to an open file.

    Raises:
        WindowError: the window is the whole plane, where cells are unbounded.
    """
    refuse_unbounded(complex, "GeoJSON")
    file.write('{"type": "FeatureCollection", "features": [')
    for k, feature in enumerate(_features(complex)):
        file.write((",\n" if k else "\n") + orjson.dumps(feature).decode())
    file.write("\n]}\n")


def to_geojson(complex: CellComplex | CircleComplex) -> dict[str, Any]:
    """A GeoJSON FeatureCollection, one polygon a cell, in slice coordinates; arcs as polylines.

    Raises:
        WindowError: the window is the whole plane, where cells are unbounded.
    """
    refuse_unbounded(complex, "GeoJSON")
    return {"type": "FeatureCollection", "features": list(_features(complex))}


def refuse_unbounded(complex: CellComplex | CircleComplex, what: str) -> None:
    """Raise a `WindowError` if the window is the whole plane."""
    if complex.unbounded:
        raise WindowError(f"{what} cannot hold unbounded cells; enumerate inside a window")


def _features(complex: CellComplex | CircleComplex) -> Iterator[Feature]:
    columns = _circle_columns if isinstance(complex, CircleComplex) else _cell_columns
    for low in range(0, len(complex), BLOCK):
        cells = np.arange(low, min(low + BLOCK, len(complex)))
        block = columns(complex, cells)  # type: ignore[arg-type]
        rings = block.pop("rings")
        for k, cell in enumerate(cells.tolist()):
            yield {
                "type": "Feature",
                "id": cell,
                "geometry": {"type": "Polygon", "coordinates": rings[k]},
                "properties": {name: values[k] for name, values in block.items()},
            }


def _cell_columns(complex: CellComplex, cells: np.ndarray) -> dict[str, list[Any]]:
    start = complex.cell_start[cells[0] : cells[-1] + 2]
    corners = complex.vertices[complex.cell_corners[start[0] : start[-1]]].tolist()
    ends = (start - start[0]).tolist()
    return {
        "rings": [[[*corners[a:b], corners[a]]] for a, b in pairwise(ends)],
        "activation_pattern": _texts(complex.patterns_on(cells)),
        "linear_region": complex.linear_region[cells].tolist(),
        "area": complex.cell_areas[cells].tolist(),
        "A_omega": complex.A_omega[cells].tolist(),
        "b_omega": complex.b_omega[cells].tolist(),
        "neighbours": _neighbours(complex, cells, start),
    }


def _neighbours(complex: CellComplex, cells: np.ndarray, start: np.ndarray) -> list[list[int]]:
    """Cells across the edges of each cell, in the order of its edges."""
    own = np.repeat(cells, np.diff(start))
    sides = complex.edge_cells[complex.half_edges[start[0] : start[-1]] >> 1]
    across, inner = sides.sum(axis=1) - own, (sides >= 0).all(axis=1)
    ends = np.concatenate([[0], np.cumsum(inner)])[start - start[0]].tolist()
    found = across[inner].tolist()
    return [found[a:b] for a, b in pairwise(ends)]


def _circle_columns(complex: CircleComplex, cells: np.ndarray) -> dict[str, list[Any]]:
    return {
        "rings": [[_closed(line) for line in complex.boundary(int(k), STEPS)] for k in cells],
        "activation_pattern": _texts(complex.activation_patterns[cells]),
        "linear_region": complex.linear_region[cells].tolist(),
        "neighbours": [complex.neighbours(int(k)).tolist() for k in cells],
    }


def _closed(line: np.ndarray) -> list[list[float]]:
    ring: list[list[float]] = line.tolist()
    return [*ring, ring[0]]


def _texts(patterns: np.ndarray) -> list[str]:
    """Each pattern as its digits in a row."""
    if patterns.size and patterns.max() > 9:
        return ["".join(map(str, row)) for row in patterns.tolist()]
    text, n = (patterns.astype(np.uint8) + ord("0")).tobytes().decode(), patterns.shape[1]
    return [text[k * n : (k + 1) * n] for k in range(len(patterns))]
