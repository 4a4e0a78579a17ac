"""The one-block model of time that figures 4 and 5 count regions of; it may have more layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from geomtoy.errors import SettingError
from geomtoy.models.attention import AttentionConfig
from geomtoy.models.layer import Layer, LayerConfig
from geomtoy.models.time_encoding import encode, frequencies


@dataclass(frozen=True)
class BlockConfig:
    """A transformer that reads C tokens and answers with one number.

    Args:
        d_model, n_heads, context_length, hidden: sizes; hidden is the MLP's width.
        d_head: None divides d_model among the heads.
        n_layers: all but the last map tokens to tokens.
        layer_norm, residual, bias_scale: see `LayerConfig`.
        attention, scaled, per_head: see `AttentionConfig`.
        encoding, base: see `frequencies`.
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
    per_head: bool = False

    def __post_init__(self) -> None:
        for name in ("d_model", "n_heads", "context_length", "hidden", "n_layers"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}; make it positive")
        if self.d_head is None and self.d_model % self.n_heads:
            raise SettingError(
                f"d_model {self.d_model} is not divisible by {self.n_heads} heads; give d_head"
            )
        self.layer, self.frequencies()  # each checks its own part

    @property
    def layer(self) -> LayerConfig:
        """What all layers are."""
        d_head = self.d_model // self.n_heads if self.d_head is None else self.d_head
        attention = AttentionConfig(
            self.d_model, self.n_heads, d_head, self.attention, self.scaled, per_head=self.per_head
        )
        return LayerConfig(
            attention, self.hidden, self.layer_norm, self.residual, bias_scale=self.bias_scale
        )

    def frequencies(self) -> Float[np.ndarray, "C half"]:
        return frequencies(self.encoding, self.context_length, self.d_model, self.base)

    def tokens(self, t: Float[Array, "*n"]) -> Float[Array, "*n C d_model"]:
        """What a `Block` reads at times t."""
        return encode(t, self.frequencies())


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
        self.layers = nnx.List([Layer(config.layer, d_out, rngs=rngs) for d_out in sizes])

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
