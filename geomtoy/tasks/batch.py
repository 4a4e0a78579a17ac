"""What every task gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Array, Float, Int, Key


class Batch(NamedTuple):
    """Sequences, what should come next at each position, and how much each position counts."""

    tokens: Int[Array, "B T"]
    targets: Int[Array, "B T"]
    weights: Float[Array, "B T"]


Draw = Callable[[Key[Array, ""], int], Batch]
"""A task: (key, number of sequences) -> batch; pure, runs on device."""
