"""The derivative of a network with respect to all of its inputs, on the regions that a slice meets."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import fmpq_mat

from geomtoy.answers.affine import layer_maps
from geomtoy.answers.domain import Cells, complex_of
from geomtoy.network import Network
from geomtoy.regions import CellComplex, Pieces
from geomtoy.regions.maps.levels import pieces_on
from geomtoy.regions.numbers.bounds import U, forward_error, passed_on
from geomtoy.regions.numbers.rationals import as_fraction

BLOCK_BYTES = 1 << 26
"""Memory that the products of some cells take at a time."""


def jacobians(cells: Cells) -> np.ndarray:
    """(F, d_out, d_in) float64 derivative of the outputs with respect to the inputs of R^{d_in}.

    `A_omega` is the derivative along the slice; this one holds in all directions in which the region
    extends. Where a unit is 0 on the whole slice it counts as being on the left of its breakpoint.

    Args:
        cells: from `enumerate_regions`, in a plane or on a line; the order is theirs.
    Raises:
        WindowError: the window is unbounded.
    Cost: O(n_l n_{l-1} d_in) a cell and layer.
    """
    complex = complex_of(cells)
    every = cells.order if isinstance(cells, Pieces) else np.arange(complex.n_cells)
    return float_jacobians(complex, every)[0]


def jacobian(cells: Cells, cell: int) -> list[list[Fraction]]:
    """The derivative on one cell, or piece of a line, d_out rows of d_in Fractions."""
    complex = complex_of(cells)
    exact = exact_jacobian(complex, int(cells.order[cell]) if isinstance(cells, Pieces) else cell)
    return [[as_fraction(z) for z in row] for row in exact.tolist()]


def float_jacobians(complex: CellComplex, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(k, d_out, d_in) derivatives on some cells of the complex, and bounds on their errors."""
    network = complex.network
    wide = max(network.d_in, *network.widths, network.d_out)
    n_blocks = 1 + len(cells) * wide * network.d_in * 8 // BLOCK_BYTES
    blocks = [_block(complex, part) for part in np.array_split(cells, n_blocks)]
    floats, errors = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return floats, errors


def exact_jacobian(complex: CellComplex, cell: int) -> fmpq_mat:
    """The derivative on a cell of the complex."""
    *_, outputs = layer_maps(complex.network, _pieces(complex, np.array([cell]))[0])
    return fmpq_mat([row[:-1] for row in outputs.tolist()])


def _pieces(complex: CellComplex, cells: np.ndarray) -> np.ndarray:
    return pieces_on(complex.network, complex.subdivision.levels, cells)


@np.errstate(all="ignore")
def _block(complex: CellComplex, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `float_jacobians`: the images of the basis vectors under the linear parts of all layers."""
    network = complex.network
    pieces, starts = _pieces(complex, cells), np.cumsum([0, *network.widths])
    first = network.float_layers[0][0].T
    z: np.ndarray = np.broadcast_to(first, (len(cells), *first.shape))
    error: np.ndarray = 2 * U * np.abs(z)
    for layer, (W, _) in enumerate(network.float_layers[1:], start=1):
        slopes = _slopes(network, layer, pieces[:, starts[layer - 1] : starts[layer]])[:, None]
        nothing = np.zeros(len(W))
        z, error = forward_error(*passed_on(slopes, np.zeros(1), z, error), W, nothing)
    return z.transpose(0, 2, 1), error.transpose(0, 2, 1)


def _slopes(network: Network, layer: int, pieces: np.ndarray) -> np.ndarray:
    """(k, width) slope of each unit of a layer on its piece (k, width)."""
    units = network.units(layer)
    most = max(len(unit.slopes) for unit in units)
    table = np.array([[*map(float, u.slopes), *[0.0] * (most - len(u.slopes))] for u in units])
    found: np.ndarray = np.take_along_axis(table, pieces.T.astype(np.int64), axis=1).T
    return found
