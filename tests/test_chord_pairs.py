"""Crossing chords of a cell, counted and found, against every pair looked at; sorting in buckets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomtoy.kernels import inner, kernel
from geomtoy.regions.numbers.buckets import MOST, bucket_sort
from geomtoy.regions.topology.chords import Chords
from geomtoy.regions.topology.pairs import FEW, count_pairs, crossing_pairs

ends = st.tuples(st.integers(0, 40), st.integers(0, 40)).filter(lambda pair: pair[0] != pair[1])
cells = st.lists(st.sets(ends.map(lambda pair: tuple(sorted(pair))), max_size=3 * FEW), max_size=4)


def chords_of(cells):
    """Chords of some cells, each a set of (first, last) positions."""
    rows = [sorted(cell) for cell in cells if cell]
    start = np.cumsum([0, *map(len, rows)])
    flat = np.array([end for row in rows for end in row], np.int32).reshape(-1, 2)
    by_last = [
        low + k
        for low, row in zip(start, rows, strict=False)
        for k in sorted(range(len(row)), key=lambda k: (row[k][1], -k))
    ]
    n, none = np.arange(len(flat)), np.empty(0, np.int64)
    return Chords(
        np.arange(len(rows)), start, flat[:, 0].copy(), flat[:, 1].copy(), n, none,
        np.array(by_last, np.int32), np.ones(len(flat), np.int8), none, none, none,
    )  # fmt: skip


def alternating(cell):
    """Pairs of a cell, by looking at each."""
    cell = sorted(cell)
    numbered = [(p, q) for p in range(len(cell)) for q in range(p + 1, len(cell))]
    return [(p, q) for p, q in numbered if cell[p][0] < cell[q][0] < cell[p][1] < cell[q][1]]


@settings(max_examples=60)
@given(cells)
def test_pairs_alternate_around_their_cell(cells):
    chords, expected = chords_of(cells), [alternating(cell) for cell in cells if cell]
    pairs = count_pairs(chords)
    assert pairs.tolist() == [len(some) for some in expected]
    found = crossing_pairs(chords, int(pairs.sum())).tolist()
    shifted = [
        [low + p, low + q] for low, some in zip(chords.start, expected, strict=False) for p, q in some
    ]
    assert sorted(found) == sorted(shifted)


@pytest.mark.parametrize("n", [FEW + 1, 64, 100, 1000])
def test_pairs_of_many_chords(n):
    places = np.random.default_rng(n).permutation(2 * n).reshape(n, 2)
    cell = {tuple(sorted(pair)) for pair in places.tolist()}
    assert count_pairs(chords_of([cell])).tolist() == [len(alternating(cell))]


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_buckets_sort_as_numpy_does(scale):
    key = scale * np.random.default_rng(0).normal(size=5000)
    order = np.zeros(len(key) + 10, np.int64)
    assert bucket_sort(order, key, 7, 4900)
    assert order[7:4900].tolist() == (7 + np.argsort(key[7:4900])).tolist()
    assert not order[:7].any()
    assert not order[4900:].any()


@pytest.mark.parametrize("odd", [[np.inf], [np.nan], [1e308, -1e308], [5e-324], [1.0] * (MOST + 1)])
def test_what_does_not_spread_is_left_to_others(odd):
    key = np.zeros(4 * MOST) if odd == [5e-324] else np.linspace(0, 1, 4 * MOST)
    key[: len(odd)] = odd
    assert not bucket_sort(np.zeros(len(key), np.int64), key, 0, len(key))


@inner()
def _twice(x):
    return 2 * x


@kernel
def _four_times(x):
    return _twice(_twice(x))


def test_what_kernels_alone_may_call_says_so():
    assert _four_times(3) == 12
    with pytest.raises(TypeError, match="_twice is called by kernels alone"):
        _twice(3)
