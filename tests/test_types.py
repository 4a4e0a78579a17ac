"""What a type checker tells those who use geomtoy: precise results where arguments decide them."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
from fractions import Fraction
from typing import Any, assert_type

import numpy as np

import geomtoy
from geomtoy.circles import CircleComplex
from geomtoy.normed import NormedNetwork

net = geomtoy.Network([(np.eye(2), np.zeros(2)), (np.ones((1, 2)), [0])])
plane = geomtoy.Slice((0, 0), (1, 0), (0, Fraction(1, 3)))
assert_type(geomtoy.count_regions(net, window=(-3, 3)), geomtoy.RegionCount)
assert_type(geomtoy.count_regions(net, window=[(0, 0), (1, 0), (0, 1)]).regions, int)
assert_type(geomtoy.count_regions(net, window=None).linear_regions, int | None)
cells = geomtoy.enumerate_regions(net, slice=plane, window=((0, 0), (1, 0), (Fraction(1, 3), 1)))
assert_type(cells, geomtoy.CellComplex)
assert_type(cells.areas("class", exact=True), list[Fraction])
assert_type(cells.certify().valid, bool)
assert_type(geomtoy.enumerate_regions(net, slice=geomtoy.Segment((0, 0), (1, 1))), geomtoy.Pieces)
assert_type(geomtoy.Slice.through(np.zeros((2, 3)), np.ones((2, 3)), np.eye(2, 3)), geomtoy.Slice)
assert_type(geomtoy.enumerate_level_set(net, level=0.5), geomtoy.LevelSet)


def normed(network: NormedNetwork) -> None:
    assert_type(geomtoy.enumerate_regions(network), CircleComplex)


geomtoy.count_regions(net, window="plane")  # the one error
"""


def test_a_strict_checker_agrees(tmp_path):
    if find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    checked = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(program)]
    env = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(checked, cwd=tmp_path, env=env, capture_output=True, text=True)
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    assert len(errors) == 1, done.stdout
    last = PROGRAM.splitlines().index('geomtoy.count_regions(net, window="plane")  # the one error') + 1
    assert f"program.py:{last}: " in errors[0]
