"""Llama: RMSNorm, rotary positions, grouped-query attention, a gated MLP."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from jaxtyping import Float, Int
from numpy import ndarray

from geomtoy.checkpoints import rope
from geomtoy.checkpoints.architecture import Attend, Shape, divided, size
from geomtoy.checkpoints.arithmetic import Weights, activation, linear, rms_norm
from geomtoy.errors import FileError

HEAD = "lm_head.weight"


class Llama:
    """Layer(x) = y + down(act(gate(n2(y))) * up(n2(y))), y = x + o(attention(n1(x))).

    Args:
        config: model_type "llama", as transformers 4 or 5 writes it.
    Raises:
        FileError: a size is missing or wrong, or a setting is unknown.
    """

    embedding = "model.embed_tokens.weight"

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.n_layers, self.n_heads = (
            size(config, "num_hidden_layers"),
            size(config, "num_attention_heads"),
        )
        self.context_length = size(config, "max_position_embeddings")
        self.vocabulary = size(config, "vocab_size")
        self.d_model, self.hidden = size(config, "hidden_size"), size(config, "intermediate_size")
        self.groups = size(config, "num_key_value_heads", self.n_heads)
        if self.n_heads % self.groups:
            raise FileError(
                f"config.json says num_attention_heads is {self.n_heads}, which num_key_value_heads "
                f"{self.groups} does not divide"
            )
        whole = config.get("head_dim") is not None
        self.d_head = (
            size(config, "head_dim") if whole else divided(config, "hidden_size", "num_attention_heads")
        )
        self.epsilon = float(config.get("rms_norm_eps", 1e-6))
        self.activation = activation(config.get("hidden_act", "silu"))
        self.turns = rope.frequencies(self.d_head, rope.settings(config))
        self.biases = bool(config.get("attention_bias")), bool(config.get("mlp_bias"))
        self.tied = bool(config.get("tie_word_embeddings"))
        self.unembedding = self.embedding if self.tied else HEAD
        self.ignored: tuple[str, ...] = ("rotary_emb.inv_freq", *([HEAD] if self.tied else []))

    def prefix(self, layer: int) -> str:
        return f"model.layers.{layer}."

    def layer_shapes(self, layer: int) -> dict[str, Shape]:
        d, q, kv = self.d_model, self.n_heads * self.d_head, self.groups * self.d_head
        sides = {"q": (q, d), "k": (kv, d), "v": (kv, d), "o": (d, q)}
        attention = {f"self_attn.{part}_proj": shape for part, shape in sides.items()}
        mlp = {f"mlp.{part}_proj": (self.hidden, d) for part in ("gate", "up")}
        mlp["mlp.down_proj"] = (d, self.hidden)
        shapes: dict[str, Shape] = {
            "input_layernorm.weight": (d,),
            "post_attention_layernorm.weight": (d,),
        }
        for maps, biased in zip((attention, mlp), self.biases, strict=True):
            shapes |= {f"{name}.weight": shape for name, shape in maps.items()}
            shapes |= {f"{name}.bias": shape[:1] for name, shape in maps.items() if biased}
        return shapes

    def end_shapes(self) -> dict[str, Shape]:
        matrix = (self.vocabulary, self.d_model)
        return {self.embedding: matrix, self.unembedding: matrix, "model.norm.weight": (self.d_model,)}

    def place(self, x: Float[ndarray, "n d"], ends: Weights, positions: Int[ndarray, " n"]) -> ndarray:
        return x

    def layer(
        self, W: Weights, x: Float[ndarray, "n d"], positions: Int[ndarray, " n"], attend: Attend
    ) -> Float[ndarray, "n d"]:
        h = rms_norm(x, W["input_layernorm.weight"], self.epsilon)
        q, k, v = (
            linear(W, f"self_attn.{part}_proj", h).reshape(len(x), -1, self.d_head) for part in "qkv"
        )
        q, k = (rope.rotate(z, positions, self.turns) for z in (q / sqrt(self.d_head), k))
        x = x + linear(W, "self_attn.o_proj", attend(q, k, v).reshape(len(x), -1))
        h = rms_norm(x, W["post_attention_layernorm.weight"], self.epsilon)
        gate = self.activation(linear(W, "mlp.gate_proj", h))
        return x + linear(W, "mlp.down_proj", gate * linear(W, "mlp.up_proj", h))

    def finish(self, x: Float[ndarray, "n d"], ends: Weights) -> Float[ndarray, "n d"]:
        return rms_norm(x, ends["model.norm.weight"], self.epsilon)
