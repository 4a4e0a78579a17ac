"""Chains of edges of a complex, with the same thing on their left, and on their right, all along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from geomtoy.regions.results.complex import CellComplex

OUTSIDE = -2
"""Label of what lies beyond the window; labels of cells are -1 or more."""


@dataclass(frozen=True, eq=False)
class Polyline:
    """A chain of segments, from bend to bend; closed if the last vertex is the first.

    It ends at the window, and where not exactly two segments meet.

    Args:
        complex: holds its vertices.
        corners: (n,) vertices of `complex`.
        regions: (n - 1, 2) activation region left and right of each segment: one region twice if the
            segment crosses it, two if it runs along their border, -1 outside the window.
        left, right: sign or class on either side, None outside the window; left is the greater one.
    """

    complex: CellComplex = field(repr=False)
    corners: np.ndarray
    regions: np.ndarray
    left: int | None
    right: int | None

    def __len__(self) -> int:
        return len(self.regions)

    @property
    def closed(self) -> bool:
        return bool(self.corners[0] == self.corners[-1])

    @property
    def vertices(self) -> np.ndarray:
        """(n, 2) float64, as near the exact ones as `CellComplex.vertices`."""
        return self.complex.vertices[self.corners]

    def exact_vertices(self) -> list[tuple[Fraction, Fraction]]:
        """The n vertices as rationals."""
        return [self.complex.exact_vertex(int(v)) for v in self.corners]


def polylines(
    complex: CellComplex, edges: np.ndarray, label: np.ndarray, region: np.ndarray
) -> list[Polyline]:
    """Join edges (n,) of a complex to polylines.

    Args:
        label: (F,) sign or class of each cell.
        region: (F,) region that each cell is a part of; edges between the same regions and labels that
            follow each other lie on one line and become one segment.
    """
    if not len(edges):
        return []
    origin = complex.edges[edges].ravel()  # half-edge 2k leaves the tail of edge k, 2k + 1 its head
    labels = _both_ways(beside(complex, edges, label, OUTSIDE))
    regions = _both_ways(beside(complex, edges, region, -1))
    walks = _walks(_followers(origin, labels), labels[:, 0] >= labels[:, 1])
    return [_polyline(complex, origin, labels, regions, np.array(walk)) for walk in walks]


def beside(complex: CellComplex, edges: np.ndarray, value: np.ndarray, outside: int) -> np.ndarray:
    """(n, 2) values, one a cell, left and right of edges (n,)."""
    cells = complex.edge_cells[edges]
    return np.where(cells < 0, outside, value[cells])


def _both_ways(sides: np.ndarray) -> np.ndarray:
    """(2n, 2) left and right of half-edges, from those of their edges (n, 2)."""
    return np.stack([sides, sides[:, ::-1]], axis=1).reshape(-1, 2)


def _followers(origin: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The half-edge after each, -1 where a chain ends."""
    order = np.argsort(origin, kind="stable")
    _, first, degree = np.unique(origin[order], return_index=True, return_counts=True)
    one, other = order[first[degree == 2]], order[first[degree == 2] + 1]
    follow = np.full(len(origin), -1)
    follow[one ^ 1], follow[other ^ 1] = other, one
    follow[(labels[follow] != labels).any(axis=1)] = -1
    return follow


def _walks(follow: np.ndarray, forward: np.ndarray) -> Iterator[list[int]]:
    """Each chain once, in a direction in which its half-edges are `forward`: open ones, then closed."""
    starts = np.argsort(follow[np.arange(len(follow)) ^ 1] >= 0, kind="stable")
    seen = np.zeros(len(follow) // 2, bool)
    for h in starts[forward[starts]].tolist():
        walk = []
        while h >= 0 and not seen[h >> 1]:
            seen[h >> 1] = True
            walk.append(h)
            h = int(follow[h])
        if walk:
            yield walk


def _polyline(
    complex: CellComplex, origin: np.ndarray, labels: np.ndarray, regions: np.ndarray, walk: np.ndarray
) -> Polyline:
    """The polyline of a chain of half-edges, from bend to bend."""
    bends = (regions[walk] != regions[np.roll(walk, 1)]).any(axis=1)
    if origin[walk[0]] == origin[walk[-1] ^ 1]:
        walk, bends = np.roll(walk, -bends.argmax()), np.roll(bends, -bends.argmax())
    bends[0] = True
    corners = np.append(origin[walk[bends]], origin[walk[-1] ^ 1])
    left, right = (None if x == OUTSIDE else int(x) for x in labels[walk[0]])
    return Polyline(complex, corners, regions[walk[bends]], left, right)
