"""The command line: what it prints and writes; one sentence and exit status 2 for every bad input."""

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import shapely
from zoo import ZOO, random_net, tent

from geomtoy import (
    Network,
    Slice,
    commands,
    count_regions,
    enumerate_decision_boundary,
    enumerate_regions,
    load,
    save,
)
from geomtoy.cli import main
from geomtoy.errors import FileError

KEYS = {"net", "regions", "linear_regions", "certified", "seconds"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with a network of 4 quadrants."""
    monkeypatch.chdir(tmp_path)
    store("good.npz")
    return tmp_path


def store(name, **changes):
    """relu(x) + 2 relu(y) with some arrays changed, added or (None) left out."""
    arrays = {
        "W1": np.eye(2),
        "b1": np.zeros(2),
        "W2": np.array([[1.0, 2.0]]),
        "b2": np.zeros(1),
        **changes,
    }
    np.savez(name, **{key: array for key, array in arrays.items() if array is not None})


def run(*arguments):
    """Exit status, also where argparse exits by itself."""
    try:
        return main([str(a) for a in arguments])
    except SystemExit as stop:
        return stop.code


def records(capsys):
    out, err = capsys.readouterr()
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


def in_a_shell(*arguments, **settings):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False, **settings
    )


# Counting


def test_count_prints_a_json_object(folder, capsys):
    assert run("count", "good.npz") == 0
    [record] = records(capsys)
    assert record.keys() >= KEYS
    assert (record["net"], record["regions"], record["linear_regions"]) == ("good.npz", 4, 4)
    assert record["certified"] is True
    assert record["seconds"] >= 0


def test_count_prints_a_line_a_network_in_their_order(folder, capsys):
    save("other.npz", tent(5), window=(0, 1))
    assert run("count", "other.npz", "good.npz", "other.npz") == 0
    found = records(capsys)
    assert [r["net"] for r in found] == ["other.npz", "good.npz", "other.npz"]
    assert [r["regions"] for r in found] == [32, 4, 32]


def test_without_linear_regions_their_number_is_null(folder, capsys):
    assert run("count", "--no-linear", "good.npz") == 0
    assert run("count", "good.npz", "--no-linear") == 0
    for record in records(capsys):
        assert record["regions"] == 4
        assert record["linear_regions"] is None


@pytest.mark.parametrize(
    "name", ["thirds", "hard_tanh_stripes", "kinks_cancel", "tent_8", "rational_tenths"]
)
def test_count_agrees_with_the_library(folder, capsys, name):
    animal = ZOO[name]()
    save("net.npz", animal.network, window=animal.window)
    expected = count_regions(animal.network, window=animal.window)
    assert run("count", "net.npz") == 0
    [record] = records(capsys)
    assert (record["regions"], record["linear_regions"]) == (expected.regions, expected.linear_regions)


def test_the_files_window_is_used_unless_another_is_given(folder, capsys):
    store("net.npz", window=np.array([[1.0, 1], [2, 1], [2, 2], [1, 2]]))
    assert run("count", "net.npz") == 0
    assert run("count", "net.npz", "--window", "-1,1 2,1 2,2 -1,2") == 0
    assert run("count", "net.npz", "--window=-1,-1 1,-1 1,1 -1,1") == 0
    assert [r["regions"] for r in records(capsys)] == [1, 2, 4]


@pytest.mark.parametrize(("window", "regions"), [("plane", 4), ("-1,1 1,1 0,3", 2), ("5,5 6,5 6,6", 1)])
def test_windows_are_written_as_corners_or_plane(folder, capsys, window, regions):
    assert run("count", "good.npz", "--window", window) == 0
    assert records(capsys)[0]["regions"] == regions


def test_a_window_on_a_line_is_written_as_low_and_high(folder, capsys):
    save("net.npz", tent(4))
    assert run("count", "net.npz", "--window", "0,0.25") == 0
    assert run("count", "net.npz", "--window", "plane") == 0
    assert [r["regions"] for r in records(capsys)] == [4, 18]


def test_the_files_slice_is_used(folder, capsys):
    plane = Slice((0, 0, 1), (1, 0, 0), (0, 1, 0))
    net = random_net(3, 5, 1, seed=2)
    save("net.npz", net, slice=plane)
    assert run("count", "net.npz") == 0
    assert records(capsys)[0]["regions"] == count_regions(net, slice=plane).regions


def test_the_largest_number_of_regions_allowed_is_enough(folder, capsys):
    assert run("count", "good.npz", "--max-regions", "4") == 0
    assert records(capsys)[0]["regions"] == 4


# Listing and drawing


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
    """The level sets that are drawn, as (polylines or points on a line, title)."""
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
    assert run("plot", "good.npz", "-o", "out.png", "--level-set", *more) == 2
    assert sentence(capsys) == f"good.npz: {says}"
    assert os.listdir() == ["good.npz"]


def test_an_old_output_is_replaced(folder):
    Path("cells.geojson").write_text("old")
    assert run("regions", "good.npz", "-o", "cells.geojson") == 0
    assert json.loads(Path("cells.geojson").read_text())["type"] == "FeatureCollection"
    assert sorted(os.listdir()) == ["cells.geojson", "good.npz"]


# In a process of its own


def test_counting_imports_neither_jax_nor_matplotlib(folder):
    code = """
import sys
from geomtoy.cli import main
assert main(["count", "good.npz"]) == 0
print(sorted({"jax", "flax", "optax", "matplotlib", "shapely", "networkx"} & set(sys.modules)))
"""
    done = in_a_shell("-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_module_runs_as_a_command(folder):
    done = in_a_shell("-m", "geomtoy", "count", "good.npz")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout).keys() >= KEYS


def test_the_module_fails_with_status_2_and_one_sentence(folder):
    done = in_a_shell("-m", "geomtoy", "count", "good.npz", "none.npz")
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == (
        "geomtoy: none.npz does not exist; give the path of an npz file\n"
        "geomtoy: 1 of 2 networks not counted: none.npz\n"
    )


def test_a_reader_that_closes_early_sees_no_traceback(folder):
    command = [sys.executable, "-m", "geomtoy", "count", *["good.npz"] * 50]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1


def test_an_interrupt_says_so_and_leaves_nothing(folder, capsys, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("geomtoy.commands.enumerate_regions", stopped)
    assert run("regions", "good.npz", "-o", "cells.npz") == 130
    assert capsys.readouterr() == ("", "geomtoy: interrupted; nothing was written\n")
    assert os.listdir() == ["good.npz"]


# Bad input


def sentence(capsys):
    """The one sentence on stderr of a command that failed and printed nothing."""
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"geomtoy: [^\n]+\n", err), err
    return err[len("geomtoy: ") : -1]


SQUARE = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])

BAD_FILES = {
    "NaN weights": ({"W1": np.eye(2) * np.nan}, "W1 holds NaN or infinity; give finite numbers"),
    "infinite weights": ({"b2": np.array([np.inf])}, "b2 holds NaN or infinity; give finite numbers"),
    "shapes that do not chain": ({"W2": np.ones((1, 3))}, "W2 takes 3 inputs but layer 1 gives 2; make"),
    "a missing weight": ({"W1": None}, "the key W1 is missing; a network file holds W1, b1, W2, b2"),
    "a missing bias": ({"b2": None}, "the key b2 is missing"),
    "a dent": ({"window": SQUARE[[0, 1, 3, 2]]}, "the window is not convex; give the corners"),
    "no area": ({"window": SQUARE[[0, 2, 0]]}, "the window"),
    "NaN in the window": ({"window": SQUARE * np.nan}, "the window holds nan; give finite numbers"),
    "parallel u and v": (
        {"origin": np.zeros(2), "u": np.ones(2), "v": -np.ones(2)},
        "the slice's u and v are parallel; give two independent directions",
    ),
    "a slice in dimension 3": (
        {"origin": np.zeros(3), "u": np.eye(3)[0], "v": np.eye(3)[1]},
        "the slice lies in dimension 3 but the network takes 2 inputs; make them equal",
    ),
    "half a slice": ({"origin": np.zeros(2)}, "there is origin only; a slice needs origin, u and v"),
    "no slice of 3 inputs": ({"W1": np.ones((2, 3))}, "the network takes 3 inputs; give a"),
    "softplus": (
        {"act1_name": np.array("softplus")},
        "activation 'softplus' is not a known piecewise-linear",
    ),
    "slopes only": ({"act1_slopes": np.array([0, 1.0])}, "the key act1_breakpoints is missing"),
    "complex weights": ({"W1": np.eye(2) * 1j}, "W1 has type complex128; give real"),
}


@pytest.mark.parametrize(("changes", "says"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_what_a_file_holds_wrongly_is_said_in_one_sentence(folder, capsys, changes, says):
    store("bad.npz", **changes)
    before = sorted(os.listdir())
    assert run("count", "bad.npz") == 2
    assert sentence(capsys).startswith(f"bad.npz: {says}")
    assert run("regions", "bad.npz", "-o", "cells.npz") == 2
    assert sentence(capsys).startswith(f"bad.npz: {says}")
    assert sorted(os.listdir()) == before


def make_bare():
    with open("bad.npz", "wb") as file:
        np.save(file, np.eye(2))


NO_NPZ = {
    "a bare array": make_bare,
    "text": lambda: Path("bad.npz").write_text("W1 b1"),
    "nothing": lambda: Path("bad.npz").touch(),
    "half a file": lambda: Path("bad.npz").write_bytes(Path("good.npz").read_bytes()[:400]),
    "objects": lambda: store("bad.npz", W1=np.array([[1, None], [0, 1]], dtype=object)),
    "a folder": lambda: Path("bad.npz").mkdir(),
    "a missing file": lambda: None,
}


@pytest.mark.parametrize("make", NO_NPZ.values(), ids=NO_NPZ.keys())
@pytest.mark.parametrize(
    "command", [("count",), ("regions", "-o", "out.npz"), ("plot", "-o", "out.png")]
)
def test_a_file_that_is_no_npz_is_named(folder, capsys, make, command):
    make()
    before = sorted(os.listdir())
    assert run(*command, "bad.npz") == 2
    said = sentence(capsys)
    assert said.startswith("bad.npz ")
    assert "npz file" in said or "not an npz" in said
    assert sorted(os.listdir()) == before


def test_networks_around_bad_ones_are_counted(folder, capsys):
    store("bad.npz", W1=np.eye(2) * np.nan)
    assert run("count", "good.npz", "none.npz", "bad.npz", "good.npz") == 2
    out, err = capsys.readouterr()
    assert [json.loads(line)["net"] for line in out.splitlines()] == ["good.npz"] * 2
    first, second, last = err.splitlines()
    assert first.startswith("geomtoy: none.npz does not exist")
    assert second.startswith("geomtoy: bad.npz: W1 holds NaN")
    assert last == "geomtoy: 2 of 4 networks not counted: none.npz, bad.npz"


def test_too_little_memory_is_said(folder, capsys, monkeypatch):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr("geomtoy.commands.count_regions", full)
    assert run("count", "good.npz") == 2
    assert sentence(capsys) == "memory is full; look at a smaller window or give --max-regions"
    assert run("count", "good.npz", "good.npz") == 2
    assert "good.npz: memory is full" in capsys.readouterr().err
    monkeypatch.setattr("geomtoy.regions.results.export.to_arrays", full)
    assert run("regions", "good.npz", "-o", "cells.npz") == 2
    assert sentence(capsys).startswith("memory is full")
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(FileError, match=r"cannot write new\.npz: memory is full"):
        save("new.npz", tent(2))
    assert os.listdir() == ["good.npz"]


SLOW_WRITE = """
import os, signal, sys, time
import numpy as np
from geomtoy.cli import main
def savez(file, **_):
    file.write(b"half of it")
    file.flush()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
np.savez = savez
sys.exit(main(["regions", "good.npz", "-o", "cells.npz"]))
"""


def test_a_termination_leaves_no_part_of_a_file(folder):
    done = in_a_shell("-c", SLOW_WRITE)
    assert (done.returncode, done.stdout) == (143, "")
    assert done.stderr == "geomtoy: terminated; nothing was written\n"
    assert os.listdir() == ["good.npz"]


BAD_WINDOWS = {
    "0,0 4,0 1,1 0,4": "the window is not convex; give the corners of a convex polygon in order",
    "0,0 1,1 2,2": "the window has no area; give at least three corners not on one line",
    "": "the window has no area",
    "0,0 1,0 0,nan": "the window holds nan; give finite numbers",
    "0,0 1,0 0,1e999": "the window holds inf; give finite numbers",
    "0,0,0 1,0,0 0,1,0": "a window corner is not a pair (x, y); give the corners",
    "1,0": "the window (1, 0) has no length; give low < high",
    "1": "the window of a line is not a pair (low, high); give two numbers",
}


@pytest.mark.parametrize(("window", "says"), BAD_WINDOWS.items())
@pytest.mark.parametrize(
    "command", [("count",), ("regions", "-o", "out.npz"), ("plot", "-o", "out.png")]
)
def test_a_bad_window_names_the_argument(folder, capsys, window, says, command):
    assert run(*command, "good.npz", "--window", window) == 2
    assert sentence(capsys).startswith(f"argument --window: {says}")
    assert os.listdir() == ["good.npz"]


@pytest.mark.parametrize(
    "command", [("count",), ("regions", "-o", "out.npz"), ("plot", "-o", "out.png")]
)
def test_a_window_of_another_dimension_names_the_network(folder, capsys, command):
    save("line.npz", tent(2))
    before = sorted(os.listdir())
    assert run(*command, "line.npz", "--window", "0,0 1,0 0,1") == 2
    assert sentence(capsys).startswith("line.npz: the window of a line is not a pair (low, high)")
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("option", [[], ["--no-linear"]])
def test_too_many_regions_give_no_count(folder, capsys, option):
    assert run("count", "good.npz", "--max-regions", 3, *option) == 2
    assert sentence(capsys) == (
        "good.npz: hidden layer 1 makes 4 regions, more than max_regions = 3; "
        "raise it or look at a smaller window"
    )


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_region_is_refused(folder, capsys, limit):
    assert run("count", "good.npz", "--max-regions", limit) == 2
    assert sentence(capsys) == (
        f"good.npz: max_regions is {limit}; give 1 or more, or None for no limit"
    )


@pytest.mark.parametrize("command", [("regions", "-o", "out.geojson"), ("plot", "-o", "out.png")])
def test_too_many_regions_write_nothing(folder, capsys, command):
    assert run(*command, "good.npz", "--max-regions", 3) == 2
    assert "more than max_regions = 3" in sentence(capsys)
    assert os.listdir() == ["good.npz"]


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
    assert run(command, "good.npz", "-o", out) == 2
    assert sentence(capsys) == f"cannot write {out}: {says}"
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("out", ["p" * 300 + ".png", "good.npz/out.png"])
def test_a_picture_that_cannot_be_written_is_named(folder, capsys, out):
    assert run("plot", "good.npz", "-o", out) == 2
    assert sentence(capsys).endswith("choose another place")


def test_the_whole_plane_cannot_be_drawn_or_listed_as_polygons(folder, capsys):
    assert run("plot", "good.npz", "-o", "out.png", "--window", "plane") == 2
    assert sentence(capsys) == "the whole plane cannot be drawn; give a bounded --window"
    assert run("regions", "good.npz", "-o", "out.geojson", "--window", "plane") == 2
    assert sentence(capsys) == "GeoJSON cannot hold unbounded cells; enumerate inside a window"
    assert os.listdir() == ["good.npz"]


def test_pieces_of_a_line_are_no_polygons(folder, capsys):
    save("net.npz", tent(3))
    assert run("regions", "net.npz", "-o", "out.geojson") == 2
    assert sentence(capsys) == "pieces of a line are no polygons; write them to a name ending in .npz"


ARGPARSE = {
    "no command": ([], "COMMAND"),
    "an unknown command": (["draw"], "draw"),
    "no network": (["count"], "NET.npz"),
    "no output": (["regions", "good.npz"], "--out"),
    "an unknown option": (["count", "good.npz", "--fast"], "--fast"),
    "no number": (
        ["count", "good.npz", "--max-regions", "many"],
        "--max-regions: invalid int value: 'many'",
    ),
    "no corners": (["count", "good.npz", "--window", "a,b"], "--window: 'a,b' is not a list of corners"),
}


@pytest.mark.parametrize(("arguments", "names"), ARGPARSE.values(), ids=ARGPARSE.keys())
def test_wrong_arguments_exit_with_status_2(folder, capsys, arguments, names):
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert names in err.splitlines()[-1]


def test_help_exits_with_status_0(capsys):
    assert run("--help") == 0
    assert "count" in capsys.readouterr().out


def test_a_window_that_begins_with_a_minus_is_a_value(folder, capsys):
    assert run("count", "good.npz", "--window", "-3,3") == 0
    first = capsys.readouterr().out
    assert run("count", "good.npz", "--window", "-3,-3 3,-3 3,3 -3,3") == 0
    assert json.loads(first)["regions"] == json.loads(capsys.readouterr().out)["regions"]


def test_slices_go_through_rows_of_a_file(folder, capsys):
    rng = np.random.default_rng(0)
    images = rng.normal(size=(5, 2, 3))
    network = Network([(rng.normal(size=(9, 6)), rng.normal(size=9)), (np.ones((1, 9)), [0])])
    save("net.npz", network)
    np.savez("data.npz", images=images, labels=np.arange(5))
    expected = count_regions(network, slice=Slice.through(*images[[4, 0, 2]])).regions
    assert run("count", "net.npz", "--slice-through", "data.npz:images:4,0,2") == 0
    assert json.loads(capsys.readouterr().out)["regions"] == expected
    picture = ("plot", "net.npz", "-o", "out.png", "--slice-through", "data.npz:images:4,0,2")
    assert run(*picture) == 0
    for text, message in {
        "data.npz:4,0,2": "data.npz holds images, labels; write data.npz:NAME:4,0,2",
        "data.npz:images:4,0,5": "data.npz: images has shape (5, 2, 3), without row 5",
        "data.npz:images:1,1,2": "data.npz: the three points lie on a line; give others",
        "data.npz:images": "argument --slice-through: 'data.npz:images' is not DATA.npz[:NAME]:I,J,K",
        "no.npz:0,1,2": "no.npz does not exist",
    }.items():
        assert run("count", "net.npz", "--slice-through", text) == 2
        assert message in sentence(capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ("count", "-"),
        ("regions", "-", "-o", "cells.npz"),
        ("plot", "-", "-o", "cells.png"),
        ("compare", "-", "good.npz"),
    ],
)
def test_each_command_reads_an_npz_from_standard_input(folder, capsys, monkeypatch, arguments):
    given = io.TextIOWrapper(io.BytesIO((folder / "good.npz").read_bytes()))
    monkeypatch.setattr(sys, "stdin", given)
    assert run(*arguments) == 0
    assert capsys.readouterr().err == ""


def test_counts_say_what_a_decision_boundary_or_level_set_meets(folder, capsys):
    store("two.npz", W2=np.array([[1.0, 0.0], [0.0, 1.0]]), b2=np.zeros(2))
    network = load("two.npz").network
    border = enumerate_decision_boundary(network)
    assert run("count", "two.npz", "--decision-boundary") == 0
    (record,) = records(capsys)
    assert record["level_set"]["regions_crossed"] == len(border.crossed)
    assert record["level_set"]["components"] == border.n_components
    assert run("count", "two.npz", "--level-set", "0.25", "--level-of", "1") == 0
    (record,) = records(capsys)
    assert record["level_set"]["polylines"] == 1
    assert run("count", "two.npz", "--level-set", "0", "--decision-boundary") == 2
    assert "give one of them" in sentence(capsys)


def test_time_is_limited(folder, capsys, monkeypatch):
    """Counting says how far it came; whatever else runs is ended."""
    save("deep.npz", random_net(2, 9, 9, 9, 1, seed=0))
    assert run("count", "deep.npz") == 0  # kernels are compiled
    records(capsys)
    assert run("count", "deep.npz", "--max-seconds", "1e-9") == 2
    assert "max_seconds = 1e-09 is over after 1 of 3 hidden layers and" in sentence(capsys)
    monkeypatch.setattr(commands, "compare", lambda *_, **__: time.sleep(60))
    assert run("compare", "good.npz", "good.npz", "--max-seconds", "0.01") == 2
    assert sentence(capsys) == "--max-seconds 0.01 is over; nothing was written"
    assert run("count", "good.npz", "--max-seconds", "0") == 2
    assert "'0' is not a number > 0" in capsys.readouterr().err


def test_boxes_of_specifications_are_windows(folder, capsys):
    bounds = "".join(f"(assert (<= X_{k} 0.5)) (assert (>= X_{k} -0.25))" for k in (0, 1))
    declared = "".join(f"(declare-const {name} Real)" for name in ("X_0", "X_1", "Y_0"))
    Path("box.vnnlib").write_text(declared + bounds)
    assert run("count", "good.npz", "--window", "box.vnnlib") == 0
    first = json.loads(capsys.readouterr().out)
    assert run("count", "good.npz", "--window", "-0.25,0.5") == 0
    assert first["regions"] == json.loads(capsys.readouterr().out)["regions"]


# Comparison and verification

SPEC = """(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real)
(assert (and (<= X_0 1) (>= X_0 -1) (<= X_1 1) (>= X_1 -1)))
(assert (>= Y_0 {bound}))
"""


@pytest.fixture
def corner(tmp_path):
    """relu(x) + relu(y), and the same but for 2^-50 of it; at most 2 in the square."""
    for name, last in (("a", [[1, 1]]), ("b", [[1, 1 + 2.0**-50]])):
        save(tmp_path / f"{name}.npz", Network([(np.eye(2), [0, 0]), (last, [0])]))
    return tmp_path


def test_compare_says_where_two_networks_differ(corner, capsys):
    a, b = (str(corner / f"{name}.npz") for name in "ab")
    assert main(["compare", a, b]) == 0
    record = json.loads(capsys.readouterr().out)
    assert not record["equal"]
    assert record["differ_on_share"] == 0.5
    assert record["exactly"]["greatest_difference"] == f"-1/{2**50}"
    assert record["patterns"] == {"kept": 4, "appeared": 0, "vanished": 0}
    assert main(["compare", a, a, "--window", "0,0 1,0 1,1"]) == 0
    assert json.loads(capsys.readouterr().out)["equal"]


def test_verify_decides_on_the_bound(corner, capsys):
    for bound, result in (("2", "violated"), ("2.0000000000000000000001", "holds")):
        (corner / "spec.vnnlib").write_text(SPEC.format(bound=bound))
        assert main(["verify", str(corner / "a.npz"), str(corner / "spec.vnnlib")]) == 0
        record = json.loads(capsys.readouterr().out)
        assert record["result"] == result
        if result == "violated":
            assert (record["counterexample"], record["outputs"]) == (["1", "1"], ["2"])


def test_what_cannot_be_compared_or_verified_is_said_in_a_sentence(corner, capsys):
    three = corner / "three.npz"
    save(three, Network([(np.eye(3), [0, 0, 0])]))
    assert main(["compare", str(corner / "a.npz"), str(three)]) == 2
    assert "3 outputs" in capsys.readouterr().err
    (corner / "spec.vnnlib").write_text(SPEC.format(bound=1))
    assert main(["verify", str(three), str(corner / "spec.vnnlib")]) == 2
    assert "give a pair that fits" in capsys.readouterr().err
    assert main(["verify", str(corner / "a.npz"), str(corner / "none.vnnlib")]) == 2
    assert "none.vnnlib does not exist" in capsys.readouterr().err
