"""Extrema: the best of all corners, and the optima of linear programmes."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from builders import random_net
from hypothesis import given, settings
from oracle import oracle
from scipy.optimize import linprog
from strategies import planar_networks, windows
from zoo import ZOO

from geomtoy import Network, Slice, enumerate_regions
from geomtoy.answers import extrema
from geomtoy.errors import NetworkError, SettingError


@given(planar_networks, windows)
@settings(max_examples=25)
def test_extrema_are_those_of_all_corners(net, window):
    found = extrema(enumerate_regions(net, window=window), net.d_out - 1)
    values = [
        cell.rows[-1][0] * x + cell.rows[-1][1] * y + cell.rows[-1][2]
        for cell in oracle(net, window=window).cells
        for x, y in cell.polygon
    ]
    assert (found.minimum.value, found.maximum.value) == (min(values), max(values))
    for end in (found.minimum, found.maximum):
        assert net(np.array([end.point], dtype=object))[0, -1] == end.value


@pytest.mark.parametrize("seed", range(3))
def test_extrema_are_the_optima_of_linear_programmes(seed):
    """One programme a cell, over the half-planes of its units, none of which knows a vertex."""
    net = random_net(2, 7, 6, 1, seed=seed)
    cells = enumerate_regions(net)
    best = [-inf, -inf]
    for k in range(len(cells)):
        A, b = [], []
        h, shift = np.eye(2), np.zeros(2)
        pieces = np.split(cells.activation_pattern(k).astype(float), [7])
        for (W, bias), on in zip(net.float_layers[:-1], pieces, strict=True):
            h, shift = W @ h, W @ shift + bias
            sign = 1 - 2 * on[:, None]
            A.append(sign * h)
            b.append(-sign[:, 0] * shift)
            h, shift = on[:, None] * h, on * shift
        W, bias = net.float_layers[-1]
        for side, sign in enumerate((-1, 1)):
            solved = linprog(-sign * (W @ h)[0], np.concatenate(A), np.concatenate(b), bounds=(-1, 1))
            best[side] = max(best[side], sign * (W @ shift + bias)[0] - solved.fun)
    found = extrema(cells)
    assert float(found.maximum) == pytest.approx(best[1], abs=1e-8)
    assert float(found.minimum) == pytest.approx(-best[0], abs=1e-8)


@pytest.mark.parametrize("name", sorted(ZOO))
def test_the_extrema_of_the_zoo_are_taken_and_never_passed(name):
    beast = ZOO[name]()
    where = {"slice": beast.slice, "window": beast.window}
    cells = enumerate_regions(beast.network, **where)
    found = extrema(cells)
    for end in (found.minimum, found.maximum):
        assert beast.network(np.array([end.point], dtype=object))[0, 0] == end.value
    complex = cells.complex if hasattr(cells, "complex") else cells
    for vertex in range(0, complex.n_vertices, 1 + complex.n_vertices // 40):
        s, t = complex.exact_vertex(vertex)
        place = np.array([[s, t][: beast.network.d_in]], dtype=object)
        point = (
            beast.slice.embed(place if isinstance(beast.slice, Slice) else place[:, 0])
            if beast.slice
            else place
        )
        value = beast.network(point)[0, 0]
        assert found.minimum.value <= value <= found.maximum.value


def test_a_constant_is_extreme_everywhere_and_a_missing_output_is_named():
    cells = enumerate_regions(Network([([[1, 0]], [0]), ([[0]], [3])]))
    found = extrema(cells)
    assert found.minimum.value == found.maximum.value == 3
    assert len(found.maximum.vertices) == cells.n_vertices
    with pytest.raises(NetworkError, match="no output 1"):
        extrema(cells, 1)
    with pytest.raises(SettingError, match="list"):
        extrema([])


def test_outputs_beyond_the_range_of_floats_have_extrema():
    """Floats of them and their bounds are infinite, and are not compared."""
    rng = np.random.default_rng(0)
    W, b, V = rng.normal(size=(6, 2)), rng.normal(size=6), rng.normal(size=(2, 6))
    usual, huge = (
        Network([(c * W, c * b), (c * V, [0, 0]), ([[c, c]], [0])], "abs") for c in (1.0, 2.0**500)
    )
    one, other = extrema(enumerate_regions(usual)), extrema(enumerate_regions(huge))
    assert other.minimum.value == Fraction(2) ** 1500 * one.minimum.value
    assert other.maximum.value == Fraction(2) ** 1500 * one.maximum.value
