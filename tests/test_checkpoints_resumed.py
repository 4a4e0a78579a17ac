"""Few-shot experiments go on after a kill, and only with the config that they were begun with."""

import json
import sys
from operator import itemgetter
from pathlib import Path

import pytest
from checkpoint_models import store
from command_line import refused, run
from few_shot import ASK, store_model_and_questions, stored

from geomtoy.checkpoints import reasoning
from geomtoy.checkpoints.journal import Journal
from geomtoy.checkpoints.model import Model
from geomtoy.errors import FileError, SettingError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with a model and a file of seven questions."""
    monkeypatch.chdir(tmp_path)
    store_model_and_questions()
    return tmp_path


@pytest.fixture
def asked(monkeypatch):
    """The prompts that models continue, as they are given them."""
    prompts, generate = [], Model.generate

    def noted(model, ids, *rest):
        prompts.extend(ids)
        return generate(model, ids, *rest)

    monkeypatch.setattr(Model, "generate", noted)
    return prompts


def whole_run(*more):
    assert run(*ASK, "--shots", "0..3", "--max-new-tokens", 1, "--batch", 2, *more) == 0


def test_a_killed_run_goes_on_and_loses_nothing(folder, asked):
    whole_run("--out", "whole.jsonl")
    lines = Path("whole.jsonl").read_text().splitlines(keepends=True)
    for kept, part in ((0, 5), (1, 0), (2, 7), (5, 0), (9, 30), (len(lines), 0)):
        torn = "".join(lines[:kept]) + (lines[kept][:part] if part else "")
        Path("r.jsonl").write_text(torn)
        asked.clear()
        whole_run("--out", "r.jsonl")
        assert sorted(Path("r.jsonl").read_text().splitlines(keepends=True)) == sorted(lines)
        assert len(asked) == len(lines) - max(kept, 1)


def test_what_a_judge_breaks_is_kept_up_to_the_last_batch(folder, monkeypatch, capsys):
    (folder / "slow.py").write_text(
        "calls = []\n"
        "def judged(question, answer, generated):\n"
        "    calls.append(question)\n"
        "    if len(calls) == 6: raise KeyboardInterrupt\n"
        "    return generated == answer\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    asked = (*ASK, "--shots", "0..1", "--max-new-tokens", 1, "--batch", 2, "--out", "r.jsonl")
    assert run(*asked, "--judge", "slow:judged") == 130
    assert "r.jsonl keeps what is done" in capsys.readouterr().err
    assert len(stored()) == 4
    kept = stored()
    assert run(*asked, "--judge", "slow:judged") == 0
    assert stored()[:4] == kept
    pairs = [(r["line"], r["shots"]) for r in stored()]
    assert len(pairs) == len(set(pairs))


def test_more_numbers_of_shots_are_added_to_a_file(folder, asked, capsys):
    whole_run("--out", "whole.jsonl")
    asked.clear()
    for shots in ("1", "0,3", "2", "1..2", "0..3"):
        assert run(*ASK, "--shots", shots, "--max-new-tokens", 1, "--out", "r.jsonl") == 0
    expected = stored("whole.jsonl")
    assert len(asked) == len(expected)
    place = itemgetter("line", "shots")
    assert sorted(stored(), key=place) == sorted(expected, key=place)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == reasoning.summary(expected)


def test_files_begun_before_shots_could_be_added_go_on(folder):
    whole_run("--out", "r.jsonl")
    header, *lines = Path("r.jsonl").read_text().splitlines()
    older = {"config": json.loads(header)["config"] | {"shots": [0, 1, 2, 3]}}
    Path("r.jsonl").write_text("\n".join([json.dumps(older), *lines[:-2]]) + "\n")
    whole_run("--out", "r.jsonl")
    assert len(stored()) == len(lines)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--threshold", 0.2), "r.jsonl was begun with threshold 0.1, not 0.2"),
        (("--context", "permuted"), "begun with context 'shots', not 'permuted'"),
        (("--seed", 1), "begun with seed 0, not 1"),
    ],
)
def test_another_config_is_refused(folder, capsys, more, message):
    whole_run("--out", "r.jsonl")
    before = Path("r.jsonl").read_text()
    capsys.readouterr()
    asked = (*ASK, "--shots", "0..3", "--max-new-tokens", 1, "--out", "r.jsonl")
    assert message in refused(capsys, *asked, *more)
    assert Path("r.jsonl").read_text() == before


def test_other_weights_and_other_prompts_are_another_config(folder, capsys):
    whole_run("--out", "r.jsonl")
    asked = (*ASK, "--shots", "0..3", "--max-new-tokens", 1, "--out", "r.jsonl")
    capsys.readouterr()
    with open("q.jsonl", "a") as file:
        file.write('{"question": "l", "answer": "l"}\n')
    assert "begun with prompts" in refused(capsys, *asked)
    store(folder / "model", seed=1)
    assert "begun with model" in refused(capsys, *asked)


# The journal


def test_a_file_that_is_no_journal_is_left_alone(tmp_path):
    for text in ("notes\n", '{"a": 1}\n', "[1]\n", "3", ""):
        path = tmp_path / "r.jsonl"
        path.write_text(text)
        if not text:
            Journal(path, {"a": 1}).close()
            assert path.read_text() == '{"config": {"a": 1}}\n'
            continue
        with pytest.raises(FileError, match="holds no such results"):
            Journal(path, {"a": 1})
        assert path.read_text() == text


def test_two_processes_do_not_share_a_journal(tmp_path):
    with (
        Journal(tmp_path / "r.jsonl", {}),
        pytest.raises(SettingError, match="another process writes"),
    ):
        Journal(tmp_path / "r.jsonl", {})
    Journal(tmp_path / "r.jsonl", {}).close()
