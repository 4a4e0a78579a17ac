"""Prompts of few-shot experiments: a question after k worked examples, or after what replaces them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geomtoy.checkpoints.prompts import Line
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.errors import FileError, named

CONTEXTS = ("shots", "random", "permuted", "other", "repeat")

Shot = tuple[str, str]
"""A question and its answer."""


@dataclass(frozen=True)
class Contexts:
    """Makes the tokens of a line's prompt with k shots.

    Shots are those that the line brings along as "shots", first ones first; a line without draws them
    from the other lines, the same at each k but for those added.

    Args:
        lines: the whole file.
        tokenizer: of the model.
        kind: "shots"; "random", as many ordinary tokens drawn evenly; "permuted", the shots' tokens in
            random order; "other", shots of another line; "repeat", the first shot k times.
        shot_format, question_format: texts with {question} and {answer}.
        seed: of everything that is drawn; each line and k has a stream of its own.
    """

    lines: Sequence[Line]
    tokenizer: Tokenizer
    kind: str
    shot_format: str
    question_format: str
    seed: int

    def prompt(self, index: int, k: int) -> list[int]:
        """Tokens of line `index` with k shots before its question.

        Raises:
            FileError: the file does not offer so many shots to this line.
            SettingError: the tokenizer cannot read a text.
        """
        line, encode = self.lines[index], self.tokenizer.encode
        shots = self._shots(index, k)
        text = "".join(_filled(self.shot_format, *shot) for shot in shots)
        question = _filled(self.question_format, line.text("question"), line.text("answer"))
        with named(line):
            context, asked = encode(text, special=False), encode(question, special=False)
            return encode("") + self._disturbed(context, index, k) + asked

    def _disturbed(self, context: list[int], index: int, k: int) -> list[int]:
        rng = self._rng(index, 1 + k)
        if self.kind == "random":
            drawn: list[int] = rng.choice(self.tokenizer.ordinary, len(context)).tolist()
            return drawn
        if self.kind == "permuted":
            mixed: list[int] = rng.permutation(context).tolist()
            return mixed
        return context

    def _shots(self, index: int, k: int) -> list[Shot]:
        if k == 0:
            return []
        if self.kind == "repeat":
            return self._offered(index, 1) * k
        return self._other(index, k) if self.kind == "other" else self._offered(index, k)

    def _offered(self, index: int, k: int) -> list[Shot]:
        """The first k shots of a line."""
        line = self.lines[index]
        own = _own(line)
        others = [] if own is not None else [n for n in range(len(self.lines)) if n != index]
        offered = len(others) if own is None else len(own)
        if k > offered:
            whose = "the other lines offer" if own is None else "the line offers"
            raise FileError(
                f"{line}: {k} shots are asked for, but {whose} {offered}; give more or ask less"
            )
        if own is not None:
            return own[:k]
        drawn = self._rng(index, 0).permutation(others)[:k].tolist()
        return [(self.lines[n].text("question"), self.lines[n].text("answer")) for n in drawn]

    def _other(self, index: int, k: int) -> list[Shot]:
        """The first k shots of another line, the same one for each k as long as it has so many."""
        line, own = self.lines[index], _own(self.lines[index])
        for n in self._rng(index, 0).permutation(len(self.lines)).tolist():
            shots = _own(self.lines[n])
            if n != index and shots is not None and len(shots) >= k and shots != own:
                return shots[:k]
        raise FileError(
            f'{line}: no other line has {k} other shots as its "shots"; give some or ask less'
        )

    def _rng(self, index: int, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.lines[index].number, stream])


def _own(line: Line) -> list[Shot] | None:
    """The shots that a line brings along; None if it says nothing of shots.

    Raises:
        FileError: they are no list of objects with question and answer.
    """
    shots = line.record.get("shots")
    if shots is None:
        return None
    if not isinstance(shots, list) or not all(isinstance(shot, dict) for shot in shots):
        raise FileError(f'{line}: "shots" is no list of objects with "question" and "answer"')
    each = [Line(line.file, line.number, shot) for shot in shots]
    return [(shot.text("question"), shot.text("answer")) for shot in each]


def _filled(template: str, question: str, answer: str) -> str:
    """Both at once, so that a question may contain braces."""
    parts = template.split("{question}")
    return question.join(part.replace("{answer}", answer) for part in parts)
