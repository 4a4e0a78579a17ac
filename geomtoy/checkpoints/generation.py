"""Greedy answers of stored models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from geomtoy.checkpoints.folder import Tensors, read_json
from geomtoy.checkpoints.model import Model, Observe, Prompt

Ended = Callable[[list[int]], bool]
"""Whether the tokens generated so far are a whole answer."""


def generate(
    model: Model, ids: Sequence[list[int]], longest: int, ended: Ended, observe: Observe | None = None
) -> list[list[int]]:
    """The most probable next token, again and again, after each prompt.

    Args:
        ids: tokens of the prompts.
        longest: greatest number of tokens to generate.
        ended: stops one prompt; the others go on.
        observe: sees the attention rows of the prompts, not those of the answers.
    Cost: keys and values are kept, so each token costs one reading of all layers and the arithmetic of
        one token a prompt. Memory for them: 8 bytes x layers x groups x d_head a token.
    """
    prompts = [Prompt(list(one), remember=True) for one in ids]
    answers: list[list[int]] = [[] for _ in ids]
    going = list(range(len(ids)))
    for step in range(longest):
        states = model.run([prompts[n] for n in going], observe if step == 0 else None)
        following = model.logits(np.stack([state[-1] for state in states])).argmax(-1).tolist()
        for n, token in zip(going, following, strict=True):
            answers[n].append(token)
            prompts[n].ids.append(token)
        going = [n for n in going if not ended(answers[n])]
        if not going:
            break
    return answers


def end_tokens(tensors: Tensors) -> set[int]:
    """Tokens that end an answer, from generation_config.json or config.json; perhaps none."""
    settings = tensors.folder / "generation_config.json"
    found = read_json(settings).get("eos_token_id") if settings.exists() else None
    found = tensors.config.get("eos_token_id") if found is None else found
    if found is None:
        return set()
    return set(found) if isinstance(found, list) else {found}
