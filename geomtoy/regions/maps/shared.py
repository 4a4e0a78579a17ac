"""Maps of a layer whose units see few others: each distinct one is computed once, for all cells with it.

What a group of units (`groups`) makes of a cell depends on a few pieces and a few maps of the layer
before. Equal ones of those are one *state* of the group. Cells outnumber states by far in trees of
maxima, convolutions and pooling; and of a state it may be known without arithmetic that its units have
one sign, since all that enters them has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.maps.cuts import cuts_of
from geomtoy.regions.maps.floats import CellMaps, FirstMaps, Maps, Segments, cut_lines
from geomtoy.regions.maps.groups import Groups, Kind, groups_of, kinds_of, together
from geomtoy.regions.maps.levels import Level, decides_a_maximum
from geomtoy.regions.maps.states import Sight, find_states, unfold
from geomtoy.regions.maps.structure import is_constant, known_signs, signs_of_cuts
from geomtoy.regions.maps.sums import fill_segments
from geomtoy.regions.numbers.filter import UNDECIDED

MOST_SEEN = 64
"""Units that a group may see: of more, hardly two cells agree."""

CELLS_OF_A_STATE = 4
"""So many cells there are of each state of a group, on average, or states are not worth their while."""


class Table(NamedTuple):
    """n functions of groups of units in all states: function k of a cell whose group is in state s is
    in column first[k] + s step[k]."""

    group: np.ndarray  # (n,)
    first: np.ndarray  # (n,)
    step: np.ndarray  # (n,)
    rows: np.ndarray  # (columns, 4): a, b, c, and the error
    sign: np.ndarray  # (columns,) int8: of all values inside a cell with that state, or UNDECIDED

    def columns(self, of: np.ndarray, cell: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Columns of functions on cells, from the states (F, G) of all cells."""
        state = of[cell, self.group[which]].astype(np.int64)
        found: np.ndarray = self.first[which] + state * self.step[which]
        return found


@dataclass(frozen=True, eq=False)
class SharedMaps:
    """Maps of a layer on all cells of a level, by the states of groups of its units."""

    groups: Groups
    of: np.ndarray  # (F, G) uint16: which of a group's states a cell has
    units: Table
    cuts: Table

    @property
    def segment_start(self) -> np.ndarray:
        return np.arange(len(self.of) + 1)

    @property
    def width(self) -> int:
        return len(self.units.group)

    def on(self, low: int, high: int) -> Maps:
        rows, error = np.empty((high - low, 3, self.width)), np.empty((high - low, self.width))
        unfold(self.of[low:high], self.units, rows, error)
        return Maps(low, rows, error, np.arange(high - low))

    def constant_signs(self, cell: np.ndarray, cut: np.ndarray) -> np.ndarray:
        """Signs of cuts (k,) on cells (k,) where they are known to be constant, else UNDECIDED."""
        column = self.cuts.columns(self.of, cell, cut)
        return np.where(is_constant(self.cuts.rows[column]), self.cuts.sign[column], UNDECIDED)


def shared_maps(network: Network, layer: int, before: CellMaps, level: Level) -> SharedMaps | None:
    """Maps of hidden layer + 1 (layers count from 1) on the cells into which `layer` cut their parents;
    None if cells share too little.

    Args:
        before: maps of `layer`, on the parents.
    """
    earlier = _as_shared(before)
    enters = np.count_nonzero(network.layers[layer][0], axis=1)
    if earlier is None or enters.max() > MOST_SEEN:
        return None
    groups, cuts = groups_of(network, layer + 1), cuts_of(network, layer)
    of = np.empty((len(level.parent), len(groups.start) - 1), np.uint16)
    most = int(of.size / CELLS_OF_A_STATE)
    sight = Sight(level, earlier.of, earlier.groups, groups, cuts)
    group, cell = find_states(sight, of, most)
    if len(group) > most:
        return None
    order = np.argsort(group, kind="stable")
    tables = _Tables(network, layer, level, earlier, groups, group[order], cell[order])
    return tables.shared(of)


def _as_shared(maps: CellMaps) -> SharedMaps | None:
    """Maps with states; those of the first layer, on the one window, have one."""
    if not isinstance(maps, FirstMaps):
        return maps if isinstance(maps, SharedMaps) else None
    n = maps.width
    groups, (_, rows, error, _) = together(n), maps.on(0, 1)
    units = _table(groups.of_unit, np.ones(1, np.int64))
    units.rows[:, :3], units.rows[:, 3], units.sign[:] = rows[0].T, error[0], UNDECIDED
    return SharedMaps(groups, np.zeros((1, 1), np.uint16), units, units)


