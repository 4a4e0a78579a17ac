"""The toy decoder as a checkpoint, which `geomtoy.models.checkpoint` writes."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from geomtoy.checkpoints.architecture import Attend, Shape, size
from geomtoy.checkpoints.arithmetic import Weights, layer_norm, linear, relu
from geomtoy.errors import FileError

NORMS: dict[str, tuple[str, ...]] = {
    "none": (),
    "mlp": ("norm_mlp",),
    "pre": ("norm_attention", "norm_mlp"),
    "post": ("norm_sum", "norm_out"),
}
"""Which LayerNorms a layer has; one without an MLP lacks those that are for it."""
OF_MLP = ("norm_mlp", "norm_out")


class Toy:
    """Learned positions, heads, LayerNorm here or there, a ReLU MLP in some layers.

    Matrices are stored as (out, in), those of heads one head after another, so that every one has two
    sides and can be truncated. Matrices Z are stored times their factors, as Z_QK and Z_VO.

    Args:
        config: model_type "geomtoy".
    Raises:
        FileError: a size is missing or wrong, or layer_norm is unknown.
    """

    embedding, unembedding = "W_E", "W_U"
    ignored: tuple[str, ...] = ()

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.n_layers, self.n_heads = size(config, "n_layers"), size(config, "n_heads")
        self.context_length, self.vocabulary = size(config, "context_length"), size(config, "vocabulary")
        self.d_model, self.d_head = size(config, "d_model"), size(config, "d_head")
        self.norms = str(config.get("layer_norm"))
        if self.norms not in NORMS:
            raise FileError(
                f"layer_norm {self.norms!r} in config.json is unknown; known: {', '.join(NORMS)}"
            )
        self.mlp_layers = tuple(config.get("mlp_layers", ()))
        self.hidden = size(config, "hidden") if self.mlp_layers else 0
        self.residual, self.scaled, self.biased, self.added = (
            bool(config.get(key)) for key in ("residual", "scaled", "mlp_bias", "added")
        )
        self.epsilon = float(config.get("epsilon", 1e-6))

    def prefix(self, layer: int) -> str:
        return f"layers.{layer}."

    def layer_shapes(self, layer: int) -> dict[str, Shape]:
        d, inner, has_mlp = self.d_model, self.n_heads * self.d_head, layer in self.mlp_layers
        shapes: dict[str, Shape] = {f"attention.W_{part}.weight": (inner, d) for part in "QKV"}
        shapes["attention.W_O.weight"] = (d, inner)
        if self.added:
            shapes |= {"attention.Z_QK.weight": (d, d), "attention.Z_VO.weight": (d, d)}
        for name in NORMS[self.norms]:
            if has_mlp or name not in OF_MLP:
                shapes |= {f"{name}.weight": (d,), f"{name}.bias": (d,)}
        if has_mlp:
            shapes |= {"mlp.hidden.weight": (self.hidden, d), "mlp.out.weight": (d, self.hidden)}
            if self.biased:
                shapes |= {"mlp.hidden.bias": (self.hidden,), "mlp.out.bias": (d,)}
        return shapes

    def end_shapes(self) -> dict[str, Shape]:
        matrix = (self.vocabulary, self.d_model)
        norm = {"norm.weight": (self.d_model,), "norm.bias": (self.d_model,)}
        ends: dict[str, Shape] = {
            "W_E": matrix,
            "W_U": matrix,
            "W_pos": (self.context_length, self.d_model),
        }
        return ends | (norm if self.norms == "pre" else {})

    def place(
        self, x: Float[np.ndarray, "n d"], ends: Weights, positions: Int[np.ndarray, " n"]
    ) -> Float[np.ndarray, "n d"]:
        return x + ends["W_pos"][positions]

    def layer(
        self, W: Weights, x: Float[np.ndarray, "n d"], positions: Int[np.ndarray, " n"], attend: Attend
    ) -> Float[np.ndarray, "n d"]:
        mid = self._attention(W, self._norm(W, "norm_attention", x), attend)
        mid = self._norm(W, "norm_sum", mid + x if self.residual else mid)
        if "mlp.hidden.weight" not in W:
            return mid
        hidden = relu(linear(W, "mlp.hidden", self._norm(W, "norm_mlp", mid)))
        return self._norm(W, "norm_out", mid + linear(W, "mlp.out", hidden))

    def finish(self, x: Float[np.ndarray, "n d"], ends: Weights) -> Float[np.ndarray, "n d"]:
        return self._norm(ends, "norm", x)

    def _attention(self, W: Weights, x: Float[np.ndarray, "n d"], attend: Attend) -> np.ndarray:
        """A matrix Z makes heads longer: their queries, keys and values get d more features."""
        n, H = len(x), self.n_heads
        q, k, v = (linear(W, f"attention.W_{part}", x).reshape(n, H, -1) for part in "QKV")
        if self.added:
            further = (x, linear(W, "attention.Z_QK", x), linear(W, "attention.Z_VO", x))
            q, k, v = (
                np.concatenate([z, np.broadcast_to(more[:, None], (n, H, self.d_model))], -1)
                for z, more in zip((q, k, v), further, strict=True)
            )
        taken = attend(q / sqrt(self.d_head) if self.scaled else q, k, v)
        out = linear(W, "attention.W_O", taken[..., : self.d_head].reshape(n, -1))
        return out + taken[..., self.d_head :].sum(1) if self.added else out

    def _norm(self, W: Weights, name: str, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        return layer_norm(W, name, x, self.epsilon) if f"{name}.weight" in W else x
