"""`geomtoy truncate`: probabilities of named answers before and after truncation."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from geomtoy.checkpoints.folder import Checkpoint
from geomtoy.checkpoints.model import Layers, Model, Prompt
from geomtoy.checkpoints.prompts import read_prompts
from geomtoy.checkpoints.tokens import Tokenizer
from geomtoy.checkpoints.truncation import Truncated, choose_ranks
from geomtoy.errors import FileError

GENERIC = " the"
"""The most frequent continuation in English text."""
WORDS = ("answer", "generic")

Continuation = tuple[list[int], list[int]]


def report(
    model: str,
    prompts: str,
    matrices: Sequence[str],
    rank: int | None,
    keep: float | None,
    layers: Layers = iter,
) -> None:
    """Print a JSON object a prompt: probability of the whole answer, and of the generic one.

    Nothing is written into the model's folder.

    Raises:
        FileError, SettingError: the folder, the prompts or an option is not what is needed.
    """
    if not prompts.endswith(".jsonl"):
        raise FileError(f"{prompts} has no answers; give a .jsonl file")
    lines = read_prompts(prompts)
    asked = [(line.text("prompt"), line.text("answer"), line.text("generic", GENERIC)) for line in lines]
    checkpoint = Checkpoint(model)
    ranks = choose_ranks(checkpoint, matrices, rank=rank, keep=keep)
    plain, tokenizer = Model(checkpoint), Tokenizer(model)
    wanted: list[Continuation] = []
    for line, (prompt, *answers) in zip(lines, asked, strict=True):
        with line.named():
            for answer in answers:
                before, after = tokenizer.continuation(prompt, answer)
                plain.require_fit(before + after[:-1])
                wanted.append((before, after))
    found = [
        probabilities(one, wanted, layers).reshape(-1, len(WORDS))
        for one in (plain, Model(Truncated(checkpoint, ranks)))
    ]
    for line, (prompt, *answers), before, after in zip(lines, asked, *found, strict=True):
        record = {"line": line.number, "prompt": prompt} | dict(zip(WORDS, answers, strict=True))
        for when, values in (("before", before), ("after", after)):
            record[when] = dict(zip(WORDS, values.tolist(), strict=True))
        print(json.dumps(record | {"ranks": ranks}), flush=True)


def probabilities(model: Model, wanted: Sequence[Continuation], layers: Layers = iter) -> np.ndarray:
    """Of each continuation given its prompt: the product over its tokens.

    Cost: one pass over the layers for all; equal inputs go through once.
    """
    inputs = [tuple(before + after[:-1]) for before, after in wanted]
    different = list(dict.fromkeys(inputs))
    states = model.run([Prompt(list(ids)) for ids in different], layers=layers)
    by_input = dict(zip(different, states, strict=True))
    ends = [by_input[ids][len(before) - 1 :] for ids, (before, _) in zip(inputs, wanted, strict=True)]
    tokens = [after for _, after in wanted]
    logs = model.log_probabilities(np.concatenate(ends), np.concatenate(tokens))
    starts = np.cumsum([0, *map(len, tokens[:-1])])
    found: np.ndarray = np.exp(np.add.reduceat(logs, starts))
    return found
