"""Lipschitz constants and Jacobians: norms of exact slopes, and eigenvalues within bounds."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from builders import random_net, tent
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import oracle
from strategies import activations, networks, planar_networks, slices, windows

from geomtoy import Network, Segment, enumerate_regions
from geomtoy.answers import jacobian, jacobians, lipschitz
from geomtoy.answers.norms import greatest_eigenvalue, square_root
from geomtoy.errors import SettingError


def slopes_of(truth):
    return [np.array([row[:2] for row in cell.rows]) for cell in truth.cells]


@given(planar_networks, windows, st.sampled_from([1, inf]))
@settings(max_examples=20)
def test_lipschitz_constants_are_the_greatest_norms(net, window, norm):
    found = lipschitz(enumerate_regions(net, window=window), norm)
    slopes = slopes_of(oracle(net, window=window))
    assert found.low == found.high == max(np.abs(A).sum(0 if norm == 1 else 1).max() for A in slopes)


@given(planar_networks, windows)
@settings(max_examples=20)
def test_the_2_norm_lies_within_its_bounds(net, window):
    found = lipschitz(enumerate_regions(net, window=window))
    slopes = slopes_of(oracle(net, window=window))
    squares = []
    for A in slopes:
        (a, b), (_, d) = A.T @ A
        squares.append((a + d, a * d - b * b))  # trace and determinant
    for trace, determinant in squares:  # the greater root of z^2 - trace z + determinant is <= high^2
        z = found.high**2
        assert z * z - trace * z + determinant >= 0
        assert 2 * z >= trace
    z = found.low**2  # and of one of them it is >= low^2
    assert any(z * z - T * z + D <= 0 or 2 * z <= T for T, D in squares)
    assert found.high - found.low <= found.high / 2**50
    if net.d_out == 1:
        assert found.square == max(T for T, _ in squares)


def test_slopes_far_below_the_offsets_are_told_apart():
    """In float64 the maps of both cells are 2^60; their slopes differ."""
    net = Network([([[1, 0]], [0]), ([[2.0**-40]], [2.0**60])])
    assert lipschitz(enumerate_regions(net), 1).high == Fraction(1, 2**40)


def test_a_tent_is_as_steep_as_its_folds():
    assert lipschitz(enumerate_regions(tent(6), window=(0, 1))).high == 2**6
    with pytest.raises(SettingError, match="norm"):
        lipschitz(enumerate_regions(tent(2)), 3)


# Jacobians


@given(networks(4, 5, 4, 2, act=activations), slices(4))
@settings(max_examples=15)
def test_jacobians_are_maps_in_all_directions(net, plane):
    cells = enumerate_regions(net, slice=plane)
    every = jacobians(cells)
    directions = np.array([plane.u, plane.v], dtype=object).T
    for k in range(len(cells)):
        J = np.array(jacobian(cells, k), dtype=object)
        assert ((J @ directions) == np.array(cells.exact_map(k)[0], dtype=object)).all()
        np.testing.assert_allclose(every[k], J.astype(float), atol=1e-12)
    for norm in (1, inf):
        exact = [
            np.abs(np.array(jacobian(cells, k))).sum(0 if norm == 1 else 1).max()
            for k in range(len(cells))
        ]
        assert lipschitz(cells, norm, along="inputs").high == max(exact)


def test_pieces_have_jacobians_from_left_to_right():
    net = random_net(3, 6, 1, seed=1)
    path = Segment((-1, 0, 1), (1, 1, 0.5))
    pieces = enumerate_regions(net, slice=path)
    direction = np.array(path.direction, float)
    np.testing.assert_allclose(jacobians(pieces) @ direction, pieces.slopes, atol=1e-12)
    steepest = lipschitz(pieces)
    assert float(steepest) == pytest.approx(np.abs(pieces.slopes).max())
    assert abs(pieces.slopes[steepest.cell, 0]) == pytest.approx(float(steepest))


# Eigenvalues


@given(st.lists(st.lists(st.integers(-4, 4), min_size=3, max_size=3), min_size=3, max_size=3))
def test_the_greatest_eigenvalue_is_bracketed(rows):
    A = fmpq_mat(rows)
    low, high = greatest_eigenvalue(A * A.transpose())
    assert float(low) == pytest.approx(np.linalg.norm(np.array(rows, float), 2) ** 2, abs=1e-9)
    assert low <= high <= low * (1 + fmpq(1, 2**59))


def test_rational_eigenvalues_and_roots_are_found_exactly():
    assert greatest_eigenvalue(fmpq_mat([[2, 0], [0, fmpq(9, 4)]])) == (fmpq(9, 4), fmpq(9, 4))
    assert square_root(fmpq(9, 4), fmpq(9, 4)) == (fmpq(3, 2), fmpq(3, 2))
    low, high = square_root(fmpq(2), fmpq(2))
    assert low**2 < 2 < high**2
    assert greatest_eigenvalue(fmpq_mat([[0, 0], [0, 0]])) == (0, 0)
