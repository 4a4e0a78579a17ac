"""A transformer on tokens: the layers of the block of time between an embedding and an unembedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from geomtoy.errors import SettingError
from geomtoy.models.attention import Fixed
from geomtoy.models.layer import Layer, LayerConfig

ADDED = ("none", "random", "identity")
OUTSIDE = ("embedding", "positions", "unembedding")


@dataclass(frozen=True)
class DecoderConfig:
    """A decoder of `context_length` tokens out of `vocabulary`.

    Args:
        vocabulary, context_length, n_layers: sizes.
        layer: what all layers are; its gamma is that of the embeddings and the unembedding too.
        mlp_layers: which layers have an MLP, counted from 0; None is all (or none, if `layer` has none).
        added: "random" adds fixed matrices with trained factors to the products of each layer l, Z_l to
            W_Q W_K^T and Z_{l+1} to W_V W_O, where entries of Z are N(0, 1 / d_model): what a layer has
            written with a matrix the next looks up with the same. "identity" adds the identity instead.
        fixed: of `OUTSIDE`, what keeps its random start.
    Raises:
        SettingError: a value is out of range or unknown.
    Source: arXiv 2405.15302 (initial scale, added matrices), arXiv 2406.03068 (fixed parts).
    """

    vocabulary: int
    context_length: int
    n_layers: int
    layer: LayerConfig
    mlp_layers: tuple[int, ...] | None = None
    added: str = "none"
    fixed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("vocabulary", "context_length", "n_layers"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}; make it positive")
        if self.added not in ADDED:
            raise SettingError(f"added {self.added!r} is unknown; use one of {', '.join(ADDED)}")
        if unknown := set(self.fixed) - set(OUTSIDE):
            raise SettingError(f"{unknown.pop()!r} cannot be fixed; choose from {', '.join(OUTSIDE)}")
        if self.mlp_layers is not None and not set(self.mlp_layers) <= set(range(self.n_layers)):
            raise SettingError(f"mlp_layers is {self.mlp_layers}; name layers 0 to {self.n_layers - 1}")

    @property
    def d_model(self) -> int:
        return self.layer.attention.d_model

    def layer_configs(self) -> list[LayerConfig]:
        """Of each layer, with or without its MLP."""
        bare = LayerConfig(self.layer.attention, None, self.layer.layer_norm, self.layer.residual)
        with_mlp = range(self.n_layers) if self.mlp_layers is None else self.mlp_layers
        return [self.layer if k in with_mlp else bare for k in range(self.n_layers)]


class Trace(NamedTuple):
    """What a decoder computes on the way, layers first.

    Args:
        resid_pre: (L + 1, *n, T, d), what each layer reads; the last is what the final layer wrote.
        resid_mid: (L, *n, T, d), between attention and MLP.
        mlp_input: (L, *n, T, d), the same after the LayerNorm before the MLP.
        pattern: (L, *n, H, T, T), attention weights.
        logits: (*n, T, vocabulary).
    """

    resid_pre: Array
    resid_mid: Array
    mlp_input: Array
    pattern: Array
    logits: Array


class Decoder(nnx.Module):
    """Token and position embeddings, layers, a LayerNorm if layers have theirs before, unembedding.

    Entries of both embeddings and of the unembedding are N(0, d_model^(-2 gamma)); without a gamma,
    N(0, 1 / d_model), so that rows and columns are of length 1 about. All parameters are float64.

    Args:
        config: see `DecoderConfig`.
        rngs: gives the stream `params`.
    """

    def __init__(self, config: DecoderConfig, *, rngs: nnx.Rngs) -> None:
        self.config = config
        V, C, d = config.vocabulary, config.context_length, config.d_model
        gamma = config.layer.attention.gamma
        scale = d ** -(0.5 if gamma is None else gamma)

        def matrix(name: str, shape: tuple[int, int]) -> nnx.Variable[Array]:
            kind = Fixed if name in config.fixed else nnx.Param
            return kind(scale * jax.random.normal(rngs.params(), shape, jnp.float64))

        self.W_E = matrix("embedding", (V, d))
        self.W_pos = matrix("positions", (C, d))
        self.layers = nnx.List(
            [
                Layer(layer, added=added, rngs=rngs)
                for layer, added in zip(config.layer_configs(), _added(config, rngs), strict=True)
            ]
        )
        pre = config.layer.layer_norm == "pre"
        self.norm = nnx.LayerNorm(d, epsilon=1e-6, param_dtype=jnp.float64, rngs=rngs) if pre else None
        self.W_U = matrix("unembedding", (d, V))

    def __call__(self, tokens: Int[Array, "*n T"], *, last: int = 0) -> Float[Array, "*n R vocabulary"]:
        """Logits of the next token, at every position or at the last R alone."""
        x = self.embed(tokens)
        for k, layer in enumerate(self.layers, start=1):
            x = layer(x, last=last if k == self.config.n_layers else 0)
        return self.logits(x)

    def embed(self, tokens: Int[Array, "*n T"]) -> Float[Array, "*n T d"]:
        """What the first layer reads."""
        return self.W_E[...][tokens] + self.W_pos[...][: tokens.shape[-1]]

    def logits(self, x: Float[Array, "*n d"]) -> Float[Array, "*n vocabulary"]:
        """From what the last layer wrote."""
        return (x if self.norm is None else self.norm(x)) @ self.W_U[...]

    def trace(self, tokens: Int[Array, "*n T"]) -> Trace:
        """The same, with all that happens on the way."""
        pre, mid, read, pattern = [self.embed(tokens)], [], [], []
        for layer in self.layers:
            pattern.append(layer.pattern(pre[-1]))
            mid.append(layer.resid_mid(pre[-1]))
            read.append(layer.mlp_input(mid[-1]))
            pre.append(layer.resid_post(mid[-1]))
        return Trace(
            resid_pre=jnp.stack(pre),
            resid_mid=jnp.stack(mid),
            mlp_input=jnp.stack(read),
            pattern=jnp.stack(pattern),
            logits=self.logits(pre[-1]),
        )


def _added(config: DecoderConfig, rngs: nnx.Rngs) -> list[tuple[Array, Array] | None]:
    """For each layer the matrices (Z_l, Z_{l+1})."""
    L, d = config.n_layers, config.d_model
    if config.added == "none":
        return [None] * L
    if config.added == "identity":
        return [(jnp.eye(d), jnp.eye(d))] * L
    Z = jax.random.normal(rngs.params(), (L + 1, d, d), jnp.float64) / jnp.sqrt(d)
    return [(Z[k], Z[k + 1]) for k in range(L)]
