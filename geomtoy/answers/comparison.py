"""Two networks on one window: where they differ, by how much at most, and on what area."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, cast

import numpy as np

from geomtoy.activations import IDENTITY, RELU
from geomtoy.answers.domain import Cells, breadth, complex_of, no_cells, without_norm
from geomtoy.answers.extrema import Extremum, extrema
from geomtoy.answers.stacking import difference, stacked
from geomtoy.compiler import compile_layers
from geomtoy.errors import NetworkError
from geomtoy.layers import Maxout
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.regions import CellComplex, enumerate_regions
from geomtoy.regions.numbers.rationals import as_fmpq, as_fraction, total
from geomtoy.regions.results.areas import exact_areas
from geomtoy.slices import UNIT_SQUARE, Segment, Slice


@dataclass(frozen=True, eq=False)
class Comparison:
    """How two networks differ on a bounded window.

    Args:
        f, g: the networks.
        cells: the overlay of their regions, as the partition of f - g: where it is plotted, or asked for
            extrema and integrals, these are of the difference.
        differs: (F,) whether the maps of f and g differ on each cell of the overlay's complex; where
            they do, the functions are equal on a line at most.
        slice, window: where.
    """

    f: Network
    g: Network
    cells: Cells
    differs: np.ndarray
    slice: Slice | Segment | None
    window: Any

    def __repr__(self) -> str:
        if self.equal:
            return f"Comparison(equal on {len(self.cells)} cells)"
        return (
            f"Comparison(differ on {self.share:.4%} of the window, by at most "
            f"{float(abs(self.greatest.value)):.6g} in output {self.output})"
        )

    @property
    def equal(self) -> bool:
        """Whether both give the same outputs everywhere on the window."""
        return not self.differs.any()

    @cached_property
    def area(self) -> Fraction:
        """Where they differ, in squared slice units (on a line, the length)."""
        return _area(self.cells, self.differs)

    @property
    def share(self) -> float:
        """The same as a part of the window."""
        return float(self.area / _area(self.cells, np.ones_like(self.differs)))

    @property
    def output(self) -> int:
        """The output that differs most."""
        return self._greatest[0]

    @property
    def greatest(self) -> Extremum:
        """f - g in that output where its absolute value is greatest."""
        return self._greatest[1]

    @cached_property
    def _greatest(self) -> tuple[int, Extremum]:
        ends = [
            (output, end)
            for output in range(self.f.d_out)
            for found in [extrema(self.cells, output)]
            for end in (found.minimum, found.maximum)
        ]
        return max(ends, key=lambda one: abs(one[1].value))

    @cached_property
    def area_of_other_class(self) -> Fraction:
        """Where f and g have different classes: the first of the greatest outputs, or for one output
        whether it is > 0.

        Cost: an enumeration of both networks with both decisions behind.
        """
        both = _deciding(self.f, self.g)
        cells = enumerate_regions(both, slice=self.slice, window=self.window)
        entries = np.searchsorted(both.pattern_units, _deciders(both, self.f.d_out))
        one, other = complex_of(cells).activation_patterns[:, entries].T
        return _area(cells, one != other)


def compare(
    f: Network | NormedNetwork,
    g: Network | NormedNetwork, *, slice: Slice | Segment | None = None, window: Any = UNIT_SQUARE,
    max_regions: int | None = None,
) -> Comparison:  # fmt: skip
    """Compare two networks exactly, by the regions of a network that computes both.

    Args:
        f, g: networks with as many inputs and outputs, of any depths.
        slice, window, max_regions: as in `enumerate_regions`; the window is bounded.
    Raises:
        NetworkError: the networks do not fit each other, or one is behind a norm.
        WindowError, SliceError, BudgetError: as `enumerate_regions`.
    Exactness: exact for the stored parameters.
    Cost: that of enumerating one network with the units of both; and a comparison in integers on cells
        where floats do not tell the maps apart, all of them if the networks are equal.
    """
    f, g = without_norm(f), without_norm(g)
    cells = enumerate_regions(difference(f, g), slice=slice, window=window, max_regions=max_regions)
    return Comparison(f, g, cells, _non_zero(complex_of(cells)), slice, window)


@dataclass(frozen=True, eq=False)
class Changes:
    """Which activation regions two networks of one architecture share.

    Args:
        appeared: cells of the second whose pattern the first has nowhere.
        vanished: cells of the first whose pattern the second has nowhere.
        kept: (k, 2) cells of both with one pattern.
    """

    appeared: np.ndarray
    vanished: np.ndarray
    kept: np.ndarray

    def __repr__(self) -> str:
        return (
            f"Changes({len(self.appeared)} appeared, {len(self.vanished)} vanished, "
            f"{len(self.kept)} kept)"
        )


def changes(before: Cells, after: Cells) -> Changes:
    """Which regions appeared between two checkpoints of one training, by their activation patterns.

    Args:
        before, after: of networks with the same units, on one window.
    Raises:
        NetworkError: the networks do not have the same units.
        SettingError: they are networks, and not their cells.
    """
    for cells in (before, after):
        if isinstance(cells, Network):
            raise no_cells(cells)
    one, other = before.activation_patterns, after.activation_patterns
    if one.shape[1] != other.shape[1]:
        raise NetworkError(
            f"patterns have {one.shape[1]} and {other.shape[1]} entries; give networks of one "
            "architecture"
        )
    kind = np.promote_types(one.dtype, other.dtype)
    first, second = ([row.tobytes() for row in patterns.astype(kind)] for patterns in (one, other))
    number = {pattern: k for k, pattern in enumerate(first)}
    kept = [(number[pattern], k) for k, pattern in enumerate(second) if pattern in number]
    pairs = np.array(kept, np.int64).reshape(-1, 2)
    return Changes(
        np.setdiff1d(np.arange(len(second)), pairs[:, 1]),
        np.setdiff1d(np.arange(len(first)), pairs[:, 0]),
        pairs,
    )


def _non_zero(complex: CellComplex) -> np.ndarray:
    """(F,) whether some output's map is not zero on a cell."""
    sub = complex.subdivision
    _, rows, errors, segment = sub.output_maps
    bound = errors[segment][:, None, :]
    found = (np.abs(rows) > bound).any(axis=(1, 2))
    certainly_zero = ((rows == 0) & (bound == 0)).all(axis=(1, 2))
    outputs = len(complex.network.layers)
    for cell in np.flatnonzero(~found & ~certainly_zero).tolist():
        found[cell] = any(sub.lines.maps.affine(outputs, cell).rows.entries())
    return found


def _area(cells: Cells, which: np.ndarray) -> Fraction:
    """Of some cells of the complex, together."""
    areas = exact_areas(complex_of(cells), np.flatnonzero(which).tolist())
    return as_fraction(total(list(map(as_fmpq, areas))) / as_fmpq(breadth(cells)))


def _deciders(both: Network, d_out: int) -> list[int]:
    """The two units of a deciding network in whose pattern entries the classes of f and of g stand."""
    if d_out == 1:
        return [sum(both.widths) - 2, sum(both.widths) - 1]
    return [units[-1] for units in both.maxima[-2:]]


def _deciding(f: Network, g: Network) -> Network:
    """f and g, and behind them hidden layers that decide the class of each."""
    both = stacked(f, g)
    if f.d_out == 1:
        return Network([*both.layers, (np.eye(2), [0, 0])], [*both.activations, RELU], both.maxima)
    n = f.d_out
    decision = cast(Network, compile_layers([Maxout([range(n), range(n, 2 * n)])], 2 * n))
    before = sum(both.widths) + 2 * n
    return Network(
        [*both.layers, *decision.layers],
        [*both.activations, IDENTITY, *decision.activations],
        [*both.maxima, *([before + unit for unit in units] for units in decision.maxima)],
    )
