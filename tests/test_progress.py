"""Long runs report, show a bar, and stop when their time is over; one point is as good as many."""

from __future__ import annotations

import io
import json
import sys

import numpy as np
import pytest
from builders import random_net

import geomtoy
from geomtoy import cli, progress
from geomtoy.errors import BudgetError, GeomtoyError, OutOfTimeError
from geomtoy.layers import Affine, Maxout, RMSNorm

NET = random_net(2, 8, 8, 1, seed=0)


@pytest.fixture
def hours(monkeypatch):
    """A clock that goes an hour forward whenever it is looked at."""
    ticks = iter(range(0, 10**9, 3600))
    monkeypatch.setattr(progress, "monotonic", lambda: next(ticks))


@pytest.mark.parametrize("ask", [geomtoy.count_regions, geomtoy.enumerate_regions])
def test_a_function_hears_of_every_layer(ask):
    heard = []
    ask(NET, progress=lambda layer, cells: heard.append((layer, cells)))
    first = geomtoy.count_regions(geomtoy.Network([NET.layers[0], ([[1] * 8], [0])]), linear=False)
    assert heard == [(1, first.regions), (2, geomtoy.count_regions(NET).regions)]


@pytest.mark.parametrize("linear", [True, False])
def test_a_bar_is_shown_when_asked_for(capsys, linear):
    geomtoy.count_regions(NET, linear=linear, progress=True)
    assert "/2" in capsys.readouterr().err
    geomtoy.count_regions(NET, linear=linear)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("hours")
def test_time_that_is_over_leaves_a_lower_bound():
    first = geomtoy.count_regions(geomtoy.Network([NET.layers[0], ([[1] * 8], [0])]), linear=False)
    for ask in (geomtoy.count_regions, geomtoy.enumerate_regions):
        with pytest.raises(OutOfTimeError, match="after 1 of 2 hidden layers and") as caught:
            ask(NET, max_seconds=60)
        assert caught.value.at_least == first.regions
        assert isinstance(caught.value, BudgetError)


@pytest.mark.usefixtures("hours")
def test_maxima_and_norms_stop_too():
    merged = geomtoy.compile_layers([Affine(np.eye(2)), Maxout([range(2)]), Affine([[1]]), "relu"], 2)
    with pytest.raises(OutOfTimeError) as caught:
        geomtoy.count_regions(merged, max_seconds=60)
    assert caught.value.at_least is None
    layers = [RMSNorm(epsilon=1.0), Affine(np.eye(3)), "relu", Affine(np.eye(3)), "relu"]
    plane = geomtoy.Slice((0, 0, 1), (1, 0, 0), (0, 1, 0))
    with pytest.raises(OutOfTimeError, match="after 1 of 2"):
        geomtoy.enumerate_regions(geomtoy.compile_layers(layers, 3), slice=plane, max_seconds=60)


@pytest.mark.usefixtures("hours")
def test_a_finished_run_is_not_thrown_away():
    shallow = random_net(2, 5, 1, seed=0)
    assert geomtoy.count_regions(shallow, max_seconds=60).regions == len(
        geomtoy.enumerate_regions(shallow)
    )


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_no_time_is_refused(seconds):
    with pytest.raises(GeomtoyError, match="give more than 0"):
        geomtoy.count_regions(NET, max_seconds=seconds)


def test_one_point_is_taken():
    point = np.array([0.25, -0.5])
    cells = geomtoy.enumerate_regions(NET)
    assert cells.locate(point) == cells.locate([point])[0]
    assert isinstance(cells.locate((0.25, -0.5)), int)
    np.testing.assert_array_equal(NET(point), NET(point[None])[0])
    pieces = geomtoy.enumerate_regions(random_net(1, 5, 1, seed=1))
    assert pieces.locate(0.25) == pieces.locate([0.25])[0]
    net = geomtoy.compile_layers([RMSNorm(epsilon=1.0), Affine(np.eye(3)), "relu"], 3)
    assert net(np.ones(3)).shape == (3,)
    circles = geomtoy.enumerate_regions(net, slice=geomtoy.Slice((0, 0, 1), (1, 0, 0), (0, 1, 0)))
    assert circles.locate(point) == circles.locate([point])[0]
    with pytest.raises(GeomtoyError, match="shape"):
        NET(np.ones(3))


def test_the_command_line_says_its_version(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.strip() == f"geomtoy {geomtoy.__version__}"


def test_a_network_comes_from_standard_input(tmp_path, monkeypatch, capsys):
    geomtoy.save(tmp_path / "net.npz", NET)
    data = (tmp_path / "net.npz").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert cli.main(["count", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["regions"] == geomtoy.count_regions(NET).regions
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"no npz")))
    assert cli.main(["count", "-"]) == 2
    assert "standard input is not a readable npz file" in capsys.readouterr().err


def test_borders_between_classes_are_drawn(tmp_path, capsys):
    for name, net in {"plane": random_net(2, 5, 3, seed=0), "line": random_net(1, 5, 3, seed=0)}.items():
        path, out = str(tmp_path / f"{name}.npz"), tmp_path / f"{name}.png"
        geomtoy.save(path, net)
        assert cli.main(["plot", path, "-o", str(out), "--decision-boundary"]) == 0
        assert out.stat().st_size > 5_000
    assert cli.main(["plot", path, "-o", str(out), "--decision-boundary", "--level-set", "0"]) == 2
    assert "give one of them" in capsys.readouterr().err
