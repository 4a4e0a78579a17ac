"""What users call: count the regions of a network, or enumerate them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from geomtoy.circles import CircleComplex, count_circle_regions, enumerate_circle_regions
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.progress import Progress, reports
from geomtoy.regions.engine.counting import count, count_linear
from geomtoy.regions.engine.run import Enumeration, resolve_window
from geomtoy.regions.results.complex import CellComplex
from geomtoy.regions.results.pieces import Pieces
from geomtoy.slices import UNIT_SQUARE, Segment, Slice, Window


@dataclass(frozen=True)
class RegionCount:
    """Counts of a network on a window.

    `regions` are activation regions, `linear_regions` their unions across edges on which the map does
    not change (None if not asked for). `certified`: every sign behind the counts was decided within a
    proven error bound or exactly. `signs` were decided, `rational_signs` of them in rational
    arithmetic.
    """

    regions: int
    linear_regions: int | None
    certified: bool
    signs: int
    rational_signs: int


def count_regions(
    network: Network | NormedNetwork,
    *,
    slice: Slice | Segment | None = None,
    window: Window = UNIT_SQUARE,
    linear: bool = True,
    max_regions: int | None = None,
    full_check: bool = False,
    progress: bool | Progress | None = None,
    max_seconds: float | None = None,
) -> RegionCount:
    """Count the activation regions and linear regions of a network inside a window.

    Args:
        network: CPA network, or one behind a norm, whose regions are cut by arcs of circles
            (`geomtoy.circles`).
        slice: where to look in R^{d_in}; None when d_in is 1 or 2.
        window: convex polygon (n, 2) in slice units, or (low, high): a square, in 1D an interval; None
            for everything.
        linear: whether to count linear regions too.
        max_regions: stop rather than build more cells than this.
        full_check: search a layer for concurrent lines however large it is. Excluding three concurrent
            lines takes quadratic time (3SUM), so without it a last layer with more than 2 * 10^8
            crossing pairs is taken to be in general position: the counts are not `certified`.
        progress: True for a bar on stderr, or a function of (hidden layers done, cells so far).
        max_seconds: stop after so much wall-clock time; looked at after each layer and each part of the
            last one, not while the linear regions of a layer that decides maxima are joined.
    Raises:
        WindowError: the window is not convex or has no area.
        SliceError: the slice does not fit the network.
        BudgetError: there are more than `max_regions` cells; no count is given.
        OutOfTimeError: `max_seconds` are over; it says how many regions there are at least.
    Exactness: exact for the stored parameters.
    Cost: O(cells x units of the next layer) sign tests; the cells of the last hidden layer are counted
        and not built, unless it decides maxima.
    """
    if isinstance(network, NormedNetwork):
        with reports(progress, len(network.widths), max_seconds) as report:
            return RegionCount(
                *count_circle_regions(network, slice, window, linear, max_regions, report)
            )
    polygon, _ = resolve_window(network, slice, window)
    run = Enumeration(network, slice, polygon, max_regions)
    with _reports(network, progress, max_seconds) as report, np.errstate(all="ignore"):
        regions, merged, certified = _counts(run, linear, full_check, report)
    return RegionCount(regions, merged, certified, run.tally.decided, run.tally.rational)


def _counts(
    run: Enumeration, linear: bool, full_check: bool, report: Progress
) -> tuple[int, int | None, bool]:
    """Regions, linear regions, and whether the numbers are proven."""
    if not linear:
        regions, proven = count(run, full_check, report)
        return regions, None, proven
    return count_linear(run, full_check, report)


@overload
def enumerate_regions(
    network: NormedNetwork,
    *,
    slice: Slice | None = None,
    window: Window = UNIT_SQUARE,
    max_regions: int | None = None,
    progress: bool | Progress | None = None,
    max_seconds: float | None = None,
) -> CircleComplex: ...


@overload
def enumerate_regions(
    network: Network,
    *,
    slice: Slice,
    window: Window = UNIT_SQUARE,
    max_regions: int | None = None,
    progress: bool | Progress | None = None,
    max_seconds: float | None = None,
) -> CellComplex: ...


@overload
def enumerate_regions(
    network: Network,
    *,
    slice: Segment,
    window: Window = UNIT_SQUARE,
    max_regions: int | None = None,
    progress: bool | Progress | None = None,
    max_seconds: float | None = None,
) -> Pieces: ...


@overload
def enumerate_regions(
    network: Network | NormedNetwork,
    *,
    slice: Slice | Segment | None = None,
    window: Window = UNIT_SQUARE,
    max_regions: int | None = None,
    progress: bool | Progress | None = None,
    max_seconds: float | None = None,
) -> Any: ...  # `CellComplex`, or `Pieces` where d_in is 1: the type does not say which


def enumerate_regions(
    network: Network | NormedNetwork,
    *,
    slice: Slice | Segment | None = None,
    window: Window = UNIT_SQUARE,
    max_regions: int | None = None,
    progress: bool | Progress | None = None,
    max_seconds: float | None = None,
) -> CellComplex | CircleComplex | Pieces:
    """Enumerate the activation regions of a network inside a window.

    Args, Raises, Exactness: as `count_regions`.
    Returns:
        `CellComplex` in 2D; `Pieces` for a 1D input or a `Segment`; `CircleComplex` behind a norm.
    Cost: as `count_regions`, plus memory of about 0.4 KB a cell and the units of the last layers.
    """
    if isinstance(network, NormedNetwork):
        with reports(progress, len(network.widths), max_seconds) as report:
            return enumerate_circle_regions(network, slice, window, max_regions, report)
    polygon, flat = resolve_window(network, slice, window)
    with _reports(network, progress, max_seconds) as report, np.errstate(all="ignore"):
        subdivision = Enumeration(network, slice, polygon, max_regions).run(report)
    return Pieces(subdivision) if flat else CellComplex(subdivision)


def _reports(
    network: Network, progress: bool | Progress | None, max_seconds: float | None
) -> AbstractContextManager[Progress]:
    layers, joins = len(network.activations), bool(network.maxima)
    return reports(progress, layers, max_seconds, refines=not joins)
