"""GPT-NeoX (Pythia): LayerNorm, partly rotary positions, one fused map for queries, keys and values."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from jaxtyping import Float, Int
from numpy import ndarray, split

from geomtoy.checkpoints import rope
from geomtoy.checkpoints.architecture import Attend, Shape, divided, size
from geomtoy.checkpoints.arithmetic import Weights, activation, layer_norm, linear
from geomtoy.errors import FileError

HEAD = "embed_out.weight"
LAST = "gpt_neox.final_layer_norm"


class GPTNeoX:
    """Layer(x) = x + attention(n1(x)) + mlp(n2(x)), or in sequence, mlp(n2(x + attention)).

    Args:
        config: model_type "gpt_neox", as transformers 4 or 5 writes it.
    Raises:
        FileError: a size is missing or wrong, or a setting is unknown.
    """

    embedding = "gpt_neox.embed_in.weight"

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.n_layers, self.n_heads = (
            size(config, "num_hidden_layers"),
            size(config, "num_attention_heads"),
        )
        self.context_length = size(config, "max_position_embeddings")
        self.vocabulary = size(config, "vocab_size")
        self.d_model, self.hidden = size(config, "hidden_size"), size(config, "intermediate_size")
        self.d_head = divided(config, "hidden_size", "num_attention_heads")
        self.epsilon = float(config.get("layer_norm_eps", 1e-5))
        self.activation = activation(config.get("hidden_act", "gelu"))
        self.turns = rope.frequencies(self._rotary(config), rope.settings(config))
        self.parallel = bool(config.get("use_parallel_residual", True))
        self.biased = bool(config.get("attention_bias", True))
        tied = bool(config.get("tie_word_embeddings"))
        self.unembedding = self.embedding if tied else HEAD
        buffers = ("attention.bias", "attention.masked_bias", "rotary_emb.inv_freq")
        self.ignored: tuple[str, ...] = (*buffers, *([HEAD] if tied else []))

    def _rotary(self, config: Mapping[str, Any]) -> int:
        """How many of a head's features turn."""
        share = rope.settings(config).get("partial_rotary_factor", config.get("rotary_pct", 0.25))
        width = int(self.d_head * share)
        if width % 2 or not 0 <= width <= self.d_head:
            raise FileError(
                f"config.json says that a share {share} of {self.d_head} features turns, which is no "
                "even number of them"
            )
        return width

    def prefix(self, layer: int) -> str:
        return f"gpt_neox.layers.{layer}."

    def layer_shapes(self, layer: int) -> dict[str, Shape]:
        d, hidden = self.d_model, self.hidden
        attention = {"attention.query_key_value": (3 * d, d), "attention.dense": (d, d)}
        mlp = {"mlp.dense_h_to_4h": (hidden, d), "mlp.dense_4h_to_h": (d, hidden)}
        shapes: dict[str, Shape] = _norm("input_layernorm", d) | _norm("post_attention_layernorm", d)
        shapes |= {f"{name}.weight": shape for name, shape in (attention | mlp).items()}
        biased = attention | mlp if self.biased else mlp
        return shapes | {f"{name}.bias": shape[:1] for name, shape in biased.items()}

    def end_shapes(self) -> dict[str, Shape]:
        matrix = (self.vocabulary, self.d_model)
        return {self.embedding: matrix, self.unembedding: matrix} | _norm(LAST, self.d_model)

    def place(self, x: Float[ndarray, "n d"], ends: Weights, positions: Int[ndarray, " n"]) -> ndarray:
        return x

    def layer(
        self, W: Weights, x: Float[ndarray, "n d"], positions: Int[ndarray, " n"], attend: Attend
    ) -> Float[ndarray, "n d"]:
        h = layer_norm(W, "input_layernorm", x, self.epsilon)
        fused = linear(W, "attention.query_key_value", h).reshape(len(x), self.n_heads, -1)
        q, k, v = split(fused, 3, axis=-1)  # each head's three parts follow one another
        q, k = (rope.rotate(z, positions, self.turns) for z in (q / sqrt(self.d_head), k))
        taken = linear(W, "attention.dense", attend(q, k, v).reshape(len(x), -1))
        read = x if self.parallel else x + taken
        h = layer_norm(W, "post_attention_layernorm", read, self.epsilon)
        return (
            x
            + taken
            + linear(W, "mlp.dense_4h_to_h", self.activation(linear(W, "mlp.dense_h_to_4h", h)))
        )

    def finish(self, x: Float[ndarray, "n d"], ends: Weights) -> Float[ndarray, "n d"]:
        return layer_norm(ends, LAST, x, self.epsilon)


def _norm(name: str, d: int) -> dict[str, Shape]:
    return {f"{name}.weight": (d,), f"{name}.bias": (d,)}
