"""The (cell, cut) pairs in which a layer's cut has both signs on a cell of a mesh.

Floats leave out, cell by cell or for whole clans and runs of cells, the cuts that are certainly not
among them (`maps.near`, `maps.clans`, `maps.runs`). What they cannot tell at a corner is decided once
for each vertex and cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeGuard

import numpy as np

from geomtoy.kernels import kernel
from geomtoy.network import Network
from geomtoy.regions.engine.sharpening import sharp_signs
from geomtoy.regions.frame import Frame
from geomtoy.regions.lines import Lines
from geomtoy.regions.maps import near
from geomtoy.regions.maps.blocks import of_states
from geomtoy.regions.maps.clans import IN_SEGMENT, of_clans
from geomtoy.regions.maps.cuts import Cuts, cuts_of
from geomtoy.regions.maps.floats import CellMaps, NextMaps, Segments, blocks, cut_lines, holding
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.maps.pulled import pulled_rows
from geomtoy.regions.maps.runs import of_families
from geomtoy.regions.maps.shared import SharedMaps
from geomtoy.regions.maps.structure import constant_signs, unreached
from geomtoy.regions.maps.sums import segment_starts
from geomtoy.regions.numbers.filter import UNDECIDED
from geomtoy.regions.numbers.predicates import Predicates
from geomtoy.regions.topology.chords import Crossings
from geomtoy.regions.topology.mesh import Mesh

BLOCK_BYTES = 1 << 20
"""Size of the maps that are worked on at a time: they should stay in the cache."""

DEEP, FEW = 8, 8
"""Layers, and signs that floats leave open, from which on it pays to look for better lines."""

MANY, UNITS = 1 << 16, 64
"""Cells times cuts, and units, from which on clans of cells are looked at."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What a run knows: the network, the levels made so far, the book of lines, and who decides."""

    network: Network
    frame: Frame
    levels: list[Level]
    lines: Lines
    predicates: Predicates


