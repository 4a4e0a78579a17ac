"""An independent check of a complex behind a norm: Euler's relation, and the network itself in balls.

The enumeration never evaluates the network: it works with functions on the sphere. Here the network is
run as
it is written, mean, deviation and all, in ball arithmetic at a place on every arc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, arb_mat
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geomtoy.circles.mesh import Exact
from geomtoy.circles.sphere import Sphere

if TYPE_CHECKING:
    from geomtoy.circles.complex import CircleComplex

Pieces = list[int | None]

ROUNDING = 2.0**-49
"""More than what comparing two rows or places in float64 is off by."""

NEAR = 2.0**-20
"""A unit that an arc parts vanishes this near to any place on the arc, or relatively so."""


@dataclass(frozen=True)
class Certificate:
    """What was checked, and the first thing found wrong with each check (None if nothing)."""

    euler: str | None
    orders: str | None
    numbers: str | None
    patterns: str | None
    places: int

    @property
    def valid(self) -> bool:
        return self.euler is self.orders is self.numbers is self.patterns is None

    def __str__(self) -> str:
        if self.valid:
            return (
                "certified: Euler's relation, arcs around vertices, their exact places, "
                f"patterns at {self.places} places"
            )
        return "not certified: " + "; ".join(
            x for x in (self.euler, self.orders, self.numbers, self.patterns) if x is not None
        )


def certify(complex: CircleComplex) -> Certificate:
    """Check a complex.

    Euler's relation for a drawing of several parts; that faces follow one another around every vertex;
    that vertices lie exactly on the circles of their arcs, and all floats as near the exact numbers as
    they say; and that every unit which ball arithmetic decides near the middle of an arc is on exactly
    where the patterns of both faces say so, or, if it is one that the arc parts, in one of them, and
    vanishes nearby. A circle that is missing inside a face, and parts no pieces of its boundary, would
    not be seen.
    """
    wrong, places = _patterns(complex)
    return Certificate(_euler(complex), _orders(complex), _numbers(complex), wrong, places)


def _euler(complex: CircleComplex) -> str | None:
    mesh = complex.subdivision.mesh
    real = mesh.tail >= 0
    ends = np.column_stack([mesh.tail, mesh.head])[real]
    V = complex.n_vertices
    graph = coo_matrix((np.ones(len(ends), np.int8), ends.T), shape=(V, V))
    parts = (connected_components(graph, directed=False)[0] if V else 0) + int((~real).sum())
    expected = int(real.sum()) - V + parts
    if complex.n_cells != expected:
        return f"{complex.n_cells} faces, where Euler's relation gives {expected}"
    return None


def _orders(complex: CircleComplex) -> str | None:
    mesh = complex.subdivision.mesh
    for v in range(complex.n_vertices):
        half = mesh.leaving[mesh.first_leaving[v] : mesh.first_leaving[v + 1]]
        left = np.where(half & 1, mesh.right[half >> 1], mesh.left[half >> 1])
        right = np.where(half & 1, mesh.left[half >> 1], mesh.right[half >> 1])
        if (left != np.roll(right, -1)).any():
            return f"the faces around vertex {v} do not follow one another"
    return None


def _numbers(complex: CircleComplex) -> str | None:
    circles, mesh = complex.subdivision.circles, complex.subdivision.mesh
    geometry, points = circles.geometry, mesh.points
    exact = Exact(circles, points)
    for c in np.unique(np.concatenate([mesh.circle, points.circles.ravel()])).tolist():
        if not _near(circles.rows[c, :4], geometry.row(circles.exact(c)), circles.rows[c, 4]):
            return f"circle {c} lies elsewhere than floats say"
    for v, (k, h) in enumerate(points.circles.tolist()):
        common = geometry.relation(circles.exact(k), circles.exact(h))
        if common not in (1, 2) or abs(int(points.branch[v])) != common - 1:
            return f"vertex {v} is no common point of its circles"
        if not _near(points.where[v, :3], geometry.floats(exact.point(v)), points.where[v, 3]):
            return f"vertex {v} lies elsewhere than floats say"
    for e, circle in enumerate(mesh.circle.tolist()):
        ends = [v for v in (int(mesh.tail[e]), int(mesh.head[e])) if v >= 0]
        if any(geometry.side(circles.exact(circle), exact.point(v)) for v in ends):
            return f"an end of arc {e} does not lie on its circle"
    return None


def _near(floats: np.ndarray, exact: tuple[float, ...], error: float) -> bool:
    return bool(np.linalg.norm(floats - np.array(exact)) <= 2 * error + ROUNDING)


def _patterns(complex: CircleComplex) -> tuple[str | None, int]:
    patterns, places = complex.activation_patterns, 0
    network = complex.network
    if network.after.maxima:
        return None, 0
    for e, sides in enumerate(complex.edge_cells.tolist()):
        place = complex.arc(e, 3)[1]
        if not np.isfinite(place).all():
            continue
        places += 1
        sphere, cells = complex.subdivision.sphere, [cell for cell in sides if cell >= 0]
        for unit, piece in enumerate(_pieces(sphere, [arb(float(z)) for z in place])):
            if piece is not None and piece not in patterns[cells, unit]:
                return f"unit {unit} is on piece {piece} at arc {e}, in no cell beside it", places
        parted = np.flatnonzero(patterns[cells[0]] != patterns[cells[-1]]).tolist()
        around = _pieces(sphere, [arb(float(z), NEAR * (1 + abs(float(z)))) for z in place])
        for unit in parted:
            if around[unit] is not None:
                return f"unit {unit} changes across arc {e} and does not vanish there", places
        if len(cells) == 2 and (patterns[cells[0]] == patterns[cells[1]]).all():
            return f"the cells beside arc {e} have one pattern", places
    return None, places


def _pieces(sphere: Sphere, place: Sequence[arb]) -> Pieces:
    """Piece of each hidden unit at a place (s, t) of the slice; None where balls do not decide."""
    network = sphere.network
    y = _normed(sphere, place)
    found: Pieces = []
    for layer, (W, b) in enumerate(network.after.layers[:-1], start=1):
        z = _matrix(W) * y + _matrix(b[:, None])
        after = []
        for act, value in zip(network.after.units(layer), z.entries(), strict=True):
            above = [_sign(value - _ball(tau)) for tau in act.breakpoints]
            piece = None if 0 in above else sum(s > 0 for s in above)
            found.append(piece)
            low = sum(s > 0 for s in above)
            high = sum(s >= 0 for s in above)
            values = [_ball(act.slopes[p]) * value + _ball(act.offsets[p]) for p in range(low, high + 1)]
            union = values[0]
            for other in values[1:]:
                union = union.union(other)
            after.append(union)
        y = arb_mat(len(after), 1, after)
    return found


def _normed(sphere: Sphere, place: Sequence[arb]) -> arb_mat:
    """The normalised vector, as the network is written."""
    network, norm = sphere.network, sphere.network.norm
    s, t = place
    if sphere.slice is None:
        x = [s, t]
    else:
        x = [
            _ball(o) + s * _ball(u) + t * _ball(v)
            for o, u, v in zip(sphere.slice.origin, sphere.slice.u, sphere.slice.v, strict=True)
        ]
    if network.before is not None:
        W, b = network.before
        x = (_matrix(W) * arb_mat(len(x), 1, x) + _matrix(b[:, None])).entries()
    d = len(x)
    if norm.centred:
        mean = sum(x, arb(0)) / d
        x = [z - mean for z in x]
    deviation = (sum((z * z for z in x), arb(0)) / d + _ball(norm.epsilon)).sqrt()
    gain, bias = norm.gain.tolist(), norm.bias.tolist()
    return arb_mat(
        d, 1, [_ball(g) * z / deviation + _ball(c) for g, z, c in zip(gain, x, bias, strict=True)]
    )


def _matrix(array: np.ndarray) -> arb_mat:
    return arb_mat(len(array), array.shape[1], [_ball(x) for x in array.ravel().tolist()])


def _ball(x: Any) -> arb:
    p, q = x.as_integer_ratio()
    return arb(p) / arb(q)


def _sign(x: arb) -> int:
    return 1 if x > 0 else (-1 if x < 0 else 0)
