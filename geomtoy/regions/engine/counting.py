"""Counts without the cells of the last hidden layer: part by part, its chords say how many there are.

Linear regions are counted in the same way. Inside a cell of the level before, a chord across which the
outputs go on as they were is no border of theirs, and is left out. Across the border of two such cells,
faces on which the outputs are the same are one: for that, only faces along borders are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from geomtoy.network import Network
from geomtoy.progress import Progress
from geomtoy.regions.engine.cutting import Cutting, cut_layer
from geomtoy.regions.engine.linear import linear_regions
from geomtoy.regions.engine.meetings import count_cells
from geomtoy.regions.engine.run import Enumeration, Subdivision, pays_off
from geomtoy.regions.engine.seams import Faces, Pieces, Seams
from geomtoy.regions.maps.cuts import cuts_of
from geomtoy.regions.maps.floats import CellMaps, NextMaps, blocks
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.topology.border import Border, border
from geomtoy.regions.topology.chords import Chords
from geomtoy.regions.topology.mesh import Mesh, part
from geomtoy.regions.topology.pairs import count_pairs

FULL_CHECK_PAIRS = 200_000_000
"""Crossing pairs in a block of cells beyond which it is not searched for concurrent chords unless asked
to."""

PART_BYTES = 64 * 2**20
"""Size of the table of signs that counting the last layer holds at a time."""

SMALL = 1 << 13
"""Tests of cells of the level before and of units against units of the last layer up to which the cells
of the last are built all the same to count linear regions: kernels for borders need not be compiled."""

MAPS_BYTES = 16 * 2**20
"""Size of the maps of the last layer that counting linear regions holds at a time."""


class Part(NamedTuple):
    """Some cells of the level before the last, and how the last hidden layer cuts them."""

    mesh: Mesh
    edges: np.ndarray  # (E,) numbers of its edges in the mesh of all cells
    cutting: Cutting


def count(run: Enumeration, full_check: bool, progress: Progress | None) -> tuple[int, bool]:
    """Number of cells, and whether it is proven.

    A block of cells with more than `FULL_CHECK_PAIRS` crossings between their chords is taken to be in
    general position, and the count is then not proven, unless `full_check` or a limit on regions asks
    for more.
    """
    if run.hidden == 0:
        return 1, True
    if run.merges_last:
        return run.through(run.hidden, progress)[0].n_cells, True
    mesh, maps = run.through(run.hidden - 1, progress)
    full_check |= run.max_regions is not None
    cells, proven = 0, True
    for one in _parts(run, mesh, maps, PART_BYTES // maps.width):
        found, sure = _cells(run, one.cutting, full_check)
        cells, proven = cells + found, proven and sure
        _report(run, mesh, one, cells, progress)
    return cells, proven


def count_linear(run: Enumeration, full_check: bool, progress: Progress | None) -> tuple[int, int, bool]:
    """Numbers of cells and of linear regions, and whether they are proven; see `count`."""
    if run.hidden == 0:
        return 1, 1, True
    if run.merges_last:
        return _of_all(run.run(progress))
    mesh, maps = run.through(run.hidden - 1, progress)
    if (mesh.n_cells + maps.width) * maps.width <= SMALL:
        mesh = run.build(mesh, run.hidden, maps)
        if progress:
            progress(run.hidden, mesh.n_cells)
        return _of_all(run.finished(mesh))
    exact = partial(run.subject.lines.maps.beyond, run.hidden)
    seams = Seams(run.network, tuple(run.subject.levels), mesh, exact)
    full_check |= run.max_regions is not None
    cells, faces, proven = 0, 0, True
    room = MAPS_BYTES // (24 * (maps.width + run.network.d_out))
    for one in _parts(run, mesh, maps, room, ahead=True):
        found, sure = _cells(run, one.cutting, full_check)
        cells, proven = cells + found, proven and sure
        bent = _add_faces(run, one, maps, seams)
        faces += found if bent is one.cutting else _cells(run, bent, full_check)[0]
        _report(run, mesh, one, cells, progress)
    return cells, faces - seams.n_joined(), proven


def _of_all(subdivision: Subdivision) -> tuple[int, int, bool]:
    """The same, once all cells are built."""
    return subdivision.mesh.n_cells, int(linear_regions(subdivision).max()) + 1, True


def _cells(run: Enumeration, cutting: Cutting, full_check: bool) -> tuple[int, bool]:
    """Number of cells that chords make, and whether it is proven."""
    if cutting.pairs.sum() > FULL_CHECK_PAIRS and not full_check:
        return cutting.most_cells, False
    return count_cells(cutting, run.subject), True


def _report(run: Enumeration, mesh: Mesh, one: Part, cells: int, progress: Progress | None) -> None:
    """Say how many cells there are at least after a part; after the last, refuse them if too many."""
    left = mesh.n_cells - one.mesh.first - one.mesh.n_cells
    if left == 0:
        run.within_budget(run.hidden, cells)
    if progress:
        progress(run.hidden - (left > 0), cells + left)


def _parts(
    run: Enumeration, mesh: Mesh, maps: CellMaps, room: int, ahead: bool = False
) -> Iterator[Part]:
    """All cells of a mesh, so many at a time; their lines are struck out of the book afterwards."""
    lines = run.subject.lines
    by_runs = pays_off(mesh, maps, run.subject.levels[-1])
    numbers = np.full(len(mesh.tail), -1), np.full(len(mesh.x), -1)
    for low, high in blocks(maps, room):
        first, end = (int(maps.segment_start[k]) for k in (low, high))
        whole = end - first == mesh.n_cells
        cells, edges = (mesh, np.arange(len(mesh.tail))) if whole else part(mesh, first, end, *numbers)
        known = len(lines)
        if ahead and not by_runs:
            maps.on(low, high)  # so that they are at hand when the outputs' maps need them too
        yield Part(cells, edges, cut_layer(run.subject, cells, run.hidden, maps, by_runs))
        lines.forget(known)


def _add_faces(run: Enumeration, one: Part, maps: CellMaps, seams: Seams) -> Cutting:
    """Enter the faces along borders; the cutting, with those chords alone across which the outputs
    bend."""
    mesh, edges, cutting = one
    points = cutting.points.edge_start
    sub_first = points + np.arange(len(points))
    found = Border(*border(mesh, sub_first, cutting.crossings, cutting.chords))
    faces = _faces(run, found, mesh.first, maps)
    bends = _bends(run.network, run.hidden, cutting, found, faces, seams)
    if not bends.all():
        faces = faces._replace(bends=_bits_that_bend(cutting, bends, found))
        chords = _without(cutting.chords, bends)
        cutting = replace(cutting, chords=chords, pairs=count_pairs(chords))
    edge = np.repeat(np.arange(len(edges)), np.diff(sub_first))
    both = (found.sides >= 0).all(axis=1)
    rank, face = np.arange(len(edge)) - sub_first[edge], found.sides.max(axis=1)
    pieces = Pieces(*(array[~both] for array in (edges[edge], rank, face)))
    seams.add(faces, found.sides[both], pieces)
    return cutting


def _faces(run: Enumeration, along: Border, first: int, maps: CellMaps) -> Faces:
    """The outputs' maps on faces along the borders of cells, which are numbered from `first` on."""
    n = len(along.cell)
    level = Level(along.cell + first, along.bits, np.maximum(np.arange(n) - 1, 0))
    outputs = NextMaps(run.network, run.hidden, maps, level, again=False)
    _, rows, error, segment = outputs.on(0, len(outputs.segment_start) - 1)
    return Faces(level.parent, along.bits, along.bits, rows, error[segment])


