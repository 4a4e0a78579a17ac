"""Layers applied to exact cells by their definitions: the truth for `geomtoy.layers`.

It shares no code with `geomtoy`: residuals add up rows, a maximum splits each cell into the parts in
which each candidate is largest, and images are indexed one entry at a time. Patterns are keyed by the
order in which the layers decide: one entry for each ReLU unit or maximum.
"""

from __future__ import annotations

from dataclasses import replace

from oracle import Cell, Truth, affine, dot, input_rows, normal, split, start, subdivide

from geomtoy import layers as gl


def layer_oracle(steps, *, d_in, slice=None, window) -> Truth:
    """The cells of layers `Affine`, `Residual`, `Maxout` with lists, and activations."""
    rows = input_rows(d_in, slice)
    cells = [Cell(corners, rows) for corners in start(window, len(rows[0]) - 1)]
    return Truth(tuple(out for cell in cells for out in run(cell, steps)))


def run(cell, steps) -> list[Cell]:
    cells = [cell]
    for step in steps:
        cells = [after for before in cells for after in apply(before, step)]
    return cells


def apply(cell, step) -> list[Cell]:
    if isinstance(step, gl.Affine):
        return [affine(cell, (step.W, step.b))]
    if isinstance(step, gl.Maxout):
        return largest(cell, step.candidates)
    if isinstance(step, gl.Residual):
        return [after for out in run(cell, step.layers) for after in add(cell, out, step.projection)]
    return subdivide(cell, (step,) * len(cell.rows))


def add(cell, out, projection) -> list[Cell]:
    (shortcut,) = run(replace(cell, corners=out.corners), projection)
    total = (
        tuple(x + y for x, y in zip(p, q, strict=True))
        for p, q in zip(shortcut.rows, out.rows, strict=True)
    )
    return [replace(out, rows=tuple(total))]


def largest(cell, groups) -> list[Cell]:
    """Cut along the lines on which two candidates are equal, then see who wins at an inner point."""
    if isinstance(groups, int):
        n = len(cell.rows)
        groups = [list(range(i, i + groups)) for i in range(0, n, groups)]
    parts = [cell.corners]
    for group in groups:
        for i in group:
            for j in group:
                form = tuple(a - b for a, b in zip(cell.rows[i], cell.rows[j], strict=True))
                parts = [half for corners in parts for half in split(corners, form)]
    return [winner(replace(cell, corners=corners), groups) for corners in parts]


def winner(cell, groups) -> Cell:
    inside = normal(tuple(map(sum, zip(*cell.corners, strict=True))))
    values = [dot(row, inside) for row in cell.rows]
    won = [max(range(len(group)), key=lambda i: values[group[i]]) for group in groups]
    rows = tuple(cell.rows[group[i]] for group, i in zip(groups, won, strict=True))
    return replace(cell, rows=rows, pattern=(*cell.pattern, *won))
