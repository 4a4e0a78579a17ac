"""Checks of the arguments of formulas."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from numbers import Integral, Real

from geomtoy.errors import SettingError


def natural(name: str, value: int, least: int = 0) -> int:
    """An integer of at least `least`, as a Python int."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise SettingError(f"{name} is {value!r}; give an integer of at least {least}")
    return int(value)


def widths_of(widths: Iterable[int], least: int = 1) -> tuple[int, ...]:
    """The widths of one hidden layer or more, each at least `least`."""
    checked = tuple(natural(f"the width of hidden layer {k}", n, least) for k, n in enumerate(widths, 1))
    if not checked:
        raise SettingError("widths is empty; give the width of at least one hidden layer")
    return checked


def positive(name: str, value: float) -> float:
    """A finite number above 0."""
    if not isinstance(value, Real) or not isfinite(value) or value <= 0:
        raise SettingError(f"{name} is {value!r}; give a positive number")
    return float(value)
