"""Areas of cells, and of what cells belong to: linear regions and classes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geomtoy.regions.numbers.rationals import as_fmpq, as_fraction, total
from geomtoy.regions.results.green import Polynomial, integrals

if TYPE_CHECKING:
    from geomtoy.regions.results.complex import CellComplex

By = Literal["cell", "linear_region", "class"]


def exact_areas(complex: CellComplex, cells: Sequence[int] | None = None) -> list[Fraction]:
    """Area of each cell, or of some, in squared slice units."""
    unit = as_fmpq(complex.subdivision.frame.scale) ** 2
    one: Polynomial = {(0, 0): unit}
    everywhere = [one] * (complex.n_cells if cells is None else len(cells))
    return [as_fraction(area) for area in integrals(complex.subdivision, everywhere, 0, cells)]


@np.errstate(over="ignore", invalid="ignore")
def float_areas(complex: CellComplex) -> np.ndarray:
    """The same in float64, from vertices that are rounded relative to the window; inf for unbounded
    cells."""
    corner, start = complex.cell_corners, complex.cell_start
    follow = np.arange(1, len(corner) + 1)
    follow[start[1:] - 1] = start[:-1]
    scale = float(complex.subdivision.frame.scale)
    points = complex.frame_vertices  # of size one, so that no window is too large, small or far
    anchor = np.repeat(points[corner[start[:-1]]], np.diff(start), axis=0)
    p, q = points[corner] - anchor, points[corner[follow]] - anchor
    size = np.frexp(np.maximum.reduceat(np.abs(p).max(axis=1), start[:-1]))[1]
    one = -np.repeat(size, np.diff(start))[:, None]  # on the plane, cells' products may overflow
    p, q = np.ldexp(p, one), np.ldexp(q, one)
    area = np.add.reduceat(p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0], start[:-1]) / 2
    area = np.ldexp(area, 2 * size)
    unbounded = np.logical_or.reduceat(complex.at_infinity[corner], start[:-1])
    return np.where(unbounded, np.inf, np.maximum(area, 0.0) * scale * scale)


def summed(areas: Any, label: np.ndarray, n_labels: int) -> Any:
    """Areas of all cells with each label: an array for floats, a list of Fractions for Fractions."""
    if isinstance(areas, np.ndarray):
        return np.bincount(label, areas, minlength=n_labels)
    parts: list[list[Any]] = [[] for _ in range(n_labels)]
    for area, k in zip(areas, label.tolist(), strict=True):
        parts[k].append(as_fmpq(area))
    return [as_fraction(total(part)) for part in parts]
