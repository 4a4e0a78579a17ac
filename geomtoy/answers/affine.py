"""The affine maps of all layers over the whole input space, for given pieces of all units, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat

from geomtoy.network import Network
from geomtoy.regions.numbers.rationals import as_fmpq


def layer_maps(network: Network, pieces: np.ndarray) -> Iterator[fmpq_mat]:
    """For each hidden layer its preactivations, then the outputs: rows (slope of d_in numbers, offset).

    Args:
        pieces: (n_units,) of all hidden units, layer after layer.
    Cost: O(n_l n_{l-1} d_in) products a layer.
    """
    starts = np.cumsum([0, *network.widths])
    before = _with_constant(_identity(network.d_in))
    for layer, (W, b) in enumerate(network.layers, start=1):
        now = _matrix(np.column_stack([W.astype(object), b])) * before
        yield now
        if layer < len(network.layers):
            own = pieces[starts[layer - 1] : starts[layer]]
            before = _with_constant(_passed_on(network, layer, own, now))


def _passed_on(network: Network, layer: int, pieces: np.ndarray, now: fmpq_mat) -> list[list[fmpq]]:
    """The activations of a layer, given its preactivations and its units' pieces."""
    rows = []
    for unit, piece, row in zip(network.units(layer), pieces.tolist(), now.tolist(), strict=True):
        slope, offset = as_fmpq(unit.slopes[piece]), as_fmpq(unit.offsets[piece])
        rows.append([slope * z for z in row[:-1]] + [slope * row[-1] + offset])
    return rows


def _identity(n: int) -> list[list[fmpq]]:
    return [[fmpq(int(i == j)) for j in range(n + 1)] for i in range(n)]


def _with_constant(rows: list[list[fmpq]]) -> fmpq_mat:
    """A last row for the constant 1."""
    return fmpq_mat([*rows, [fmpq(0)] * (len(rows[0]) - 1) + [fmpq(1)]])


def _matrix(numbers: np.ndarray) -> fmpq_mat:
    return fmpq_mat([[as_fmpq(Fraction(z)) for z in row] for row in numbers.tolist()])
