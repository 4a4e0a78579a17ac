"""Integrals of polynomials over the cells of a complex, exactly: sums over their edges.

For a monomial h of degree n, Euler's x h_x + y h_y = n h and Green's theorem give

    integral of h over a cell = 1 / (n + 2) sum over edges pq of (p x q) times the mean of h along pq,

because x dy - y dx is (p x q) dr at p + r (q - p). An edge's means serve both of its cells, with
opposite signs. All is integers over common denominators, so that one fraction is reduced for each edge
of a cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from math import comb, lcm
from typing import NamedTuple

from flint import fmpq, fmpz

from geomtoy.errors import WindowError
from geomtoy.regions.engine.run import Subdivision
from geomtoy.regions.numbers.exact import Vertex

Monomial = tuple[int, ...]
Polynomial = Mapping[Monomial, fmpq]
"""Exponents (i, j) of frame coordinates -> coefficient of x^i y^j."""


class Means(NamedTuple):
    """Means of monomials along an edge pq, times (p x q) / (n + 2): means[i, j] / denominator."""

    numerators: dict[Monomial, fmpz]
    denominator: fmpz


def integrals(
    subdivision: Subdivision,
    integrands: Iterable[Polynomial],
    degree: int,
    cells: Sequence[int] | None = None,
) -> list[fmpq]:
    """The integral over each cell of its polynomial, in the frame.

    Args:
        integrands: one for each cell, of at most that degree.
        cells: which; all if None.
    Raises:
        WindowError: the window is unbounded.
    """
    if subdivision.frame.unbounded:
        raise WindowError("unbounded cells have no area or integral; give a bounded window")
    mesh, meet = subdivision.mesh, subdivision.lines.meet
    lines, tail, head = mesh.lines.tolist(), mesh.tail.tolist(), mesh.head.tolist()
    half, start = mesh.half.tolist(), mesh.start.tolist()

    @cache
    def means(edge: int) -> Means:
        return _means(meet(*lines[tail[edge]]), meet(*lines[head[edge]]), degree)

    return [
        _around(half[start[k] : start[k + 1]], means, integrand)
        for k, integrand in zip(range(mesh.n_cells) if cells is None else cells, integrands, strict=True)
    ]


def _around(half: list[int], means: Callable[[int], Means], integrand: Polynomial) -> fmpq:
    """The sum over a cell's half-edges; odd ones run against their edge."""
    numerators, denominator = _over_one_denominator(integrand)
    found = fmpq(0)
    for h in half:
        edge = means(h >> 1)
        share = sum((c * edge.numerators[at] for at, c in numerators), fmpz(0))
        found += fmpq(-share if h & 1 else share, edge.denominator * denominator)
    return found


def _over_one_denominator(integrand: Polynomial) -> tuple[list[tuple[Monomial, fmpz]], fmpz]:
    denominator = fmpz(1)
    for c in integrand.values():
        denominator = denominator.lcm(c.q)
    return [(at, c.p * (denominator // c.q)) for at, c in integrand.items()], denominator


def _means(p: Vertex, q: Vertex, degree: int) -> Means:
    w = p.w * q.w
    turn = p.x * q.y - p.y * q.x  # over w
    px, py, qx, qy = (_powers(z, degree) for z in (p.x * q.w, p.y * q.w, q.x * p.w, q.y * p.w))
    scale, expansions = _expansions(degree)
    homogeneous = [turn * power for power in _powers(w, degree)[::-1]]
    numerators = {
        at: homogeneous[sum(at)] * sum(t.factor * px[t.a] * qx[t.b] * py[t.c] * qy[t.d] for t in terms)
        for at, terms in expansions.items()
    }
    return Means(numerators, scale * w ** (degree + 1))


def _powers(z: fmpz, degree: int) -> list[fmpz]:
    powers = [fmpz(1)]
    for _ in range(degree):
        powers.append(powers[-1] * z)
    return powers


class Term(NamedTuple):
    """factor * px^a qx^b py^c qy^d."""

    factor: int
    a: int
    b: int
    c: int
    d: int


@cache
def _expansions(degree: int) -> tuple[int, dict[Monomial, list[Term]]]:
    """A common denominator, and for each monomial 1 / (n + 2) of its mean along pq, by the integrals of
    Bernstein's polynomials: of (1 - r)^(n - k) r^k it is 1 / ((n + 1) C(n, k))."""
    powers = [(n - j, j) for n in range(degree + 1) for j in range(n + 1)]
    scale = lcm(*((n + 1) * (n + 2) * comb(n, k) for n in range(degree + 1) for k in range(n + 1)))
    return scale, {(i, j): _expansion(i, j, scale) for i, j in powers}


def _expansion(i: int, j: int, scale: int) -> list[Term]:
    n = i + j
    return [
        Term(
            comb(i, k) * comb(j, m) * (scale // ((n + 1) * (n + 2) * comb(n, k + m))),
            i - k, k, j - m, m,
        )
        for k in range(i + 1)
        for m in range(j + 1)
    ]  # fmt: skip
