"""The command in a process of its own: imports, exit status, signals, pipes."""

import io
import json
import os
import subprocess
import sys

import pytest
from command_line import COUNT_KEYS, in_a_shell, run


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
    assert json.loads(done.stdout).keys() >= COUNT_KEYS


def test_the_module_fails_with_status_2_and_one_sentence(folder):
    done = in_a_shell("-m", "geomtoy", "count", "good.npz", "none.npz")
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == (
        "geomtoy: none.npz does not exist; give the path of an npz file\n"
        "geomtoy: 1 of 2 networks not counted: none.npz\n"
    )


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
