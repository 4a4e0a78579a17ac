"""Polynomials with rational coefficients, to write an integrand as one writes it on paper."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from geomtoy.activations import exact

Exponents = tuple[int, ...]


@dataclass(frozen=True)
class Polynomial:
    """A sum of coefficients times powers of some variables; closed under +, -, * and whole powers.

    Args:
        terms: exponents of the variables -> coefficient.
    """

    terms: dict[Exponents, Fraction]

    def __add__(self, other: Any) -> Polynomial:
        terms = dict(self.terms)
        for exponents, c in self._of(other).terms.items():
            terms[exponents] = terms.get(exponents, Fraction(0)) + c
        return Polynomial(terms)

    def __mul__(self, other: Any) -> Polynomial:
        terms: dict[Exponents, Fraction] = {}
        for one, a in self.terms.items():
            for two, b in self._of(other).terms.items():
                both = tuple(i + j for i, j in zip(one, two, strict=True))
                terms[both] = terms.get(both, Fraction(0)) + a * b
        return Polynomial(terms)

    def __pow__(self, power: Any) -> Polynomial:
        if not isinstance(power, int) or power < 0:
            raise TypeError(f"the power {power!r} makes no polynomial; give a whole number >= 0")
        result = self._of(1)
        for _ in range(power):
            result = result * self
        return result

    def __neg__(self) -> Polynomial:
        return self * -1

    def __sub__(self, other: Any) -> Polynomial:
        return self + -self._of(other)

    def __rsub__(self, other: Any) -> Polynomial:
        return self._of(other) - self

    def __truediv__(self, number: Any) -> Polynomial:
        return self * (1 / exact(number, "the polynomial"))

    __radd__, __rmul__ = __add__, __mul__

    def _of(self, value: Any) -> Polynomial:
        """A number as a polynomial in the same variables."""
        if isinstance(value, Polynomial):
            return value
        zero = (0,) * len(next(iter(self.terms)))
        return Polynomial({zero: exact(value, "the polynomial")})


def variables(number: int) -> list[Polynomial]:
    """So many variables."""
    return [Polynomial({tuple(int(i == k) for i in range(number)): Fraction(1)}) for k in range(number)]
