"""The film at tiny settings: the same bytes again, right frames, MP4 only where ffmpeg is."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import film_partition
import film_soft_block
import numpy as np
import pytest
from figure import MODULES
from geometric_perspective.planes import random_case
from matplotlib.figure import Figure
from PIL import Image

from geomtoy import Network, enumerate_level_set
from geomtoy.plots.level_set import draw_level_set
from geomtoy.store import run

TINY = film_partition.Film(widths=(4, 3), steps=8, every=4)


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No program is found but those of this test."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def film(folder: Path, results: Path) -> list[str]:
    film_partition.main(TINY, folder, results)
    return sorted(path.name for path in folder.iterdir())


def test_a_film_is_the_same_again_and_does_not_train_again(tmp_path, monkeypatch):
    first, again = tmp_path / "first", tmp_path / "again"
    assert film(first, tmp_path / "results") == ["film_partition.gif"]
    monkeypatch.setattr("geomtoy.training.regression.fit", None)
    film(again, tmp_path / "results")
    one, other = ((folder / "film_partition.gif").read_bytes() for folder in (first, again))
    assert one == other
    with Image.open(first / "film_partition.gif") as picture:
        assert picture.n_frames == 3
        assert picture.info["loop"] == 0
        assert picture.size[0] % 2 == picture.size[1] % 2 == 0  # as MP4 needs

    encoder = tmp_path / "bin" / "ffmpeg"  # keeps what it is given
    encoder.write_text(
        f"#!{sys.executable}\nimport sys\nopen(sys.argv[-1], 'wb').write(sys.stdin.buffer.read())\n"
    )
    encoder.chmod(0o755)
    assert film(again, tmp_path / "results") == ["film_partition.gif", "film_partition.mp4"]
    size = picture.size[0] * picture.size[1] * 3
    assert os.path.getsize(again / "film_partition.mp4") == 3 * size


def test_a_film_of_a_block_is_proven_and_says_so(tmp_path, monkeypatch):
    tiny = film_soft_block.Film(heads=1, context=3, hidden=5, steps=4, every=4)
    results = run(film_soft_block.train, [tiny], tmp_path / "results")
    arrays = results[0].arrays
    assert arrays["step"].tolist() == [0, 4]
    assert arrays["certified"].tolist() == [True, True]
    monkeypatch.setattr("geomtoy.training.blocks.fit_block", None)
    film_soft_block.main(tiny, tmp_path, tmp_path / "results")
    with Image.open(tmp_path / "film_soft_block.gif") as picture:
        assert picture.n_frames == 2
        assert picture.size[0] % 2 == picture.size[1] % 2 == 0  # as MP4 needs


def test_a_frame_without_proof_says_so():
    film = film_soft_block.Film()
    block = random_case(0, 2, film.context)[0]
    block = replace(block, hard=False, frequencies=film.block.frequencies())
    counts = {"step": np.array([0]), "regions": np.array([7])}
    proven, not_proven = (
        film_soft_block.drawn(film, {**counts, "certified": np.array([certified])}, 0, block)
        for certified in (True, False)
    )
    assert proven.axes[0].get_title() == "7 regions, proven, at step 0"
    assert not_proven.axes[0].get_title() == "at least 7 regions at step 0"
    assert len(proven.axes[0].collections) == 2
    assert not not_proven.axes[0].collections


def test_films_are_no_figures():
    assert not any(name.startswith("film") for name in MODULES)


def test_level_sets_are_drawn_with_their_points():
    ax = Figure().add_subplot()
    ax.set(xlim=(-1, 1), ylim=(-1, 1))
    diamond = Network([(np.eye(2), [0, 0]), ([[1, 1]], [-0.5])], "abs")
    draw_level_set(ax, enumerate_level_set(diamond))
    (lines,), (points,) = ax.collections, ax.lines
    assert [len(path.vertices) for path in lines.get_paths()] == [5]
    assert points.get_xydata().shape == (0, 2)
    draw_level_set(ax, enumerate_level_set(diamond, level=-0.5))
    np.testing.assert_array_equal(ax.lines[-1].get_xydata(), [[0, 0]])
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 1), (-1, 1))
