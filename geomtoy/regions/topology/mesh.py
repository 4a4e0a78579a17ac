"""The subdivision of the window after some layers, as flat arrays: who meets whom, and where it is
stored."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.kernels import kernel


class Mesh(NamedTuple):
    """V vertices, E edges, F convex cells that share them.

    A half-edge 2e runs along edge e from `tail[e]` to `head[e]`, 2e + 1 runs back. The boundary of
    cell f, counter-clockwise, is `half[start[f]:start[f + 1]]`. Coordinates are those of the frame,
    up to `d`; exactly, a vertex is the intersection of its two lines. Cell f is cell first + f of its
    level: a mesh may hold a part of it.
    """

    x: np.ndarray  # (V,) float64
    y: np.ndarray
    w: np.ndarray  # (V,) 1.0, or 0.0 for a point at infinity in direction (x, y)
    d: np.ndarray  # (V,) bound on the error of x and of y
    lines: np.ndarray  # (V, 2) ids of two lines through the vertex
    tail: np.ndarray  # (E,)
    head: np.ndarray  # (E,)
    line: np.ndarray  # (E,) id of the line that the edge lies on
    direction: np.ndarray  # (E,) +1 if the edge runs along (-b, a) of that line, else -1
    start: np.ndarray  # (F + 1,)
    half: np.ndarray  # (H,)
    first: int = 0

    @property
    def n_cells(self) -> int:
        return len(self.start) - 1


@kernel
def edge_places(start, half, n_edges):
    """For each edge a cell with it on its boundary, the index of the corner there that it begins or ends
    at, and that of the next corner."""
    cell = np.empty(n_edges, np.int64)
    here, ahead = np.empty(n_edges, np.int32), np.empty(n_edges, np.int32)
    for f in range(start.shape[0] - 2, -1, -1):
        m = start[f + 1] - start[f]
        for q in range(m):
            e = half[start[f] + q] >> 1
            cell[e], here[e], ahead[e] = f, q, q + 1 if q + 1 < m else 0
    return cell, here, ahead


@kernel
def edge_cells(start, half, n_edges):
    """Cells left and right of each edge, -1 for the outside of the window."""
    sides = np.empty((n_edges, 2), np.int64)
    for e in range(n_edges):
        sides[e, 0] = sides[e, 1] = -1
    for f in range(start.shape[0] - 1):
        for p in range(start[f], start[f + 1]):
            sides[half[p] >> 1, half[p] & 1] = f
    return sides


@kernel
def corner_vertices(half, tail, head):
    """Tail vertex of each half-edge in the boundary lists: the corners of all cells."""
    corner = np.empty(half.shape[0], np.int64)
    for p in range(half.shape[0]):
        h = half[p]
        corner[p] = tail[h >> 1] if h & 1 == 0 else head[h >> 1]
    return corner


@kernel
def part(mesh, low, high, edge_number, vertex_number):
    """The mesh of cells low..high-1 alone, and the numbers (E,) that its edges had: edges and vertices
    are numbered anew, as they come, lines are as they were.

    Args:
        edge_number, vertex_number: (all edges,) and (all vertices,) room that holds -1 alone, before and
            after.
    """
    begin, end = mesh.start[low], mesh.start[high]
    half = np.empty(end - begin, np.int64)
    edges, vertices = np.empty(end - begin, np.int64), np.empty(2 * (end - begin), np.int64)
    n = m = 0
    for i in range(begin, end):
        e = mesh.half[i] >> 1
        if edge_number[e] < 0:
            edge_number[e], edges[n] = n, e
            n += 1
            for v in (mesh.tail[e], mesh.head[e]):
                if vertex_number[v] < 0:
                    vertex_number[v], vertices[m] = m, v
                    m += 1
        half[i - begin] = 2 * edge_number[e] + (mesh.half[i] & 1)
    edges, vertices = edges[:n].copy(), vertices[:m].copy()
    tail, head = vertex_number[mesh.tail[edges]], vertex_number[mesh.head[edges]]
    edge_number[edges], vertex_number[vertices] = -1, -1
    found = Mesh(
        mesh.x[vertices], mesh.y[vertices], mesh.w[vertices], mesh.d[vertices], mesh.lines[vertices],
        tail, head, mesh.line[edges], mesh.direction[edges], mesh.start[low : high + 1] - begin, half,
        mesh.first + low,
    )  # fmt: skip
    return found, edges
