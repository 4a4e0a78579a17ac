"""Layers that people use, as small values; `geomtoy.compiler.compile_layers` makes them a network.

Values are numbered in C order of their shape: (n,), or (channels, height, width) for images, or
(height, width, channels) with `channels_last`. Parameters are taken exactly; float32 is widened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from geomtoy.activations import PiecewiseLinear, activation, exact
from geomtoy.errors import NetworkError
from geomtoy.grids import Padding, Shape, Size, channel_of, output_numbers, windows
from geomtoy.network import Layer as Pair
from geomtoy.network import parameter
from geomtoy.normed import Norm


@dataclass(frozen=True, eq=False)
class Affine:
    """x -> W x + b for W (out, in) and b (out,), which is zero if not given."""

    W: Any
    b: Any = None

    def affine(self, shape: Shape) -> tuple[Pair, Shape]:
        """W, b and the shape of the output."""
        W = parameter("W", self.W)
        if W.ndim != 2 or shape != W.shape[1:]:
            raise NetworkError(
                f"W has shape {W.shape} and the input {shape}; flatten the input or fit W"
            )
        return (W, _bias(self.b, len(W))), (len(W),)


@dataclass(frozen=True, eq=False)
class Activation:
    """A piecewise-linear activation (or its name), or a sequence with one for each channel."""

    function: str | PiecewiseLinear | Sequence[str | PiecewiseLinear] = "relu"
    channels_last: bool = False

    def units(self, shape: Shape) -> tuple[PiecewiseLinear, ...]:
        """One for each value."""
        if isinstance(self.function, str | PiecewiseLinear):
            return (activation(self.function),) * prod(shape)
        kinds = [activation(one) for one in self.function]
        channel = channel_of(shape, self.channels_last)
        if len(kinds) != channel.max() + 1:
            raise NetworkError(
                f"{len(kinds)} activations for {channel.max() + 1} channels; give one each"
            )
        return tuple(kinds[c] for c in channel)


@dataclass(frozen=True, eq=False)
class BatchNorm:
    """(x - mean) / sqrt(variance + epsilon) * scale + shift for each channel, with fixed statistics.

    The square root is no rational number: factor and constant are rounded to float64, and those are
    the stored numbers. After an affine layer they are multiplied into its parameters, in float64.
    """

    mean: Any
    variance: Any
    scale: Any = 1.0
    shift: Any = 0.0
    epsilon: float = 1e-5
    channels_last: bool = False

    def factors(self, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
        """Factor and constant of each value."""
        mean, variance, scale, shift = (
            parameter(f"the batch norm's {name}", getattr(self, name)).astype(float)
            for name in ("mean", "variance", "scale", "shift")
        )
        channel = channel_of(shape, self.channels_last)
        if mean.shape != (channel.max() + 1,) or variance.shape != mean.shape:
            raise NetworkError(
                f"the statistics have shapes {mean.shape} and {variance.shape} for "
                f"{channel.max() + 1} channels; give one number each"
            )
        if any(one.shape not in ((), mean.shape) for one in (scale, shift)):
            raise NetworkError(
                f"scale and shift have shapes {scale.shape} and {shift.shape} for {len(mean)} channels; "
                "give one number each"
            )
        if not (variance + self.epsilon > 0).all():
            raise NetworkError("a variance is not positive; give the statistics of inference")
        factor = scale / np.sqrt(variance + self.epsilon)
        return factor[channel], (shift - mean * factor)[channel]


@dataclass(frozen=True, eq=False)
class LayerNorm:
    """(x - mean x) / sqrt(variance x + epsilon) * scale + shift over one vector of values, exactly."""

    scale: Any = 1.0
    shift: Any = 0.0
    epsilon: float = 1e-5

    def norm(self, shape: Shape) -> Norm:
        return _norm(shape, self.scale, self.shift, self.epsilon, centred=True)


@dataclass(frozen=True, eq=False)
class RMSNorm:
    """x / sqrt(mean x^2 + epsilon) * scale over one vector of values, exactly."""

    scale: Any = 1.0
    epsilon: float = 1e-6

    def norm(self, shape: Shape) -> Norm:
        return _norm(shape, self.scale, 0.0, self.epsilon, centred=False)


@dataclass(frozen=True, eq=False)
class Conv2d:
    """Cross-correlation with weight (out, in / groups, kernel height, kernel width), zero padding."""

    weight: Any
    bias: Any = None
    stride: Size = 1
    padding: Padding = 0
    dilation: Size = 1
    groups: int = 1
    channels_last: bool = False

    def affine(self, shape: Shape) -> tuple[Pair, Shape]:
        weight = parameter("the kernel", self.weight)
        if weight.ndim != 4:
            raise NetworkError(f"the kernel has shape {weight.shape}; give (out, in, height, width)")
        out, per_group, *kernel = weight.shape
        around = windows(shape, kernel, self.stride, self.padding, self.dilation, self.channels_last)
        if len(around) != per_group * self.groups or out % self.groups:
            raise NetworkError(
                f"the kernel takes {per_group * self.groups} channels in {self.groups} groups and "
                f"gives {out}; the input has {len(around)}"
            )
        number, after = output_numbers(out, around.shape[1:3], self.channels_last)
        W = np.zeros((number.size, prod(shape) + 1), weight.dtype)  # the last column is the padding
        for o in range(out):
            group = o // (out // self.groups)
            columns = around[group * per_group : (group + 1) * per_group]
            W[number[o][None, :, :, None, None], columns] = weight[o][:, None, None]
        channel = channel_of(after, self.channels_last)
        return (W[:, :-1], _bias(self.bias, out)[channel]), after


@dataclass(frozen=True, eq=False)
class AvgPool2d:
    """Means over windows; 1 / (number of entries) is a Fraction unless that is a power of two.

    With `count_padding`, zeros of the padding count as entries.
    """

    kernel: Size
    stride: Size | None = None
    padding: Padding = 0
    count_padding: bool = True
    channels_last: bool = False

    def affine(self, shape: Shape) -> tuple[Pair, Shape]:
        stride = self.kernel if self.stride is None else self.stride
        around = windows(shape, self.kernel, stride, self.padding, 1, self.channels_last)
        number, after = output_numbers(len(around), around.shape[1:3], self.channels_last)
        W = np.zeros((number.size, prod(shape)), object)
        for out, window in zip(number.ravel(), around.reshape(number.size, -1), strict=True):
            inside = window[window >= 0]
            W[out, inside] = Fraction(1, len(window) if self.count_padding else max(1, len(inside)))
        floats = W.astype(float)
        return (floats if (floats == W).all() else W, np.zeros(len(W))), after


@dataclass(frozen=True, eq=False)
class MaxPool2d:
    """Maxima over windows, without what is padding; of equal entries the first wins."""

    kernel: Size
    stride: Size | None = None
    padding: Padding = 0
    dilation: Size = 1
    channels_last: bool = False

    def groups(self, shape: Shape) -> tuple[list[list[int]], Shape]:
        """The values of which each output is the maximum, and the shape of the output."""
        stride = self.kernel if self.stride is None else self.stride
        around = windows(shape, self.kernel, stride, self.padding, self.dilation, self.channels_last)
        number, after = output_numbers(len(around), around.shape[1:3], self.channels_last)
        rows = around.reshape(number.size, -1)[np.argsort(number.ravel())]
        if (rows < 0).all(axis=1).any():
            raise NetworkError(f"a window lies in the padding {self.padding}; give less")
        return [row[row >= 0].tolist() for row in rows], after


@dataclass(frozen=True, eq=False)
class Maxout:
    """Maxima over groups of values: of k consecutive ones, or of those that each group lists."""

    candidates: int | Sequence[Sequence[int]]

    def groups(self, shape: Shape) -> tuple[list[list[int]], Shape]:
        n, k = prod(shape), self.candidates
        listed = _consecutive(n, k) if isinstance(k, int) else [list(group) for group in k]
        if len(shape) != 1 or not listed or not all(g and set(g) <= set(range(n)) for g in listed):
            raise NetworkError(f"groups of {k} do not fit an input of shape {shape}; give others")
        return listed, (len(listed),)


@dataclass(frozen=True)
class Flatten:
    """The same values as one vector, in C order."""


@dataclass(frozen=True, eq=False)
class Residual:
    """x -> projection(x) + f(x), f being `layers` in order; the projection's layers are affine."""

    layers: Sequence[Any]
    projection: Sequence[Any] = ()


def _norm(shape: Shape, scale: Any, shift: Any, epsilon: float, centred: bool) -> Norm:
    if len(shape) != 1:
        raise NetworkError(f"the input has shape {shape}; flatten it before the norm")
    whole = [np.full(shape, x) if np.ndim(x) == 0 else np.asarray(x) for x in (scale, shift)]
    if whole[0].shape != shape:
        raise NetworkError(f"the norm's scale has shape {whole[0].shape} for an input {shape}; fit it")
    return Norm(whole[0], whole[1], exact(epsilon, "the norm's epsilon"), centred)


def _bias(bias: Any, n: int) -> np.ndarray:
    b = parameter("b", np.zeros(n) if bias is None else bias)
    if b.shape != (n,):
        raise NetworkError(f"b has shape {b.shape} for {n} outputs; give ({n},)")
    return b


def _consecutive(n: int, k: int) -> list[list[int]]:
    return [list(range(i, i + k)) for i in range(0, n, k)] if k > 0 and n % k == 0 else []
