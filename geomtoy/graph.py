"""Tensors that a network computes, as a graph: each is one of `geomtoy.operations` applied to others.

Importers of all formats write what they read in these few operations; `geomtoy.chain` makes a network
of the graph. Shapes and matrices are found while the graph grows, so that what does not fit is refused
where it stands. Whatever only moves entries (reshape, transpose, slice, gather, pad, broadcast) is one
operation: its effect on an array of their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geomtoy.activations import IDENTITY, PiecewiseLinear, clip, glued
from geomtoy.constants import as_floats, fractions, real
from geomtoy.errors import NetworkError
from geomtoy.grids import Shape
from geomtoy.operations import (
    PADDING,
    Above,
    Input,
    Join,
    Map,
    Maxima,
    Scale,
    Select,
    Shift,
    Smooth,
    Sum,
    Units,
    Value,
)

Move = Callable[[np.ndarray], Any]


def network_input(shape: Sequence[int]) -> Value:
    """What the network is given, as one tensor."""
    return Value(Input(), (), tuple(shape))


def moved(x: Value, move: Move) -> Value:
    """The entries that `move` takes from an array of x's shape; PADDING entries are 0."""
    return _taken(x, np.asarray(move(x.numbers)))


def _taken(x: Value, numbers: np.ndarray) -> Value:
    """The entries of these numbers, in the shape of the numbers."""
    if numbers.size == x.size and (numbers.ravel() == np.arange(x.size)).all():
        return x if numbers.shape == x.shape else Value(Select(numbers.ravel()), (x,), numbers.shape)
    if not numbers.size:
        raise NetworkError(f"nothing is left of an input of shape {x.shape}")
    return Value(Select(numbers.ravel()), (x,), numbers.shape)


def padded(x: Value, widths: Sequence[tuple[int, int]], mode: Any = "constant") -> Value:
    """More entries before and after each axis: zeros, or copies as `numpy.pad` takes them in a mode."""
    filled = {"constant_values": PADDING} if mode == "constant" else {}
    return moved(x, lambda numbers: np.pad(numbers, widths, mode, **filled))


def reshaped(x: Value, shape: Sequence[int]) -> Value:
    """The same entries in another shape, of which one length may be -1."""
    try:
        return moved(x, lambda numbers: numbers.reshape(tuple(shape)))
    except ValueError:
        raise NetworkError(f"an input of shape {x.shape} has no shape {tuple(shape)}") from None


def mapped(x: Value, function: Move, dtype: Any = float) -> Value:
    """A linear function of arrays, whose matrix is what it makes of unit vectors (object: Fractions)."""
    try:
        units = np.eye(x.size, dtype=dtype)
        images = np.array([function(unit.reshape(x.shape)) for unit in units], dtype)
    except ValueError:
        raise NetworkError(f"an input of shape {x.shape} does not fit") from None
    return linear(x, images.reshape(x.size, -1).T, None, images.shape[1:])


def multiplied(x: Value | Any, y: Value | Any) -> Any:
    """The product of a tensor and an array of numbers, broadcast against each other.

    That of two arrays is an array, of Fractions where floats do not hold it.
    """
    match x, y:
        case Value(), Value():
            raise NetworkError("two tensors are multiplied, which is not piecewise affine")
        case Value(), _:
            return scaled(x, y)
        case _, Value():
            return scaled(y, x)
    return as_floats(fractions(x) * fractions(y))


def matrix_product(x: Value | Any, y: Value | Any) -> Any:
    """x @ y as NumPy has it, at most one of them a tensor; see `multiplied`."""
    match x, y:
        case Value(), Value():
            raise NetworkError("two tensors are multiplied, which is not piecewise affine")
        case Value(), _:
            right = real(y)
            return mapped(x, lambda e: e @ right, right.dtype)
        case _, Value():
            left = real(x)
            return mapped(y, lambda e: left @ e, left.dtype)
    return as_floats(fractions(x) @ fractions(y))


def require_arrays(*parameters: Any) -> None:
    """Refuse parameters that are tensors.

    Raises:
        NetworkError: one is.
    """
    if any(isinstance(one, Value) for one in parameters):
        raise NetworkError("a parameter depends on the input, which is not piecewise affine")


def linear(x: Value, W: np.ndarray, b: np.ndarray | None, shape: Shape) -> Value:
    """W x + b of all entries."""
    return Value(Map(W, np.zeros(len(W)) if b is None else b), (x,), shape)


