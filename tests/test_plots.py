"""Colours that keep neighbours apart, partitions without seams, and files that do not change."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from geomtoy import Network, enumerate_regions
from geomtoy.errors import WindowError
from geomtoy.models.gaussian import gaussian_network
from geomtoy.plots.colours import oklch_to_srgb, pattern_colours
from geomtoy.plots.functions import draw_bins, draw_joints, ticks_in_pi
from geomtoy.plots.partition import draw_borders, draw_partition
from geomtoy.plots.style import SINGLE, new_figure, paper_style, save_figure


@pytest.fixture(scope="module")
def cells():
    return enumerate_regions(gaussian_network((2, 8, 6, 1), seed=0))


def luminance(colours: np.ndarray) -> np.ndarray:
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def drawn(cells, **settings: object):
    with paper_style():
        figure = new_figure(SINGLE, SINGLE)
        ax = figure.subplots()
        ax.set_axis_off()
        ax.set_position([0, 0, 1, 1])
        draw_partition(ax, cells, **settings)
    return figure


def pixels(figure) -> np.ndarray:
    with paper_style():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def test_black_white_and_a_known_colour():
    lightness, chroma = np.array([0.0, 1.0, 0.627955]), np.array([0.0, 0.0, 0.257683])
    rgb = oklch_to_srgb(lightness, chroma, np.radians([0, 0, 29.2339]))
    np.testing.assert_allclose(rgb, [[0, 0, 0], [1, 1, 1], [1, 0, 0]], atol=2e-3)


def test_a_colour_depends_on_the_pattern_alone():
    patterns = np.random.default_rng(0).integers(0, 2, (40, 30), dtype=np.int8)
    colours = pattern_colours(patterns)
    np.testing.assert_array_equal(pattern_colours(patterns[::-1])[::-1], colours)
    dead = np.concatenate([patterns, np.zeros((40, 5), np.int8)], axis=1)
    np.testing.assert_array_equal(pattern_colours(dead), colours)


def test_colours_are_light_and_differ_across_every_edge(cells):
    colours = pattern_colours(cells.activation_patterns)
    assert ((colours >= 0) & (colours <= 1)).all()
    contrast = (luminance(colours) + 0.05) / 0.05
    assert contrast.min() > 7
    left, right = cells.edge_cells[(cells.edge_cells >= 0).all(axis=1)].T
    assert np.abs(luminance(colours[left]) - luminance(colours[right])).min() > 0.05


def test_every_pixel_is_a_cell_or_a_border(cells):
    """Red cells and no borders on a white page: a seam would be another colour."""
    figure = drawn(cells, colours=np.tile([1.0, 0.0, 0.0], (cells.n_cells, 1)), linewidth=0)
    inside = pixels(figure)[3:-3, 3:-3].reshape(-1, 3)
    assert (inside == [255, 0, 0]).all()


def test_cells_have_their_colours_where_they_lie(cells):
    image = pixels(drawn(cells, linewidth=0))
    colours = np.round(255 * pattern_colours(cells.activation_patterns))
    for k in np.argsort(cells.areas())[-5:]:
        x, y = cells.polygon(k).mean(axis=0)
        row, column = int((1 - y) / 2 * len(image)), int((x + 1) / 2 * image.shape[1])
        assert np.abs(image[row, column] - colours[k]).max() <= 1


def test_the_whole_plane_is_not_drawn_as_a_star():
    unbounded = enumerate_regions(gaussian_network((2, 4, 1), seed=0), window=None)
    with pytest.raises(WindowError, match="the whole plane cannot be drawn"):
        drawn(unbounded)
    with pytest.raises(WindowError, match="the whole plane cannot be drawn"):
        draw_borders(new_figure().subplots(), unbounded)


def test_colours_do_not_depend_on_how_many_cells_are_unpacked(cells, monkeypatch):
    before = pixels(drawn(cells))
    monkeypatch.setattr("geomtoy.plots.partition.BLOCK", 5)
    np.testing.assert_array_equal(pixels(drawn(cells)), before)


def test_borders_by_layer_have_a_colour_for_each_layer(cells):
    lines = drawn(cells, by_layer=True).axes[0].collections[1]
    assert len(np.unique(lines.get_colors(), axis=0)) == 3
    assert len(lines.get_segments()) == len(cells.edges)


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_saved_files_do_not_change(cells, tmp_path, kind):
    for name in ("a", "b"):
        with paper_style():
            save_figure(drawn(cells), tmp_path / f"v1.{name}", pdf=True)
    one, other = ((tmp_path / f"v1.{name}.{kind}").read_bytes() for name in ("a", "b"))
    assert one == other
    assert b"Software" not in one
    assert b"CreationDate" not in one


def test_the_users_settings_change_nothing_and_are_kept(cells):
    before = pixels(drawn(cells))
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "red", "figure.dpi": 50}):
        np.testing.assert_array_equal(pixels(drawn(cells)), before)
        assert matplotlib.rcParams["figure.dpi"] == 50


def test_functions_of_one_variable():
    network = Network([([[1.0], [1.0]], [0.0, -1.0]), ([[1.0, -1.0]], [0.0])])
    pieces = enumerate_regions(network, window=(-2, 2))
    with paper_style():
        ax = new_figure().subplots()
        draw_joints(ax, pieces.breakpoints)
        np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0, 1])
        draw_bins(ax, np.array([-2, 0, 2]), np.array([[1, 3], [2, 2]]))
        ticks_in_pi(ax, -2, 1)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["−2π", "−π", "0", "π"]
