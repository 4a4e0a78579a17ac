"""Low-rank truncation of a model's matrices in place, for a while; the files stay as they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from geomtoy.errors import SettingError
from geomtoy.instruments.truncation import rank_of_share

Ranks = dict[str, int]


class Truncation:
    """Truncates the same matrices of a network to one rank after another.

    Args:
        patterns: names of matrices, or shell patterns (`*.mlp.down_proj.weight`) of them; the library's
            names, which are mostly those stored. Of a stack (experts) each matrix is truncated.
    Raises:
        SettingError: a pattern fits no matrix; those that exist are listed.
    Cost: one singular value decomposition a matrix, whatever the number of ranks; its two factors, in
        float32 (float64 if so stored), stay in memory.
    """

    def __init__(self, network: nn.Module, patterns: Sequence[str]) -> None:
        every = {name: p for name, p in network.named_parameters() if p.ndim in (2, 3)}
        self._chosen: dict[str, nn.Parameter] = {}
        for pattern in patterns:
            found = {name: p for name, p in every.items() if fnmatchcase(name, pattern)}
            if not found:
                raise SettingError(f"no matrix is named {pattern}; there are {', '.join(_kinds(every))}")
            self._chosen |= found
        self._factors: dict[str, tuple[Tensor, Tensor]] = {}

    def of_rank(self, rank: int) -> Ranks:
        """That rank for each matrix, 0 to drop it.

        Raises:
            SettingError: it is below 0 or above a matrix' lesser side.
        """
        for name, p in self._chosen.items():
            if not 0 <= rank <= _side(p):
                raise SettingError(f"rank {rank} is out of range; {name} has 0 to {_side(p)}")
        return dict.fromkeys(self._chosen, rank)

    def of_share(self, keep: float) -> Ranks:
        """The rank of each matrix that keeps this share of its singular values, rounded down.

        Raises:
            SettingError: it is outside [0, 1].
        """
        return {name: rank_of_share(keep, _side(p)) for name, p in self._chosen.items()}

    @contextmanager
    def at(self, ranks: Mapping[str, int]) -> Iterator[None]:
        """The network with its matrices at these ranks; afterwards it is as before."""
        stored = {name: p.data for name, p in self._chosen.items()}
        try:
            for name, p in self._chosen.items():
                p.data = self._truncated(name, ranks[name])
            yield
        finally:
            for name, p in self._chosen.items():
                p.data = stored[name]

    def _truncated(self, name: str, rank: int) -> Tensor:
        W = self._chosen[name].data
        if rank == 0:
            return torch.zeros_like(W)
        if rank == _side(W):
            return W
        if name not in self._factors:
            U, s, Vh = torch.linalg.svd(
                W.to(torch.promote_types(W.dtype, torch.float32)), full_matrices=False
            )
            self._factors[name] = U * s[..., None, :], Vh
        left, right = self._factors[name]
        return left[..., :rank] @ right[..., :rank, :]


def _side(matrix: Tensor) -> int:
    return min(matrix.shape[-2:])


def _kinds(names: Mapping[str, Tensor]) -> list[str]:
    """One pattern for the matrices that differ in the number of their layer only."""
    counts = Counter(re.sub(r"\.\d+\.", ".*.", name) for name in names)
    return [f"{kind} ({count})" if count > 1 else kind for kind, count in counts.items()]
