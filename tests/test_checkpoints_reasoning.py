"""The protocol of few-shot experiments: contexts, judges, greedy answers, and going on after a kill."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from checkpoint_models import plain, store, store_words

from geomtoy.checkpoints import reasoning
from geomtoy.checkpoints.contexts import Contexts
from geomtoy.checkpoints.journal import Journal
from geomtoy.checkpoints.judges import exact_match, judge
from geomtoy.checkpoints.model import Model
from geomtoy.checkpoints.prompts import read_prompts
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.cli import main
from geomtoy.errors import FileError, SettingError
from geomtoy.theory.intrinsic_dimension import edges, graph_density

WORDS = ["<s>", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
FORMS = ("--shot-format", "{question} {answer} ", "--question-format", "{question}")
ASK = ("reasoning-id", "model", "q.jsonl", *FORMS)


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """A model of whole words, in a folder to work in that also has a file of seven questions."""
    monkeypatch.chdir(tmp_path)
    model = store(tmp_path / "model")
    store_words(tmp_path / "model", WORDS, start="<s>")
    write([{"question": q, "answer": a} for q, a in zip("abcdefg", "hijklab", strict=True)])
    return model


@pytest.fixture
def folder(theirs, tmp_path):
    return tmp_path


def write(records, name="q.jsonl"):
    with open(name, "w") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def run(*arguments):
    """Exit status, also where argparse exits by itself."""
    try:
        return main([str(a) for a in arguments])
    except SystemExit as stop:
        return stop.code


def refused(capsys, *arguments):
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def stored(name="r.jsonl"):
    return [json.loads(line) for line in Path(name).read_text().splitlines()][1:]


def greedy(theirs, ids, length):
    """Tokens, each from all before it."""
    whole = list(ids)
    for _ in range(length):
        whole.append(int(np.argmax(plain(theirs, whole)[0][-1])))
    return whole[len(ids) :]


# Answers and measures


def test_records_are_those_of_single_prompts(folder, theirs):
    assert run(*ASK, "--shots", "0..2", "--max-new-tokens", 3, "--out", "r.jsonl", "--batch", 3) == 0
    lines = read_prompts("q.jsonl")
    contexts = Contexts(lines, Tokenizer("model"), "shots", FORMS[1], FORMS[3], 0)
    found = {(r["line"], r["shots"]): r for r in stored()}
    assert found.keys() >= {(n, 0) for n in range(1, 8)}
    for (number, shots), record in found.items():
        ids = contexts.prompt(number - 1, shots)
        assert record["tokens"] == len(ids) == 2 + 2 * shots
        answer = [token for token in greedy(theirs, ids, 3) if token != 0]
        assert record["answer"] == " ".join(WORDS[token] for token in answer)
        assert record["correct"] == (record["answer"] == lines[number - 1].text("answer"))
        maps = plain(theirs, ids)[1]
        for rule in ("relative", "absolute"):
            relative = rule == "relative"
            expected = edges(maps, relative=relative)[..., -1]
            np.testing.assert_array_equal(record["intrinsic_dimension"][rule], expected)
            density = graph_density(maps, relative=relative)
            np.testing.assert_allclose(record["density"][rule], density)


def test_only_questions_answered_wrong_get_shots(folder, theirs, capsys):
    right = {q: WORDS[greedy(theirs, [0, WORDS.index(q)], 1)[0]] for q in "abcdefg"}
    shots = [{"question": "a", "answer": "b"}] * 3
    answers = {q: right[q] if q in "bdf" else "nothing" for q in "abcdefg"}
    write([{"question": q, "answer": answers[q], "shots": shots} for q in "abcdefg"])
    assert run(*ASK, "--shots", "1,3", "--max-new-tokens", 1, "--out", "r.jsonl") == 0
    asked = {(r["line"], r["shots"]): r["correct"] for r in stored()}
    assert {line for line, shots in asked if shots} == {1, 3, 5, 7}
    assert all(asked[line, 0] == (line in (2, 4, 6)) for line in range(1, 8))
    printed = json.loads(capsys.readouterr().out)
    expected = {"questions": 7, "wrong_at_0_shots": 4, "correct_by_shots": {"1": 0.0, "3": 0.0}}
    assert printed == reasoning.summary(stored()) == expected


def test_without_a_file_records_are_printed(folder, capsys):
    asked = (*ASK, "--shots", "0..1", "--max-new-tokens", 1)
    assert run(*asked, "--out", "r.jsonl") == 0
    capsys.readouterr()
    assert run(*asked) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == stored()


def test_an_answer_ends_at_the_stop_or_at_the_end_token(folder, theirs):
    first = greedy(theirs, [0, WORDS.index("a")], 6)
    word = next(token for token in first[1:] if token != first[0])
    at = first.index(word)
    expected = " ".join(WORDS[token] for token in first[:at] if token)
    write([{"question": "a", "answer": expected}])
    asked = (*ASK, "--shots", 0, "--max-new-tokens", 6, "--out")
    assert run(*asked, "stop.jsonl", "--stop", WORDS[word]) == 0
    (folder / "model" / "generation_config.json").write_text(json.dumps({"eos_token_id": [word]}))
    assert run(*asked, "end.jsonl") == 0
    for name in ("stop.jsonl", "end.jsonl"):
        [record] = stored(name)
        assert (record["answer"], record["correct"]) == (expected, True)


# Going on


def whole_run(*more):
    assert run(*ASK, "--shots", "0..3", "--max-new-tokens", 1, "--batch", 2, *more) == 0


def test_a_killed_run_goes_on_and_loses_nothing(folder, monkeypatch):
    whole_run("--out", "whole.jsonl")
    expected = Path("whole.jsonl").read_text()
    asked = []
    generate = Model.generate

    def counted(model, ids, *rest):
        asked.extend(ids)
        return generate(model, ids, *rest)

    monkeypatch.setattr(Model, "generate", counted)
    lines = expected.splitlines(keepends=True)
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


def test_more_numbers_of_shots_are_added_to_a_file(folder, monkeypatch, capsys):
    whole_run("--out", "whole.jsonl")
    asked = []
    generate = Model.generate

    def counted(model, ids, *rest):
        asked.extend(ids)
        return generate(model, ids, *rest)

    monkeypatch.setattr(Model, "generate", counted)
    for shots in ("1", "0,3", "2", "1..2", "0..3"):
        assert run(*ASK, "--shots", shots, "--max-new-tokens", 1, "--out", "r.jsonl") == 0
    expected = stored("whole.jsonl")
    assert len(asked) == len(expected)
    key = lambda record: (record["line"], record["shots"])  # noqa: E731
    assert sorted(stored(), key=key) == sorted(expected, key=key)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == reasoning.summary(expected)


def test_files_begun_before_shots_could_be_added_go_on(folder):
    whole_run("--out", "r.jsonl")
    header, *lines = Path("r.jsonl").read_text().splitlines()
    older = {"config": json.loads(header)["config"] | {"shots": [0, 1, 2, 3]}}
    Path("r.jsonl").write_text("\n".join([json.dumps(older), *lines[:-2]]) + "\n")
    whole_run("--out", "r.jsonl")
    assert len(stored()) == len(lines)


def test_other_weights_and_other_prompts_are_another_config(folder, capsys):
    whole_run("--out", "r.jsonl")
    asked = (*ASK, "--shots", "0..3", "--max-new-tokens", 1, "--out", "r.jsonl")
    capsys.readouterr()
    with open("q.jsonl", "a") as file:
        file.write('{"question": "l", "answer": "l"}\n')
    assert "begun with prompts" in refused(capsys, *asked)
    store(folder / "model", seed=1)
    assert "begun with model" in refused(capsys, *asked)


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


# Contexts


def contexts(kind, seed=0):
    return Contexts(read_prompts("q.jsonl"), Tokenizer("model"), kind, FORMS[1], FORMS[3], seed)


def words(ids):
    return [WORDS[token] for token in ids]


def test_drawn_shots_are_other_lines_and_grow_by_one(folder):
    pairs = dict(zip("abcdefg", "hijklab", strict=True))
    for index, question in enumerate("abcdefg"):
        longest = words(contexts("shots").prompt(index, 6))
        assert longest[0] == "<s>"
        assert longest[-1] == question
        drawn = longest[1:-1:2]
        assert sorted(drawn) == sorted(set("abcdefg") - {question})
        assert [pairs[q] for q in drawn] == longest[2:-1:2]
        for k in range(6):
            assert words(contexts("shots").prompt(index, k)) == [*longest[: 1 + 2 * k], question]
    one, other = (contexts("shots", seed).prompt(0, 6) for seed in (0, 1))
    assert one != other


def test_own_shots_come_in_their_order(folder):
    shots = [{"question": q, "answer": a} for q, a in ("hi", "jk", "la")]
    write([{"question": "a", "answer": "b", "shots": shots}])
    assert words(contexts("shots").prompt(0, 2)) == ["<s>", *"hijka"]
    assert words(contexts("repeat").prompt(0, 4)) == ["<s>", *"hihihihia"]
    with pytest.raises(FileError, match=r"q.jsonl line 1: 4 shots are asked for, but the line offers 3"):
        contexts("shots").prompt(0, 4)
    with pytest.raises(FileError, match=r'line 1: no other line has 2 other shots as its "shots"'):
        contexts("other").prompt(0, 2)


def test_disturbed_contexts_keep_length_and_question(folder):
    for index in range(7):
        plain = contexts("shots").prompt(index, 5)
        for kind in ("random", "permuted"):
            found = contexts(kind).prompt(index, 5)
            assert found == contexts(kind).prompt(index, 5)
            assert found != plain
            assert len(found) == len(plain)
            assert (found[0], found[-1]) == (plain[0], plain[-1])
            assert 0 not in found[1:]
            assert (sorted(found) == sorted(plain)) == (kind == "permuted")
            assert contexts(kind).prompt(index, 0) == contexts("shots").prompt(index, 0)


def test_shots_of_another_line_are_others(folder):
    offers = ["hi", "jk", "hi"]
    write(
        [
            {"question": q, "answer": "b", "shots": [{"question": x, "answer": y}]}
            for q, (x, y) in zip("abc", offers, strict=True)
        ]
    )
    assert words(contexts("other").prompt(0, 1)) == ["<s>", *"jka"]
    assert words(contexts("other").prompt(2, 1)) == ["<s>", *"jkc"]
    assert words(contexts("other").prompt(1, 1)) == ["<s>", *"hib"]


# Judges


def test_judges_by_equality_function_and_command(folder, monkeypatch):
    assert exact_match("q", " 42", "42\n")
    assert not exact_match("q", "42", "4 2")
    monkeypatch.setattr(sys, "path", list(sys.path))
    (folder / "loose.py").write_text(
        "def contains(question, answer, generated): return answer in generated\n"
    )
    for spec in ("loose:contains", 'grep -q \'"generated": ".*42\''):
        assert judge(spec)("q", "42", "it is 42")
        assert not judge(spec)("q", "42", "it is 7")
    with pytest.raises(SettingError, match="ended with status 2; 0 is correct"):
        judge(f"{sys.executable} -c 'exit(2)'")("q", "a", "b")
    with pytest.raises(SettingError, match="judge 'no-such-program' cannot be run"):
        judge("no-such-program x")("q", "a", "b")
    for spec in ("loose:missing", "no_such_module:f"):
        with pytest.raises(SettingError, match=f"judge {spec} cannot be found"):
            judge(spec)
    for spec in ("", "'"):
        with pytest.raises(SettingError, match="judge"):
            judge(spec)


# Bad input


def test_bad_input_to_reasoning_names_the_line(folder, capsys):
    asked = (*ASK, "--max-new-tokens", 1, "--out", "r.jsonl", "--shots")
    assert "line 1: 7 shots are asked for, but the other lines offer 6" in refused(
        capsys, *asked, "0..7"
    )
    write([{"question": "a", "answer": "b"}, {"question": "a"}])
    assert 'q.jsonl line 2 has no "answer"' in refused(capsys, *asked, "0..1")
    write([{"question": "a", "answer": "b"}, {"question": " ".join("ab" * 12), "answer": "c"}])
    assert "line 1, with 1 shots: the prompt has 27 tokens" in refused(capsys, *asked, "0..1")
    assert "line 2, with 0 shots: the prompt has 25 tokens" in refused(capsys, *asked, 0)
    write([{"question": "a", "answer": "b", "shots": ["a"]}])
    assert 'line 1: "shots" is no list of objects' in refused(capsys, *asked, 1)
    write([{"question": "a", "answer": "b", "shots": [{"question": "a"}]}])
    assert 'line 1 has no "answer"' in refused(capsys, *asked, 1)
    (folder / "q.jsonl").write_text('{"question": "a", "answer": "b"}\nnot\n')
    assert "q.jsonl line 2 is no JSON" in refused(capsys, *asked, 0)
    write([{"question": "a", "answer": "b"}])
    assert "is to be continued by 30" in refused(capsys, *ASK, "--max-new-tokens", 31, "--shots", 0)
    assert "shot_format is 'x'" in refused(capsys, *asked, 0, "--shot-format", "x")
    leak = "{question} {answer}"
    assert "question_format is" in refused(capsys, *asked, 0, "--question-format", leak)
    assert "threshold is 1.0" in refused(capsys, *asked, 0, "--threshold", 1)
    assert "the batch is 0" in refused(capsys, *asked, 0, "--batch", 0)
    assert "max_new_tokens 1 or more" in refused(capsys, *ASK, "--shots", 0, "--max-new-tokens", 0)
    assert not (folder / "r.jsonl").exists()
    for shots in ("3..1", "x", "1..2..3", "-1"):
        assert run(*ASK, f"--shots={shots}") == 2
