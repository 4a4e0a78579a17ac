"""Intrinsic dimension and density of the attention of stored models, as their rows come by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geomtoy.errors import SettingError
from geomtoy.theory.intrinsic_dimension import edges


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
    """Counts edges of attention graphs block by block; an observer of `Model.run`.

    Args:
        rules: several thresholds are measured in one pass.
        lengths: tokens of each prompt, none of which has been through the model yet.
        n_layers, n_heads: of the model.
    """

    def __init__(
        self, rules: Sequence[Rule], lengths: Sequence[int], n_layers: int, n_heads: int
    ) -> None:
        self.rules, self.lengths = list(rules), list(lengths)
        sizes = (len(rules), len(lengths), n_layers, n_heads)
        self._edges, self._last = np.zeros(sizes, np.int64), np.zeros(sizes, np.int64)

    def __call__(self, layer: int, prompt: int, weights: np.ndarray, first: int) -> None:
        """See rows from `first` on, (heads, rows, seen), of a prompt's maps in a layer."""
        by_row = weights.swapaxes(0, 1)
        for k, rule in enumerate(self.rules):
            counts = edges(by_row, rule.epsilon, relative=rule.relative, last_row=True)
            self._edges[k, prompt, layer] += counts.sum(axis=0)
            if first + len(counts) == self.lengths[prompt]:
                self._last[k, prompt, layer] = counts[-1]

    def intrinsic_dimension(self, rule: int, prompt: int) -> np.ndarray:
        """(layers, heads) at the last token, as `theory.intrinsic_dimension` before heads are summed."""
        found: np.ndarray = self._last[rule, prompt]
        return found

    def density(self, rule: int, prompt: int) -> np.ndarray:
        """(layers, heads), as `theory.graph_density` of the whole map."""
        T = self.lengths[prompt]
        found: np.ndarray = self._edges[rule, prompt] / (T * (T + 1) / 2)
        return found
