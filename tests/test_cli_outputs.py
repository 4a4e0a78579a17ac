"""What the commands regions and plot write, and outputs that cannot be written."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import shapely
from builders import random_net, tent
from command_line import refused, run

from geomtoy import enumerate_regions, load, save

# Listing


def test_regions_writes_geojson_that_others_read(folder, capsys):
    assert run("regions", "good.npz", "--out", "cells.geojson") == 0
    assert capsys.readouterr() == ("", "")
    text = Path("cells.geojson").read_text()
    polygons = shapely.from_geojson(text).geoms
    assert [p.area for p in polygons] == [1, 1, 1, 1]
    assert shapely.union_all(list(polygons)).equals(shapely.box(-1, -1, 1, 1))
    features = json.loads(text)["features"]
    assert {f["properties"]["activation_pattern"] for f in features} == {"00", "01", "10", "11"}


def test_regions_writes_arrays(folder):
    save("net.npz", random_net(2, 5, 4, 2, seed=3))
    assert run("regions", "net.npz", "-o", "cells.npz") == 0
    cells = enumerate_regions(load("net.npz").network)
    with np.load("cells.npz") as arrays:
        np.testing.assert_array_equal(arrays["vertices"], cells.vertices)
        np.testing.assert_array_equal(arrays["A_omega"], cells.A_omega)
        np.testing.assert_array_equal(arrays["activation_patterns"], cells.activation_patterns)


def test_regions_writes_the_pieces_of_a_line(folder):
    save("net.npz", tent(3), window=(0, 1))
    assert run("regions", "net.npz", "-o", "pieces.npz") == 0
    with np.load("pieces.npz") as arrays:
        np.testing.assert_array_equal(arrays["breakpoints"], np.arange(1, 8) / 8)
        np.testing.assert_array_equal(np.abs(arrays["slopes"]), np.full((8, 1), 8))


def test_an_old_output_is_replaced(folder):
    Path("cells.geojson").write_text("old")
    assert run("regions", "good.npz", "-o", "cells.geojson") == 0
    assert json.loads(Path("cells.geojson").read_text())["type"] == "FeatureCollection"
    assert sorted(os.listdir()) == ["cells.geojson", "good.npz"]


# Drawing


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_plot_draws_a_picture(folder, suffix, magic):
    assert run("plot", "good.npz", "-o", f"out.{suffix}") == 0
    first = Path(f"out.{suffix}").read_bytes()
    assert first.startswith(magic)
    assert sorted(os.listdir()) == ["good.npz", f"out.{suffix}"]
    assert run("plot", "good.npz", "-o", f"out.{suffix}") == 0
    assert Path(f"out.{suffix}").read_bytes() == first


def test_plot_draws_a_function_of_one_variable(folder):
    save("net.npz", tent(3), window=(0, 1))
    assert run("plot", "net.npz", "-o", "out.png") == 0
    assert Path("out.png").stat().st_size > 1000


@pytest.fixture
def drawn(monkeypatch):
    """The level sets that are drawn, as (polylines, points on a line, title)."""
    seen = []

    def plot(figure, path, **_):
        Path(path).touch()
        (ax,) = figure.axes
        lines = [path.vertices for part in ax.collections for path in part.get_paths()]
        dots = [line.get_xydata() for line in ax.lines if line.get_marker() == "o"]
        seen.append((lines, dots, ax.get_title()))

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", plot)
    return seen


def test_plot_draws_a_level_set_over_the_partition(folder, drawn):
    run("plot", "good.npz", "-o", "out.png")
    run("plot", "good.npz", "-o", "out.png", "--level-set", "0.5")
    (without, _, _), (lines, _, title) = drawn
    new = [line for line in lines if not any(np.array_equal(line, old) for old in without)]
    (level,) = new  # relu(x) + 2 relu(y) = 1/2
    corners = [(-1, 0.25), (0, 0.25), (0.5, 0), (0.5, -1)]
    assert sorted(map(tuple, level.tolist())) == sorted(corners)
    assert title.splitlines()[1] == "output 0 = 0.5: components 1, regions crossed 3"


def test_plot_draws_the_level_of_a_function_of_one_variable(folder, drawn):
    save("net.npz", tent(3), window=(0, 1))
    assert run("plot", "net.npz", "-o", "out.png", "--level-set", "1") == 0
    ((_, (dots,), title),) = drawn
    np.testing.assert_array_equal(dots, [(k / 8, 1) for k in (1, 3, 5, 7)])
    assert title.endswith("output 0 = 1: components 4, regions crossed 0")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("1", "--level-of", "1"), "there is no output 1; the network has 1, from 0"),
        (("nan",), "the level holds nan; give finite numbers"),
        (("1e-308",), "the level is not between 2^-1000 and 2^1000 in size; scale the network"),
    ],
)
def test_a_level_set_that_cannot_be_drawn_is_named(folder, capsys, more, says):
    said = refused(capsys, "plot", "good.npz", "-o", "out.png", "--level-set", *more)
    assert said == f"good.npz: {says}"
    assert os.listdir() == ["good.npz"]


def test_an_output_without_its_level_is_asked_for_it(folder, capsys):
    assert refused(capsys, "count", "good.npz", "--level-of", "1").startswith("--level-of is about")


# Outputs that cannot be written

BAD_OUTPUTS = [
    ("regions", "cells.txt", "the name must end in .geojson or .npz"),
    ("regions", "cells", "the name must end in .geojson or .npz"),
    ("regions", "none/cells.npz", "No such file or directory; choose another place"),
    ("regions", "none/cells.geojson", "No such file or directory; choose another place"),
    ("regions", "good.npz/cells.npz", "Not a directory; choose another place"),
    ("regions", "full.npz", "Is a directory; choose another place"),
    ("regions", "full.geojson", "Is a directory; choose another place"),
    ("regions", "c" * 300 + ".geojson", "File name too long; choose another place"),
    ("plot", "out.jpg", "the name must end in .png, .pdf, .svg"),
    ("plot", "none/out.png", "No such file or directory; choose another place"),
    ("plot", "full.png", "Is a directory; choose another place"),
]


@pytest.mark.parametrize(("command", "out", "says"), BAD_OUTPUTS)
def test_an_output_that_cannot_be_written_is_named(folder, capsys, command, out, says):
    for suffix in ("npz", "geojson", "png"):
        Path(f"full.{suffix}").mkdir()
    before = sorted(os.listdir())
    assert refused(capsys, command, "good.npz", "-o", out) == f"cannot write {out}: {says}"
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("out", ["p" * 300 + ".png", "good.npz/out.png"])
def test_a_picture_that_cannot_be_written_is_named(folder, capsys, out):
    assert refused(capsys, "plot", "good.npz", "-o", out).endswith("choose another place")


def test_the_whole_plane_cannot_be_drawn_or_listed_as_polygons(folder, capsys):
    said = refused(capsys, "plot", "good.npz", "-o", "out.png", "--window", "plane")
    assert said == "the whole plane cannot be drawn; give a bounded --window"
    said = refused(capsys, "regions", "good.npz", "-o", "out.geojson", "--window", "plane")
    assert said == "GeoJSON cannot hold unbounded cells; enumerate inside a window"
    assert os.listdir() == ["good.npz"]


def test_pieces_of_a_line_are_no_polygons(folder, capsys):
    save("net.npz", tent(3))
    said = refused(capsys, "regions", "net.npz", "-o", "out.geojson")
    assert said == "pieces of a line are no polygons; write them to a name ending in .npz"
