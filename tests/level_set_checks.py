"""A level set or decision boundary against the naive oracle's: lines, points, sides, regions."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from level_set_oracle import boundary_truth, join, level_truth, merged, unit
from oracle import along, cross

from geomtoy import UNIT_SQUARE, enumerate_decision_boundary, enumerate_level_set, enumerate_regions


def homogeneous(polyline):
    return [(*p, Fraction(1)) for p in polyline.exact_vertices()]


def segments(found):
    """Pairs of homogeneous points, in the direction of their polylines."""
    return [pair for line in found.polylines for pair in pairwise(homogeneous(line))]


def sides(found):
    """What lies left and right of each polyline: signs, or classes."""
    return sorted((line.left, line.right) for line in found.polylines)


def patterns(network, regions, **where):
    """Patterns of regions, numbered as `enumerate_regions` does."""
    every = enumerate_regions(network, **where).activation_patterns
    return {tuple(map(int, every[k])) for k in regions}


def assert_level_set(network, *, output=0, level=0, slice=None, window=UNIT_SQUARE):
    truth = level_truth(network, output=output, level=level, slice=slice, window=window)
    found = enumerate_level_set(network, output=output, level=level, slice=slice, window=window)
    assert merged(segments(found)) == truth.lines
    assert {(*point.exact, 1) for point in found.points} == truth.points
    assert patterns(network, found.flat, slice=slice, window=window) == truth.flat
    assert patterns(network, found.crossed, slice=slice, window=window) == truth.crossed
    assert found.n_components == truth.n_components
    cells = enumerate_regions(network, slice=slice, window=window)
    for line in found.polylines:
        assert_sides(line, cells, output, level)


def assert_sides(line, cells, output, level):
    """Every segment lies in its regions, on their level, with the signs that are said left and right."""
    for (p, q), regions in zip(pairwise(line.exact_vertices()), line.regions.tolist(), strict=True):
        for region, sign, turn in zip(regions, (line.left, line.right), (1, -1), strict=True):
            assert (region < 0) == (sign is None)
            if region >= 0:
                slopes, offsets = cells.exact_map(region)
                (a, b), c = slopes[output], offsets[output] - Fraction(level)
                assert a * p[0] + b * p[1] + c == a * q[0] + b * q[1] + c == 0
                rise = turn * (b * (q[0] - p[0]) - a * (q[1] - p[1]))  # along the left normal
                assert (rise > 0) - (rise < 0) == sign


def assert_boundary(network, *, slice=None, window=UNIT_SQUARE):
    found = enumerate_decision_boundary(network, slice=slice, window=window)
    ours = {}
    for line in found.polylines:
        assert line.left > line.right
        for p, q in pairwise(homogeneous(line)):
            carrier = unit(cross(p, q))
            low, high = along(carrier, p), along(carrier, q)
            labels = (line.left, line.right) if low < high else (line.right, line.left)
            ours.setdefault((carrier, *labels), []).append((min(low, high), max(low, high)))
    truth = boundary_truth(network, slice=slice, window=window)
    assert {key: join(pieces) for key, pieces in ours.items()} == truth
    assert not found.points
