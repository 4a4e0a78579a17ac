"""The rules by which claims are decided: each takes numbers of every seed and gives a verdict.

A claim has parts, such as one for each number of heads. A part is true or false where the 95 %
interval of its mean over seeds says so, and open otherwise, as is a part without a number. The claim
holds if all parts are true, fails if all are false, and is mixed if parts differ or are open. Without
any number it is untested, and with fewer than `MIN_SEEDS` seeds in some part there are too few seeds:
neither can hold. NaN is a run without evidence, and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from geomtoy.errors import SettingError
from geomtoy.verdicts.seeds import CONFIDENCE, MIN_SEEDS, Interval, interval, seeds_of, spread
from geomtoy.verdicts.verdict import Outcome, Verdict

TREND = 0.5
"""A mean rank correlation from which numbers count as growing: by custom it is strong, and ranks explain
a quarter of each other's variance. Noise in few points exceeds it often: the interval decides that."""

Parts = Mapping[str, ArrayLike]
"""Name of a part -> one number a seed."""
Bounds = Mapping[str, tuple[float, float] | None]
"""Name of a part -> the interval of its mean by drawing again, where there is one."""
State = bool | None
"""Of a part: true, false or open."""

_OF_MEANS = f"{CONFIDENCE:.0%} interval of the mean over seeds"
_WIDENED = ", and the same interval from drawing seeds and their prompts again,"


def difference(
    claim: str,
    parts: Parts,
    *,
    above: float | None = None,
    below: float | None = None,
    resampled: Bounds | None = None,
    note: str = "",
) -> Verdict:
    """Whether numbers, such as differences of two runs of one seed, lie above or below a margin.

    Args:
        resampled: a second interval of a part's mean, see `geomtoy.instruments.hierarchical_interval`;
            the wider end of both counts.
    Raises:
        SettingError: not exactly one of `above` and `below` is given.
    """
    side, margin = _side(above, below)
    rule = f"The {_OF_MEANS}{_WIDENED if resampled else ''} lies {side} {margin:g}."
    return _judged(claim, parts, _beyond(side, margin), rule, note, resampled)


def ratio(
    claim: str, parts: Parts, *, above: float | None = None, below: float | None = None, note: str = ""
) -> Verdict:
    """Whether ratios of two runs of one seed lie above or below a factor; means are geometric.

    Raises:
        SettingError: a ratio is not positive and finite, or not exactly one of the factors is given.
    """
    side, factor = _side(above, below)
    for name, values in parts.items():
        x = seeds_of(values)
        if not ((x > 0) & np.isfinite(x)).all() or factor <= 0:
            raise SettingError(f"{name!r} has a ratio that is not positive and finite; use a difference")
    logs = {name: np.log(np.asarray(values, float)) for name, values in parts.items()}
    rule = f"The {_OF_MEANS}, of logarithms, lies {side} a ratio of {factor:g}."
    found = _judged(claim, logs, _beyond(side, float(np.log(factor))), rule, note)
    return _restated(found, parts, {name: _exp(mean) for name, mean in found.statistic.items()})


def equivalence(
    claim: str, parts: Parts, *, margin: float, resampled: Bounds | None = None, note: str = ""
) -> Verdict:
    """Whether differences are smaller than a margin, which the claim must state; no evidence of a
    difference is none of its absence.

    Args:
        resampled: as in `difference`.
    Raises:
        SettingError: the margin is not positive.
    """
    if not margin > 0:
        raise SettingError(
            f"margin is {margin}; an equivalence needs a positive one, stated in the claim"
        )

    def state(of: Interval) -> State:
        if -margin < of.low and of.high < margin:
            return True
        return False if of.low >= margin or of.high <= -margin else None

    both = _WIDENED if resampled else ""
    rule = f"The {_OF_MEANS}{both} lies within ±{margin:g}; the claim is false where it lies outside."
    return _judged(claim, parts, state, rule, note, resampled)


def ordering(claim: str, rising: Parts, *, note: str = "") -> Verdict:
    """Whether numbers rise from each part to the next, seed by seed.

    Args:
        rising: in the order that is claimed, the least first; the same seeds in each.
    Raises:
        SettingError: there are fewer than two parts, or their seeds differ.
    """
    arrays = {name: np.atleast_1d(np.asarray(values, float)) for name, values in rising.items()}
    if len({len(values) for values in arrays.values()}) != 1 or len(arrays) < 2:
        raise SettingError("an ordering needs two parts or more, with the same seeds; give these")
    steps = {f"{b} - {a}": arrays[b] - arrays[a] for a, b in pairwise(arrays)}
    rule = f"The {_OF_MEANS} of each step up lies above 0."
    return _judged(claim, steps, _beyond("above", 0.0), rule, note)


