"""What one layer adds to a mesh: points, arcs, and the order of both.

The numbers enter through signs at vertices, the number of common points of two circles, and the order of
points along a circle, each in float64 first and in rationals where that is silent. On an arc most events
follow from the signs at its ends; a function has two zeros on a circle at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geomtoy.circles import events
from geomtoy.circles.curves import Curves, find_curves
from geomtoy.circles.mesh import Exact, Mesh, Points
from geomtoy.circles.order import order_on_circles, order_on_edges
from geomtoy.circles.subject import Subject
from geomtoy.circles.topology import arcs


@dataclass(frozen=True, eq=False)
class Cutting:
    """What a layer adds to a mesh.

    Args:
        points: of all nodes; the first are the mesh's vertices.
        label: (nodes,) the distinct point of each node, -1 where no arc ends.
        edge_start, edge_node: nodes inside each old arc, in order, one for each distinct point.
        arcs: (k, 3) rows (curve, tail node, head node); (curve, -1, -1) for a whole circle.
        signs: (V, n) at old vertices.
    """

    mesh: Mesh
    layer: int
    curves: Curves
    points: Points
    label: np.ndarray
    n_points: int
    edge_start: np.ndarray
    edge_node: np.ndarray
    arcs: np.ndarray
    signs: np.ndarray
    kinds: np.ndarray
    rows: np.ndarray

    def count(self) -> int:
        """Faces inside the window by Euler's relation, without building them: E - V + C."""
        mesh = self.mesh
        edges = len(mesh.tail) + len(self.edge_node) + len(self.arcs)
        first = np.diff(self.edge_start) > 0
        edges -= int((first & (mesh.tail < 0)).sum())  # a circle's first point does not split it
        pairs = self._links()
        graph = coo_matrix((np.ones(len(pairs), np.int8), pairs.T), shape=(self.n_points,) * 2)
        parts = connected_components(graph, directed=False)[0] if self.n_points else 0
        return edges - self.n_points + parts  # circles without points add one each

    def _links(self) -> np.ndarray:
        """Pairs of distinct points that arcs join."""
        mesh, label = self.mesh, self.label
        real = self.arcs[self.arcs[:, 1] >= 0]
        found = [label[real[:, 1:]]]
        edge = np.repeat(np.arange(len(mesh.tail)), np.diff(self.edge_start))
        inner = label[self.edge_node]
        follow = np.flatnonzero(edge[1:] == edge[:-1])
        found.append(np.column_stack([inner[follow], inner[follow + 1]]))
        has = mesh.tail >= 0
        split = np.diff(self.edge_start) > 0
        plain = has & ~split
        found.append(np.column_stack([label[mesh.tail[plain]], label[mesh.head[plain]]]))
        cut = has & split
        first, last = inner[self.edge_start[:-1][cut]], inner[self.edge_start[1:][cut] - 1]
        found += [
            np.column_stack([label[mesh.tail[cut]], first]),
            np.column_stack([last, label[mesh.head[cut]]]),
        ]
        return np.concatenate(found)


def cut(subject: Subject) -> Cutting:
    """Cut the faces of a mesh with one layer."""
    mesh = subject.mesh
    signs = subject.vertex_signs()
    zeros, touched = events.zeros_on_edges(subject, signs), events.touches(subject, signs)
    curves = find_curves(subject, signs, events.met_boundaries(subject, zeros, touched))
    inner, curve_a, curve_b = events.meetings(subject, curves)
    on_edges = events.edge_points(subject, zeros, curves)
    points = Points.join(mesh.points, on_edges, inner)
    exact = Exact(subject.circles, points, subject.tally)
    first = len(mesh.points)
    found, used, ties = _arcs(
        subject,
        curves,
        events.joined(
            [
                events.on_edges(subject, zeros, curves, first),
                events.at_vertices(subject, touched, curves),
                events.inside(curve_a, curve_b, first + len(on_edges)),
            ]
        ),
        exact,
    )
    along = order_on_edges(subject, zeros.edge, first, exact)
    label, n_points = _labels(len(points), first, used, np.concatenate([ties, along.ties]))
    kept = along.lead & (label[along.node] >= 0)
    start = np.concatenate([[0], np.cumsum(kept)])[along.start]
    return Cutting(
        mesh, subject.layer, curves, points, label, n_points, start, along.node[kept], found, signs,
        subject.kinds, subject.rows,
    )  # fmt: skip


def _arcs(
    subject: Subject, curves: Curves, at: events.Events, exact: Exact
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arcs (k, 3) of the curves inside their faces, the nodes where some end, pairs of tied nodes."""
    by_curve = np.argsort(at[0], kind="stable")
    curve, node, before, after = (part[by_curve] for part in at)
    live = np.flatnonzero(curves.alone)
    start = np.searchsorted(curve, np.append(live, len(curves.face)))
    order, tied = order_on_circles(subject, curves.circle[live], start, node, exact)
    found, used, broken = arcs(start, order, tied, node, before, after)
    if broken >= 0:
        raise AssertionError(f"the events of curve {live[broken]} contradict each other")
    found[:, 0] = live[found[:, 0]]
    ties = np.column_stack([node[order[np.flatnonzero(tied) - 1]], node[order[tied]]])
    return found, node[used], ties


def _labels(n: int, old: int, used: np.ndarray, ties: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the distinct points among the old vertices and the used nodes."""
    alive = np.zeros(n, bool)
    alive[:old] = True
    alive[used] = True
    root = np.arange(n)
    if len(ties):
        graph = coo_matrix((np.ones(len(ties), np.int8), ties.T), shape=(n, n))
        _, part = connected_components(graph, directed=False)
        least = np.full(part.max() + 1, n)
        np.minimum.at(least, part, np.arange(n))
        root = least[part]
        joined = np.zeros(n, bool)
        joined[root[alive]] = True
        alive = joined[root]
    leads = alive & (root == np.arange(n))
    number = np.cumsum(leads) - 1
    return np.where(alive, number[root], -1), int(leads.sum())
