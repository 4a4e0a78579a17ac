"""Transformer layers, and the one-block model of time that figures 4 and 5 count regions of."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from geomtoy.errors import SettingError
from geomtoy.models.attention import Attention, AttentionConfig
from geomtoy.models.mlp import MLP, MLPConfig
from geomtoy.models.time_encoding import encode, frequencies

NORMS = ("none", "mlp", "pre", "post")
EPSILON = 1e-6


@dataclass(frozen=True)
class BlockConfig:
    """A transformer that reads C tokens and answers with one number.

    Args:
        d_model, n_heads, context_length, hidden: sizes; hidden is the MLP's width.
        d_head: None divides d_model among the heads.
        n_layers: all but the last map tokens to tokens.
        layer_norm: "none"; "mlp", before the MLP only (eq. 5); "pre", before attention and MLP;
            "post", after each sum.
        residual: add the tokens to what attention gives.
        attention, scaled: see `AttentionConfig`.
        encoding, base: see `frequencies`.
        bias_scale: of the MLP's initial biases.
    Raises:
        SettingError: a value is out of range, or d_model is not divisible by n_heads.
    """

    d_model: int = 16
    n_heads: int = 1
    d_head: int | None = None
    context_length: int = 10
    hidden: int = 50
    n_layers: int = 1
    layer_norm: str = "none"
    residual: bool = True
    attention: str = "softmax"
    scaled: bool = False
    encoding: str = "from_query"
    base: float = 10_000.0
    bias_scale: float = 0.5

    def __post_init__(self) -> None:
        for name in ("d_model", "n_heads", "context_length", "hidden", "n_layers"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}; make it positive")
        if self.d_head is None and self.d_model % self.n_heads:
            raise SettingError(
                f"d_model {self.d_model} is not divisible by {self.n_heads} heads; give d_head"
            )
        if self.layer_norm not in NORMS:
            raise SettingError(
                f"layer_norm {self.layer_norm!r} is unknown; use one of {', '.join(NORMS)}"
            )
        self.attention_config, self.mlp_config(1), self.frequencies()  # each checks its own part

    @property
    def attention_config(self) -> AttentionConfig:
        d_head = self.d_model // self.n_heads if self.d_head is None else self.d_head
        return AttentionConfig(self.d_model, self.n_heads, d_head, self.attention, self.scaled)

    def mlp_config(self, d_out: int) -> MLPConfig:
        return MLPConfig(self.d_model, (self.hidden,), d_out, bias_scale=self.bias_scale)

    def frequencies(self) -> Float[np.ndarray, "C half"]:
        return frequencies(self.encoding, self.context_length, self.d_model, self.base)

    def tokens(self, t: Float[Array, "*n"]) -> Float[Array, "*n C d_model"]:
        """What a `Block` reads at times t."""
        return encode(t, self.frequencies())


class Layer(nnx.Module):
    """Attention, residual, LayerNorm and an MLP with one hidden ReLU layer.

    Args:
        config: sizes and the place of LayerNorm.
        d_out: None makes a layer from tokens to tokens, where resid_mid is added to the MLP's output
            (equation 5 prints X there); a number makes a readout, where nothing is added.
        rngs: gives the stream `params`.
    """

    def __init__(self, config: BlockConfig, d_out: int | None = None, *, rngs: nnx.Rngs) -> None:
        d, place = config.d_model, config.layer_norm
        self.residual, self.readout = config.residual, d_out is not None
        self.attention = Attention(config.attention_config, rngs=rngs)
        self.mlp = MLP(config.mlp_config(d if d_out is None else d_out), rngs=rngs)
        self.norm_attention = _layer_norm(d, rngs) if place == "pre" else None
        self.norm_sum = _layer_norm(d, rngs) if place == "post" else None
        self.norm_mlp = _layer_norm(d, rngs) if place in ("mlp", "pre") else None
        self.norm_out = _layer_norm(d, rngs) if place == "post" and d_out is None else None

    def __call__(self, x: Float[Array, "*n T d"], *, last: bool = False) -> Float[Array, "*n R d_out"]:
        """Outputs of all T tokens, or of the last one alone (R = 1)."""
        mid = self.resid_mid(x, last=last)
        out = self.mlp(_apply(self.norm_mlp, mid))
        return out if self.readout else _apply(self.norm_out, mid + out)

    def resid_mid(self, x: Float[Array, "*n T d"], *, last: bool = False) -> Float[Array, "*n R d"]:
        """Attention's output, plus the tokens if residual, before the MLP and its LayerNorm."""
        mid = self.attention(_apply(self.norm_attention, x), last=last)
        if self.residual:
            mid = mid + (x[..., -1:, :] if last else x)
        return _apply(self.norm_sum, mid)


class Block(nnx.Module):
    """Layers in sequence, the last of which reads one number out; float64 parameters.

    Args:
        config: see `BlockConfig`.
        rngs: gives the stream `params`.
    Source: arXiv 2407.02678, equations 2 to 5 and figure 4.
    """

    def __init__(self, config: BlockConfig, *, rngs: nnx.Rngs) -> None:
        self.config = config
        sizes = [None] * (config.n_layers - 1) + [1]
        self.layers = nnx.List([Layer(config, d_out, rngs=rngs) for d_out in sizes])

    def __call__(self, x: Float[Array, "*n T d"]) -> Float[Array, "*n 1"]:
        """The last token's output; the last layer computes nothing for the others."""
        return self._run(x, last=True)[..., 0, :]

    def sequence(self, x: Float[Array, "*n T d"]) -> Float[Array, "*n T 1"]:
        """The outputs of all tokens."""
        return self._run(x, last=False)

    def _run(self, x: Float[Array, "*n T d"], last: bool) -> Float[Array, "*n R 1"]:
        *inner, readout = self.layers
        for layer in inner:
            x = layer(x)
        return readout(x, last=last)


def _layer_norm(d: int, rngs: nnx.Rngs) -> nnx.LayerNorm:
    return nnx.LayerNorm(d, epsilon=EPSILON, use_fast_variance=False, param_dtype=jnp.float64, rngs=rngs)


def _apply(norm: nnx.LayerNorm | None, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    return x if norm is None else norm(x)
