"""Float lines of few cuts, with bounds that do not grow from layer to layer: rows pulled back.

Bounds of maps that go forward (`maps.floats`, `maps.signed`) are made larger by every layer behind them.
A cut's row of weights that goes back, from its unit to the plane, is rounded a little at each layer, and
what that does to the line is told by the size of that layer's maps alone: it is proven in
`geomtoy.regions.numbers.map_bounds`, number 12. A row is needed for each line, so it is done for few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from geomtoy.network import Network
from geomtoy.regions.frame import Frame
from geomtoy.regions.maps.cuts import cuts_of, pieces
from geomtoy.regions.maps.floats import CellMaps, FirstMaps, NextMaps, all_maps
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.maps.sharp import AT_ONCE, lineage, part_of
from geomtoy.regions.numbers.bounds import FLOOR, nearest
from geomtoy.regions.numbers.map_bounds import pulled_error

LINES = 1 << 12
"""Lines that are worked on at a time: sizes of maps are held on all layers before them."""

LEAST, MOST = 2.0**-400, 2.0**400
"""Sizes that numbers of a row, weights and slopes may have, so that no product underflows."""


class Rows(NamedTuple):
    """Lines on their way back: each is a row times activations of the layer before, and a constant."""

    line: np.ndarray  # (m,) which
    cell: np.ndarray  # (m,) that they lie on, of the level before the layer
    row: np.ndarray  # (m, n)
    size: np.ndarray  # (m, n) the sums of absolute terms that the rows' entries are


class Ends(NamedTuple):
    """What has come together for each line."""

    constant: np.ndarray  # (k,)
    size: np.ndarray  # (k,) the sum of its absolute terms
    error: np.ndarray  # (k,) of a coefficient, in multiples of u; inf where a number is out of range


def pulled_rows(
    network: Network, frame: Frame, levels: Sequence[Level], sources: np.ndarray
) -> np.ndarray:
    """Coefficients and error bounds (k, 4) of lines.

    Args:
        sources: (k, 3) hidden layer (from 1), cell of the level before it, and cut of each.
    """
    parts = [sources[low : low + LINES] for low in range(0, len(sources), LINES)]
    return np.concatenate([_pulled(network, frame, levels, part) for part in parts])


def _pulled(network: Network, frame: Frame, levels: Sequence[Level], sources: np.ndarray) -> np.ndarray:
    layer, cell, _ = sources.T
    deepest = int(layer.max(initial=1))
    cells = lineage(levels, layer, cell, deepest)
    sizes = _sizes(network, frame, levels, cells)
    ends = Ends(*(np.zeros(len(sources)) for _ in range(3)))
    with np.errstate(all="ignore"):
        rows = _begun(network, deepest, sources, None, ends)
        for k in range(deepest - 1, 0, -1):
            rows = _through(network, k, levels[k], cells[k - 1], sizes[k - 1], rows, ends)
            rows = _begun(network, k, sources, rows, ends)
        return _on_the_plane(network, frame, rows, ends)


def _begun(network: Network, layer: int, sources: np.ndarray, rows: Rows | None, ends: Ends) -> Rows:
    """The rows, and those of cuts of a layer."""
    W, b = network.float_layers[layer - 1]
    cuts = cuts_of(network, layer)
    line = np.flatnonzero(sources[:, 0] == layer)
    _, cell, cut = sources[line].T
    unit, threshold = cuts.unit[cut], cuts.threshold[cut]
    ends.constant[line] = b[unit] - threshold
    ends.size[line] = np.abs(b[unit]) + np.abs(threshold)
    ends.error[line] = _out_of_range(np.column_stack([b[unit], threshold]))
    new = Rows(line, cell, W[unit], np.abs(W[unit]))
    return new if rows is None else Rows(*map(np.concatenate, zip(rows, new, strict=True)))


def _through(
    network: Network,
    layer: int,
    level: Level,
    parents: np.ndarray,
    sizes: np.ndarray,
    rows: Rows,
    ends: Ends,
) -> Rows:
    """Rows of activations of a layer as rows of those of the layer before.

    Args:
        level: the cells into which the layer cut its parents.
        sizes: of the layer's maps on some cells of the level before, `parents`.
    """
    line, cell, row, terms = rows
    W, b = network.float_layers[layer - 1]
    cuts = cuts_of(network, layer)
    piece = cuts.first[:-1] + np.arange(len(b)) + pieces(level.bits[cell], cuts)
    slope, offset = cuts.slope[piece], cuts.offset[piece]
    parent = level.parent[cell]
    most = sizes[np.searchsorted(parents, parent)]
    n = len(network.layers[layer][0])  # terms of the sums that the rows' entries are
    ends.error[line] += (n + 4) * _weighed(terms, np.abs(slope) * most + np.abs(offset))
    bent = row * slope
    for more in (row * offset, bent * b):
        ends.constant[line] += more.sum(axis=1)
        ends.size[line] += np.abs(more).sum(axis=1)
    ends.error[line] += 4 * _weighed(np.abs(bent), most)
    for numbers in (row, slope, offset, bent):
        ends.error[line] += _out_of_range(numbers)
    ends.error[line] += _out_of_range(np.append(W.ravel(), b)[None]) + _lost(network, layer)
    return Rows(line, parent, bent @ W, np.abs(bent) @ np.abs(W))


def _on_the_plane(network: Network, frame: Frame, rows: Rows, ends: Ends) -> np.ndarray:
    """Rows of inputs as lines of the frame."""
    line, _, row, terms = rows
    exact_basis = *frame.u, *frame.v, *frame.origin
    basis = np.array([nearest(x) for x in exact_basis]).reshape(3, -1)
    most = np.abs(basis).max(axis=0)
    found = np.empty((len(line), 4))
    found[line, :3] = row @ basis.T
    found[:, 2] += ends.constant
    n = max(network.d_in, *network.widths)
    error = ends.error.copy()
    error[line] += (n + 4) * (terms @ most) + (n + 8) * (np.abs(row) @ most)
    error[line] += _out_of_range(row) + _out_of_range(basis.reshape(1, -1)) + _vanish(exact_basis)
    error += (2 * sum(network.widths) + 8 * len(network.widths) + 8) * ends.size
    found[:, 3] = pulled_error(error)
    return found


def _weighed(row: np.ndarray, most: np.ndarray) -> np.ndarray:
    """(m,) sums of the entries of rows (m, n), times how large what they multiply may be."""
    found: np.ndarray = (row * (most + FLOOR)).sum(axis=1)
    return found


def _out_of_range(numbers: np.ndarray) -> np.ndarray:
    """inf for rows (m, n) of which some number, not 0, is smaller or larger than is allowed, else 0."""
    size = np.abs(numbers)
    fits = ((size == 0) | ((size >= LEAST) & (size <= MOST))).all(axis=1)
    return np.where(fits, 0.0, np.inf)


def _lost(network: Network, layer: int) -> float:
    """inf if what some unit of a hidden layer (from 1) adds is 0 for float64 and not in truth, else 0.
    Weights, slopes and breakpoints are no smaller than float64 holds."""
    known = _known.setdefault(network, {})
    if layer not in known:
        known[layer] = _vanish(x for unit in {*network.units(layer)} for x in unit.offsets)
    return known[layer]


_known: WeakKeyDictionary[Network, dict[int, float]] = WeakKeyDictionary()


def _vanish(numbers: Iterable[Fraction]) -> float:
    return np.inf if any(x != 0 and nearest(x) == 0 for x in numbers) else 0.0


def _sizes(
    network: Network, frame: Frame, levels: Sequence[Level], cells: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """For each layer k but the last, (len(cells[k - 1]), n) bounds on all coefficients of its maps."""
    maps: CellMaps = FirstMaps(network, frame)
    sizes = []
    for k in range(1, len(cells)):
        known = all_maps(maps, AT_ONCE)
        sizes.append(np.abs(known.rows).max(axis=1) + known.error[known.segment])
        level = part_of(levels[k], cells[k - 1], cells[k])
        maps = NextMaps(network, k, maps, level, True, closely=True)
    return sizes
