"""The order of points along circles and arcs, by float keys; exact positions where keys are too near."""

from __future__ import annotations

from functools import cmp_to_key
from typing import NamedTuple

import numpy as np

from geomtoy.circles.angles import key_of, keys, sort_groups
from geomtoy.circles.exact import compare
from geomtoy.circles.mesh import Exact
from geomtoy.circles.subject import Subject
from geomtoy.circles.topology import grouped

by_angle = cmp_to_key(compare)

CLEAR = 1e-6
"""Keys this near to the start of the angles are compared exactly."""


class AlongEdges(NamedTuple):
    """Nodes inside each old arc, in order from its tail: node[start[e]:start[e + 1]].

    `lead` marks the first node at each distinct point, `ties` (k, 2) pairs at one point.
    """

    start: np.ndarray
    node: np.ndarray
    lead: np.ndarray
    ties: np.ndarray


def order_on_circles(
    subject: Subject, circle: np.ndarray, start: np.ndarray, node: np.ndarray, exact: Exact
) -> tuple[np.ndarray, np.ndarray]:
    """Events of each circle in order along it, and which are tied to the one before."""
    of = np.repeat(circle, np.diff(start))
    key, error, doubt = keys(subject.circles.rows, of, node, exact.points.where)
    for j in np.flatnonzero(doubt):
        half = exact.position(int(of[j]), int(node[j])).half
        if np.isfinite(error[j]):
            key[j], error[j] = (4.0 if half else 0.0), error[j] + abs(key[j] - round(key[j] / 4) * 4)
    order, clusters = sort_groups(start, key, error)
    tied = np.zeros(len(order), bool)
    for low, high in clusters.tolist():
        members = order[low:high].tolist()
        position = {j: exact.position(int(of[j]), int(node[j])) for j in members}
        members.sort(key={j: by_angle(place) for j, place in position.items()}.__getitem__)
        order[low:high] = members
        for i in range(1, len(members)):
            tied[low + i] = compare(position[members[i - 1]], position[members[i]]) == 0
    subject.tally.add(len(order), int((clusters[:, 1] - clusters[:, 0]).sum()))
    return order, tied


def order_on_edges(subject: Subject, edge: np.ndarray, first: int, exact: Exact) -> AlongEdges:
    """The zeros on arcs, the j-th being node first + j on arc edge[j], in order along each arc."""
    mesh = subject.mesh
    by_edge = np.argsort(edge, kind="stable")
    start = grouped(edge, len(mesh.tail))
    node = first + by_edge
    order, tied = order_on_circles(subject, mesh.circle, start, node, exact)
    order = _from_tail(subject, start, order, tied, node, exact)
    again = np.flatnonzero(tied)
    ties = np.column_stack([node[order[again - 1]], node[order[again]]])
    return AlongEdges(start, node[order], ~tied, ties)


def _from_tail(
    subject: Subject,
    start: np.ndarray,
    order: np.ndarray,
    tied: np.ndarray,
    node: np.ndarray,
    exact: Exact,
) -> np.ndarray:
    """Turn each arc's order, which starts at the circle's axis, so that it starts at the arc's tail."""
    mesh = subject.mesh
    order = order.copy()
    for e in np.flatnonzero((np.diff(start) > 1) & (mesh.tail >= 0)).tolist():
        low, high = int(start[e]), int(start[e + 1])
        turn = sum(_before_tail(subject, e, int(node[order[j]]), exact) for j in range(low, high))
        order[low:high] = np.roll(order[low:high], -turn)
        tied[low:high] = np.roll(tied[low:high], -turn)
    return order


def _before_tail(subject: Subject, edge: int, node: int, exact: Exact) -> bool:
    """Whether a point of an arc comes before the arc's tail in the order of its circle."""
    mesh = subject.mesh
    circle, tail = int(mesh.circle[edge]), int(mesh.tail[edge])
    row, P, point = subject.circles.rows[circle], mesh.points.where, exact.points.where[node]
    a, error_a, _ = key_of(row, P[tail], P[tail, 3])
    b, error_b, _ = key_of(row, point, point[3])
    if abs(a - b) > error_a + error_b and CLEAR < a < 4 - CLEAR and CLEAR < b < 4 - CLEAR:
        return bool(b < a)
    return compare(exact.position(circle, node), subject.vertices.position(circle, tail)) < 0
