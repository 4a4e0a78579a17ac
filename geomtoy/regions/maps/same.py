"""Whether the outputs are the same affine map on two cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.maps.floats import Maps
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.maps.rational import Affine
from geomtoy.regions.maps.unseen import switch_unseen
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
    are compared as they are; maps between which nothing switches that an output sees are the same
    (`maps.unseen`); what is left is compared in integers.
    """
    same = [np.empty((0, 2), np.int64)]
    if filtered():
        pairs = pairs[~_certainly_different(maps, pairs)]
        known = (maps.error[maps.segment[pairs]] == 0).all(axis=(1, 2))
        equal = (maps.rows[pairs[:, 0]] == maps.rows[pairs[:, 1]]).all(axis=(1, 2))
        same.append(pairs[known & equal])
        pairs = pairs[~known]
        unseen = switch_unseen(network, levels, pairs)
        same.append(pairs[unseen])
        pairs = pairs[~unseen]
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


def _equal(one: Affine, other: Affine) -> bool:
    return bool(one.rows * other.scale == other.rows * one.scale)