def trend(
    claim: str,
    x: Sequence[float],
    parts: Mapping[str, ArrayLike],
    *,
    falling: bool = False,
    note: str = "",
) -> Verdict:
    """Whether numbers grow with x, or fall, in each part.

    Args:
        x: at least three places.
        parts: name -> (len(x), seeds); ranks alone matter.
    Raises:
        SettingError: there are fewer places; two are compared by `difference`.
    """
    if len(x) < 3:
        raise SettingError(f"a trend needs three places, and x has {len(x)}; use a difference for two")
    sign = -1.0 if falling else 1.0
    found = {name: sign * rank_correlations(x, values) for name, values in parts.items()}

    def state(of: Interval) -> State:
        if of.mean >= TREND and of.low > 0:
            return True
        return False if of.high < TREND else None

    way = "fall" if falling else "grow"
    rule = (
        f"Numbers {way}: the mean over seeds of Spearman's correlation, times {sign:g}, is {TREND:g} or "
        f"more and its {CONFIDENCE:.0%} interval lies above 0; false where that lies below {TREND:g}."
    )
    return _judged(claim, found, state, rule, note)


def agreement(claim: str, parts: Mapping[str, ArrayLike], *, note: str = "") -> Verdict:
    """Whether each seed confirms the claim, for what is true or false of a run as a whole.

    Args:
        parts: name -> truth values (seeds,); NaN where a run has no evidence.
    """

    def state(of: Interval) -> State:
        return True if of.mean == 1 else False if of.mean == 0 else None

    return _judged(claim, parts, state, "It is so in every seed; false where it is so in none.", note)


def deduced(claim: str, parts: Mapping[str, bool], *, note: str = "") -> Verdict:
    """Whether a claim without chance in it, such as one on a formula, is true in each part."""
    outcome = _combined([bool(value) for value in parts.values()]) if parts else Outcome.UNTESTED
    statistic = {name: bool(value) for name, value in parts.items()}
    return Verdict(
        claim, outcome, "Nothing is random; each part is true or false.", statistic, 0, note=note
    )


def rank_correlations(x: Sequence[float], values: ArrayLike) -> np.ndarray:
    """(seeds,) Spearman's correlation of values (len(x), seeds) with x; 0 where all are equal, NaN where
    one is missing."""
    rows = np.atleast_2d(np.asarray(values, float).T)
    return np.array(
        [
            np.nan if np.isnan(row).any() else spearmanr(x, row).statistic if np.ptp(row) else 0.0
            for row in rows
        ]
    )


def _judged(
    claim: str,
    parts: Parts,
    state: Callable[[Interval], State],
    rule: str,
    note: str,
    resampled: Bounds | None = None,
) -> Verdict:
    drawn = resampled or {}
    seeds = {name: len(seeds_of(values)) for name, values in parts.items()}
    looked_at = [number for number in seeds.values() if number]
    intervals = {name: interval(values, drawn.get(name)) for name, values in parts.items()}
    fewest = min(looked_at, default=0)
    if not looked_at:
        outcome = Outcome.UNTESTED
    elif fewest < MIN_SEEDS:
        outcome = Outcome.TOO_FEW_SEEDS
    else:
        outcome = _combined([state(of) if seeds[name] else None for name, of in intervals.items()])
    return Verdict(
        claim,
        outcome,
        rule,
        {name: of.mean if seeds[name] else None for name, of in intervals.items()},
        fewest,
        {name: _described(values, drawn.get(name)) for name, values in parts.items()},
        note,
    )


def _described(values: ArrayLike, resampled: tuple[float, float] | None) -> dict[str, object]:
    of = interval(values, resampled)
    bounds = [of.low, of.high] if np.isfinite(of.high) else None
    return {**spread(np.asarray(values, float)), f"{CONFIDENCE:.0%} interval": bounds}


def _combined(states: Sequence[State]) -> Outcome:
    if all(state is True for state in states):
        return Outcome.HOLDS
    return Outcome.FAILS if all(state is False for state in states) else Outcome.MIXED


def _beyond(side: str, margin: float) -> Callable[[Interval], State]:
    def state(of: Interval) -> State:
        low, high = (of.low, of.high) if side == "above" else (-of.high, -of.low)
        edge = margin if side == "above" else -margin
        return True if low > edge else False if high <= edge else None

    return state


def _side(above: float | None, below: float | None) -> tuple[str, float]:
    if above is not None and below is None:
        return "above", above
    if below is not None and above is None:
        return "below", below
    raise SettingError("give one of above and below, which says what is claimed")


def _exp(mean: float | None) -> float | None:
    return None if mean is None else float(np.exp(mean))


def _restated(found: Verdict, parts: Parts, statistic: Mapping[str, float | None]) -> Verdict:
    """The same verdict, with ratios in place of their logarithms."""
    spreads = {name: {**spread(np.asarray(values, float))} for name, values in parts.items()}
    return Verdict(found.claim, found.outcome, found.rule, statistic, found.seeds, spreads, found.note)
