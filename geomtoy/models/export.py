"""From a trained Flax model to the plain arrays that the geometry reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from geomtoy.activations import NAMED, PiecewiseLinear, leaky_relu
from geomtoy.agreement import random_points, require_agreement
from geomtoy.compiler import compile_layers
from geomtoy.errors import NetworkError
from geomtoy.layers import Affine, AvgPool2d, BatchNorm, Conv2d, Flatten, MaxPool2d
from geomtoy.models.mlp import ACTIVATIONS, MLP
from geomtoy.network import Network

NAME_OF: dict[Callable[..., Any], str] = {f: name for name, f in ACTIVATIONS.items() if name in NAMED}
RELU6 = PiecewiseLinear((0, 6), (0, 1, 0), name="relu6")


def from_flax(module: nnx.Module, input_shape: int | Sequence[int] | None = None) -> Network:
    """The same function as plain arrays; takes an `MLP` or an `nnx.Sequential` of known layers.

    Args:
        module: one model, without a leading axis of seeds; a sequence holds `nnx.Linear`, 2D `nnx.Conv`,
            `nnx.BatchNorm`, `nnx.Dropout`, sequences, piecewise-linear activations of `ACTIVATIONS`,
            `nnx.relu6`, partials of `nnx.leaky_relu`, `nnx.max_pool` and `nnx.avg_pool` with their
            settings, and to flatten one input `jnp.ravel` or a partial of `jnp.reshape` to (..., -1).
        input_shape: of one input, (height, width, channels) for images; None if an `nnx.Linear` comes
            first.
    Raises:
        NetworkError: a layer or an activation is not piecewise affine, or is none we know; named. Or the
            network and the model differ at random points.
    """
    network = _network(module, input_shape)
    points = random_points(network.d_in)
    shape = (-1,) if input_shape is None or isinstance(input_shape, int) else tuple(input_shape)
    with jax.enable_x64(True):
        wide = _in_float64(module)
        outputs = jax.vmap(wide)(jnp.asarray(points.reshape(len(points), *shape)))
    require_agreement(network, points, np.asarray(outputs).reshape(len(points), -1))
    return network


def _network(module: nnx.Module, input_shape: int | Sequence[int] | None) -> Network:
    if isinstance(module, MLP):
        layers = [*module.hidden, module.out]
        _piecewise_linear(module.config.activation)
        pairs = [_affine(linear) for linear in layers]
        return Network([(pair.W, pair.b) for pair in pairs], module.config.activation)
    if isinstance(module, nnx.Sequential):
        first = module.layers[0]
        if input_shape is None and not isinstance(first, nnx.Linear | nnx.Sequential):
            raise NetworkError(
                f"layer 0 is {_name(first)!r}; start with an nnx.Linear or give input_shape"
            )
        return cast(Network, compile_layers(_layers(module.layers), input_shape))  # none is a norm
    raise NetworkError(f"{type(module).__name__} cannot be exported; give an MLP or an nnx.Sequential")


def _in_float64(module: Any) -> Any:
    """A copy whose layers compute in the precision of their input, whatever they are set to."""
    copy = nnx.clone(module)
    for _, layer in nnx.iter_modules(copy):
        if hasattr(layer, "dtype"):
            layer.dtype = None
    return copy


def _layers(steps: Iterable[Any]) -> list[Any]:
    return [_layer(k, step) for k, step in enumerate(steps)]


def _layer(k: int, step: Any) -> Any:
    if isinstance(step, partial):
        return _partial(k, step)
    match step:
        case nnx.Sequential():
            return _layers(step.layers)
        case nnx.Linear():
            return _affine(step)
        case nnx.Conv():
            return _conv(k, step)
        case nnx.BatchNorm():
            return _batch_norm(k, step)
        case nnx.Dropout() if step.deterministic or step.rate == 0:
            return []
        case _ if step is nnx.relu6:
            return RELU6
        case _ if step is jnp.ravel:
            return Flatten()
        case _ if not isinstance(step, nnx.Module) and step in NAME_OF:
            return NAME_OF[step]
    return _refuse(k, step)


def _partial(k: int, step: partial[Any]) -> Any:
    settings = dict(step.keywords)
    if step.func is nnx.leaky_relu:
        return leaky_relu(settings["negative_slope"])
    if step.func is jnp.reshape and step.keywords["shape"][-1] == -1:
        return Flatten()
    if step.func not in (nnx.max_pool, nnx.avg_pool):
        return _refuse(k, step.func)
    window = settings["window_shape"]
    stride, padding = settings.get("strides") or (1,) * len(window), settings.get("padding", "VALID")
    if step.func is nnx.max_pool:
        return MaxPool2d(window, stride, padding, channels_last=True)
    counted = settings.get("count_include_pad", True)
    return AvgPool2d(window, stride, padding, counted, channels_last=True)


def _affine(linear: nnx.Linear) -> Affine:
    W = np.asarray(linear.kernel[...]).T
    if W.ndim != 2:
        raise NetworkError(f"a kernel has shape {W.T.shape}; select one seed before exporting")
    return Affine(W, np.zeros(len(W)) if linear.bias is None else np.asarray(linear.bias[...]))


def _conv(k: int, conv: nnx.Conv) -> Conv2d:
    kernel = np.asarray(conv.kernel[...])
    plain = conv.mask is None and conv.input_dilation in (None, 1, (1, 1))
    if kernel.ndim != 4 or not plain:
        raise NetworkError(f"layer {k} is an nnx.Conv with a mask, input dilation, or not of 2D images")
    bias = None if conv.bias is None else np.asarray(conv.bias[...])
    stride, dilation = conv.strides or 1, conv.kernel_dilation or 1
    weight = kernel.transpose(3, 2, 0, 1)
    groups = conv.feature_group_count
    return Conv2d(weight, bias, stride, conv.padding, dilation, groups, channels_last=True)


def _batch_norm(k: int, norm: nnx.BatchNorm) -> BatchNorm:
    if not norm.use_running_average or norm.axis != -1:
        raise NetworkError(
            f"layer {k} is an nnx.BatchNorm in training mode or along axis {norm.axis}; call eval() "
            "on the model first and use axis -1"
        )
    scale, shift = (
        otherwise if p is None else np.asarray(p[...])
        for p, otherwise in ((norm.scale, 1), (norm.bias, 0))
    )
    mean, variance = np.asarray(norm.mean[...]), np.asarray(norm.var[...])
    return BatchNorm(mean, variance, scale, shift, norm.epsilon, channels_last=True)


def _piecewise_linear(name: str) -> None:
    if name not in NAMED:
        raise NetworkError(f"activation {name!r} is not piecewise linear; use {', '.join(NAMED)}")


def _name(step: Any) -> str:
    return str(getattr(step, "__name__", type(step).__name__))


def _refuse(k: int, step: Any) -> Any:
    raise NetworkError(
        f"layer {k} is {_name(step)!r}, which is not piecewise affine or not known here; use "
        f"nnx.Linear, nnx.Conv, nnx.BatchNorm, pooling and {', '.join(NAME_OF.values())}"
    )
