"""What JAX's primitives do to tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from geomtoy import graph
from geomtoy.activations import ABS
from geomtoy.errors import NetworkError
from geomtoy.extras import needs
from geomtoy.importers import images
from geomtoy.operations import PADDING, Value

with needs("train"):
    import jax.numpy as jnp
    from jax import lax


class Equation:
    """A primitive's settings, and itself to run on numbers of entries."""

    def __init__(self, equation: Any) -> None:
        self.params: dict[str, Any] = equation.params
        self._primitive = equation.primitive

    def bind(self, *inputs: Any) -> Any:
        found = self._primitive.bind(*inputs, **self.params)
        if self._primitive.multiple_results:
            return [np.asarray(one) for one in found]
        return np.asarray(found)


def _moved(equation: Equation, *inputs: Any) -> Any:
    """What only moves entries does so to their numbers; constants among them are tensors, too."""
    (x, *_) = [one for one in inputs if isinstance(one, Value)]
    values = [one if isinstance(one, Value) else graph.constant(x, np.asarray(one)) for one in inputs]
    return graph.rearranged(values, lambda *numbers: equation.bind(*map(jnp.asarray, numbers)))


def _taken(equation: Equation, x: Any, *where: Any) -> Any:
    """What moves entries of one tensor to places that are constants."""
    if not isinstance(x, Value) or any(isinstance(one, Value) for one in where):
        raise NetworkError("places depend on the input, which is not piecewise affine")
    found, again = (equation.bind(jnp.asarray(x.numbers + start), *where) for start in (0, x.size))
    if (again != found + x.size).any():
        raise NetworkError(f"a place outside of the shape {x.shape} is filled with something")
    return graph.moved(x, lambda _: found)


def _padded(equation: Equation, x: Value, filling: Any) -> Value:
    if isinstance(filling, Value) or np.any(filling):
        raise NetworkError("something else than 0 is padded")
    return graph.moved(x, lambda n: equation.bind(jnp.asarray(n), jnp.asarray(PADDING)))


def _dot(equation: Equation, x: Any, y: Any) -> Value:
    (left, right), batched = equation.params["dimension_numbers"]
    if any(batched):
        raise NetworkError("a product over a batch of matrices is not known here")
    if isinstance(x, Value) and isinstance(y, Value):
        raise NetworkError("two tensors are multiplied, which is not piecewise affine")
    if isinstance(x, Value):
        return graph.mapped(x, lambda e: np.tensordot(e, y, (left, right)))
    return graph.mapped(y, lambda e: np.tensordot(x, e, (left, right)))


def _conv(equation: Equation, x: Any, kernel: Any) -> Value:
    if not isinstance(x, Value) or isinstance(kernel, Value):
        raise NetworkError("a kernel depends on the input, which is not piecewise affine")
    params = equation.params
    if set(params["lhs_dilation"]) != {1} or params["batch_group_count"] != 1:
        raise NetworkError("a transposed convolution is not known here")
    numbers = params["dimension_numbers"]
    settings = (params["window_strides"], params["padding"], params["rhs_dilation"])
    found = images.convolved(
        graph.moved(x, lambda n: n.transpose(numbers.lhs_spec)),
        kernel.transpose(numbers.rhs_spec),
        None,
        *settings,
        params["feature_group_count"],
    )
    return graph.moved(found, lambda n: n.transpose(np.argsort(numbers.out_spec)))


def _windows(equation: Equation, numbers: np.ndarray) -> np.ndarray:
    """Numbers (..., window) of the entries of each window, over all axes."""
    params = equation.params
    if set(params["base_dilation"]) != {1}:
        raise NetworkError("windows over a dilated input are not known here")
    sizes, steps = params["window_dimensions"], params["window_dilation"]
    reach = [(k - 1) * d + 1 for k, d in zip(sizes, steps, strict=True)]
    ends = [(*pair, 0) for pair in params["padding"]]  # lax, unlike NumPy, cuts off what is negative
    around = np.asarray(lax.pad(jnp.asarray(numbers), jnp.asarray(PADDING), ends))
    view = sliding_window_view(around, reach)
    every = [slice(None, None, s) for s in (*params["window_strides"], *steps)]
    windows = view[tuple(every)]
    return windows.reshape(*windows.shape[: numbers.ndim], -1)


def _window_max(equation: Equation, x: Value) -> Value:
    return graph.largest(x, lambda numbers: _windows(equation, numbers))


def _window_min(equation: Equation, x: Value) -> Value:
    return graph.negated(_window_max(equation, graph.negated(x)))


def _window_sum(equation: Equation, x: Value) -> Value:
    windows = _windows(equation, x.numbers)
    W = np.zeros((windows[..., 0].size, x.size))
    for row, entries in zip(W, windows.reshape(len(W), -1), strict=True):
        row[entries[entries != PADDING]] = 1
    return graph.linear(x, W, None, windows.shape[:-1])


def _clamped(equation: Equation, low: Any, x: Any, high: Any) -> Value:
    known = not isinstance(x, Value) and not isinstance(low, Value)
    return graph.smaller(np.maximum(x, low) if known else graph.larger(x, low), high)


def _along(over: Callable[..., Value]) -> Callable[..., Value]:
    return lambda equation, x: over(x, equation.params["axes"], False)


def _chosen(equation: Equation, where: Any, second: Any, *first: Any) -> Value:
    if isinstance(where, Value):
        return graph.chosen(where, first[0], second)
    (x, *_) = [one for one in (second, *first) if isinstance(one, Value)]
    values = [one if isinstance(one, Value) else graph.constant(x, one) for one in (second, *first)]
    found: Value = graph.rearranged(
        values, lambda *numbers: equation.bind(jnp.asarray(where), *map(jnp.asarray, numbers))
    )
    return found


MOVES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(
        ("broadcast_in_dim", "concatenate", "copy", "copy_p", "expand_dims", "reshape", "rev"), _moved
    ),
    **dict.fromkeys(
        ("slice", "split", "squeeze", "stack", "stop_gradient", "tile", "transpose"), _moved
    ),
    **dict.fromkeys(("dynamic_slice", "gather"), _taken),
    "pad": _padded,
}

PRIMITIVES: dict[str, Callable[..., Any]] = {
    "abs": lambda _, x: graph.activated(x, ABS),
    "add": lambda _, x, y: graph.added(x, y),
    "add_any": lambda _, x, y: graph.added(x, y),
    "clamp": _clamped,
    "conv_general_dilated": _conv,
    "div": lambda _, x, y: graph.divided(x, y),
    "dot_general": _dot,
    "ge": lambda _, x, y: graph.above(x, y),
    "gt": lambda _, x, y: graph.above(x, y),
    "le": lambda _, x, y: graph.above(y, x),
    "lt": lambda _, x, y: graph.above(y, x),
    "max": lambda _, x, y: graph.larger(x, y),
    "min": lambda _, x, y: graph.smaller(x, y),
    "mul": lambda _, x, y: graph.multiplied(x, y),
    "neg": lambda _, x: graph.negated(x),
    "reduce_max": _along(graph.largest_along),
    "reduce_min": _along(graph.smallest_along),
    "reduce_sum": _along(graph.summed),
    "reduce_window_max": _window_max,
    "reduce_window_min": _window_min,
    "reduce_window_sum": _window_sum,
    "select_n": _chosen,
    "sub": lambda _, x, y: graph.subtracted(x, y),
}