def _table(group: np.ndarray, states: np.ndarray) -> Table:
    """Room for functions of groups (n,) that have so many states each (G,)."""
    size = np.bincount(group, minlength=len(states))
    end, start = np.cumsum(states * size), np.cumsum(size) - size
    order = np.argsort(group, kind="stable")
    first = (end - states * size)[group]
    first[order] += np.arange(len(group)) - start[group[order]]
    columns = int(end[-1])
    return Table(group, first, size[group], np.empty((columns, 4)), np.empty(columns, np.int8))


class _Tables:
    """Fills in what the states of a layer are, kind by kind.

    Args:
        group, cell: (states,) of which group each is, in ascending order, and a cell that has it.
    """

    def __init__(
        self,
        network: Network,
        layer: int,
        level: Level,
        before: SharedMaps,
        groups: Groups,
        group: np.ndarray,
        cell: np.ndarray,
    ) -> None:
        self.network, self.layer, self.level, self.before = network, layer, level, before
        self.groups, self.group, self.cell = groups, group, cell
        states = np.bincount(group, minlength=len(groups.start) - 1)
        self.number = np.arange(len(group)) - (np.cumsum(states) - states)[group]  # within the group
        self.units = _table(groups.of_unit, states)
        self.cuts = _table(groups.of_unit[cuts_of(network, layer + 1).unit], states)

    def shared(self, of: np.ndarray) -> SharedMaps:
        for kind in kinds_of(self.network, self.layer + 1, self.groups):
            self._fill(kind)
        return SharedMaps(self.groups, of, self.units, self.cuts)

    def _fill(self, kind: Kind) -> None:
        member = np.full(len(self.groups.start) - 1, -1)
        member[kind.groups] = np.arange(len(kind.groups))
        states = np.flatnonzero(member[self.group] >= 0)
        one, cell, every = member[self.group[states]], self.cell[states], np.arange(len(states))
        parent = self.level.parent[cell]
        column = self.before.units.columns(self.before.of, parent[:, None], kind.seen[one])
        bits = _bits_of(self.level.bits, cell, kind.seen_cuts[one])
        before = Maps(0, *_as_maps(self.before.units.rows[column]), every)
        into = Maps(0, *_as_maps(np.empty((len(states), len(kind.b), 4))), every)
        segments, level = (
            Segments(np.append(every, len(states)), every),
            Level(every, _packed(bits), every),
        )
        with np.errstate(all="ignore"):
            fill_segments(segments, into, before, level, kind.weights, kind.before)
            lines = cut_lines(into, kind.cuts)
        sign = known_signs(kind, bits, self.before.units.sign[column], self._bits_hold)
        self._enter(self.units, kind.own[one], states, into, sign)
        self._enter(self.cuts, kind.own_cuts[one], states, lines, signs_of_cuts(kind, sign))

    def _enter(
        self, table: Table, which: np.ndarray, states: np.ndarray, maps: Maps, sign: np.ndarray
    ) -> None:
        """Write down functions (states, m) of some states."""
        columns = table.first[which] + self.number[states][:, None] * table.step[which]
        rows = np.concatenate([maps.rows, maps.error[:, None]], axis=1).transpose(0, 2, 1)
        table.rows[columns] = rows
        table.sign[columns] = np.where(is_constant(rows), np.sign(rows[..., 2]), sign)

    @property
    def _bits_hold(self) -> bool:
        """Whether bits say what holds on all of a cell; merged cells have those of one part."""
        return not decides_a_maximum(self.network, self.layer)


def _as_maps(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(F, 3, n) and (F, n), as `Maps` has them, of rows (F, n, 4)."""
    return rows[..., :3].transpose(0, 2, 1).copy(), rows[..., 3].copy()


def _bits_of(bits: np.ndarray, cell: np.ndarray, cut: np.ndarray) -> np.ndarray:
    """Bits (k, m) of cuts (k, m) on cells (k,)."""
    word = bits[cell[:, None], cut >> 6]
    return ((word >> (cut & 63).astype(np.uint64)) & np.uint64(1)).astype(np.uint8)


def _packed(bits: np.ndarray) -> np.ndarray:
    """Bits (k, m) in words (k, words)."""
    words = max(1, (bits.shape[1] + 63) >> 6)
    padded = np.zeros((len(bits), 64 * words), np.uint8)
    padded[:, : bits.shape[1]] = bits
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
