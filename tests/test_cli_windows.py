"""Where commands look: windows and slices of files and of arguments, and bad ones."""

import os
from pathlib import Path

import numpy as np
import pytest
from builders import random_net, tent
from command_line import each_command, records, refused, run
from npz_files import store

from geomtoy import Network, Slice, count_regions, save


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


def test_a_window_that_begins_with_a_minus_is_a_value(folder, capsys):
    assert run("count", "good.npz", "--window", "-3,3") == 0
    assert run("count", "good.npz", "--window", "-3,-3 3,-3 3,3 -3,3") == 0
    first, second = records(capsys)
    assert first["regions"] == second["regions"] == 4


def test_boxes_of_specifications_are_windows(folder, capsys):
    bounds = "".join(f"(assert (<= X_{k} 0.5)) (assert (>= X_{k} -0.25))" for k in (0, 1))
    declared = "".join(f"(declare-const {name} Real)" for name in ("X_0", "X_1", "Y_0"))
    Path("box.vnnlib").write_text(declared + bounds)
    assert run("count", "good.npz", "--window", "box.vnnlib") == 0
    assert run("count", "good.npz", "--window", "-0.25,0.5") == 0
    first, second = records(capsys)
    assert first["regions"] == second["regions"] == 4


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
@each_command
def test_a_bad_window_names_the_argument(folder, capsys, window, says, command):
    said = refused(capsys, *command, "good.npz", "--window", window)
    assert said.startswith(f"argument --window: {says}")
    assert os.listdir() == ["good.npz"]


@each_command
def test_a_window_of_another_dimension_names_the_network(folder, capsys, command):
    save("line.npz", tent(2))
    before = sorted(os.listdir())
    said = refused(capsys, *command, "line.npz", "--window", "0,0 1,0 0,1")
    assert said.startswith("line.npz: the window of a line is not a pair (low, high)")
    assert sorted(os.listdir()) == before


def test_the_files_slice_is_used(folder, capsys):
    plane = Slice((0, 0, 1), (1, 0, 0), (0, 1, 0))
    net = random_net(3, 5, 1, seed=2)
    save("net.npz", net, slice=plane)
    assert run("count", "net.npz") == 0
    assert records(capsys)[0]["regions"] == count_regions(net, slice=plane).regions


def test_slices_go_through_rows_of_a_file(folder, capsys):
    rng = np.random.default_rng(0)
    images = rng.normal(size=(5, 2, 3))
    network = Network([(rng.normal(size=(9, 6)), rng.normal(size=9)), (np.ones((1, 9)), [0])])
    save("net.npz", network)
    np.savez("data.npz", images=images, labels=np.arange(5))
    expected = count_regions(network, slice=Slice.through(*images[[4, 0, 2]])).regions
    assert run("count", "net.npz", "--slice-through", "data.npz:images:4,0,2") == 0
    assert records(capsys)[0]["regions"] == expected
    picture = ("plot", "net.npz", "-o", "out.png", "--slice-through", "data.npz:images:4,0,2")
    assert run(*picture) == 0
    for text, message in {
        "data.npz:4,0,2": "data.npz holds images, labels; write data.npz:NAME:4,0,2",
        "data.npz:images:4,0,5": "data.npz: images has shape (5, 2, 3), without row 5",
        "data.npz:images:1,1,2": "data.npz: the three points lie on a line; give others",
        "data.npz:images": "argument --slice-through: 'data.npz:images' is not DATA.npz[:NAME]:I,J,K",
        "no.npz:0,1,2": "no.npz does not exist",
    }.items():
        assert message in refused(capsys, "count", "net.npz", "--slice-through", text)
