"""Layer after layer, the exact subdivision of a window behind a norm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.circles.cutting import Cutting, cut
from geomtoy.circles.faces import build, window_mesh
from geomtoy.circles.maps import FaceMaps, Level, Maps
from geomtoy.circles.mesh import Circles, Mesh, Tally
from geomtoy.circles.sphere import Sphere
from geomtoy.circles.subject import Subject
from geomtoy.errors import BudgetError
from geomtoy.progress import Progress


@dataclass(frozen=True, eq=False)
class Subdivision:
    """A window cut by all hidden layers: what the results are views of."""

    sphere: Sphere
    mesh: Mesh
    maps: Maps
    circles: Circles
    tally: Tally
    outputs: FaceMaps

    @property
    def levels(self) -> list[Level]:
        return self.maps.levels


class Enumeration:
    """One run of the layer-by-layer subdivision.

    Raises:
        BudgetError: a layer would make more faces than `max_regions`.
    Source: layer by layer as in Humayun et al. 2023, arXiv:2302.12828; the arrangement of circles is
    our own.
    """

    def __init__(self, sphere: Sphere, max_regions: int | None) -> None:
        self._sphere, self._max_regions = sphere, max_regions
        none = np.zeros((1, 0), np.uint8)
        self._maps = Maps(sphere, [Level(np.full(1, -1), none)])
        self._circles = Circles(sphere.geometry, sphere.sides, self._maps.circle)
        self.tally = Tally()

    def run(self, progress: Progress | None = None) -> Subdivision:
        """Build the whole subdivision."""
        mesh, values = self._through(len(self._maps.cuts), progress)
        return Subdivision(self._sphere, mesh, self._maps, self._circles, self.tally, values)

    def count(self, progress: Progress | None = None) -> int:
        """Number of faces; those of the last hidden layer are not built."""
        layers = len(self._maps.cuts)
        if layers == 0:
            return 1
        mesh, values = self._through(layers - 1, progress)
        faces = self._cut(mesh, layers, values).count()
        self._within_budget(layers, faces)
        if progress:
            progress(layers, faces)
        return faces

    def _through(self, layers: int, progress: Progress | None) -> tuple[Mesh, FaceMaps]:
        mesh, values = window_mesh(self._circles), self._maps.first_maps()
        for layer in range(1, layers + 1):
            cutting = self._cut(mesh, layer, values)
            expected = cutting.count()
            self._within_budget(layer, expected)
            mesh, level = build(cutting, self._circles, len(self._maps.cuts[layer - 1]), self.tally)
            if mesh.n_faces != expected:
                raise AssertionError(f"{mesh.n_faces} faces built, {expected} by Euler's relation")
            self._maps.levels.append(level)
            values = self._maps.next_maps(layer, values, level)
            if progress:
                progress(layer, mesh.n_faces)
        return mesh, values

    def _cut(self, mesh: Mesh, layer: int, values: FaceMaps) -> Cutting:
        return cut(Subject(mesh, layer, values, self._maps, self._circles, self.tally))

    def _within_budget(self, layer: int, faces: int) -> None:
        if self._max_regions is not None and faces > self._max_regions:
            raise BudgetError(
                f"hidden layer {layer} makes {faces} regions, more than max_regions = "
                f"{self._max_regions}; raise it or look at a smaller window"
            )
