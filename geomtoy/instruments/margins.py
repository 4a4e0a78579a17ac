"""What one part of a token model says by itself: its logits, margins, and probabilities of tokens."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int
from scipy.special import log_softmax

Arrays = Mapping[str, np.ndarray]
"""Of a decoder without LayerNorm and biases, by name."""


def mlp_logits(arrays: Arrays, layer: int, x: Float[np.ndarray, "*n d"]) -> Float[np.ndarray, "*n V"]:
    """What the MLP of a layer adds to the logits when it reads x: ReLU(x W_in) W_out W_U."""
    mlp = f"layers.{layer}.mlp"
    hidden = np.maximum(x @ arrays[f"{mlp}.hidden.0.kernel"], 0)
    return hidden @ arrays[f"{mlp}.out.kernel"] @ arrays["W_U"]


def attention_logits(
    arrays: Arrays, layer: int, x: Float[np.ndarray, "*n d"]
) -> Float[np.ndarray, "*n V"]:
    """What the heads of a layer add to the logits when all attention is on x: sum_h x W_V W_O W_U."""
    W_VO = (arrays[f"layers.{layer}.attention.W_V"] @ arrays[f"layers.{layer}.attention.W_O"]).sum(
        axis=0
    )
    return x @ W_VO @ arrays["W_U"]


def margin(
    logits: Float[np.ndarray, "*n V"], token: Int[np.ndarray, "*n"] | int
) -> Float[np.ndarray, "*n"]:
    """The logit of a token less the greatest of the others: positive where the token is said."""
    logits = np.asarray(logits)
    named = np.broadcast_to(np.asarray(token)[..., None], (*logits.shape[:-1], 1))
    others = np.array(logits)
    np.put_along_axis(others, named, -np.inf, axis=-1)
    return np.asarray(np.take_along_axis(logits, named, axis=-1)[..., 0] - others.max(axis=-1))


def log_probability_of(
    logits: Float[np.ndarray, "*n V"], token: Int[np.ndarray, "*n"] | int
) -> Float[np.ndarray, "*n"]:
    """log softmax of the logits at a token, one for each row or the same for all."""
    logs = log_softmax(np.asarray(logits, float), axis=-1)
    named = np.broadcast_to(np.asarray(token)[..., None], (*logs.shape[:-1], 1))
    return np.asarray(np.take_along_axis(logs, named, axis=-1)[..., 0])


def probability_of(
    logits: Float[np.ndarray, "*n V"], token: Int[np.ndarray, "*n"] | int
) -> Float[np.ndarray, "*n"]:
    """softmax of the logits at a token, one for each row or the same for all."""
    return np.asarray(np.exp(log_probability_of(logits, token)))


def one_step_margins(
    tokens: Int[np.ndarray, "B T"],
    targets: Int[np.ndarray, "B T"],
    weights: Float[np.ndarray, "B T"],
    vocabulary: int,
    *,
    trigger: int,
    noise_token: int,
) -> tuple[float, float]:
    """Margins of the noise token on a bare trigger after one gradient step from zero, rate 1.

    The model is linear, with orthonormal embeddings: logits W_F x_t + W_V mean(x_1 .. x_t), where W_F
    stands for a feed-forward layer and W_V for the values of an attention that is still even. Both
    gradients are sums of (one_hot(y) - 1 / V) times what the part reads.

    Returns:
        margins of the feed-forward part and of the attention part.
    Exactness: exact for these sequences, up to rounding. Cost: O(B T V) memory.
    Source: arXiv 2406.03068, section 3, the first step of training.
    """
    one_hot = np.eye(vocabulary)
    read = one_hot[tokens]
    averaged = read.cumsum(axis=1) / np.arange(1, tokens.shape[1] + 1)[:, None]
    slope = (one_hot[targets] - 1 / vocabulary) * (weights / weights.sum())[..., None]
    forward, values = (np.einsum("btv,bt->v", slope, x[..., trigger]) for x in (read, averaged))
    return float(margin(forward, noise_token)), float(margin(values, noise_token))
