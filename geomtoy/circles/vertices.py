"""The exact order of arcs around a vertex: by direction, and by curvature where they touch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key

from geomtoy.circles.exact import Point
from geomtoy.circles.mesh import Circles, Mesh

Ray = tuple[int, int]
"""A circle and the way (+-1) along it in which a ray leaves the vertex."""


class Around:
    """Rays that leave one point."""

    def __init__(self, circles: Circles, point: Point) -> None:
        self._circles, self._point = circles, point

    def turn(self, p: Ray, q: Ray) -> int:
        """1 if q points to the left of p, -1 to the right, 0 along it or against it."""
        k, h = (self._circles.exact(ray[0]) for ray in (p, q))
        return p[1] * q[1] * self._circles.geometry.turn(k, h, self._point)

    def agree(self, p: Ray, q: Ray) -> bool:
        """Whether two rays of circles that touch point the same way."""
        k, h = (self._circles.exact(ray[0]) for ray in (p, q))
        return p[1] * q[1] * self._circles.geometry.along(k, h) > 0

    def one_circle(self, p: Ray, q: Ray) -> bool:
        k, h = (self._circles.exact(ray[0]) for ray in (p, q))
        return p[0] == q[0] or self._circles.geometry.relation(k, h) == 3

    def bend(self, p: Ray, q: Ray) -> int:
        """For rays that point the same way: 1 if q leaves to the left of p, 0 if they are one."""
        if self.one_circle(p, q):
            return 0
        k, h = (self._circles.exact(ray[0]) for ray in (p, q))
        return p[1] * self._circles.geometry.mean_sign(k, h)

    def angle(self, base: Ray, ray: Ray) -> int:
        """0 along the base (a little left of it included), 1 left, 2 against it, 3 right."""
        turn = self.turn(base, ray)
        if turn:
            return 1 if turn > 0 else 3
        return 0 if self.agree(base, ray) else 2

    def compare(self, base: Ray, p: Ray, q: Ray) -> int:
        """Order of two rays counter-clockwise from the base; those that touch it on its right come
        last."""
        one, other = self._sector(base, p), self._sector(base, q)
        if one != other:
            return one - other
        turn = self.turn(p, q)
        return -turn if turn else -self.bend(p, q)

    def _sector(self, base: Ray, ray: Ray) -> int:
        angle = self.angle(base, ray)
        return 4 if angle == 0 and self.bend(base, ray) < 0 else angle

    def sorted(self, rays: Sequence[Ray]) -> list[int]:
        """Indices of rays in counter-clockwise order, the first one first."""
        base = rays[0]

        def order(i: int, j: int) -> int:
            return self.compare(base, rays[i], rays[j])

        return [0, *sorted(range(1, len(rays)), key=cmp_to_key(order))]


class Corner(Around):
    """The sectors between the arcs that leave a vertex of a mesh."""

    def __init__(self, mesh: Mesh, circles: Circles, point: Point, vertex: int) -> None:
        super().__init__(circles, point)
        low, high = mesh.first_leaving[vertex], mesh.first_leaving[vertex + 1]
        half = mesh.leaving[low:high]
        edge = half >> 1
        self._rays = [(int(c), 1 - 2 * int(h & 1)) for c, h in zip(mesh.circle[edge], half, strict=True)]
        faces = [mesh.right[e] if h & 1 else mesh.left[e] for e, h in zip(edge, half, strict=True)]
        self._faces = [int(f) for f in faces]

    def face_along(self, circle: int, way: int) -> int:
        """Face into which a circle through the vertex leads; -2 if it leads along an arc."""
        ray, base = (circle, way), self._rays[0]
        face = self._faces[-1]
        for other, left in zip(self._rays, self._faces, strict=True):
            if self.angle(other, ray) == 0 and self.bend(other, ray) == 0:
                return -2
            if other is base or self.compare(base, other, ray) < 0:
                face = left
        return face
