"""What answers are about: the cells of a plane, or the pieces of a line, which are strips of a plane."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from geomtoy.errors import NetworkError, SettingError, WindowError
from geomtoy.network import Network, require_network
from geomtoy.normed import NormedNetwork
from geomtoy.regions import CellComplex, Pieces

Cells = CellComplex | Pieces
Place = tuple[Fraction, ...]
"""(s, t) in a plane, (t,) on a line; or a point of R^d."""


def complex_of(cells: Any) -> CellComplex:
    """The complex itself, or that of the strips which pieces are.

    Raises:
        SettingError: it is something else.
        WindowError: it is unbounded.
    """
    complex = cells.complex if isinstance(cells, Pieces) else cells
    if not isinstance(complex, CellComplex):
        raise no_cells(cells)
    if complex.subdivision.frame.unbounded:
        raise WindowError("the window is unbounded; enumerate inside a bounded one")
    return complex


def no_cells(what: Any) -> SettingError:
    """What is said of something else than cells, such as their network."""
    return SettingError(
        f"this is asked of a {type(what).__name__}; give what enumerate_regions makes of a network "
        "without a norm"
    )


def without_norm(network: Network | NormedNetwork) -> Network:
    """The network, if its regions are polytopes.

    Raises:
        NetworkError: it is behind a norm, or a model of another library.
    """
    if isinstance(network, NormedNetwork):
        raise NetworkError("behind a norm regions are no polytopes; give a network without one")
    require_network(network)
    return network


def breadth(cells: Cells) -> Fraction:
    """What measures of cells are divided by: the breadth of strips, 1 in a plane."""
    if isinstance(cells, CellComplex):
        return Fraction(1)
    heights = [y for _, y in cells.complex.subdivision.frame.corners_in_slice()]
    return max(heights) - min(heights)


def place_of(cells: Cells, vertex: int) -> Place:
    """A vertex in slice coordinates."""
    if isinstance(cells, CellComplex):
        return cells.exact_vertex(vertex)
    return cells.complex.exact_vertex(vertex)[:1]


def in_input_space(complex: CellComplex, place: Place) -> Place:
    """The point of R^d at a place of the slice."""
    origin, *directions = complex.subdivision.frame.slice_vectors()
    steps = zip(place, directions, strict=False)  # on a line, nothing moves along the second one
    point = list(origin)
    for distance, direction in steps:
        point = [z + distance * w for z, w in zip(point, direction, strict=True)]
    return tuple(point)


def checked_output(network: Network, output: int) -> int:
    """An output's number, if there is such an output."""
    if not 0 <= output < network.d_out:
        raise NetworkError(f"there is no output {output}; the network has {network.d_out}, from 0")
    return output
