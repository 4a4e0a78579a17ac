"""From a trained Flax model to the plain arrays that the geometry reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from flax import nnx

from geomtoy.activations import NAMED
from geomtoy.errors import NetworkError
from geomtoy.models.mlp import ACTIVATIONS, MLP
from geomtoy.network import Layer, Network

NAME_OF: dict[Callable[..., Any], str] = {f: name for name, f in ACTIVATIONS.items() if name in NAMED}


def from_flax(module: nnx.Module) -> Network:
    """The same function as plain arrays; takes an `MLP` or an `nnx.Sequential` of known layers.

    Args:
        module: one model, without a leading axis of seeds; a sequence holds `nnx.Linear` layers and
            piecewise-linear activations of `ACTIVATIONS`.
    Raises:
        NetworkError: a layer or an activation is not piecewise affine, or is none we know; named.
    """
    if isinstance(module, MLP):
        layers = [*module.hidden, module.out]
        _piecewise_linear(module.config.activation)
        return Network(map(_affine, layers), module.config.activation)
    if isinstance(module, nnx.Sequential):
        return _from_steps(module.layers)
    raise NetworkError(f"{type(module).__name__} cannot be exported; give an MLP or an nnx.Sequential")


def _from_steps(steps: Iterable[Any]) -> Network:
    """Affine layers and activations in any order; what is missing between two is the identity."""
    layers: list[Layer] = []
    activations: list[str] = []
    for k, step in enumerate(steps):
        if isinstance(step, nnx.Linear):
            activations += ["identity"] * (len(layers) - len(activations))
            layers.append(_affine(step))
            continue
        name = NAME_OF.get(step) or _refuse(k, step)
        if len(activations) >= len(layers):
            if not layers:
                raise NetworkError(f"layer {k} is the activation {name!r}; start with an nnx.Linear")
            layers.append(_identity(layers))
        activations.append(name)
    if layers and len(activations) == len(layers):
        layers.append(_identity(layers))
    return Network(layers, activations)


def _affine(linear: nnx.Linear) -> Layer:
    W = np.asarray(linear.kernel[...]).T
    if W.ndim != 2:
        raise NetworkError(f"a kernel has shape {W.T.shape}; select one seed before exporting")
    return W, np.zeros(len(W)) if linear.bias is None else np.asarray(linear.bias[...])


def _identity(layers: list[Layer]) -> Layer:
    width = len(layers[-1][0])
    return np.eye(width), np.zeros(width)


def _piecewise_linear(name: str) -> None:
    if name not in NAMED:
        raise NetworkError(f"activation {name!r} is not piecewise linear; use {', '.join(NAMED)}")


def _refuse(k: int, step: Any) -> str:
    name = getattr(step, "__name__", type(step).__name__)
    raise NetworkError(
        f"layer {k} is {name!r}, which is not piecewise affine or not known here; use nnx.Linear and "
        f"{', '.join(NAME_OF.values())}"
    )
