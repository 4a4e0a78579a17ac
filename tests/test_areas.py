"""Areas of cells, linear regions and classes: the oracle's, and those of clipped polygons."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import oracle
from strategies import networks, planar_networks, windows
from zoo import ZOO

from geomtoy import UNIT_SQUARE, Network, enumerate_regions
from geomtoy.answers import integral
from geomtoy.errors import SettingError, WindowError


@given(planar_networks, windows)
@settings(max_examples=25)
def test_areas_are_those_of_the_oracle(net, window):
    cells = enumerate_regions(net, window=window)
    truth = oracle(net, window=window)
    exact = {cell.pattern: cell.area for cell in truth.cells}
    areas = cells.areas(exact=True)
    assert areas == [exact[tuple(map(int, pattern))] for pattern in cells.activation_patterns]
    np.testing.assert_allclose(cells.areas(), np.array(areas, float), rtol=1e-9, atol=1e-13)
    regions = cells.areas("linear_region", exact=True)
    assert len(regions) == truth.linear_regions
    assert sum(regions) == truth.area
    np.testing.assert_allclose(cells.areas("linear_region"), np.array(regions, float), atol=1e-12)


@pytest.mark.parametrize("bits", [40, 60, 100, 500])
def test_a_window_smaller_than_the_gaps_between_floats_has_its_areas(bits):
    """Around (1/3, 1/7), where no float is."""
    rng = np.random.default_rng(2)
    W, b = rng.integers(-3, 4, (6, 2)), rng.integers(-2, 3, 6)
    size, place = Fraction(1, 2**bits), (Fraction(1, 3), Fraction(1, 7))
    shifted = [c * size - w[0] * place[0] - w[1] * place[1] for w, c in zip(W.tolist(), b, strict=True)]
    last = (np.ones((1, 6)), np.zeros(1))
    window = [tuple(z + size * x for z, x in zip(place, corner, strict=True)) for corner in UNIT_SQUARE]
    expected = enumerate_regions(Network([(W, b), last]))
    cells = enumerate_regions(Network([(W, np.array(shifted, object)), last]), window=window)
    assert [area / size**2 for area in cells.areas(exact=True)] == expected.areas(exact=True)
    near = np.ldexp(cells.areas(), 2 * bits)
    np.testing.assert_allclose(near, expected.areas(), rtol=1e-9)
    assert cells.certify().valid, str(cells.certify())
    inside = [
        [z + size * Fraction(x) for z, x in zip(place, p, strict=True)] for p in rng.random((9, 2))
    ]
    there = np.array([[(z - o) / size for z, o in zip(p, place, strict=True)] for p in inside], object)
    assert (cells.locate(np.array(inside, object)) == expected.locate(there)).all()
    floats = np.array(inside, float)
    exactly = np.vectorize(Fraction, otypes=[object])(floats)
    assert (cells.locate(floats) == cells.locate(exactly)).all()


@pytest.mark.parametrize("power", [-600, -500, 300, 500, 600])
def test_cells_of_the_plane_may_be_of_any_size(power):
    """Where float64 does not hold their products, and where it does not hold their areas."""
    rng = np.random.default_rng(0)
    W, b, last = rng.normal(size=(8, 2)), rng.normal(size=8), (np.ones((1, 8)), [0])
    expected = enumerate_regions(Network([(W, b), last]), window=None).areas()
    areas = enumerate_regions(Network([(np.ldexp(W, -power), b), last]), window=None).areas()
    assert np.isfinite(expected).any()
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_allclose(areas, np.ldexp(expected, 2 * power), rtol=1e-9)


@given(st.one_of(networks(2, 4, 1), networks(2, 4, 3)))
@settings(max_examples=15)
def test_areas_of_classes_are_those_of_clipped_polygons(net):
    cells = enumerate_regions(net)
    areas = cells.areas("class", exact=True)
    assert sum(areas) == 4
    np.testing.assert_allclose(cells.areas("class"), np.array(areas, float), atol=1e-12)
    expected = np.zeros(max(net.d_out, 2))
    for cell in oracle(net, window=UNIT_SQUARE).cells:
        for winner in range(len(expected)):
            part = cell.polygon
            for other in range(len(expected)):
                part = clipped(part, *beats(cell.rows, winner, other))
            expected[winner] += shapely.Polygon(part).area if len(part) > 2 else 0
    np.testing.assert_allclose(np.array(areas, float), expected, atol=1e-9)


def beats(rows, winner, other):
    """A form that is >= 0 where a class is at least another, and whether it loses where they tie."""
    if len(rows) == 1:
        return tuple(z if winner else -z for z in rows[0]), winner == 1 and other == 0
    return tuple(a - b for a, b in zip(rows[winner], rows[other], strict=True)), other < winner


def clipped(polygon, form, loses):
    """The part of a convex polygon where a form is >= 0; nothing if it is 0 everywhere and so loses."""
    values = [form[0] * x + form[1] * y + form[2] for x, y in polygon]
    if loses and not any(values):
        return []
    kept = []
    for k, (p, f) in enumerate(zip(polygon, values, strict=True)):
        q, g = polygon[(k + 1) % len(polygon)], values[(k + 1) % len(polygon)]
        if f >= 0:
            kept.append(p)
        if f * g < 0:
            kept.append(tuple((a * g - b * f) / (g - f) for a, b in zip(p, q, strict=True)))
    return kept


def test_a_tie_on_a_whole_cell_is_won_by_the_first_class():
    cells = enumerate_regions(Network([(np.eye(2), [0, 0]), (np.eye(2), [0, 0])]))
    assert cells.areas("class", exact=True) == [Fraction(5, 2), Fraction(3, 2)]


def test_unknown_kinds_of_areas_and_unbounded_ones_are_refused():
    plane = enumerate_regions(ZOO["zero_bias_6"]().network, window=None)
    with pytest.raises(SettingError, match="colour"):
        plane.areas("colour")
    for refused in (
        lambda: plane.areas(exact=True),
        lambda: plane.areas("class"),
        lambda: integral(plane),
    ):
        with pytest.raises(WindowError, match="bounded"):
            refused()
