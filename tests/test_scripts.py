"""Every figure script runs at a tiny size and gives the same bytes again."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from itertools import product
from math import comb
from pathlib import Path

import numpy as np
import pytest
from flint import fmpq

from geomtoy.errors import SettingError
from geomtoy.verdicts import Outcome

SCRIPTS = Path(__file__).parents[1] / "scripts"
TINY = {
    "fig1_partition": ["--neurons", "5", "--seeds", "2"],
    "fig2_sin_mlp": ["--neurons", "4", "9", "--steps", "30", "--seeds", "2"],
    "fig3_region_bounds": ["--neurons", "4", "8", "--seeds", "2"],
    "fig_layer_norm": ["--neurons", "6", "--deeper", "4", "--seeds", "2"],
}


@pytest.fixture(autouse=True)
def scripts_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


def run(name: str, folder: Path, *options: str) -> None:
    folders = ["--out", str(folder), "--results", str(folder / "results")]
    import_module(name).main([*TINY[name], *folders, *options])


@pytest.mark.parametrize("name", TINY)
def test_a_figure_and_its_record_are_the_same_again(name, tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    run(name, first, "--pdf")
    run(name, again)
    for kind in ("png", "json"):
        one, other = ((folder / f"{name}.{kind}").read_bytes() for folder in (first, again))
        assert one == other, kind
    assert (first / f"{name}.pdf").exists()
    record = json.loads((first / f"{name}.json").read_text())
    assert record["verdicts"]
    assert all(verdict["outcome"] in {*Outcome} for verdict in record["verdicts"])


def test_redrawing_does_not_train_again(tmp_path, monkeypatch):
    run("fig2_sin_mlp", tmp_path)
    monkeypatch.setattr("geomtoy.training.fit.fit", None)
    run("fig2_sin_mlp", tmp_path)
    with pytest.raises(SettingError, match="not callable"):
        run("fig2_sin_mlp", tmp_path, "--steps", "31")


def test_make_figures_runs_those_asked_for(tmp_path, capsys):
    make = import_module("make_figures")
    assert set(TINY) <= set(make.NAMES)
    make.main(["--only", "fig1_partition", "--out", str(tmp_path), "--seeds", "2"])
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == ["fig1_partition.json", "fig1_partition.png"]
    assert "all: " in capsys.readouterr().out


def rational(rows: np.ndarray) -> list[tuple[fmpq, ...]]:
    return [tuple(fmpq(int(x)) for x in row) for row in rows]


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_arrangement_count_of_generic_and_central_hyperplanes(d):
    count = import_module("fig3_region_bounds").arrangement_count
    rows = np.random.default_rng(d).integers(-(10**6), 10**6, (9, d + 1))
    assert count(rational(rows)) == sum(comb(9, k) for k in range(d + 1))
    rows[:, -1] = 0
    assert count(rational(rows)) == 2 * sum(comb(8, k) for k in range(d))


def test_arrangement_count_of_degenerate_hyperplanes():
    """A grid with a repeated plane and a constant unit; small integers against sampled sign vectors."""
    count = import_module("fig3_region_bounds").arrangement_count
    grid = [(1, 0, 0, k) for k in range(4)] + [(0, 1, 0, 0), (0, 0, 2, 2), (0, 0, -1, -1), (0, 0, 0, 5)]
    assert count(rational(np.array(grid))) == 5 * 2 * 2
    lines = np.array([(1, 0, -1), (1, 1, 0), (1, -1, 0), (0, 1, 0), (2, 2, 2), (1, 2, 1), (2, -1, 0)])
    points = np.array(list(product(np.arange(-6, 6, 0.037), repeat=2)))
    seen = {tuple(signs) for signs in np.sign(points @ lines[:, :2].T + lines[:, 2]) if signs.all()}
    assert count(rational(lines)) == len(seen)


def test_scripts_import_no_jax_until_they_train():
    code = f"import sys, {', '.join(TINY)}; print('jax' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_readme_tells_the_verdicts_of_the_committed_figures():
    import claims

    readme = (claims.ROOT / "README.md").read_text()
    assert claims.with_claims(readme, claims.ROOT / "figures") == readme
