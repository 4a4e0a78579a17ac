"""The region of a point of R^d: the half-spaces, clipped to a window, are the cell that lies there."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import shapely
from builders import random_net
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import split
from strategies import activations, networks, numbers, slices
from zoo import ZOO

from geomtoy import CellComplex, Network, compile_layers, enumerate_regions
from geomtoy.answers import region_at
from geomtoy.errors import NetworkError
from geomtoy.layers import Affine, LayerNorm, Maxout
from geomtoy.regions.results.export import to_shapely

SQUARE = [(Fraction(x), Fraction(y), Fraction(1)) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def area_in_square(region, plane=None):
    """Area of the part of a square in which all half-spaces hold, by cutting with one after another."""
    corners = tuple(SQUARE)
    for half in region.half_spaces:
        form = [-a for a in half.normal], half.offset
        row = pulled_back(*form, plane)
        values = [sum(a * z for a, z in zip(row, p, strict=True)) for p in corners]
        if max(values) <= 0:
            return 0
        corners = split(corners, row)[0] if min(values) < 0 else corners
    return sum(
        p[0] * q[1] - p[1] * q[0] for p, q in zip(corners, corners[1:] + corners[:1], strict=True)
    ) / Fraction(2)


def pulled_back(slope, offset, plane):
    """An affine function of R^d as one of slice coordinates."""
    if plane is None:
        return (*slope, offset)
    origin, u, v = (
        sum(a * z for a, z in zip(slope, part, strict=True)) for part in (plane.origin, plane.u, plane.v)
    )
    return u, v, origin + offset


def inner_point(cells, cell):
    corners = [cells.exact_vertex(int(v)) for v in cells.corners(cell)]
    return [sum(p[k] for p in corners) / len(corners) for k in (0, 1)]


def assert_cells_are_regions(net, plane=None):
    cells = enumerate_regions(net, slice=plane)
    areas = cells.areas(exact=True)
    for k in range(0, len(cells), 1 + len(cells) // 12):
        place = np.array([inner_point(cells, k)], dtype=object)
        x = place[0] if plane is None else plane.embed(place)[0]
        region = region_at(net, x)
        assert x in region
        assert (region.activation_pattern == cells.activation_pattern(k)).all()
        assert area_in_square(region, plane) == areas[k]
        value = np.array(region.jacobian, dtype=object) @ x + np.array(region.offset, dtype=object)
        assert (value == net(x[None])[0]).all()


@given(st.one_of(networks(2, 5, 4, 2, act=activations), networks(2, 3, 3, 3, 1)))
@settings(max_examples=20)
def test_half_spaces_bound_the_cell(net):
    assert_cells_are_regions(net)


@given(networks(4, 5, 4, 1, act=activations), slices(4))
@settings(max_examples=10)
def test_half_spaces_bound_the_cell_on_a_slice(net, plane):
    assert_cells_are_regions(net, plane)


@given(numbers(5, 2), numbers(5), numbers(2, 2))
@settings(max_examples=20)
def test_half_spaces_of_maxima_are_about_winners(W, b, V):
    assert_cells_are_regions(
        compile_layers([Affine(W, b), Maxout([range(5), (0, 3)]), "relu", Affine(V)])
    )


@pytest.mark.parametrize(
    "name", ["zero_bias_16_16", "twin_and_negated_units", "quarters_16_16", "thirds"]
)
def test_degenerate_networks(name):
    assert_cells_are_regions(ZOO[name]().network)


@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_border_is_that_of_the_polygon(seed):
    net = random_net(2, 8, 8, 1, seed=seed)
    cells = enumerate_regions(net, window=[(-99, -99), (99, -99), (99, 99), (-99, 99)])
    assert isinstance(cells, CellComplex)
    polygons = to_shapely(cells)
    for x in np.random.default_rng(seed).uniform(-2, 2, (20, 2)):
        region = region_at(net, x)
        border = region.nearest_border()
        polygon = polygons[cells.locate([x])[0]]
        assert border.distance == pytest.approx(polygon.exterior.distance(shapely.Point(x)), rel=1e-6)
        assert border.foot in region
        assert border.half_space.slack(border.foot) == 0
        steps = [p - Fraction(q) for p, q in zip(border.foot, x, strict=True)]
        assert sum(step * step for step in steps) == border.squared_distance


def test_beyond_the_border_lies_another_pattern():
    net = random_net(20, 16, 16, 3, seed=5)
    x = np.random.default_rng(0).normal(size=20)
    region = region_at(net, x)
    border = region.nearest_border()
    start, foot = (np.array([Fraction(z) for z in point], dtype=object) for point in (x, border.foot))
    for far, same in ((Fraction(999, 1000), True), (Fraction(1001, 1000), False)):
        there = region_at(net, start + far * (foot - start))
        assert np.array_equal(there.activation_pattern, region.activation_pattern) == same
    changed = np.flatnonzero(there.activation_pattern != region.activation_pattern)
    assert changed.tolist() == [16 * (border.half_space.layer - 1) + border.half_space.unit]


def test_a_point_on_a_border_and_a_network_without_any():
    net = Network([([[1, 0], [0, 0]], [0, 1]), ([[1, 1]], [0])])
    region = region_at(net, [0, 5])
    assert region.nearest_border().squared_distance == 0
    assert len(region.half_spaces) == 1
    assert region_at(Network([([[1, 2]], [3])]), [0, 0]).nearest_border() is None
    assert repr(region) == "Region(1 half-spaces in R^2)"


def test_what_does_not_fit_is_refused():
    net = random_net(3, 4, 1, seed=0)
    with pytest.raises(NetworkError, match="2 coordinates; give 3"):
        region_at(net, [0, 1])
    with pytest.raises(NetworkError, match="finite"):
        region_at(net, [0, 1, np.nan])
    with pytest.raises(NetworkError, match="norm"):
        region_at(compile_layers([LayerNorm(), Affine(np.eye(3)), "relu"], 3), [0, 1, 2])
