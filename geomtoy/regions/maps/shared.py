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
from geomtoy.regions.maps.structure import known_signs, signs_of_cuts, with_constants
from geomtoy.regions.maps.sums import fill_segments
from geomtoy.regions.numbers.filter import UNDECIDED

MOST_SEEN = 64
"""Units that a group may see: of more, hardly two cells agree."""

CELLS_OF_A_STATE = 4
"""So many cells there are of each state of a group, on average, or states are not worth their while."""


class Table(NamedTuple):
    """Functions of G groups in all of their states: so many columns for each state, one a function."""

    base: np.ndarray  # (G,) first column of the group's first state
    size: np.ndarray  # (G,) functions of the group
    rows: np.ndarray  # (columns, 4): a, b, c, and the error
    sign: np.ndarray  # (columns,) int8: of all values inside a cell with that state, or UNDECIDED


@dataclass(frozen=True, eq=False)
class SharedMaps:
    """Maps of a layer on all cells of a level, by the states of groups of its units."""

    groups: Groups
    of: np.ndarray  # (F, G) uint16: which of a group's states a cell has
    units: Table
    cuts: Table
    cut_start: np.ndarray  # (G + 1,) the cuts of each group
    cut: np.ndarray

    @property
    def segment_start(self) -> np.ndarray:
        return np.arange(len(self.of) + 1)

    @property
    def width(self) -> int:
        return len(self.groups.own)

    def on(self, low: int, high: int) -> Maps:
        rows, error = np.empty((high - low, 3, self.width)), np.empty((high - low, self.width))
        unfold(self.of[low:high], self.units, self.groups, rows, error)
        return Maps(low, rows, error, np.arange(high - low))


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
    _, rows, error, _ = maps.on(0, 1)
    n = maps.width
    columns = np.concatenate([rows[0], error]).T.copy()
    table = Table(np.zeros(1, np.int64), np.array([n]), columns, np.full(n, UNDECIDED))
    none = np.zeros(0, np.int64)
    return SharedMaps(together(n), np.zeros((1, 1), np.uint16), table, table, none, none)


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
        self.first = np.searchsorted(group, np.arange(len(groups.start)))
        first_cut = cuts_of(network, layer + 1).first
        of_unit = np.diff(first_cut)
        ends = np.cumsum([0, *of_unit[groups.own]])
        self.cut_start = ends[groups.own_start]
        self.cut = np.repeat(first_cut[groups.own] - ends[:-1], of_unit[groups.own]) + np.arange(
            ends[-1]
        )
        self.units = self._empty(np.diff(groups.own_start))
        self.cuts = self._empty(np.diff(self.cut_start))

    def _empty(self, size: np.ndarray) -> Table:
        ends = np.cumsum([0, *(np.diff(self.first) * size)])
        return Table(ends[:-1], size, np.empty((ends[-1], 4)), np.empty(ends[-1], np.int8))

    def shared(self, of: np.ndarray) -> SharedMaps:
        for kind in kinds_of(self.network, self.layer + 1, self.groups):
            self._fill(kind)
        return SharedMaps(self.groups, of, self.units, self.cuts, self.cut_start, self.cut)

    def _fill(self, kind: Kind) -> None:
        number = np.full(len(self.first) - 1, -1)
        number[kind.groups] = np.arange(len(kind.groups))
        states = np.flatnonzero(number[self.group] >= 0)
        member, cell = number[self.group[states]], self.cell[states]
        seen, n = self._seen(kind.seen[member], cell), len(states)
        column, every = seen, np.arange(n)
        rows = self.before.units.rows[column]
        bits = _bits_of(self.level.bits, cell, kind.seen_cuts[member])
        before = Maps(0, rows[:, :, :3].transpose(0, 2, 1).copy(), rows[:, :, 3].copy(), every)
        maps = Maps(0, np.empty((n, 3, len(kind.b))), np.empty((n, len(kind.b))), every)
        segments, level = Segments(np.arange(n + 1), every), Level(every, _packed(bits), every)
        with np.errstate(all="ignore"):
            fill_segments(segments, maps, before, level, kind.weights, kind.before)
            lines = cut_lines(maps, kind.cuts)
        sign = known_signs(kind, bits, self.before.units.sign[column], self._bits_hold)
        self._enter(self.units, states, maps, sign)
        self._enter(self.cuts, states, lines, with_constants(lines, signs_of_cuts(kind, sign)))

    def _seen(self, unit: np.ndarray, cell: np.ndarray) -> np.ndarray:
        """Column of each of the units (states, s) that are seen, in the table of the layer before."""
        before, parent = self.before, self.level.parent[cell][:, None]
        group = before.groups.of_unit[unit]
        state = before.of[parent, group].astype(np.int64)
        column: np.ndarray = before.units.base[group] + state * before.units.size[group]
        return column + before.groups.place[unit]

    def _enter(self, table: Table, states: np.ndarray, maps: Maps, sign: np.ndarray) -> None:
        group = self.group[states]
        first = table.base[group] + (states - self.first[group]) * table.size[group]
        columns = first[:, None] + np.arange(maps.rows.shape[2])
        table.rows[columns, :3] = maps.rows.transpose(0, 2, 1)
        table.rows[columns, 3] = maps.error
        table.sign[columns] = sign

    @property
    def _bits_hold(self) -> bool:
        """Whether bits say what holds on all of a cell; merged cells have those of one part."""
        return not decides_a_maximum(self.network, self.layer)


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
