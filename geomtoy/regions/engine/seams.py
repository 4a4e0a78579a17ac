"""Linear regions that reach across the border of two cells of the level before the last.

Along a piece of such a border lies a face on either side. Part by part, faces wait until those across
have come; where both have the same map they are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.maps.floats import Maps
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.maps.rational import Affine
from geomtoy.regions.maps.same import same_maps
from geomtoy.regions.topology.components import components
from geomtoy.regions.topology.mesh import Mesh

Exact = Callable[[int, np.ndarray], Affine]
"""The outputs' map, from a cell of the level before the last and the bits of the last layer there."""


class Faces(NamedTuple):
    """Faces into which chords cut cells, and the outputs' maps on them."""

    cell: np.ndarray  # (n,) of the level before the last
    bits: np.ndarray  # (n, words) uint64: the last layer's cuts that are > 0
    bends: np.ndarray  # (n, words) the same, of cuts on chords where the outputs bend: the faces between
    rows: np.ndarray  # (n, 3, outputs)
    error: np.ndarray  # (n, outputs)

    def chosen(self, which: np.ndarray) -> Faces:
        return Faces(*(array[which] for array in self))


class Pieces(NamedTuple):
    """Pieces of the edges of a mesh, each with a face on one of its sides."""

    edge: np.ndarray  # (k,)
    rank: np.ndarray  # (k,) along the edge
    face: np.ndarray  # (k,)


class Seams:
    """Joins faces across the edges of a mesh.

    Args:
        levels: up to the cells of the mesh.
        exact: what decides where floats do not.
    """

    def __init__(self, network: Network, levels: Sequence[Level], mesh: Mesh, exact: Exact) -> None:
        self._network, self._levels, self._exact = network, levels, exact
        self._is_inner = np.bincount(mesh.half >> 1, minlength=len(mesh.tail)) == 2
        none = np.empty(0, np.int64)
        self._waiting = Pieces(none, none, none)
        self._faces: Faces | None = None  # of these pieces
        self._joined: list[np.ndarray] = []

    def same(self, faces: Faces, pairs: np.ndarray) -> np.ndarray:
        """Of pairs (k, 2) of faces, those with the same map."""
        maps = Maps(0, faces.rows, faces.error, np.arange(len(faces.cell)))
        levels = [*self._levels, Level(faces.cell, faces.bits, faces.cell)]
        return same_maps(
            self._network, levels, lambda k: self._exact(int(faces.cell[k]), faces.bits[k]), maps, pairs
        )

    def add(self, faces: Faces, pairs: np.ndarray, pieces: Pieces) -> None:
        """Enter the faces of further cells: pairs (k, 2) that lie across edges of each other, and pieces
        of edges that have one on one side only."""
        known = 0 if self._faces is None else len(self._faces.cell)
        if self._faces is not None:
            faces = Faces(*map(np.concatenate, zip(self._faces, faces, strict=True)))
        here = self._is_inner[pieces.edge]
        edge, rank, face = (
            np.concatenate([old, new[here]])
            for old, new in zip(self._waiting, pieces._replace(face=pieces.face + known), strict=True)
        )
        order = np.lexsort((rank, edge))
        edge, rank, face = edge[order], rank[order], face[order]
        met = np.flatnonzero((edge[1:] == edge[:-1]) & (rank[1:] == rank[:-1]))
        across = np.column_stack([face[met], face[met + 1]])
        self._join(faces, np.concatenate([pairs + known, across]))
        alone = np.ones(len(edge), bool)
        alone[met] = alone[met + 1] = False
        kept, number = np.unique(face[alone], return_inverse=True)
        self._waiting, self._faces = Pieces(edge[alone], rank[alone], number), faces.chosen(kept)

    def _join(self, faces: Faces, pairs: np.ndarray) -> None:
        same = self.same(faces, pairs)
        names = np.column_stack([faces.cell.astype(np.uint64), faces.bends])
        self._joined.append(np.unique(names[same].reshape(len(same), 2 * names.shape[1]), axis=0))

    def n_joined(self) -> int:
        """By how many the faces become fewer: all faces have been entered now."""
        names = np.concatenate(self._joined)
        names = names.reshape(2 * len(names), names.shape[1] // 2)
        every, number = np.unique(names, axis=0, return_inverse=True)
        label = components(len(every), number.reshape(-1, 2))
        return len(every) - int(label.max(initial=-1)) - 1
