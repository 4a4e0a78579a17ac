"""Results draw themselves, on given axes or new ones, and show themselves in notebooks."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from builders import random_net
from matplotlib import pyplot

import geomtoy
from geomtoy import Network, Slice
from geomtoy.errors import GeomtoyError
from geomtoy.layers import Affine, RMSNorm

NET = random_net(2, 6, 5, 2, seed=0)


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def cells():
    return geomtoy.enumerate_regions(NET)


@pytest.fixture(scope="module")
def circles():
    net = geomtoy.compile_layers([RMSNorm(epsilon=1.0), Affine(np.eye(3), [-0.3, 0.4, -1]), "relu"], 3)
    return geomtoy.enumerate_regions(net, slice=Slice((0, 0, 1), (1, 0, 0), (0, 1, 0)))


@pytest.mark.parametrize("color", [None, "pattern", "area", "slope", "class"])
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_cells_are_drawn_in_every_colour_and_format(tmp_path, cells, color, suffix):
    ax = cells.plot(color=color)
    assert ax.get_xlim() == ax.get_ylim() == (-1, 1)
    file = tmp_path / f"cells.{suffix}"
    ax.figure.savefig(file)
    assert file.stat().st_size > 5_000
    bars = len(ax.figure.axes) - 1
    assert bars == (color in ("area", "slope"))


def faces(ax):
    return ax.collections[0].get_facecolor()


def test_colours_are_those_asked_for(cells):
    areas = faces(cells.plot(color="area", cmap="gray"))[:, 0]
    assert (np.argsort(areas, kind="stable") == np.argsort(cells.cell_areas, kind="stable"))[
        [0, -1]
    ].all()
    numbers = np.arange(len(cells))
    assert len(np.unique(faces(cells.plot(color=numbers)), axis=0)) == len(cells)
    given = np.random.default_rng(0).random((len(cells), 3))
    np.testing.assert_allclose(faces(cells.plot(color=given))[:, :3], given)
    assert len(np.unique(faces(cells.plot(color="class")), axis=0)) == 2


@pytest.mark.parametrize(
    ("color", "sentence"),
    [("speed", "'speed' is not 'pattern'"), (np.ones(3), r"color has shape \(3,\)")],
)
def test_other_colours_are_refused(cells, color, sentence):
    with pytest.raises(GeomtoyError, match=sentence):
        cells.plot(color=color)


def test_a_boundary_lies_over_its_cells_or_sets_limits_alone(cells):
    boundary = geomtoy.enumerate_decision_boundary(NET)
    assert boundary.plot().get_xlim() == (-1, 1)
    ax = cells.plot()
    ax.set_xlim(-0.5, 0.5)
    assert boundary.plot(ax, color="red") is ax
    assert ax.get_xlim() == (-0.5, 0.5)


def test_borders_have_the_colour_of_their_layer(cells):
    assert len({tuple(c) for c in cells.plot().collections[1].get_color()}) == 3, "two layers and sides"
    assert len(cells.plot(by_layer=False).collections[1].get_color()) == 1


def test_circles_and_pieces_are_drawn(circles):
    assert circles.plot().get_ylim() == (-1, 1)
    with pytest.raises(GeomtoyError, match="behind a norm cells are coloured by 'pattern'"):
        circles.plot(color="slope")
    pieces = geomtoy.enumerate_regions(random_net(1, 5, 1, seed=1))
    assert pieces.plot().get_xlim() == (-1, 1)


def test_the_plane_is_not_drawn_but_shown_as_numbers():
    cells = geomtoy.enumerate_regions(NET, window=None)
    with pytest.raises(GeomtoyError, match="the whole plane cannot be drawn"):
        cells.plot()
    assert cells._repr_html_() == f"<code>{cells!r}</code>"


def test_notebooks_show_a_picture_and_a_line(cells, circles):
    for shown in (NET, cells, circles, geomtoy.enumerate_level_set(NET)):
        html = shown._repr_html_()
        assert html.count("data:image/png;base64,") == 1
        assert html.endswith("</code>")
    assert not pyplot.get_fignums()
    large = random_net(2, 200, 1, seed=0)
    assert large._repr_html_() == "<code>Network(2-200-1, relu)</code>"


def test_reprs_are_one_short_line(cells, circles):
    assert repr(NET) == "Network(2-6-5-2, relu)"
    assert repr(Network([(np.eye(2), np.zeros(2))])) == "Network(2-2)"
    for shown in (cells, circles, circles.network, geomtoy.enumerate_level_set(NET)):
        assert len(repr(shown)) < 120
