"""Whether edges and cells fit together: no coordinate is looked at."""

from __future__ import annotations

import numpy as np

from geomtoy.certify.record import Record


def structure(record: Record) -> str | None:
    """Whether arrays have the shapes and ranges that everything after takes for granted."""
    V, E, F = record.n_vertices, len(record.edges), record.n_cells
    network, start = record.network, record.cell_start
    d_out, corners = network.d_out, len(record.cell_corners)
    shapes = {
        "edges": (E, 2), "edge_cells": (E, 2), "edge_source": (E, 2), "edge_direction": (E,),
        "cell_edges": (corners,), "patterns": (F, len(network.pattern_units)), "linear_region": (F,),
        "at_infinity": (V,), "vertices": (V, 2), "vertex_error": (V,), "frame_vertices": (V, 2),
        "frame_error": (V,), "A_omega": (F, d_out, 2), "b_omega": (F, d_out), "A_error": (F, d_out),
        "b_error": (F, d_out), "frame_maps": (F, 3, d_out), "frame_map_error": (F, d_out),
    }  # fmt: skip
    for name, shape in shapes.items():
        if np.shape(getattr(record, name)) != shape:
            return f"{name} has shape {np.shape(getattr(record, name))}, not {shape}"
    if F < 1 or start[0] != 0 or start[-1] != corners:
        return "cell_start does not divide cell_corners"
    ranges = {"edges": (0, V), "edge_cells": (-1, F), "cell_corners": (0, V), "cell_edges": (0, E)}
    for name, (low, high) in ranges.items():
        numbers = getattr(record, name)
        if len(numbers) and (numbers.min() < low or numbers.max() >= high):
            return f"{name} holds a number that is not in {low}..{high - 1}"
    most = most_pieces(record)
    strange = np.argwhere((record.patterns < 0) | (record.patterns >= most))
    return f"cell {strange[0][0]} has a pattern that its units do not have" if len(strange) else None


def most_pieces(record: Record) -> np.ndarray:
    """Number of pieces of each entry of a pattern, or of candidates."""
    network = record.network
    layers = range(1, len(network.layers))
    pieces = np.array([len(act.slopes) for layer in layers for act in network.units(layer)], np.int64)
    for units in network.maxima:
        pieces[units[-1]] = len(units) + 1
    return pieces[network.pattern_units]


def boundaries(record: Record) -> str | None:
    """Whether edges close up around each cell, and each borders the cells that it claims."""
    if (np.diff(record.cell_start) < 3).any():
        return f"cell {np.argmin(np.diff(record.cell_start))} is not a simple polygon"
    cell, corner = record.corner_cell, record.cell_corners
    order = np.lexsort([corner, cell])
    again = (np.diff(cell[order]) == 0) & (np.diff(corner[order]) == 0)
    if again.any():
        return f"cell {cell[order][np.argmax(again)]} is not a simple polygon"
    ends = np.column_stack([corner, corner[record.next_corner]])
    of_edge, edge = record.edges[record.cell_edges], record.cell_edges
    joins = (np.sort(ends, axis=1) == np.sort(of_edge, axis=1)).all(axis=1)
    joins &= (record.edge_cells[edge] == cell[:, None]).any(axis=1)
    if not joins.all():
        k = np.argmin(joins)
        return f"edge {edge[k]} does not join the corners of cell {cell[k]} that it should"
    used = np.bincount(edge, minlength=len(record.edges))
    wrong = np.flatnonzero((used != (record.edge_cells >= 0).sum(axis=1)) | (used == 0))
    return f"edge {wrong[0]} borders {used[wrong[0]]} cells" if len(wrong) else None


def euler(record: Record) -> str | None:
    total = record.n_vertices - len(record.edges) + record.n_cells
    return None if total == 1 else f"V - E + F is {total}, not 1"


def edge_sides(record: Record) -> str | None:
    """Whether the cell that runs along an edge is on its left, the one that runs back on its right,
    and the unit of the edge grows to the side that its direction says."""
    along = record.cell_corners == record.edges[record.cell_edges, 0]
    claimed = record.edge_cells[record.cell_edges, np.where(along, 0, 1)]
    wrong = np.flatnonzero(claimed != record.corner_cell)
    if len(wrong):
        cell, edge = record.corner_cell[wrong[0]], record.cell_edges[wrong[0]]
        return f"cell {cell} is on the other side of edge {edge}"
    left, right = record.edge_cells.T
    outside = np.flatnonzero((left < 0) | (right < 0))
    against = outside[(left[outside] >= 0) != (record.edge_direction[outside] == 1)]
    if len(against):
        return f"edge {against[0]} of the window does not run in the direction that it records"
    return _growth(record)


def _growth(record: Record) -> str | None:
    """Inner edges of ordinary units: the piece is higher on the right if the direction is +1."""
    network = record.network
    starts = np.cumsum([0, *network.widths])
    layer, unit = record.edge_source[record.inner_edges].T
    ordinary = (layer >= 1) & (layer < len(starts)) & (unit >= 0)
    ordinary &= unit < np.array([0, *network.widths])[np.where(ordinary, layer, 0)]
    entry = entry_of_unit(record)[np.where(ordinary, starts[np.where(ordinary, layer, 1) - 1] + unit, 0)]
    ordinary &= entry >= 0
    edges, entry = record.inner_edges[ordinary], entry[ordinary]
    left, right = (record.patterns[record.edge_cells[edges, k], entry].astype(int) for k in (0, 1))
    wrong = edges[np.sign(right - left) * record.edge_direction[edges] < 0]
    return f"edge {wrong[0]} does not run in the direction that it records" if len(wrong) else None


def entry_of_unit(record: Record) -> np.ndarray:
    """Entry of a pattern that is the piece of each unit; -1 for one that decides a maximum."""
    entry = np.full(max(1, sum(record.network.widths)), -1)
    entry[record.network.pattern_units] = np.arange(len(record.network.pattern_units))
    entry[[unit for units in record.network.maxima for unit in units]] = -1
    return entry


def outline(record: Record, n_sides: int) -> str | None:
    """Whether the edges without a second cell run once around, along one side after the other."""
    border = np.flatnonzero((record.edge_cells < 0).any(axis=1))
    layer, side = record.edge_source[border].T
    unknown = (layer != 0) | (side < 0) | (side >= n_sides)
    if unknown.any() or not len(border):
        return "an edge without a second cell is on no side of the window"
    forth = record.edge_cells[border, 0] >= 0
    begin, end = (np.where(forth, *record.edges[border].T[::step]) for step in (1, -1))
    after = dict(zip(begin.tolist(), zip(end.tolist(), side.tolist(), strict=True), strict=True))
    vertex = int(begin[0])
    walked: list[int] = []
    while len(walked) <= len(border) and vertex in after:
        vertex, of_side = after.pop(vertex)
        walked.append(of_side)
    if after or vertex != begin[0]:
        return "the edges without a second cell do not run around the window once"
    steps = np.diff([*walked, walked[0]]) % n_sides
    if (steps > 1).any() or steps.sum() != n_sides:
        return "the edges without a second cell leave out a side of the window"
    return None
