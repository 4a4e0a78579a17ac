"""Where the vertices of a subdivision are, as well as float64 can tell."""

from __future__ import annotations

import numpy as np

from geomtoy.regions.engine.cutting import place_vertices
from geomtoy.regions.engine.run import Subdivision
from geomtoy.regions.maps.sharp import sharp_rows

FEW = 8
"""Vertices for which it does not pay: each of them is computed exactly as fast."""


def sharp_places(sub: Subdivision, coarse: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y (V,) in the frame, and a bound on the errors of both.

    Those known less well than `coarse` are found again, from the lines of `sharp_rows`.
    """
    mesh, book = sub.mesh, sub.lines
    vague = np.flatnonzero(~(mesh.d <= coarse))
    if len(vague) < FEW:
        return mesh.x, mesh.y, mesh.d
    ids, lines = np.unique(mesh.lines[vague], return_inverse=True)
    every, sources = book.arrays()
    rows, cuts = every[ids], ids >= book.n_sides
    sharp = sharp_rows(sub.network, sub.frame, sub.levels, sources[ids[cuts]])
    better = sharp[:, 3:] < rows[cuts, 3:]
    rows[cuts] = np.where(better, sharp, rows[cuts])
    places = tuple(np.empty(len(vague)) for _ in range(4))
    n_infinite = int(np.searchsorted(ids, book.n_infinite))
    place_vertices(lines.reshape(-1, 2), n_infinite, rows, 0, places)
    x, y, d = mesh.x.copy(), mesh.y.copy(), mesh.d.copy()
    x[vague], y[vague], _, d[vague] = places
    return x, y, d
