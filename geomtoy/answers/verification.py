"""Whether linear inequalities of a network's outputs hold together somewhere in a two-dimensional box.

On each cell the outputs are affine, so the points of it where some inequalities hold are a convex
polygon, perhaps a segment or a point, that is cut out of the cell exactly. There is no tolerance: a
property that holds with equality holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from flint import fmpq

from geomtoy.activations import exact
from geomtoy.answers.domain import Place, complex_of, in_input_space, place_of, without_norm
from geomtoy.errors import NetworkError
from geomtoy.importers.vnnlib import Case, Inequality, Specification, read_vnnlib
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.regions import CellComplex, Pieces, enumerate_regions
from geomtoy.regions.numbers.rationals import as_fraction
from geomtoy.regions.results.values import cells_at_vertices, vertex_values
from geomtoy.slices import UNIT_SQUARE, Segment, Slice

Corner = tuple[fmpq, fmpq]


@dataclass(frozen=True)
class Witness:
    """A point at which inequalities hold.

    Args:
        point: of R^{d_in}, exactly; its nearest floats may not do.
        outputs: of the network there, exactly.
    """

    point: Place
    outputs: Place

    def __repr__(self) -> str:
        at, out = (", ".join(f"{float(z):.6g}" for z in place) for place in (self.point, self.outputs))
        return f"Witness(near ({at}), outputs near ({out}))"


@dataclass(frozen=True)
class Verification:
    """What became of a specification.

    Args:
        counterexample: None if it holds.
        case: which of the specification's cases the counterexample is of.
    """

    counterexample: Witness | None
    case: int | None

    @property
    def holds(self) -> bool:
        return self.counterexample is None


def verify(
    network: Network | NormedNetwork,
    specification: Specification | str | Path,
    *,
    max_regions: int | None = None,
) -> Verification:
    """Decide a specification of VNN-LIB, whose counterexamples are points of boxes, exactly.

    Args:
        network: of which the stored numbers count, in real arithmetic: a float32 model may round its way
            over a border that this function does not pass.
        specification: a VNN-LIB file, or what `geomtoy.importers.vnnlib.read_vnnlib` makes of one; at
            most two inputs vary in each box.
        max_regions: as in `enumerate_regions`, for each box.
    Raises:
        NetworkError: the specification does not fit the network, or that is behind a norm.
        FileError: more than two inputs vary in a box, or the file cannot be read.
        BudgetError: as `enumerate_regions`.
    Exactness: exact. Cost: one enumeration a box; cells on which floats with proven errors do not
        exclude a counterexample are cut in rationals.
    """
    network = without_norm(network)
    if not isinstance(specification, Specification):
        specification = read_vnnlib(specification)
    if (specification.d_in, specification.d_out) != (network.d_in, network.d_out):
        raise NetworkError(
            f"the specification is of {specification.d_in} inputs and {specification.d_out} outputs, "
            f"the network of {network.d_in} and {network.d_out}; give a pair that fits"
        )
    boxes: dict[tuple[Place, Place], list[int]] = {}
    for k, case in enumerate(specification.cases):
        boxes.setdefault((case.low, case.high), []).append(k)
    for numbers in boxes.values():
        cases = [specification.cases[k] for k in numbers]
        found = _in_box(network, cases, max_regions)
        if found is not None:
            return Verification(found[1], numbers[found[0]])
    return Verification(None, None)


def find_point(
    network: Network | NormedNetwork,
    inequalities: Iterable[tuple[Sequence[Any], Any]],
    *,
    slice: Slice | Segment | None = None,
    window: Any = UNIT_SQUARE,
    max_regions: int | None = None,
) -> Witness | None:
    """A point of a slice's window at which all inequalities coefficients . f(x) <= bound hold; None if
    there is none.

        find_point(net, [([1, -1], 0)])  # is output 0 anywhere at most output 1?

    Args:
        inequalities: pairs of d_out coefficients and a bound; floats are the rationals that they are.
        slice, window, max_regions: as in `enumerate_regions`; the window is bounded.
    Raises:
        NetworkError: a pair does not fit the network, or that is behind a norm.
        WindowError, SliceError, BudgetError: as `enumerate_regions`.
    Exactness: exact.
    """
    network = without_norm(network)
    forms = [_inequality(network, *pair) for pair in inequalities]
    found = _in_window(network, [forms], slice, window, max_regions)
    return None if found is None else found[1]


def _inequality(network: Network, coefficients: Sequence[Any], bound: Any) -> Inequality:
    numbers = tuple(exact(z, "an inequality") for z in coefficients)
    if len(numbers) != network.d_out:
        raise NetworkError(
            f"an inequality has {len(numbers)} coefficients for {network.d_out} outputs; give one each"
        )
    return Inequality(numbers, exact(bound, "an inequality"))


Found = tuple[int, Witness] | None
"""Which of some conjunctions of inequalities holds, and where."""


def _in_box(network: Network, cases: list[Case], max_regions: int | None) -> Found:
    conjunctions = [list(case.inequalities) for case in cases]
    if cases[0].low == cases[0].high:
        return _at_point(network, conjunctions, cases[0].low)
    return _in_window(network, conjunctions, max_regions=max_regions, **cases[0].where())


def _at_point(network: Network, conjunctions: list[list[Inequality]], point: Place) -> Found:
    witness = _witness(network, point)
    for k, inequalities in enumerate(conjunctions):
        if all(_excess(one, witness.outputs) <= 0 for one in inequalities):
            return k, witness
    return None


def _in_window(
    network: Network,
    conjunctions: list[list[Inequality]],
    slice: Slice | Segment | None,
    window: Any,
    max_regions: int | None,
) -> Found:
    """Inequalities hold where their left sides less their bounds, as outputs of a network, are <= 0."""
    distinct = list(dict.fromkeys(one for some in conjunctions for one in some))
    judged = _judging(network, distinct) if distinct else network
    cells = enumerate_regions(judged, slice=slice, window=window, max_regions=max_regions)
    search = _Search(complex_of(cells), len(distinct))
    for k, inequalities in enumerate(conjunctions):
        place = search.place([distinct.index(one) for one in inequalities])
        if place is not None:
            at = place[:1] if isinstance(cells, Pieces) else place
            return k, _witness(network, in_input_space(complex_of(cells), at))
    return None


def _judging(network: Network, inequalities: list[Inequality]) -> Network:
    """x -> coefficients . f(x) - bound, for each inequality, in Fractions."""
    fraction = np.frompyfunc(Fraction, 1, 1)
    C = np.array([one.coefficients for one in inequalities], dtype=object)
    d = np.array([one.bound for one in inequalities], dtype=object)
    W, b = (fraction(part) for part in network.layers[-1])
    return Network([*network.layers[:-1], (C @ W, C @ b - d)], network.activations, network.maxima)


class _Search:
    """For points of a complex at which some outputs are <= 0."""

    def __init__(self, complex: CellComplex, n_outputs: int) -> None:
        self._complex = complex
        cell = cells_at_vertices(complex.subdivision)
        known = [vertex_values(complex.subdivision, cell, output) for output in range(n_outputs)]
        value, error = np.reshape(known, (n_outputs, 2, complex.n_vertices)).swapaxes(0, 1)
        self._holds = value + error <= 0
        fails = (value - error > 0)[:, complex.cell_corners]
        self._fails_on_cell = np.logical_and.reduceat(fails, complex.cell_start[:-1], axis=1)

    def place(self, outputs: list[int]) -> Place | None:
        """In slice coordinates, where these outputs are all <= 0."""
        which = np.array(outputs, np.int64)
        good = np.flatnonzero(self._holds[which].all(axis=0))
        if len(good):
            return place_of(self._complex, int(good[0]))
        excluded = self._fails_on_cell[which].any(axis=0)
        for cell in np.flatnonzero(~excluded).tolist():
            part = self._part(cell, outputs)
            if part:
                x, y = part[0]
                return self._complex.subdivision.frame.exact_to_slice((as_fraction(x), as_fraction(y)))
        return None

    def _part(self, cell: int, outputs: list[int]) -> list[Corner]:
        """Corners, in the frame, of the part of a cell in which these outputs are all <= 0."""
        sub = self._complex.subdivision
        rows = sub.lines.maps.affine(len(sub.network.layers), cell).rows
        lines = sub.mesh.lines[self._complex.corners(cell)].tolist()
        points = (sub.lines.meet(*pair) for pair in lines)
        part = [(fmpq(p.x, p.w), fmpq(p.y, p.w)) for p in points]
        for k in outputs:
            values = [rows[k, 0] * x + rows[k, 1] * y + rows[k, 2] for x, y in part]
            part = _not_positive(part, values)
        return part


def _not_positive(corners: list[Corner], values: list[fmpq]) -> list[Corner]:
    """The part of a convex polygon (or segment, or point) where an affine function, given at the
    corners, is <= 0."""
    kept = []
    after = [*corners[1:], *corners[:1]]
    for p, q, f, g in zip(corners, after, values, [*values[1:], *values[:1]], strict=True):
        if f <= 0:
            kept.append(p)
        if f * g < 0:
            kept.append(((p[0] * g - q[0] * f) / (g - f), (p[1] * g - q[1] * f) / (g - f)))
    return kept


def _excess(one: Inequality, outputs: Place) -> Fraction:
    return sum((c * y for c, y in zip(one.coefficients, outputs, strict=True)), -one.bound)


def _witness(network: Network, point: Place) -> Witness:
    return Witness(point, tuple(network(np.array([point], dtype=object))[0].tolist()))
