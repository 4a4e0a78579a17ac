"""From a trained `Block` to the plain arrays that geometry and theory read."""

from __future__ import annotations

from typing import Any

import numpy as np
from flax import nnx

from geomtoy.block_arrays import BlockArrays
from geomtoy.errors import NetworkError
from geomtoy.models.block import Block
from geomtoy.models.export import from_flax

WEIGHTS = ("W_Q", "W_K", "W_V", "W_O")


def block_arrays(block: Block) -> BlockArrays:
    """The same function as plain arrays, every parameter to the bit.

    Args:
        block: one model, without a leading axis of seeds.
    Raises:
        NetworkError: it has several layers, or a LayerNorm before attention.
    """
    config, layer = block.config, block.layers[0]
    if config.n_layers > 1 or layer.norm_attention is not None or layer.mlp is None:
        raise NetworkError(
            f"a block of {config.n_layers} layers with layer_norm {config.layer_norm!r} cannot be "
            "exported; use one layer with 'none', 'mlp' or 'post'"
        )
    attention, norm = layer.attention, layer.norm_mlp or layer.norm_sum
    weights: dict[str, Any] = {name: np.asarray(getattr(attention, name)[...]) for name in WEIGHTS}
    return BlockArrays(
        frequencies=config.frequencies(),
        mlp=from_flax(layer.mlp),
        scale=attention.config.scale,
        residual=config.residual,
        hard=config.attention == "hard",
        **weights,
        **({} if norm is None else _norm_arrays(norm)),
    )


def _norm_arrays(norm: nnx.LayerNorm) -> dict[str, Any]:
    gain, bias = (np.asarray(getattr(norm, name)[...]) for name in ("scale", "bias"))
    return {"norm_gain": gain, "norm_bias": bias, "norm_epsilon": norm.epsilon}
