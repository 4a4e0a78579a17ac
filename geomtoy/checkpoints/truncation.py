"""Low-rank truncation of stored matrices at the moment they are read; the files stay as they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np

from geomtoy.checkpoints.folder import Tensors
from geomtoy.errors import SettingError
from geomtoy.instruments.truncation import rank_of_share, truncate


class Truncated:
    """Tensors of which some matrices come out truncated.

    Args:
        tensors: the others are passed on as they are.
        ranks: name -> rank, see `choose_ranks`.
    Cost: one singular value decomposition at each reading of a truncated matrix.
    """

    def __init__(self, tensors: Tensors, ranks: Mapping[str, int]) -> None:
        self.folder, self.config = tensors.folder, tensors.config
        self.names, self.shape = tensors.names, tensors.shape
        self._tensors, self._ranks = tensors, dict(ranks)
        self._by_rows: dict[str, np.ndarray] = {}

    def read(self, name: str) -> np.ndarray:
        """The tensor, truncated if its name is among `ranks`."""
        W = self._tensors.read(name)
        return truncate(W, self._ranks[name]) if name in self._ranks else W

    def rows(self, name: str, rows: slice | Sequence[int]) -> np.ndarray:
        """Some rows of what `read` gives; a truncated matrix stays in memory for the next rows."""
        if name not in self._ranks:
            return self._tensors.rows(name, rows)
        if name not in self._by_rows:
            self._by_rows = {name: self.read(name)}
        return self._by_rows[name][rows]


def choose_ranks(
    tensors: Tensors, patterns: Sequence[str], *, rank: int | None = None, keep: float | None = None
) -> dict[str, int]:
    """Which matrices to truncate, and to what rank.

    Args:
        patterns: names of matrices, or shell patterns (`*.mlp.down_proj.weight`) of them.
        rank: the rank of each, 0 to drop it; or
        keep: share of the singular values to keep, rounded down, in [0, 1].
    Raises:
        SettingError: a pattern fits no matrix (those that exist are listed), or a rank is out of range.
    """
    sides = {name: min(tensors.shape(name)) for name in tensors.names if len(tensors.shape(name)) == 2}
    chosen: dict[str, int] = {}
    for pattern in patterns:
        found = [name for name in sides if fnmatchcase(name, pattern)]
        if not found:
            raise SettingError(
                f"no matrix is named {pattern}; there are {', '.join(_kinds(list(sides)))}"
            )
        for name in found:
            chosen[name] = _rank(name, sides[name], rank, keep)
    return chosen


def _rank(name: str, side: int, rank: int | None, keep: float | None) -> int:
    if (rank is None) == (keep is None):
        raise SettingError("give either a rank or the share of singular values to keep")
    if keep is not None:
        return rank_of_share(keep, side)
    assert rank is not None
    if not 0 <= rank <= side:
        raise SettingError(f"rank {rank} is out of range; {name} has 0 to {side}")
    return rank


def _kinds(names: Sequence[str]) -> list[str]:
    """One pattern for the matrices that differ in the number of their layer only."""
    counts = Counter(re.sub(r"\.\d+\.", ".*.", name) for name in names)
    return [f"{kind} ({count})" if count > 1 else kind for kind, count in counts.items()]
