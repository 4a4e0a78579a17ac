"""Lines that are known better than in the book, and what they tell where those told nothing.

In deep networks bounds of maps grow from layer to layer, and a sign in rational arithmetic takes long.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from geomtoy.kernels import kernel
from geomtoy.regions.engine.vertices import place_vertices
from geomtoy.regions.lines import Lines
from geomtoy.regions.numbers.bounds import value_bound
from geomtoy.regions.numbers.filter import UNDECIDED
from geomtoy.regions.topology.mesh import Mesh


def sharper(book: Lines, ids: np.ndarray, find: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(n, 4) coefficients and error bounds of lines of the book, as they are there or are found from
    their sources, whichever is better."""
    every, sources = book.arrays()
    rows, cuts = every[ids], ids >= book.n_sides
    if cuts.any():
        found = find(sources[ids[cuts]])
        rows[cuts] = np.where(found[:, 3:] < rows[cuts, 3:], found, rows[cuts])
    return rows


def places_of(
    lines: np.ndarray, ids: np.ndarray, rows: np.ndarray, book: Lines
) -> tuple[np.ndarray, ...]:
    """x, y, w, d of the vertices where two lines (V, 2) of the book each meet; d is inf where both lie
    at infinity: such corners of a window are where it says.

    Args:
        ids, rows: all lines that occur, in ascending order, and how they are known.
    """
    places = tuple(np.empty(len(lines)) for _ in range(4))
    n_infinite = int(np.searchsorted(ids, book.n_infinite))
    place_vertices(np.searchsorted(ids, lines), n_infinite, rows, 0, places)
    places[3][(lines < book.n_infinite).all(axis=1)] = np.inf
    return places


def sharp_signs(
    book: Lines,
    mesh: Mesh,
    vertex: np.ndarray,
    sources: np.ndarray,
    find: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Signs of cuts at vertices, UNDECIDED where floats do not tell.

    Args:
        vertex: (k,) of the mesh. sources: (k, 3) of the cuts.
        find: rows (k, 4) of lines from their sources.
    """
    lines = mesh.lines[vertex]
    ids = np.unique(lines)
    places = places_of(lines, ids, sharper(book, ids, find), book)
    known = mesh.x[vertex], mesh.y[vertex], mesh.w[vertex], mesh.d[vertex]
    better = places[3] < known[3]
    best = (np.where(better, new, old) for new, old in zip(places, known, strict=True))
    signs: np.ndarray = _signs(find(sources), *best)
    return signs


@kernel
def _signs(rows, x, y, w, d):
    found = np.full(rows.shape[0], UNDECIDED)
    for i in range(rows.shape[0]):
        a, b, c, e = rows[i]
        value, bound = value_bound(a, b, c, e, x[i], y[i], w[i], d[i])
        if abs(value) > bound:
            found[i] = 1 if value > 0.0 else -1
    return found
