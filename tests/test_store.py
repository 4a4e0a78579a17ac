"""What names a result: its config and the code behind it, and nothing else; what is in its file."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from sweep_program import Toy, square, toys

from geomtoy.errors import FileError, SettingError
from geomtoy.store import Result, run, save_figure_record, to_json
from geomtoy.store.canonical import canonical, digest
from geomtoy.store.entries import Arrays, read_record, write_entry
from geomtoy.store.imports import Imports
from geomtoy.store.provenance import Origin, imports_of, in_this_process, origin, provenance
from geomtoy.verdicts import Verdict, difference, self_check
from geomtoy.views.along_time import count_regions_along

PAPER = {
    "paper/__init__.py": '"""A paper."""',
    "paper/run.py": (
        "import numpy as np\nfrom . import handed\nfrom paper.parts import f\n"
        "def task(config):\n    from .late import g\n    return {}\n"
    ),
    "paper/handed.py": "from geomtoy import Network\n",
    "paper/late.py": "def g():\n    '''Says.'''\n    return 1  # once\n",
    "paper/parts/__init__.py": "from .one import f\nfrom .two import h\n__all__ = ['f', 'h']\n",
    "paper/parts/one.py": "from paper.run import task\ndef f(): pass\n",
    "paper/parts/two.py": "import scipy\ndef h(): pass\n",
    "paper/figure.py": "from .run import task\nprint(1)\n",
}
numbers = count()


def paper(folder: Path, **changed: str) -> Imports:
    """What paper.run imports, with other texts for some modules: `late`, `parts.one`, ..."""
    root = folder / str(next(numbers))
    files = {**PAPER, **{f"paper/{name.replace('.', '/')}.py": text for name, text in changed.items()}}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return imports_of(Origin("paper.run", root / "paper/run.py"))


def code(imports: Imports) -> str:
    return provenance(Origin("paper.run", imports.files["paper.run"])).code


def test_what_is_imported_at_any_depth_is_found_and_what_is_handed_on_is_followed(tmp_path):
    found = paper(tmp_path)
    mine = {name for name in found.files if name.startswith("paper")}
    assert mine == {"paper.run", "paper.handed", "paper.late", "paper.parts.one"}
    assert {"geomtoy.network", "geomtoy.activations"} <= set(found.files)
    assert not any(name.startswith(("geomtoy.regions", "geomtoy.files")) for name in found.files)
    assert "numpy" in found.outside
    assert "scipy" not in found.outside  # only paper.parts.two, which is not used, has it


def test_the_digest_changes_with_code_that_is_used_and_with_nothing_else(tmp_path):
    before = code(paper(tmp_path))
    same = {
        "late": "def g():\n    return 1\n",  # without docstring and comment
        "parts.two": "def h(): return 3\n",
        "figure": "print(2)\n",
    }
    other = {
        "late": "def g():\n    return 2\n",
        "parts.one": "def f(): return 0\n",
        "handed": "from geomtoy import count_regions\n",
        "__init__": "import os\nos.environ['A'] = '1'\n",
        "parts.__init__": "from .two import h as f\n",
    }
    for name, text in same.items():
        assert code(paper(tmp_path, **{name: text})) == before, name
    changed = [code(paper(tmp_path, **{name: text})) for name, text in other.items()]
    assert len({before, *changed}) == len(other) + 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from paper.parts import *\n", {"parts", "parts.one", "parts.two"}),
        ("import paper.parts\n", {"parts", "parts.one", "parts.two"}),
        ("from paper import parts\n", {"parts", "parts.one", "parts.two"}),
        ("from paper.parts import unknown\n", {"parts", "parts.one", "parts.two"}),
        ("from paper.parts import two\n", {"parts.two"}),
        ("from .parts.two import h\n", {"parts.two"}),
        ("if 1:\n  try:\n    from .parts import h as f\n  except ImportError: pass\n", {"parts.two"}),
        ("import json, numpy.linalg\n", set()),
    ],
)
def test_every_way_to_import(tmp_path, text, found):
    seen = paper(tmp_path, run=text, **{"parts.one": "", "parts.two": ""}).files
    names = {name.removeprefix("paper.") for name in seen if name.startswith("paper.")}
    assert names - {"run"} == found


def test_a_function_of_geomtoy_depends_on_what_it_measures_with():
    found = imports_of(origin(count_regions_along))
    assert {"geomtoy.certified.path", "geomtoy.certified.zeros", "geomtoy.block_arrays"} <= set(
        found.files
    )
    assert not any(name.startswith(("geomtoy.store", "geomtoy.plots")) for name in found.files)
    assert {"numpy", "python-flint"} <= set(dict(provenance(origin(count_regions_along)).packages))


def test_a_task_is_the_same_imported_or_run(tmp_path):
    """As a script, as a module of a package, and imported."""
    folder = tmp_path / "papers" / "one"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "task.py").write_text(
        "from geomtoy.store.provenance import name_of, origin, provenance\ndef task(config): pass\n"
        "if __name__ == '__main__':\n    print(name_of(task), provenance(origin(task)).code)\n"
    )
    ways = (
        ["one/task.py"],
        ["-m", "one.task"],
        ["-c", "from one.task import *; print(name_of(task), provenance(origin(task)).code)"],
    )
    said = {
        subprocess.run(
            [sys.executable, *way], cwd=tmp_path / "papers", capture_output=True, text=True, check=True
        ).stdout
        for way in ways
    }
    assert len(said) == 1
    assert said.pop().startswith("one.task.task ")


def test_a_source_that_changed_since_the_process_began_is_refused(tmp_path):
    late = paper(tmp_path).files["paper.run"]
    with pytest.raises(SettingError, match=r"run\.py was changed while this process ran"):
        in_this_process(Origin("paper.run", late))


def test_a_task_that_workers_cannot_find_is_refused(tmp_path):
    def local(config):
        return {}

    for task in (local, lambda config: {}, str.lower):
        with pytest.raises(SettingError, match="a module's own level"):
            run(task, [], tmp_path)


@dataclass(frozen=True)
class Other:
    n: int
    log: str


def test_a_config_has_one_text():
    config = {"a": (1, 2.5), "b": Other(3, "x"), "c": None, "d": np.float64(0.1)}
    assert canonical(config) == {
        "a": [1, 2.5], "b": {"is a": "Other", "n": 3, "log": "x"}, "c": None, "d": 0.1,
    }  # fmt: skip
    assert digest(canonical(config)) == digest(canonical(dict(reversed(config.items()))))
    values = [Other(1, "x"), Other(2, "x"), Toy(1, "x"), 1, 1.0, True, "1", None, [1], {"1": 1}]
    assert len({digest(canonical(value)) for value in values}) == len(values)
    for bad in ({1: 2}, {1, 2}, object(), np.arange(2), Other):
        with pytest.raises(SettingError, match=r"a config holds|use text"):
            canonical(bad)


def test_an_entry_comes_back_as_it_was_one_array_at_a_time(tmp_path):
    arrays = {"param/W": np.arange(6.0).reshape(2, 3), "file": np.array(["é"]), "n": np.array(3)}
    path = tmp_path / "deep" / "a.b.npz"
    write_entry(path, {"x": 1}, arrays)
    found = Arrays(path)
    assert list(found) == list(arrays)
    assert len(found) == 3
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    with np.load(path) as plain:
        np.testing.assert_array_equal(plain["param/W"], arrays["param/W"])
    assert read_record(path) == {"x": 1}
    assert "missing" not in found
    assert [p.name for p in path.parent.iterdir()] == ["a.b.npz"]


def test_every_flipped_byte_and_every_length_of_a_file_is_named_or_harmless(tmp_path):
    path, x = tmp_path / "a.npz", np.arange(3.0)
    write_entry(path, {"k": 1}, {"x": x})
    whole = path.read_bytes()
    bad = [whole[:n] for n in range(0, len(whole), 7)]
    bad += [whole[:n] + bytes([whole[n] ^ 255]) + whole[n + 1 :] for n in range(len(whole))]
    for data in bad:
        path.write_bytes(data)
        try:
            np.testing.assert_array_equal(Arrays(path)["x"], x)
            read_record(path)
        except (FileError, KeyError):
            continue


def test_missing_and_damaged_files_are_named(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(FileError, match=r"a\.npz is missing"):
        read_record(path)
    write_entry(path, {}, {"x": np.zeros(100)})
    whole = path.read_bytes()
    for bad in (whole[:-40], whole[:200] + b"?" + whole[201:], b"", b"text"):
        path.write_bytes(bad)
        with pytest.raises(FileError, match=r"a\.npz is damaged"):
            Arrays(path)["x"]
    path.write_bytes(b"text")
    for read in (read_record, lambda path: list(Arrays(path))):
        with pytest.raises(FileError, match="damaged"):
            read(path)


def test_a_result_says_what_made_it(tmp_path):
    runs = run(square, toys(tmp_path)[:2], tmp_path / "results")
    assert isinstance(runs[1], Result)
    assert runs[1].config.n == 1
    assert [one.config.n for one in runs[1:]] == [1]
    record = runs[1].record
    assert record["task"] == runs.made_by["task"] == "sweep_program.square"
    assert record["code"] == runs.made_by["code"]
    assert record["versions"]["numpy"] == np.__version__
    assert record["versions"]["python"].startswith("3.")
    assert record["config"]["n"] == 1
    assert record["seconds"] > 0


def test_figure_records_are_the_same_again_and_say_what_made_them(tmp_path):
    runs = run(square, toys(tmp_path), tmp_path / "results")
    verdict = difference("more units, less error (figure 2)", {"gap": [1 / 3, 1 / 3, 1 / 3]}, above=0)
    check = self_check("no count exceeds its bound", checked=8, violations=0)
    for name in ("a", "b"):
        save_figure_record(
            tmp_path / "deep" / f"{name}.json", config={"b": 1, "a": (1, 2)},
            numbers={"x": np.array([1 / 3]), "n": 2**500}, verdicts=[verdict], self_checks=[check],
            made_by=[runs, square],
        )  # fmt: skip
    text = (tmp_path / "deep" / "a.json").read_text()
    assert text == (tmp_path / "deep" / "b.json").read_text()
    record = json.loads(text)
    assert sorted(record) == ["config", "made_by", "numbers", "seconds", "self_checks", "verdicts"]
    assert record["seconds"] == round(sum(one.record["seconds"] for one in runs))
    assert record["numbers"] == {"x": [0.333333333333], "n": 2**500}
    assert record["verdicts"][0]["outcome"] == "holds"
    assert record["verdicts"][0]["statistic"]["gap"] == 0.333333333333
    assert record["self_checks"][0]["outcome"] == "passes"
    assert record["made_by"] == [runs.made_by] * 2
    assert record["made_by"][0]["packages"]["numpy"] == np.__version__
    assert isinstance(verdict, Verdict)


@pytest.mark.parametrize("value", [np.nan, np.inf, object()])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(SettingError, match="JSON"):
        to_json({"x": value})
