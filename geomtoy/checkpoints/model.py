"""A stored model and its tokenizer as transformers reads them; what its layers attend to, by hooks."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import GenerationConfig, StoppingCriteria
from transformers.utils import logging

from geomtoy.checkpoints.folder import load
from geomtoy.checkpoints.widening import compute_in_float32
from geomtoy.errors import SettingError

PACKED = 2048
"""Tokens, padding included, that go through the model together."""
WORTH = 512
"""Tokens for which it pays to go through all weights; a batch of fewer takes much longer prompts too."""

Look = Callable[[int, "Batch", Float[Tensor, "n heads T T"]], None]
"""Gets a layer's number, from 0, the prompts and their maps."""
Progress = Callable[[Iterable["Batch"]], Iterable["Batch"]]
Ended = Callable[[list[int]], bool]
"""Whether the tokens generated so far are a whole answer."""


@dataclass(frozen=True)
class Batch:
    """Prompts of several lengths, padded at the left; `numbers` says which of those given they are."""

    numbers: list[int]
    ids: Int[Tensor, "n T"]
    mask: Int[Tensor, "n T"]

    @property
    def padding(self) -> Int[np.ndarray, " n"]:
        """Tokens of each that are none."""
        found: np.ndarray = (self.mask == 0).sum(-1).numpy()
        return found


class Model:
    """A causal language model in a local folder, on the processor.

    Weights are mapped from their files, so that the system may drop and read them again where memory is
    short; a module at a time is computed in float32 (float64 if so stored). Attention is eager, since
    other ways do not make maps.

    Args:
        folder: as `save_pretrained` of the library transformers, or our `save_checkpoint`, writes it.
    Raises:
        FileError: there is no such folder, or what it holds is none that the library reads completely.
    """

    def __init__(self, folder: str | Path) -> None:
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        self.folder, self.network = folder, load(folder)
        compute_in_float32(self.network)
        self.end_tokens = _end_tokens(self.network)
        self.network.generation_config = GenerationConfig()  # nothing else that would not be greedy
        config = self.network.config.get_text_config()
        self.n_layers: int = config.num_hidden_layers
        self.vocabulary: int = config.vocab_size
        self.context_length: int | None = getattr(config, "max_position_embeddings", None)

    def require_fit(self, ids: Sequence[int], more: int = 0) -> None:
        """See that the model can read a prompt and continue it by so many tokens.

        Raises:
            SettingError: the prompt is empty, too long or of tokens that the model does not know.
        """
        if not ids:
            raise SettingError("the prompt has no tokens; write something")
        if self.context_length is not None and len(ids) + more > self.context_length:
            wanted = f" and is to be continued by {more}" if more else ""
            raise SettingError(
                f"the prompt has {len(ids)} tokens{wanted}, but the context is {self.context_length}"
            )
        if max(ids) >= self.vocabulary:
            raise SettingError(f"a token of the prompt is none of the model's {self.vocabulary}")

    def look(self, prompts: Sequence[Sequence[int]], look: Look, progress: Progress = iter) -> None:
        """Show the attention maps of all layers, batch by batch, one layer in memory at a time.

        Raises:
            SettingError: as `require_fit`; or not every layer has maps.
        """
        for batch in progress(self._batches(prompts)):
            with self._watched(batch, look):
                self._logits(batch, keep=1)

    def log_probabilities(
        self, prompts: Sequence[Sequence[int]], texts: Sequence[Sequence[int]], progress: Progress = iter
    ) -> Float[np.ndarray, " n"]:
        """Of each text after its prompt: the sum over its tokens.

        Cost: equal inputs go through the model once.
        """
        inputs = [(*before, *after[:-1]) for before, after in zip(prompts, texts, strict=True)]
        users: dict[tuple[int, ...], list[int]] = {}
        for k, ids in enumerate(inputs):
            users.setdefault(ids, []).append(k)
        found, different = np.empty(len(inputs)), list(users)
        for batch in progress(self._batches(different)):
            asked = [[(k, list(texts[k])) for k in users[different[n]]] for n in batch.numbers]
            logits = self._logits(batch, keep=max(len(after) for some in asked for _, after in some))
            for row, some in zip(logits.double().log_softmax(-1), asked, strict=True):
                for k, after in some:
                    found[k] = row[range(len(row) - len(after), len(row)), after].sum()
        return found

    def generate(
        self, prompts: Sequence[Sequence[int]], longest: int, ended: Ended, look: Look
    ) -> list[list[int]]:
        """The most probable next token, again and again, after each prompt.

        Args:
            look: sees the maps of the prompts, not those of the answers.
        Raises:
            SettingError: as `look`.
        """
        answers: list[list[int]] = [[] for _ in prompts]
        how = GenerationConfig(do_sample=False, max_new_tokens=longest, pad_token_id=0)
        for batch in self._batches(prompts):
            length = batch.ids.shape[-1]
            stop = _Stop(length, ended)
            with self._watched(batch, look), torch.no_grad():
                found = self.network.generate(
                    input_ids=batch.ids, attention_mask=batch.mask, generation_config=how,
                    stopping_criteria=[stop],
                )  # fmt: skip
            for number, tokens in zip(batch.numbers, found[:, length:].tolist(), strict=True):
                whole = (n for n in range(1, len(tokens)) if ended(tokens[:n]))
                answers[number] = tokens[: next(whole, len(tokens))]
        return answers

    def activations(
        self, prompts: Sequence[Sequence[int]], pattern: str, progress: Progress = iter
    ) -> dict[str, list[Float[np.ndarray, "T features"]]]:
        """What modules give for each token, by the module's name and by prompt.

        Args:
            pattern: a name that the library gives, or a shell pattern of names (`*.mlp.act_fn`).
        Raises:
            SettingError: as `require_fit`; or no module is named so, or gives no vector for each token.
        """
        chosen = {
            name: part
            for name, part in self.network.named_modules()
            if name and fnmatchcase(name, pattern)
        }
        if not chosen:
            raise SettingError(
                f"no module is named {pattern}; print(Model(folder).network) shows the names"
            )
        found: dict[str, list[Any]] = {name: [None] * len(prompts) for name in chosen}
        for batch in progress(self._batches(prompts)):

            def keep(name: str, output: Any, batch: Batch = batch) -> None:
                values = output[0] if isinstance(output, tuple) else output
                if not isinstance(values, Tensor) or values.shape[:2] != batch.ids.shape:
                    raise SettingError(f"{name} gives no vector for each token; choose other modules")
                for row, (number, padding) in enumerate(zip(batch.numbers, batch.padding, strict=True)):
                    found[name][number] = values[row, padding:].numpy(force=True).copy()

            with _hooked(chosen, keep):
                self._logits(batch, keep=1)
        return found

    def _batches(self, prompts: Sequence[Sequence[int]]) -> list[Batch]:
        """In the order of their lengths, so that little is padding."""
        for ids in prompts:
            self.require_fit(ids)
        parts: list[list[int]] = []
        lengths = [len(ids) for ids in prompts]
        for n in sorted(range(len(prompts)), key=lengths.__getitem__):
            if not parts or _is_full([lengths[m] for m in parts[-1]], lengths[n]):
                parts.append([])
            parts[-1].append(n)
        return [_padded(prompts, part) for part in parts]

    def _logits(self, batch: Batch, keep: int) -> Float[Tensor, "n keep vocabulary"]:
        given = {"input_ids": batch.ids, "attention_mask": batch.mask, "use_cache": False}
        known = inspect.signature(self.network.forward).parameters
        if "position_ids" in known:
            given["position_ids"] = (batch.mask.cumsum(-1) - 1).clamp(min=0)
        if "logits_to_keep" in known:
            given["logits_to_keep"] = keep
        with torch.no_grad():
            found: Tensor = self.network(**given).logits[:, -keep:]
        return found

    @contextmanager
    def _watched(self, batch: Batch, look: Look) -> Iterator[None]:
        """Show the first maps that come from each layer; a block may hand on those of its attention."""
        seen, last = 0, weakref.ref(self.network)
        n, T = batch.ids.shape

        def show(_name: str, output: Any) -> None:
            nonlocal seen, last
            maps = output[1] if isinstance(output, tuple) and len(output) > 1 else None
            if not isinstance(maps, Tensor) or maps.ndim != 4 or maps is last() or seen == self.n_layers:
                return
            if maps.shape[::2] == (n, T) and maps.shape[-1] == T:  # not those of a generated token
                look(seen, batch, maps)
                last = weakref.ref(maps)
                seen += 1

        with _hooked(dict(self.network.named_modules()), show):
            yield
        if seen < self.n_layers:
            raise SettingError(
                f"{self.folder}: {seen} of {self.n_layers} layers make attention maps; all are needed"
            )


