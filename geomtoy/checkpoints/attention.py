"""Causal attention of one prompt, a block of rows at a time, so that no T x T map is ever whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

ENTRIES = 1 << 24
"""Greatest number of weights in memory at once."""

Look = Callable[[Float[np.ndarray, "heads rows seen"], int], None]
"""Gets a block of rows of all heads' maps and the position of its first row."""


def attend(
    q: Float[np.ndarray, "R heads f"],
    k: Float[np.ndarray, "T groups f"],
    v: Float[np.ndarray, "T groups f"],
    look: Look | None = None,
) -> Float[np.ndarray, "R heads f"]:
    """What the last R of T tokens take from those up to themselves.

    Args:
        q: already scaled.
        k, v: each group serves heads / groups heads, which follow one another.
        look: sees the weights of each block of rows; a row is given up to its block's last token.
    """
    R, heads, f = q.shape
    T, groups, _ = k.shape
    keys, values = k.transpose(1, 2, 0)[:, None], v.transpose(1, 0, 2)[:, None]
    queries = q.reshape(R, groups, heads // groups, f).transpose(1, 2, 0, 3)
    out = np.empty((groups, heads // groups, R, f), q.dtype)
    step = max(1, ENTRIES // (heads * T))
    for start in range(0, R, step):
        stop = min(start + step, R)
        seen, first = T - R + stop, T - R + start
        weights = queries[:, :, start:stop] @ keys[..., :seen]
        weights[..., np.triu(np.ones((stop - start, seen), bool), first + 1)] = -np.inf
        _softmax(weights)
        if look is not None:
            look(weights.reshape(heads, stop - start, seen), first)
        out[:, :, start:stop] = weights @ values[:, :, :seen]
    return out.reshape(heads, R, f).transpose(1, 0, 2)


def _softmax(scores: np.ndarray) -> None:
    """In place, over the last axis."""
    scores -= scores.max(-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(-1, keepdims=True)
