"""The multilayer perceptron of the figures, in Flax NNX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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

    Hidden weights start as N(0, 2 / fan_in) (He), output weights as N(0, 1 / fan_in) (LeCun), hidden
    biases as N(0, bias_scale^2), output biases as 0. The joints of a 1D first layer are then at
    b / w, Cauchy distributed with scale bias_scale / sqrt(2): a bias_scale near the half-width of the
    domain puts most of them inside.

    Raises:
        SettingError: a width or the bias scale is out of range, or the activation is unknown.
    """

    d_in: int = 1
    widths: tuple[int, ...] = (50,)
    d_out: int = 1
    activation: str = "relu"
    bias_scale: float = 0.5

    def __post_init__(self) -> None:
        if min(self.d_in, self.d_out, *self.widths) < 1:
            raise SettingError(
                f"d_in is {self.d_in}, widths {self.widths} and d_out {self.d_out}; make them positive"
            )
        if self.bias_scale < 0:
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
        bias = nnx.initializers.normal(config.bias_scale)
        self.hidden = nnx.List(
            [
                _affine(fan_in, fan_out, HE, bias, rngs)
                for fan_in, fan_out in zip(sizes, config.widths, strict=False)
            ]
        )
        self.out = _affine(sizes[-1], config.d_out, LECUN, nnx.initializers.zeros, rngs)

    def __call__(self, x: Float[Array, "*n d_in"]) -> Float[Array, "*n d_out"]:
        act = ACTIVATIONS[self.config.activation]
        for layer in self.hidden:
            x = act(layer(x))
        return self.out(x)


def _affine(
    fan_in: int, fan_out: int, kernel: nnx.Initializer, bias: nnx.Initializer, rngs: nnx.Rngs
) -> nnx.Linear:
    return nnx.Linear(
        fan_in, fan_out, kernel_init=kernel, bias_init=bias, param_dtype=jnp.float64, rngs=rngs
    )
