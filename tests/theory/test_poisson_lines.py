"""A Poisson process of lines as a hidden layer: its cells have the published means."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest

from geomtoy import Network, enumerate_regions, shapes
from geomtoy.errors import SettingError, WindowError
from geomtoy.plots import draw_areas, draw_edge_lengths, new_figure
from geomtoy.theory import PoissonLineCells

INTENSITY = 12.0
RADIUS = 2**0.5


def lines(rng):
    """Lines that meet the disc around [-1, 1]^2, uniformly in direction and distance."""
    n = rng.poisson(2 * RADIUS * INTENSITY)
    angle, distance = rng.uniform(0, pi, n), rng.uniform(-RADIUS, RADIUS, n)
    W = np.column_stack([np.cos(angle), np.sin(angle)])
    return Network([(W, -distance), (np.ones((1, n)), [0])])


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    return [enumerate_regions(lines(rng)) for _ in range(150)]


def within_errors(values, mean):
    """Whether a mean over independent windows is within four standard errors."""
    values = np.array(values)
    return abs(values.mean() - mean) < 4 * values.std() / len(values) ** 0.5


def test_numbers_of_cells_and_edges_have_the_published_means(found):
    law = PoissonLineCells(INTENSITY)
    every = [shapes(cells) for cells in found]
    assert within_errors([one.intensity for one in every], INTENSITY)
    assert within_errors([4 / one.mean_area for one in every], 4 / law.mean_area)
    assert within_errors(
        [one.lengths.sum() / one.mean_edge for one in every], 4 * INTENSITY / law.mean_edge
    )


def test_the_cell_around_a_point_has_the_published_mean(found):
    """The mean area of the cell at a fixed point is E[A^2] / E[A]; few cells at the centre are cut."""
    law = PoissonLineCells(INTENSITY)
    at_centre = [cells.areas()[cells.locate([[0, 0]])[0]] for cells in found]
    assert within_errors(at_centre, law.mean_squared_area / law.mean_area)


def test_edges_have_the_exponential_law(found):
    """e^-1 of them are longer than the mean; the window, fifteen times as wide, cuts few."""
    law = PoissonLineCells(INTENSITY)
    every = [shapes(cells) for cells in found]
    long = [(one.lengths[one.whole_edges] > law.mean_edge).mean() for one in every]
    assert np.mean(long) == pytest.approx(np.exp(-1), abs=0.03)


def test_what_the_window_cuts_is_marked():
    """One line cuts the square: no cell is whole, no edge either."""
    one = shapes(enumerate_regions(Network([([[1, 0]], [0]), ([[1]], [0])])))
    assert not one.whole.any()
    assert one.lengths.tolist() == [2]
    assert not one.whole_edges.any()
    assert one.intensity == 0.5
    assert one.mean_area == np.inf
    grid = [[1, 0]] * 3 + [[0, 1]] * 3
    cross = shapes(enumerate_regions(Network([(grid, [-0.5, 0, 0.5] * 2), ([[1] * 6], [0])])))
    assert np.count_nonzero(cross.whole) == 4
    assert np.count_nonzero(cross.whole_edges) == 12
    assert cross.mean_area == 4 / 9
    assert cross.of_random_lines == PoissonLineCells(3)


def test_what_has_no_shapes_is_refused():
    flat = Network([([[1]], [0]), ([[1]], [0])])
    with pytest.raises(SettingError, match="line"):
        shapes(enumerate_regions(flat))
    plane = Network([([[1, 0]], [0]), ([[1]], [0])])
    with pytest.raises(WindowError, match="unbounded"):
        shapes(enumerate_regions(plane, window=None))
    uncut = shapes(enumerate_regions(Network([([[1, 0]], [0])])))
    with pytest.raises(SettingError, match="no edge"):
        _ = uncut.of_random_lines
    with pytest.raises(SettingError, match="intensity"):
        PoissonLineCells(0)


def test_distributions_are_drawn(found):
    one = shapes(found[0])
    left, right = new_figure().subplots(1, 2)
    draw_areas(left, one)
    draw_edge_lengths(right, one)
    assert {text.get_text() for text in left.get_legend().get_texts()} == {
        "cells", "mean", "mean for random lines",
    }  # fmt: skip
    assert right.get_xlabel() == "length"
