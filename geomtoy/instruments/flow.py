"""How a chain's answer travels: which token a question attends to, layer after layer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from geomtoy.errors import SettingError

Tokens = Int[np.ndarray, "B T"]
"""One order token, pairs, questions: see `geomtoy.tasks.chains`."""


class Edge(NamedTuple):
    """Attention of one position to another in a layer."""

    layer: int
    query: int
    key: int
    weight: float


def pair_positions(pairs: int) -> tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
    """Where the first and the second tokens of the pairs stand."""
    first = 1 + 2 * np.arange(pairs)
    return first, first + 1


def mates(tokens: Tokens, pairs: int, hops: int) -> Int[np.ndarray, "B Q hops"]:
    """For each question the second token, by its position, of the pair found by hop 1, 2, ...

    Hop 1 is the pair that the question's token begins, hop k the pair that the second token of hop
    k - 1 begins; -1 from where no pair begins so.
    """
    tokens = np.asarray(tokens)
    first, second = pair_positions(pairs)
    about, found = tokens[:, 1 + 2 * pairs :], []
    for _ in range(hops):
        begins = tokens[:, None, first] == about[:, :, None]
        found.append(np.where(begins.any(axis=-1), second[begins.argmax(axis=-1)], -1))
        about = np.where(found[-1] < 0, -1, np.take_along_axis(tokens, np.abs(found[-1]), axis=1))
    return np.stack(found, axis=-1)


def chain_roles(tokens: Tokens, pairs: int, hops: int) -> dict[str, Bool[np.ndarray, "B T T"]]:
    """For query i (rows) what token j (columns) is; of one query the roles do not overlap.

    For second tokens of pairs: "mate", the first one. For questions: "hop k", the second token of the
    k-th pair on the way; "itself"; "order", the token that says how many steps; "other", the rest of
    what it sees. Other queries have no roles.
    """
    tokens = np.asarray(tokens)
    B, T = tokens.shape
    first, second = pair_positions(pairs)
    at = np.arange(1 + 2 * pairs, T)
    roles = {name: np.zeros((B, T, T), bool) for name in ("mate", "itself", "order", "other")}
    roles["mate"][:, second, first] = True
    roles["itself"][:, at, at] = True
    roles["order"][:, at, 0] = True
    for k, column in enumerate(np.moveaxis(mates(tokens, pairs, hops), -1, 0), start=1):
        b, q = np.nonzero(column >= 0)
        roles[f"hop {k}"] = np.zeros((B, T, T), bool)
        roles[f"hop {k}"][b, at[q], column[b, q]] = True
    named = np.logical_or.reduce([role for name, role in roles.items() if name != "mate"])
    roles["other"][:, at, :] = (np.tril(np.ones((T, T), bool)) & ~named)[:, at, :]
    return roles


def main_path(pattern: Float[np.ndarray, "L H T T"], query: int, *, least: float = 0.5) -> list[Edge]:
    """Where what the last layer's query holds comes from: edges of weight >= `least`, followed back.

    From the last layer to the first; a position also keeps what it had, along the residual stream. A
    weight is the greatest over heads.

    Raises:
        SettingError: the pattern is not that of one sequence, or there is no such position.
    """
    pattern = np.asarray(pattern)
    if pattern.ndim != 4:
        raise SettingError(f"the pattern has shape {pattern.shape}; give (layers, heads, T, T)")
    if not 0 <= query < pattern.shape[-1]:
        raise SettingError(f"there is no position {query}; there are 0 to {pattern.shape[-1] - 1}")
    edges, holders = [], {query}
    for layer in reversed(range(len(pattern))):
        weights = pattern[layer].max(axis=0)
        found = [
            Edge(layer, q, int(k), float(weights[q, k]))
            for q in sorted(holders)
            for k in np.flatnonzero(weights[q] >= least)
        ]
        edges += found
        holders |= {edge.key for edge in found}
    return edges
