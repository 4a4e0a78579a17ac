"""The outputs at the vertices of a complex: floats with bounds, and exactly."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from geomtoy.regions.engine.run import Subdivision
from geomtoy.regions.numbers.bounds import values_bound
from geomtoy.regions.topology.mesh import corner_vertices


def cells_at_vertices(subdivision: Subdivision) -> np.ndarray:
    """(V,) a cell that has each vertex as a corner."""
    mesh = subdivision.mesh
    found = np.empty(len(mesh.x), np.int64)
    corner = corner_vertices(mesh.half, mesh.tail, mesh.head)
    found[corner] = np.repeat(np.arange(mesh.n_cells), np.diff(mesh.start))
    return found


@np.errstate(all="ignore")
def vertex_values(
    subdivision: Subdivision, cell: np.ndarray, output: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """An output at each vertex (V,), from its map on the cell (V,) there, and a bound on the error."""
    _, rows, errors, segment = subdivision.output_maps
    mesh = subdivision.mesh
    d = np.where(mesh.w == 1, mesh.d, np.inf)
    return values_bound(rows[cell, :, output], errors[segment[cell], output], mesh.x, mesh.y, d)


def exact_value(subdivision: Subdivision, vertex: int, cell: int, output: int = 0) -> fmpq:
    """An output at a vertex that is a corner of a cell."""
    rows, scale = subdivision.lines.maps.affine(len(subdivision.network.layers), cell)
    p = subdivision.lines.meet(*subdivision.mesh.lines[vertex].tolist())
    a, b, c = rows[output, 0], rows[output, 1], rows[output, 2]
    return fmpq(a * p.x + b * p.y + c * p.w, scale * p.w)
