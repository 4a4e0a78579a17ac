"""An independent check of a complex, in rational arithmetic throughout.

It trusts only the network, the window, the ids of the two lines through each vertex and the recorded
structure; patterns and values are computed again by forward passes at exact points. On an unbounded
window numbers are pairs (near, far), meaning near + far * R for large R.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from flint import fmpq, fmpq_poly, fmpz, fmpz_mat

from geomtoy.activations import PiecewiseLinear
from geomtoy.regions.maps.floats import Maps
from geomtoy.regions.maps.rational import Affine
from geomtoy.regions.numbers.exact import integer_matrix

if TYPE_CHECKING:
    from geomtoy.regions.results.complex import CellComplex


@dataclass(frozen=True)
class Certificate:
    """Outcome of each check: None where it passed, else one sentence about the first failure."""

    checks: dict[str, str | None]

    @property
    def valid(self) -> bool:
        return all(failure is None for failure in self.checks.values())

    def __str__(self) -> str:
        if self.valid:
            return f"certified: {', '.join(self.checks)}"
        return "; ".join(f"{name} fails: {why}" for name, why in self.checks.items() if why)


def certify(complex: CellComplex) -> Certificate:
    """Check a complex without the code that made it.

    boundaries: edges close up around each cell, and each edge has the cells that it claims.
    euler: V - E + F = 1.
    incidence: edges lie on their lines.
    convexity: every corner turns left; where maxima merged cells, it may go straight on.
    areas: they add up to the window's.
    patterns: those recorded are those at an interior point of each cell, and all differ.
    maps: the exact map gives the network's value there; the float one is as near as its bound says.
    continuity: the maps on both sides of an edge agree at its ends.

    Exactness: exact. Cost: a rational forward pass a cell, O(sum of n_l n_{l-1}) integer products.
    """
    topology = {"boundaries": _boundaries(complex), "euler": _euler(complex)}
    if topology["boundaries"]:
        return Certificate(topology)
    corners = [_point(complex, v) for v in range(complex.n_vertices)]
    geometry = {"incidence": _incidence(complex), **_polygons(complex, corners)}
    centres = [_centre([corners[v] for v in complex.corners(k)]) for k in range(complex.n_cells)]
    inside = dict(zip(("patterns", "maps"), _interior(complex, centres), strict=True))
    return Certificate({**topology, **geometry, **inside, "continuity": _continuity(complex, corners)})


Point = tuple[fmpq_poly, fmpq_poly]
"""Frame coordinates as polynomials in R."""


def _point(complex: CellComplex, vertex: int) -> Point:
    p = complex.subdivision.lines.meet(*complex.subdivision.mesh.lines[vertex].tolist())
    return fmpq_poly([fmpq(p.x, p.w), fmpq(p.rx, p.w)]), fmpq_poly([fmpq(p.y, p.w), fmpq(p.ry, p.w)])


def _sign(value: fmpq_poly) -> int:
    """Sign of a polynomial in R for large R."""
    leading = value[value.degree()] if value.degree() >= 0 else fmpq(0)
    return (leading > 0) - (leading < 0)


def _centre(corners: list[Point]) -> Point:
    n = len(corners)
    return sum((p[0] for p in corners), fmpq_poly([])) / n, sum(
        (p[1] for p in corners), fmpq_poly([])
    ) / n


def _boundaries(complex: CellComplex) -> str | None:
    edges, sides, start = complex.edges, complex.edge_cells, complex.cell_start
    used = np.zeros(complex.n_edges, np.int64)
    for k in range(complex.n_cells):
        around, of_cell = complex.corners(k), complex.cell_edges(k)
        if start[k + 1] - start[k] < 3 or len(set(around.tolist())) < len(around):
            return f"cell {k} is not a simple polygon"
        for v, w, e in zip(around, np.roll(around, -1), of_cell, strict=True):
            if {int(v), int(w)} != set(edges[e].tolist()) or k not in sides[e]:
                return f"edge {e} does not join the corners of cell {k} that it should"
        used[of_cell] += 1
    wrong = np.flatnonzero(used != (sides >= 0).sum(axis=1))
    return f"edge {wrong[0]} borders {used[wrong[0]]} cells" if len(wrong) else None


def _euler(complex: CellComplex) -> str | None:
    total = complex.n_vertices - complex.n_edges + complex.n_cells
    return None if total == 1 else f"V - E + F is {total}, not 1"


def _incidence(complex: CellComplex) -> str | None:
    mesh, lines = complex.subdivision.mesh, complex.subdivision.lines
    for e, ends in enumerate(complex.edges.tolist()):
        line = lines.exact(int(mesh.line[e]))
        a, b, c = (fmpq_poly([x]) for x in (line.a, line.b, line.c))
        for v in ends:
            x, y = _point(complex, v)
            if a * x + b * y + c + fmpq_poly([0, line.r]) != 0:
                return f"vertex {v} is not on the line of edge {e}"
    return None


def _polygons(complex: CellComplex, corners: list[Point]) -> dict[str, str | None]:
    convexity = None
    total, flat = fmpq_poly([]), bool(complex.network.maxima)
    for k in range(complex.n_cells):
        polygon = [corners[v] for v in complex.corners(k)]
        wrong = next((i for i in range(len(polygon)) if not _turns(polygon, i, flat)), None)
        if wrong is not None and convexity is None:
            convexity = f"cell {k} does not turn left at its corner {wrong}"
        total += _doubled_area(polygon)
    frame = complex.subdivision.frame
    window = [(_constant(x), _constant(y)) for x, y in frame.corners]
    whole = _doubled_area(window)
    if frame.unbounded:
        whole *= fmpq_poly([0, 0, 1])
    gap = (
        None
        if total == whole
        else f"the cells cover {total} / 2 and the window {whole} / 2, frame units"
    )
    return {"convexity": convexity, "areas": gap}


def _constant(x: Fraction) -> fmpq_poly:
    return fmpq_poly([fmpq(x.numerator, x.denominator)])


def _turns(polygon: list[Point], i: int, flat: bool) -> bool:
    """Whether corner i turns left or, if it may be flat, goes straight on."""
    (ax, ay), (bx, by), (cx, cy) = polygon[i - 1], polygon[i], polygon[(i + 1) % len(polygon)]
    turn = _sign((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    ahead = turn == 0 and flat and _sign((bx - ax) * (cx - bx) + (by - ay) * (cy - by)) > 0
    return turn > 0 or ahead


def _doubled_area(polygon: list[Point]) -> fmpq_poly:
    turn = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return sum((p[0] * q[1] - p[1] * q[0] for p, q in turn), fmpq_poly([]))


def _interior(complex: CellComplex, centres: list[Point]) -> tuple[str | None, str | None]:
    """Compare recorded patterns and maps with forward passes at one interior point of each cell."""
    recorded = complex.activation_patterns
    columns = [_homogeneous(point) for point in centres]
    pieces, values = _forward(complex, columns)
    patterns = complex.network.patterns(pieces)
    wrong = np.flatnonzero((patterns != recorded).any(axis=1))
    pattern_failure = maps_failure = None
    if len(wrong):
        pattern_failure = f"cell {wrong[0]} has another activation pattern at its centre"
    elif len(np.unique(recorded, axis=0)) < len(recorded):
        pattern_failure = "two cells have the same activation pattern"
    outputs = len(complex.network.layers)
    for k, (near, far, scale) in enumerate(values):
        rows = complex.subdivision.lines.maps.affine(outputs, k)
        x, y, w, rx, ry = columns[k]
        near_column, far_column = (fmpz_mat(3, 1, list(c)) for c in ((x, y, w), (rx, ry, fmpz(0))))
        one, other = scale, rows.scale * w
        same_near = rows.rows * near_column * one == near * other
        if not (same_near and rows.rows * far_column * one == far * other):
            maps_failure = f"cell {k}'s map does not give the network's value at its centre"
            break
        if not _within_bounds(rows, complex.subdivision.output_maps, k):
            maps_failure = f"cell {k}'s float map is further from the exact one than its bound"
            break
    return pattern_failure, maps_failure


def _within_bounds(exact: Affine, stored: Maps, cell: int) -> bool:
    """Whether a cell's stored coefficients are as near to the exact ones as they claim."""
    errors = stored.error[stored.segment[cell]].tolist()
    for i, (row, e) in enumerate(zip(stored.rows[cell].T.tolist(), errors, strict=True)):
        if not np.isfinite([*row, e]).all():  # claims nothing
            continue
        for k, value in enumerate(row):
            gap = fmpq(exact.rows[i, k], exact.scale) - fmpq(*value.as_integer_ratio())
            if abs(gap) > fmpq(*e.as_integer_ratio()):
                return False
    return True


