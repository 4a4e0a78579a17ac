"""Regions of networks with maxima: the cells among which the same candidates win become one.

A tournament cuts along left = right even where a third candidate wins. Cells with equal activation
patterns make up one convex region, so they meet along edges; merging drops those edges, and then the
vertices where a straight border goes on between the same two regions. A region keeps a flat corner
where an edge of its neighbours ends.
"""

from __future__ import annotations

import numpy as np

from geomtoy.kernels import kernel
from geomtoy.regions.topology.components import components
from geomtoy.regions.topology.mesh import Mesh, edge_cells


def inner_sides(mesh: Mesh) -> np.ndarray:
    """Pairs (k, 2) of cells that share an edge."""
    sides = edge_cells(mesh.start, mesh.half, len(mesh.tail))
    return sides[(sides >= 0).all(axis=1)]


def merge(mesh: Mesh, label: np.ndarray, n_sides: int) -> Mesh:
    """One cell for each label; cells of a label make up a convex polygon.

    Args:
        n_sides: lines with smaller ids are the window's sides.
    """
    sides = edge_cells(mesh.start, mesh.half, len(mesh.tail))
    kept = (sides < 0).any(axis=1) | (label[sides[:, 0]] != label[sides[:, 1]])
    corner, joints = _corners_and_joints(mesh, kept, n_sides)
    leads = np.zeros(len(kept), bool)
    leads[np.unique(components(len(kept), joints), return_index=True)[1]] = True
    leads &= kept
    edge, vertex = np.cumsum(leads) - 1, np.cumsum(corner) - 1
    start, half, tail, head = _walk(mesh, label, kept, leads, corner, edge, int(label.max()) + 1)
    return Mesh(
        mesh.x[corner], mesh.y[corner], mesh.w[corner], mesh.d[corner], mesh.lines[corner],
        vertex[tail], vertex[head], mesh.line[leads], mesh.direction[leads], start, half,
    )  # fmt: skip


def _corners_and_joints(mesh: Mesh, kept: np.ndarray, n_sides: int) -> tuple[np.ndarray, np.ndarray]:
    """Which vertices stay (V,), and the pairs of edges that become one at those which do not.

    Where two edges are left, both regions are convex, so the border is straight, or a corner of the
    window.
    """
    edges = np.flatnonzero(kept)
    end, edge = np.concatenate([mesh.tail[edges], mesh.head[edges]]), np.tile(edges, 2)
    degree = np.bincount(end, minlength=len(mesh.x))
    low, high = np.full(len(mesh.x), len(mesh.line)), np.full(len(mesh.x), -1)
    np.minimum.at(low, end, np.minimum(mesh.line[edge], n_sides))
    np.maximum.at(high, end, np.minimum(mesh.line[edge], n_sides))
    straight = (degree == 2) & (low == high)
    at_joint = np.flatnonzero(straight[end])
    at_joint = at_joint[np.argsort(end[at_joint], kind="stable")]
    return (degree > 0) & ~straight, edge[at_joint].reshape(-1, 2)


@kernel
def _walk(mesh, label, kept, leads, corner, edge, n_cells):
    """Boundaries of the merged cells, by new edges, and the ends of those, by old vertices.

    A chain of old edges between two corners is one new edge, which runs as its leading edge does.
    """
    after = _next_half_edges(mesh, kept)
    begin = np.full(n_cells, -1)
    for f in range(label.shape[0]):
        for p in range(mesh.start[f], mesh.start[f + 1]):
            h = mesh.half[p]
            if begin[label[f]] < 0 and kept[h >> 1] and corner[_origin(mesh, h)]:
                begin[label[f]] = h
    start, half = np.zeros(n_cells + 1, np.int64), np.empty(mesh.half.shape[0], np.int64)
    tail, head = np.empty(edge[-1] + 1, np.int64), np.empty(edge[-1] + 1, np.int64)
    w = 0
    for cell in range(n_cells):
        h, came = begin[cell], _origin(mesh, begin[cell])
        while True:
            if leads[h >> 1]:
                half[w] = 2 * edge[h >> 1] + (h & 1)
                w += 1
            ahead = _origin(mesh, h ^ 1)
            if corner[ahead]:
                e, back = half[w - 1] >> 1, half[w - 1] & 1 == 1
                tail[e], head[e] = (ahead, came) if back else (came, ahead)
                came = ahead
            h = after[h]
            if h == begin[cell]:
                break
        start[cell + 1] = w
    return start, half[:w].copy(), tail, head


@kernel
def _next_half_edges(mesh, kept):
    """The half-edge that follows each one that is kept around its merged cell."""
    after = np.full(2 * mesh.tail.shape[0], -1)
    for f in range(mesh.start.shape[0] - 1):
        for p in range(mesh.start[f], mesh.start[f + 1]):
            q = p + 1 if p + 1 < mesh.start[f + 1] else mesh.start[f]
            after[mesh.half[p]] = mesh.half[q]
    found = np.full(after.shape[0], -1)
    for h in mesh.half:
        if kept[h >> 1]:
            ahead = after[h]
            while not kept[ahead >> 1]:  # go around the vertex, across what is dropped
                ahead = after[ahead ^ 1]
            found[h] = ahead
    return found


@kernel
def _origin(mesh, h):
    return mesh.tail[h >> 1] if h & 1 == 0 else mesh.head[h >> 1]
