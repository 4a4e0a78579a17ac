"""Which of a few fixed random functions is it? Pairs (x, f(x)) tell, then f is asked at another x."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from geomtoy.errors import SettingError


@dataclass(frozen=True)
class Functions:
    """A `ShotTask` of fixed functions from symbols to symbols, values drawn evenly.

    An example tells about log2(symbols) bits of the log2(functions) that are asked for, so a few
    examples always suffice and their number decides.

    Args:
        symbols: inputs and values are the same tokens.
        functions: how many there are.
        shots: greatest number of examples.
        seed: of the functions' values, which stay the same whatever is trained.
    Raises:
        SettingError: there are too few symbols for so many different inputs, or no two functions.
    """

    symbols: int = 12
    functions: int = 32
    shots: int = 10
    seed: int = 0
    task: str = "functions"

    def __post_init__(self) -> None:
        if self.symbols <= self.shots:
            raise SettingError(
                f"{self.symbols} symbols are too few for {self.shots} examples and another query; "
                f"give at least {self.shots + 1}"
            )
        if min(self.functions - 1, self.shots) < 1:
            raise SettingError(
                f"functions is {self.functions} and shots {self.shots}; give at least 2 and 1"
            )

    @property
    def vocabulary(self) -> int:
        return self.symbols

    @property
    def line(self) -> int:
        return 2

    @property
    def rules(self) -> int:
        return self.functions

    def table(self) -> Int[Array, "functions symbols"]:
        """The value of each function at each symbol."""
        shape = self.functions, self.symbols
        return jax.random.randint(jax.random.key(self.seed), shape, 0, self.symbols, jnp.int32)

    def inputs(self, key: Key[Array, ""], size: int) -> Int[Array, "B K 1"]:
        """Different symbols, in random order."""
        symbols = jnp.broadcast_to(jnp.arange(self.symbols, dtype=jnp.int32), (size, self.symbols))
        mixed = jax.random.permutation(key, symbols, axis=1, independent=True)
        return mixed[:, : self.shots + 1, None]

    def answers(self, rules: Int[Array, " B"], inputs: Int[Array, "B K 1"]) -> Int[Array, "B K"]:
        """Values of the functions of these numbers."""
        return self.table()[rules[:, None], inputs[..., 0]]
