"""Noisy in-context recall: what followed this token before in this sequence, but for noise?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from geomtoy.errors import SettingError
from geomtoy.tasks.batch import Batch

Law = Float[Array, "V V"]
"""Row x is the distribution of what follows x, where x is no trigger."""


class Sample(NamedTuple):
    """Sequences, and what each of them answers to each trigger."""

    sequence: Int[Array, "B T_plus_1"]
    outputs: Int[Array, "B triggers"]


@dataclass(frozen=True)
class RecallTask:
    """A bigram language in which some tokens, the triggers, are followed by what a sequence has fixed.

    In each sequence trigger q has an output y_q, drawn uniformly from the tokens that are no triggers.
    After q comes y_q, or the noise token with probability alpha; all else follows the bigrams. The loss
    counts what follows second and later occurrences of a trigger, where y_q could be known. Tokens are
    numbered: triggers, others, and last the noise token.

    Args:
        tokens: of the language, without the noise token.
        triggers: how many of them are triggers.
        frequency: probability that the next token is a trigger, shared evenly, whatever came before
            (but a trigger).
        length: tokens that a model reads.
        concentration: of the Dirichlet law that rows of bigrams over the other tokens are drawn from.
        alpha: share of noise.
    Raises:
        SettingError: tokens run out, a size is not positive, or a probability is out of range.
    Source: arXiv 2406.03068, section 3, at toy scale.
    """

    tokens: int = 32
    triggers: int = 1
    frequency: float = 0.15
    length: int = 64
    concentration: float = 0.5
    alpha: float = 0.3

    def __post_init__(self) -> None:
        if min(self.triggers, self.length) < 1 or self.concentration <= 0:
            raise SettingError(
                f"triggers is {self.triggers}, length {self.length} and concentration "
                f"{self.concentration}; make them positive"
            )
        if self.triggers >= self.tokens:
            raise SettingError(
                f"{self.triggers} triggers leave none of {self.tokens} tokens to answer with; "
                "take more tokens"
            )
        if not (0 <= self.alpha <= 1 and 0 <= self.frequency <= 1):
            raise SettingError(
                f"alpha is {self.alpha} and frequency {self.frequency}; give both in [0, 1]"
            )

    @property
    def noise_token(self) -> int:
        return self.tokens

    @property
    def vocabulary(self) -> int:
        return self.tokens + 1

    def law(self, key: Key[Array, ""]) -> Law:
        """Bigrams of one language; the noise token has a row, but no row leads to it."""
        return self.law_from(self.rows(key))

    def rows(self, key: Key[Array, ""]) -> Float[Array, "V others"]:
        """After each token, the distribution over tokens that are no triggers."""
        others = self.tokens - self.triggers
        return jax.random.dirichlet(key, jnp.full(others, self.concentration), (self.vocabulary,))

    def law_from(self, rows: Float[Array, "V others"]) -> Law:
        """The bigrams of which triggers have their frequency and others these rows."""
        V, K = self.vocabulary, self.triggers
        law = jnp.zeros((V, V), rows.dtype).at[:, :K].set(self.frequency / K)
        return law.at[:, K : self.tokens].set((1 - self.frequency) * rows)

    def sample(
        self, key: Key[Array, ""], size: int, law: Law, alpha: Float[Array, ""] | float | None = None
    ) -> Sample:
        """Sequences of `length` tokens and what comes after the last one; None is the task's alpha."""
        start, answer, chance, noise = jax.random.split(key, 4)
        outputs = jax.random.randint(answer, (size, self.triggers), self.triggers, self.tokens)
        first = jax.random.randint(start, (size,), 0, self.tokens)
        uniform = jax.random.uniform(chance, (self.length, size))
        noisy = jax.random.bernoulli(noise, self.alpha if alpha is None else alpha, (self.length, size))
        cumulative = jnp.cumsum(law, axis=1)[:, : self.tokens - 1]

        def step(token: Array, drawn: tuple[Array, Array]) -> tuple[Array, Array]:
            u, is_noise = drawn
            usual = (u[:, None] >= cumulative[token]).sum(axis=1)
            known = jnp.take_along_axis(outputs, jnp.minimum(token, self.triggers - 1)[:, None], 1)[:, 0]
            after = jnp.where(is_noise, self.noise_token, known)
            token = jnp.where(token < self.triggers, after, usual).astype(token.dtype)
            return token, token

        _, rest = jax.lax.scan(step, first, (uniform, noisy))
        return Sample(jnp.concatenate([first[None], rest]).T, outputs)

    def draw(
        self, key: Key[Array, ""], size: int, law: Law, alpha: Float[Array, ""] | float | None = None
    ) -> Batch:
        """Sequences whose next token counts at second and later occurrences of a trigger."""
        sequence = self.sample(key, size, law, alpha).sequence
        tokens, targets = sequence[:, :-1], sequence[:, 1:]
        return Batch(tokens, targets, self.is_repeated(tokens).astype(law.dtype))

    def is_repeated(self, tokens: Int[Array, "B T"]) -> Bool[Array, "B T"]:
        """Whether the token is a trigger that has occurred before."""
        is_trigger = tokens[..., None] == jnp.arange(self.triggers)
        return (is_trigger & (is_trigger.cumsum(axis=1) > 1)).any(axis=-1)
