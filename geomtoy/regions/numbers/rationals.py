"""From flint's rationals to Python's, and sums of many of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from numbers import Rational
from typing import Any, NamedTuple

from flint import fmpq, fmpq_mat

LONG = 1000
"""Bits of a denominator beyond which nobody reads a fraction."""


class LongFraction(Fraction):
    """A Fraction that is shown by its size: sums over a thousand cells have a million digits."""

    __slots__ = ()

    def __repr__(self) -> str:
        digits = int(self.denominator.bit_length() * 0.30103) + 1
        return f"LongFraction({float(self)!r}, denominator of {digits} digits)"

    __str__ = __repr__


class _LowestTerms(NamedTuple):
    """A rational whose parts have no common factor: making a Fraction of it needs no Python gcd,
    which is quadratic."""

    numerator: int
    denominator: int


Rational.register(_LowestTerms)


def as_fraction(value: fmpq) -> Fraction:
    """The same number as a Fraction, a `LongFraction` if it has very many digits."""
    lowest: Any = _LowestTerms(int(value.p), int(value.q))
    kind = LongFraction if lowest.denominator.bit_length() > LONG else Fraction
    return kind(lowest)


def as_fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    """Sum of products of two vectors, with one reduction to lowest terms."""
    row, column = fmpq_mat([list(map(as_fmpq, a))]), fmpq_mat([[as_fmpq(z)] for z in b])
    return as_fraction((row * column)[0, 0])


def total(terms: Sequence[fmpq]) -> fmpq:
    """Sum of rationals, of equals with equals: denominators only multiply up where they must."""
    terms = list(terms) or [fmpq(0)]
    while len(terms) > 1:
        pairs = [p + q for p, q in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[2 * len(pairs) :]
    return terms[0]
