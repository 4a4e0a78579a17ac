"""Exact vertices: where they lie in the window, and that cells are convex around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geomtoy.certify.borders import Borders
from geomtoy.certify.points import Line, Place, at, sign, turn, upwards
from geomtoy.certify.record import Record


def inside(
    record: Record, borders: Borders, places: Sequence[Place | None], sides: list[Line]
) -> str | None:
    """Whether vertices lie in the window, at infinity only where recorded, and edges of its border on
    the sides that they name."""
    signs = np.zeros((len(places), len(sides)), int)
    for v, place in enumerate(places):
        if place is None:
            continue
        if place.is_far != record.at_infinity[v]:
            return f"vertex {v} is {'' if place.is_far else 'not '}at infinity"
        signs[v] = [sign(at(side, place)) for side in sides]
        if signs[v].min() < 0:
            return f"vertex {v} lies outside the window"
    border = np.flatnonzero(borders.layer == 0)
    off = signs[record.edges[border], borders.unit[border, None]].any(axis=1)
    return f"edge {border[np.argmax(off)]} is not on its side of the window" if off.any() else None


def convexity(record: Record, places: Sequence[Place | None]) -> str | None:
    """Whether each cell turns left at every corner and once around in all.

    Where maxima merged cells, it may go straight on, but some cell turns at every vertex.
    """
    flat_everywhere = [v for v in np.unique(record.cell_corners).tolist() if places[v] is None]
    if flat_everywhere:
        return f"no cell turns at its corner {flat_everywhere[0]}"
    return _turns(record, places)


def _turns(record: Record, places: Sequence[Any]) -> str | None:
    corner, follow, flat = record.cell_corners, record.next_corner, bool(record.network.maxima)
    up = np.array([upwards(places[p], places[q]) for p, q in record.edges.tolist()])
    leads = up[record.cell_edges] == (corner == record.edges[record.cell_edges, 0])
    turns = np.array(
        [
            turn(places[p], places[q], places[r])
            for p, q, r in zip(corner, corner[follow], corner[follow[follow]], strict=True)
        ]
    )
    changes = leads != leads[follow]
    straight = (turns == 0) & ~changes if flat else np.zeros(len(turns), bool)
    wrong = np.flatnonzero(~((turns > 0) | straight))
    if len(wrong):
        cell = record.corner_cell[wrong[0]]
        return f"cell {cell} does not turn left at vertex {corner[follow[wrong[0]]]}"
    rounds = np.add.reduceat(changes.astype(int), record.cell_start[:-1])
    return f"cell {np.argmax(rounds != 2)} winds around more than once" if (rounds != 2).any() else None
