"""A naive exact enumerator of regions: the truth that the tests compare with.

It shares no code with `geomtoy.regions`; it reads a network's arrays and its activations'
breakpoints, slopes and offsets. Everything is a `Fraction`, nothing is clever:

* A point of the plane is (x, y, 1) and a direction is (x, y, 0); on a line, (x, 1) and (x, 0).
  An affine function is a row (a, b, c), and its value at (x, y, w) is a x + b y + c w.
* A cell is the convex hull of its corners, in cyclic order. The whole plane starts as four
  quadrants (0,0,1), (+-1,0,0), (0,+-1,0), whose corners at infinity are directions, so no bound on the
  vertices is needed; the halves of a region cut by an axis have one pattern and count once.
* Layer by layer, each unit's zero lines split the cells that have corners strictly on both sides.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import groupby, pairwise
from math import inf

Row = tuple[Fraction, ...]


@dataclass(frozen=True)
class Cell:
    """A convex cell with one activation pattern; `rows` is the affine map up to the current layer."""

    corners: tuple[Row, ...]
    rows: tuple[Row, ...]
    pattern: tuple[int, ...] = ()

    @property
    def polygon(self) -> list[Row]:
        """The corners (x, y) of a bounded cell."""
        return [corner[:2] for corner in self.corners]

    @property
    def area(self) -> Fraction:
        """Area of a bounded polygon, by the shoelace formula."""
        return sum(p[0] * q[1] - p[1] * q[0] for p, q in cyclic(self.corners)) / 2


@dataclass(frozen=True)
class Truth:
    """The cells of a network on a window, and what follows from them."""

    cells: tuple[Cell, ...]

    @property
    def patterns(self) -> set[tuple[int, ...]]:
        return {cell.pattern for cell in self.cells}

    @property
    def regions(self) -> int:
        """One pattern is one convex region, so regions are counted by their patterns."""
        return len(self.patterns)

    @property
    def area(self) -> Fraction:
        return sum(cell.area for cell in self.cells)

    @cached_property
    def linear_regions(self) -> int:
        """Maximal sets of cells with one output map, joined across shared boundaries."""
        leader = list(range(len(self.cells)))
        for i, j in neighbours(self.cells):
            if self.cells[i].rows == self.cells[j].rows:
                leader[find(leader, i)] = find(leader, j)
        return sum(leader[k] == k for k in range(len(leader)))

    @cached_property
    def ordered(self) -> list[Cell]:
        """On a line: one cell for each pattern, from left to right."""
        return [next(group) for _, group in groupby(in_order(self.cells), key=lambda cell: cell.pattern)]

    @property
    def breakpoints(self) -> list[Fraction]:
        """On a line: where the pattern changes, in increasing order."""
        return [min(map(position, cell.corners)) for cell in self.ordered[1:]]


def oracle(network, *, slice=None, window) -> Truth:
    """Enumerate the cells of a network.

    Args:
        network: any `geomtoy.Network`.
        slice: None for 1D or 2D inputs; a `Slice`, or a `Segment` for the regions of a line.
        window: corners of a convex polygon in either order, (low, high) on a line, None for all.
    """
    rows = input_rows(network.d_in, slice)
    cells = [Cell(corners, rows) for corners in start(window, len(rows[0]) - 1)]
    for layer, act in zip(network.layers[:-1], network.activations, strict=True):
        acts = act if isinstance(act, tuple) else (act,) * len(layer[1])
        cells = [child for cell in cells for child in subdivide(affine(cell, layer), acts)]
    return Truth(tuple(affine(cell, network.layers[-1]) for cell in cells))


def input_rows(d_in, slice) -> tuple[Row, ...]:
    """The input as affine functions of the coordinates of the window."""
    if slice is None:
        return tuple(tuple(Fraction(j == k) for j in range(d_in + 1)) for k in range(d_in))
    if hasattr(slice, "u"):
        return tuple(zip(slice.u, slice.v, slice.origin, strict=True))
    return tuple((b - a, a) for a, b in zip(slice.start, slice.end, strict=True))


def start(window, dimension) -> list[tuple[Row, ...]]:
    """The window as one cell; the line as two and the plane as four."""
    if dimension == 1:
        if window is not None:
            return [tuple((Fraction(x), Fraction(1)) for x in window)]
        return [(fractions(0, 1), fractions(sign, 0)) for sign in (-1, 1)]
    if window is not None:
        corners = tuple((Fraction(x), Fraction(y), Fraction(1)) for x, y in window)
        return [corners if Cell(corners, ()).area > 0 else corners[::-1]]
    axes = [(1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0)]
    return [(fractions(0, 0, 1), fractions(*p), fractions(*q)) for p, q in cyclic(axes)]


def affine(cell, layer) -> Cell:
    """The cell with its map followed by x -> W x + b."""
    W, b = layer
    one = (0,) * (len(cell.rows[0]) - 1) + (1,)
    weights = ([*map(Fraction, w), Fraction(c)] for w, c in zip(W, b, strict=True))
    return Cell(cell.corners, tuple(combine(w, [*cell.rows, one]) for w in weights), cell.pattern)


def subdivide(cell, acts) -> list[Cell]:
    """Cut a cell where a unit crosses a breakpoint, then apply the units' activations on each part."""
    parts = [cell.corners]
    for row, act in zip(cell.rows, acts, strict=True):
        for tau in act.breakpoints:
            form = shift(row, -tau)
            parts = [half for corners in parts for half in split(corners, form)]
    return [activate(Cell(corners, cell.rows, cell.pattern), acts) for corners in parts]


