"""The subdivision after some layers: vertices, arcs and faces, and the circles they lie on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from geomtoy.circles.angles import axis_of
from geomtoy.circles.exact import Circle, Geometry, Point, Position, compare


@dataclass(frozen=True, eq=False)
class Points:
    """Common points of two circles each.

    Args:
        where: (n, 4) unit vectors and the radius within which the true ones lie.
        circles: (n, 2) ids. branch: (n,) sign of omega . (n x n'), 0 where they touch.
    """

    where: np.ndarray
    circles: np.ndarray
    branch: np.ndarray

    def __len__(self) -> int:
        return len(self.where)

    def __getitem__(self, some: np.ndarray) -> Points:
        return Points(self.where[some], self.circles[some], self.branch[some])

    @classmethod
    def join(cls, *parts: Points) -> Points:
        return cls(
            np.concatenate([p.where for p in parts]),
            np.concatenate([p.circles for p in parts]),
            np.concatenate([p.branch for p in parts]),
        )


@dataclass(frozen=True, eq=False)
class Mesh:
    """V vertices, E arcs, F faces that may have holes.

    Arc e runs along its circle, counter-clockwise around where that is positive, from `tail` to `head`
    (both
    -1 for a whole circle without vertices); `left` is the face on the positive side, `right` on the
    other,
    -1 outside the window. Half-edge 2e runs along the arc, 2e + 1 back; the half-edges that leave
    vertex v,
    counter-clockwise, are `leaving[first_leaving[v]:first_leaving[v + 1]]`.
    """

    points: Points
    circle: np.ndarray
    tail: np.ndarray
    head: np.ndarray
    left: np.ndarray
    right: np.ndarray
    n_faces: int
    leaving: np.ndarray
    first_leaving: np.ndarray

    @cached_property
    def sides(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(start, edge, side): the arcs of each face, with 1 where it lies on their left, else -1."""
        edge = np.concatenate([np.arange(len(self.left)), np.arange(len(self.right))])
        side = np.repeat([1, -1], len(self.left))
        face = np.concatenate([self.left, self.right])
        keep = face >= 0
        order = np.argsort(face[keep], kind="stable")
        start = np.searchsorted(face[keep][order], np.arange(self.n_faces + 1))
        return start, edge[keep][order], side[keep][order]

    @cached_property
    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """(face, vertex) of every vertex on a face's boundary, once each, by face."""
        start, edge, _ = self.sides
        face = np.repeat(np.arange(self.n_faces), np.diff(start))
        both = np.column_stack([np.tile(face, 2), np.concatenate([self.tail[edge], self.head[edge]])])
        both = np.unique(both[both[:, 1] >= 0], axis=0)
        return both[:, 0], both[:, 1]


class Circles:
    """Every circle given an id: its float row at once, its exact function when asked for.

    Args:
        sides: of the window; they have the first ids.
        maker: gives the function of (layer, face, cut).
    """

    def __init__(
        self, geometry: Geometry, sides: tuple[Circle, ...], maker: Callable[[int, int, int], Circle]
    ) -> None:
        self.geometry = geometry
        self.rows = np.array([[*geometry.row(k), 2.0**-51] for k in sides])
        self.layer = np.zeros(len(sides), np.int64)
        self.face = np.full(len(sides), -1)
        self.cut = np.arange(len(sides))
        self._sides = sides
        self.exact = lru_cache(maxsize=1 << 16)(self._exact)
        self.maker = maker

    def append(self, rows: np.ndarray, layer: int, face: np.ndarray, cut: np.ndarray) -> int:
        """Give ids to circles; returns the first."""
        first = len(self.rows)
        self.rows = np.concatenate([self.rows, rows])
        self.layer = np.concatenate([self.layer, np.full(len(rows), layer)])
        self.face, self.cut = np.concatenate([self.face, face]), np.concatenate([self.cut, cut])
        return first

    def axis(self, circle: int) -> int:
        return int(axis_of(self.rows[circle]))

    def _exact(self, circle: int) -> Circle:
        layer = int(self.layer[circle])
        if layer == 0:
            return self._sides[int(self.cut[circle])]
        return self.maker(layer, int(self.face[circle]), int(self.cut[circle]))


@dataclass
class Tally:
    """How many decisions were taken, and how many of them in rational arithmetic."""

    decided: int = 0
    rational: int = 0

    def add(self, decided: int, rational: int) -> None:
        self.decided += decided
        self.rational += rational


@dataclass(eq=False)
class Exact:
    """Exact points of a growing list, remembered."""

    circles: Circles
    points: Points
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.point = lru_cache(maxsize=1 << 17)(self._point)
        self.position = lru_cache(maxsize=1 << 17)(self._position)

    def _point(self, i: int) -> Point:
        k, h = self.points.circles[i].tolist()
        exact = self.circles.exact
        return self.circles.geometry.meet(exact(k), exact(h), int(self.points.branch[i]))

    def _position(self, circle: int, i: int) -> Position:
        """Of point i on a circle through it."""
        circles = self.circles
        return circles.geometry.position(circles.exact(circle), circles.axis(circle), self.point(i))


def on_arc(exact: Exact, circle: int, tail: int, head: int, point: Point) -> bool:
    """Whether a point of a circle lies inside its arc from tail to head."""
    if tail < 0:
        return True
    geometry = exact.circles.geometry
    here = geometry.position(exact.circles.exact(circle), exact.circles.axis(circle), point)
    start, end = exact.position(circle, tail), exact.position(circle, head)
    after, ahead = compare(start, here), compare(here, end)
    if after == 0 or ahead == 0:
        return False
    if tail == head:
        return True
    return (after < 0 and ahead < 0) if compare(start, end) < 0 else (after < 0 or ahead < 0)


def successor(leaving: np.ndarray, first: np.ndarray, n_edges: int) -> np.ndarray:
    """The half-edge that follows each on the boundary of the face on its left."""
    after = np.arange(2 * n_edges)  # of a whole circle, itself
    place = np.arange(len(leaving))
    vertex = np.repeat(np.arange(len(first) - 1), np.diff(first))
    before = np.where(place == first[vertex], first[vertex + 1] - 1, place - 1)
    after[leaving ^ 1] = leaving[before]  # the next one clockwise from the way back
    return after


def arc_places(row: np.ndarray, where: np.ndarray, tail: int, head: int, n: int) -> np.ndarray:
    """n places (n, 3) along the arc of a circle from tail to head, ends included, in float64."""
    normal, c = row[:3], row[3]
    axis = int(np.argmin(np.abs(normal)))
    one = np.eye(3)[axis] - normal[axis] * normal
    one /= np.linalg.norm(one)
    other = np.cross(normal, one)
    start, turn = 0.0, 2 * np.pi
    if tail >= 0:
        start, end = (float(np.arctan2(p @ other, p @ one)) for p in where[[tail, head], :3])
        turn = (end - start) % (2 * np.pi) if tail != head else turn
    angle = start + turn * np.linspace(0, 1, n)[:, None]
    rho = np.sqrt(max(0.0, 1.0 - c * c))
    found: np.ndarray = -c * normal + rho * (np.cos(angle) * one + np.sin(angle) * other)
    return found
