"""One sentence and exit status 2 for files that hold no network and for wrong arguments."""

import os
from pathlib import Path

import numpy as np
import pytest
from command_line import each_command, refused, run
from npz_files import npy_bytes, store

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
    assert refused(capsys, "count", "bad.npz").startswith(f"bad.npz: {says}")
    assert refused(capsys, "regions", "bad.npz", "-o", "cells.npz").startswith(f"bad.npz: {says}")
    assert sorted(os.listdir()) == before


NO_NPZ = {
    "a bare array": lambda: Path("bad.npz").write_bytes(npy_bytes(np.eye(2))),
    "text": lambda: Path("bad.npz").write_text("W1 b1"),
    "nothing": lambda: Path("bad.npz").touch(),
    "half a file": lambda: Path("bad.npz").write_bytes(Path("good.npz").read_bytes()[:400]),
    "objects": lambda: store("bad.npz", W1=np.array([[1, None], [0, 1]], dtype=object)),
    "a folder": lambda: Path("bad.npz").mkdir(),
    "a missing file": lambda: None,
}


@pytest.mark.parametrize("make", NO_NPZ.values(), ids=NO_NPZ.keys())
@each_command
def test_a_file_that_is_no_npz_is_named(folder, capsys, make, command):
    make()
    before = sorted(os.listdir())
    said = refused(capsys, *command, "bad.npz")
    assert said.startswith("bad.npz ")
    assert "npz file" in said or "not an npz" in said
    assert sorted(os.listdir()) == before


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
