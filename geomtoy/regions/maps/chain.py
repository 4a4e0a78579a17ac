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


def next_maps(network: Network, layer: int, before: CellMaps, level: Level, again: bool) -> CellMaps:
    """Maps of layer + 1 (hidden layers count from 1) on the cells into which `layer` cut their parents.

    Args:
        before: maps of `layer`, on the parents.
        again: whether they will be asked for more than once.
    """
    if layer < len(network.activations) and len(level.parent) * network.widths[layer] > SMALL:
        shared = shared_maps(network, layer, before, level)
        if shared is not None:
            return shared
    return NextMaps(network, layer, before, level, again)


def level_maps(network: Network, frame: Frame, levels: Sequence[Level]) -> CellMaps:
    """Maps of the layer after some levels on the cells of the last of them."""
    maps: CellMaps = FirstMaps(network, frame)
    for layer, level in enumerate(levels[1:], start=1):
        maps = next_maps(network, layer, maps, level, again=layer < len(levels) - 1)
    return maps
