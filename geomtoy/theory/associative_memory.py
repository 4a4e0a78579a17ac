"""A linear memory of n associations under noise, trained from zero: three numbers instead of a matrix.

Input x in [n] has the answer y = x with probability 1 - alpha and the noise token tau otherwise;
logits are v_y^T W u_x with orthonormal u and v. Gradient descent from W = 0 keeps the symmetry of
[n], so at all times the logits are `correct` at y = x, `wrong` at the other y in [n] and `noise` at
tau, and their sum over the outputs stays 0. W then has two singular values: one of the direction of
noise, sum_x u_x, and n - 1 equal ones of the differences between inputs.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num
from scipy.special import logsumexp

from geomtoy.errors import SettingError

Numbers = Float[np.ndarray, "*steps"]
"""One number is an array of no axes."""


class Logits(NamedTuple):
    """Of the answer, of each other input's answer, of tau; numbers or histories of them."""

    correct: Numbers
    wrong: Numbers
    noise: Numbers


def descend(n: int, alpha: float, steps: int, learning_rate: float) -> Logits:
    """Logits before each step of gradient descent on the expected cross-entropy, and after the last.

    Args:
        n: inputs, all equally likely.
    Returns:
        histories (steps + 1,).
    Raises:
        SettingError: n is below 2, alpha outside (0, 1), or the rate or number of steps not positive.
    Exactness: the reduction to three numbers is exact; steps are taken in float64.
    """
    _require(n, alpha)
    if steps < 1 or learning_rate <= 0:
        raise SettingError(f"steps is {steps} and learning_rate {learning_rate}; make both positive")
    history = np.zeros((steps + 1, 3))
    wanted = np.array([1 - alpha, 0, alpha])
    for now, after in pairwise(history):
        after[:] = now + learning_rate / n * (wanted - probabilities(n, Logits(*now)))
    return Logits(*history.T)


def probabilities(n: int, logits: Logits) -> Float[np.ndarray, "*n 3"]:
    """Of the answer, of one other input's answer, of tau."""
    stacked = np.stack(np.broadcast_arrays(*logits), axis=-1)
    alike = np.array([1, n - 1, 1])
    return np.asarray(np.exp(stacked - logsumexp(stacked, axis=-1, b=alike, keepdims=True)))


def singular_values(n: int, logits: Logits) -> tuple[Numbers, Numbers]:
    """(of noise, |c| sqrt(n + 1), once; of differences, |a - b|, n - 1 times) for logits a, b, c.

    Exactness: exact up to rounding, where a + (n - 1) b + c = 0, as from zero at all times.
    """
    noise, difference = np.abs(logits.noise), np.abs(logits.correct - logits.wrong)
    return np.asarray(noise * np.sqrt(n + 1)), np.asarray(difference)


def without_noise(n: int, logits: Logits) -> Logits:
    """Logits when the direction of noise is cut away: 0 for tau, differences as they were.

    This is the truncation to rank n - 1 wherever noise has the least singular value.
    """
    difference = logits.correct - logits.wrong
    return Logits((1 - 1 / n) * difference, -difference / n, 0 * difference)


def is_least(n: int, logits: Logits) -> np.ndarray:
    """Whether noise has the least singular value, so that rank n - 1 is what removes it."""
    noise, difference = singular_values(n, logits)
    return np.asarray(noise < difference)


def is_least_in_the_end(n: int, alpha: float) -> bool:
    """Whether noise has the least singular value from some step on.

    p(tau) -> alpha and p(wrong) -> 0 ask for a - c -> L = log((1 - alpha) / alpha) and b -> -infinity;
    with a + (n - 1) b + c = 0 that makes c = ((n - 1) |b| - L) / 2 and a - b = ((n + 1) |b| + L) / 2.
    Their singular values then have the ratio (n - 1) / sqrt(n + 1): below 1 for n = 2, above 1 from
    n = 4 on, and 1 for n = 3, where 2 |b| - L stands against 2 |b| + L / 2, so L > 0 decides.

    Raises:
        SettingError: n is below 2 or alpha outside (0, 1).
    Exactness: exact, in integers; n = 3 with alpha = 1 / 2 is a tie and gives False.
    """
    _require(n, alpha)
    return (n - 1) ** 2 < n + 1 or ((n - 1) ** 2 == n + 1 and alpha < 0.5)


def memory_matrix(n: int, logits: Logits) -> Float[np.ndarray, "n_plus_1 n"]:
    """W in the bases v and u: entry (y, x), the last row is tau's."""
    a, b, c = (float(value) for value in logits)
    return np.vstack([np.full((n, n), b) + (a - b) * np.eye(n), np.full((1, n), c)])


def truncated_matrix(
    n: int, logits: Logits, direction: Num[np.ndarray, " n"]
) -> Float[np.ndarray, "n_plus_1 n"]:
    """`memory_matrix` at rank n - 1.

    Args:
        direction: which difference is lost where a difference has the least singular value: they are
            equal, so the nearest matrix is not unique. Its mean is taken away; not used otherwise.
    Raises:
        SettingError: the direction is constant.
    """
    r = np.asarray(direction, float) - np.mean(direction)
    if not np.linalg.norm(r) > 0:
        raise SettingError("the direction is constant over the inputs; give one that differs")
    if is_least(n, logits):
        return memory_matrix(n, without_noise(n, logits))
    lost = (logits.correct - logits.wrong) * np.outer(r, r) / (r @ r)
    return memory_matrix(n, logits) - np.vstack([lost, np.zeros((1, n))])


def _require(n: int, alpha: float) -> None:
    if n < 2:
        raise SettingError(f"n is {n}; a memory has at least 2 inputs")
    if not 0 < alpha < 1:
        raise SettingError(f"alpha is {alpha}; give a share of noise between 0 and 1")
