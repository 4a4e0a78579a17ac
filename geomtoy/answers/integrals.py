"""Integrals of polynomials in a network's outputs and its slice's coordinates, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from geomtoy.answers.domain import Cells, breadth, complex_of
from geomtoy.answers.polynomials import Polynomial, variables
from geomtoy.errors import SettingError
from geomtoy.regions import CellComplex, Pieces
from geomtoy.regions.frame import Frame
from geomtoy.regions.numbers.rationals import as_fmpq, as_fraction, total
from geomtoy.regions.results.green import integrals

Integrand = Callable[..., Any]

PLANE = fmpq_mpoly_ctx.get(("x", "y"), Ordering.deglex)
"""Polynomials in frame coordinates."""


@dataclass(frozen=True, eq=False)
class Integral:
    """An integral over a window; `float()` rounds it once.

    Args:
        value: the sum over all cells.
        cells: the part of each cell (in a plane) or piece (on a line), in their order.
    """

    value: Fraction
    cells: list[Fraction]

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        return f"Integral({self.value!r}, over {len(self.cells)} cells)"


def integral(cells: Cells, integrand: Integrand | None = None) -> Integral:
    """The integral of a polynomial in the outputs and in slice coordinates, with respect to the latter.

        integral(cells)                                    # of f itself
        integral(cells, lambda f, s, t: (f - s * t) ** 2)  # squared distance to a polynomial
        integral(pieces, lambda f, t: f ** 2)              # on a line
        integral(cells, lambda f, s, t: f[0] * f[1])       # of several outputs

    Args:
        cells: from `enumerate_regions`, in a plane or on a line.
        integrand: called once with symbols: f (a list of them if there are several outputs), then s
            and t, or t alone on a line. It may use +, -, *, division by numbers and whole powers;
            floats are taken as the rationals that they are. By default f, which must be one.
    Raises:
        WindowError: the window is unbounded.
        SettingError: the integrand is no polynomial.
    Exactness: exact. The sum over thousands of cells with float64 weights has millions of digits.
    Cost: about 4,000 cells a second for f, 2,000 for squares, on 2-64-64-1 with float64 weights.
    """
    complex = complex_of(cells)
    line = isinstance(cells, Pieces)
    on_cell = _in_frame(_called(integrand, complex.network.d_out, line), complex.subdivision.frame)
    unit = as_fmpq(complex.subdivision.frame.scale**2 / breadth(cells))
    parts = [unit * part for part in _parts(complex, on_cell)]
    if isinstance(cells, Pieces):
        parts = [parts[k] for k in cells.order.tolist()]
    return Integral(as_fraction(total(parts)), [as_fraction(part) for part in parts])


def _called(integrand: Integrand | None, n_outputs: int, line: bool) -> Polynomial:
    """The integrand as a polynomial in all outputs, s and t."""
    *outputs, s, t = variables(n_outputs + 2)
    f: Any = outputs if n_outputs > 1 else outputs[0]
    if integrand is None:
        integrand = _first
    try:
        found = integrand(f, s) if line else integrand(f, s, t)
        return found if isinstance(found, Polynomial) else 0 * s + found
    except TypeError as error:
        raise SettingError(
            f"the integrand is no polynomial in f and {'t' if line else 's, t'} ({error}); use +, -, * "
            "and whole powers"
        ) from None


def _first(f: Any, *_: Any) -> Any:
    if isinstance(f, list):
        raise SettingError(
            f"the network has {len(f)} outputs; say which to integrate: lambda f, *_: f[0]"
        )
    return f


OnCell = Callable[[list[fmpq_mpoly]], fmpq_mpoly]


def _in_frame(integrand: Polynomial, frame: Frame) -> OnCell:
    """What becomes of the integrand where the outputs are given affine functions of frame
    coordinates."""
    scale, (s, t) = as_fmpq(frame.scale), map(as_fmpq, frame.centre)
    x, y = PLANE.gens()
    place = [s + scale * x, t + scale * y]
    fixed: dict[tuple[int, ...], fmpq_mpoly] = {}
    for (*powers, i, j), c in integrand.terms.items():
        key = tuple(powers)
        fixed[key] = fixed.get(key, PLANE.constant(0)) + as_fmpq(c) * place[0] ** i * place[1] ** j

    def on_cell(outputs: list[fmpq_mpoly]) -> fmpq_mpoly:
        found = PLANE.constant(0)
        for powers, factor in fixed.items():
            for f, power in zip(outputs, powers, strict=True):
                if power:
                    factor = factor * f**power
            found += factor
        return found

    return on_cell


def _parts(complex: CellComplex, on_cell: OnCell) -> list[fmpq]:
    """The integral over each cell, in the frame."""
    sub = complex.subdivision
    maps, outputs = sub.lines.maps, len(sub.network.layers)
    found = [on_cell(_outputs(*maps.affine(outputs, cell))) for cell in range(complex.n_cells)]
    degree = max(0, *(int(p.total_degree()) for p in found))
    return integrals(sub, (p.to_dict() for p in found), degree)


def _outputs(rows: Any, scale: Any) -> list[fmpq_mpoly]:
    """The outputs on a cell as polynomials, from integers over one scale."""
    places = ((1, 0), (0, 1), (0, 0))
    return [
        PLANE.from_dict({at: fmpq(rows[i, k], scale) for k, at in enumerate(places)})
        for i in range(rows.nrows())
    ]
