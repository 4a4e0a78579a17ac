"""Time as C tokens of sinusoids: one family, in which only the frequencies differ.

Token p = 1..C of time t is (sin(f_p0 t), ..., cos(f_p0 t), ...) with one frequency for each of the
d_model / 2 channel pairs k; token C is the query. Every frequency is a factor of the position times a
factor of the channel, so an ablation is a list of names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from geomtoy.errors import SettingError

ByPosition = Callable[[np.ndarray, int, float], np.ndarray]
ByChannel = Callable[[np.ndarray, float], np.ndarray]


@dataclass(frozen=True)
class TimeEncoding:
    """Frequencies scale * by_position(p, C, base) * by_channel(k / (d_model / 2), base).

    Args:
        name: its key in `ENCODINGS`.
        formula: the same for people.
        by_position: of p = 1..C.
        by_channel: of the fraction k / (d_model / 2) in [0, 1).
        scale: of all frequencies.
        octaves: pass k itself to by_channel.
    """

    name: str
    formula: str
    by_position: ByPosition
    by_channel: ByChannel
    scale: float = 1.0
    octaves: bool = False


def frequencies(
    encoding: str, context_length: int, d_model: int, base: float = 10_000.0
) -> Float[np.ndarray, "C half"]:
    """Angular frequencies, oldest token first and query token last.

    Raises:
        SettingError: the name is unknown, d_model is odd, or a size or the base is not positive.
    """
    if encoding not in ENCODINGS:
        raise SettingError(f"encoding {encoding!r} is unknown; use one of {', '.join(ENCODINGS)}")
    if context_length < 1 or d_model < 2 or d_model % 2:
        raise SettingError(
            f"context_length is {context_length} and d_model {d_model}; give 1 or more tokens of "
            "sine and cosine pairs"
        )
    if not 0 < base < np.inf:
        raise SettingError(f"base is {base}; make it positive and finite")
    chosen = ENCODINGS[encoding]
    k = np.arange(d_model // 2, dtype=float)
    p = np.arange(1, context_length + 1, dtype=float)
    channel = chosen.by_channel(k if chosen.octaves else k / (d_model // 2), base)
    return chosen.scale * np.outer(chosen.by_position(p, context_length, base), channel)


def encode(
    t: Float[Array, "*n"], frequencies: Float[np.ndarray, "C half"]
) -> Float[Array, "*n C 2*half"]:
    """The tokens of times t: sines of all channel pairs, then cosines. Differentiable in t."""
    angle = jnp.asarray(t)[..., None, None] * frequencies
    return jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=-1)


def _from_query(p: np.ndarray, C: int, base: float) -> np.ndarray:
    return C - p + 1


def _decay(k: np.ndarray, base: float) -> np.ndarray:
    return base**-k


ENCODINGS = {
    one.name: one
    for one in (
        TimeEncoding(
            "geometric",
            "base^(-(p-1)/C) 2^(2k/d)",
            lambda p, C, base: base ** (-(p - 1) / C),
            lambda k, base: 2**k,
        ),
        TimeEncoding("position", "p base^(-2k/d)", lambda p, C, base: p, _decay),
        TimeEncoding(
            "position_linear", "p/C (1 + 2k/d)", lambda p, C, base: p / C, lambda k, base: 1 + k
        ),
        TimeEncoding("from_query", "(C-p+1) base^(-2k/d)", _from_query, _decay),
        TimeEncoding(
            "from_query_sqrt",
            "sqrt(C-p+1) base^(-2k/d)",
            lambda p, C, base: np.sqrt(C - p + 1),
            _decay,
        ),
        TimeEncoding(
            "from_query_octaves",
            "0.1 (C-p+1) 2^(-k/2)",
            _from_query,
            lambda k, base: 2 ** (-k / 2),
            scale=0.1,
            octaves=True,
        ),
    )
}
"""By name. Counted from the query, each added token is faster than all before; "geometric" is usual."""
