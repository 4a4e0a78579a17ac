"""Continuous piecewise-linear activations, given by breakpoints and slopes."""

from __future__ import annotations

import math
import reprlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from numbers import Rational
from typing import Any

import numpy as np

from geomtoy.errors import NetworkError

Number = int | float | Fraction

FARTHEST = 10_000
"""Powers of ten that a Decimal may reach; integers with millions of digits take minutes."""


def exact(value: Any, name: str) -> Fraction:
    """The rational number that a stored float, integer, Fraction or Decimal is.

    Raises:
        NetworkError: it is no finite number, or of a kind that does not say which rational it is.
    """
    if isinstance(value, Rational):  # plain integers inside: NumPy's overflow
        return Fraction(int(value.numerator), int(value.denominator))
    number = value if isinstance(value, float | np.floating | Decimal) else _as_float(value, name)
    try:
        if isinstance(number, Decimal) and abs(number.adjusted()) > FARTHEST:
            raise OverflowError
        return Fraction(*number.as_integer_ratio())
    except (ValueError, OverflowError):
        raise NetworkError(f"{name} holds {number!s:.30}; give finite numbers") from None


def _as_float(value: Any, name: str) -> float:
    """A number of another library, if float64 holds it."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise NetworkError(f"{name} holds {reprlib.repr(value)}; give finite numbers") from None
    if math.isfinite(number) and not number == value:
        raise NetworkError(f"{name} holds {reprlib.repr(value)}; give a float or a Fraction")
    return number


def nearest(value: Fraction) -> float:
    """The float64 next to a rational; infinity beyond the range."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


@dataclass(frozen=True)
class PiecewiseLinear:
    """A continuous function R -> R that is affine between `breakpoints`.

    On piece p (p breakpoints lie strictly below z) the function is `slopes[p] * z + offsets[p]`. A
    value exactly on a breakpoint belongs to the piece on its left, so a ReLU unit at 0 is inactive.

    Args:
        breakpoints: k >= 0 strictly increasing numbers.
        slopes: k + 1 numbers.
        value: the function at the first breakpoint (at 0 if there is none).
        name: how it is written in files and messages.
    Raises:
        NetworkError: the numbers do not describe such a function.
    """

    breakpoints: tuple[Fraction, ...]
    slopes: tuple[Fraction, ...]
    value: Fraction
    name: str

    def __init__(
        self,
        breakpoints: Iterable[Number],
        slopes: Iterable[Number],
        value: Number = 0,
        name: str = "piecewise_linear",
    ) -> None:
        numbers = {"breakpoints": breakpoints, "slopes": slopes}
        for field, values in numbers.items():
            object.__setattr__(self, field, tuple(exact(x, f"the activation's {field}") for x in values))
        object.__setattr__(self, "value", exact(value, "the activation's value"))
        object.__setattr__(self, "name", name)
        for number in (*self.breakpoints, *self.slopes, self.value):
            if number and not Fraction(2) ** -1000 <= abs(number) <= 2**1000:
                raise NetworkError(
                    f"activation {name!r} holds a number that float64 cannot; keep it within 2^1000"
                )
        if len(self.slopes) != len(self.breakpoints) + 1:
            raise NetworkError(
                f"activation {self.name!r} has {len(self.breakpoints)} breakpoints and "
                f"{len(self.slopes)} slopes; give one slope more than breakpoints"
            )
        if any(a >= b for a, b in pairwise(self.breakpoints)):
            raise NetworkError(
                f"activation {self.name!r} needs strictly increasing breakpoints; sort them and "
                "drop repeats"
            )

    @cached_property
    def offsets(self) -> tuple[Fraction, ...]:
        """Offset of each piece, from continuity."""
        start = self.breakpoints[0] if self.breakpoints else Fraction(0)
        offsets = [self.value - self.slopes[0] * start]
        for tau, (left, right) in zip(self.breakpoints, pairwise(self.slopes), strict=True):
            offsets.append(offsets[-1] + (left - right) * tau)
        return tuple(offsets)

    def piece(self, z: Number) -> int:
        """Index of the piece that holds z: the number of breakpoints strictly below it."""
        return bisect_left(self.breakpoints, z)

    def __call__(self, z: Any) -> Any:
        """Apply elementwise: floats in floating point, Fractions exactly."""
        z = np.asarray(z)
        if z.dtype == object:
            apply = np.frompyfunc(lambda x: self.slopes[p := self.piece(x)] * x + self.offsets[p], 1, 1)
            return apply(z)
        piece = np.searchsorted(np.array(self.breakpoints, float), z, side="left")
        offsets = np.array([nearest(offset) for offset in self.offsets])
        with np.errstate(over="ignore", invalid="ignore"):
            return np.array(self.slopes, float)[piece] * z + offsets[piece]


