"""What every architecture says of itself, and reading its sizes from config.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float, Int
from numpy import ndarray

from geomtoy.checkpoints.arithmetic import Weights
from geomtoy.errors import FileError

Attend = Callable[[ndarray, ndarray, ndarray], ndarray]
"""Scaled queries (n, heads, f), keys and values (n, groups, f) -> what each takes (n, heads, f)."""

Shape = tuple[int, ...]


@runtime_checkable
@runtime_checkable
class Architecture(Protocol):
    """How the tensors of one kind of model make a function of tokens; holds no weights.

    Tokens of several prompts come packed: row n of x is a token, positions[n] its place in its prompt,
    and the `attend` that a layer gets knows which rows belong together.
    """

    n_layers: int
    n_heads: int
    context_length: int
    vocabulary: int
    embedding: str
    """Name of the matrix (vocabulary, d) of tokens."""
    unembedding: str
    """Name of the matrix (vocabulary, d) whose rows give the logits."""
    ignored: tuple[str, ...]
    """Ends of names of stored tensors that the function does not depend on."""

    def prefix(self, layer: int) -> str:
        """What the names of a layer's tensors begin with."""

    def layer_shapes(self, layer: int) -> dict[str, Shape]:
        """Every tensor of a layer by its name after the prefix."""

    def end_shapes(self) -> dict[str, Shape]:
        """Every tensor outside the layers, by its whole name."""

    def place(self, x: Float[ndarray, "n d"], ends: Weights, positions: Int[ndarray, " n"]) -> ndarray:
        """What the first layer reads, of the tokens' embeddings."""

    def layer(
        self, W: Weights, x: Float[ndarray, "n d"], positions: Int[ndarray, " n"], attend: Attend
    ) -> Float[ndarray, "n d"]:
        """One layer, with its residuals."""

    def finish(self, x: Float[ndarray, "n d"], ends: Weights) -> Float[ndarray, "n d"]:
        """What the unembedding is applied to."""


def size(config: Mapping[str, Any], key: str, otherwise: int | None = None) -> int:
    """A positive whole number from config.json; `otherwise` if it is missing or null.

    Raises:
        FileError: it is missing without an `otherwise`, or no positive whole number.
    """
    value = config.get(key)
    value = otherwise if value is None else value
    if not isinstance(value, int) or value < 1:
        raise FileError(f"config.json says {key} is {value}; it must be a positive whole number")
    return value


def divided(config: Mapping[str, Any], key: str, by: str) -> int:
    """The quotient of two sizes in config.json.

    Raises:
        FileError: it is not whole.
    """
    whole, parts = size(config, key), size(config, by)
    if whole % parts:
        raise FileError(f"config.json says {key} is {whole}, which {by} {parts} does not divide")
    return whole // parts
