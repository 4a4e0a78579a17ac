"""What transformer layers are made of, on float32 arrays whose last axis is the features."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float
from scipy.special import erf, expit

from geomtoy.errors import FileError

Array = Float[np.ndarray, "*n d"]
Weights = Mapping[str, np.ndarray]
"""Tensors of a layer by the name that they have within it."""


def linear(W: Weights, name: str, x: Array) -> Float[np.ndarray, "*n out"]:
    """x W^T + b with W stored as (out, in) under `name`.weight; b is `name`.bias, where there is one."""
    y = x @ W[f"{name}.weight"].T
    return y + W[f"{name}.bias"] if f"{name}.bias" in W else y


def rms_norm(x: Array, scale: Float[np.ndarray, " d"], epsilon: float) -> Array:
    """x over the root of its mean square, times scale."""
    return x / np.sqrt(np.square(x).mean(-1, keepdims=True) + epsilon) * scale


def layer_norm(W: Weights, name: str, x: Array, epsilon: float) -> Array:
    """x less its mean over its standard deviation, times `name`.weight plus `name`.bias."""
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt(np.square(centred).mean(-1, keepdims=True) + epsilon)
    return centred / deviation * W[f"{name}.weight"] + W[f"{name}.bias"]


def relu(x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0)


def silu(x: Array) -> Array:
    """x times its logistic function."""
    return x * expit(x)


def gelu(x: Array) -> Array:
    """x times the normal distribution function."""
    return x * (1 + erf(x * np.float32(0.5**0.5))) / 2


def gelu_tanh(x: Array) -> Array:
    """The approximation of `gelu` by a hyperbolic tangent."""
    return x * (1 + np.tanh(np.float32((2 / np.pi) ** 0.5) * (x + 0.044715 * x**3))) / 2


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": relu,
    "silu": silu,
    "gelu": gelu,
    "gelu_new": gelu_tanh,
    "gelu_fast": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
}


def activation(name: str) -> Callable[[Array], Array]:
    """A function by the name that config.json gives it.

    Raises:
        FileError: it is not among ACTIVATIONS.
    """
    if name not in ACTIVATIONS:
        raise FileError(
            f"activation {name!r} in config.json is unknown; known: {', '.join(ACTIVATIONS)}"
        )
    return ACTIVATIONS[name]
