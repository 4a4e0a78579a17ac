"""How large cells are and how long their edges, beside what is published of random lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomtoy.answers.domain import complex_of
from geomtoy.errors import SettingError
from geomtoy.regions import CellComplex, Pieces
from geomtoy.theory.random_lines import PoissonLineCells


@dataclass(frozen=True, eq=False)
class Shapes:
    """Areas of cells and lengths of edges in a window, which cuts some of them.

    Leaving out what the window cuts would favour small cells. The means are those of the cells and edges
    whose lowest point lies inside, which every cell of an unbounded partition has an equal chance of.

    Args:
        areas: (F,) of all cells.
        whole: (F,) whether a cell has no side of the window.
        lengths: (E,) of all edges that are no side of the window.
        whole_edges: (E,) whether both ends lie inside.
        intensity: length of all edges in unit area.
        mean_area, mean_edge: the window's area, and the length of all edges, over the numbers of cells
            and edges whose lowest point lies inside; inf if there is none.
    """

    areas: np.ndarray
    whole: np.ndarray
    lengths: np.ndarray
    whole_edges: np.ndarray
    intensity: float
    mean_area: float
    mean_edge: float

    @property
    def of_random_lines(self) -> PoissonLineCells:
        """What a Poisson process of lines with the same length in unit area has on average.

        A first layer of many random units comes near it; deeper layers, whose lines bend and end, need
        not.

        Raises:
            SettingError: there is no edge inside the window.
        """
        if not self.intensity:
            raise SettingError("there is no edge inside the window, so no intensity to compare with")
        return PoissonLineCells(self.intensity)


def shapes(cells: CellComplex) -> Shapes:
    """Areas and edge lengths of the cells of a plane, and their means.

    Args:
        cells: from `enumerate_regions`, in a bounded window.
    Raises:
        SettingError: these are no cells of a plane.
        WindowError: the window is unbounded.
    Exactness: float64, from vertices that are known within `vertex_error`.
    """
    if isinstance(cells, Pieces):
        raise SettingError("pieces of a line have no shapes; give cells of a plane")
    complex = complex_of(cells)
    inner, ends = complex.edge_layer > 0, complex.edges
    at_side = np.zeros(complex.n_vertices, bool)
    at_side[ends[~inner]] = True
    along = complex.frame_vertices[ends[inner]]
    lengths = np.hypot(*(along[:, 1] - along[:, 0]).T) * float(complex.subdivision.frame.scale)
    areas = complex.areas()
    lowest = _lowest_corner(complex)
    lower = np.where(_height(complex)[ends[:, 0]] < _height(complex)[ends[:, 1]], ends[:, 0], ends[:, 1])
    n_cells, n_edges = np.count_nonzero(~at_side[lowest]), np.count_nonzero(~at_side[lower[inner]])
    cut = np.unique(complex.edge_cells[~inner])
    whole = np.ones(complex.n_cells, bool)
    whole[cut[cut >= 0]] = False
    return Shapes(
        areas,
        whole,
        lengths,
        ~at_side[ends[inner]].any(axis=1),
        float(lengths.sum() / areas.sum()),
        float(areas.sum() / n_cells) if n_cells else np.inf,
        float(lengths.sum() / n_edges) if n_edges else np.inf,
    )


def _height(complex: CellComplex) -> np.ndarray:
    """(V,) rank of each vertex from below, and from the left where two are level."""
    rank = np.empty(complex.n_vertices, np.int64)
    rank[np.lexsort(complex.frame_vertices.T)] = np.arange(complex.n_vertices)
    return rank


def _lowest_corner(complex: CellComplex) -> np.ndarray:
    """(F,) vertex."""
    height, corner, start = _height(complex), complex.cell_corners, complex.cell_start[:-1]
    at_height = np.argsort(height)
    found: np.ndarray = at_height[np.minimum.reduceat(height[corner], start)]
    return found
