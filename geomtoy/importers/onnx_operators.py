"""What the operators of ONNX do to tensors, each as its definition says.

An operator takes its `Node` and its inputs: tensors, arrays of numbers, or None where one is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np

from geomtoy import graph
from geomtoy.activations import ABS, RELU, clip, hard_sigmoid, leaky_relu
from geomtoy.errors import NetworkError
from geomtoy.importers import images
from geomtoy.operations import Value


@dataclass(frozen=True)
class Node:
    """An operator's name, its attributes, and how many outputs it has."""

    kind: str
    attributes: dict[str, Any]
    n_outputs: int = 1

    def get(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)

    def only(self, **settings: Any) -> None:
        """Refuse other settings than these, which are the defaults."""
        for name, value in settings.items():
            if (found := self.get(name, value)) != value:
                raise NetworkError(f"with {name}={found!r}; only {value!r} is known here")


def _gemm(node: Node, a: Any, b: Any, c: Any = None) -> Value:
    a, b = (_turned(x) if node.get(name) else x for x, name in ((a, "transA"), (b, "transB")))
    result = graph.multiplied(graph.matrix_product(a, b), node.get("alpha", 1.0))
    if c is None:
        return result
    return graph.added(result, graph.multiplied(c, node.get("beta", 1.0)))


def _turned(matrix: Any) -> Any:
    return graph.moved(matrix, np.transpose) if isinstance(matrix, Value) else matrix.T


def _conv(node: Node, x: Any, weight: Any, bias: Any = None) -> Value:
    graph.require_arrays(weight, bias)
    pads, strides, dilations = _windows(node, weight.ndim - 2)
    return images.convolved(x, weight, bias, strides, pads, dilations, node.get("group", 1))


def _max_pool(node: Node, x: Value) -> Value:
    if node.n_outputs > 1:
        raise NetworkError("its indices are used, which are not continuous")
    kernel = node.get("kernel_shape")
    pads, strides, dilations = _windows(node, len(kernel))
    return images.max_pooled(x, kernel, strides, pads, dilations, bool(node.get("ceil_mode", 0)))


def _average_pool(node: Node, x: Value) -> Value:
    kernel = node.get("kernel_shape")
    node.only(dilations=[1] * len(kernel))
    pads, strides, _ = _windows(node, len(kernel))
    counted = bool(node.get("count_include_pad", 0))
    return images.mean_pooled(x, kernel, strides, pads, counted, bool(node.get("ceil_mode", 0)))


def _windows(node: Node, n: int) -> tuple[Any, list[int], list[int]]:
    """Pads, strides and dilations over n axes of space."""
    ones, ends = [1] * n, node.get("pads", [0] * 2 * n)
    pads = list(zip(ends[:n], ends[n:], strict=True))
    automatic = node.get("auto_pad", b"NOTSET").decode()
    if automatic == "SAME_LOWER":
        raise NetworkError("with auto_pad='SAME_LOWER'; only 'SAME_UPPER', 'VALID' are known here")
    named = {"SAME_UPPER": "same", "VALID": "valid"}.get(automatic)
    return named or pads, node.get("strides", ones), node.get("dilations", ones)


def _batch_norm(node: Node, x: Value, scale: Any, shift: Any, mean: Any, variance: Any) -> Value:
    node.only(training_mode=0)
    graph.require_arrays(scale, shift, mean, variance)
    return images.batch_normed(x, mean, variance, scale, shift, node.get("epsilon", 1e-5))


def _layer_norm(node: Node, x: Value, scale: Any, shift: Any = 0.0) -> Value:
    graph.require_arrays(scale, shift)
    axis = node.get("axis", -1) % len(x.shape)
    if any(length != 1 for length in x.shape[:axis]) or node.n_outputs > 1:
        raise NetworkError(f"an input of shape {x.shape} is normed along axis {axis}; norm one vector")
    return images.layer_normed(x, scale, shift, node.get("epsilon", 1e-5))


def _global_pool(pool: Callable[..., Value], node: Node, x: Value) -> Value:
    return pool(x, range(2, len(x.shape)), True)


def _reduce(over: Callable[..., Value], node: Node, x: Value, axes: Any = None) -> Value:
    listed = node.get("axes") if axes is None else _integers(axes)
    if not listed and node.get("noop_with_empty_axes", 0):
        return x
    return over(x, listed or None, bool(node.get("keepdims", 1)))


