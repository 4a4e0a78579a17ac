"""Between which pieces of which unit an edge runs, from the patterns on its two sides alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.certify.record import Record
from geomtoy.certify.tournaments import meeting, path


class Borders(NamedTuple):
    """For each inner edge the first layer (from 1) in which its sides differ, a unit that does, and the
    rank of the breakpoint between them; layer 0 and the window's side for the others."""

    layer: np.ndarray
    unit: np.ndarray
    rank: np.ndarray


def borders(record: Record) -> Borders | str:
    """The borders, or what prevents them: two neighbours with one pattern."""
    layer, unit, rank = record.edge_source[:, 0] * 0, record.edge_source[:, 1].copy(), None
    rank = np.zeros(len(layer), np.int64)
    starts = np.cumsum([0, *record.network.widths])
    for some in np.array_split(record.inner_edges, 1 + len(record.inner_edges) // 4096):
        left, right = (record.patterns[record.edge_cells[some, k]] for k in (0, 1))
        differ = left != right
        equal = np.flatnonzero(~differ.any(axis=1))
        if len(equal):
            one, other = record.edge_cells[some[equal[0]]]
            return f"cells {one} and {other} have the same activation pattern"
        if not len(some):
            continue
        if record.network.maxima:
            switching, lower = _with_maxima(record, left, right, differ)
        else:
            entry = differ.argmax(axis=1)
            switching = record.network.pattern_units[entry]
            lower = np.minimum(left, right)[np.arange(len(some)), entry]
        layer[some] = np.searchsorted(starts, switching, side="right")
        unit[some] = switching - starts[layer[some] - 1]
        rank[some] = lower
    return Borders(layer, unit, rank)


def _with_maxima(
    record: Record, left: np.ndarray, right: np.ndarray, differ: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The first unit of all that switches on each edge: where a winner changes, that of the match in
    which old and new one meet."""
    network = record.network
    of_last = {units[-1]: units for units in network.maxima}
    switching, lower = [], []
    for k, row in enumerate(differ):
        found = []
        for entry in np.flatnonzero(row).tolist():
            unit, pair = int(network.pattern_units[entry]), (int(left[k, entry]), int(right[k, entry]))
            if unit in of_last:
                units = of_last[unit]
                found.append((units[meeting(len(units) + 1, *pair)], 0))
            else:
                found.append((unit, min(pair)))
        first = min(found)
        switching.append(first[0])
        lower.append(first[1])
    return np.array(switching), np.array(lower)


def pieces_along(record: Record, pieces: np.ndarray, edge: int, cell: int) -> np.ndarray:
    """Pieces (units,) of a cell beside an edge, those matches decided too that its neighbour's winners
    play before they meet the cell's own."""
    chosen = pieces.copy()
    across = int(record.edge_cells[edge].sum()) - cell
    for units in record.network.maxima:
        entry = int(np.searchsorted(record.network.pattern_units, units[-1]))
        own, other = (int(record.patterns[k, entry]) for k in (cell, across))
        if own != other:
            size = len(units) + 1
            end = meeting(size, own, other)
            for match, piece in path(size, other):
                if match < end:
                    chosen[units[match]] = piece
    return chosen


def sources(record: Record, found: Borders) -> str | None:
    """Whether the unit that an edge names switches on it, in the first layer in which one does.

    Of a match whose winner is the same on both sides nothing is said: an edge may follow it where
    another unit switches too.
    """
    network = record.network
    starts = np.cumsum([0, *network.widths])
    playing = {unit for units in network.maxima for unit in units}
    for edge in record.inner_edges.tolist():
        layer, unit = record.edge_source[edge].tolist()
        if not (1 <= layer < len(network.layers) and 0 <= unit < network.widths[layer - 1]):
            return f"edge {edge} names a unit that the network does not have"
        hidden = int(starts[layer - 1] + unit)
        if hidden in playing:
            continue
        entry = int(np.searchsorted(network.pattern_units, hidden))
        one, other = record.patterns[record.edge_cells[edge], entry]
        if one == other or layer != found.layer[edge]:
            if network.maxima and one != other:
                continue
            return f"edge {edge} names unit {unit} of layer {layer}, which does not make it"
    return None