def scaled(x: Value, factor: Any) -> Value:
    """x times an array of numbers, broadcast against each other."""
    x, factors = _spread(x, factor)
    return x if (factors == 1).all() else Value(Scale(factors), (x,), x.shape)


def divided(x: Value, divisor: Any) -> Value:
    """x over an array of numbers, by the rational numbers that their inverses are.

    Raises:
        NetworkError: it is divided by a tensor, or by 0.
    """
    if isinstance(divisor, Value):
        raise NetworkError("something is divided by a tensor, which is not piecewise affine")
    divisors = np.asarray(divisor)
    if not np.all(divisors):
        raise NetworkError("something is divided by 0")
    return scaled(x, as_floats(1 / fractions(divisors)))


def added(x: Value | Any, y: Value | Any) -> Value:
    """The sum of two tensors, or of one and an array of numbers, broadcast against each other."""
    if not isinstance(x, Value):
        x, y = y, x
    if not isinstance(y, Value):
        x, constants = _spread(x, y)
        return Value(Shift(constants), (x,), x.shape) if constants.any() else x
    if x is y:
        return scaled(x, 2.0)
    return Value(Sum(), pair := _broadcast(x, y), pair[0].shape)


def subtracted(x: Value | Any, y: Value | Any) -> Value:
    """x - y; at least one is a tensor."""
    return added(x, negated(y) if isinstance(y, Value) else np.negative(real(y)))


def joined(parts: Sequence[Value], axis: int) -> Value:
    """Tensors side by side along an axis."""
    try:
        return rearranged(parts, lambda *numbers: np.concatenate(numbers, axis))
    except (ValueError, IndexError):
        shapes = " and ".join(str(part.shape) for part in parts)
        raise NetworkError(f"shapes {shapes} cannot be joined along axis {axis}") from None


def rearranged(parts: Sequence[Value], move: Callable[..., Any]) -> Any:
    """Entries of several tensors that `move` takes from arrays of their shapes: a tensor, or a list."""
    ends = np.cumsum([0, *(part.size for part in parts)])
    numbers = [np.asarray(part.numbers + end) for part, end in zip(parts, ends, strict=False)]
    found = move(*numbers)
    row = parts[0]
    if len(parts) > 1:
        row = Value(Join(), tuple(parts), (int(ends[-1]),))
    several = isinstance(found, list | tuple)
    values = [_taken(row, one) for one in (found if several else [found])]
    return values if several else values[0]


def constant(x: Value, numbers: Any) -> Value:
    """Numbers as a tensor: nothing of x, and they are added."""
    nothing = moved(x, lambda _: np.full(np.shape(numbers), PADDING))
    return added(nothing, numbers)


def smooth(x: Value, name: str, axis: int = -1) -> Value:
    """A Sigmoid, Softmax or LogSoftmax."""
    return Value(Smooth(name, x.shape, axis), (x,), x.shape)


