"""Sorting by keys known up to errors: what lies outside the open clusters is certainly in order."""

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stored_floats import errors, nearly, scaled, small

from geomtoy.regions.numbers.filter import sort_groups


@st.composite
def groups(draw, longest=6):
    """Groups of keys with errors: ties, near ties, keys that are infinite or NaN."""
    sizes = draw(st.lists(st.integers(0, longest), min_size=1, max_size=3))
    keys = st.one_of(small, nearly, scaled, st.sampled_from([np.inf, -np.inf, np.nan]))
    bounds = st.one_of(st.just(0.0), st.sampled_from([2.0**-53, 2.0**-52, 0.5, np.inf, np.nan]), errors)
    n = sum(sizes)
    key = np.array(draw(st.lists(keys, min_size=n, max_size=n)), float)
    error = np.array(draw(st.lists(bounds, min_size=n, max_size=n)), float)
    error[np.isinf(key)] = np.inf
    return np.cumsum([0, *sizes]), key, error


def certainly_before(key, error, i, j):
    """Whether every number that i may stand for is below every one that j may stand for."""
    if not np.isfinite([key[i], key[j], error[i], error[j]]).all():
        return False
    i, j = ((Fraction(key[k]), Fraction(error[k])) for k in (i, j))
    return i[0] + i[1] < j[0] - j[1]


def assert_only_clusters_are_open(start, key, error):
    order, clusters = sort_groups(start, key, error)
    cluster_of = np.arange(len(order)) - len(order)
    for k, (group, low, high) in enumerate(clusters.tolist()):
        assert start[group] <= low < high - 1 < start[group + 1]
        assert (cluster_of[low:high] < 0).all()
        cluster_of[low:high] = k
    for low, high in pairwise(start):
        assert sorted(order[low:high]) == list(range(low, high))
        for i, j in combinations(range(low, high), 2):
            same = cluster_of[i] == cluster_of[j]
            assert same or certainly_before(key, error, order[i], order[j])


@settings(max_examples=250)
@given(groups())
@example((np.array([0, 2]), np.array([1.0, 1.0]), np.zeros(2)))
@example((np.array([0, 3]), np.array([2.0, np.nan, 1.0]), np.zeros(3)))
@example((np.array([0, 2]), np.array([1 + 2.0**-52, 1.0]), np.array([2.0**-53, 2.0**-53])))
def test_members_outside_clusters_are_certainly_in_order(drawn):
    assert_only_clusters_are_open(*drawn)


@settings(max_examples=30)
@given(groups(longest=60), st.integers(-40, 0))
def test_long_groups_are_certainly_in_order_outside_clusters(drawn, power):
    """Long groups are sorted in another way."""
    start, key, error = drawn
    assert_only_clusters_are_open(start, key, np.where(np.isinf(key), error, 2.0**power))


@pytest.mark.parametrize("n", [3, 23, 24, 200])
def test_members_that_lie_apart_make_no_cluster(n):
    key = np.random.default_rng(n).permutation(n).astype(float)
    order, clusters = sort_groups(np.array([0, n]), key, np.full(n, 0.49))
    np.testing.assert_array_equal(key[order], np.arange(n))
    assert len(clusters) == 0


@pytest.mark.parametrize("n", [5, 50])
def test_one_member_known_to_nothing_leaves_its_group_open_and_no_other(n):
    key, error = np.tile(np.arange(float(n)), 2), np.zeros(2 * n)
    error[n // 2] = np.inf
    _, clusters = sort_groups(np.array([0, n, 2 * n]), key, error)
    assert clusters.tolist() == [[0, 0, n]]
