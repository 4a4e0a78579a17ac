"""A stored model as a function of tokens: all prompts go through a layer before the next one is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from geomtoy.checkpoints.attention import attend
from geomtoy.checkpoints.folder import Checkpoint, Tensors
from geomtoy.checkpoints.known import architecture_of
from geomtoy.errors import SettingError

PACKED = 2048
"""Tokens that go through a layer together; keeps the hidden units of a large MLP near 100 MB."""
ROWS = 8192
"""Rows of the unembedding in memory at once."""

Layers = Callable[[Iterable[int]], Iterable[int]]
Observe = Callable[[int, int, np.ndarray, int], None]
"""Gets layer, prompt, a block (heads, rows, seen) of attention rows and the position of the first."""


@dataclass
class Prompt:
    """Tokens, and with `remember` the keys and values of those that have been through the model."""

    ids: list[int]
    remember: bool = False
    done: int = 0
    keys_values: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def extend(self, layer: int, k: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Keys and values of all tokens, given those of the new ones."""
        if layer in self.keys_values:
            before = self.keys_values[layer]
            k, v = np.concatenate([before[0], k]), np.concatenate([before[1], v])
        if self.remember:
            self.keys_values[layer] = k, v
        return k, v


class Model:
    """A causal language model whose weights stay in their files; float32 arithmetic.

    Args:
        tensors: a `Checkpoint`, or one with some matrices truncated.
    Raises:
        FileError: the architecture is unknown or the tensors are not those that it needs.
    Cost: each `run` reads every layer once, and holds one layer's weights (float32), the tokens'
        states and, where prompts remember, their keys and values.
    """

    def __init__(self, tensors: Tensors) -> None:
        self.tensors, self.architecture = tensors, architecture_of(tensors)
        matrices = (self.architecture.embedding, self.architecture.unembedding)
        self._ends = {
            name: tensors.read(name) for name in self.architecture.end_shapes() if name not in matrices
        }

    def run(
        self, prompts: Sequence[Prompt], observe: Observe | None = None, layers: Layers = iter
    ) -> list[Float[np.ndarray, "new d"]]:
        """The final states of each prompt's tokens that have not been through the model yet.

        Args:
            observe: sees the attention rows of those tokens.
            layers: goes over the numbers of the layers, for a progress bar.
        Raises:
            SettingError: a prompt is empty, longer than the context, or has a token that the model
                does not know.
        """
        for prompt in prompts:
            self.require_fit(prompt.ids)
        packs = [_Pack(self, part) for part in _parts(prompts)]
        for layer in layers(range(self.architecture.n_layers)):
            W = self._layer_weights(layer)
            for pack in packs:
                pack.advance(W, layer, observe)
            del W  # before the next layer is read
        return [states for pack in packs for states in pack.finish()]

    def logits(self, states: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n vocabulary"]:
        """Of the next token, from final states."""
        return np.concatenate([states @ rows.T for _, rows in self._unembedding()], axis=-1)

    def log_probabilities(
        self, states: Float[np.ndarray, "n d"], tokens: Int[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """Of one next token for each final state; logits of other tokens are summed and forgotten."""
        total, chosen = np.full(len(states), -np.inf), np.empty(len(states))
        for start, rows in self._unembedding():
            logits = (states @ rows.T).astype(float)
            total = np.logaddexp(total, np.logaddexp.reduce(logits, axis=-1))
            inside = (start <= tokens) & (tokens < start + len(rows))
            chosen[inside] = logits[inside, tokens[inside] - start]
        return chosen - total

    def _unembedding(self) -> Iterator[tuple[int, Float[np.ndarray, "rows d"]]]:
        """Its rows in parts, each with the number of its first."""
        size = self.architecture.vocabulary
        for start in range(0, size, ROWS):
            rows = slice(start, min(start + ROWS, size))
            yield start, self.tensors.rows(self.architecture.unembedding, rows)

    def require_fit(self, ids: Sequence[int], further: int = 0) -> None:
        """See that tokens, and `further` ones to come, are ones that the model can read.

        Raises:
            SettingError: there are none or too many, or one is not in the model's vocabulary.
        """
        longest, known = self.architecture.context_length, self.architecture.vocabulary
        if not ids:
            raise SettingError("the prompt has no tokens; write something")
        if len(ids) + further > longest:
            more = f" and is to be continued by {further}" if further else ""
            raise SettingError(
                f"the prompt has {len(ids)} tokens{more}, but the context is {longest}; shorten it"
            )
        if not 0 <= min(ids) <= max(ids) < known:
            raise SettingError(
                f"a token of the prompt is none of the model's {known}; is it its tokenizer?"
            )

    def embed(self, ids: Sequence[int], positions: np.ndarray) -> Float[np.ndarray, "n d"]:
        """What the first layer reads; only the rows of these tokens are read."""
        tokens, places = np.unique(ids, return_inverse=True)
        x = self.tensors.rows(self.architecture.embedding, tokens.tolist())[places]
        return self.architecture.place(x, self._ends, positions)

    def finish(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """What the unembedding is applied to, of the last layer's output."""
        return self.architecture.finish(x, self._ends)

    def _layer_weights(self, layer: int) -> dict[str, np.ndarray]:
        prefix = self.architecture.prefix(layer)
        return {name: self.tensors.read(prefix + name) for name in self.architecture.layer_shapes(layer)}


class _Pack:
    """New tokens of a few prompts, end to end, on their way through the layers."""

    def __init__(self, model: Model, numbered: Sequence[tuple[int, Prompt]]) -> None:
        self._model, self._numbered = model, numbered
        fresh = [prompt.ids[prompt.done :] for _, prompt in numbered]
        self._bounds = np.cumsum([0, *map(len, fresh)]).tolist()
        self._positions = np.concatenate([np.arange(p.done, len(p.ids)) for _, p in numbered])
        self._x = model.embed([token for ids in fresh for token in ids], self._positions)

    def advance(self, W: dict[str, np.ndarray], layer: int, observe: Observe | None) -> None:
        def attend_each(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
            return np.concatenate(list(self._attended(q, k, v, layer, observe)))

        self._x = self._model.architecture.layer(W, self._x, self._positions, attend_each)

    def _attended(
        self, q: np.ndarray, k: np.ndarray, v: np.ndarray, layer: int, observe: Observe | None
    ) -> Iterator[np.ndarray]:
        for (number, prompt), (a, b) in zip(self._numbered, pairwise(self._bounds), strict=True):
            keys, values = prompt.extend(layer, k[a:b], v[a:b])
            look = None
            if observe is not None:

                def look(weights: np.ndarray, first: int, number: int = number) -> None:
                    observe(layer, number, weights, first)

            yield attend(q[a:b], keys, values, look)

    def finish(self) -> list[np.ndarray]:
        """Final states by prompt, whose tokens have then been through."""
        for _, prompt in self._numbered:
            prompt.done = len(prompt.ids) if prompt.remember else 0
        return np.split(self._model.finish(self._x), self._bounds[1:-1])


def open_model(folder: str | Path) -> Model:
    """The model in a checkpoint folder.

    Raises:
        FileError, SettingError: as `Checkpoint` and `Model`.
    """
    return Model(Checkpoint(folder))


def _parts(prompts: Sequence[Prompt]) -> Iterator[list[tuple[int, Prompt]]]:
    """Numbered prompts in parts of at most PACKED new tokens, or of one prompt."""
    part: list[tuple[int, Prompt]] = []
    tokens = 0
    for number, prompt in enumerate(prompts):
        new = len(prompt.ids) - prompt.done
        if part and tokens + new > PACKED:
            yield part
            part, tokens = [], 0
        part.append((number, prompt))
        tokens += new
    if part:
        yield part
