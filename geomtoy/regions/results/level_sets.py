"""Where an output equals a level and where the arg max of the outputs changes, as exact polylines.

Outputs that become a hidden layer cut the regions where they change sign: those cuts are what is
looked for. Where an output only touches the level, it does so along edges and at vertices of that
subdivision, because it is affine on each cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from geomtoy.activations import Number, PiecewiseLinear, exact
from geomtoy.errors import NetworkError
from geomtoy.network import Network, require_network
from geomtoy.normed import NormedNetwork
from geomtoy.picture import Picture
from geomtoy.regions.results.output_cuts import Refined, refine, refine_by_class
from geomtoy.regions.results.polylines import OUTSIDE, Polyline, beside, polylines
from geomtoy.regions.topology.components import components
from geomtoy.slices import FAR, UNIT_SQUARE, Segment, Slice, Window


@dataclass(frozen=True)
class LevelPoint:
    """A point of a level set that is on no polyline.

    Args:
        exact: one coordinate on a line, two in a plane.
        regions: on a line, the piece on its left and on its right (one twice if it lies inside), -1
            outside the window; in a plane, all regions that have it as a corner.
        left, right: sign or class on either side of it (in a plane, all around it), None outside.
    """

    exact: tuple[Fraction, ...]
    regions: tuple[int, ...]
    left: int | None
    right: int | None


@dataclass(frozen=True, eq=False)
class LevelSet(Picture):
    """The exact level set of an output, or the border between classes, in a window.

    Regions are numbered as in `enumerate_regions` of the same network, slice and window.

    Args:
        polylines: its one-dimensional part; none on a line.
        points: its isolated points; on a line all points, from left to right.
        flat: regions on the whole of which the output equals the level; borders with other regions
            are on polylines, those between them are not.
        crossed: regions whose interior a polyline (on a line, a point) meets.
        n_components: number of connected components, flat regions taken with the rest.
    """

    polylines: list[Polyline]
    points: list[LevelPoint]
    flat: np.ndarray
    crossed: np.ndarray
    n_components: int

    def __repr__(self) -> str:
        return (
            f"LevelSet({len(self.polylines)} polylines, {len(self.points)} points, {self.n_components} "
            f"components, {len(self.crossed)} regions crossed)"
        )


def enumerate_level_set(
    network: Network | NormedNetwork,
    *,
    output: int = 0,
    level: Number = 0,
    slice: Slice | Segment | None = None,
    window: Window = UNIT_SQUARE,
    max_regions: int | None = None,
) -> LevelSet:
    """The points of a window where an output of a network equals a level.

    The sides of a polyline are signs of output - level: (1, -1) where it changes sign, (1, 1) or
    (-1, -1) where it only touches the level along an edge, 0 next to a flat region.

    Args:
        network: CPA network; one behind a norm is refused.
        output: which output.
        level: taken as the rational that it is.
        slice, window: as in `count_regions`; the whole plane is not taken, the whole line is.
        max_regions: largest number of cells to build, parts of regions on either side counted.
    Raises:
        NetworkError: there is no such output, the level is out of the range of float64, or the network
            stands behind a norm.
        WindowError: the window is not convex, has no area, or is the whole plane.
        SliceError, BudgetError: as `count_regions`.
    Exactness: exact for the stored parameters.
    Cost: that of enumerating the network with one unit as one more hidden layer.
    """
    network = _without_norm(network)
    if not 0 <= output < network.d_out:
        raise NetworkError(f"there is no output {output}; the network has {network.d_out}, from 0")
    W, b = network.layers[-1]
    cut = PiecewiseLinear((_level(level),), (1, 1), name="minus_level")
    refined = refine(network, (W[[output]], b[[output]]), cut, slice, window, max_regions)
    complex, at_vertex = refined.complex, refined.vertex_signs
    sign = np.sign(np.add.reduceat(at_vertex[complex.cell_corners], complex.cell_start[:-1]))
    zero = np.flatnonzero(~at_vertex[complex.edges].any(axis=1))
    borders = zero[(np.abs(beside(complex, zero, sign, OUTSIDE)) == 1).any(axis=1)]
    alone = np.setdiff1d(np.flatnonzero(at_vertex == 0), complex.edges[zero])
    return _collect(refined, sign, borders, zero, alone, np.unique(refined.region[sign == 0]))


def enumerate_decision_boundary(
    network: Network | NormedNetwork,
    *,
    slice: Slice | Segment | None = None,
    window: Window = UNIT_SQUARE,
    max_regions: int | None = None,
) -> LevelSet:
    """The borders between classes; the class of a point is the first of its greatest outputs.

    A single output is compared with 0: class 1 where it is > 0, class 0 elsewhere. The sides of a
    polyline are the classes there. Where outputs tie with one class on both sides is no border.

    Args, Raises, Exactness: as `enumerate_level_set`.
    Returns:
        its polylines and points; `flat` is empty.
    Cost: that of enumerating the network and a maximum of its outputs, ceil(log2 d_out) hidden layers.
    """
    network = _without_norm(network)
    refined = refine_by_class(network, slice, window, max_regions)
    label = refined.winner
    every, none = np.arange(refined.complex.n_edges), np.empty(0, np.int64)
    sides = beside(refined.complex, every, label, OUTSIDE)
    edges = np.flatnonzero((sides[:, 0] != sides[:, 1]) & (sides != OUTSIDE).all(axis=1))
    return _collect(refined, label, edges, edges, none, none)


def _without_norm(network: Network | NormedNetwork) -> Network:
    if isinstance(network, NormedNetwork):
        raise NetworkError(
            "behind a norm a level set is made of arcs, not of polylines; enumerate_regions gives the "
            "arcs of the units, level sets are for networks without a norm"
        )
    require_network(network)
    return network


def _level(level: Number) -> Fraction:
    value = exact(level, "the level")
    if value and not 1 / FAR <= abs(value) <= FAR:
        raise NetworkError("the level is not between 2^-1000 and 2^1000 in size; scale the network")
    return value


def _collect(
    refined: Refined,
    label: np.ndarray,
    edges: np.ndarray,
    links: np.ndarray,
    alone: np.ndarray,
    flat: np.ndarray,
) -> LevelSet:
    """The level set of which `edges` are the lines; `links` and the vertices `alone` are all of it."""
    complex, region = refined.complex, refined.region
    one, other = beside(complex, edges, region, -1).T
    joined = components(complex.n_vertices, complex.edges[links])
    n_components = len(np.unique(joined[np.union1d(complex.edges[links], alone)]))
    if refined.on_line:
        lines, points = [], [_on_line(refined, e, label) for e in refined.along(edges)]
    else:
        lines = polylines(complex, edges, label, region)
        points = [_in_plane(refined, int(v), label) for v in alone]
    return LevelSet(lines, points, flat, np.unique(one[one == other]), n_components)


def _on_line(refined: Refined, edge: int, label: np.ndarray) -> LevelPoint:
    cells = refined.beside(edge)
    regions = tuple(-1 if cell < 0 else int(refined.region[cell]) for cell in cells)
    left, right = (None if cell < 0 else int(label[cell]) for cell in cells)
    return LevelPoint((refined.position(edge),), regions, left, right)


def _in_plane(refined: Refined, vertex: int, label: np.ndarray) -> LevelPoint:
    complex = refined.complex
    corner = np.flatnonzero(complex.cell_corners == vertex)
    cells = np.searchsorted(complex.cell_start, corner, side="right") - 1
    around = int(label[cells[0]])
    regions = tuple(np.unique(refined.region[cells]).tolist())
    return LevelPoint(complex.exact_vertex(vertex), regions, around, around)
