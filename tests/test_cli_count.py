"""The command count: a JSON object a network, with what the library counts."""

import json

import numpy as np
import pytest
from builders import tent
from command_line import COUNT_KEYS, records, refused, run
from npz_files import store
from zoo import ZOO

from geomtoy import count_regions, enumerate_decision_boundary, load, save


def test_count_prints_a_json_object(folder, capsys):
    assert run("count", "good.npz") == 0
    [record] = records(capsys)
    assert record.keys() >= COUNT_KEYS
    assert (record["net"], record["regions"], record["linear_regions"]) == ("good.npz", 4, 4)
    assert record["certified"] is True
    assert record["seconds"] >= 0


def test_count_prints_a_line_a_network_in_their_order(folder, capsys):
    save("other.npz", tent(5), window=(0, 1))
    assert run("count", "other.npz", "good.npz", "other.npz") == 0
    found = records(capsys)
    assert [r["net"] for r in found] == ["other.npz", "good.npz", "other.npz"]
    assert [r["regions"] for r in found] == [32, 4, 32]


def test_networks_around_bad_ones_are_counted(folder, capsys):
    store("bad.npz", W1=np.eye(2) * np.nan)
    assert run("count", "good.npz", "none.npz", "bad.npz", "good.npz") == 2
    out, err = capsys.readouterr()
    assert [json.loads(line)["net"] for line in out.splitlines()] == ["good.npz"] * 2
    first, second, last = err.splitlines()
    assert first.startswith("geomtoy: none.npz does not exist")
    assert second.startswith("geomtoy: bad.npz: W1 holds NaN")
    assert last == "geomtoy: 2 of 4 networks not counted: none.npz, bad.npz"


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
    both = ("--level-set", "0", "--decision-boundary")
    assert "give one of them" in refused(capsys, "count", "two.npz", *both)
