"""Few-shot prompts: examples of one rule, then a query; and contexts that replace the examples."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from geomtoy.errors import SettingError
from geomtoy.tasks.batch import Batch, Draw

CONTEXTS = ("shots", "random", "permuted", "other", "repeat")
"""What stands before the query: the examples; random tokens; the examples' tokens in random order; the
same inputs answered by another rule; the first example again and again."""


@runtime_checkable
class ShotTask(Protocol):
    """Rules, each of which gives one answer to every input; a line of a prompt is input and answer.

    Attributes:
        vocabulary: number of tokens; inputs and answers share them.
        line: tokens of an example, of which the last is the answer.
        rules: number of rules.
        shots: greatest number of examples.
    """

    @property
    def vocabulary(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def rules(self) -> int: ...
    @property
    def shots(self) -> int: ...

    def inputs(self, key: Key[Array, ""], size: int) -> Int[Array, "B K w"]:
        """`shots` + 1 different inputs for each of `size` prompts."""

    def answers(self, rules: Int[Array, " B"], inputs: Int[Array, "B K w"]) -> Int[Array, "B K"]:
        """What the rules say to the inputs."""


class Prompts(NamedTuple):
    """Examples of one rule each; the last is the query with its right answer."""

    rules: Int[Array, " B"]
    lines: Int[Array, "B K line"]


def draw_prompts(task: ShotTask, key: Key[Array, ""], size: int) -> Prompts:
    """Prompts with as many examples as the task has shots, and a query that is none of them."""
    which, what = jax.random.split(key)
    rules = jax.random.randint(which, (size,), 0, task.rules, jnp.int32)
    return Prompts(rules, _answered(task, rules, task.inputs(what, size)))


def prompt_length(task: ShotTask, shots: int) -> int:
    """Tokens of so many examples and a query without its answer."""
    return task.line * shots + task.line - 1


def batches(task: ShotTask) -> Draw:
    """Prompts to train on: every answer counts, also the first, which no example precedes."""

    def draw(key: Key[Array, ""], size: int) -> Batch:
        tokens = draw_prompts(task, key, size).lines.reshape(size, -1)
        asked = jnp.arange(tokens.shape[1] - 1) % task.line == task.line - 2
        weights = jnp.broadcast_to(asked.astype(jnp.float32), tokens[:, 1:].shape)
        return Batch(tokens[:, :-1], tokens[:, 1:], weights)

    return draw


def ask(
    task: ShotTask, prompts: Prompts, shots: int | Int[Array, ""], context: str, key: Key[Array, ""]
) -> Int[Array, "B T"]:
    """The queries after a context as long as so many examples, filled up with zeros behind the query.

    A longer context begins with the shorter one, but for "permuted", which mixes all that is shown.

    Args:
        shots: from 0 to what the prompts offer; may be traced, so that one compilation serves all.
        context: one of `CONTEXTS`; with "shots" and "repeat" nothing is drawn.
    Returns:
        T is the length with all shots; the query ends at `prompt_length(task, shots) - 1`.
    Raises:
        SettingError: the context is unknown, or the prompts have fewer examples.
    """
    examples, query = prompts.lines[:, :-1], prompts.lines[:, -1, :-1]
    if isinstance(shots, int) and not 0 <= shots <= examples.shape[1]:
        raise SettingError(f"{shots} shots are asked for; these prompts have 0 to {examples.shape[1]}")
    length = task.line * shots
    before = _context(task, prompts.rules, examples, context, length, key).reshape(len(query), -1)
    tokens = jnp.pad(before, ((0, 0), (0, task.line - 1)))
    behind = jnp.arange(tokens.shape[1]) - length  # places counted from the query's first token
    asked = jnp.where(behind < task.line - 1, query[:, behind % (task.line - 1)], 0)
    return jnp.where(behind < 0, tokens, asked)


def _context(
    task: ShotTask,
    rules: Array,
    examples: Int[Array, "B K line"],
    kind: str,
    length: int | Array,
    key: Key[Array, ""],
) -> Int[Array, "B ..."]:
    """As long as all examples; of "permuted" the first `length` tokens are permuted among themselves."""
    match kind:
        case "shots":
            return examples
        case "random":
            return jax.random.randint(key, examples.shape, 0, task.vocabulary, jnp.int32)
        case "permuted":
            flat = examples.reshape(len(examples), -1)
            order = jax.random.uniform(key, flat.shape, jnp.float32)
            last = jnp.where(jnp.arange(flat.shape[1]) < length, order, 2.0)
            return jnp.take_along_axis(flat, jnp.argsort(last, axis=1), axis=1)
        case "other":
            further = jax.random.randint(key, rules.shape, 1, task.rules, jnp.int32)
            return _answered(task, (rules + further) % task.rules, examples[..., :-1])
        case "repeat":
            return jnp.broadcast_to(examples[:, :1], examples.shape)
    raise SettingError(f"context {kind!r} is unknown; use one of {', '.join(CONTEXTS)}")


def _answered(task: ShotTask, rules: Array, inputs: Int[Array, "B k w"]) -> Int[Array, "B k line"]:
    return jnp.concatenate([inputs, task.answers(rules, inputs)[..., None]], axis=-1)
