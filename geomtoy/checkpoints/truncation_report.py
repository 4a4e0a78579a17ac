"""`geomtoy truncate`: probabilities of named answers before and after truncation."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geomtoy.checkpoints.model import Model, Progress
from geomtoy.checkpoints.prompts import Line, read_prompts
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.checkpoints.truncation import Ranks, Truncation
from geomtoy.errors import FileError, SettingError, named
from geomtoy.writing import written_aside

GENERIC = " the"
"""The most frequent continuation in English text."""
WORDS = ("answer", "generic")
COLUMNS = ("line", "how", "how_much", "word", "text", "before", "after")

Asked = tuple[str, float]
"""("rank", K) or ("keep", share)."""


def report(
    model: str,
    prompts: str,
    matrices: Sequence[str],
    asked: Sequence[Asked],
    out: str | None = None,
    progress: Progress = iter,
) -> None:
    """A JSON object a rank and prompt: probability of the whole answer, and of the generic one.

    Objects are printed as they come, or written to `out` (.jsonl, or .csv with a row a probability)
    when all are there. Nothing is written into the model's folder.

    Raises:
        FileError, SettingError: the folder, the prompts or an option is not what is needed.
    """
    if not prompts.endswith(".jsonl"):
        raise FileError(f"{prompts} has no answers; give a .jsonl file")
    if out is not None and Path(out).suffix not in (".jsonl", ".csv"):
        raise FileError(f"cannot write {out}: the name must end in .jsonl or .csv")
    study = _Study(model, read_prompts(prompts), matrices, asked)
    if out is None:
        for record in study.records(progress):
            print(json.dumps(record), flush=True)
        return
    with written_aside(Path(out)) as aside, open(aside, "w", encoding="utf-8", newline="") as file:
        if Path(out).suffix == ".jsonl":
            file.writelines(json.dumps(record) + "\n" for record in study.records(progress))
        else:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(row for record in study.records(progress) for row in _rows(record))


class _Study:
    """Everything is looked at when it is made, before the first pass through the model."""

    def __init__(
        self, model: str, lines: Sequence[Line], matrices: Sequence[str], asked: Sequence[Asked]
    ) -> None:
        self._texts = [
            (line.number, line.text("prompt"), line.text("answer"), line.text("generic", GENERIC))
            for line in lines
        ]
        self._model, tokenizer = Model(model), Tokenizer(model)
        self._truncation = Truncation(self._model.network, matrices)
        self._asked = [(each, self._ranks(*each)) for each in asked]
        self._wanted: list[tuple[list[int], list[int]]] = []
        for line, (_, prompt, *answers) in zip(lines, self._texts, strict=True):
            with named(line):
                for answer in answers:
                    before, after = tokenizer.continuation(prompt, answer)
                    self._model.require_fit(before + after[:-1])
                    self._wanted.append((before, after))

    def records(self, progress: Progress) -> Iterator[dict[str, Any]]:
        before = self._probabilities(progress)
        for (how, how_much), ranks in self._asked:
            with self._truncation.at(ranks):
                after = self._probabilities(progress)
            for (number, prompt, *answers), *values in zip(self._texts, before, after, strict=True):
                record = {"line": number, "prompt": prompt} | dict(zip(WORDS, answers, strict=True))
                for when, pair in zip(("before", "after"), values, strict=True):
                    record[when] = dict(zip(WORDS, pair.tolist(), strict=True))
                yield record | {how: how_much, "ranks": ranks}

    def _probabilities(self, progress: Progress) -> np.ndarray:
        prompts, texts = zip(*self._wanted, strict=True)
        logs = self._model.log_probabilities(prompts, texts, progress)
        found: np.ndarray = np.exp(logs).reshape(-1, len(WORDS))
        return found

    def _ranks(self, how: str, how_much: float) -> Ranks:
        if how == "keep":
            return self._truncation.of_share(how_much)
        if how == "rank":
            return self._truncation.of_rank(int(how_much))
        raise SettingError(f"{how!r} is unknown; give 'rank' or 'keep'")


def _rows(record: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    how = "rank" if "rank" in record else "keep"
    for word in WORDS:
        values = record["before"][word], record["after"][word]
        yield (record["line"], how, record[how], word, record[word], *values)
