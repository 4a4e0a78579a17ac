"""The protocol of few-shot experiments: greedy answers and what is measured of them; bad input."""

import json

import numpy as np
import pytest
from checkpoint_models import plain
from command_line import refused, run
from few_shot import ASK, QUESTION, SHOT, WORDS, store_model_and_questions, stored, write

from geomtoy.checkpoints import reasoning
from geomtoy.checkpoints.contexts import Contexts
from geomtoy.checkpoints.prompts import read_prompts
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.theory.intrinsic_dimension import edges, graph_density


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """A model of whole words, in a folder to work in that also has a file of seven questions."""
    monkeypatch.chdir(tmp_path)
    return store_model_and_questions()


@pytest.fixture
def folder(theirs, tmp_path):
    return tmp_path


def greedy(theirs, ids, length):
    """Tokens, each from all before it."""
    whole = list(ids)
    for _ in range(length):
        whole.append(int(np.argmax(plain(theirs, whole)[0][-1])))
    return whole[len(ids) :]


def test_records_are_those_of_single_prompts(folder, theirs):
    assert run(*ASK, "--shots", "0..2", "--max-new-tokens", 3, "--out", "r.jsonl", "--batch", 3) == 0
    lines = read_prompts("q.jsonl")
    contexts = Contexts(lines, Tokenizer("model"), "shots", SHOT, QUESTION, 0)
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
