"""`geomtoy reasoning-id`: does added context that raises intrinsic dimension make answers better?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from geomtoy.checkpoints.contexts import CONTEXTS, Contexts
from geomtoy.checkpoints.journal import Journal
from geomtoy.checkpoints.judges import judge
from geomtoy.checkpoints.measures import Measures, Rule
from geomtoy.checkpoints.model import Model
from geomtoy.checkpoints.prompts import read_prompts
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.errors import FileError, SettingError, named

Job = tuple[int, int]
"""Index of a line and its number of shots."""
Record = dict[str, Any]


@dataclass(frozen=True)
class Protocol:
    """What is asked, how, and how answers are measured and judged.

    Args:
        shots: numbers of shots; 0 is always asked first.
        threshold: of both rules, relative and absolute.
        context, shot_format, question_format, seed: see `Contexts`.
        judge: see `judges.judge`.
        max_new_tokens: greatest length of an answer.
        stop: an answer ends before this text, where it is not empty.
    Raises:
        SettingError: a value is out of range or unknown.
    Source: arXiv 2407.02678, figures 6 to 8.
    """

    shots: tuple[int, ...]
    threshold: float = 0.1
    context: str = "shots"
    shot_format: str = "Question: {question}\nAnswer: {answer}\n\n"
    question_format: str = "Question: {question}\nAnswer:"
    judge: str | None = None
    max_new_tokens: int = 32
    stop: str = "\n"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.context not in CONTEXTS:
            raise SettingError(f"context {self.context!r} is unknown; use one of {', '.join(CONTEXTS)}")
        if self.max_new_tokens < 1 or self.seed < 0 or min(self.shots, default=0) < 0:
            raise SettingError("shots and seed must be 0 or more and max_new_tokens 1 or more")
        for name, inside in (("shot_format", True), ("question_format", False)):
            text = getattr(self, name)
            if "{question}" not in text or ("{answer}" in text) != inside:
                both = "and {answer}" if inside else "and not {answer}"
                raise SettingError(f"{name} is {text!r}; it must contain {{question}} {both}")
        self.rules()  # each checks its threshold

    def rules(self) -> list[Rule]:
        return [Rule(self.threshold, relative=True), Rule(self.threshold, relative=False)]


def measure(
    folder: str,
    prompts: str,
    protocol: Protocol,
    out: str | None,
    batch: int = 8,
    progress: Callable[[Iterable[list[Record]]], Iterable[list[Record]]] = iter,
) -> None:
    """Ask every question without shots and, where the answer is wrong, with each number of shots.

    Records {"line", "shots", "tokens", "intrinsic_dimension", "density", "answer", "correct"} are
    printed, or appended to `out` as batches finish, and then a summary is printed. Started again with
    the same `out`, it asks only what is missing, also where more numbers of shots are asked for.

    Raises:
        FileError, SettingError: the folder, the prompts or an option is not what is needed; all prompts
            are looked at before the first is asked.
    """
    if batch < 1:
        raise SettingError(f"the batch is {batch}; make it 1 or more")
    lines = read_prompts(prompts)
    for line in lines:
        for key in ("question", "answer"):
            line.text(key)
    model = Model(folder)
    form = (protocol.context, protocol.shot_format, protocol.question_format, protocol.seed)
    study = _Study(model, Contexts(lines, Tokenizer(folder), *form), protocol)
    study.require_fit()
    if out is None:
        for records in progress(study.batches([], batch)):
            print("\n".join(json.dumps(record) for record in records), flush=True)
        return
    config = asdict(protocol) | {"model": _model_digest(Path(folder)), "prompts": _digest(Path(prompts))}
    del config["shots"]  # a record depends on its own number of shots only, so others may be added
    with Journal(out, config) as journal:
        done = list(journal.records)
        for records in progress(study.batches(done, batch)):
            journal.append(records)
            done += records
    print(json.dumps(summary(done)))


def summary(records: Sequence[Record]) -> Record:
    """Share of correct answers by number of shots, among the questions that need them."""
    wrong = {record["line"] for record in records if record["shots"] == 0 and not record["correct"]}
    asked = [record for record in records if record["shots"] and record["line"] in wrong]
    share = {}
    for k in sorted({record["shots"] for record in asked}):
        marks = [record["correct"] for record in asked if record["shots"] == k]
        share[str(k)] = sum(marks) / len(marks)
    questions = sum(record["shots"] == 0 for record in records)
    return {"questions": questions, "wrong_at_0_shots": len(wrong), "correct_by_shots": share}


class _Study:
    def __init__(self, model: Model, contexts: Contexts, protocol: Protocol) -> None:
        self._model, self._contexts, self._protocol = model, contexts, protocol
        self._tokenizer, self._judge = contexts.tokenizer, judge(protocol.judge)
        self._end = model.end_tokens

    def require_fit(self) -> None:
        """See that each prompt that may be asked fits the context, with its answer."""
        for index, line in enumerate(self._contexts.lines):
            for k in sorted({0, *self._protocol.shots}):
                ids = self._contexts.prompt(index, k)
                try:
                    self._model.require_fit(ids, self._protocol.max_new_tokens - 1)
                except SettingError as error:
                    raise SettingError(f"{line}, with {k} shots: {error}") from None

    def batches(self, done: Sequence[Record], size: int) -> Iterator[list[Record]]:
        """New records; `size` questions at a time, first without shots, then those answered wrong."""
        correct = {(record["line"], record["shots"]): record["correct"] for record in done}
        lines = self._contexts.lines
        for start in range(0, len(lines), size):
            some = range(start, min(start + size, len(lines)))
            for wave in ((0,), tuple(k for k in self._protocol.shots if k)):
                jobs = [
                    (index, k)
                    for index in some
                    for k in wave
                    if (lines[index].number, k) not in correct
                    and not (k and correct[lines[index].number, 0])
                ]
                for first in range(0, len(jobs), size):
                    records = self._ask(jobs[first : first + size])
                    correct |= {(one["line"], one["shots"]): one["correct"] for one in records}
                    yield records

    def _ask(self, jobs: Sequence[Job]) -> list[Record]:
        ids = [self._contexts.prompt(*job) for job in jobs]
        measures = Measures(self._protocol.rules(), len(ids))
        answers = self._model.generate(ids, self._protocol.max_new_tokens, self._ended, measures)
        return [
            self._record(job, len(ids[n]), measures, n, self._answer(answers[n]))
            for n, job in enumerate(jobs)
        ]

    def _record(self, job: Job, tokens: int, measures: Measures, n: int, answer: str) -> Record:
        line = self._contexts.lines[job[0]]
        rules = list(enumerate(measures.rules))
        with named(line):
            correct = bool(self._judge(line.text("question"), line.text("answer"), answer))
        return {
            "line": line.number,
            "shots": job[1],
            "tokens": tokens,
            "intrinsic_dimension": {
                rule.name: measures.intrinsic_dimension(k, n).tolist() for k, rule in rules
            },
            "density": {rule.name: measures.density(k, n).tolist() for k, rule in rules},
            "answer": answer,
            "correct": correct,
        }

    def _ended(self, answer: list[int]) -> bool:
        stop = self._protocol.stop
        return answer[-1] in self._end or (bool(stop) and stop in self._text(answer))

    def _answer(self, answer: list[int]) -> str:
        text = self._text(answer)
        return (text.partition(self._protocol.stop)[0] if self._protocol.stop else text).strip()

    def _text(self, answer: list[int]) -> str:
        """Without space before, so that a line break before the answer does not end it."""
        return self._tokenizer.decode([token for token in answer if token not in self._end]).lstrip()


def _model_digest(folder: Path) -> str:
    """Of all that decides answers; as long as it takes to read the weights once."""
    files = [*sorted(folder.glob("*.safetensors")), *sorted(folder.glob("*.json"))]
    return sha256("".join(_digest(file) for file in files).encode()).hexdigest()[:12]


def _digest(path: Path) -> str:
    found = sha256()
    try:
        with open(path, "rb") as file:
            while part := file.read(1 << 20):
                found.update(part)
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from None
    return found.hexdigest()[:12]
