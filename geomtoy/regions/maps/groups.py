"""Units of a layer in groups that see the same units of the layer before, with their parameters.

Where weights are few, as in trees of maxima, in convolutions and in pooling, each group sees a few
units. Groups with equal parameters are of one kind: what is computed for one is computed for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geomtoy.activations import PiecewiseLinear
from geomtoy.network import Network
from geomtoy.regions.maps.cuts import Cuts, cuts_of, cuts_of_units
from geomtoy.regions.maps.weights import Weights, pack_weights


class Groups(NamedTuple):
    """G groups of the n units of a layer, as the kernels read them."""

    start: np.ndarray  # (G + 1,) the units of the layer before that a group sees
    seen: np.ndarray
    own_start: np.ndarray  # (G + 1,) the units of a group
    own: np.ndarray
    of_unit: np.ndarray  # (n,) the group of each unit
    seer_start: np.ndarray  # (n_in + 1,) the groups that see each unit of the layer before
    seer: np.ndarray


def groups_of(network: Network, layer: int) -> Groups:
    """Groups of a hidden layer (from 2); units that see nothing are a group, too."""
    enters = network.layers[layer - 1][0] != 0
    number: dict[bytes, int] = {}
    of_unit = np.array([number.setdefault(row.tobytes(), len(number)) for row in enters])
    own = np.argsort(of_unit, kind="stable")
    own_start = np.searchsorted(of_unit[own], np.arange(len(number) + 1))
    sees = enters[own[own_start[:-1]]]
    return Groups(*_lists(sees), own_start, own, of_unit, *_lists(sees.T))


def together(n: int) -> Groups:
    """The n units of the first layer as one group."""
    units, nothing = np.arange(n), _lists(np.zeros((1, 0)))
    return Groups(*nothing, np.array([0, n]), units, 0 * units, *nothing)


def _lists(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """CSR lists of the entries that are true in each row of a table."""
    row, column = np.nonzero(table)
    return np.searchsorted(row, np.arange(len(table) + 1)), np.ascontiguousarray(column)


@dataclass(frozen=True, eq=False)
class Kind:
    """k groups with equal parameters: m units each, which see s units each."""

    groups: np.ndarray  # (k,)
    seen: np.ndarray  # (k, s)
    seen_cuts: np.ndarray  # (k, cuts of those)
    own: np.ndarray  # (k, m)
    own_cuts: np.ndarray  # (k, cuts of those)
    W: np.ndarray  # (m, s), as the network has it
    b: np.ndarray
    weights: Weights  # as the kernels read them
    acts_before: tuple[PiecewiseLinear, ...]  # (s,)
    acts: tuple[PiecewiseLinear, ...]  # (m,)

    @property
    def before(self) -> Cuts:
        """Of the units that are seen."""
        return cuts_of_units(self.acts_before)

    @property
    def cuts(self) -> Cuts:
        """Of the own ones."""
        return cuts_of_units(self.acts)


def kinds_of(network: Network, layer: int, groups: Groups) -> list[Kind]:
    """The kinds of the groups of a hidden layer (from 2)."""
    W, b = network.layers[layer - 1]
    before, after = (_numbered(network.units(k)) for k in (layer - 1, layer))
    found = defaultdict(list)
    for g in range(len(groups.start) - 1):
        seen = groups.seen[groups.start[g] : groups.start[g + 1]]
        own = groups.own[groups.own_start[g] : groups.own_start[g + 1]]
        parts = W[own[:, None], seen], b[own], before[seen], after[own]
        found[tuple(tuple(part.ravel().tolist()) for part in parts)].append((g, seen, own))
    return [_kind(network, layer, members) for members in found.values()]


def _numbered(units: Sequence[PiecewiseLinear]) -> np.ndarray:
    """A number for each activation, equal ones for those that are one object."""
    number = {key: k for k, key in enumerate({id(act) for act in units})}
    return np.array([number[id(act)] for act in units])


def _kind(network: Network, layer: int, members: list[tuple[int, np.ndarray, np.ndarray]]) -> Kind:
    groups, all_seen, all_own = (np.array(part) for part in zip(*members, strict=True))
    _, seen, own = members[0]
    (W, b), (near_W, near_b) = network.layers[layer - 1], network.float_layers[layer - 1]
    block = own[:, None], seen
    before, after = network.units(layer - 1), network.units(layer)
    return Kind(
        groups,
        all_seen,
        _cuts_of_all(cuts_of(network, layer - 1), all_seen),
        all_own,
        _cuts_of_all(cuts_of(network, layer), all_own),
        W[block],
        b[own],
        pack_weights(near_W[block], near_b[own], network.is_rational),
        tuple(before[j] for j in seen),
        tuple(after[i] for i in own),
    )


def _cuts_of_all(cuts: Cuts, units: np.ndarray) -> np.ndarray:
    """(k, cuts) of units (k, m); those of a column have equally many."""
    first, end = cuts.first[units], cuts.first[units + 1]
    columns = [first[:, [i]] + np.arange(end[0, i] - first[0, i]) for i in range(units.shape[1])]
    return np.concatenate([np.empty((len(units), 0), np.int64), *columns], axis=1)
