"""Untrained blocks with hard attention or softmax, and planes on which their query moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geomtoy import Network, Slice
from geomtoy.block_arrays import BlockArrays
from geomtoy.views.curved_complex import CurvedComplex
from geomtoy.views.hard_attention import HardCells, enumerate_hard_attention
from geomtoy.views.plane import PlaneRegions, count_regions_on_plane
from geomtoy.views.plane_cells import enumerate_regions_on_plane

D_MODEL, D_HEAD, HIDDEN = 16, 4, 16
REACH = 3
WINDOW = ((-REACH, -REACH), (REACH, -REACH), (REACH, REACH), (-REACH, REACH))

Case = tuple[BlockArrays, np.ndarray, Slice]
"""A hard block, the tokens (C - 1, d) that stand still, and the query's plane."""


def random_case(seed: int, n_heads: int, context: int) -> Case:
    """Untrained; of one seed, fewer heads or tokens are the first of more, so that some are added."""

    def normal(stream: int, *shape: int) -> np.ndarray:
        return np.random.default_rng([seed, stream]).normal(size=shape)

    d, f = D_MODEL, D_HEAD
    Q, K, V = (normal(stream, n_heads, d, f) / np.sqrt(d) for stream in range(3))
    out = normal(3, n_heads, f, d) / np.sqrt(n_heads * f)
    first = normal(4, HIDDEN, d) * np.sqrt(2 / d), normal(5, HIDDEN) / 2
    mlp = Network([first, (normal(6, 1, HIDDEN), np.zeros(1))])
    block = BlockArrays(np.ones((context, d // 2)), Q, K, V, out, mlp, hard=True)
    u, v = np.linalg.qr(normal(7, d, 2))[0].T
    return block, normal(8, context - 1, d), Slice(tuple(normal(9, d)), tuple(u), tuple(v))


def partition(case: Case) -> HardCells:
    block, tokens, plane = case
    found: HardCells = enumerate_hard_attention(block, tokens, plane, window=WINDOW, linear=False).cells
    return found


def count_soft(case: Case) -> PlaneRegions:
    """Regions of the same block with softmax, its own key masked too."""
    block, tokens, plane = case
    soft = replace(block, hard=False)
    return count_regions_on_plane(soft, plane, tokens=tokens, self_key="masked", window=WINDOW)


def soft_partition(case: Case) -> CurvedComplex:
    """The regions that `count_soft` counts."""
    block, tokens, plane = case
    soft = replace(block, hard=False)
    return enumerate_regions_on_plane(
        soft, plane, tokens=tokens, self_key="masked", window=WINDOW, tolerance=5e-3
    )
