"""What the subdivision by one layer leaves behind: enough to know every map on every cell again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geomtoy.kernels import kernel
from geomtoy.network import Network
from geomtoy.regions.maps.cuts import cuts_of, pieces


class Level(NamedTuple):
    """The cells of a level; those of one parent stand together, and parents ascend."""

    parent: np.ndarray  # (F,) cell of the level before
    bits: np.ndarray  # (F, words) uint64: the layer's cuts that are > 0
    tree: (
        np.ndarray
    )  # (F,) an earlier cell of the same parent that differs in few bits; itself for the first


def first_level() -> Level:
    """The window, uncut."""
    return Level(np.full(1, -1), np.zeros((1, 1), np.uint64), np.zeros(1, np.int64))


def chosen_cells(level: Level, chosen: np.ndarray) -> Level:
    """Some cells of a level, in ascending order; their way through the tree skips the others."""
    number = np.full(len(level.parent), -1)
    number[chosen] = np.arange(len(chosen))
    return Level(level.parent[chosen], level.bits[chosen], _shortened(level.tree, chosen, number))


@kernel
def _shortened(tree, chosen, number):
    """For each chosen cell the nearest one before it on the way to the root, itself if there is none."""
    found = np.arange(chosen.shape[0])
    for k in range(chosen.shape[0]):
        before = tree[chosen[k]]
        while number[before] < 0 and tree[before] != before:
            before = tree[before]
        if number[before] >= 0:
            found[k] = number[before]
    return found


def ancestors(levels: Sequence[Level], cells: np.ndarray) -> list[np.ndarray]:
    """For each level 0..L, the cell of that level that contains each of some cells of the last."""
    found = [cells]
    for level in reversed(levels[1:]):
        cells = level.parent[cells]
        found.append(cells)
    return found[::-1]


def pieces_on(network: Network, levels: Sequence[Level], cells: np.ndarray) -> np.ndarray:
    """Piece (k, units) of every hidden unit so far on cells of the last level."""
    parts = [np.empty((len(cells), 0), np.int8)]
    own = zip(levels[1:], ancestors(levels, cells)[1:], strict=True)
    for layer, (level, of_level) in enumerate(own, start=1):
        parts.append(pieces(level.bits[of_level], cuts_of(network, layer)))
    return np.concatenate(parts, axis=1)


def piece_sums(network: Network, levels: Sequence[Level], weights: np.ndarray) -> np.ndarray:
    """(k, F) sums of weights (k, units), integers, times the pieces of all hidden units."""
    sums = np.zeros((len(weights), 1), np.int64)
    ends = np.cumsum([0, *network.widths])
    for layer, level in enumerate(levels[1:], start=1):
        own = weights[:, ends[layer - 1] : ends[layer]]
        of_cuts = np.ascontiguousarray(own[:, cuts_of(network, layer).unit].T.astype(np.int64))
        sums = sums[:, level.parent] + _bit_sums(level.bits, level.tree, of_cuts).T
    return sums


@kernel
def _bit_sums(bits, tree, weights):
    """(F, k) sums of the weights (n_cuts, k) of each cell's bits, from those of a cell before it."""
    found = np.zeros((bits.shape[0], weights.shape[1]), np.int64)
    one, none = np.uint64(1), np.uint64(0)
    for f in range(bits.shape[0]):
        before = tree[f]
        if before != f:
            found[f] = found[before]
        for word in range(bits.shape[1]):
            now = bits[f, word]
            changed = now if before == f else now ^ bits[before, word]
            cut = 64 * word
            while changed != none:
                if changed & one:
                    sign = 1 if now & one else -1
                    for k in range(weights.shape[1]):
                        found[f, k] += sign * weights[cut, k]
                changed >>= one
                now >>= one
                cut += 1
    return found


def decides_a_maximum(network: Network, layer: int) -> bool:
    """Whether some maximum has its last match in a hidden layer (from 1)."""
    if not network.maxima:
        return False
    end = sum(network.widths[:layer])
    begin = end - network.widths[layer - 1]
    return any(begin <= units[-1] < end for units in network.maxima)
