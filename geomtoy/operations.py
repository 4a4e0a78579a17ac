"""What a tensor of a network is: one of few operations, applied to other tensors."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from scipy.special import expit, log_softmax, softmax

from geomtoy.activations import PiecewiseLinear
from geomtoy.grids import Shape
from geomtoy.normed import Norm

PADDING = -1
"""Stands for the number of an entry that is 0."""


@dataclass(frozen=True, eq=False)
class Map:
    """x -> W x + b, with W (out, in) and b (out,)."""

    W: np.ndarray
    b: np.ndarray


@dataclass(frozen=True, eq=False)
class Select:
    """Entry i is entry numbers[i] of x, or 0 where that is PADDING."""

    numbers: np.ndarray


@dataclass(frozen=True, eq=False)
class Scale:
    """Each entry times a number of its own, exactly."""

    factors: np.ndarray


@dataclass(frozen=True, eq=False)
class Shift:
    """Each entry plus a number of its own, exactly."""

    constants: np.ndarray


@dataclass(frozen=True, eq=False)
class Rescale:
    """Each entry times a factor plus a constant, multiplied in float64 into the affine map before."""

    factors: np.ndarray
    constants: np.ndarray


@dataclass(frozen=True, eq=False)
class Units:
    """An activation for each entry."""

    kinds: tuple[PiecewiseLinear, ...]


@dataclass(frozen=True, eq=False)
class Maxima:
    """The maximum of each group of entries."""

    groups: list[list[int]]


@dataclass(frozen=True, eq=False)
class Normalise:
    """LayerNorm or RMSNorm of all entries; `place` is what a refusal calls it."""

    norm: Norm
    place: str = "the norm"


@dataclass(frozen=True, eq=False)
class Above:
    """Where entries are above bounds (below them unless `up`), to choose by; not compiled."""

    bounds: np.ndarray
    up: bool


@dataclass(frozen=True)
class Sum:
    """x + y, of two tensors of one shape."""


@dataclass(frozen=True)
class Join:
    """The entries of several tensors, one after another."""


@dataclass(frozen=True)
class Input:
    """What the network is given."""


@dataclass(frozen=True, eq=False)
class Smooth:
    """A last Sigmoid, Softmax or LogSoftmax along an axis, which may be dropped and not compiled."""

    name: str
    shape: Shape
    axis: int = -1

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """What it makes of tensors (n, size)."""
        axis = self.axis % len(self.shape) + 1
        tensors = rows.reshape(-1, *self.shape)
        smoothed = {
            "Sigmoid": lambda: expit(tensors),
            "Softmax": lambda: softmax(tensors, axis),
            "LogSoftmax": lambda: log_softmax(tensors, axis),
        }[self.name]()
        return np.asarray(smoothed).reshape(rows.shape)


Operation = (
    Map
    | Select
    | Scale
    | Shift
    | Rescale
    | Units
    | Maxima
    | Normalise
    | Above
    | Sum
    | Join
    | Input
    | Smooth
)


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor: an operation on the entries of others, in C order, and its own shape."""

    operation: Operation
    parents: tuple[Value, ...]
    shape: Shape

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def numbers(self) -> np.ndarray:
        """The numbers of its entries, in its shape."""
        return np.arange(self.size).reshape(self.shape)
