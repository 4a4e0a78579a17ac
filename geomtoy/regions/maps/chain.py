"""Layer after layer, maps in the way that suits the layer."""

from __future__ import annotations

from collections.abc import Sequence

from geomtoy.network import Network
from geomtoy.regions.frame import Frame
from geomtoy.regions.maps.floats import CellMaps, FirstMaps, NextMaps
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.maps.shared import shared_maps

SMALL = 1 << 16
"""Cells times units up to which the maps of each cell are its own: nothing need be compiled to share."""


def next_maps(network: Network, before: CellMaps, levels: Sequence[Level], again: bool) -> CellMaps:
    """Maps of the layer after some levels, at least one of them made by a hidden layer, on the cells of
    the last.

    Args:
        before: maps of the layer that made the last level, on its parents.
        again: whether they will be asked for more than once.
    """
    layer, cells = len(levels) - 1, len(levels[-1].parent)
    if layer < len(network.activations) and cells * network.widths[layer] > SMALL:
        shared = shared_maps(network, before, levels)
        if shared is not None:
            return shared
    return NextMaps(network, layer, before, levels[-1], again)


def level_maps(network: Network, frame: Frame, levels: Sequence[Level]) -> CellMaps:
    """Maps of the layer after some levels on the cells of the last of them."""
    maps: CellMaps = FirstMaps(network, frame)
    for k in range(2, len(levels) + 1):
        maps = next_maps(network, maps, levels[:k], again=k < len(levels))
    return maps
