"""Without what trains, and without any extra, geomtoy counts, draws and looks at stored blocks."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT = """
import sys
absent = {"jax", "jaxlib", "flax", "optax", "tyro", "torch", "transformers"}
absent |= {"distributed", "onnx", "marimo"}
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


def run(program: str, cwd: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + program], capture_output=True, text=True, cwd=cwd
    )


def test_it_counts_and_draws(tmp_path):
    done = run(
        """
import numpy as np
import geomtoy, geomtoy.certify, geomtoy.circles, geomtoy.instruments, geomtoy.plots, geomtoy.store
import geomtoy.theory, geomtoy.verdicts, geomtoy.views
from geomtoy.cli import main
net = geomtoy.Network([([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [0])])
geomtoy.save("net.npz", net)
assert geomtoy.enumerate_regions(net).certify().valid
assert main(["count", "net.npz"]) == 0
assert main(["plot", "net.npz", "-o", "net.png"]) == 0
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert '"regions": 4' in done.stdout
    assert (tmp_path / "net.png").stat().st_size > 1000


@pytest.mark.parametrize("room", ["geomtoy.training", "geomtoy.tasks"])
def test_what_trains_says_which_extra_it_needs(room, tmp_path):
    done = run(f"import {room}", tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("install the extra: pip install 'geomtoy[train]'")
