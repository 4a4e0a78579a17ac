"""Cells numbered along a curve that fills the square: those with close numbers are close.

What is known of one cell of a level says much about those next to it, and memory that one has asked for
is still at hand for the other. Faces are traced ring by ring, where a few in a row lie far apart.
"""

from __future__ import annotations

import numpy as np

from geomtoy.kernels import inlined, kernel
from geomtoy.regions.topology.mesh import Mesh

FEW = 8
"""Cells of a parent, on average, up to which their numbers do not matter."""

STEPS, OFF = 2**12, 0.382
"""Of the curve, along each side of the square [-1, 1]^2; by how much they are moved, so that none begins
at a number of few bits: what is rounded differently, on another machine, is on the same step."""


def pays_off(parent: np.ndarray) -> bool:
    """Whether the cells of parents are many enough to be numbered."""
    return bool(len(parent) > FEW * (1 + np.count_nonzero(np.diff(parent))))


def along_curve(x: np.ndarray, y: np.ndarray, mesh: Mesh, parent: np.ndarray) -> np.ndarray:
    """The cells (F,) of a mesh in a new order, those of one parent together as before.

    Args:
        x, y: its vertices.
    Source: Hilbert 1891.
    """
    order: np.ndarray = np.argsort(parent * STEPS**2 + _places(x, y, mesh), kind="stable")
    return order


@kernel
def renumbered(mesh, order):
    """Boundaries, as start and half, of cells order[0], order[1], ... of a mesh."""
    start, half = np.empty_like(mesh.start), np.empty_like(mesh.half)
    start[0] = 0
    for f in range(order.shape[0]):
        begin, n = mesh.start[order[f]], mesh.start[order[f] + 1] - mesh.start[order[f]]
        for q in range(n):
            half[start[f] + q] = mesh.half[begin + q]
        start[f + 1] = start[f] + n
    return start, half


@kernel
def earlier_neighbours(start, half, n_edges, parent):
    """For each cell (F,) the last of those before it that have an edge in common with it and are of the
    same parent; where there is none the cell before it, or itself if it is the first of its parent."""
    F = parent.shape[0]
    found, beside = np.empty(F, np.int64), np.full(2 * n_edges, -1)
    for f in range(F):
        nearest = np.int64(-1)
        for p in range(start[f], start[f + 1]):
            beside[half[p]] = f
            g = beside[half[p] ^ 1]
            if g > nearest and parent[g] == parent[f]:
                nearest = g
        if nearest < 0:
            nearest = np.int64(f - 1 if f > 0 and parent[f - 1] == parent[f] else f)
        found[f] = nearest
    return found


@kernel
def _places(x, y, mesh):
    """Where the middle of a box around each cell lies along the curve; 0 of a cell that is unbounded."""
    place = np.zeros(mesh.start.shape[0] - 1, np.int64)
    for f in range(place.shape[0]):
        left, right, low, high, bounded = np.inf, -np.inf, np.inf, -np.inf, True
        for p in range(mesh.start[f], mesh.start[f + 1]):
            h = mesh.half[p]
            v = mesh.tail[h >> 1] if h & 1 == 0 else mesh.head[h >> 1]
            bounded = bounded and mesh.w[v] != 0.0
            left, right, low, high = min(left, x[v]), max(right, x[v]), min(low, y[v]), max(high, y[v])
        if bounded:
            place[f] = _along(_step(left + right), _step(low + high))
    return place


@inlined
def _step(double):
    """Of the steps from -1 to 1, the one that half of a number is on."""
    step = STEPS / 4 * (double + 2.0) + OFF
    return np.int64(min(max(step, 0.0), STEPS - 1.0)) if abs(step) < np.inf else 0


@kernel
def _along(x, y):
    """How far along the curve a pair of steps is."""
    place, side = 0, STEPS // 2
    while side > 0:
        right, up = np.int64(x & side > 0), np.int64(y & side > 0)
        place += int(side * side * ((3 * right) ^ up))
        if up == 0:
            if right == 1:
                x, y = STEPS - 1 - x, STEPS - 1 - y
            x, y = y, x
        side >>= 1
    return place
