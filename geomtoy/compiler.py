"""Layers in order, made one network that computes the same, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from geomtoy.activations import PiecewiseLinear
from geomtoy.chain import compile_value
from geomtoy.errors import NetworkError
from geomtoy.graph import (
    activated,
    added,
    linear,
    maxima,
    network_input,
    reshaped,
)
from geomtoy.grids import Shape, as_shape
from geomtoy.layers import (
    Activation,
    Affine,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Flatten,
    LayerNorm,
    Maxout,
    MaxPool2d,
    Residual,
    RMSNorm,
)
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.operations import Normalise, Rescale, Value


def compile_layers(
    layers: Iterable[Any], input_shape: int | Sequence[int] | None = None
) -> Network | NormedNetwork:
    """The network that applies layers one after another; a `NormedNetwork` if there is a norm.

    One `LayerNorm` or `RMSNorm` may stand behind affine layers, with nothing carried past it.

    Args:
        layers: those of `geomtoy.layers`; a name or a `PiecewiseLinear` is an activation, and a list or
            tuple holds layers in turn.
        input_shape: of one input; None if the first layer is an `Affine`. The network takes its values
            as one vector, in C order.
    Raises:
        NetworkError: a layer does not fit its input, or is none we know; named.
    Exactness: exact for the stored parameters, those of `BatchNorm` as it says. A maximum's
        regions are those of equal winners: its network has `maxima`.
    Cost: a maximum of k candidates takes ceil(log2 k) hidden layers, a carried value a unit in each.
    """
    listed = list(layers)
    return compile_value(applied(network_input(_input_shape(listed, input_shape)), listed))


def applied(x: Value, layers: Iterable[Any]) -> Value:
    """What layers of `geomtoy.layers`, one after another, make of a tensor without a batch axis.

    Raises:
        NetworkError: a layer does not fit its input, or is none we know; named.
    """
    for k, layer in enumerate(layers):
        place = f"layer {k} ({_name(layer)})"
        try:
            x = _after(x, layer, place)
        except NetworkError as error:
            raise NetworkError(f"{place}: {error}") from None
    return x


def _after(x: Value, layer: Any, place: str) -> Value:
    match layer:
        case Affine() | Conv2d() | AvgPool2d():
            (W, b), shape = layer.affine(x.shape)
            return linear(x, W, b, shape)
        case BatchNorm():
            return Value(Rescale(*layer.factors(x.shape)), (x,), x.shape)
        case str() | PiecewiseLinear():
            return _after(x, Activation(layer), place)
        case Activation():
            return activated(x, np.array(layer.units(x.shape), object).reshape(x.shape))
        case Maxout() | MaxPool2d():
            return maxima(x, *layer.groups(x.shape))
        case Flatten():
            return reshaped(x, (x.size,))
        case Residual():
            return _residual(x, layer)
        case LayerNorm() | RMSNorm():
            return Value(Normalise(layer.norm(x.shape), place), (x,), x.shape)
        case list() | tuple():
            return applied(x, layer)
    raise NetworkError("not piecewise affine or not known here; see geomtoy.layers")


def _residual(x: Value, layer: Residual) -> Value:
    carried, after = applied(x, layer.projection), applied(x, layer.layers)
    if carried.shape != after.shape:
        raise NetworkError(f"shapes {carried.shape} and {after.shape} are added; give a projection")
    return added(carried, after)


def _input_shape(layers: list[Any], shape: int | Sequence[int] | None) -> Shape:
    if shape is not None:
        return as_shape(shape)
    if layers and isinstance(layers[0], list | tuple):
        return _input_shape(list(layers[0]), None)
    if layers and isinstance(layers[0], Affine) and np.ndim(layers[0].W) == 2:
        return (np.shape(layers[0].W)[1],)
    raise NetworkError("the input's shape does not follow from the first layer; give input_shape")


def _name(layer: Any) -> str:
    return getattr(layer, "__name__", type(layer).__name__)
