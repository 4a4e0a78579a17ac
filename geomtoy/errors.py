"""Every error that geomtoy raises on purpose: one sentence that names the thing and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class GeomtoyError(ValueError):
    """Base of all errors caused by an input; the command line turns it into exit status 2."""


class NetworkError(GeomtoyError):
    """Weights or activations that do not make a network."""


class WindowError(GeomtoyError):
    """A window that is not a convex polygon with area (or, in 1D, an interval with length)."""


class SliceError(GeomtoyError):
    """A slice that does not fit the network's input or does not span a plane."""


class FileError(GeomtoyError):
    """A file that is missing, is of another kind, or lacks what it should hold."""


class BudgetError(GeomtoyError):
    """A run stopped because it would exceed `max_regions`; no count is given."""


class OutOfTimeError(BudgetError):
    """A run stopped because `max_seconds` were over; no count is given.

    `at_least` regions there are, proven; None where maxima may still join them.
    """

    def __init__(self, why: str, layer: int = 0, layers: int = 0, at_least: int | None = None) -> None:
        known = f" and {at_least} regions at least" if at_least is not None else ""
        done = f" after {layer} of {layers} hidden layers{known}" if layers else ""
        super().__init__(f"{why}{done}; give more time or look at a smaller window" if layers else why)
        self.at_least = at_least


class SettingError(GeomtoyError):
    """A configuration value outside its range."""


class ProofError(GeomtoyError):
    """A structure that is not proven to be right, so that it is not handed out."""


@contextmanager
def named(name: object) -> Iterator[None]:
    """Say in errors which file, line or argument they are about."""
    try:
        yield
    except GeomtoyError as error:
        raise type(error)(f"{name}: {error}") from None
