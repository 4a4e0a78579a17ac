"""What is cut: a mesh, and the functions of one layer on each of its faces."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from geomtoy.circles.exact import Circle, Geometry
from geomtoy.circles.filter import UNDECIDED, normalise, vertex_signs
from geomtoy.circles.maps import FaceMaps, Maps
from geomtoy.circles.mesh import Circles, Exact, Mesh, Tally

FINE = 2.0**-51
"""Error of what is rounded from exact numbers."""

COARSE = 1e-9
"""Rows that float64 knows less well than this are rounded from the exact functions."""


class Subject:
    """The functions of a layer's cuts on the faces of a mesh.

    `rows` (F, n, 5) are the functions in float64 with their errors, `kinds` (F, n) is 1 where one
    vanishes along a circle and 0 where it has one sign (or is 0) on the whole sphere.
    """

    def __init__(
        self, mesh: Mesh, layer: int, values: FaceMaps, maps: Maps, circles: Circles, tally: Tally
    ) -> None:
        self.mesh, self.layer, self.circles, self.tally = mesh, layer, circles, tally
        self._maps = maps
        rows, error = maps.cut_rows(layer, values)
        F, n = error.shape
        flat, kind = normalise(rows.reshape(F * n, 4), error.ravel())
        self.rows, self.kinds = flat.reshape(F, n, 5), kind.reshape(F, n)
        self._refine()

    @property
    def geometry(self) -> Geometry:
        return self.circles.geometry

    @property
    def n_cuts(self) -> int:
        return int(self.kinds.shape[1])

    @cached_property
    def owner(self) -> np.ndarray:
        """(E,) a face beside each arc: on its left if there is one."""
        return np.where(self.mesh.left >= 0, self.mesh.left, self.mesh.right)

    @cached_property
    def vertices(self) -> Exact:
        """The mesh's vertices, exactly."""
        return Exact(self.circles, self.mesh.points)

    def circle(self, face: int, cut: int) -> Circle:
        """The exact function of a cut on a face."""
        return self._maps.circle(self.layer, face, cut)

    def vertex_signs(self) -> np.ndarray:
        """(V, n) signs at each vertex of the functions of one of its faces."""
        mesh = self.mesh
        face, vertex = mesh.corners
        owner = np.zeros(len(mesh.points), np.int64)
        owner[vertex[::-1]] = face[::-1]
        signs = np.zeros((len(mesh.points), self.n_cuts), np.int8)
        vertex_signs(mesh.points.where, owner, self.rows, 0, signs)
        constant = self.kinds[owner] == 0
        signs = np.where(constant, np.sign(self.rows[owner, :, 3]), signs).astype(np.int8)
        open_pairs = np.argwhere(signs == UNDECIDED)
        for v, i in open_pairs.tolist():
            signs[v, i] = self.geometry.side(self.circle(int(owner[v]), i), self.vertices.point(v))
        self.tally.add(signs.size, len(open_pairs))
        return signs

    def _refine(self) -> None:
        """Round again, from the exact functions, what float64 does not know well."""
        rows, kinds = self.rows, self.kinds
        vague = np.argwhere((kinds == UNDECIDED) | (rows[:, :, 4] > COARSE))
        for face, cut in vague.tolist():
            exact = self.circle(face, cut)
            rows[face, cut, :4] = row = self.geometry.row(exact)
            rows[face, cut, 4] = FINE if any(row) else 0.0
            kinds[face, cut] = 1 if self.geometry.is_circle(exact) > 0 else 0
        self.tally.add(kinds.size, len(vague))
