"""Matching: how well a layer finds, among all tokens, the one that its query is about."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int
from scipy.special import softmax

from geomtoy.errors import SettingError

Arrays = Mapping[str, np.ndarray]
"""Of a decoder, by name."""

Product = Float[np.ndarray, "d d"]


def weight_products(arrays: Arrays, layer: int) -> tuple[Product, Product]:
    """W_QK and W_VO of a layer's only head, added matrices with their factors included.

    x W_QK y^T is what x scores for y; y W_VO is what y gives to those who attend to it.

    Raises:
        SettingError: the layer has several heads, whose products do not act one after the other.
    """
    name = f"layers.{layer}.attention"
    Q, K, V, O = (np.asarray(arrays[f"{name}.W_{which}"], float) for which in "QKVO")  # noqa: E741
    if len(Q) != 1:
        raise SettingError(f"layer {layer} has {len(Q)} heads; matching matrices are of one head")
    W_QK, W_VO = Q[0] @ K[0].T, V[0] @ O[0]
    if f"{name}.Z_QK" in arrays:
        W_QK = W_QK + arrays[f"{name}.alpha"] * np.asarray(arrays[f"{name}.Z_QK"], float)
        W_VO = W_VO + arrays[f"{name}.beta"] * np.asarray(arrays[f"{name}.Z_VO"], float)
    return W_QK, W_VO


def matching_kernel(arrays: Arrays, layer: int) -> Product:
    """Ker with x Ker y^T the score, in this layer, of a query about token x for the pair that y begins.

    Layer 0 has written y W_VO^(0) at the second token of that pair. In layer 1 the query holds x itself,
    Ker1 = W_QK^(1) W_VO^(0)^T; later x W_VO^(l-1), which layer l - 1 has found:
    Ker_l = W_VO^(l-1) W_QK^(l) W_VO^(0)^T.

    Raises:
        SettingError: layer 0 matches nothing, or a layer has several heads.
    Source: arXiv 2405.15302.
    """
    if layer < 1:
        raise SettingError("layer 0 puts pairs together and matches nothing; name a later layer")
    written = weight_products(arrays, 0)[1]
    W_QK = weight_products(arrays, layer)[0]
    found = np.eye(len(W_QK)) if layer == 1 else weight_products(arrays, layer - 1)[1]
    return found @ W_QK @ written.T


def matching_matrix(X: Float[np.ndarray, "n d"], kernel: Product) -> Float[np.ndarray, "n n"]:
    """h(X) = X Ker X^T on layer-normed rows: near the identity where each token finds itself."""
    rows = layer_norm(X)
    return rows @ kernel @ rows.T


def matching_score(h: Float[np.ndarray, "n n"]) -> float:
    """The mean of the diagonal of the softmax of rows, in [0, 1]; chance is 1 / n."""
    return float(np.diag(softmax(h, axis=-1)).mean())


def functional_matching(
    queries: Float[np.ndarray, "k d"],
    about: Int[np.ndarray, " k"],
    keys: Float[np.ndarray, "m d"],
    beginning: Int[np.ndarray, " m"],
    W_QK: Product,
) -> tuple[Float[np.ndarray, "n n"], Int[np.ndarray, " n"]]:
    """The matching matrix of real queries against real keys, which sees MLPs and positions too.

    Args:
        queries, about: what questions read at a layer, and the token that each is about by then.
        keys, beginning: what second tokens of pairs read there, and the token that begins each pair.
        W_QK: of that layer; multiply by the attention's scale to get scores as softmax sees them.
    Returns:
        scores of the mean query about token x for the mean key of pairs that token y begins, and the
        tokens that both have, in order.
    Raises:
        SettingError: no token has both a query and a key.
    """
    tokens = np.intersect1d(about, beginning)
    if not len(tokens):
        raise SettingError("no token has both a query and a key; give more sequences")
    mean_query, mean_key = (
        np.stack([np.asarray(rows, float)[label == token].mean(axis=0) for token in tokens])
        for rows, label in ((queries, np.asarray(about)), (keys, np.asarray(beginning)))
    )
    return mean_query @ W_QK @ mean_key.T, tokens


def layer_norm(
    X: Float[np.ndarray, "*n d"],
    gain: Float[np.ndarray, " d"] | float = 1.0,
    shift: Float[np.ndarray, " d"] | float = 0.0,
    epsilon: float = 1e-6,
) -> Float[np.ndarray, "*n d"]:
    """Rows less their mean, over their standard deviation."""
    X = np.asarray(X, float)
    centred = X - X.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(X.var(axis=-1, keepdims=True) + epsilon) * gain + shift
