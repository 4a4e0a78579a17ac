"""Exact circles, points and signs: everything is a rational number, or a + b sqrt(E) with rational a,
b, E.

In the coordinates p of `sphere`, a point of the slice is a positive multiple of (p1, p2, p3), its
deviation
is sigma = sqrt(D1 p1^2 + D2 p2^2 + D3 p3^2), and omega_k = sqrt(D_k) p_k / sigma is its place on the
unit sphere.
A circle is a function m . p + c sigma, that is n . omega + c with n_k = m_k / sqrt(D_k): only products
n . n' = sum m_k m'_k / D_k occur, which are rational. Two circles meet where
    S omega = (A c' - N' c) n + (A c - N c') n' +- sqrt(Delta) n x n',   S = N N' - A^2,
    Delta = S - (N' c^2 - 2 A c c' + N c'^2),   N = n . n, N' = n' . n', A = n . n',
so a third one has a value x + y sqrt(E) there, E = Delta / (D1 D2 D3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

from flint import arb, ctx, fmpq

Triple = tuple[fmpq, fmpq, fmpq]


class Circle(NamedTuple):
    """The function m . p + c sigma; the circle is its zero set, run through with values > 0 on the
    left."""

    m: Triple
    c: fmpq


class Point(NamedTuple):
    """p = a + b sqrt(E), sigma = s > 0."""

    a: Triple
    b: Triple
    s: fmpq
    E: fmpq


def sign(x: fmpq) -> int:
    return int(x > 0) - int(x < 0)


def sign_of(x: fmpq, y: fmpq, E: fmpq) -> int:
    """Sign of x + y sqrt(E)."""
    p, q = sign(x), sign(y) if E != 0 else 0
    if p * q >= 0:
        return p or q
    return p * sign(x * x - y * y * E)


def sign_of_two(u: tuple[fmpq, fmpq], E: fmpq, v: tuple[fmpq, fmpq], F: fmpq) -> int:
    """Sign of (u0 + u1 sqrt(E)) + (v0 + v1 sqrt(E)) sqrt(F)."""
    p, q = sign_of(*u, E), sign_of(*v, E) if F != 0 else 0
    if p * q >= 0:
        return p or q
    x = u[0] * u[0] + u[1] * u[1] * E - F * (v[0] * v[0] + v[1] * v[1] * E)
    y = 2 * (u[0] * u[1] - F * v[0] * v[1])
    return p * sign_of(x, y, E)


def dot(x: Sequence[fmpq], y: Sequence[fmpq]) -> fmpq:
    return x[0] * y[0] + x[1] * y[1] + x[2] * y[2]


def cross(x: Triple, y: Triple) -> Triple:
    return (
        x[1] * y[2] - x[2] * y[1],
        x[2] * y[0] - x[0] * y[2],
        x[0] * y[1] - x[1] * y[0],
    )


class Pencil(NamedTuple):
    """What two circles have in common."""

    N: fmpq
    Np: fmpq
    A: fmpq
    S: fmpq
    delta: fmpq


class Geometry:
    """Exact predicates for one quadratic form diag(D)."""

    def __init__(self, D: Triple) -> None:
        self.D = D
        self._volume = D[0] * D[1] * D[2]

    @cached_property
    def roots(self) -> Triple:
        """sqrt(D_k), each within 2^-60 of itself: rationals, for they may be out of reach of float64."""
        first, second, third = map(_root, self.D)
        return first, second, third

    def product(self, k: Circle, h: Circle) -> fmpq:
        """n . n'."""
        return sum((x * y / d for x, y, d in zip(k.m, h.m, self.D, strict=True)), fmpq(0))

    def pencil(self, k: Circle, h: Circle) -> Pencil:
        N, Np, A = self.product(k, k), self.product(h, h), self.product(k, h)
        S = N * Np - A * A
        return Pencil(N, Np, A, S, S - (Np * k.c * k.c - 2 * A * k.c * h.c + N * h.c * h.c))

    def is_circle(self, k: Circle) -> int:
        """Sign of |n|^2 - c^2: positive for a circle, zero for a single point or nothing, negative for
        none."""
        return sign(self.product(k, k) - k.c * k.c)

    def relation(self, k: Circle, h: Circle) -> int:
        """Number of common points of two circles, 0, 1 or 2; or 3 if they are one circle."""
        pair = self.pencil(k, h)
        if pair.S == 0 and pair.delta == 0:
            return 3
        return 1 + sign(pair.delta)

    def same_side(self, k: Circle, h: Circle) -> int:
        """For one circle given twice: 1 if both functions have one sign, else -1."""
        return sign(self.product(k, h))

    def mean_sign(self, k: Circle, h: Circle) -> int:
        """Sign of the mean of k over the circle h: the sign of k on h where it has but one."""
        pair = self.pencil(h, k)
        return sign(k.c * pair.N - pair.A * h.c)

    def meet(self, k: Circle, h: Circle, branch: int) -> Point:
        """The common point at which omega . (n x n') has the sign `branch` (0: they touch)."""
        N, Np, A, S, delta = self.pencil(k, h)
        alpha, beta = A * h.c - Np * k.c, A * k.c - N * h.c
        a = tuple((alpha * x + beta * y) / d for x, y, d in zip(k.m, h.m, self.D, strict=True))
        b = tuple(branch * x for x in cross(k.m, h.m))
        return Point(
            (a[0], a[1], a[2]), (b[0], b[1], b[2]), S, delta / self._volume if branch else fmpq(0)
        )

    def side(self, k: Circle, P: Point) -> int:
        """Sign of a function at a point."""
        return sign_of(dot(k.m, P.a) + k.c * P.s, dot(k.m, P.b), P.E)

    def turn(self, k: Circle, h: Circle, P: Point) -> int:
        """Sign of omega . (n x n') at a common point: 1 where h turns off to the left of k."""
        M = cross(k.m, h.m)
        form: Triple = (self.D[0] * M[0], self.D[1] * M[1], self.D[2] * M[2])
        return sign_of(dot(form, P.a), dot(form, P.b), P.E)

    def along(self, k: Circle, h: Circle) -> int:
        """For circles that touch: 1 if they run the same way at the common point, else -1."""
        return sign(self.product(k, h) - k.c * h.c)

    # --- order along a circle ---------------------------------------------------------------------

    def position(self, k: Circle, axis: int, P: Point) -> Position:
        """Where a point of circle k lies, as an angle from the direction nearest to the axis."""
        a, b = (axis + 1) % 3, (axis + 2) % 3
        N = self.product(k, k)
        forward = self.D[axis] * N
        X = (
            forward * P.a[axis] + k.m[axis] * k.c * P.s,
            forward * P.b[axis],
        )
        left, right = k.m[b] * self.D[a], k.m[a] * self.D[b]
        Y = (left * P.a[a] - right * P.a[b], left * P.b[a] - right * P.b[b])
        upper, ahead = sign_of(*Y, P.E), sign_of(*X, P.E)
        half = 0 if upper > 0 or (upper == 0 and ahead > 0) else 1
        return Position(half, X, Y, P.E)

    def floats(self, P: Point) -> tuple[float, float, float]:
        """omega in float64, each coordinate within 2^-52."""

        def omega() -> list[arb]:
            root = arb(P.E).sqrt()
            return [
                (arb(a) + arb(b) * root) * arb(d).sqrt() / arb(P.s)
                for a, b, d in zip(P.a, P.b, self.D, strict=True)
            ]

        x, y, z = _floats(omega)
        return x, y, z

    def row(self, k: Circle) -> tuple[float, float, float, float]:
        """(n, c) in float64, each within 2^-52, over |n| or, if that is less, |c|."""
        N = self.product(k, k)
        largest = max(N, k.c * k.c)
        if largest == 0:
            return 0.0, 0.0, 0.0, 0.0

        def values() -> list[arb]:
            size = arb(largest).sqrt()
            n = [arb(x) / arb(d).sqrt() / size for x, d in zip(k.m, self.D, strict=True)]
            return [*n, arb(k.c) / size]

        x, y, z, c = _floats(values)
        return x, y, z, c