def split(corners, form) -> list[tuple[Row, ...]]:
    """Cut a cell along the zero line of a form; it stays whole unless it has corners on both sides."""
    values = [dot(form, p) for p in corners]
    if not min(values) < 0 < max(values):
        return [corners]
    halves = []
    for sign in (1, -1):
        half = []
        for (p, f), (q, g) in cyclic(list(zip(corners, values, strict=True))):
            if sign * f >= 0:
                half.append(p)
            if f * g < 0:
                half.append(normal(combine([abs(g), abs(f)], [p, q])))
        halves.append(tuple(dict.fromkeys(half)))
    return halves


def activate(cell, acts) -> Cell:
    """Apply the activations' pieces at an inner point; no unit crosses a breakpoint within the cell."""
    inside = normal(tuple(map(sum, zip(*cell.corners, strict=True))))
    pieces = [
        sum(tau < dot(row, inside) for tau in act.breakpoints)
        for row, act in zip(cell.rows, acts, strict=True)
    ]
    rows = (
        shift(tuple(act.slopes[p] * x for x in row), act.offsets[p])
        for p, row, act in zip(pieces, cell.rows, acts, strict=True)
    )
    return Cell(cell.corners, tuple(rows), (*cell.pattern, *pieces))


def neighbours(cells):
    """Pairs of cells whose common boundary has positive length (on a line: is a point).

    No edge is assumed to face one edge only: edges are grouped by their line, and overlaps on it are
    found from left to right. A line has two sides and the edges of one side do not overlap, so it
    is enough to compare each edge with the one that reaches furthest so far.
    """
    if len(cells[0].corners[0]) == 2:
        index = {cell: k for k, cell in enumerate(cells)}
        yield from ((index[a], index[b]) for a, b in pairwise(in_order(cells)))
        return
    edges = defaultdict(list)
    for k, cell in enumerate(cells):
        for p, q in cyclic(cell.corners):
            line = cross(p, q)
            if line[:2] != (0, 0):  # not at infinity
                line = tuple(x / (line[0] or line[1]) for x in line)
                edges[line].append((*sorted((along(line, p), along(line, q))), k))
    for on_line in edges.values():
        on_line.sort()
        _, reach, furthest = on_line[0]
        for low, high, k in on_line[1:]:
            if low < reach:
                yield furthest, k
            if high > reach:
                reach, furthest = high, k


def in_order(cells) -> list[Cell]:
    """Cells of a line from left to right."""
    return sorted(cells, key=lambda cell: min(map(position, cell.corners)))


def position(corner):
    x, w = corner
    return x / w if w else inf if x > 0 else -inf


def along(line, corner):
    """Coordinate of a corner on its line."""
    x, y, w = corner
    return position((line[0] * y - line[1] * x, w))


def find(leader, k) -> int:
    while leader[k] != k:
        k = leader[k]
    return k


def fractions(*numbers) -> Row:
    return tuple(map(Fraction, numbers))


def dot(row, point) -> Fraction:
    return sum(a * x for a, x in zip(row, point, strict=True))


def combine(weights, rows) -> Row:
    return tuple(dot(weights, column) for column in zip(*rows, strict=True))


def shift(row, constant) -> Row:
    return (*row[:-1], row[-1] + constant)


def normal(corner) -> Row:
    """Scale a corner: points to w = 1, directions to largest entry 1."""
    scale = corner[-1] or max(map(abs, corner))
    return tuple(x / scale for x in corner)


def cross(p, q) -> Row:
    return (p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0])


def holds(corners, point) -> bool:
    """Whether a closed convex polygon, counter-clockwise, has a point (x, y)."""
    turns = [
        (q[0] - p[0]) * (point[1] - p[1]) - (q[1] - p[1]) * (point[0] - p[0])
        for p, q in zip(corners, [*corners[1:], corners[0]], strict=True)
    ]
    return min(turns) >= 0


def cyclic(items):
    """Consecutive pairs around a cycle."""
    return zip(items, [*items[1:], items[0]], strict=True)
