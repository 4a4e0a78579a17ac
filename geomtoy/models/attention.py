"""Causal multi-head attention as equations 2 and 3 write it: no biases, no dropout."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from geomtoy.errors import SettingError

KINDS = ("softmax", "hard")


@dataclass(frozen=True)
class AttentionConfig:
    """Sizes and kind of an `Attention`.

    Args:
        d_model, n_heads, d_head: the heads' sizes are independent of d_model.
        kind: "softmax", or "hard": all weight on the greatest score (the first of equals), which is
            the limit of softmax(scores / temperature) at temperature 0 where the greatest is one.
        scaled: divide scores by sqrt(d_head); the paper does not.
    Raises:
        SettingError: a size is not positive or the kind is unknown.
    """

    d_model: int
    n_heads: int
    d_head: int
    kind: str = "softmax"
    scaled: bool = False

    def __post_init__(self) -> None:
        if min(self.d_model, self.n_heads, self.d_head) < 1:
            raise SettingError(
                f"d_model is {self.d_model}, n_heads {self.n_heads} and d_head {self.d_head}; "
                "make them positive"
            )
        if self.kind not in KINDS:
            raise SettingError(f"attention {self.kind!r} is unknown; use one of {', '.join(KINDS)}")

    @property
    def scale(self) -> float:
        """What scores are multiplied by."""
        return 1 / sqrt(self.d_head) if self.scaled else 1.0


class Attention(nnx.Module):
    """MHA(X) = sum_h softmax_causal(X W_Q_h (X W_K_h)^T) X W_V_h W_O_h; float64 parameters.

    W_Q, W_K, W_V start as N(0, 1 / d_model), W_O as N(0, 1 / (n_heads d_head)), so that the output
    keeps its size as heads are added.

    Cost: for the last row alone O(n heads T d_model): neither keys nor values are made, since einsum
    contracts the weights with the query and with the averaged tokens first.
    Source: arXiv 2407.02678, equations 2, 3 and 6.
    """

    def __init__(self, config: AttentionConfig, *, rngs: nnx.Rngs) -> None:
        self.config = config
        d, H, f = config.d_model, config.n_heads, config.d_head
        Q, K, V, out = jax.random.normal(rngs.params(), (4, H, d, f), jnp.float64)
        self.W_Q, self.W_K, self.W_V = (nnx.Param(W / sqrt(d)) for W in (Q, K, V))
        self.W_O = nnx.Param(out.swapaxes(1, 2) / sqrt(H * f))

    def __call__(self, x: Float[Array, "*n T d"], *, last: bool = False) -> Float[Array, "*n R d"]:
        """The outputs of all T tokens, or of the last one alone (R = 1)."""
        weights = self._weights(x, last)
        return jnp.einsum("...crh,...cd,hdf,hfe->...re", weights, x, self.W_V[...], self.W_O[...])

    def pattern(self, x: Float[Array, "*n T d"], *, last: bool = False) -> Float[Array, "*n H R T"]:
        """Right-stochastic weights: row r is what token r takes from tokens up to itself."""
        return jnp.moveaxis(self._weights(x, last), -3, -1).swapaxes(-3, -2)

    def _weights(self, x: Float[Array, "*n T d"], last: bool) -> Float[Array, "*n T R H"]:
        """Keys first and heads last: reductions over keys then run along contiguous heads."""
        rows = x[..., -1:, :] if last else x
        scores = self.config.scale * jnp.einsum(
            "...rd,hdf,hef,...ce->...crh", rows, self.W_Q[...], self.W_K[...], x
        )
        if not last:
            T = x.shape[-2]
            scores = jnp.where(jnp.triu(jnp.ones((T, T), bool))[..., None], scores, -jnp.inf)
        if self.config.kind == "hard":
            return jax.nn.one_hot(scores.argmax(-3), x.shape[-2], dtype=x.dtype, axis=-3)
        return jax.nn.softmax(scores, axis=-3)
