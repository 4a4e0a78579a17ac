"""Files of a block and its plane, and the commands count, regions and plot on them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from command_line import records, refused, run
from soft_blocks import PLAIN, block, place

import geomtoy
from geomtoy.block_arrays import BlockArrays
from geomtoy.errors import FileError, SettingError, SliceError
from geomtoy.views import count_regions_on_plane


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A block, its plane and its tokens, in block.npz of a folder to work in."""
    monkeypatch.chdir(tmp_path)
    one = block(3, m=12)
    plane, still = place(one, 3, "query")
    geomtoy.save("block.npz", one, plane=plane, tokens=still)
    return one, plane, still


def test_a_block_survives_its_file(stored):
    one, plane, still = stored
    read = geomtoy.load_block("block.npz")
    assert (read.plane, read.moving, read.window) == (plane, "query", None)
    assert (read.tokens == still).all()
    assert all((value == one.as_arrays()[key]).all() for key, value in read.block.as_arrays().items())
    assert BlockArrays.load("block.npz").d_model == one.d_model
    with pytest.raises(FileError, match="load_block"):
        geomtoy.load("block.npz")


def test_files_that_do_not_fit_are_refused(stored, tmp_path):
    one, plane, still = stored
    with pytest.raises(SliceError, match="tokens"):
        geomtoy.save("x.npz", one, plane=plane, tokens=still[:, :2])
    with pytest.raises(SettingError, match="moving"):
        geomtoy.save("x.npz", one, plane=plane, tokens=still, moving="all")
    with pytest.raises(SliceError, match="dimensions"):
        geomtoy.save("x.npz", one, plane=PLAIN, tokens=still)


def test_commands_on_a_block(stored, capsys):
    one, plane, still = stored
    regions = count_regions_on_plane(one, plane, tokens=still).regions
    assert run("count", "block.npz") == 0
    [record] = records(capsys)
    assert (record["regions"], record["certified"]) == (regions, True)
    assert run("regions", "block.npz", "-o", "cells.geojson", "--window", "-1,-1 0,-1 0,1 -1,1") == 0
    with open("cells.geojson") as file:
        cells = shapely.from_geojson(file.read())
    assert abs(cells.area - 2) < 1e-6
    assert run("regions", "block.npz", "-o", "cells.npz") == 0
    arrays = np.load("cells.npz")
    assert len(arrays["areas"]) == regions
    assert run("plot", "block.npz", "-o", "cells.png", "--tolerance", "1e-2") == 0
    with open("cells.png", "rb") as file:
        assert file.read(4) == b"\x89PNG"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["count", "block.npz", "--window", "plane"], "bounded window"),
        (["count", "block.npz", "--window", "0,0 1,0 0,1"], "parallelogram"),
        (["count", "block.npz", "--max-regions", "2"], "--max-regions"),
        (["regions", "block.npz", "-o", "x.npz", "--max-patches", "3"], "not proven"),
        (["plot", "block.npz", "-o", "x.png", "--level-set", "0"], "level set"),
        (["count", "bare.npz"], "no plane"),
        (["count", "odd.npz"], "W_Qs"),
        (["count", "flat.npz"], "axes"),
    ],
)
def test_commands_refuse_in_one_sentence(stored, capsys, arguments, says):
    one, _, _ = stored
    geomtoy.save("bare.npz", one)
    np.savez("odd.npz", **one.as_arrays(), W_Qs=np.zeros(1))
    np.savez("flat.npz", **one.as_arrays() | {"W_Q": np.zeros(3)})
    assert says in refused(capsys, *arguments)
