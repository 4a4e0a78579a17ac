"""The multilayer perceptron of the figures, in Flax NNX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from geomtoy.errors import SettingError

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "abs": jnp.abs,
    "hard_tanh": jax.nn.hard_tanh,
    "identity": jax.nn.identity,
    "gelu": jax.nn.gelu,
    "tanh": jnp.tanh,
}
"""By name; those that `geomtoy.activations` also knows are piecewise linear and can be exported."""

HE = nnx.initializers.variance_scaling(2.0, "fan_in", "normal")
LECUN = nnx.initializers.variance_scaling(1.0, "fan_in", "normal")


@dataclass(frozen=True)
class MLPConfig:
    """Shape and initial law of an `MLP`.

    Hidden weights start as N(0, 2 / fan_in) (He), output weights as N(0, 1 / fan_in) (LeCun), or all
    as N(0, fan_in^(-2 gamma)) where gamma is given; hidden biases start as N(0, bias_scale^2), output
    biases as 0, and bias_scale None has neither. The joints of a 1D first layer are then at
    b / w, Cauchy distributed with scale bias_scale / sqrt(2): a bias_scale near the half-width of the
    domain puts most of them inside.

    Raises:
        SettingError: a width or the bias scale is out of range, or the activation is unknown.
    """

    d_in: int = 1
    widths: tuple[int, ...] = (50,)
    d_out: int = 1
    activation: str = "relu"
    bias_scale: float | None = 0.5
    gamma: float | None = None

    def __post_init__(self) -> None:
        if min(self.d_in, self.d_out, *self.widths) < 1:
            raise SettingError(
                f"d_in is {self.d_in}, widths {self.widths} and d_out {self.d_out}; make them positive"
            )
        if self.bias_scale is not None and self.bias_scale < 0:
            raise SettingError(f"bias_scale is {self.bias_scale}; make it 0 or more")
        if self.activation not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise SettingError(f"activation {self.activation!r} is unknown; use one of {known}")


class MLP(nnx.Module):
    """Affine layers with one activation between them; float64 parameters.

    Args:
        config: shape and initial law.
        rngs: gives the stream `params`.
    """

    def __init__(self, config: MLPConfig, *, rngs: nnx.Rngs) -> None:
        self.config = config
        sizes = (config.d_in, *config.widths)
        inner, outer = (HE, LECUN) if config.gamma is None else (_power_law(config.gamma),) * 2
        spread = None if config.bias_scale is None else nnx.initializers.normal(config.bias_scale)
        zeros = None if config.bias_scale is None else nnx.initializers.zeros
        self.hidden = nnx.List(
            [
                _affine(fan_in, fan_out, inner, spread, rngs)
                for fan_in, fan_out in zip(sizes, config.widths, strict=False)
            ]
        )
        self.out = _affine(sizes[-1], config.d_out, outer, zeros, rngs)

    def __call__(self, x: Float[Array, "*n d_in"]) -> Float[Array, "*n d_out"]:
        act = ACTIVATIONS[self.config.activation]
        for layer in self.hidden:
            x = act(layer(x))
        return self.out(x)


def _power_law(gamma: float) -> nnx.Initializer:
    """Weights (fan_in, fan_out) from N(0, fan_in^(-2 gamma))."""

    def draw(
        key: Array, shape: tuple[int, ...], dtype: Any = jnp.float64, out_sharding: Any = None
    ) -> Array:
        return shape[0] ** -gamma * jax.random.normal(key, shape, dtype)

    return draw


def _affine(
    fan_in: int, fan_out: int, kernel: nnx.Initializer, bias: nnx.Initializer | None, rngs: nnx.Rngs
) -> nnx.Linear:
    """A layer without biases where `bias` is None."""
    return nnx.Linear(
        fan_in, fan_out, kernel_init=kernel, use_bias=bias is not None,
        bias_init=bias or nnx.initializers.zeros, param_dtype=jnp.float64, rngs=rngs,
    )  # fmt: skip
