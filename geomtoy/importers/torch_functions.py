"""What PyTorch's functions (ATen, as torch.export names them) do to tensors.

Each takes its arguments as torch has them: tensors that depend on the input as values of a graph, all
others as arrays. Modules are in evaluation mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geomtoy import graph
from geomtoy.activations import ABS, RELU, PiecewiseLinear, clip, hard_sigmoid, leaky_relu
from geomtoy.errors import NetworkError
from geomtoy.importers import images
from geomtoy.operations import Value

Sizes = Sequence[int]

MOVES = {
    *("_unsafe_view", "alias", "atleast_2d", "cat", "channel_shuffle", "chunk", "clone"),
    *("column_stack", "contiguous", "copy", "detach", "diagonal", "dstack", "expand", "flatten", "flip"),
    *("hstack", "movedim", "narrow", "permute", "pixel_shuffle", "pixel_unshuffle", "ravel"),
    *("reflection_pad1d", "reflection_pad2d", "repeat", "replication_pad1d", "replication_pad2d"),
    *("reshape", "roll", "rot90", "select", "select_scatter", "slice", "slice_scatter", "split"),
    *("split_with_sizes", "squeeze", "stack", "swapaxes", "swapdims", "t", "tensor_split", "tile"),
    *("transpose", "unbind", "unflatten", "unfold", "unsqueeze", "view", "vstack"),
}
"""Functions that only move entries, of all tensors that they are given: what they do to the numbers of
entries is what they do."""

PLACES = {"gather", "index", "index_select", "repeat_interleave", "take", "take_along_dim"}
"""The same, where only the first tensor has entries; others say which, and are constants."""

SHAPES = {"full_like", "new_full", "new_ones", "new_zeros", "ones_like", "zeros_like"}
"""Functions that take nothing from a tensor but its shape."""


def _linear(x: Value, weight: np.ndarray, bias: Any = None) -> Value:
    product = graph.matrix_product(x, np.transpose(weight))
    return product if bias is None else graph.added(product, bias)


def _conv(
    x: Value,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    graph.require_arrays(weight, bias)
    n = weight.ndim - 2
    reach = [d * (k - 1) for d, k in zip(_each(dilation, n), weight.shape[2:], strict=True)]
    same = [(r // 2, r - r // 2) for r in reach]  # torch has stride 1 then
    pads = same if padding == "same" else padding if padding == "valid" else _pads(padding, n)
    return images.convolved(x, weight, bias, _each(stride, n), pads, _each(dilation, n), groups)


def _batch_norm(
    x: Value, scale: Any, shift: Any, mean: Any, variance: Any, _: Any, epsilon: float
) -> list[Value]:
    scale, shift = (1.0 if scale is None else scale), (0.0 if shift is None else shift)
    return [images.batch_normed(x, mean, variance, scale, shift, epsilon)]


def _layer_norm(
    x: Value, shape: Sizes, scale: Any = None, shift: Any = None, epsilon: float = 1e-5, _: Any = True
) -> Value:
    return _normed(x, shape, scale, shift, epsilon, True)


def _rms_norm(x: Value, shape: Sizes, scale: Any = None, epsilon: float | None = None) -> Value:
    if epsilon is None:
        raise NetworkError("its epsilon is that of the precision it computes in; give it eps")
    return _normed(x, shape, scale, None, epsilon, False)


def _normed(x: Value, shape: Sizes, scale: Any, shift: Any, epsilon: float, centred: bool) -> Value:
    graph.require_arrays(scale, shift)
    if x.size != np.prod(shape):
        raise NetworkError(f"an input of shape {x.shape} is normed in parts; norm one vector")
    scale, shift = (1.0 if scale is None else scale), (0.0 if shift is None else shift)
    return images.layer_normed(x, scale, shift, epsilon, centred)


def _max_pool(n: int) -> Callable[..., Any]:
    def pool(
        x: Value,
        kernel: Any,
        stride: Any = (),
        padding: Any = 0,
        dilation: Any = 1,
        ceil: bool = False,
    ) -> Value:
        kernel = _each(kernel, n)
        settings = (_each(stride or kernel, n), _pads(padding, n), _each(dilation, n), ceil)
        return images.max_pooled(x, kernel, *settings)

    return pool


def _mean_pool(n: int) -> Callable[..., Value]:
    def pool(
        x: Value,
        kernel: Any,
        stride: Any = (),
        padding: Any = 0,
        ceil: bool = False,
        counted: bool = True,
        divisor: int | None = None,
    ) -> Value:
        if divisor is not None:
            raise NetworkError(f"with divisor_override={divisor}; only None is known here")
        kernel = _each(kernel, n)
        strides, pads = _each(stride or kernel, n), _pads(padding, n)
        return images.mean_pooled(x, kernel, strides, pads, counted, ceil)

    return pool


def _adaptive_mean_pool(x: Value, sizes: Sizes) -> Value:
    return images.means(x, images.adaptive_windows(x, sizes))


def _adaptive_max_pool(x: Value, sizes: Sizes) -> list[Value]:
    windows = images.adaptive_windows(x, sizes)
    return [graph.largest(x, lambda _: windows)]


def _extreme(along: Callable[..., Value], pair: Callable[..., Value]) -> Callable[..., Any]:
    """torch.max and torch.min: of all entries, of two tensors, or along an axis.

    Indices along the axis are not continuous, so nothing can be made of them.
    """

    def extreme(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        if dim is None:
            return along(x, None, False)
        return [along(x, [dim], keepdim)] if isinstance(dim, int) else pair(x, dim)

    return extreme


def _reduced(over: Callable[..., Value]) -> Callable[..., Value]:
    def reduce(x: Value, dim: Any = None, keepdim: bool = False) -> Value:
        return over(x, [dim] if isinstance(dim, int) else dim or None, keepdim)

    return reduce


def _add(x: Any, y: Any, alpha: Any = 1) -> Value:
    return graph.added(x, graph.multiplied(y, alpha))


def _sub(x: Any, y: Any, alpha: Any = 1) -> Value:
    return _add(x, y, -alpha)


def _addmm(c: Any, x: Any, y: Any, beta: Any = 1, alpha: Any = 1) -> Value:
    product = graph.multiplied(graph.matrix_product(x, y), alpha)
    return graph.added(product, graph.multiplied(c, beta))


def _einsum(equation: str, factors: Sequence[Any], path: Any = None) -> Value:
    values = [factor for factor in factors if isinstance(factor, Value)]
    if len(values) > 1 or len(factors) > 2:
        raise NetworkError("only one tensor times one array of parameters is known here")

    def product(e: np.ndarray) -> Any:
        return np.einsum(equation, *(e if isinstance(one, Value) else one for one in factors))

    return graph.mapped(values[0], product)


def _masked_fill(x: Any, where: Any, filling: Any) -> Value:
    return graph.chosen(where, filling, x)


def _dropout(x: Value, rate: Any, training: bool) -> Value:
    if training:
        raise NetworkError("it drops at random; call it with training=False")
    return x


def _prelu(x: Value, slope: Any) -> Value:
    graph.require_arrays(slope)
    channels = slope.reshape(-1, *[1] * (len(x.shape) - 2)) if len(x.shape) > 1 else slope
    return graph.activated(x, np.frompyfunc(leaky_relu, 1, 1)(channels))


def _rrelu(x: Value, lower: Any = 1 / 8, upper: Any = 1 / 3, training: bool = False) -> Value:
    _dropout(x, None, training)
    return graph.activated(x, leaky_relu((lower + upper) / 2))


NUMPY_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _pad(x: Value, ends: Sizes, mode: str = "constant", value: Any = None) -> Value:
    """Before and after the last axis, the one before it, ..."""
    if value or min(ends) < 0:
        raise NetworkError(f"pads {list(ends)} of {value} are not known here")
    pairs = list(zip(ends[::2], ends[1::2], strict=True))[::-1]
    widths = [(0, 0)] * (len(x.shape) - len(pairs)) + pairs
    return graph.padded(x, widths, NUMPY_MODES[mode])


def _threshold(x: Value, threshold: Any, value: Any) -> Value:
    if threshold != value:
        raise NetworkError(f"it jumps from {value} to {threshold}, so it is not continuous")
    return graph.activated(x, clip(low=value))


def _clamp(x: Value, low: Any = None, high: Any = None) -> Value:
    x = x if low is None else graph.larger(x, low)
    return x if high is None else graph.smaller(x, high)


def _hard_tanh(x: Value, low: Any = -1, high: Any = 1) -> Value:
    return graph.activated(x, clip(low, high))


def _smooth(name: str) -> Callable[..., Value]:
    return lambda x, dim=-1, half_to_float=False: graph.smooth(x, name, dim)


def _activation(kind: PiecewiseLinear) -> Callable[..., Value]:
    return lambda x: graph.activated(x, kind)


def _each(setting: Any, n: int) -> list[int]:
    """For each of n axes."""
    listed = [setting] if isinstance(setting, int) else list(setting)
    return listed * n if len(listed) == 1 else listed


def _pads(padding: Any, n: int) -> list[tuple[int, int]]:
    return [(p, p) for p in _each(padding, n)]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "_native_batch_norm_legit_no_training": _batch_norm,
    "_softmax": _smooth("Softmax"),
    "_log_softmax": _smooth("LogSoftmax"),
    "abs": _activation(ABS),
    "adaptive_avg_pool1d": _adaptive_mean_pool,
    "adaptive_avg_pool2d": _adaptive_mean_pool,
    "adaptive_max_pool1d": _adaptive_max_pool,
    "adaptive_max_pool2d": _adaptive_max_pool,
    "add": _add,
    "addmm": _addmm,
    "alpha_dropout": _dropout,
    "amax": _reduced(graph.largest_along),
    "amin": _reduced(graph.smallest_along),
    "avg_pool1d": _mean_pool(1),
    "avg_pool2d": _mean_pool(2),
    "bmm": graph.matrix_product,
    "clamp": _clamp,
    "clamp_max": lambda x, high: graph.smaller(x, high),
    "clamp_min": lambda x, low: graph.larger(x, low),
    "constant_pad_nd": lambda x, ends, value=0: _pad(x, ends, "constant", value),
    "conv1d": _conv,
    "conv2d": _conv,
    "div": lambda x, y: graph.divided(x, y),
    "dot": graph.matrix_product,
    "dropout": _dropout,
    "einsum": _einsum,
    "feature_dropout": _dropout,
    "ge": lambda x, y: graph.above(x, y),
    "gt": lambda x, y: graph.above(x, y),
    "hardsigmoid": _activation(hard_sigmoid()),
    "hardtanh": _hard_tanh,
    "layer_norm": _layer_norm,
    "le": lambda x, y: graph.above(y, x),
    "leaky_relu": lambda x, slope=0.01: graph.activated(x, leaky_relu(slope)),
    "linear": _linear,
    "log_softmax": _smooth("LogSoftmax"),
    "lt": lambda x, y: graph.above(y, x),
    "masked_fill": _masked_fill,
    "matmul": graph.matrix_product,
    "max": _extreme(graph.largest_along, graph.larger),
    "max_pool1d": _max_pool(1),
    "max_pool2d": _max_pool(2),
    "maximum": graph.larger,
    "mean": _reduced(graph.averaged),
    "min": _extreme(graph.smallest_along, graph.smaller),
    "minimum": graph.smaller,
    "mm": graph.matrix_product,
    "mul": graph.multiplied,
    "mv": graph.matrix_product,
    "neg": graph.negated,
    "pad": _pad,
    "prelu": _prelu,
    "relu": _activation(RELU),
    "relu6": _activation(clip(0, 6)),
    "rms_norm": _rms_norm,
    "rrelu": _rrelu,
    "rsub": lambda x, y, alpha=1: _sub(y, x, alpha),
    "sigmoid": _smooth("Sigmoid"),
    "softmax": _smooth("Softmax"),
    "sub": _sub,
    "sum": _reduced(graph.summed),
    "threshold": _threshold,
    "where": graph.chosen,
}
