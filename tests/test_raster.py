"""Many cells as one image: coverage against shapely, and against the drawing with a path a cell."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from builders import random_net
from matplotlib.backends.backend_agg import FigureCanvasAgg

import geomtoy
from geomtoy import Network
from geomtoy.plots import draw_partition, new_figure, paper_style, partition, pattern_colours
from geomtoy.plots.raster import ROWS, blend, fill_polygons, stroke_segments


def covered(polygon, size):
    image = np.zeros((size, size, 4), np.float32)
    start = np.array([0, len(polygon)])
    fill_polygons(image, np.array(polygon, float), start, np.ones((1, 3)))
    return image[:, :, 3]


@pytest.mark.parametrize(
    "polygon",
    [
        [(1, 1), (6, 1), (6, 5), (1, 5)],
        [(0.3, 0.2), (7.1, 2.4), (3.5, 6.9)],
        [(-3, 2), (12, 1), (9, 20)],  # beyond the image on three sides
        [(1, 1), (7, 7), (7, 1), (1, 7)],  # crosses itself: even-odd
    ],
)
def test_a_pixel_has_the_part_that_a_polygon_covers(polygon):
    image = covered(polygon, 8)
    shape = shapely.make_valid(shapely.Polygon(polygon))
    truth = np.array(
        [[shape.intersection(shapely.box(x, y, x + 1, y + 1)).area for x in range(8)] for y in range(8)]
    )
    assert np.abs(image - truth).max() < 1 / ROWS
    assert abs(image.sum() - truth.sum()) < 0.1


def test_cells_of_a_partition_add_up_to_whole_pixels():
    cells = geomtoy.enumerate_regions(random_net(2, 20, 20, 1, seed=0))
    image = np.zeros((50, 50, 4), np.float32)
    places = (cells.vertices + 1) * 25
    colours = np.random.default_rng(0).random((len(cells), 3))
    fill_polygons(image, places[cells.cell_corners], cells.cell_start, colours)
    np.testing.assert_allclose(image[:, :, 3], 1, atol=1e-5)


@pytest.mark.parametrize("thickness", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("end", [(40, 20), (20, 40), (37, 12), (10, 40), (10, 3)])
def test_a_line_leaves_as_much_ink_as_it_is_large(thickness, end):
    ink = np.zeros((64, 64, 4), np.float32)
    ends = np.array([[(10, 12), end]], float)
    stroke_segments(ink, ends, np.zeros((1, 3)), thickness)
    length = np.hypot(*(ends[0, 1] - ends[0, 0]))
    assert ink[:, :, 3].sum() == pytest.approx(thickness * length, rel=1e-5)
    y, x = np.nonzero(ink[:, :, 3])
    gap = shapely.distance(shapely.LineString(ends[0]), shapely.points(x + 0.5, y + 0.5))
    assert gap.max() < thickness + 1


def test_ink_lies_over_fills():
    fills, ink = np.zeros((1, 2, 4), np.float32), np.zeros((1, 2, 4), np.float32)
    fills[0, :] = (1, 0, 0, 1)
    ink[0, 1] = (0, 0, 0, 0.5)
    assert blend(fills, ink).tolist() == [[[255, 0, 0, 255], [128, 0, 0, 255]]]


@pytest.mark.parametrize("by_layer", [False, True])
def test_the_image_looks_like_the_paths(monkeypatch, by_layer):
    cells = geomtoy.enumerate_regions(random_net(2, 12, 12, 1, seed=1))

    def drawn(many):
        monkeypatch.setattr(partition, "MANY", many)
        with paper_style():
            figure = new_figure(3.0, 3.0)
            figure.set_layout_engine("none")
            draw_partition(figure.add_axes((0, 0, 1, 1)), cells, by_layer=by_layer, linewidth=0.2)
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            return np.asarray(canvas.buffer_rgba())[:, :, :3].astype(float)

    image, paths = drawn(10), drawn(10**9)
    assert np.abs(image - paths).mean() < 10, "of 255"
    assert np.median(np.abs(image - paths)) <= 2


def test_colours_are_those_of_the_patterns():
    for act in ("relu", "hard_tanh"):
        cells = geomtoy.enumerate_regions(Network(random_net(2, 9, 70, 1, seed=2).layers, act))
        expected = pattern_colours(cells.activation_patterns)
        np.testing.assert_array_equal(partition._colours(cells), expected)
