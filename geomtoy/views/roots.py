"""Zeros of Taylor models on the real interval |s| <= CORE, each proven simple and alone, or left open.

An interval of half width h around m is settled when the model, its derivative at m and a bound on its
second derivative prove one of these:
    no zero: |p(m)| exceeds all that can change it within h;
    one zero: the derivative keeps its sign on the wider interval of half width 1.5 h, which holds a
    bracket x +- |f(x)| / min |f'| around an approximate zero x (it then holds a zero, by the
    mean value theorem), or no zero in |s - m| <= h, when that bracket lies outside.
Otherwise it is halved, until halving cannot help against the model's error: then it is open. Brackets
may reach a little beyond their interval, so that a zero on a common end is found by both neighbours: f
is monotone on each bracket, hence two brackets of one function that overlap hold the same zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geomtoy.views.taylor import SLACK, TINY, TaylorModel, U

CORE = 0.5
REACH = 0.75  # 1.5 CORE: where derivatives are bounded
WIDEST = 2.0**-20  # half width of a bracket; a better model is asked for instead
STEP = 2.0**-50  # brackets are wider than the roundings of their ends


@dataclass(frozen=True, eq=False)
class Roots:
    """Brackets of zeros and open intervals of functions 0..n-1, as arrays over brackets, over intervals.

    Args:
        function, low, high: (b,) f_function is strictly monotone on [low, high] and has a zero there.
        open_function, open_low, open_high: (o,) where zeros are not excluded, counted or isolated.
    """

    function: np.ndarray
    low: np.ndarray
    high: np.ndarray
    open_function: np.ndarray
    open_low: np.ndarray
    open_high: np.ndarray


@np.errstate(all="ignore")
def isolate_roots(models: TaylorModel) -> Roots:
    """All zeros of models (n,) on |s| <= CORE; see the module. Cost: O(order) per interval looked at."""
    bounds = _Bounds(models)
    i = np.flatnonzero(~bounds.without_zero())
    m, h = np.zeros(len(i)), np.full(len(i), CORE)
    brackets, open_ = [], []
    while len(i):
        settled, found, x, width, hopeless = _examine(bounds, i, m, h)
        brackets.append((i[found], x[found] - width[found], x[found] + width[found]))
        lost = ~settled & hopeless
        open_.append((i[lost], m[lost] - h[lost], m[lost] + h[lost]))
        halve = ~settled & ~hopeless
        i, h = np.tile(i[halve], 2), np.tile(h[halve] / 2, 2)
        m = np.tile(m[halve], 2) + np.repeat([-1, 1], halve.sum()) * h
    return Roots(*_joined(brackets), *_joined(open_))


class _Bounds:
    """A model's polynomial and derivative, with bounds that hold on |s| <= REACH."""

    def __init__(self, models: TaylorModel) -> None:
        self.p, self.error = models.coefficients, models.error
        K = len(self.p) - 1
        k = np.arange(K + 1.0)[:, None]
        size = np.abs(self.p)
        self.slope = (k * self.p)[1:]
        self.curvature = (k * (k - 1) * size * REACH ** np.maximum(k - 2, 0)).sum(axis=0) * SLACK
        rounding = 4 * (K + 4) * U
        self.value_error = (self.error + rounding * size.sum(axis=0)) * SLACK + TINY
        self.slope_error = (self.error / (1 - REACH) + rounding * (k * size).sum(axis=0)) * SLACK + TINY

    def without_zero(self) -> np.ndarray:
        """Where the polynomial's first coefficient exceeds all others."""
        powers = CORE ** np.arange(1.0, len(self.p))[:, None]
        others = (np.abs(self.p[1:]) * powers).sum(axis=0) + self.value_error
        return np.abs(self.p[0]) > others * SLACK

    def value(self, i: np.ndarray, s: np.ndarray) -> np.ndarray:
        return _horner(self.p[:, i], s)

    def slope_at(self, i: np.ndarray, s: np.ndarray) -> np.ndarray:
        return _horner(self.slope[:, i], s)


def _examine(
    b: _Bounds, i: np.ndarray, m: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Which intervals are settled, which hold a zero and how near to which x, and which are hopeless."""
    value, slope = b.value(i, m), b.slope_at(i, m)
    bend = b.curvature[i] * h
    change = ((np.abs(slope) + b.slope_error[i] + bend) * h + b.value_error[i]) * SLACK
    empty = np.abs(value) > change
    least = (np.abs(slope) - (1.5 * bend + b.slope_error[i]) * SLACK) / SLACK
    x = _newton(b, i, m, h, value, slope)
    width = (np.abs(b.value(i, x)) + b.value_error[i]) / least * SLACK**3 + STEP
    distance = np.abs(x - m)
    monotone = least > 0
    inside = monotone & (distance + 2 * width < 1.5 * h) & (width < WIDEST)
    outside = monotone & (distance - width > h * SLACK)
    blurred = monotone & (b.value_error[i] > least * np.minimum(8 * h, WIDEST))
    hopeless = blurred | ~((bend > b.slope_error[i]) | (bend * h > b.value_error[i]))
    return empty | inside | outside, ~empty & inside & ~outside, x, width, hopeless


def _newton(
    b: _Bounds, i: np.ndarray, m: np.ndarray, h: np.ndarray, value: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """Approximate zeros near m, at most 1.5 h away."""
    x = m
    for _ in range(4):
        step = np.nan_to_num(-value / slope, posinf=0.0, neginf=0.0)
        x = np.clip(x + step, m - 1.5 * h, m + 1.5 * h)
        value, slope = b.value(i, x), b.slope_at(i, x)
    return x


def _horner(coefficients: np.ndarray, s: np.ndarray) -> np.ndarray:
    total = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * s + c
    return total


def _joined(parts: Sequence[tuple[np.ndarray, ...]]) -> list[np.ndarray]:
    none = np.empty(0, int), np.empty(0), np.empty(0)
    return [np.concatenate(column) for column in zip(none, *parts, strict=True)]
