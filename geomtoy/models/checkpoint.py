"""Writes a toy decoder as a checkpoint folder, for the commands that look at real models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from geomtoy.errors import FileError, SettingError
from geomtoy.models.decoder import Decoder
from geomtoy.models.layer import EPSILON, Layer
from geomtoy.writing import written_aside

try:
    from safetensors.numpy import save_file
except ImportError:
    raise ImportError("safetensors is not installed; run: pip install 'geomtoy[checkpoints]'") from None


def save_checkpoint(folder: str | Path, decoder: Decoder, words: Sequence[str] | None = None) -> None:
    """Write config.json, model.safetensors and tokenizer.json; `geomtoy attention FOLDER` reads them.

    Parameters are stored as they are, in float64. Text is read as words with spaces between.

    Args:
        folder: made if it is missing; what it holds under these names is replaced.
        words: of the tokens, all different and without spaces; their numbers if None.
    Raises:
        SettingError: attention is hard, or the words do not fit the vocabulary.
        FileError: the folder cannot be written to.
    """
    config = _config(decoder)
    tokenizer = _tokenizer(_words(config["vocabulary"], words))
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make {folder}: {error.strerror}; choose another place") from None
    with written_aside(place / "model.safetensors") as aside:
        save_file(dict(_tensors(decoder)), aside)
    for name, record in (("tokenizer.json", tokenizer), ("config.json", config)):
        with written_aside(place / name) as aside:
            aside.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _config(decoder: Decoder) -> dict[str, Any]:
    config, layer = decoder.config, decoder.config.layer
    attention = layer.attention
    if attention.kind != "softmax":
        raise SettingError(f"{attention.kind} attention cannot be stored as a checkpoint; use softmax")
    return {
        "model_type": "geomtoy",
        "vocabulary": config.vocabulary,
        "context_length": config.context_length,
        "n_layers": config.n_layers,
        "d_model": attention.d_model,
        "n_heads": attention.n_heads,
        "d_head": attention.d_head,
        "hidden": layer.hidden,
        "mlp_layers": [k for k, one in enumerate(config.layer_configs()) if one.hidden is not None],
        "mlp_bias": layer.bias_scale is not None,
        "layer_norm": layer.layer_norm,
        "residual": layer.residual,
        "scaled": attention.scaled,
        "added": config.added != "none",
        "epsilon": EPSILON,
    }


def _tensors(decoder: Decoder) -> Iterator[tuple[str, np.ndarray]]:
    """Matrices as (out, in); `save_file` writes memory as it lies, hence the copies in C order."""
    ends = {"W_E": decoder.W_E[...], "W_pos": decoder.W_pos[...], "W_U": decoder.W_U[...].T}
    named = [*ends.items(), *_norm("norm", decoder.norm)]
    for k, layer in enumerate(decoder.layers):
        named += [(f"layers.{k}.{name}", array) for name, array in _layer(layer)]
    for name, array in named:
        yield name, np.array(array, order="C")


def _layer(layer: Layer) -> Iterator[tuple[str, Any]]:
    attention, d = layer.attention, layer.attention.config.d_model
    for part in ("W_Q", "W_K", "W_V"):
        heads = getattr(attention, part)[...]
        yield f"attention.{part}.weight", heads.swapaxes(1, 2).reshape(-1, d)
    yield "attention.W_O.weight", attention.W_O[...].reshape(-1, d).T
    if attention.adds:  # token y is scored by x Z y^T, so its key is y Z^T; its value is y Z
        yield "attention.Z_QK.weight", attention.alpha[...] * attention.Z_QK[...]
        yield "attention.Z_VO.weight", (attention.beta[...] * attention.Z_VO[...]).T
    for name in ("norm_attention", "norm_sum", "norm_mlp", "norm_out"):
        yield from _norm(name, getattr(layer, name))
    if layer.mlp is not None:
        for name, affine in (("hidden", layer.mlp.hidden[0]), ("out", layer.mlp.out)):
            yield f"mlp.{name}.weight", affine.kernel[...].T
            if affine.bias is not None:
                yield f"mlp.{name}.bias", affine.bias[...]


def _norm(name: str, norm: nnx.LayerNorm | None) -> list[tuple[str, Any]]:
    if norm is None:
        return []
    scale, bias = norm.scale, norm.bias
    assert scale is not None  # a LayerNorm of ours has both
    assert bias is not None
    return [(f"{name}.weight", scale[...]), (f"{name}.bias", bias[...])]


def _words(vocabulary: int, words: Sequence[str] | None) -> list[str]:
    found = [str(k) for k in range(vocabulary)] if words is None else list(words)
    if len(found) != vocabulary or len(set(found)) != vocabulary:
        raise SettingError(f"{len(found)} words are given; give {vocabulary} different ones")
    if unfit := next((word for word in found if word.split() != [word]), None):
        raise SettingError(f"the word {unfit!r} has a space in it; give words without")
    return found


def _tokenizer(words: Sequence[str]) -> dict[str, Any]:
    """What the library tokenizers reads; a word that is not listed is an error there."""
    vocabulary = {word: k for k, word in enumerate(words)}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unknown>"},
    }
