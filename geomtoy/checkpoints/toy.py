"""The toy decoder as a model of transformers; `geomtoy.models.checkpoint` writes its folders."""

from __future__ import annotations

from math import sqrt
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationMixin,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import CausalLMOutputWithPast

from geomtoy.errors import FileError

NORMS: dict[str, tuple[str, ...]] = {
    "none": (),
    "mlp": ("norm_mlp",),
    "pre": ("norm_attention", "norm_mlp"),
    "post": ("norm_sum", "norm_out"),
}
"""Which LayerNorms a layer has; one without an MLP lacks those that are for it."""
OF_MLP = ("norm_mlp", "norm_out")


class ToyConfig(PreTrainedConfig):
    """What `save_checkpoint` says of a decoder."""

    model_type = "geomtoy"
    attribute_map = {  # noqa: RUF012
        "num_hidden_layers": "n_layers",
        "num_attention_heads": "n_heads",
        "hidden_size": "d_model",
        "vocab_size": "vocabulary",
        "max_position_embeddings": "context_length",
    }

    vocabulary: int = 2
    context_length: int = 1
    n_layers: int = 1
    d_model: int = 1
    n_heads: int = 1
    d_head: int = 1
    hidden: int | None = None
    mlp_layers: list[int] | None = None
    mlp_bias: bool = True
    layer_norm: str = "none"
    residual: bool = True
    scaled: bool = True
    added: bool = False
    epsilon: float = 1e-6
    tie_word_embeddings: bool = False


class ToyAttention(nn.Module):
    """Heads; matrices Z make them longer, so that their queries, keys and values get d more features."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        d, inner = config.d_model, config.n_heads * config.d_head
        self.n_heads, self.scale = config.n_heads, 1 / sqrt(config.d_head) if config.scaled else 1.0
        self.W_Q, self.W_K, self.W_V = (nn.Linear(d, inner, bias=False) for _ in "QKV")
        self.W_O = nn.Linear(inner, d, bias=False)
        self.Z_QK, self.Z_VO = (nn.Linear(d, d, bias=False) if config.added else None for _ in range(2))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What each token takes, (n, T, d), and the maps (n, heads, T, T)."""
        q, k, v = (self._heads(W(x)) for W in (self.W_Q, self.W_K, self.W_V))
        scores = q @ k.mT
        if self.Z_QK is not None:
            scores = scores + (x @ self.Z_QK(x).mT)[:, None]
        weights = (self.scale * scores).masked_fill(~mask, -torch.inf).softmax(-1)
        weights = weights.nan_to_num()  # rows of padding see nothing
        out = self.W_O((weights @ v).transpose(1, 2).flatten(2))
        if self.Z_VO is not None:
            out = out + weights.sum(1) @ self.Z_VO(x)
        return out, weights

    def _heads(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)


class ToyMLP(nn.Module):
    """One hidden ReLU layer."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        assert config.hidden is not None
        self.hidden = nn.Linear(config.d_model, config.hidden, config.mlp_bias)
        self.out = nn.Linear(config.hidden, config.d_model, config.mlp_bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.out(self.hidden(x).relu())
        return found


class ToyLayer(nn.Module):
    """Attention, then an MLP in some layers, with LayerNorms here or there."""

    def __init__(self, config: ToyConfig, has_mlp: bool) -> None:
        super().__init__()
        self.residual = config.residual
        self.attention = ToyAttention(config)
        self.mlp = ToyMLP(config) if has_mlp else None
        there = [name for name in NORMS[config.layer_norm] if has_mlp or name not in OF_MLP]
        self.norm_attention, self.norm_sum, self.norm_mlp, self.norm_out = (
            _norm(config, name in there)
            for name in ("norm_attention", "norm_sum", "norm_mlp", "norm_out")
        )

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        mid, _ = self.attention(self.norm_attention(x), mask)
        mid = self.norm_sum(mid + x if self.residual else mid)
        if self.mlp is None:
            return mid
        found: torch.Tensor = self.norm_out(mid + self.mlp(self.norm_mlp(mid)))
        return found


class Toy(PreTrainedModel, GenerationMixin):
    """Learned positions, layers, and no keys and values kept: a toy is small.

    Raises:
        FileError: its LayerNorms are of a kind that is unknown.
    """

    config_class = ToyConfig

    def __init__(self, config: ToyConfig) -> None:
        super().__init__(config)
        if config.layer_norm not in NORMS:
            raise FileError(
                f"layer_norm {config.layer_norm!r} in config.json is unknown; known: {', '.join(NORMS)}"
            )
        self.W_E, self.W_U = (nn.Parameter(torch.empty(config.vocabulary, config.d_model)) for _ in "EU")
        self.W_pos = nn.Parameter(torch.empty(config.context_length, config.d_model))
        with_mlp = config.mlp_layers or []
        self.layers = nn.ModuleList(ToyLayer(config, k in with_mlp) for k in range(config.n_layers))
        self.norm = _norm(config, config.layer_norm == "pre")
        self.post_init()

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        logits_to_keep: int = 0,
        **_: Any,
    ) -> CausalLMOutputWithPast:
        """Logits of the last tokens, of all for 0; padding at the left is masked and has no position."""
        real = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        x = self.W_E[input_ids] + self.W_pos[(real.cumsum(-1) - 1).clamp(min=0)]
        mask = torch.ones(2 * input_ids.shape[-1:], dtype=torch.bool).tril() & real.bool()[:, None, None]
        for layer in self.layers:
            x = layer(x, mask)
        logits = self.norm(x[:, -logits_to_keep:]) @ self.W_U.T
        return CausalLMOutputWithPast(logits=logits)

    def prepare_inputs_for_generation(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, **_: Any
    ) -> dict[str, Any]:
        """All tokens at each step."""
        return {"input_ids": input_ids, "attention_mask": attention_mask, "logits_to_keep": 1}


def _norm(config: ToyConfig, there: bool) -> nn.Module:
    return nn.LayerNorm(config.d_model, config.epsilon) if there else nn.Identity()


def register() -> None:
    """Make the library know folders of toys."""
    AutoConfig.register(ToyConfig.model_type, ToyConfig, exist_ok=True)
    AutoModelForCausalLM.register(ToyConfig, Toy, exist_ok=True)
