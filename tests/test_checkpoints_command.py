"""The commands attention and truncate: what they print and write, and one sentence for bad input."""

import csv
import json

import numpy as np
import pytest
from checkpoint_models import HEADS, LAYERS, make, plain, store, store_words, torch
from command_line import records, refused, run

from geomtoy.checkpoints.measures import Rule
from geomtoy.errors import SettingError
from geomtoy.instruments.truncation import truncate
from geomtoy.theory.intrinsic_dimension import graph_density, intrinsic_dimension

WORDS = ["<s>", "the", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]
TEXTS = ["a b c d e f g h i j k a a b", "c c", "k j i h g"]
DOWN = "model.layers.1.mlp.down_proj.weight"


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """A model, in a folder to work in that also has a file of prompts."""
    monkeypatch.chdir(tmp_path)
    model = store(tmp_path / "model")
    store_words(tmp_path / "model", WORDS, start="<s>")
    (tmp_path / "prompts.txt").write_text("\n".join([TEXTS[0], "", *TEXTS[1:]]) + "\n")
    return model


@pytest.fixture
def folder(theirs, tmp_path):
    return tmp_path


def ids(text):
    return [0] + [WORDS.index(word) for word in text.split()]


def write_lines(name, *records):
    with open(name, "w") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


# Attention


@pytest.mark.parametrize(("rule", "epsilon"), [("relative", 0.1), ("absolute", 0.1), ("relative", 0.6)])
def test_attention_prints_what_theory_says_of_the_whole_maps(theirs, capsys, rule, epsilon):
    assert (
        run("attention", "model", "--prompts", "prompts.txt", "--rule", rule, "--threshold", epsilon)
        == 0
    )
    found = records(capsys)
    assert [record["line"] for record in found] == [1, 3, 4]
    for record, text in zip(found, TEXTS, strict=True):
        maps = plain(theirs, ids(text))[1]
        asked = {"epsilon": epsilon, "relative": rule == "relative"}
        assert record["tokens"] == len(ids(text))
        assert record["intrinsic_dimension"] == intrinsic_dimension(maps, **asked)[:, -1].tolist()
        np.testing.assert_allclose(record["density"], graph_density(maps, **asked).mean(-1))


def test_attention_writes_heads_to_a_file(folder, capsys):
    assert run("attention", "model", "--prompts", "prompts.txt") == 0
    printed = records(capsys)
    for out in ("found.csv", "found.json"):
        assert run("attention", "model", "--prompts", "prompts.txt", "--out", out) == 0
    stored = json.loads((folder / "found.json").read_text())
    assert (stored["model"], stored["threshold"], stored["rule"]) == ("model", 0.1, "relative")
    rows = list(csv.DictReader((folder / "found.csv").read_text().splitlines()))
    assert len(rows) == 3 * 2 * (1 + 4)
    for record, whole in zip(printed, stored["prompts"], strict=True):
        assert {key: whole[key] for key in record} == record
        np.testing.assert_array_equal(
            np.sum(whole["intrinsic_dimension_by_head"], axis=-1), record["intrinsic_dimension"]
        )
        np.testing.assert_allclose(np.mean(whole["density_by_head"], axis=-1), record["density"])
        for layer in range(2):
            mine = [r for r in rows if (int(r["line"]), int(r["layer"])) == (record["line"], layer)]
            assert [r["head"] for r in mine] == ["all", "0", "1", "2", "3"]
            dimensions = [int(r["intrinsic_dimension"]) for r in mine]
            assert dimensions[0] == sum(dimensions[1:]) == record["intrinsic_dimension"][layer]
            assert float(mine[0]["density"]) == record["density"][layer]
    assert sorted(p.name for p in folder.iterdir()) == [
        "found.csv",
        "found.json",
        "model",
        "prompts.txt",
    ]


