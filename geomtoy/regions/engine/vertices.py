"""Where lines of the book meet, as well as floats tell."""

from __future__ import annotations

from geomtoy.kernels import inlined, kernel
from geomtoy.regions.numbers.bounds import intersection


@kernel
def place_vertices(lines, n_infinite, rows, first, mesh_places):
    """Fill in x, y, w, d of vertices from `first` on, where two lines of the book each meet."""
    x, y, w, d = mesh_places
    for i in range(lines.shape[0]):
        v = first + i
        x[v], y[v], d[v] = meeting(lines[i, 0], lines[i, 1], n_infinite, rows)
        w[v] = 0.0 if lines[i, 0] < n_infinite else 1.0


@inlined
def meeting(p, q, n_infinite, rows):
    """Where lines p and q of the book meet, x and y, and a bound d on the errors of both; of a side at
    infinity, the direction in which it is met."""
    c = 0.0 if p < n_infinite else rows[q, 2]  # only the direction of the other line counts
    return intersection(
        rows[p, 0], rows[p, 1], rows[p, 2], rows[p, 3], rows[q, 0], rows[q, 1], c, rows[q, 3]
    )
