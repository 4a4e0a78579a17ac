"""Causal multi-head attention as equations 2 and 3 write it: no biases, no dropout."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from geomtoy.errors import SettingError

KINDS = ("softmax", "hard")


class Fixed(nnx.Variable[Any]):
    """An array of a model that is never trained."""


@dataclass(frozen=True)
class AttentionConfig:
    """Sizes, kind and initial law of an `Attention`.

    Args:
        d_model, n_heads, d_head: the heads' sizes are independent of d_model.
        kind: "softmax", or "hard": all weight on the greatest score (the first of equals), which is
            the limit of softmax(scores / temperature) at temperature 0 where the greatest is one.
        scaled: divide scores by sqrt(d_head); equation 2 does not.
        gamma: every weight starts as N(0, d_in^(-2 gamma)); None is the law of `Attention`.
        identity_query: W_Q is the identity and stays so; needs d_head = d_model.
        alpha, beta: where matrices Z are added (see `Attention`), what their trained factors start as.
        per_head: W_O starts as if its head were the only one, so that the output grows with heads.
    Raises:
        SettingError: a size is not positive, the kind is unknown, or W_Q cannot be the identity.
    """

    d_model: int
    n_heads: int
    d_head: int
    kind: str = "softmax"
    scaled: bool = False
    gamma: float | None = None
    identity_query: bool = False
    alpha: float = 0.0
    beta: float = 0.0
    per_head: bool = False

    def __post_init__(self) -> None:
        if min(self.d_model, self.n_heads, self.d_head) < 1:
            raise SettingError(
                f"d_model is {self.d_model}, n_heads {self.n_heads} and d_head {self.d_head}; "
                "make them positive"
            )
        if self.kind not in KINDS:
            raise SettingError(f"attention {self.kind!r} is unknown; use one of {', '.join(KINDS)}")
        if self.identity_query and self.d_head != self.d_model:
            raise SettingError(
                f"W_Q cannot be the identity from {self.d_model} to {self.d_head} dimensions; "
                "make d_head equal to d_model"
            )

    @property
    def scale(self) -> float:
        """What scores are multiplied by."""
        return 1 / sqrt(self.d_head) if self.scaled else 1.0


class Attention(nnx.Module):
    """MHA(X) = sum_h softmax_causal(X W_Q_h (X W_K_h)^T) X W_V_h W_O_h; float64 parameters.

    W_Q, W_K, W_V start as N(0, 1 / d_model), W_O as N(0, 1 / (n_heads d_head)), so that the output
    keeps its size as heads are added (unless `per_head`).

    Args:
        config: sizes, kind and initial law.
        added: fixed matrices (Z_QK, Z_VO), each (d, d): every head then has W_Q W_K^T + alpha Z_QK and
            W_V W_O + beta Z_VO, with trained numbers alpha and beta.
        rngs: gives the stream `params`.

    Cost: for the last row alone O(n heads T d_model): neither keys nor values are made, since einsum
    contracts the weights with the query and with the averaged tokens first.
    Source: arXiv 2407.02678, equations 2, 3 and 6; arXiv 2405.15302 for the added matrices.
    """

    def __init__(
        self, config: AttentionConfig, added: tuple[Array, Array] | None = None, *, rngs: nnx.Rngs
    ) -> None:
        self.config = config
        d, H, f = config.d_model, config.n_heads, config.d_head
        Q, K, V, out = jax.random.normal(rngs.params(), (4, H, d, f), jnp.float64)
        scale_in = 1 / sqrt(d) if config.gamma is None else d**-config.gamma
        shared = 1 if config.per_head else H
        scale_out = 1 / sqrt(shared * f) if config.gamma is None else f**-config.gamma
        identity = Fixed(jnp.broadcast_to(jnp.eye(d), (H, d, d))) if config.identity_query else None
        self.W_Q = nnx.Param(Q * scale_in) if identity is None else identity
        self.W_K, self.W_V = nnx.Param(K * scale_in), nnx.Param(V * scale_in)
        self.W_O = nnx.Param(out.swapaxes(1, 2) * scale_out)
        if added is not None:
            self.Z_QK, self.Z_VO = (Fixed(Z) for Z in added)
            self.alpha, self.beta = (nnx.Param(jnp.float64(x)) for x in (config.alpha, config.beta))
        self.adds = added is not None

    def __call__(self, x: Float[Array, "*n T d"], *, last: int = 0) -> Float[Array, "*n R d"]:
        """The outputs of all T tokens, or of the last R alone."""
        weights = self._weights(x, last)
        out = jnp.einsum("...crh,...cd,hdf,hfe->...re", weights, x, self.W_V[...], self.W_O[...])
        if self.adds:
            Z = self.beta[...] * self.Z_VO[...]
            out = out + jnp.einsum("...crh,...cd,de->...re", weights, x, Z)
        return out

    def pattern(self, x: Float[Array, "*n T d"], *, last: int = 0) -> Float[Array, "*n H R T"]:
        """Right-stochastic weights: row r is what token r takes from tokens up to itself."""
        return jnp.moveaxis(self._weights(x, last), -3, -1).swapaxes(-3, -2)

    def W_QK(self) -> Float[Array, "H d d"]:
        """x W_QK y^T, times `config.scale`, is what token x scores for token y."""
        product = jnp.einsum("hdf,hef->hde", self.W_Q[...], self.W_K[...])
        return product + self.alpha[...] * self.Z_QK[...] if self.adds else product

    def W_VO(self) -> Float[Array, "H d d"]:
        """y W_VO is what token y gives to those who attend to it."""
        product = self.W_V[...] @ self.W_O[...]
        return product + self.beta[...] * self.Z_VO[...] if self.adds else product

    def _weights(self, x: Float[Array, "*n T d"], last: int) -> Float[Array, "*n T R H"]:
        """Keys first and heads last: reductions over keys then run along contiguous heads."""
        rows = x[..., -last:, :]
        scores = jnp.einsum("...rd,hdf,hef,...ce->...crh", rows, self.W_Q[...], self.W_K[...], x)
        if self.adds:
            Z = self.alpha[...] * self.Z_QK[...]
            scores = scores + jnp.einsum("...rd,de,...ce->...cr", rows, Z, x)[..., None]
        scores = self.config.scale * scores
        if last != 1:
            T, R = x.shape[-2], rows.shape[-2]
            seen = jnp.triu(jnp.ones((T, R), bool), R - T)
            scores = jnp.where(seen[..., None], scores, -jnp.inf)
        if self.config.kind == "hard":
            return jax.nn.one_hot(scores.argmax(-3), x.shape[-2], dtype=x.dtype, axis=-3)
        return jax.nn.softmax(scores, axis=-3)
