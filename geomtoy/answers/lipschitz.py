"""How fast a network can change: the greatest operator norm of its derivative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Literal, NamedTuple

import numpy as np
from flint import fmpq, fmpq_mat

from geomtoy.answers.domain import Cells, complex_of
from geomtoy.answers.jacobians import exact_jacobian, float_jacobians
from geomtoy.answers.norms import column_sums, gram, greatest_eigenvalue, row_sums, square_root
from geomtoy.errors import SettingError
from geomtoy.regions import CellComplex, Pieces
from geomtoy.regions.numbers.rationals import as_fmpq, as_fraction
from geomtoy.regions.results.record import map_errors

ROUNDING = 1e-9
"""Part of a float norm that bounds how it was rounded: (m + n)^2 u and more, for m + n < 2000 (Higham
2002)."""


@dataclass(frozen=True, repr=False)
class Lipschitz:
    """A Lipschitz constant, which lies between two rationals; they are equal if it is known exactly.

    Args:
        low, high: of the constant.
        square: of the constant for the 2-norm, if it is rational (one output, or one direction).
        cell: a cell (or piece of a line) where the derivative has that norm.
    """

    low: Fraction
    high: Fraction
    square: Fraction | None
    cell: int
    norm: int | float

    def __float__(self) -> float:
        return float(self.high)

    def __repr__(self) -> str:
        return f"Lipschitz({float(self)!r}, norm={self.norm}, cell={self.cell})"


def lipschitz(
    cells: Cells, norm: int | float = 2, *, along: Literal["slice", "inputs"] = "slice"
) -> Lipschitz:
    """The least L with |f(x) - f(y)| <= L |x - y| on a bounded window, all outputs taken together.

    On a convex set it is the greatest operator norm of the derivative, since a path between two points
    crosses cells on each of which the function is affine.

    Args:
        cells: from `enumerate_regions`, in a plane or on a line.
        norm: 1, 2 or inf, of differences of inputs and of outputs.
        along: "slice" takes x and y in slice coordinates; "inputs" gives the greatest norm of the
            derivative in R^{d_in} over the regions that the slice meets, a lower bound on the Lipschitz
            constant around it.
    Raises:
        WindowError: the window is unbounded.
        SettingError: the norm is another.
    Exactness: 1 and inf exactly; 2 within a factor of 1 + 2^-58, and its square exactly for one output
        or on a line.
    Cost: O(cells); exact norms only where floats do not tell which is greatest.
    """
    if norm not in (1, 2, inf):
        raise SettingError(f"the norm is {norm!r}; give 1, 2 or inf")
    complex = complex_of(cells)
    derivative = _derivative(cells, complex, along)
    found = [(cell, _exact_norm(derivative.exact(cell), norm)) for cell in derivative.largest(norm)]
    cell = max(found, key=lambda one: one[1].high)[0]
    squares = [bounds.square for _, bounds in found if bounds.square is not None]
    return Lipschitz(
        as_fraction(max(bounds.low for _, bounds in found)),
        as_fraction(max(bounds.high for _, bounds in found)),
        as_fraction(max(squares)) if len(squares) == len(found) else None,
        int(np.flatnonzero(cells.order == cell)[0]) if isinstance(cells, Pieces) else cell,
        norm,
    )


class Bounds(NamedTuple):
    """Of a norm, and its square where that is known."""

    low: fmpq
    high: fmpq
    square: fmpq | None = None


@dataclass(frozen=True, eq=False)
class Derivative:
    """The derivative on each cell: floats (F, d_out, n), a bound on the error of each entry (broadcast),
    and exactly for one cell."""

    floats: np.ndarray
    error: np.ndarray
    exact: Callable[[int], fmpq_mat]

    def largest(self, norm: int | float) -> list[int]:
        """Cells that may have the greatest norm; of those with one derivative at least one."""
        value, error = _float_norms(self.floats, norm), self.error.sum(axis=(1, 2))
        error = error + ROUNDING * value
        known = np.isfinite(value) & np.isfinite(error)
        least = np.where(known, value - error, -np.inf).max()
        cells = np.flatnonzero(~known | (value + error >= least))
        exactly = (self.error[cells] == 0).all(axis=(1, 2))
        _, first = np.unique(self.floats[cells[exactly]], axis=0, return_index=True)
        return [*cells[~exactly].tolist(), *cells[exactly][first].tolist()]


def _derivative(cells: Cells, complex: CellComplex, along: str) -> Derivative:
    if along == "inputs":
        floats, error = float_jacobians(complex, np.arange(complex.n_cells))
        return Derivative(floats, error, lambda cell: exact_jacobian(complex, cell))
    if along != "slice":
        raise SettingError(f"along is {along!r}; give 'slice' or 'inputs'")
    width = 1 if isinstance(cells, Pieces) else 2
    floats = complex.A_omega[:, :, :width]
    error = np.broadcast_to(map_errors(complex)["A_error"][:, :, None], floats.shape)

    def exact(cell: int) -> fmpq_mat:
        slopes, _ = complex.exact_map(cell)
        return fmpq_mat([[as_fmpq(z) for z in row[:width]] for row in slopes])

    return Derivative(floats, error, exact)


def _float_norms(A: np.ndarray, norm: int | float) -> np.ndarray:
    """Norm of each matrix (F, m, n); NaN where an entry is no finite number."""
    finite = np.isfinite(A).all(axis=(1, 2))
    norms: np.ndarray = np.linalg.norm(np.where(finite[:, None, None], A, 0.0), norm, axis=(1, 2))
    return np.where(finite, norms, np.nan)


def _exact_norm(A: fmpq_mat, norm: int | float) -> Bounds:
    if norm != 2:
        value = column_sums(A) if norm == 1 else row_sums(A)
        return Bounds(value, value)
    low, high = greatest_eigenvalue(gram(A))
    return Bounds(*square_root(low, high), low if low == high else None)
