"""Level sets and decision boundaries from the naive oracle's cells: the truth for `level_set_checks`.

A line is described by what cannot depend on how it is cut up: on each straight line, the merged
intervals that belong to the set. All numbers are Fractions.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np
from oracle import along, combine, cross, cyclic, dot, normal, oracle, shift, split


@dataclass(frozen=True)
class LevelTruth:
    """The level set of an output: line -> merged intervals, isolated points, patterns of flat cells."""

    lines: dict
    points: set
    flat: set
    crossed: set
    n_components: int


def level_truth(network, *, output=0, level=0, slice=None, window) -> LevelTruth:
    segments, points, flats, crossed = [], set(), [], set()
    for cell in oracle(network, slice=slice, window=window).cells:
        form = shift(cell.rows[output], -Fraction(level))
        values = [dot(form, p) for p in cell.corners]
        if not any(values):
            flats.append(cell)
            continue
        found = zeros(cell.corners, values)
        if len(found) == 2:
            segments.append(tuple(sorted(found)))
        points |= found
        if min(values) < 0 < max(values):
            crossed.add(cell.pattern)
    bodies = [[segment] for segment in segments]
    bodies += [[*cyclic(flat.corners)] for flat in flats]
    lonely = {p for p in points if not any(on(p, s) for body in bodies for s in body)}
    bodies += [[(p, p)] for p in lonely]
    patterns = {flat.pattern for flat in flats}
    return LevelTruth(merged(segments), lonely, patterns, crossed, count_components(bodies))


def zeros(corners, values) -> set:
    """Points of a cell's boundary where its form vanishes."""
    found = {p for p, f in zip(corners, values, strict=True) if f == 0}
    for (p, f), (q, g) in cyclic(list(zip(corners, values, strict=True))):
        if f * g < 0:
            found.add(normal(combine([abs(g), abs(f)], [p, q])))
    return found


def boundary_truth(network, *, slice=None, window) -> dict:
    """Line -> merged intervals with the classes above and below it, sorted."""
    cells = []
    for cell in oracle(network, slice=slice, window=window).cells:
        rows = [*([(0, 0, 0)] if network.d_out == 1 else []), *cell.rows]
        parts = [cell.corners]
        for p, q in combinations(rows, 2):
            form = tuple(a - b for a, b in zip(p, q, strict=True))
            parts = [half for corners in parts for half in split(corners, form)]
        for corners in parts:
            inside = normal(tuple(map(sum, zip(*corners, strict=True))))
            values = [dot(row, inside) for row in rows]
            cells.append((corners, values.index(max(values))))
    return merged_borders(cells)


def merged_borders(cells) -> dict:
    """Overlaps of edges of cells with different classes, by line and classes."""
    edges = defaultdict(list)
    for corners, label in cells:
        for p, q in cyclic(corners):
            line = unit(cross(p, q))
            low, high = sorted((along(line, p), along(line, q)))
            edges[line].append((low, high, label, along(line, p) < along(line, q)))
    found = defaultdict(list)
    for line, on_line in edges.items():
        for one, other in combinations(on_line, 2):
            low, high = max(one[0], other[0]), min(one[1], other[1])
            if low < high and one[2] != other[2]:
                left, right = (one[2], other[2]) if one[3] else (other[2], one[2])
                found[line, left, right].append((low, high))
    return {key: join(intervals) for key, intervals in found.items()}


def merged(segments) -> dict:
    lines = defaultdict(list)
    for p, q in segments:
        line = unit(cross(p, q))
        lines[line].append(tuple(sorted((along(line, p), along(line, q)))))
    return {line: join(intervals) for line, intervals in lines.items()}


def join(intervals) -> list:
    """Intervals that touch or overlap become one."""
    out = []
    for low, high in sorted(intervals):
        if out and low <= out[-1][1]:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    return out


def unit(line):
    return tuple(x / (line[0] or line[1]) for x in line)


def on(p, segment) -> bool:
    """Whether a point lies on a closed segment."""
    a, b = segment
    if dot(cross(a, b), p) != 0 and a != b:
        return False
    return all(min(s, t) <= x <= max(s, t) for x, s, t in zip(p, a, b, strict=True))


def count_components(bodies) -> int:
    """Bodies meet where an end of one lies on the other: they overlap only along borders of cells."""
    joined = np.eye(len(bodies), dtype=bool)
    for i, j in combinations(range(len(bodies)), 2):
        pairs = ((body, s) for a, b in ((i, j), (j, i)) for body in [bodies[a]] for s in bodies[b])
        joined[i, j] = joined[j, i] = any(on(p, s) for body, s in pairs for seg in body for p in seg)
    left, found = set(range(len(bodies))), 0
    while left:
        todo, found = [left.pop()], found + 1
        while todo:
            near = {j for j in left if joined[todo[-1], j]}
            todo.pop()
            left -= near
            todo += near
    return found
