"""A block's linear algebra in exact rational arithmetic: floats are the rationals that they are."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from geomtoy.block_arrays import BlockArrays
from geomtoy.network import Network
from geomtoy.slices import Slice


def rational(matrix: Any) -> fmpq_mat:
    """A matrix (m, n) or a row (n,) of floats or Fractions as rationals."""
    rows = np.atleast_2d(np.asarray(matrix, dtype=object))
    entries = [fmpq(*_ratio(x)) for x in rows.ravel().tolist()]
    return fmpq_mat(rows.shape[0], rows.shape[1], entries)


def fractions(matrix: fmpq_mat) -> np.ndarray:
    """Rationals as an object array of Fractions."""
    entries = [Fraction(int(q.p), int(q.q)) for q in matrix.entries()]
    array = np.empty(len(entries), object)
    array[:] = entries
    return array.reshape(matrix.nrows(), matrix.ncols())


def moving_token(plane: Slice) -> fmpq_mat:
    """Rows u, v, origin (3, d): a token at slice coordinates (s, t) is (s, t, 1) times it."""
    return rational(np.array([plane.u, plane.v, plane.origin], dtype=object))


def value_and_output(block: BlockArrays, head: int) -> fmpq_mat:
    """W_V W_O of a head (d, d)."""
    return rational(block.W_V[head]) * rational(block.W_O[head])


def constant(rows: fmpq_mat, j: int) -> fmpq_mat:
    """Row j as a constant function of the slice coordinates."""
    d = rows.ncols()
    return fmpq_mat(3, d, [0] * (2 * d) + [rows[j, k] for k in range(d)])


def mlp_on(block: BlockArrays, rows: fmpq_mat) -> Network:
    """The MLP as a network of the slice coordinates, its input being (s, t, 1) times rows (3, d)."""
    (W1, b1), *others = block.mlp.layers
    composed = fractions(rational(W1) * rows.transpose())
    bias = composed[:, 2] + np.array([Fraction(x) for x in b1.tolist()], dtype=object)
    return Network([(composed[:, :2], bias), *others], block.mlp.activations, block.mlp.maxima)


def _ratio(x: Any) -> tuple[int, int]:
    p, q = x.as_integer_ratio()
    return int(p), int(q)