def _root(x: fmpq) -> fmpq:
    with ctx.workprec(64):
        mantissa, exponent = arb(x).sqrt().mid().man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _floats(values: Callable[[], list[arb]]) -> list[float]:
    """Numbers of size one at most, known better than float64 can hold them."""
    before = ctx.prec
    try:
        ctx.prec = 128
        found = values()
        while any(float(x.rad()) > 2.0**-60 for x in found):
            ctx.prec *= 2
            found = values()
        return [float(x.mid()) for x in found]
    finally:
        ctx.prec = before


class Position(NamedTuple):
    """An angle: half 0 for [0, pi), 1 for [pi, 2 pi); then the direction (X, Y), both u + v sqrt(E)."""

    half: int
    X: tuple[fmpq, fmpq]
    Y: tuple[fmpq, fmpq]
    E: fmpq


def compare(p: Position, q: Position) -> int:
    """-1, 0 or 1: the order of two angles of one circle."""
    if p.half != q.half:
        return p.half - q.half
    # X_q Y_p - X_p Y_q, each product over sqrt(E_p) and sqrt(E_q)
    u = (p.Y[0] * q.X[0] - p.X[0] * q.Y[0], p.Y[1] * q.X[0] - p.X[1] * q.Y[0])
    v = (p.Y[0] * q.X[1] - p.X[0] * q.Y[1], p.Y[1] * q.X[1] - p.X[1] * q.Y[1])
    return sign_of_two(u, p.E, v, q.E)
