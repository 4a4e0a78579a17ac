"""Chains of tokens cut into shuffled pairs: which token is n steps on from this one?"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from geomtoy.errors import SettingError
from geomtoy.tasks.batch import Batch

MODULUS = 5
RESIDUES = {"train": (0, 1, 4), "held_out": (2, 3), "fresh": (0, 1, 2, 3, 4)}
"""Allowed differences y - x of a pair (x, y), modulo 5: no held-out pair occurs in training."""


@dataclass(frozen=True)
class ChainTask:
    """A sequence: the number of steps as a token, all pairs in any order, then questions.

    A chain x_0 -> x_1 -> ... of distinct tokens becomes the pairs (x_i, x_{i+1}). The answer to question
    x_i, given at its own position, is x_{i+n}. Tokens are numbered: trained, fresh, numbers of steps.

    Args:
        trained: tokens that sequences in training and held-out ones are made of.
        fresh: tokens that neither contains; a model cannot say them, but can look them up.
        chains: number of pairs of each chain; questions are about the first, others are noise.
        steps: the numbers n that can be asked, increasing; one for a whole sequence, all equally often.
        questions: different starts asked in a sequence.
    Raises:
        SettingError: a number is not positive, a chain is too short for its questions, or the tokens
            run out.
    Source: arXiv 2405.15302.
    """

    trained: int = 80
    fresh: int = 20
    chains: tuple[int, ...] = (5,)
    steps: tuple[int, ...] = (1, 2)
    questions: int = 4

    def __post_init__(self) -> None:
        if not self.chains or not self.steps or min(*self.chains, *self.steps, self.questions) < 1:
            raise SettingError(
                f"chains is {self.chains}, steps {self.steps} and questions {self.questions}; make them "
                "positive, with at least one of each"
            )
        if sorted(set(self.steps)) != list(self.steps):
            raise SettingError(f"steps is {self.steps}; give increasing numbers")
        starts = self.chains[0] + 1 - max(self.steps)
        if starts < self.questions:
            raise SettingError(
                f"a chain of {self.chains[0]} pairs has {max(starts, 0)} tokens with another "
                f"{max(self.steps)} steps on, not {self.questions}; ask fewer questions or lengthen it"
            )
        for part in ("train", "held_out") + ("fresh",) * (self.fresh > 0):
            self._require_tokens(part)

    @property
    def pairs(self) -> int:
        """Of all chains together."""
        return sum(self.chains)

    @property
    def length(self) -> int:
        """Tokens of a sequence."""
        return 1 + 2 * self.pairs + self.questions

    @property
    def vocabulary(self) -> int:
        return self.trained + self.fresh + len(self.steps)

    def order_token(self, steps: int) -> int:
        """The token that asks for so many steps."""
        return self.trained + self.fresh + self.steps.index(steps)

    def tokens_of(self, part: str) -> range:
        """Tokens that chains of "train", "held_out" or "fresh" sequences are made of."""
        return range(self.trained, self.trained + self.fresh) if part == "fresh" else range(self.trained)

    def _require_tokens(self, part: str) -> None:
        """However a chain goes, some token may follow if those allowed are as many as a sequence has."""
        can_follow = len(RESIDUES[part]) * (len(self.tokens_of(part)) // MODULUS)
        needed = self.pairs + len(self.chains)
        if can_follow < needed:
            name = "fresh" if part == "fresh" else "trained"
            raise SettingError(
                f"the {len(self.tokens_of(part))} {name} tokens run out: a sequence has {needed} "
                f"different ones and as few as {can_follow} may follow one; raise {name}"
            )


def draw_chains(
    task: ChainTask, key: Key[Array, ""], size: int, *, part: str = "train", steps: int | None = None
) -> Batch:
    """Sequences with loss at the questions alone.

    Args:
        part: "train"; "held_out", of the same tokens but other pairs; "fresh", of tokens never trained.
        steps: ask for this number alone; None for all of `task.steps`.
    Raises:
        SettingError: the part is unknown, or the number of steps is not one of the task's.
    """
    _require_known(task, part, steps)
    of_tokens, of_pairs, of_starts, of_steps = _luck(task, key, size, part)
    chains = _distinct_tokens(task, of_tokens, part)
    choice = jnp.asarray(task.steps if steps is None else (steps,))
    n = choice[(of_steps * len(choice)).astype(int)]
    start = _starts(task, of_starts, n)
    asked, answers = (jnp.take_along_axis(chains, at, axis=1) for at in (start, start + n[:, None]))
    order = task.trained + task.fresh + jnp.searchsorted(jnp.asarray(task.steps), n)
    pairs = _shuffled_pairs(task, of_pairs, chains)
    tokens = jnp.concatenate([order[:, None], pairs, asked], axis=1).astype(jnp.int32)
    unasked = jnp.zeros((size, task.length - task.questions), jnp.int32)
    targets = jnp.concatenate([unasked, answers.astype(jnp.int32)], axis=1)
    weights = jnp.zeros((size, task.length), jnp.float32).at[:, -task.questions :].set(1.0)
    return Batch(tokens, targets, weights)


def _require_known(task: ChainTask, part: str, steps: int | None) -> None:
    if part not in RESIDUES:
        raise SettingError(f"there is no part {part!r} of the task; use one of {', '.join(RESIDUES)}")
    if steps is not None and steps not in task.steps:
        raise SettingError(f"the task asks for {task.steps} steps, not for {steps}; name one of them")


def _luck(task: ChainTask, key: Key[Array, ""], size: int, part: str) -> tuple[Array, ...]:
    """All that is drawn, by one call, which compiles faster: for tokens, pairs, starts and steps."""
    count, pool = task.pairs + len(task.chains), len(task.tokens_of(part))
    sizes = (count * pool, task.pairs, task.chains[0] + 1, 1)
    luck = jax.random.uniform(key, (size, sum(sizes)), jnp.float32)
    tokens, pairs, starts, steps = jnp.split(luck, [sum(sizes[:k]) for k in (1, 2, 3)], axis=1)
    return tokens.reshape(size, count, pool), pairs, starts, steps[:, 0]


def _distinct_tokens(
    task: ChainTask, luck: Float[Array, "size tokens pool"], part: str
) -> Int[Array, "size tokens"]:
    """The tokens of all chains, one after the other: each the luckiest of those that may come next."""
    pool = jnp.asarray(task.tokens_of(part))
    first = _first_ones(task)
    chosen: list[Array] = []
    free = jnp.ones(luck[:, 0].shape, bool)
    for k in range(luck.shape[1]):
        may = free if k in first else free & _may_follow(pool, chosen[-1], part)
        index = jnp.where(may, luck[:, k], -1.0).argmax(axis=1)
        free = free & (jnp.arange(len(pool)) != index[:, None])
        chosen.append(pool[index])
    return jnp.stack(chosen, axis=1)


def _first_ones(task: ChainTask) -> set[int]:
    """Where each chain begins when the tokens of all stand one after the other."""
    return {sum(task.chains[:k]) + k for k in range(len(task.chains))}


def _may_follow(pool: Int[Array, " V"], before: Int[Array, " size"], part: str) -> Bool[Array, "size V"]:
    difference = (pool - before[:, None]) % MODULUS
    return (difference[..., None] == jnp.asarray(RESIDUES[part])).any(axis=-1)


def _shuffled_pairs(
    task: ChainTask, luck: Float[Array, "size pairs"], chains: Int[Array, "size tokens"]
) -> Int[Array, "size both"]:
    first_ones = _first_ones(task)
    second = jnp.asarray([k for k in range(chains.shape[1]) if k not in first_ones])
    pairs = jnp.stack([chains[:, second - 1], chains[:, second]], axis=-1)
    shuffled = jnp.take_along_axis(pairs, _ranks(luck)[..., None], axis=1)
    return shuffled.reshape(len(chains), -1)


def _starts(
    task: ChainTask, luck: Float[Array, "size places"], n: Int[Array, " size"]
) -> Int[Array, "size questions"]:
    """Different places in the first chain from which n steps can be taken, in any order."""
    possible = jnp.arange(task.chains[0] + 1) + n[:, None] <= task.chains[0]
    rank = _ranks(jnp.where(possible, luck, 2.0))
    return (rank[:, None, :] == jnp.arange(task.questions)[:, None]).argmax(axis=-1)


def _ranks(luck: Float[Array, "size n"]) -> Int[Array, "size n"]:
    """A permutation: how many are less, or equal and before. Compiles faster than a sort."""
    this, other = luck[:, :, None], luck[:, None, :]
    before = jnp.tril(jnp.ones((luck.shape[1],) * 2, bool), -1)
    return ((other < this) | ((other == this) & before)).sum(axis=-1)
