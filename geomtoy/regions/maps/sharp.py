"""Float lines of few cuts, with bounds as small as following errors makes them.

Where many cells are worked on, errors are followed (`maps.signed`) only where they have become large.
Here it is done all the way, on the cells on which some lines lie and their ancestors alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.frame import Frame
from geomtoy.regions.maps.cuts import cuts_of
from geomtoy.regions.maps.floats import CellMaps, FirstMaps, NextMaps, all_maps, cut_lines
from geomtoy.regions.maps.levels import Level

AT_ONCE = 1 << 10
"""Cells whose maps are computed at a time."""


def sharp_rows(
    network: Network, frame: Frame, levels: Sequence[Level], sources: np.ndarray
) -> np.ndarray:
    """Coefficients and error bounds (k, 4) of lines.

    Args:
        sources: (k, 3) hidden layer (from 1), cell of the level before it, and cut of each.
    """
    layer, cell, cut = sources.T
    deepest = int(layer.max(initial=1))
    cells = lineage(levels, layer, cell, deepest)
    rows = np.empty((len(sources), 4))
    maps: CellMaps = FirstMaps(network, frame)
    for k in range(1, deepest + 1):
        chosen = np.flatnonzero(layer == k)
        if len(chosen):
            lines = cut_lines(all_maps(maps, AT_ONCE), cuts_of(network, k))
            at = np.searchsorted(cells[k - 1], cell[chosen])
            rows[chosen, :3] = lines.rows[at, :, cut[chosen]]
            rows[chosen, 3] = lines.error[lines.segment[at], cut[chosen]]
        if k < deepest:
            maps = NextMaps(
                network, k, maps, part_of(levels[k], cells[k - 1], cells[k]), True, closely=True
            )
    return rows


def lineage(
    levels: Sequence[Level], layer: np.ndarray, cell: np.ndarray, deepest: int
) -> list[np.ndarray]:
    """Of each level before the deepest layer, in ascending order, the cells that lines lie on and their
    ancestors."""
    found = [np.unique(cell[layer == deepest])]
    for k in range(deepest - 1, 0, -1):
        found.append(np.unique(np.concatenate([cell[layer == k], levels[k].parent[found[-1]]])))
    return found[::-1]


def part_of(level: Level, parents: np.ndarray, cells: np.ndarray) -> Level:
    """Some cells of a level, whose parents are some of the level before."""
    parent = np.searchsorted(parents, level.parent[cells])
    return Level(parent, level.bits[cells], np.arange(len(cells)))