def _reshape(node: Node, x: Value, shape: Any = None) -> Value:
    lengths = _integers(node.get("shape") if shape is None else shape)
    if not node.get("allowzero", 0):
        lengths = [x.shape[k] if length == 0 else length for k, length in enumerate(lengths)]
    return graph.reshaped(x, lengths)


def _flatten(node: Node, x: Value) -> Value:
    axis = node.get("axis", 1)
    return graph.reshaped(x, (int(np.prod(x.shape[: axis + len(x.shape) if axis < 0 else axis])), -1))


def _transpose(node: Node, x: Value) -> Value:
    return graph.moved(x, lambda n: n.transpose(node.get("perm")))


def _squeeze(node: Node, x: Value, axes: Any = None) -> Value:
    listed = node.get("axes") if axes is None else _integers(axes)
    return graph.moved(x, lambda n: n.squeeze(None if listed is None else tuple(listed)))


def _unsqueeze(node: Node, x: Value, axes: Any = None) -> Value:
    listed = node.get("axes") if axes is None else _integers(axes)
    return graph.moved(x, lambda n: np.expand_dims(n, tuple(listed)))


def _concat(node: Node, *parts: Any) -> Value:
    x = _tensors_first(parts)[0]
    tensors = [part if isinstance(part, Value) else graph.constant(x, part) for part in parts]
    return graph.joined(tensors, node.get("axis"))


