"""Numbers of the values of an image, and of those in each window of a convolution or pooling."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from geomtoy.errors import NetworkError

Shape = tuple[int, ...]
Size = int | Sequence[int]
Padding = int | str | Sequence[int | Sequence[int]]
"""One number, one for each direction, pairs (before, after), or "same": ceil(size / stride) outputs."""


def as_shape(given: Any) -> Shape:
    """The shape of one input: a number of values, or a length for each axis.

    Raises:
        NetworkError: a length is no integer of at least 1.
    """
    try:
        shape = tuple(map(index, given if np.ndim(given) else (given,)))
    except (TypeError, ValueError):
        shape = (0,)
    if all(length > 0 for length in shape):
        return shape
    raise NetworkError(
        f"the input's shape is {given!r}; give a number of values, or a length of each axis"
    )


def windows(
    shape: Shape, kernel: Size, stride: Size, padding: Padding, dilation: Size, channels_last: bool
) -> np.ndarray:
    """Numbers (channels, height, width, kernel height, kernel width) of the values in each window, -1
    for padding; height and width are those of the output.

    Raises:
        NetworkError: the input is no image, or no window fits into it.
    """
    if len(shape) != 3:
        raise NetworkError(f"the input has shape {shape}; give an image")
    grid = np.arange(prod(shape)).reshape(shape)
    grid = np.moveaxis(grid, -1, 0) if channels_last else grid
    (kh, kw), (sh, sw), (dh, dw) = _pair(kernel), _pair(stride), _pair(dilation)
    reach = (dh * (kh - 1) + 1, dw * (kw - 1) + 1)
    ends = _ends(padding, grid.shape[1:], reach, (sh, sw))
    grid = np.pad(grid, [(0, 0), *ends], constant_values=-1)
    if min(kh, kw, sh, sw, dh, dw) < 1 or reach[0] > grid.shape[1] or reach[1] > grid.shape[2]:
        raise NetworkError(f"no window of {kh} x {kw} fits into an input of shape {shape}")
    view: np.ndarray = sliding_window_view(grid, reach, axis=(1, 2))
    return view[:, ::sh, ::sw, ::dh, ::dw]


def output_numbers(channels: int, size: Sequence[int], channels_last: bool) -> tuple[np.ndarray, Shape]:
    """Numbers (channels, height, width) of the values of an output, and its shape."""
    height, width = size
    shape = (height, width, channels) if channels_last else (channels, height, width)
    number = np.arange(prod(shape)).reshape(shape)
    return (np.moveaxis(number, -1, 0) if channels_last else number), shape


def channel_of(shape: Shape, channels_last: bool) -> np.ndarray:
    """Channel of each value; a vector's entries are channels of their own."""
    axis = len(shape) - 1 if channels_last else 0
    return np.indices(shape)[axis].ravel()


def _ends(
    padding: Padding, size: Sequence[int], reach: Sequence[int], stride: Sequence[int]
) -> list[tuple[int, int]]:
    """What is added before and after, in each direction."""
    if not isinstance(padding, str):
        ends = [(p, p) if isinstance(p, int) else (p[0], p[1]) for p in _pair(padding)]
        if min(map(min, ends)) < 0:
            raise NetworkError(f"padding {padding} would cut the input; give 0 or more")
        return ends
    if padding.lower() not in ("same", "valid"):
        raise NetworkError(f"padding {padding!r} is unknown; give numbers, 'same' or 'valid'")
    if padding.lower() == "valid":
        return [(0, 0), (0, 0)]
    missing = [max((n - 1) // s * s + r - n, 0) for n, r, s in zip(size, reach, stride, strict=True)]
    return [(m // 2, m - m // 2) for m in missing]


def _pair(size: Any) -> tuple[Any, Any]:
    if isinstance(size, int | np.integer):
        return int(size), int(size)
    first, second = size
    return first, second
