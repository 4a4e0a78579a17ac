"""Taylor models: many analytic functions at once, each a float64 polynomial with a proven error.

A model says that f is analytic on the disc |s| <= 1 of the complex plane and that there
    |f(s) - sum_k coefficients[k] s^k| <= error.
The bound on the complex disc also bounds derivatives, by Cauchy's estimate: the error of f' on
|s| <= q is at most error / (1 - q).

Truncation. Products drop terms of known size. exp, 1/f and sqrt(f) come from recurrences whose terms,
with every coefficient replaced by its absolute value, sum to exp(x), 1 / (1 - x) and 1 - sqrt(1 - x)
at x = sum_k>0 |coefficients[k]|: what is dropped is at most that sum less the terms kept.
Rounding. u = 2^-53, and m operations in any order cost at most m u / (1 - m u) of the sum of absolute
values (Higham 2002, section 3.1); each bound below counts more operations than there are. Errors are
sums of products of numbers >= 0, of fewer than 2^12 roundings each: they are multiplied by 1 + 2^-40,
and TINY covers underflow.
An error of inf or NaN says that nothing is known; decisions must hold by a comparison that is true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

U = 2.0**-53
SLACK = 1.0 + 2.0**-40
TINY = 1e-290
FLOOR = 2.0**-80

Bilinear = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class TaylorModel:
    """Functions f of any shape, as coefficients (K + 1, *shape) and error (*shape)."""

    coefficients: np.ndarray
    error: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """sum_k |coefficients[k]|, which with `error` bounds |f| on the disc."""
        return np.abs(self.coefficients).sum(axis=0)

    def __add__(self, other: TaylorModel) -> TaylorModel:
        c = self.coefficients + other.coefficients
        return TaylorModel(c, (self.error + other.error + 2 * U * np.abs(c).sum(axis=0)) * SLACK + TINY)

    def plus(self, constant: np.ndarray | float) -> TaylorModel:
        """f + constant, which is the float nearest to the number meant."""
        c = self.coefficients.copy()
        c[0] = c[0] + constant
        rounding = 2 * U * (np.abs(c[0]) + np.abs(constant))
        return TaylorModel(c, (self.error + rounding) * SLACK + TINY)

    def reshaped(self, *shape: int) -> TaylorModel:
        return TaylorModel(
            self.coefficients.reshape(len(self.coefficients), *shape), self.error.reshape(*shape)
        )

    def __matmul__(self, W: np.ndarray) -> TaylorModel:
        """f (..., m) times W (..., m, p), whose entries are the floats nearest to the numbers meant."""
        rounding = 2 * (W.shape[-2] + 4) * U * (self.size + self.error)
        error = (self.error + rounding) @ np.abs(W)
        return TaylorModel(self.coefficients @ W, error * SLACK + TINY)

    def times(self, other: TaylorModel, rule: Bilinear, terms: int = 1) -> TaylorModel:
        """A bilinear rule with coefficients 1, whose values are sums of so many products."""
        a, b, K = self.coefficients, other.coefficients, len(self.coefficients) - 1
        kept = [sum(rule(a[j], b[k - j]) for j in range(k + 1)) for k in range(K + 1)]
        tails = list(accumulate(np.abs(b[::-1])))  # tails[j - 1]: sum of |b_k| over k > K - j
        dropped = sum(rule(np.abs(a[j]), tails[j - 1]) for j in range(1, K + 1))
        rounding = 2 * (terms + K + 4) * U * rule(self.size, other.size)
        spread = rule(self.size + self.error, other.error) + rule(self.error, other.size)
        return TaylorModel(np.array(kept), (dropped + rounding + spread) * SLACK + TINY)

    def exp(self, at_centre: np.ndarray) -> TaylorModel:
        """exp(f), given exp(coefficients[0]) up to a relative error U and an absolute error FLOOR."""
        p, K = self.coefficients, len(self.coefficients) - 1
        weighted = p * np.arange(K + 1.0).reshape(-1, *[1] * (p.ndim - 1))
        e, majorant = _series(weighted, _exp_step), _series(np.abs(weighted), _exp_step)
        whole = exp_above(np.abs(p[1:]).sum(axis=0))
        moved = self.error * exp_above(self.error) * whole
        relative = whole * (1 + 64 * U) - majorant.sum(axis=0) + moved + _rounding(K) * whole
        error = (at_centre + 2 * FLOOR) * (relative + 4 * U * whole) + 2 * FLOOR * whole
        return TaylorModel(e * at_centre, error * SLACK + TINY)

    def reciprocal(self) -> TaylorModel:
        """1 / f, for f whose coefficients[0] is positive."""
        f0, q, x, distance = self._scaled()
        K = len(q) - 1
        g, majorant = _series(-q, _reciprocal_step), _series(np.abs(q), _reciprocal_step)
        whole = 1 / (1 - x) * (1 + 64 * U)
        moved = self.error / f0 * whole / distance
        error = np.where(
            distance > 0, whole - majorant.sum(axis=0) + moved + _rounding(K) * whole, np.inf
        )
        return TaylorModel(g / f0, (error / f0) * SLACK + TINY)

    def sqrt(self) -> TaylorModel:
        """sqrt(f), for f whose coefficients[0] is positive."""
        f0, q, x, distance = self._scaled()
        K = len(q) - 1
        h, majorant = _series(q, _sqrt_step), -_series(-np.abs(q), _sqrt_step)
        dropped = 1 - np.sqrt(1 - x) + 64 * U - majorant[1:].sum(axis=0)
        moved = self.error / f0 / np.sqrt(distance)
        error = np.where(distance > 0, dropped + moved + 2 * _rounding(K), np.inf)
        root = np.sqrt(f0)
        return TaylorModel(h * root, error * root * SLACK + TINY)

    def _scaled(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """f0 = coefficients[0], coefficients / f0, x above, and at most min |f| / f0 on the disc."""
        f0 = np.where(self.coefficients[0] > 0, self.coefficients[0], np.nan)
        q = self.coefficients / f0
        x = np.abs(q[1:]).sum(axis=0) * (1 + 64 * U)
        return f0, q, x, 1 - (x + self.error / f0) * SLACK


def exp_above(x: np.ndarray) -> np.ndarray:
    """At least exp(x) and at most 1 + 2^-45 times that for 0 <= x <= 2; inf beyond: too large a disc."""
    total = np.ones_like(x)
    for k in range(24, 0, -1):
        total = 1 + x / k * total
    return np.where(x <= 2, total * (1 + 64 * U), np.inf)


def _series(
    p: np.ndarray, step: Callable[[list[np.ndarray], np.ndarray, int], np.ndarray]
) -> np.ndarray:
    terms = [np.ones_like(p[0])]
    for k in range(1, len(p)):
        terms.append(step(terms, p, k))
    return np.array(terms)


def _exp_step(e: list[np.ndarray], p: np.ndarray, k: int) -> np.ndarray:
    return sum(p[j] * e[k - j] for j in range(1, k + 1)) / k


def _reciprocal_step(g: list[np.ndarray], q: np.ndarray, k: int) -> np.ndarray:
    return sum(q[j] * g[k - j] for j in range(1, k + 1))


def _sqrt_step(h: list[np.ndarray], q: np.ndarray, k: int) -> np.ndarray:
    return (q[k] - sum(h[j] * h[k - j] for j in range(1, k))) / 2


def _rounding(K: int) -> float:
    """Relative to the majorant: term k of a recurrence has an error of at most (K + 4) (2k - 1) u."""
    return 4 * (K + 4) ** 2 * U