def test_attention_writes_raw_maps(theirs, folder, capsys):
    assert run("attention", "model", "--prompts", "prompts.txt", "--maps", "maps.npz") == 0
    printed = records(capsys)
    with np.load(folder / "maps.npz") as arrays:
        assert len(arrays.files) == 3 * (1 + LAYERS)
        for record, text in zip(printed, TEXTS, strict=True):
            n = record["line"]
            assert arrays[f"line_{n}_tokens"].tolist() == ids(text)
            maps = np.stack([arrays[f"line_{n}_layer_{k}"] for k in range(LAYERS)])
            assert (maps.dtype, maps.shape) == (np.float32, (LAYERS, HEADS, *2 * [len(ids(text))]))
            np.testing.assert_allclose(maps, plain(theirs, ids(text))[1], atol=1e-5)
            assert intrinsic_dimension(maps)[:, -1].tolist() == record["intrinsic_dimension"]


def test_rules_are_checked():
    with pytest.raises(SettingError, match=r"threshold is 1.0"):
        Rule(1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "prompts.txt does not exist"),
        ("\n \n", "prompts.txt holds no prompts"),
        ("a b\n" + "a " * 24, "prompts.txt line 2: the prompt has 25 tokens, but the context is 24"),
        ("a b\n\nz", "prompts.txt line 3: the tokenizer cannot read this text"),
    ],
)
def test_bad_prompts_are_named_by_their_line(folder, capsys, text, message):
    (folder / "prompts.txt").unlink()
    if text is not None:
        (folder / "prompts.txt").write_text(text)
    assert message in refused(capsys, "attention", "model", "--prompts", "prompts.txt", "-o", "o.csv")
    assert not (folder / "o.csv").exists()


def test_other_bad_input_to_attention(folder, capsys):
    asked = ("attention", "model", "--prompts")
    assert "must end in .csv or .json" in refused(capsys, *asked, "prompts.txt", "--out", "o.txt")
    assert "threshold is 1.5" in refused(capsys, *asked, "prompts.txt", "--threshold", 1.5)
    assert "ends in .txt or .jsonl" in refused(capsys, *asked, "prompts.md")
    assert "cannot write" in refused(capsys, *asked, "prompts.txt", "--out", "no/o.csv")
    assert "must end in .npz" in refused(capsys, *asked, "prompts.txt", "--maps", "o.csv")
    (folder / "p.jsonl").write_text('{"prompt": "a"}\n{"prompt": ')
    assert "p.jsonl line 2 is no JSON" in refused(capsys, *asked, "p.jsonl")
    (folder / "p.jsonl").write_text('{"prompt": "a"}\n["a"]')
    assert "p.jsonl line 2 is no JSON object" in refused(capsys, *asked, "p.jsonl")
    (folder / "p.jsonl").write_text('{"text": "a"}\n')
    assert 'p.jsonl line 1 has no "prompt"' in refused(capsys, *asked, "p.jsonl")
    assert "nowhere is no folder" in refused(capsys, "attention", "nowhere", "--prompts", "prompts.txt")
    (folder / "model" / "tokenizer.json").unlink()
    assert "model holds no tokenizer" in refused(capsys, *asked, "prompts.txt")


# Truncation


def probability(model, prompt, answer):
    """Of all tokens of the answer, one after another."""
    whole, found = ids(prompt + " " + answer), 1.0
    logits = plain(model, whole)[0]
    for k in range(len(ids(prompt)), len(whole)):
        found *= np.exp(logits[k - 1, whole[k]]) / np.exp(logits[k - 1]).sum()
    return found


def low_rank(rank):
    low = make("llama")
    W = low.get_parameter(DOWN)
    W.data = torch.tensor(truncate(W.numpy(force=True), rank))
    return low


