"""A trained block on the plane through what its query is at three times: soft, sharper, hard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import softmax

from geomtoy import Slice
from geomtoy.block_arrays import BlockArrays
from geomtoy.views.curved_complex import CurvedComplex
from geomtoy.views.hard_attention import HardCells, enumerate_hard_attention
from geomtoy.views.plane import PlaneRegions, count_regions_on_plane
from geomtoy.views.plane_cells import enumerate_regions_on_plane

WINDOW = ((-1, -1), (2, -1), (2, 2), (-1, 2))
"""About the three points, three times as wide as the way from one to another."""
SAMPLES = 100
"""Points along each side of the window where patterns are compared."""


@dataclass(frozen=True, eq=False)
class QueryPlane:
    """A block whose query moves on a plane; its own key is held still, so that hard attention is exact.

    Args:
        block: soft.
        tokens: (T - 1, d) before the query, as they are at the first of the three times.
        plane: where the query moves.
        max_patches: budget for proofs.
    """

    block: BlockArrays
    tokens: np.ndarray
    plane: Slice
    max_patches: int

    @classmethod
    def through(cls, block: BlockArrays, times: tuple[float, ...], max_patches: int) -> QueryPlane:
        tokens = block.tokens(np.array(times))
        return cls(block, tokens[0, :-1], Slice.through(*tokens[:, -1]), max_patches)

    def sharper(self, factor: float) -> QueryPlane:
        """The same with scores times a factor."""
        return replace(self, block=replace(self.block, scale=factor * self.block.scale))

    def count(self) -> PlaneRegions:
        return count_regions_on_plane(
            self.block, self.plane, max_patches=self.max_patches, **self._where
        )

    def cells(self) -> CurvedComplex:
        return enumerate_regions_on_plane(
            self.block, self.plane, max_patches=self.max_patches, tolerance=3e-3, **self._where
        )

    def hard_cells(self) -> HardCells:
        hard = replace(self.block, hard=True)
        found = enumerate_hard_attention(hard, plane=self.plane, linear=False, **self._where)
        cells: HardCells = found.cells
        return cells

    def unlike_hard(self) -> float:
        """Share of the window, by a grid of points, on which hard attention has another pattern."""
        low, high = np.array(WINDOW[0]), np.array(WINDOW[2])
        middles = (np.arange(SAMPLES) + 0.5) / SAMPLES
        points = low + (high - low) * np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
        queries, own = self.plane.embed(points), np.array(self.plane.origin, float)
        soft, hard = (
            patterns_at(block, self.tokens, queries, own)
            for block in (self.block, replace(self.block, hard=True))
        )
        return float((soft != hard).any(axis=1).mean())

    @property
    def _where(self) -> dict[str, Any]:
        return {"tokens": self.tokens, "self_key": "still", "window": WINDOW}


def patterns_at(
    block: BlockArrays, tokens: np.ndarray, queries: np.ndarray, own: np.ndarray
) -> np.ndarray:
    """Activation patterns (n, hidden) of queries (n, d), by floats.

    Args:
        tokens: (T - 1, d) that stand still.
        own: (d,) whose key each query has; its value is its own.
    """
    keys = np.vstack([tokens, own])
    scores = block.scale * np.einsum(
        "nd,hdf,hef,te->nht", queries, block.W_Q, block.W_K, keys, optimize=True
    )
    weights = np.eye(len(keys))[scores.argmax(axis=-1)] if block.hard else softmax(scores, axis=-1)
    averages = weights[..., :-1] @ tokens + weights[..., -1:] * queries[:, None]
    added = np.einsum("nhd,hdf,hfe->ne", averages, block.W_V, block.W_O, optimize=True)
    on: np.ndarray = block.mlp.preactivations(block.residual * queries + added)[0] > 0
    return on