def leaky_relu(slope: Number = 0.01) -> PiecewiseLinear:
    """z for z > 0, slope * z below; the identity for slope 1."""
    if slope == 1:
        return IDENTITY
    return PiecewiseLinear((0,), (slope, 1), name="leaky_relu")


def clip(low: Number | None = None, high: Number | None = None) -> PiecewiseLinear:
    """min(max(z, low), high), where None sets no bound.

    Raises:
        NetworkError: low > high.
    """
    if low == 0 and high is None:
        return RELU
    if low is not None and low == high:
        return PiecewiseLinear((), (0,), low, name="constant")
    if low is None:
        return IDENTITY if high is None else PiecewiseLinear((high,), (1, 0), high, name="clip")
    if high is None:
        return PiecewiseLinear((low,), (0, 1), low, name="clip")
    return PiecewiseLinear((low, high), (0, 1, 0), low, name="clip")


def hard_sigmoid(slope: Number = Fraction(1, 6), offset: Number = Fraction(1, 2)) -> PiecewiseLinear:
    """slope * z + offset, clipped to [0, 1].

    Raises:
        NetworkError: the slope is not positive.
    """
    rise, start = exact(slope, "the slope"), exact(offset, "the offset")
    if rise <= 0:
        raise NetworkError(f"a hard sigmoid has slope {float(rise):g}; give a positive one")
    return PiecewiseLinear((-start / rise, (1 - start) / rise), (0, rise, 0), name="hard_sigmoid")


def glued(tau: Number, low: PiecewiseLinear, high: PiecewiseLinear) -> PiecewiseLinear:
    """`low` up to tau, `high` above it.

    Raises:
        NetworkError: it jumps at tau.
    """
    joint = np.array([exact(tau, "what is compared with")], object)
    if low(joint)[0] != high(joint)[0]:
        raise NetworkError(f"a function that jumps at {float(tau):g} is not continuous")
    left, right = low.piece(joint[0]), bisect_right(high.breakpoints, joint[0])
    breakpoints = [*low.breakpoints[:left], joint[0], *high.breakpoints[right:]]
    slopes = [*low.slopes[: left + 1], *high.slopes[right:]]
    value = low(np.array(breakpoints[:1], object))[0]  # the first is tau at most
    return PiecewiseLinear(breakpoints, slopes, value, name="glued")


RELU = PiecewiseLinear((0,), (0, 1), name="relu")
ABS = PiecewiseLinear((0,), (-1, 1), name="abs")
HARD_TANH = PiecewiseLinear((-1, 1), (0, 1, 0), value=-1, name="hard_tanh")
IDENTITY = PiecewiseLinear((), (1,), name="identity")

NAMED = {
    "relu": RELU,
    "leaky_relu": leaky_relu(),
    "abs": ABS,
    "hard_tanh": HARD_TANH,
    "identity": IDENTITY,
}


def activation(spec: str | PiecewiseLinear) -> PiecewiseLinear:
    """Look an activation up by name, or pass one through.

    Raises:
        NetworkError: the name is unknown, or the function is not piecewise linear.
    """
    if isinstance(spec, PiecewiseLinear):
        return spec
    if isinstance(spec, str) and spec in NAMED:  # type: ignore[redundant-expr]  # said in one sentence
        return NAMED[spec]
    raise NetworkError(
        f"activation {spec!r} is not a known piecewise-linear function; use one of "
        f"{', '.join(NAMED)} or geomtoy.PiecewiseLinear(breakpoints, slopes)"
    )
