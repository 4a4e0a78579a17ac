"""Where each of several affine functions is the greatest: a power diagram in a polygon, exactly."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

Row = tuple[fmpq, fmpq, fmpq]
"""The function a x + b y + c."""
Polygon = list[tuple[fmpq, fmpq]]
"""Corners, counter-clockwise."""


def enumerate_power_cells(rows: Sequence[Row], polygon: Polygon) -> list[tuple[int, Polygon]]:
    """Cut a convex polygon into the convex cells where one function is the greatest.

    Args:
        rows: affine functions; where several are equal on a whole cell, the first has it.
    Returns:
        (index, cell) for each function that is the greatest somewhere inside, in the order of indices.

    Exactness: exact, in rational arithmetic throughout. Cost: O(n^2 corners) signs, but functions that
        lose to the greatest at the polygon's corners are dropped after a few.
    """
    likely = sorted({max(range(len(rows)), key=lambda j: (_at(rows[j], p), -j)) for p in polygon})
    cells = []
    for j, row in enumerate(rows):
        others = [*likely, *(k for k in range(len(rows)) if k not in likely)]
        cell = _where_greatest(j, row, others, rows, polygon)
        if cell:
            cells.append((j, cell))
    return cells


def clip(polygon: Polygon, row: Row) -> Polygon:
    """The part of a convex polygon where a function is >= 0; empty if it is > 0 at no corner."""
    values = [_at(row, p) for p in polygon]
    if not any(z > 0 for z in values):
        return []
    if not any(z < 0 for z in values):
        return polygon
    kept = []
    for i, (p, z) in enumerate(zip(polygon, values, strict=True)):
        (px, py), (qx, qy), y = p, polygon[i - 1], values[i - 1]
        if (y < 0 < z) or (z < 0 < y):
            share = y / (y - z)
            kept.append((qx + share * (px - qx), qy + share * (py - qy)))
        if z >= 0:
            kept.append(p)
    return kept


def _where_greatest(
    j: int, row: Row, others: Sequence[int], rows: Sequence[Row], polygon: Polygon
) -> Polygon:
    for k in others:
        if k == j:
            continue
        a, b, c = (mine - theirs for mine, theirs in zip(row, rows[k], strict=True))
        if a == b == c == 0:
            if k < j:
                return []
            continue
        polygon = clip(polygon, (a, b, c))
        if not polygon:
            return []
    return polygon


def _at(row: Row, point: tuple[fmpq, fmpq]) -> fmpq:
    return row[0] * point[0] + row[1] * point[1] + row[2]
