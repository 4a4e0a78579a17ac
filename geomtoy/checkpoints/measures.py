"""Intrinsic dimension and density of the attention of stored models, a layer of a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from geomtoy.checkpoints.model import Batch
from geomtoy.errors import SettingError
from geomtoy.theory.intrinsic_dimension import density_of_edges, edges


@dataclass(frozen=True)
class Rule:
    """Which weights count: those above epsilon, or above epsilon times the greatest of their row.

    Raises:
        SettingError: epsilon is outside [0, 1).
    """

    epsilon: float = 0.1
    relative: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon < 1:
            raise SettingError(f"the threshold is {self.epsilon}; give one in [0, 1)")

    @property
    def name(self) -> str:
        return "relative" if self.relative else "absolute"


class Measures:
    """Counts edges of attention graphs, by several rules in one pass; looks at a `Model`."""

    def __init__(self, rules: Sequence[Rule], n_prompts: int) -> None:
        self.rules = list(rules)
        self._last: list[list[list[np.ndarray]]] = [[[] for _ in range(n_prompts)] for _ in rules]
        self._density: list[list[list[np.ndarray]]] = [[[] for _ in range(n_prompts)] for _ in rules]

    def __call__(self, layer: int, batch: Batch, maps: Float[Tensor, "n heads T T"]) -> None:
        """Take the maps of the next layer."""
        for k, rule in enumerate(self.rules):
            counts = edges(maps.numpy(), rule.epsilon, relative=rule.relative, padding=batch.padding)
            density = density_of_edges(counts, maps.shape[-1] - batch.padding)
            for row, n in enumerate(batch.numbers):
                self._last[k][n].append(counts[row, :, -1])
                self._density[k][n].append(density[row])

    def intrinsic_dimension(self, rule: int, prompt: int) -> Int[np.ndarray, "layers heads"]:
        """At the last token, as `theory.intrinsic_dimension` before heads are summed."""
        return np.array(self._last[rule][prompt])

    def density(self, rule: int, prompt: int) -> Float[np.ndarray, "layers heads"]:
        """As `theory.graph_density` of the whole map."""
        return np.array(self._density[rule][prompt])
