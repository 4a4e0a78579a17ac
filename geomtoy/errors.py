"""Every error that geomtoy raises on purpose: one sentence that names the thing and what to do."""

from __future__ import annotations


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


class SettingError(GeomtoyError):
    """A configuration value outside its range."""


class ProofError(GeomtoyError):
    """A structure that is not proven to be right, so that it is not handed out."""
