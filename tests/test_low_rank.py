"""Regions of an MLP with a truncated input matrix, from its factors: against Fractions, at all ranks."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from geomtoy import Network
from geomtoy.errors import SettingError, SliceError
from geomtoy.instruments.truncation import factors, truncate
from geomtoy.views.low_rank import count_low_rank_triangle, enumerate_low_rank_triangle
from geomtoy.views.token_lens import count_on_triangles

EXACT = np.frompyfunc(Fraction, 1, 1)


def case(rank, hidden=9, d=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(d, rank)), rng.normal(size=(rank, hidden)), rng.normal(size=(3, d))


def regions_by_fractions(left, right, corners) -> int:
    """1 + lines + distinct crossings of the triangle; a crossing of m lines counts m - 1."""
    values = EXACT(corners) @ EXACT(left) @ EXACT(right)  # (3 corners, hidden)
    lines = {tuple(v / max(map(abs, v))) for v in values.T if min(v) < 0 < max(v)}
    lines = {max(line, tuple(-x for x in line)) for line in lines}
    through: dict = {}
    for p, q in combinations(sorted(lines), 2):
        w = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]]
        if all(x > 0 for x in w) or all(x < 0 for x in w):
            through.setdefault(tuple(x / sum(w) for x in w), set()).update((p, q))
    return 1 + len(lines) + sum(len(some) - 1 for some in through.values())


@pytest.mark.parametrize("rank", [1, 2, 3, 5])
def test_counts_are_those_of_lines_and_crossings(rank):
    found = set()
    for seed in range(8):
        left, right, corners = case(rank, seed=seed)
        count = count_low_rank_triangle(left, right, corners)
        assert count == regions_by_fractions(left, right, corners)
        if rank > 1:
            assert len(enumerate_low_rank_triangle(left, right, corners)) == count
        found.add(count)
    assert len(found) > 1


def test_all_borders_of_rank_two_meet_in_one_point():
    """With 0 inside the triangle's image 9 lines through a point make 18 cells."""
    left, right, _ = case(2, d=2)
    corners = np.array([[1, 0], [-1, 1], [-1, -1]]) @ np.linalg.inv(left)
    assert count_low_rank_triangle(left, right, corners) == 18


def test_rounding_a_product_makes_cells_that_factors_do_not_have():
    W = np.random.default_rng(3).normal(size=(5, 40))
    corners = np.random.default_rng(4).normal(size=(3, 5))
    left, right = factors(W, 1)
    np.testing.assert_allclose(left @ right, truncate(W, 1), atol=1e-12)
    rounded = Network([(truncate(W, 1).T, np.zeros(40)), (np.ones((1, 40)), np.zeros(1))])
    assert count_low_rank_triangle(left, right, corners) == 2
    assert count_on_triangles(rounded, corners, [(0, 1, 2)])[0] > 2


def test_at_full_rank_factors_and_matrix_agree():
    W = np.random.default_rng(5).normal(size=(5, 40))
    corners = np.random.default_rng(6).normal(size=(3, 5))
    whole = Network([(W.T, np.zeros(40)), (np.ones((1, 40)), np.zeros(1))])
    expected = count_on_triangles(whole, corners, [(0, 1, 2)])[0]
    assert count_low_rank_triangle(*factors(W, 5), corners) == expected


def test_nothing_is_left_to_switch():
    left, right, corners = case(0)
    assert count_low_rank_triangle(left, right, corners) == 1
    left, right, corners = case(1)
    assert count_low_rank_triangle(left, 0 * right, corners) == 1
    assert count_low_rank_triangle(np.abs(left), right, np.abs(corners)) == 1
    from_zero = np.array([[0.0], [1.0], [0.5]])
    assert count_low_rank_triangle(np.ones((1, 1)), np.ones((1, 3)), from_zero) == 1
    with pytest.raises(SliceError, match="parallel"):
        count_low_rank_triangle(*case(3)[:2], np.arange(3)[:, None] * np.ones(5))
    with pytest.raises(SettingError, match="rank 6 is out of range"):
        factors(np.ones((5, 8)), 6)
