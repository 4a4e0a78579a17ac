"""Convolution, pooling and norms of one example (1, channels, ...) with one or two axes of space."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from geomtoy import graph
from geomtoy.compiler import applied
from geomtoy.constants import as_floats
from geomtoy.errors import NetworkError
from geomtoy.layers import AvgPool2d, BatchNorm, Conv2d, LayerNorm, MaxPool2d, RMSNorm
from geomtoy.operations import PADDING, Value

Sizes = Sequence[int]
Pads = str | Sequence[tuple[int, int]]
"""What is added (before, after) along each axis of space, or "same" or "valid"."""


def convolved(
    x: Value, weight: np.ndarray, bias: Any, stride: Sizes, pads: Pads, dilation: Sizes, groups: int = 1
) -> Value:
    """Cross-correlation with weight (out, in / groups, ...)."""
    if weight.ndim != len(x.shape):
        raise NetworkError(f"a kernel of shape {weight.shape} does not fit an input of shape {x.shape}")
    flat = weight.ndim == 3
    kernel = weight[:, :, None] if flat else weight
    pads = _two(pads, flat, (0, 0))
    return _on_image(x, Conv2d(kernel, bias, _two(stride, flat), pads, _two(dilation, flat), groups))


def max_pooled(
    x: Value, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, ceil: bool = False
) -> Value:
    """Maxima over windows; with `ceil`, also over windows that stick out at the end."""
    flat = len(kernel) == 1
    if ceil:
        pads = _longer(x, kernel, stride, pads, dilation)
    settings = (_two(stride, flat), _two(pads, flat, (0, 0)), _two(dilation, flat))
    return _on_image(x, MaxPool2d(_two(kernel, flat), *settings))


def mean_pooled(
    x: Value, kernel: Sizes, stride: Sizes, pads: Pads, count_padding: bool, ceil: bool = False
) -> Value:
    """Means over windows; with `ceil`, only where no window sticks out at the end."""
    flat = len(kernel) == 1
    if ceil and _longer(x, kernel, stride, pads, (1,) * len(kernel)) != pads:
        raise NetworkError("means over windows that stick out (ceil mode) are not known here")
    settings = (_two(stride, flat), _two(pads, flat, (0, 0)), count_padding)
    return _on_image(x, AvgPool2d(_two(kernel, flat), *settings))


def adaptive_windows(x: Value, sizes: Sequence[int | None]) -> np.ndarray:
    """Numbers (1, channels, *sizes, most) of the entries of windows that share out the axes of space.

    Window i of k on an axis of length n is from floor(i n / k) to ceil((i + 1) n / k); what is left of
    the last axis is PADDING.
    """
    _check_image(x, len(sizes))
    lengths = [(n, n if size is None else size) for n, size in zip(x.shape[2:], sizes, strict=True)]
    spans = [[slice(i * n // k, -(-(i + 1) * n // k)) for i in range(k)] for n, k in lengths]
    rows = [channel[window].ravel() for channel in x.numbers[0] for window in product(*spans)]
    numbers = np.full((len(rows), max(map(len, rows))), PADDING)
    for row, entries in zip(numbers, rows, strict=True):
        row[: len(entries)] = entries
    return numbers.reshape(1, x.shape[1], *map(len, spans), -1)


def means(x: Value, numbers: np.ndarray) -> Value:
    """Means of the entries that the last axis lists, without PADDING."""
    W = np.zeros((numbers[..., 0].size, x.size), object)
    for row, entries in zip(W, numbers.reshape(len(W), -1), strict=True):
        inside = entries[entries != PADDING]
        row[inside] = Fraction(1, len(inside))
    return graph.linear(x, as_floats(W), None, numbers.shape[:-1])


def batch_normed(x: Value, mean: Any, variance: Any, scale: Any, shift: Any, epsilon: float) -> Value:
    """With fixed statistics for each entry of axis 1."""
    return unbatched(x, BatchNorm(mean, variance, scale, shift, epsilon))


def layer_normed(x: Value, scale: Any, shift: Any, epsilon: float, centred: bool = True) -> Value:
    """LayerNorm of all entries, or RMSNorm, exactly."""
    scale, shift = (np.broadcast_to(one, x.shape).ravel() for one in (scale, shift))
    norm = LayerNorm(scale, shift, epsilon) if centred else RMSNorm(scale, epsilon)
    return graph.reshaped(applied_one(graph.reshaped(x, (x.size,)), norm), x.shape)


def unbatched(x: Value, layer: Any) -> Value:
    """A layer of `geomtoy.layers` on the one example of a batch."""
    if not x.shape or x.shape[0] != 1:
        raise NetworkError(f"an input of shape {x.shape} is no batch of one")
    after = applied_one(graph.reshaped(x, x.shape[1:]), layer)
    return graph.reshaped(after, (1, *after.shape))


def applied_one(x: Value, layer: Any) -> Value:
    try:
        return applied(x, [layer])
    except NetworkError as error:
        raise NetworkError(str(error).split(": ", 1)[1]) from None


def _on_image(x: Value, layer: Any) -> Value:
    """A layer of images on one, or on what has one axis of space only."""
    if len(x.shape) == 4:
        return unbatched(x, layer)
    _check_image(x, 1)
    after = unbatched(graph.reshaped(x, (1, x.shape[1], 1, x.shape[2])), layer)
    return graph.reshaped(after, (1, after.shape[1], after.shape[3]))


def _check_image(x: Value, n: int) -> None:
    if len(x.shape) != n + 2 or x.shape[0] != 1 or n > 2:
        raise NetworkError(f"an input of shape {x.shape} has not one or two axes of space")


def _two(sizes: Any, flat: bool, first: Any = 1) -> Any:
    """Settings for both axes of an image; the first is of length 1 where there is one axis of space."""
    return sizes if isinstance(sizes, str) else (first, *sizes) if flat else tuple(sizes)


def _longer(x: Value, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes) -> Pads:
    """Pads with what the last windows need that begin inside and end outside."""
    if isinstance(pads, str):
        return pads
    longer = []
    for n, k, s, (before, after), d in zip(x.shape[2:], kernel, stride, pads, dilation, strict=True):
        reach = d * (k - 1) + 1
        extra = -(before + n + after - reach) % s
        last = before + n + after + extra - reach
        longer.append((before, after + (extra if last < before + n else 0)))
    return longer
