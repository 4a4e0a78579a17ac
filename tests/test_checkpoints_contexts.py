"""What stands before a question: shots of other lines, its own, disturbed ones."""

import pytest
from few_shot import ANSWERS, QUESTION, SHOT, WORDS, write, write_questions

from geomtoy.checkpoints.contexts import Contexts
from geomtoy.checkpoints.prompts import read_prompts
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.errors import FileError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with a tokenizer and a file of seven questions."""
    monkeypatch.chdir(tmp_path)
    write_questions()
    return tmp_path


def contexts(kind, seed=0):
    return Contexts(read_prompts("q.jsonl"), Tokenizer("model"), kind, SHOT, QUESTION, seed)


def words(ids):
    """The words of a prompt."""
    return [WORDS[token] for token in ids]


def test_drawn_shots_are_other_lines_and_grow_by_one(folder):
    for index, question in enumerate(ANSWERS):
        longest = words(contexts("shots").prompt(index, 6))
        assert longest[0] == "<s>"
        assert longest[-1] == question
        drawn = longest[1:-1:2]
        assert sorted(drawn) == sorted(set(ANSWERS) - {question})
        assert [ANSWERS[q] for q in drawn] == longest[2:-1:2]
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