def _bends(
    network: Network, layer: int, cutting: Cutting, along: Border, faces: Faces, seams: Seams
) -> np.ndarray:
    """(K,) whether the outputs bend across each chord of the last hidden layer."""
    chords, cuts = cutting.chords, cuts_of(network, layer)
    turns = [s != t for unit in network.units(layer) for s, t in pairwise(unit.slopes)]
    seen = (network.layers[-1][0] != 0).any(axis=0)
    bends: np.ndarray = (np.array(turns, bool) & seen[cuts.unit])[cutting.crossings.cut[chords.crossing]]
    twins = np.flatnonzero(chords.next_twin[chords.crossing] >= 0)
    beyond = along.beyond[twins]
    same = seams.same(faces, np.column_stack([beyond - 1, beyond]))
    bends[twins] = ~np.isin(beyond, same[:, 1])
    return bends


def _bits_that_bend(cutting: Cutting, bends: np.ndarray, along: Border) -> np.ndarray:
    """(n, words) the bits of faces, without those of cuts on chords where the outputs do not bend."""
    chords, cut = cutting.chords, cutting.crossings.cut
    hidden = np.zeros((cutting.n_cells, along.bits.shape[1]), np.uint64)
    cell = np.repeat(chords.cells, np.diff(chords.start))[~bends]
    crossing = chords.crossing[~bends]
    while len(crossing):
        word, bit = np.divmod(cut[crossing], 64)
        np.bitwise_or.at(hidden, (cell, word), np.uint64(1) << bit.astype(np.uint64))
        crossing = chords.next_twin[crossing]
        cell, crossing = cell[crossing >= 0], crossing[crossing >= 0]
    shown: np.ndarray = along.bits & ~hidden[along.cell]
    return shown


def _without(chords: Chords, kept: np.ndarray) -> Chords:
    """The chords that are kept; boundary points stay as they are."""
    number = np.concatenate([[0], np.cumsum(kept)])
    return chords._replace(
        start=number[chords.start], first=chords.first[kept], last=chords.last[kept],
        crossing=chords.crossing[kept],
        by_last=number[chords.by_last[kept[chords.by_last]]].astype(np.int32),
    )  # fmt: skip
