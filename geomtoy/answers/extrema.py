"""The least and the greatest value of an output on a window, and where it is taken."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from geomtoy.answers.domain import Cells, Place, checked_output, complex_of, in_input_space, place_of
from geomtoy.regions import CellComplex
from geomtoy.regions.numbers.rationals import as_fraction
from geomtoy.regions.results.values import cells_at_vertices, exact_value, vertex_values


@dataclass(frozen=True, eq=False)
class Extremum:
    """An extreme value.

    Args:
        value: exactly.
        place: a vertex that has it, in slice coordinates.
        point: the same in R^{d_in}.
        vertices: all vertices of the complex that have it; in a cell it is taken on their convex hull.
    """

    value: Fraction
    place: Place
    point: Place
    vertices: np.ndarray

    def __float__(self) -> float:
        return float(self.value)


@dataclass(frozen=True, eq=False)
class Extrema:
    """Both ends of the range of an output, which is all between them, as it is continuous."""

    minimum: Extremum
    maximum: Extremum


def extrema(cells: Cells, output: int = 0) -> Extrema:
    """The least and the greatest value of an output on a bounded window.

    An affine function has its extrema on a polygon at corners.

    Args:
        cells: from `enumerate_regions`, in a plane or on a line.
    Raises:
        NetworkError: there is no such output.
        WindowError: the window is unbounded.
    Exactness: exact; values in float64 with proven errors leave few vertices to compare as rationals.
    Cost: O(vertices), and that of as many exact values as lie within rounding of the extremum.
    """
    complex = complex_of(cells)
    checked_output(complex.network, output)
    cell = cells_at_vertices(complex.subdivision)
    value, error = vertex_values(complex.subdivision, cell, output)
    return Extrema(
        _extremum(cells, complex, cell, output, value, error, -1),
        _extremum(cells, complex, cell, output, value, error, 1),
    )


@np.errstate(invalid="ignore")
def _extremum(
    cells: Cells,
    complex: CellComplex,
    cell: np.ndarray,
    output: int,
    value: np.ndarray,
    error: np.ndarray,
    sign: int,
) -> Extremum:
    """Where sign * value is greatest; values that are not known within an error may be."""
    known = np.isfinite(value) & np.isfinite(error)
    least = np.where(known, sign * value - error, -np.inf).max()
    candidates = np.flatnonzero(~known | (sign * value + error >= least))
    exact = [exact_value(complex.subdivision, v, int(cell[v]), output) for v in candidates.tolist()]
    best = max(exact, key=lambda z: sign * z)
    vertices = candidates[[z == best for z in exact]]
    place = place_of(cells, int(vertices[0]))
    return Extremum(as_fraction(best), place, in_input_space(complex, place), vertices)
