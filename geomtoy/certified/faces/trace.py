"""Polylines along curves, with a proven distance from them.

On a rectangle around a chord from P to Q let |df/dv| >= m and |f| <= M along the chord, errors of f
included. Then above each point of the chord, at most M / m up or down, is exactly one zero of f, if the
rectangle reaches so far: by the mean value theorem and the intermediate value theorem. The curve is a
graph over u there, so that is the curve. M is quadratic in the chord's length; it also knows how far
the ends, which are only known up to their radii, are from the curve. Chords are halved until the
tolerance is kept, or until the error of f alone exceeds half of it.

Where one arc ends and the next begins, both being graphs over u, the curve goes on as a graph: it does
not matter where on the chords that point is. At other ends the rectangle reaches as far as the end may
be, and the steepest slope there bounds what lies between the true end and the stored one.

Where the curve is a graph over v, u and v change places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK
from geomtoy.certified.faces.chains import Chains
from geomtoy.certified.faces.graph import Graph
from geomtoy.certified.faces.stops import Stops
from geomtoy.certified.pairs import WIDER
from geomtoy.certified.patches import BLUR, Patch, PatchAt
from geomtoy.certified.polynomials import horner, zero_between
from geomtoy.certified.series import Degree
from geomtoy.errors import ProofError

DEEPEST = 40  # halvings of a chord
FULL, FAILED = -1, -2


@dataclass(frozen=True, eq=False)
class Polylines:
    """One polyline an edge, ends included.

    Args:
        start: (E + 1,) those of edge e are points[start[e]:start[e + 1]].
        points: (n, 2).
        error: (E,) each point of edge and polyline is so near one of the other, in |du| + |dv|.
        band: (E,) at least the area between edge and polyline, and around their ends.
    """

    start: np.ndarray
    points: np.ndarray
    error: np.ndarray
    band: np.ndarray


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Edges cut where one arc ends and the next begins: edge, arc, and both ends with their radii."""

    edge: np.ndarray
    arc: np.ndarray
    p: np.ndarray
    q: np.ndarray
    radius: np.ndarray


def polylines(
    chains: Chains, stops: Stops, graph: Graph, tolerance: float, boxes: np.ndarray, patch: PatchAt,
    D: Degree,
) -> Polylines:  # fmt: skip
    """Trace all edges; boxes (patches, 4) are those that the arcs' numbers speak of.

    Raises:
        ProofError: some chord is not proven to be near its curve.
    """
    pieces = _pieces(chains, stops, graph)
    number = chains.arcs["patch"][pieces.arc] - 1
    order = np.argsort(number, kind="stable")
    bounds = np.searchsorted(number[order], np.arange(len(boxes) + 1))
    n, E = len(pieces.edge), len(graph.tail)
    inside: list[np.ndarray] = []
    count, error, band = np.zeros(n, int), np.zeros(n), np.zeros(n)
    for k in np.flatnonzero(np.diff(bounds) > 0):
        mine = order[bounds[k] : bounds[k + 1]]
        shown = patch(tuple(boxes[k].tolist()))
        points, *rest = _traced(shown, boxes[k], chains, pieces, mine, tolerance, D)
        inside.append(points)
        count[mine], error[mine], band[mine] = rest
    size, points = _along_edges(pieces, count, order, np.concatenate([*inside, np.empty((0, 2))]))
    sides = slice(graph.n_curved, E)
    ends = np.column_stack([stops.points[graph.tail[sides]], stops.points[graph.head[sides]]])
    of_edge = np.bincount(pieces.edge, size, minlength=E).astype(int)
    of_edge[sides] = 2
    worst = np.zeros(E)
    np.maximum.at(worst, pieces.edge, error)
    return Polylines(
        np.concatenate([[0], np.cumsum(of_edge)]),
        np.concatenate([points, ends.reshape(-1, 2)]),
        worst,
        np.bincount(pieces.edge, band, minlength=E),
    )