def _split(node: Node, x: Value, lengths: Any = None) -> list[Value]:
    axis = node.get("axis", 0)
    listed = node.get("split") if lengths is None else _integers(lengths)
    if listed is None:
        step = -(-x.shape[axis] // node.n_outputs)
        listed = [step] * node.n_outputs
    ends = np.cumsum(listed)[:-1]
    return graph.rearranged([x], lambda numbers: np.split(numbers, ends, axis))


def _slice(node: Node, x: Value, *given: Any) -> Value:
    if not given:
        given = (node.get("starts"), node.get("ends"), node.get("axes"))
    starts, ends, axes, steps = (
        None if one is None else _integers(one) for one in (*given, None, None)[:4]
    )
    index = [slice(None)] * len(x.shape)
    for k, axis in enumerate(range(len(starts)) if axes is None else axes):  # type: ignore[arg-type]
        step = steps[k] if steps else 1
        end = None if step < 0 and ends[k] < -x.shape[axis] else ends[k]  # type: ignore[index]
        index[axis] = slice(starts[k], end, step)  # type: ignore[index]
    return graph.moved(x, lambda n: n[tuple(index)])


def _gather(node: Node, x: Value, which: Any) -> Value:
    graph.require_arrays(which)
    axis = node.get("axis", 0)
    try:
        return graph.moved(x, lambda n: n.take(which, axis))
    except IndexError:
        raise NetworkError(f"an entry is taken that axis {axis} of shape {x.shape} has not") from None


def _expand(node: Node, x: Value, shape: Any) -> Value:
    wanted = np.broadcast_shapes(x.shape, tuple(_integers(shape)))
    return graph.moved(x, lambda n: np.broadcast_to(n, wanted))


def _tile(node: Node, x: Value, repeats: Any) -> Value:
    return graph.moved(x, lambda n: np.tile(n, _integers(repeats)))


def _pad(node: Node, x: Value, pads: Any = None, value: Any = None, axes: Any = None) -> Value:
    mode = node.get("mode", b"constant").decode()
    ends = _integers(node.get("pads") if pads is None else pads)
    along = range(len(x.shape)) if axes is None else [a % len(x.shape) for a in _integers(axes)]
    number = node.get("value", 0.0) if value is None else float(np.ravel(value)[0])
    if number != 0 or min(ends) < 0 or mode not in ("constant", "reflect", "edge", "wrap"):
        raise NetworkError(f"pads {ends} of {number:g} in mode {mode!r} are not known here")
    widths = [(0, 0)] * len(x.shape)
    for axis, before, after in zip(along, ends[: len(ends) // 2], ends[len(ends) // 2 :], strict=True):
        widths[axis] = (before, after)
    return graph.padded(x, widths, mode)


def _clip(node: Node, x: Value, low: Any = None, high: Any = None) -> Value:
    low = node.get("min", -np.inf) if low is None else low
    high = node.get("max", np.inf) if high is None else high
    if isinstance(low, Value) or isinstance(high, Value):
        return graph.smaller(graph.larger(x, low), high)
    most = np.finfo(np.float32).max  # what exporters write for no bound
    top = float(np.ravel(high)[0])
    bottom = min(float(np.ravel(low)[0]), top)
    return graph.activated(x, clip(None if bottom <= -most else bottom, None if top >= most else top))


def _prelu(node: Node, x: Value, slope: Any) -> Value:
    graph.require_arrays(slope)
    return graph.activated(x, np.frompyfunc(leaky_relu, 1, 1)(slope))


def _max(node: Node, *parts: Any) -> Value:
    return reduce(graph.larger, _tensors_first(parts))


def _min(node: Node, *parts: Any) -> Value:
    return reduce(graph.smaller, _tensors_first(parts))


def _sum(node: Node, *parts: Any) -> Value:
    return reduce(graph.added, _tensors_first(parts))


def _dropout(node: Node, x: Value, ratio: Any = 0.5, training: Any = False) -> Value:
    if np.any(training) or node.n_outputs > 1:
        raise NetworkError("it is in training mode or its mask is used; export the model for inference")
    return x


def _cast(node: Node, x: Value) -> Value:
    if node.get("to") not in (1, 11):
        raise NetworkError("numbers are cast to something else than float32 or float64")
    return x


def _tensors_first(parts: tuple[Any, ...]) -> list[Any]:
    return sorted(parts, key=lambda part: not isinstance(part, Value))


def _integers(values: Any) -> list[int]:
    graph.require_arrays(values)
    return [int(value) for value in np.ravel(values)]


def _smooth(node: Node, x: Value) -> Value:
    return graph.smooth(x, node.kind, node.get("axis", -1))


OPERATORS: dict[str, Callable[..., Any]] = {
    "Abs": lambda node, x: graph.activated(x, ABS),
    "Add": lambda node, x, y: graph.added(x, y),
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Conv": _conv,
    "Div": lambda node, x, y: graph.divided(x, y),
    "Dropout": _dropout,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Gemm": _gemm,
    "Greater": lambda node, x, y: graph.above(x, y),
    "GreaterOrEqual": lambda node, x, y: graph.above(x, y),
    "Less": lambda node, x, y: graph.above(y, x),
    "LessOrEqual": lambda node, x, y: graph.above(y, x),
    "Where": lambda node, where, x, y: graph.chosen(where, x, y),
    "GlobalAveragePool": partial(_global_pool, graph.averaged),
    "GlobalMaxPool": partial(_global_pool, graph.largest_along),
    "HardSigmoid": lambda node, x: graph.activated(
        x, hard_sigmoid(node.get("alpha", float(np.float32(0.2))), node.get("beta", 0.5))
    ),
    "Identity": lambda node, x: x,
    "LayerNormalization": _layer_norm,
    "LeakyRelu": lambda node, x: graph.activated(
        x, leaky_relu(node.get("alpha", float(np.float32(0.01))))
    ),
    "LogSoftmax": _smooth,
    "MatMul": lambda node, x, y: graph.matrix_product(x, y),
    "Max": _max,
    "MaxPool": _max_pool,
    "Mean": lambda node, *parts: graph.divided(_sum(node, *parts), len(parts)),
    "Min": _min,
    "Mul": lambda node, x, y: graph.multiplied(x, y),
    "Neg": lambda node, x: graph.negated(x),
    "PRelu": _prelu,
    "Pad": _pad,
    "ReduceMax": partial(_reduce, graph.largest_along),
    "ReduceMin": partial(_reduce, graph.smallest_along),
    "ReduceMean": partial(_reduce, graph.averaged),
    "ReduceSum": partial(_reduce, graph.summed),
    "Relu": lambda node, x: graph.activated(x, RELU),
    "Reshape": _reshape,
    "Shape": lambda node, x: np.array(x.shape[node.get("start", 0) : node.get("end")]),
    "Sigmoid": _smooth,
    "Slice": _slice,
    "Softmax": _smooth,
    "Split": _split,
    "Squeeze": _squeeze,
    "Sub": lambda node, x, y: graph.subtracted(x, y),
    "Sum": _sum,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