def _homogeneous(point: Point) -> tuple[fmpz, fmpz, fmpz, fmpz, fmpz]:
    """Integers (x, y, w, rx, ry) of a point linear in R, with w > 0."""
    parts = [fmpq(z[i]) for i in (0, 1) for z in point]
    w = fmpz(1)
    for q in parts:
        w = w.lcm(q.q)
    x, y, rx, ry = (q.p * (w // q.q) for q in parts)
    return x, y, w, rx, ry


def _forward(
    complex: CellComplex, columns: Sequence[tuple[fmpz, ...]]
) -> tuple[np.ndarray, list[tuple[fmpz_mat, fmpz_mat, fmpz]]]:
    """Pieces of the units at the points, and values (near, far, scale): columns of d_out integers each.

    Layers are homogeneous of degree one, so a point's denominator w is carried as the constant.
    """
    network, frame = complex.network, complex.subdivision.frame
    basis, basis_scale = integer_matrix([*zip(frame.u, frame.v, frame.origin, strict=True), (0, 0, 1)])
    weights = [
        integer_matrix([[*r, s] for r, s in zip(W.tolist(), b.tolist(), strict=True)])
        for W, b in network.layers
    ]
    patterns = np.empty((len(columns), sum(network.widths)), np.int64)
    values = []
    for k, (x, y, w, rx, ry) in enumerate(columns):
        near = basis * fmpz_mat(3, 1, [x, y, w])
        far = basis * fmpz_mat(3, 1, [rx, ry, fmpz(0)])
        scale = basis_scale * w
        pattern: list[int] = []
        for layer, (W, q) in enumerate(weights, start=1):
            near, far, scale = W * near, W * far, q * scale
            if layer < len(weights):
                near, far, scale, pieces = _activate(network.units(layer), near, far, scale)
                pattern += pieces
        patterns[k] = pattern
        values.append((near, far, scale))
    return patterns, values


def _activate(
    units: Sequence[PiecewiseLinear], near: fmpz_mat, far: fmpz_mat, scale: fmpz
) -> tuple[fmpz_mat, fmpz_mat, fmpz, list[int]]:
    """Apply an activation to columns of values (near + far R) / scale; append the constant 1."""
    pieces, slopes, offsets = [], [], []
    for act, z, grows in zip(units, near.entries(), far.entries(), strict=True):
        below = [_above(grows, z * t.denominator - scale * t.numerator) for t in act.breakpoints]
        piece = sum(below)
        pieces.append(piece)
        slopes.append(act.slopes[piece])
        offsets.append(act.offsets[piece])
    matrix, q = integer_matrix([slopes or [0], offsets or [0]])
    n = len(pieces)
    after = [matrix[0, i] * z + matrix[1, i] * scale for i, z in enumerate(near.entries())]
    grown = [matrix[0, i] * z for i, z in enumerate(far.entries())]
    column = fmpz_mat(n + 1, 1, [*after, scale * q])
    return column, fmpz_mat(n + 1, 1, [*grown, fmpz(0)]), scale * q, pieces


def _above(far: fmpz, near: fmpz) -> bool:
    """Whether near + far * R > 0 for large R."""
    return far > 0 or (far == 0 and near > 0)


def _continuity(complex: CellComplex, corners: list[Point]) -> str | None:
    maps, outputs = complex.subdivision.lines.maps, len(complex.network.layers)
    for e, (left, right) in enumerate(complex.edge_cells.tolist()):
        if min(left, right) < 0:
            continue
        one, other = maps.affine(outputs, left), maps.affine(outputs, right)
        for v in complex.edges[e]:
            if _value(one, corners[v]) != _value(other, corners[v]):
                return f"cells {left} and {right} disagree at vertex {v} of edge {e}"
    return None


def _value(rows: Affine, point: Point) -> list[fmpq_poly]:
    scale = fmpq(1, rows.scale)
    entries = rows.rows.entries()
    return [
        (point[0] * entries[i] + point[1] * entries[i + 1] + entries[i + 2]) * scale
        for i in range(0, len(entries), 3)
    ]