@pytest.mark.parametrize("how", [("--rank", 2), ("--keep", 0.2), ("--rank", 0), ("--rank", 12)])
def test_truncate_prints_probabilities_before_and_after(theirs, capsys, how):
    write_lines(
        "p.jsonl",
        {"prompt": "a b c", "answer": " d e"},
        {"prompt": "c c", "answer": " k", "generic": " a b c"},
    )
    assert run("truncate", "model", "--matrix", DOWN, *how, "--prompts", "p.jsonl") == 0
    rank = 2 if how[0] == "--keep" else how[1]
    low = low_rank(rank)
    found = records(capsys)
    expected = [("a b c", "d e", "the"), ("c c", "k", "a b c")]
    for line, (record, (prompt, answer, generic)) in enumerate(zip(found, expected, strict=True), 1):
        assert (record["line"], record["prompt"], record["ranks"]) == (line, prompt, {DOWN: rank})
        assert record[how[0][2:]] == how[1]
        assert (record["answer"], record["generic"]) == (" " + answer, " " + generic)
        for when, model in (("before", theirs), ("after", low)):
            for key, text in (("answer", answer), ("generic", generic)):
                expected_p = probability(model, prompt, text)
                assert record[when][key] == pytest.approx(expected_p, rel=1e-3)
        assert (record["before"] == record["after"]) == (rank == 12)


def test_several_ranks_go_into_one_file(theirs, folder, capsys):
    write_lines("p.jsonl", {"prompt": "a b c", "answer": " d"}, {"prompt": "c", "answer": " k"})
    asked = ("truncate", "model", "--matrix", DOWN, "--prompts", "p.jsonl")
    for how, values in (("--rank", (12, 3, 0)), ("--keep", (0.25, 1.0))):
        apart = []
        for value in values:
            assert run(*asked, how, value) == 0
            apart += records(capsys)
        for out in ("f.jsonl", "f.csv"):
            assert run(*asked, how, *values, "--out", out) == 0
            assert records(capsys) == []
        together = [json.loads(line) for line in (folder / "f.jsonl").read_text().splitlines()]
        assert [r[how[2:]] for r in together] == [value for value in values for _ in range(2)]
        assert together == apart
        rows = list(csv.DictReader((folder / "f.csv").read_text().splitlines()))
        assert len(rows) == 2 * len(together)
        for k, row in enumerate(rows):
            record, word = together[k // 2], row["word"]
            assert (int(row["line"]), row["how"]) == (record["line"], how[2:])
            assert (float(row["how_much"]), row["text"]) == (record[how[2:]], record[word])
            assert float(row["before"]) == record["before"][word]
            assert float(row["after"]) == record["after"][word]


def test_bad_input_to_truncate(folder, capsys):
    write_lines("p.jsonl", {"prompt": "a b", "answer": " c"}, {"prompt": "a b"})
    asked = ("truncate", "model", "--prompts", "p.jsonl", "--matrix")
    assert 'p.jsonl line 2 has no "answer"' in refused(capsys, *asked, DOWN, "--rank", 1)
    write_lines("p.jsonl", {"prompt": "a b", "answer": 7})
    assert 'line 1 has no text as "answer"' in refused(capsys, *asked, DOWN, "--rank", 1)
    write_lines("p.jsonl", {"prompt": "a b", "answer": " c"})
    assert "no matrix is named x; there are model.embed_tokens" in refused(
        capsys, *asked, "x", "--rank", 1
    )
    assert "rank 13 is out of range" in refused(capsys, *asked, DOWN, "--rank", 2, 13)
    assert "rank -1 is out of range" in refused(capsys, *asked, DOWN, "--rank", -1)
    assert "share to keep is 2.0" in refused(capsys, *asked, DOWN, "--keep", 2)
    write_lines("p.jsonl", {"prompt": "a b", "answer": ""})
    assert "line 1: the answer is empty" in refused(capsys, *asked, DOWN, "--rank", 1)
    write_lines("p.jsonl", {"prompt": "a " * 23, "answer": " a b"})
    assert "line 1: the prompt has 25 tokens" in refused(capsys, *asked, DOWN, "--rank", 1)
    assert "has no answers" in refused(
        capsys, "truncate", "model", "--prompts", "prompts.txt", "--matrix", DOWN, "--rank", 1
    )
    assert "must end in .jsonl or .csv" in refused(capsys, *asked, DOWN, "--rank", 1, "-o", "o.json")
    for both in ([], ["--rank", 1, "--keep", 1]):
        assert run(*asked, DOWN, *both) == 2