def averaged(x: Value, axes: Sequence[int] | None, keepdims: bool) -> Value:
    """Means along axes, of all entries if None."""
    total = summed(x, axes, keepdims)
    return divided(total, x.size // total.size)


def summed(x: Value, axes: Sequence[int] | None, keepdims: bool) -> Value:
    """Sums along axes, of all entries if None."""
    which = None if axes is None else tuple(axes)
    return mapped(x, lambda one: one.sum(axis=which, keepdims=keepdims))


def largest_along(x: Value, axes: Sequence[int] | None, keepdims: bool) -> Value:
    """Maxima along axes, of all entries if None."""
    ranks = range(len(x.shape))
    along = sorted(a % len(x.shape) for a in (ranks if axes is None else axes))
    kept = [a for a in ranks if a not in along]
    shape = [1 if a in along else x.shape[a] for a in ranks if keepdims or a not in along]
    found = largest(x, lambda n: n.transpose(kept + along).reshape(*[x.shape[a] for a in kept], -1))
    return reshaped(found, shape)


def smallest_along(x: Value, axes: Sequence[int] | None, keepdims: bool) -> Value:
    """Minima along axes, of all entries if None."""
    return negated(largest_along(negated(x), axes, keepdims))


def negated(x: Value) -> Value:
    return scaled(x, -1.0)


def activated(x: Value, kinds: Any) -> Value:
    """A piecewise-linear function of each entry: one for all, or an array of them that is broadcast."""
    spread = np.broadcast_to(np.asarray(kinds, object), x.shape)
    return Value(Units(tuple(spread.ravel())), (x,), x.shape)


def largest(x: Value, candidates: Move) -> Value:
    """Maxima over the last axis of what `candidates` takes from an array of x's shape; no PADDING."""
    numbers = np.asarray(candidates(x.numbers))
    groups = [row[row != PADDING].tolist() for row in numbers.reshape(-1, numbers.shape[-1])]
    return maxima(x, groups, numbers.shape[:-1])


def maxima(x: Value, groups: list[list[int]], shape: Shape) -> Value:
    """The maximum of each group of entries; of equal ones the first wins."""
    if not groups or not all(groups):
        raise NetworkError("a maximum has no candidates")
    return Value(Maxima(groups), (x,), shape)


def larger(x: Value | Any, y: Value | Any) -> Value:
    """The larger of two tensors, or of one and an array of numbers, at each entry; -inf is no bound."""
    if not isinstance(x, Value):
        x, y = y, x
    if not isinstance(y, Value):
        x, lows = _spread(x, y)
        kinds = [IDENTITY if low == -np.inf else clip(low=low) for low in lows]
        return activated(x, np.array(kinds, object).reshape(x.shape))
    both = joined([reshaped(part, (*part.shape, 1)) for part in _broadcast(x, y)], -1)
    return largest(both, lambda numbers: numbers)


def smaller(x: Value | Any, y: Value | Any) -> Value:
    """The smaller of two tensors, or of one and an array of numbers, at each entry."""
    x, y = (negated(one) if isinstance(one, Value) else np.negative(real(one)) for one in (x, y))
    return negated(larger(x, y))


def above(x: Value | Any, y: Value | Any) -> Value:
    """Where x > y, one of them a tensor and the other an array of numbers; for `chosen` only."""
    if isinstance(x, Value) and isinstance(y, Value):
        raise NetworkError("two tensors are compared, which may be no continuous function of them")
    if isinstance(x, Value):
        x, bounds = _spread(x, y)
        return Value(Above(bounds, True), (x,), x.shape)
    y, bounds = _spread(y, x)
    return Value(Above(bounds, False), (y,), y.shape)


def chosen(where: Any, first: Value | Any, second: Value | Any) -> Value:
    """`first` where a tensor x is above a number, else `second`, both functions of x alone.

    Where `where` is an array of truth values, both may be anything.

    Raises:
        NetworkError: they jump, or are no such functions.
    """
    if isinstance(where, np.ndarray) and where.dtype == bool:
        (x, *_) = [one for one in (first, second) if isinstance(one, Value)]
        values = [one if isinstance(one, Value) else constant(x, one) for one in (first, second)]
        found: Value = rearranged(values, lambda *numbers: np.where(where, *numbers))
        return found
    if not isinstance(where, Value) or not isinstance(where.operation, Above):
        raise NetworkError("a choice by what is no comparison with a number is not known here")
    (x,), bounds = where.parents, where.operation.bounds
    low, high = (_functions(one, x) for one in (second, first))
    if not where.operation.up:
        low, high = high, low
    kinds = [glued(*one) for one in zip(bounds, low, high, strict=True)]
    return activated(x, np.array(kinds, object).reshape(x.shape))


def _functions(y: Value | Any, x: Value) -> list[PiecewiseLinear]:
    """Each entry of y as a function of the same entry of x."""
    if not isinstance(y, Value):
        return [PiecewiseLinear((), (0,), c) for c in np.broadcast_to(y, x.shape).ravel()]
    if y is x:
        return [IDENTITY] * x.size
    if y.shape == x.shape and y.parents == (x,):
        match y.operation:
            case Scale(factors):
                return [PiecewiseLinear((), (factor,)) for factor in factors]
            case Shift(constants):
                return [PiecewiseLinear((), (1,), c) for c in constants]
            case Units(kinds):
                return list(kinds)
    raise NetworkError("a choice between what are no functions of what is compared is not known here")


def _broadcast(x: Value, y: Value) -> tuple[Value, Value]:
    shape = _common_shape(x.shape, y.shape)
    first, second = (moved(z, lambda numbers: np.broadcast_to(numbers, shape)) for z in (x, y))
    return first, second


def _spread(x: Value, constant: Any) -> tuple[Value, np.ndarray]:
    """Both in their common shape; the numbers as one vector."""
    numbers = real(constant)
    shape = _common_shape(x.shape, numbers.shape)
    return moved(x, lambda n: np.broadcast_to(n, shape)), np.broadcast_to(numbers, shape).ravel()


def _common_shape(first: Shape, second: Shape) -> Shape:
    try:
        return np.broadcast_shapes(first, second)
    except ValueError:
        raise NetworkError(f"shapes {first} and {second} do not fit each other") from None
