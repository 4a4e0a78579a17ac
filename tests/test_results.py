"""Result files: whole or absent, never of another config, byte-identical for the same figure."""

from __future__ import annotations

import json

import numpy as np
import pytest

from geomtoy import results
from geomtoy.errors import FileError, SettingError
from geomtoy.results import Verdict, cached, save_figure_record, spread, to_json

CONFIG = {"widths": (5, 5), "learning_rate": 0.1 + 0.2}
ARRAYS = {"W1": np.arange(6.0).reshape(2, 3), "loss": np.array([1 / 3])}


def test_a_result_comes_back_as_it_was(tmp_path):
    results.save(tmp_path / "deep" / "net.v1", CONFIG, ARRAYS, seconds=1.5)
    found = results.load(tmp_path / "deep" / "net.v1")
    assert found.config == {"widths": [5, 5], "learning_rate": 0.1 + 0.2}
    assert found.seconds == 1.5
    assert found.versions["numpy"] == np.__version__
    assert found.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found.arrays[name], array)
    assert sorted(p.name for p in (tmp_path / "deep").iterdir()) == ["net.v1.json", "net.v1.npz"]


def test_missing_damaged_and_mismatched_files_are_named(tmp_path):
    with pytest.raises(FileError, match=r"net\.json is missing"):
        results.load(tmp_path / "net")
    results.save(tmp_path / "net", CONFIG, ARRAYS)
    results.save(tmp_path / "other", CONFIG, {"W1": np.zeros(2)})
    (tmp_path / "other.npz").replace(tmp_path / "net.npz")
    with pytest.raises(FileError, match="delete both"):
        results.load(tmp_path / "net")
    (tmp_path / "net.json").write_text("{}")
    with pytest.raises(FileError, match="not a result"):
        results.load(tmp_path / "net")
    (tmp_path / "net.npz").unlink()
    (tmp_path / "net.json").write_text('{"digest": ""}')
    with pytest.raises(FileError, match=r"net\.npz is missing"):
        results.load(tmp_path / "net")


def test_an_interrupted_save_leaves_the_old_result(tmp_path, monkeypatch):
    results.save(tmp_path / "net", CONFIG, ARRAYS)

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupt)
    with pytest.raises(KeyboardInterrupt):
        results.save(tmp_path / "net", CONFIG, {"W1": np.zeros(1)})
    np.testing.assert_array_equal(results.load(tmp_path / "net").arrays["W1"], ARRAYS["W1"])


def test_cached_computes_once_for_each_config_and_version(tmp_path, monkeypatch):
    calls = []

    def compute(checkpoint):
        results.save(checkpoint, {}, {})
        calls.append(checkpoint)
        return {"n": np.array(len(calls))}

    def run(config):
        return int(cached(tmp_path, "net", config, compute).arrays["n"])

    assert [run(CONFIG), run(CONFIG), run({**CONFIG, "learning_rate": 0.3}), run(CONFIG)] == [1, 1, 2, 1]
    assert not list(tmp_path.glob("*-part*"))
    monkeypatch.setattr(results, "versions", lambda: {"numpy": "0"})
    assert run(CONFIG) == 3


def test_figure_records_are_deterministic_and_short(tmp_path):
    ratio = {"ratio": np.float64(2 / 3)}
    verdict = Verdict("more units, less error (figure 2)", ratio, seeds=4, holds="holds")
    for stem in ("a", "b"):
        save_figure_record(tmp_path / stem, {"b": 1, "a": (1, 2)}, {"x": np.array([1 / 3])}, [verdict])
    text = (tmp_path / "a.json").read_text()
    assert text == (tmp_path / "b.json").read_text()
    record = json.loads(text)
    assert list(record) == ["config", "numbers", "verdicts"]
    assert record["numbers"]["x"] == [0.333333333333]
    assert record["verdicts"][0]["statistic"]["ratio"] == 0.666666666667
    assert "seconds" not in text
    assert str(verdict) == "holds: more units, less error (figure 2)"


@pytest.mark.parametrize("value", [np.nan, np.inf, object()])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(SettingError, match="JSON"):
        to_json({"x": value})


def test_integers_of_any_size_are_kept():
    assert json.loads(to_json({"n": 2**500}))["n"] == 2**500


def test_verdicts_use_three_words():
    with pytest.raises(SettingError, match="perhaps"):
        Verdict("claim", {}, seeds=1, holds="perhaps")


def test_spread():
    assert spread([1, 2, 3]) == {"mean": 2.0, "std": 1.0, "min": 1.0, "max": 3.0}
    assert spread([5])["std"] == 0.0
