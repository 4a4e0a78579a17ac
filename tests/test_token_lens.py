"""Exact regions between points of a network's input: against Fractions, and on a case by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from oracle import oracle

import geomtoy
from geomtoy import Network
from geomtoy.errors import SettingError, SliceError
from geomtoy.layers import Affine, Maxout
from geomtoy.views.mlp_input import plane_through
from geomtoy.views.token_lens import (
    choose_subsets,
    count_on_segments,
    count_on_triangles,
    enumerate_triangle,
    estimate_patterns,
    true_to_scale,
)


def random_case(units=12, d=5, n=6, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(units, d)).astype(np.float32), rng.normal(size=units).astype(np.float32)
    mlp = Network([first, (rng.normal(size=(d, units)), np.zeros(d))])
    return mlp, rng.normal(size=(n, d)).astype(np.float32)


def exact_values(mlp, points):
    W, b = mlp.layers[0]
    rows = [[Fraction(float(x)) for x in row] for row in points]
    return [
        [sum(Fraction(w) * x for w, x in zip(unit, row, strict=True)) + Fraction(c) for row in rows]
        for unit, c in zip(W.tolist(), b.tolist(), strict=True)
    ]


def regions_of_triangle(values):
    """1 + lines + crossings inside, for lines in general position, from values at the corners."""
    lines = [v for v in values if min(v) < 0 < max(v)]
    inside = 0
    for p, q in combinations(lines, 2):
        weights = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]]
        inside += all(w > 0 for w in weights) or all(w < 0 for w in weights)
    return 1 + len(lines) + inside


def test_triangles_have_one_region_more_than_lines_and_crossings():
    mlp, points = random_case()
    triples = list(combinations(range(6), 3))
    expected = [regions_of_triangle(exact_values(mlp, points[list(t)])) for t in triples]
    assert count_on_triangles(mlp, points, triples).tolist() == expected
    assert max(expected) > 10
    assert len(enumerate_triangle(mlp, points[:3])) == expected[0]


def test_a_segment_has_one_region_more_than_units_that_switch():
    mlp, points = random_case(seed=1)
    pairs = list(combinations(range(6), 2))
    values = exact_values(mlp, points)
    expected = [1 + sum((v[i] > 0) != (v[j] > 0) for v in values) for i, j in pairs]
    assert count_on_segments(mlp, points, pairs).tolist() == expected
    assert max(expected) > 3


def folds_of_a_maximum(values):
    """Where the greatest of affine functions changes, from their values at 0 and 1."""

    def greatest(s):
        return max(range(len(values)), key=lambda k: values[k][0] + s * (values[k][1] - values[k][0]))

    meet = {
        (q[0] - p[0]) / ((p[1] - p[0]) - (q[1] - q[0]))
        for p, q in combinations(values, 2)
        if p[1] - p[0] != q[1] - q[0]
    }
    places = sorted(s for s in meet if 0 < s < 1)
    between = [(a + b) / 2 for a, b in pairwise([Fraction(0), *places, Fraction(1)])]
    winners = [greatest(s) for s in between]
    return {s for s, (p, q) in zip(places, pairwise(winners), strict=True) if p != q}


def test_maxima_along_segments_change_where_their_winners_do():
    """Concurrent at thirds, which floats miss: points and parameters are taken as rationals."""
    rng = np.random.default_rng(0)
    kept = []
    for _ in range(20):
        W, b = rng.integers(-3, 4, size=(6, 3)), rng.integers(-3, 4, size=6)
        net = geomtoy.compile_layers([Affine(W, b), Maxout(3), Affine(np.ones((1, 2)))])
        points = np.array([[Fraction(int(x), 3) for x in row] for row in rng.integers(-5, 6, (2, 3))])
        values = [[sum(w * x for w, x in zip(row, p, strict=True)) + c for p in points]
                  for row, c in zip(W.tolist(), b.tolist(), strict=True)]  # fmt: skip
        folds = folds_of_a_maximum(values[:3]) | folds_of_a_maximum(values[3:])
        assert count_on_segments(net, points, [(0, 1)]).tolist() == [1 + len(folds)]
        kept.append(len(folds))
    assert len(set(kept)) > 2


def test_planes_through_exact_points_count_as_oracle():
    rng = np.random.default_rng(1)
    net = geomtoy.compile_layers(
        [Affine(rng.integers(-3, 4, size=(4, 3)), rng.integers(-3, 4, size=4)), Maxout(2), "abs",
         Affine(np.ones((1, 2)))]
    )  # fmt: skip
    points = np.array([[Fraction(int(x), 7) for x in row] for row in rng.integers(-9, 10, (3, 3))])
    plane, window = plane_through(points)
    assert (plane.embed(np.array([[Fraction(x) for x in corner] for corner in window])) == points).all()
    cells = oracle(net, slice=plane, window=window).cells
    patterns = np.array([cell.pattern for cell in cells])
    expected = len(np.unique(net.patterns(patterns), axis=0))
    assert count_on_triangles(net, points, [(0, 1, 2)]).tolist() == [expected]
    assert len(enumerate_triangle(net, points)) == expected > 3


def test_patterns_are_of_the_pieces_of_units_and_of_winners():
    hard = Network([(np.eye(2), np.zeros(2)), (np.ones((1, 2)), [0])], "hard_tanh")
    assert estimate_patterns(hard, np.array([[-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])) == 1
    assert estimate_patterns(hard, np.array([[-0.5, 0.5], [1.5, -0.5], [-1.5, 0.5]])) == 3
    net = geomtoy.compile_layers([Maxout(4), Affine([[1]])], 4)
    points = np.array([[9, 1, 2, 3], [9, 2, 1, 3], [9, 3, 2, 1], [0, 0, 0, 1]])
    assert estimate_patterns(net, points) == 2


def test_distinct_patterns_by_hand():
    mlp = Network([(np.eye(2), np.zeros(2)), (np.ones((1, 2)), [0])])
    points = np.array([[1, 1], [2, 1], [-1, 1], [-1, -1], [0, 0], [1, -3]])
    assert estimate_patterns(mlp, points) == 4
    assert estimate_patterns(mlp, points[:2]) == 1


def test_lengths_are_kept():
    _, points = random_case(n=3)
    flat = np.array([[0, 0], [1, 0], [0, 1]]) @ true_to_scale(points)
    for i, j in combinations(range(3), 2):
        assert np.linalg.norm(flat[i] - flat[j]) == pytest.approx(np.linalg.norm(points[i] - points[j]))
    assert flat[1, 1] == 0


def test_subsets_have_different_members():
    triples = choose_subsets(4, 3, 50, seed=2)
    assert triples.shape == (50, 3)
    assert all(len(set(t)) == 3 for t in triples.tolist())
    assert (triples == choose_subsets(4, 3, 50, seed=2)).all()
    with pytest.raises(SettingError, match="out of 2"):
        choose_subsets(2, 3, 1, seed=0)


def test_points_that_are_not_there_or_on_a_line_are_refused():
    mlp, points = random_case()
    with pytest.raises(SettingError, match="there are 0 to 5"):
        count_on_triangles(mlp, points, [(0, 1, 6)])
    with pytest.raises(SettingError, match="give \\(number, 2\\)"):
        count_on_segments(mlp, points, [(0, 1, 2)])
    line = np.arange(3)[:, None] * np.ones(5)
    with pytest.raises(SliceError, match="parallel"):
        count_on_triangles(mlp, line, [(0, 1, 2)])
    with pytest.raises(SliceError, match="one line"):
        true_to_scale(line)