@contextmanager
def _hooked(modules: Mapping[str, nn.Module], take: Callable[[str, Any], None]) -> Iterator[None]:
    """Hand on what modules give, with their names."""

    def hook(name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
        take(name, output)

    hooks = [part.register_forward_hook(partial(hook, name)) for name, part in modules.items()]
    try:
        yield
    finally:
        for each in hooks:
            each.remove()


def _end_tokens(network: Any) -> set[int]:
    """Those that end an answer, from generation_config.json or config.json; perhaps none."""
    end = network.generation_config.eos_token_id
    return set(end) if isinstance(end, list) else {end} - {None}


def _is_full(lengths: list[int], following: int) -> bool:
    """Whether a prompt at least as long as those in a batch starts another one."""
    much_longer = following > 1.25 * lengths[0]
    return (much_longer and sum(lengths) >= WORTH) or following * (len(lengths) + 1) > PACKED


def _padded(prompts: Sequence[Sequence[int]], numbers: list[int]) -> Batch:
    length = max(len(prompts[n]) for n in numbers)
    ids, mask = torch.zeros(2, len(numbers), length, dtype=torch.int64)
    for k, n in enumerate(numbers):
        ids[k, length - len(prompts[n]) :] = torch.tensor(prompts[n])
        mask[k, length - len(prompts[n]) :] = 1
    return Batch(numbers, ids, mask)


class _Stop(StoppingCriteria):
    def __init__(self, start: int, ended: Ended) -> None:
        self._start, self._ended = start, ended

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        return torch.tensor([self._ended(answer) for answer in input_ids[:, self._start :].tolist()])