def _along_edges(
    pieces: _Pieces, count: np.ndarray, order: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How many points each piece gives, and all of them, piece after piece.

    A piece gives its first point and those inside, an edge's last piece its last point too. Those
    inside, `count` of each piece, come in as the pieces are in `order`.
    """
    n = len(pieces.edge)
    source = np.empty(n, int)
    source[order] = np.cumsum(count[order]) - count[order]
    final = np.append(pieces.edge[1:] != pieces.edge[:-1], True)[:n]
    size = 1 + count + final
    begin = np.cumsum(size) - size
    points = np.empty((int(size.sum()), 2))
    points[begin] = pieces.p
    points[begin[final] + size[final] - 1] = pieces.q[final]
    owner = np.repeat(np.arange(n), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    points[begin[owner] + 1 + nth] = inside[source[owner] + nth]
    return size, points


def _pieces(chains: Chains, stops: Stops, graph: Graph) -> _Pieces:
    first, last = graph.first[: graph.n_curved], graph.last[: graph.n_curved]
    curve = np.searchsorted(stops.start, first, side="right") - 1
    begin, length = chains.start[curve], np.diff(chains.start)[curve]
    wraps = np.where(stops.low[last] <= stops.low[first], length, 0)
    leaves, arrives = stops.high[first], stops.low[last] + wraps
    joint = np.floor(leaves).astype(int) + 1  # the first between both
    n_joints = np.maximum(np.ceil(arrives).astype(int) - joint, 0)
    edge = np.repeat(np.arange(graph.n_curved), n_joints + 1)
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(n_joints + 1) - n_joints - 1, n_joints + 1)
    is_last = nth == n_joints[edge]
    # Joint j is where arc j begins; of an open curve's end none is asked for.
    middle = np.floor((leaves + arrives) / 2).astype(int)
    arc = np.where(n_joints[edge] > 0, joint[edge] + nth - 1, middle[edge])
    lap = begin[edge]

    def on_curve(arc: np.ndarray) -> np.ndarray:
        return lap + (arc - lap) % length[edge]

    ends, radius = [], []
    sides = ((0, nth == 0, graph.tail[edge]), (1, is_last, graph.head[edge]))
    for step, at_vertex, vertex in sides:
        here = on_curve(joint[edge] + nth - 1 + step)
        point = chains.ends(here, last=False)
        bends = chains.arcs["axis"][here] != chains.arcs["axis"][on_curve(here - 1)]
        inner = np.column_stack([point["u"], point["v"]])
        ends.append(np.where(at_vertex[:, None], stops.points[vertex], inner))
        radius.append(np.where(at_vertex, stops.radius[vertex], np.where(bends, point["radius"], 0.0)))
    return _Pieces(edge, on_curve(arc), ends[0], ends[1], np.maximum(*radius))


def _traced(
    shown: Patch, box: np.ndarray, chains: Chains, pieces: _Pieces, mine: np.ndarray, tolerance: float,
    D: Degree,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Points inside pieces, their numbers, and error and band of each piece, all on one patch."""
    arc = pieces.arc[mine]
    row = np.searchsorted(shown.functions, chains.arcs["function"][arc])
    room = 8 * len(mine) + 64
    while True:
        out = np.empty((room, 2))
        count, error, band = (np.empty(len(mine), kind) for kind in (np.int64, float, float))
        n = _trace_all(
            shown.c, shown.error, shown.slope, row, chains.arcs["axis"][arc], chains.arcs["box"][arc],
            pieces.p[mine], pieces.q[mine], pieces.radius[mine], box, tolerance, D, out, count, error,
            band,
        )  # fmt: skip
        if n == FAILED:
            raise ProofError("a polyline is not proven to be near its border")
        if n != FULL:
            return out[:n], count, error, band
        room *= 2


@njit(cache=True)
def _trace_all(
    c, error, slope, row, axis, boxes, p, q, radius, box, tolerance, D, out, count, worst, band
):
    """Trace pieces in the patch's coordinates, with the curve's axis first; their number of points."""
    n, centre, half = 0, np.empty(2), np.empty(2)
    f, size = np.empty(c.shape[1]), np.empty(2)
    P, Q = np.empty(2), np.empty(2)
    for k in range(2):
        centre[k] = 0.5 * (box[2 * k] + box[2 * k + 1])
        half[k] = 0.5 * (box[2 * k + 1] - box[2 * k])
    for i in range(len(row)):
        x, y = axis[i], 1 - axis[i]
        for m in range(len(f)):
            a, b = D.exponents[m, 0], D.exponents[m, 1]
            f[m] = c[row[i], m] if x == 0 else c[row[i], D.place[b, a]]
        for k, z in enumerate((x, y)):
            P[k], Q[k] = (p[i, z] - centre[z]) / half[z], (q[i, z] - centre[z]) / half[z]
            size[k] = half[z]
        floor = (boxes[i, 2 * y] - centre[y]) / half[y]
        ceiling = (boxes[i, 2 * y + 1] - centre[y]) / half[y]
        blur = BLUR * np.abs(f).sum()
        before = n
        n, worst[i], band[i] = _trace(
            f, error[row[i]] + blur, slope[row[i]] + 20.0 * blur, P, Q, radius[i], size, floor, ceiling,
            tolerance, D, out, n,
        )  # fmt: skip
        if n < 0:
            return n
        count[i] = n - before
        for m in range(before, n):
            s, t = out[m, 0], out[m, 1]
            out[m, x], out[m, y] = centre[x] + half[x] * s, centre[y] + half[y] * t
    return n


@njit(cache=True)
def _trace(f, error, slope, P, Q, radius, size, floor, ceiling, tolerance, D, out, n):
    """Append points between P and Q; their new number (FULL, FAILED), the error, the band."""
    stack = np.empty((DEEPEST + 2, 5))
    stack[0, :2], stack[0, 2:4], stack[0, 4] = P, Q, 0.0
    top, worst, band, steepest = 1, 0.0, 0.0, 0.0
    wanted = tolerance / size[1]
    along, across = radius / size[0], radius / size[1]
    F, row, g = np.empty_like(f), np.empty(D.K + 1), np.empty(D.K + 1)
    while top > 0:
        top -= 1
        ax, ay, bx, by, depth = stack[top]
        away, least, steep = _chord(f, error, slope, ax, ay, bx, by, along, D, F, row)
        good = away <= wanted
        hopeless = depth >= DEEPEST or error > 0.5 * wanted * least
        if good or (hopeless and away < np.inf):
            worst, steepest = max(worst, away), max(steepest, steep)
            band += abs(bx - ax) * away
            if top > 0:
                if n == len(out):
                    return FULL, 0.0, 0.0
                out[n, 0], out[n, 1] = bx, by
                n += 1
            continue
        if depth >= DEEPEST:
            return FAILED, 0.0, 0.0
        mx = 0.5 * (ax + bx)
        _along_second(f, D, mx, g)
        my = zero_between(g, floor, ceiling)
        stack[top] = (mx, my, bx, by, depth + 1)
        stack[top + 1] = (ax, ay, mx, my, depth + 1)
        top += 2
    ends = 8.0 * along * (steepest * along + worst + across)
    distance = worst * size[1] + radius * (1.0 + steepest * size[1] / size[0])
    return n, distance * SLACK, (band + ends) * size[0] * size[1] * SLACK


@njit(cache=True)
def _along_second(f, D, x, g):
    """Coefficients (K + 1) of y -> f(x, y)."""
    line = np.empty(D.K + 1)
    for q in range(D.K + 1):
        for p in range(D.K + 1 - q):
            line[p] = f[D.place[p, q]]
        g[q] = horner(line[: D.K + 1 - q], x)


@njit(cache=True)
def _chord(f, error, slope, ax, ay, bx, by, reach, D, F, row):
    """How far a chord may be from the curve along y (inf: not known), the least |df/dy| and the
    greatest slope of the curve around it."""
    mx, my = 0.5 * (ax + bx), 0.5 * (ay + by)
    dx, dy = 0.5 * abs(bx - ax), 0.5 * abs(by - ay)
    _shifted(f, D, mx, my, F, row)
    greatest = (_greatest_on_chord(F, D, 0.5 * (bx - ax), 0.5 * (by - ay)) + error) * SLACK
    if F[2] == 0.0:
        return np.inf, 0.0, 0.0
    margin = 2.0 * greatest / abs(F[2])
    hx, hy = dx + 2.0 * reach, dy + margin
    if not (abs(mx) + hx < WIDER and abs(my) + hy < WIDER):
        return np.inf, 0.0, 0.0
    rest_x, rest_y, px = 0.0, 0.0, 1.0
    for p in range(D.K + 1):
        both = px
        for q in range(D.K + 1 - p):
            if p + q > 1:
                size = abs(F[D.place[p, q]]) * both
                rest_x += p * size / hx if hx > 0.0 else 0.0
                rest_y += q * size / hy if hy > 0.0 else 0.0
            both *= hy
        px *= hx
    least = abs(F[2]) - (rest_y + slope) * SLACK
    if not least > 0.0:
        return np.inf, 0.0, 0.0
    away = greatest / least * SLACK
    steep = (abs(F[1]) + rest_x + slope) / least * SLACK
    return (away if away <= margin else np.inf), least, steep


@njit(cache=True)
def _shifted(f, D, x, y, F, row):
    """Coefficients of f(x + s, y + t)."""
    F[:] = f
    for q in range(D.K + 1):
        for p in range(D.K + 1 - q):
            row[p] = F[D.place[p, q]]
        for i in range(D.K - q):
            for p in range(D.K - q - 1, i - 1, -1):
                row[p] += x * row[p + 1]
        for p in range(D.K + 1 - q):
            F[D.place[p, q]] = row[p]
    for p in range(D.K + 1):
        for q in range(D.K + 1 - p):
            row[q] = F[D.place[p, q]]
        for i in range(D.K - p):
            for q in range(D.K - p - 1, i - 1, -1):
                row[q] += y * row[q + 1]
        for q in range(D.K + 1 - p):
            F[D.place[p, q]] = row[q]


@njit(cache=True)
def _greatest_on_chord(F, D, dx, dy):
    """At least |f| on the chord of half (dx, dy) around the centre: sums of terms of each degree."""
    total, n = 0.0, 0
    for k in range(D.K + 1):
        of_degree = 0.0
        for q in range(k + 1):
            of_degree += F[n] * dx ** (k - q) * dy**q
            n += 1
        total += abs(of_degree)
    return total
