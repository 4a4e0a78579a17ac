"""Linear regions: cells joined across edges on whose two sides the output map is the same."""

from __future__ import annotations

import numpy as np

from geomtoy.regions.engine.run import Subdivision
from geomtoy.regions.maps.cuts import cuts_of, pieces
from geomtoy.regions.maps.floats import Maps
from geomtoy.regions.numbers.bounds import certainly_different
from geomtoy.regions.numbers.predicates import filtered
from geomtoy.regions.topology.components import components
from geomtoy.regions.topology.mesh import edge_cells


@np.errstate(all="ignore")
def linear_regions(subdivision: Subdivision, maps: Maps) -> np.ndarray:
    """Label (F,) of the linear region of each cell, 0, 1, ... in the order of first cells.

    Args:
        maps: of the outputs on all cells.

    Exactness: exact. Maps that differ by more than their error bounds are different; maps without error
    are compared as they are; maps that differ only in units from which no path of non-zero weights and
    slopes leads to an output are the same; what is left is compared in integers.
    """
    mesh = subdivision.mesh
    sides = edge_cells(mesh.start, mesh.half, len(mesh.tail))
    inner = sides[(sides >= 0).all(axis=1)]
    same = [np.empty((0, 2), np.int64)]
    if filtered():
        inner = inner[~_certainly_different(maps, inner)]
        known = (maps.error[maps.segment[inner]] == 0).all(axis=(1, 2))
        equal = (maps.rows[inner[:, 0]] == maps.rows[inner[:, 1]]).all(axis=(1, 2))
        same.append(inner[known & equal])
        inner = inner[~known]
        unaffected = _without_path(subdivision, inner)
        same.append(inner[unaffected])
        inner = inner[~unaffected]
    exactly = [_same_map(subdivision, int(p), int(q)) for p, q in inner]
    same.append(inner[np.array(exactly, bool)])
    return components(mesh.n_cells, np.concatenate(same))


def _certainly_different(maps: Maps, pairs: np.ndarray, block: int = 1 << 16) -> np.ndarray:
    different = np.empty(len(pairs), bool)
    for low in range(0, len(pairs), block):
        p, q = pairs[low : low + block].T
        errors = maps.error[maps.segment[p]], maps.error[maps.segment[q]]
        different[low : low + block] = certainly_different(maps.rows[p], maps.rows[q], *errors)
    return different


def _without_path(subdivision: Subdivision, pairs: np.ndarray, block: int = 4096) -> np.ndarray:
    """Pairs of cells between which units switch, but nothing that switches reaches an output."""
    blocks = (pairs[low : low + block] for low in range(0, len(pairs), block))
    parts = [_blocked(subdivision, subdivision.ancestors(some)) for some in blocks]
    return np.concatenate([np.empty(0, bool), *parts])


def _blocked(subdivision: Subdivision, cells: list[np.ndarray]) -> np.ndarray:
    """Follow, layer by layer, which units' activations may differ between the two cells of each pair."""
    network = subdivision.network
    differs = np.zeros((len(cells[0]), network.d_in), np.float32)
    for layer in range(1, len(network.layers)):
        cuts, units = cuts_of(network, layer), network.units(layer)
        connected = (network.layers[layer - 1][0] != 0).astype(np.float32)
        bits = subdivision.levels[layer].bits[cells[layer]]
        left, right = (pieces(np.ascontiguousarray(bits[:, side]), cuts) for side in (0, 1))
        passes = np.array([slope != 0 for act in units for slope in act.slopes])
        begin = cuts.first[:-1] + np.arange(len(units))
        moved = (differs @ connected.T > 0) & (passes[begin + left] | passes[begin + right])
        differs = (moved | (left != right)).astype(np.float32)
    connected = (network.layers[-1][0] != 0).astype(np.float32)
    return ~(differs @ connected.T > 0).any(axis=1)


def _same_map(subdivision: Subdivision, p: int, q: int) -> bool:
    outputs = len(subdivision.network.layers)
    one, other = (subdivision.lines.maps.affine(outputs, cell) for cell in (p, q))
    return bool(one.rows * other.scale == other.rows * one.scale)
