"""Where attention goes in recall: its mass by the role that a token plays for the query."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Int

ROLES = ("answer", "noise", "same", "other")


def recall_roles(
    tokens: Int[np.ndarray, "B T"], noise_token: int
) -> dict[str, Bool[np.ndarray, "B T T"]]:
    """For query i (rows) what earlier token j (columns, j <= i) is; each is one of `ROLES`.

    "answer": it follows an occurrence of the query's token and is not noise; "noise": it follows one
    and is noise; "same": it is the query's token, the query itself among them; "other": the rest.
    A token that both follows and is the query's token counts as "answer".
    """
    tokens = np.asarray(tokens)
    T = tokens.shape[1]
    causal = np.tril(np.ones((T, T), bool))
    same = (tokens[:, None, :] == tokens[:, :, None]) & causal
    follows = np.zeros_like(same)
    follows[:, :, 1:] = same[:, :, :-1]
    follows &= causal
    noise = follows & (tokens == noise_token)[:, None, :]
    answer = follows & ~noise
    return {
        "answer": answer,
        "noise": noise,
        "same": same & ~follows,
        "other": causal & ~follows & ~same,
    }


def attention_mass(
    pattern: Float[np.ndarray, "*n B H T T"],
    roles: Mapping[str, Bool[np.ndarray, "B T T"]],
    rows: Bool[np.ndarray, "B T"],
) -> dict[str, Float[np.ndarray, "*n H"]]:
    """The weight that each head puts on the tokens of a role, mean over the queries in `rows`.

    Over roles that make up all tokens the masses of a head sum to 1.
    """
    chosen = np.moveaxis(np.asarray(pattern), -3, -4)[..., rows, :]  # (*n, H, queries, T)
    return {name: (chosen * role[rows]).sum(axis=-1).mean(axis=-1) for name, role in roles.items()}


def share_of_positions(
    roles: Mapping[str, Bool[np.ndarray, "B T T"]], rows: Bool[np.ndarray, "B T"], role: str, *among: str
) -> float:
    """Tokens of a role over those of the roles `among`, counted over the queries in `rows`: what even
    attention to the latter would give to the former."""
    return float(roles[role][rows].sum() / sum(roles[name][rows].sum() for name in among))
