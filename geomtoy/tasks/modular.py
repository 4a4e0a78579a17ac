"""Modular arithmetic with an unknown operation: triples (x, y, a x + b y + c mod n), then a pair."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from geomtoy.errors import SettingError


@dataclass(frozen=True)
class Modular:
    """A `ShotTask` of all operations (x, y) -> a x + b y + c mod n, or of those with c = 0.

    One example leaves an nth of the operations or more, and those that are left answer the query evenly
    but for the few inputs that lie right: which examples are shown matters, and the answer must be
    worked out.

    Args:
        modulus: n; its residues are the tokens.
        shots: greatest number of examples.
        constant: whether operations have a c; without it there are n^2 of them in place of n^3.
    Raises:
        SettingError: the modulus is less than 2, or there are too few pairs for so many examples.
    """

    modulus: int = 4
    shots: int = 10
    constant: bool = True
    task: str = "modular"

    def __post_init__(self) -> None:
        if self.modulus < 2:
            raise SettingError(f"modulus is {self.modulus}; give at least 2")
        pairs = self.modulus**2
        if not 1 <= self.shots < pairs:
            raise SettingError(
                f"shots is {self.shots}; mod {self.modulus} there are {pairs} pairs, so give 1 to "
                f"{pairs - 1}"
            )

    @property
    def vocabulary(self) -> int:
        return self.modulus

    @property
    def line(self) -> int:
        return 3

    @property
    def rules(self) -> int:
        return self.modulus ** (3 if self.constant else 2)

    def coefficients(self, rules: Int[Array, " B"]) -> tuple[Array, Array, Array]:
        """(a, b, c) of the operations of these numbers."""
        rest, c = jnp.divmod(rules, self.modulus) if self.constant else (rules, jnp.zeros_like(rules))
        a, b = jnp.divmod(rest, self.modulus)
        return a, b, c

    def inputs(self, key: Key[Array, ""], size: int) -> Int[Array, "B K 2"]:
        """Different pairs, in random order."""
        n = self.modulus**2
        pairs = jnp.broadcast_to(jnp.arange(n, dtype=jnp.int32), (size, n))
        mixed = jax.random.permutation(key, pairs, axis=1, independent=True)[:, : self.shots + 1]
        return jnp.stack(jnp.divmod(mixed, self.modulus), axis=-1)

    def answers(self, rules: Int[Array, " B"], inputs: Int[Array, "B K 2"]) -> Int[Array, "B K"]:
        """Results of the operations of these numbers."""
        a, b, c = (part[:, None] for part in self.coefficients(rules))
        return (a * inputs[..., 0] + b * inputs[..., 1] + c) % self.modulus
