"""Rotary positions: pairs of features turned by an angle that grows with the token's position."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from geomtoy.errors import FileError

KINDS = ("default", "linear", "llama3")


def settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What config.json says of rotary positions, in its older and newer spelling."""
    found = {**(config.get("rope_scaling") or {}), **(config.get("rope_parameters") or {})}
    theta = config.get("rope_theta", config.get("rotary_emb_base", 10_000.0))
    return {"rope_theta": theta, "rope_type": found.get("type", "default"), **found}


def frequencies(width: int, rope: Mapping[str, Any]) -> Float[np.ndarray, " half"]:
    """Radians per position of each pair of features.

    Args:
        width: how many features are turned, even.
        rope: as `settings` gives it; "llama3" slows the pairs whose wave is longer than the original
            context and leaves the fast ones, "linear" slows all alike.
    Raises:
        FileError: another kind of scaling, or one of its numbers is missing.
    """
    kind = rope["rope_type"]
    if kind not in KINDS:
        raise FileError(f"rope_type {kind!r} in config.json is unknown; known: {', '.join(KINDS)}")
    plain = float(rope["rope_theta"]) ** (-np.arange(0, width, 2) / width)
    try:
        if kind == "linear":
            return plain / rope["factor"]
        return _llama3(plain, rope) if kind == "llama3" else plain
    except KeyError as error:
        raise FileError(f"config.json lacks {error} for rope_type {kind}") from None


def _llama3(plain: np.ndarray, rope: Mapping[str, Any]) -> np.ndarray:
    """Kept above one frequency, divided below another, blended between."""
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    waves = rope["original_max_position_embeddings"] * plain / (2 * np.pi)
    kept = np.clip((waves - low) / (high - low), 0, 1)
    return plain * (kept + (1 - kept) / rope["factor"])


def rotate(
    x: Float[np.ndarray, "n heads f"],
    positions: Int[np.ndarray, " n"],
    turns: Float[np.ndarray, " half"],
) -> Float[np.ndarray, "n heads f"]:
    """Turn features k and k + half of each head by position * turns[k]; those after 2 half stay.

    The angle is taken in float64: in float32 it would be off by 5e-4 at position 8000.
    """
    half = len(turns)
    angles = positions[:, None, None] * turns
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    a, b, still = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin, still], axis=-1)
