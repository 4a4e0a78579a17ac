"""One transformer layer, of time and of tokens alike: attention, residual, LayerNorm, MLP."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from geomtoy.errors import SettingError
from geomtoy.models.attention import Attention, AttentionConfig
from geomtoy.models.mlp import MLP, MLPConfig

NORMS = ("none", "mlp", "pre", "post")
EPSILON = 1e-6


@dataclass(frozen=True)
class LayerConfig:
    """A layer from tokens to tokens, or one that reads numbers out.

    Args:
        attention: its sizes, kind and initial law.
        hidden: width of the MLP; None has none.
        layer_norm: "none"; "mlp", before the MLP only (eq. 5); "pre", before attention and MLP;
            "post", after each sum.
        residual: add the tokens to what attention gives.
        bias_scale: of the MLP's initial biases; None has no biases.
    Raises:
        SettingError: a value is out of range.
    """

    attention: AttentionConfig
    hidden: int | None = 50
    layer_norm: str = "none"
    residual: bool = True
    bias_scale: float | None = 0.5

    def __post_init__(self) -> None:
        if self.layer_norm not in NORMS:
            raise SettingError(
                f"layer_norm {self.layer_norm!r} is unknown; use one of {', '.join(NORMS)}"
            )
        if self.hidden is not None:
            self.mlp(1)  # checks its own part

    def mlp(self, d_out: int) -> MLPConfig:
        """The MLP's shape and initial law."""
        if self.hidden is None:
            raise SettingError("a layer without an MLP reads nothing out; give hidden")
        return MLPConfig(
            self.attention.d_model, (self.hidden,), d_out, bias_scale=self.bias_scale,
            gamma=self.attention.gamma,
        )  # fmt: skip


class Layer(nnx.Module):
    """Attention, residual, LayerNorm and an MLP with one hidden ReLU layer.

    Args:
        config: sizes and the place of LayerNorm.
        d_out: None makes a layer from tokens to tokens, where resid_mid is added to the MLP's output
            (equation 5 prints X there); a number makes a readout, where nothing is added.
        added: see `Attention`.
        rngs: gives the stream `params`.
    """

    def __init__(
        self,
        config: LayerConfig,
        d_out: int | None = None,
        added: tuple[Array, Array] | None = None,
        *,
        rngs: nnx.Rngs,
    ) -> None:
        d, place = config.attention.d_model, config.layer_norm
        has_mlp = config.hidden is not None or d_out is not None
        self.residual, self.readout = config.residual, d_out is not None
        self.attention = Attention(config.attention, added, rngs=rngs)
        self.mlp = MLP(config.mlp(d if d_out is None else d_out), rngs=rngs) if has_mlp else None
        self.norm_attention = _layer_norm(d, rngs) if place == "pre" else None
        self.norm_sum = _layer_norm(d, rngs) if place == "post" else None
        self.norm_mlp = _layer_norm(d, rngs) if has_mlp and place in ("mlp", "pre") else None
        self.norm_out = _layer_norm(d, rngs) if has_mlp and place == "post" and d_out is None else None

    def __call__(self, x: Float[Array, "*n T d"], *, last: int = 0) -> Float[Array, "*n R d_out"]:
        """Outputs of all T tokens, or of the last R alone."""
        return self.resid_post(self.resid_mid(x, last=last))

    def resid_mid(self, x: Float[Array, "*n T d"], *, last: int = 0) -> Float[Array, "*n R d"]:
        """Attention's output, plus the tokens if residual, before the MLP and its LayerNorm."""
        mid = self.attention(_apply(self.norm_attention, x), last=last)
        if self.residual:
            mid = mid + x[..., -last:, :]
        return _apply(self.norm_sum, mid)

    def mlp_input(self, mid: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
        """What the MLP reads, from resid_mid."""
        return _apply(self.norm_mlp, mid)

    def resid_post(self, mid: Float[Array, "*n d"]) -> Float[Array, "*n d_out"]:
        """The layer's output, from resid_mid."""
        if self.mlp is None:
            return mid
        out = self.mlp(self.mlp_input(mid))
        return out if self.readout else _apply(self.norm_out, mid + out)

    def pattern(self, x: Float[Array, "*n T d"], *, last: int = 0) -> Float[Array, "*n H R T"]:
        """Attention weights, see `Attention.pattern`."""
        return self.attention.pattern(_apply(self.norm_attention, x), last=last)


def _layer_norm(d: int, rngs: nnx.Rngs) -> nnx.LayerNorm:
    return nnx.LayerNorm(d, epsilon=EPSILON, use_fast_variance=False, param_dtype=jnp.float64, rngs=rngs)


def _apply(norm: nnx.LayerNorm | None, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    return x if norm is None else norm(x)
