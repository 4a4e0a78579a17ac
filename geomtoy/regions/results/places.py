"""Where the vertices of a subdivision are, as well as float64 can tell."""

from __future__ import annotations

from functools import partial

import numpy as np

from geomtoy.regions.engine.run import Subdivision
from geomtoy.regions.engine.sharpening import places_of, sharper
from geomtoy.regions.maps.pulled import pulled_rows
from geomtoy.regions.maps.sharp import sharp_rows

FEW = 8
"""Vertices for which it does not pay: each of them is computed exactly as fast."""


def sharp_places(sub: Subdivision, coarse: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y (V,) in the frame, and a bound on the errors of both.

    Those known less well than `coarse` are found again, from sharper lines.
    """
    mesh, book = sub.mesh, sub.lines
    x, y, d = mesh.x.copy(), mesh.y.copy(), mesh.d.copy()
    for rows in (sharp_rows, pulled_rows):  # the second takes longer, and tells more
        vague = np.flatnonzero(~(d <= coarse))
        if len(vague) < FEW:
            break
        ids, lines = np.unique(mesh.lines[vague]), mesh.lines[vague]
        found = sharper(book, ids, partial(rows, sub.network, sub.frame, sub.levels))
        places = places_of(lines, ids, found, book)
        better = places[3] < d[vague]
        for old, new in ((x, places[0]), (y, places[1]), (d, places[3])):
            old[vague[better]] = new[better]
    return x, y, d
