"""Whether the outputs are the same affine map on two cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.maps.cuts import cuts_of, pieces
from geomtoy.regions.maps.floats import Maps
from geomtoy.regions.maps.levels import Level, ancestors
from geomtoy.regions.maps.rational import Affine
from geomtoy.regions.numbers.bounds import certainly_different
from geomtoy.regions.numbers.predicates import filtered


@np.errstate(all="ignore")
def same_maps(
    network: Network,
    levels: Sequence[Level],
    exact: Callable[[int], Affine],
    maps: Maps,
    pairs: np.ndarray,
) -> np.ndarray:
    """Of pairs (k, 2) of cells of the last level, those on which the outputs are the same.

    Args:
        levels: one for the window and one for each hidden layer.
        exact: the outputs' exact map on a cell of the last level.
        maps: of the outputs on all of these.
    Returns:
        (same, 2), in another order.

    Exactness: exact. Maps that differ by more than their error bounds are different; maps without error
    are compared as they are; maps that differ only in units from which no path of non-zero weights and
    slopes leads to an output are the same; what is left is compared in integers.
    """
    same = [np.empty((0, 2), np.int64)]
    if filtered():
        pairs = pairs[~_certainly_different(maps, pairs)]
        known = (maps.error[maps.segment[pairs]] == 0).all(axis=(1, 2))
        equal = (maps.rows[pairs[:, 0]] == maps.rows[pairs[:, 1]]).all(axis=(1, 2))
        same.append(pairs[known & equal])
        pairs = pairs[~known]
        unaffected = _without_path(network, levels, pairs)
        same.append(pairs[unaffected])
        pairs = pairs[~unaffected]
    exactly = [_equal(exact(int(p)), exact(int(q))) for p, q in pairs]
    same.append(pairs[np.array(exactly, bool)])
    return np.concatenate(same)


def _certainly_different(maps: Maps, pairs: np.ndarray, block: int = 1 << 16) -> np.ndarray:
    different = np.empty(len(pairs), bool)
    for low in range(0, len(pairs), block):
        p, q = pairs[low : low + block].T
        errors = maps.error[maps.segment[p]], maps.error[maps.segment[q]]
        different[low : low + block] = certainly_different(maps.rows[p], maps.rows[q], *errors)
    return different


def _without_path(
    network: Network, levels: Sequence[Level], pairs: np.ndarray, block: int = 4096
) -> np.ndarray:
    """Pairs of cells between which units switch, but nothing that switches reaches an output."""
    blocks = (pairs[low : low + block] for low in range(0, len(pairs), block))
    parts = [_blocked(network, levels, ancestors(levels, some)) for some in blocks]
    return np.concatenate([np.empty(0, bool), *parts])


def _blocked(network: Network, levels: Sequence[Level], cells: list[np.ndarray]) -> np.ndarray:
    """Follow, layer by layer, which units' activations may differ between the two cells of each pair."""
    differs = np.zeros((len(cells[0]), network.d_in), np.float32)
    for layer in range(1, len(network.layers)):
        cuts, units = cuts_of(network, layer), network.units(layer)
        connected = (network.layers[layer - 1][0] != 0).astype(np.float32)
        bits = levels[layer].bits[cells[layer]]
        left, right = (pieces(np.ascontiguousarray(bits[:, side]), cuts) for side in (0, 1))
        passes = np.array([slope != 0 for act in units for slope in act.slopes])
        begin = cuts.first[:-1] + np.arange(len(units))
        moved = (differs @ connected.T > 0) & (passes[begin + left] | passes[begin + right])
        differs = (moved | (left != right)).astype(np.float32)
    connected = (network.layers[-1][0] != 0).astype(np.float32)
    return ~(differs @ connected.T > 0).any(axis=1)


def _equal(one: Affine, other: Affine) -> bool:
    return bool(one.rows * other.scale == other.rows * one.scale)
