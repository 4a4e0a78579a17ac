"""A block along time: region borders are the times at which a hidden unit switches."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from geomtoy.block_arrays import BlockArrays, require_block
from geomtoy.certified.layout import in_rows
from geomtoy.errors import SettingError, WindowError
from geomtoy.views.balls import exact_time
from geomtoy.views.block_readout import block_readout
from geomtoy.views.hidden_layers import needs_one_relu_layer, needs_plain_attention
from geomtoy.views.order import inside, is_one_time, is_within, merge, separate
from geomtoy.views.scan import scan
from geomtoy.views.soft_path import Bracket, isolate_borders, path_functions

VIEW = "along time"
NONE = np.empty((0, 2))
MOST_PIECES = 10**6  # 24 MB of them
CLOSE = 1e-12  # an estimate takes sign changes as close as this for one


@dataclass(frozen=True, eq=False)
class TimeRegions:
    """Regions of a block along time: the longest intervals on which no hidden unit switches.

    Args:
        view: "along time".
        kind: "exact" or "estimate".
        certified: whether `regions` is proven; the same as kind == "exact".
        guarantee: what was proven or done, in words.
        regions: 1 + number of borders.
        borders: (n,) the times at which the activation pattern changes, increasing.
        units: (n,) a unit that switches there; of several, the first.
        error: (n,) how far the true border may be; NaN for an estimate, where nothing bounds it.
        open_intervals: (m, 2) where the proof, or the estimate, is not sure of the number of borders.
        evaluations: pieces of time (certified) or points (estimate) at which the block was evaluated.
    """

    view: str
    kind: str
    certified: bool
    guarantee: str
    regions: int
    borders: np.ndarray
    units: np.ndarray
    error: np.ndarray
    open_intervals: np.ndarray
    evaluations: int


def count_regions_along(
    block: BlockArrays, interval: tuple[float, float], *, max_pieces: int = 20_000
) -> TimeRegions:
    """Count the activation regions of a soft block along time and prove the count.

    On each of many pieces of time every preactivation is a power series with a proven error; the piece
    is halved until each unit has no zero, or simple zeros in brackets, on it. Signs in ball arithmetic
    (python-flint's arb) order brackets and decide those at the ends.

    Args:
        interval: (low, high); a unit that is zero just at an end makes no border.
        max_pieces: budget for the proof.
    Returns:
        kind "exact" where the proof succeeds; otherwise the result of `estimate_regions_along`, of kind
        "estimate", whose guarantee and open_intervals say where the proof stopped.
    Raises:
        WindowError: the interval is not two finite increasing numbers.
        NetworkError: the block is none, or its MLP is not one hidden layer of ReLU units.
        SettingError: attention is hard: preactivations jump where scores tie; or the interval is so long
            that its pieces would not fit into memory.
    Exactness: for the real function whose parameters are the stored floats. A unit that touches zero
        without crossing has no simple zero, and two units that switch at one time are not told from two
        close times (except twin units, with proportional parameters, and t = 0): not certified.
    Cost: about one piece for each radian of the fastest token and one or two for each border; a piece
        is O(C d ORDER (H f + ORDER)) operations.
    Source: see `geomtoy.certified.series` and `geomtoy.certified.zeros`.
    """
    low, high = _checked(block, interval)
    if block.hard:
        raise SettingError(
            "hard attention makes preactivations jump along time; use estimate_regions_along, or softmax"
        )
    _within_reach(block, high - low, max_pieces)
    with np.errstate(all="ignore"):  # what overflows is unknown, and leaves intervals open
        after = block_readout(block)
    found = isolate_borders(in_rows(path_functions(block, after)), low, high, max_pieces)
    if len(found.open_intervals):
        return _not_certified(block, (low, high), found.open_intervals, "zeros are not isolated")
    brackets = [replace(one, unit=int(after.units[one.unit])) for one in found.brackets]
    return _ordered(block, brackets, found.n_pieces, low, high)


def _ordered(
    block: BlockArrays, brackets: list[Bracket], pieces: int, low: float, high: float
) -> TimeRegions:
    ends = exact_time(low), exact_time(high)
    groups = separate(block, inside(block, merge(brackets), *ends))
    spans = np.array([[float(g[0].low), max(float(b.high) for b in g)] for g in groups]).reshape(-1, 2)
    sure = np.array([is_one_time(g) and is_within(g, *ends) for g in groups], bool)
    if not sure.all():
        return _not_certified(block, (low, high), spans[~sure], "zeros are too close to order")
    return TimeRegions(
        view=VIEW,
        kind="exact",
        certified=True,
        guarantee="exact for the stored parameters: each border is proven one simple zero, no others",
        regions=len(groups) + 1,
        borders=spans.mean(axis=1),
        units=np.array([min(b.unit for b in g) for g in groups], int),
        error=np.diff(spans)[:, 0] + 4e-16 * np.abs(spans).max(axis=1),
        open_intervals=NONE,
        evaluations=pieces,
    )


def estimate_regions_along(
    block: BlockArrays, interval: tuple[float, float], *, bins: int = 1000
) -> TimeRegions:
    """Estimate the activation regions along time from values and slopes in float64.

    Each bin is halved, at most 10 times, until the cubic through its ends fits its middle and shows that
    no pair of zeros can hide; sign changes are then refined. Slopes are those of jax.jvp.

    Args:
        block: with soft or hard attention.
        interval, bins: where to look, and into how many bins at first.
    Returns:
        kind "estimate"; open_intervals are the bins that stayed doubtful.
    Raises:
        WindowError: the interval is not two finite increasing numbers.
        NetworkError: the block is none, or its MLP is not one hidden layer of ReLU units.
        SettingError: bins is not positive.
    Cost: O(bins H C d), about two evaluations a bin and four a border.
    """
    low, high = _checked(block, interval, bins)
    seen = scan(block, low, high, bins)
    gap = CLOSE * max(1.0, abs(low), abs(high))
    inner = (seen.times > low + gap) & (seen.times < high - gap)
    times, units = seen.times[inner], seen.units[inner]
    first = np.diff(times, prepend=-np.inf) > gap
    guarantee = "estimate in float64: no pair of zeros hides as far as cubics on halved bins tell"
    return _estimate(times[first], units[first], guarantee, seen.unresolved, seen.evaluations)


def estimate_pattern_changes(
    block: BlockArrays, interval: tuple[float, float], *, bins: int = 1000
) -> TimeRegions:
    """Count the pattern changes over time bins: regions as the paper counts them.

    Returns:
        kind "estimate", with 1 + number of consecutive bins of different patterns, and borders halfway;
        two switches between neighbours count once, and a unit that returns between them is not seen.
    Raises:
        WindowError: the interval is not two finite increasing numbers.
        NetworkError: the block is none, or its MLP is not one hidden layer of ReLU units.
        SettingError: bins is not positive.
    Source: arXiv 2407.02678, figures 4 and 5.
    """
    low, high = _checked(block, interval, bins)
    t = np.linspace(low, high, bins)
    parts = np.array_split(t, 1 + bins * block.context_length * block.d_model * block.n_heads // 2**21)
    on = np.concatenate([block.preactivations(part) for part in parts]) > 0
    switched = on[1:] != on[:-1]
    at = np.flatnonzero(switched.any(axis=1))
    guarantee = f"pattern changes between {bins} time bins, the paper's count"
    return _estimate((t[at] + t[at + 1]) / 2, switched[at].argmax(axis=1), guarantee, NONE, bins)


def _not_certified(
    block: BlockArrays, interval: tuple[float, float], open_intervals: np.ndarray, why: str
) -> TimeRegions:
    seen = estimate_regions_along(block, interval)
    where = "[{:.6g}, {:.6g}]".format(*open_intervals[0])
    guarantee = (
        f"estimate in float64, not certified: {why} in {len(open_intervals)} intervals as {where}"
    )
    return _estimate(seen.borders, seen.units, guarantee, open_intervals, seen.evaluations)


def _estimate(
    borders: np.ndarray, units: np.ndarray, guarantee: str, open_intervals: np.ndarray, evaluations: int
) -> TimeRegions:
    return TimeRegions(
        view=VIEW,
        kind="estimate",
        certified=False,
        guarantee=guarantee,
        regions=len(borders) + 1,
        borders=borders,
        units=units,
        error=np.full(len(borders), np.nan),
        open_intervals=open_intervals,
        evaluations=evaluations,
    )


def _checked(block: BlockArrays, interval: tuple[float, float], bins: int = 1) -> tuple[float, float]:
    require_block(block)
    needs_one_relu_layer(block.mlp)
    needs_plain_attention(block)
    low, high = (float(t) for t in interval)
    if not (np.isfinite([low, high]).all() and low < high):
        raise WindowError(f"the interval is [{low}, {high}]; give two finite increasing times")
    if bins < 1:
        raise SettingError(f"bins is {bins}; make it 1 or more")
    return low, high


def _within_reach(block: BlockArrays, length: float, max_pieces: int) -> None:
    pieces = length * float(np.abs(block.frequencies).max())
    if pieces > max(max_pieces, MOST_PIECES):
        raise SettingError(
            f"the interval holds {pieces:.3g} radians of the fastest token and needs as many pieces; "
            f"give a shorter one, of at most {MOST_PIECES:.3g}"
        )