Finds = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""As `near.as_arrays` gives them."""


def find_crossings(
    subject: Subject, mesh: Mesh, corner: np.ndarray, layer: int, maps: CellMaps, by_runs: bool
) -> tuple[Crossings, np.ndarray]:
    """All crossings of a hidden layer's cuts and cells, and the lines (k, 4) of the cuts.

    Args:
        mesh: all cells of the level before, or a part of them made of whole segments of the maps.
        corner: vertex of each corner of its cells.
        by_runs: do without maps on all cells where that is possible: the units before are ReLU.
    """
    cuts = cuts_of(subject.network, layer)
    positive = np.zeros((mesh.n_cells, max(1, (len(cuts.unit) + 63) >> 6)), np.uint64)
    predicates = subject.predicates
    narrow = by_runs and predicates.uses_structure and cuts.plain
    if narrow and isinstance(maps, NextMaps) and maps.cuts.relu:
        parts = list(_by_runs(mesh, corner, maps, positive))
    elif isinstance(maps, SharedMaps) and predicates.uses_structure:
        of = maps.of[mesh.first : mesh.first + mesh.n_cells]
        parts = [of_states(of, maps.cuts, mesh, corner, positive)]
    elif predicates.uses_structure and _in_clans(maps, cuts, mesh):
        parts = list(_by_clans(mesh, corner, maps, positive))
    else:
        parts = list(_cell_by_cell(subject, mesh, layer, corner, maps, positive))
    cell, cut, rows, sign = (np.concatenate(part) for part in zip(*parts, strict=True))
    if len(cell) and (np.diff(cell) < 0).any():
        cell, cut, rows, sign = _by_cell(mesh.start, cell, cut, rows, sign)
    start = np.searchsorted(cell, np.arange(mesh.n_cells + 1))
    sign_start = np.concatenate([[0], np.cumsum(np.diff(mesh.start)[cell])])
    predicates.tally.decided += mesh.n_cells * len(cuts.unit) + len(sign)
    found = Crossings(start, cell, cut, positive, sign_start, sign)
    if (sign == UNDECIDED).any():
        _decide(subject, mesh, layer, corner, maps, found, rows)
        return _crossing_alone(found, rows)
    return found, rows


def _by_runs(mesh: Mesh, corner: np.ndarray, maps: NextMaps, positive: np.ndarray) -> Iterator[Finds]:
    within = slice(mesh.first, mesh.first + mesh.n_cells)
    parent, bits = maps.level.parent[within], maps.level.bits[within]
    cells = BLOCK_BYTES // (24 * maps.before.width)
    starts = maps.before.segment_start
    first, last = np.searchsorted(starts, parent[[0, -1]], side="right") - 1
    reach = int(starts[first]), int(starts[last + 1])
    for low, high in blocks(maps.before, cells, within=reach):
        before = maps.before.on(low, high)
        begin, end = np.searchsorted(parent, starts[[low, high]])
        yield of_families(
            mesh, corner, begin, end, parent, bits, before, maps.weights, maps.cuts, positive
        )


def _in_clans(maps: CellMaps, cuts: Cuts, mesh: Mesh) -> TypeGuard[NextMaps]:
    """Whether it pays to look at clans of cells: units are many, and their maps are neither known on all
    cells nor will be asked for again."""
    if not isinstance(maps, NextMaps) or mesh.n_cells * maps.width <= MANY or maps.width < UNITS:
        return False
    simple = maps.cuts.relu and cuts.plain and not (maps.since or maps.weights.sparse)
    return simple and not maps.again and not maps.known(mesh.first, mesh.first + mesh.n_cells - 1)


def _by_clans(mesh: Mesh, corner: np.ndarray, maps: NextMaps, positive: np.ndarray) -> Iterator[Finds]:
    level, before = maps.level, maps.before
    start = segment_starts(level.parent[mesh.first : mesh.first + mesh.n_cells], IN_SEGMENT) + mesh.first
    parent = level.parent[start[:-1]]
    block = max(1, BLOCK_BYTES // (24 * before.width))
    for low in range(0, len(parent), block):
        own = Segments(start[low : low + block + 1], parent[low : low + block])
        begin, end = holding(before, *own.parent[[0, -1]])
        known = before.ahead(begin, end) if isinstance(before, NextMaps) else before.on(begin, end)
        yield of_clans(mesh, corner, own, level, known, maps.weights, maps.cuts, positive)


def _cell_by_cell(
    subject: Subject, mesh: Mesh, layer: int, corner: np.ndarray, maps: CellMaps, positive: np.ndarray
) -> Iterator[Finds]:
    cuts = cuts_of(subject.network, layer)
    within = mesh.first, mesh.first + mesh.n_cells
    for low, high in blocks(maps, BLOCK_BYTES // (24 * maps.width), within=within):
        first, rows, error, segment = cut_lines(maps.on(low, high), cuts)
        lines = rows, subject.predicates.doubt(error), segment
        yield near.of_cells(first - mesh.first, lines, mesh, corner, positive)


@kernel
def _by_cell(start, cell, cut, rows, sign):
    """Finds in the order of their cells.

    Args:
        start: (P + 1,) as that of the mesh.
    """
    P, k = start.shape[0] - 1, cell.shape[0]
    finds, signs = np.zeros(P + 1, np.int64), np.zeros(P + 1, np.int64)  # before each cell
    for p in cell:
        finds[p + 1] += 1
        signs[p + 1] += start[p + 1] - start[p]
    for p in range(P):
        finds[p + 1] += finds[p]
        signs[p + 1] += signs[p]
    new_cell, new_cut = np.empty_like(cell), np.empty_like(cut)
    new_rows, new_sign = np.empty_like(rows), np.empty_like(sign)
    s = 0
    for i in range(k):
        p = cell[i]
        j = finds[p]
        finds[p] += 1
        new_cell[j], new_cut[j], new_rows[j] = p, cut[i], rows[i]
        for _ in range(start[p + 1] - start[p]):
            new_sign[signs[p]] = sign[s]
            signs[p] += 1
            s += 1
    return new_cell, new_cut, new_rows, new_sign


def _decide(
    subject: Subject,
    mesh: Mesh,
    layer: int,
    corner: np.ndarray,
    maps: CellMaps,
    found: Crossings,
    rows: np.ndarray,
) -> None:
    """Decide all signs that floats left open: each pair of a vertex and a cut once."""
    predicates, book = subject.predicates, subject.lines
    n_cuts = len(cuts_of(subject.network, layer).unit)
    doubtful = np.logical_or.reduceat(found.sign == UNDECIDED, found.sign_start[:-1])
    of_sign = np.repeat(np.arange(len(found.cell)), np.diff(found.sign_start))
    asked = np.flatnonzero(doubtful[of_sign])
    of_sign = of_sign[asked]
    at = corner[mesh.start[found.cell[of_sign]] + asked - found.sign_start[of_sign]]
    pairs, first, of_pair = np.unique(
        at * n_cuts + found.cut[of_sign], return_index=True, return_inverse=True
    )
    sign = np.full(len(pairs), UNDECIDED)
    np.minimum.at(sign, of_pair, found.sign[asked])  # UNDECIDED is the largest
    vertex, cut = np.divmod(pairs, n_cuts)
    of_first = of_sign[first]
    left = np.flatnonzero(sign == UNDECIDED)
    ends = book.known_rows()[mesh.lines[vertex[left]]]
    sign[left] = predicates.determinant_sides(ends, rows[of_first[left]])
    left = left[sign[left] == UNDECIDED]
    if layer > 1 and len(left) and predicates.uses_structure:
        sign[left] = _where_constant(subject, mesh, layer, corner, maps, vertex[left], cut[left])
        left = left[sign[left] == UNDECIDED]
    if layer >= DEEP and len(left) >= FEW and predicates.uses_structure:
        cell = found.cell[of_first[left]] + mesh.first
        sources = np.column_stack([np.full(len(left), layer), cell, cut[left]])
        find = partial(pulled_rows, subject.network, subject.frame, subject.levels)
        sign[left] = sharp_signs(book, mesh, vertex[left], sources, find)
        left = left[sign[left] == UNDECIDED]
    for i in left.tolist():
        line = book.maps.cut(layer, int(found.cell[of_first[i]]) + mesh.first, int(cut[i]))
        sign[i] = predicates.exact_side(line, book.meet(*mesh.lines[vertex[i]].tolist()))
    found.sign[asked] = sign[of_pair]


def _where_constant(
    subject: Subject,
    mesh: Mesh,
    layer: int,
    corner: np.ndarray,
    maps: CellMaps,
    vertex: np.ndarray,
    cut: np.ndarray,
) -> np.ndarray:
    """Signs of cuts at vertices, by cells there on which their units are known to be constant;
    UNDECIDED where there is none. Vertices ascend."""
    is_open = np.zeros(len(mesh.x), bool)
    is_open[vertex] = True
    place = np.flatnonzero(is_open[corner])
    cells = np.searchsorted(mesh.start, place, side="right") - 1 + mesh.first
    low, high = (np.searchsorted(vertex, corner[place], side=side) for side in ("left", "right"))
    n = high - low
    asked = np.repeat(low - np.cumsum(n) + n, n) + np.arange(n.sum())
    of_asked = np.repeat(cells, n)
    if isinstance(maps, SharedMaps):
        found = maps.constant_signs(of_asked, cut[asked])
    else:
        every, of_every = np.unique(of_asked, return_inverse=True)
        units = unreached(subject.network, subject.levels, layer, every)
        constant = units[of_every, cuts_of(subject.network, layer).unit[cut[asked]]]
        found = np.where(constant, constant_signs(subject.network, layer)[cut[asked]], UNDECIDED)
    sign = np.full(len(vertex), UNDECIDED)
    np.minimum.at(sign, asked, found)  # UNDECIDED is the largest
    return sign


def _crossing_alone(found: Crossings, rows: np.ndarray) -> tuple[Crossings, np.ndarray]:
    """Without the cuts that turn out not to cross; sets the bits of all."""
    chosen = _settle(found.cell, found.cut, found.sign_start, found.sign, found.positive)
    length = np.diff(found.sign_start)
    start = np.searchsorted(found.cell[chosen], np.arange(len(found.start)))
    sign_start = np.concatenate([[0], np.cumsum(length[chosen])])
    sign = found.sign[np.repeat(chosen, length)]
    left = Crossings(start, found.cell[chosen], found.cut[chosen], found.positive, sign_start, sign)
    return left, rows[chosen]


@kernel
def _settle(cell, cut, sign_start, sign, positive):
    """Whether each cut has both signs; adds the bits of those that are > 0 at a corner."""
    crosses = np.zeros(cell.shape[0], np.bool_)
    for k in range(cell.shape[0]):
        below = above = False
        for q in range(sign_start[k], sign_start[k + 1]):
            below |= sign[q] < 0
            above |= sign[q] > 0
        crosses[k] = below and above
        if above:
            positive[cell[k], cut[k] >> 6] |= np.uint64(1) << np.uint64(cut[k] & 63)
    return crosses
