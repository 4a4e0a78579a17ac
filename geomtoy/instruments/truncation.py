"""Low-rank truncation of a model's matrices by their singular values, and how many of these count."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from geomtoy.errors import SettingError


def truncate(W: Float[np.ndarray, "*n m k"], rank: int) -> Float[np.ndarray, "*n m k"]:
    """The nearest matrix of that rank: the `rank` greatest singular values kept, the others 0.

    Args:
        W: a matrix, or a stack of them, each truncated on its own.
        rank: from 0, which gives zeros, to the lesser side, which gives W itself.
    Raises:
        SettingError: W is no matrix, or rank is below 0 or above the lesser side.
    Cost: one singular value decomposition, O(m k min(m, k)); none at rank 0 and at full rank.
    Source: LASER, arXiv 2312.13558, which arXiv 2406.03068 builds on.
    """
    side = _require_rank(W, rank)
    if rank == 0:
        return np.zeros_like(W)
    if rank == side:
        return W
    U, s, Vt = np.linalg.svd(W, full_matrices=False)
    return (U[..., :rank] * s[..., None, :rank]) @ Vt[..., :rank, :]


def factors(
    W: Float[np.ndarray, "m k"], rank: int
) -> tuple[Float[np.ndarray, "m rank"], Float[np.ndarray, "rank k"]]:
    """Two matrices whose product is `truncate(W, rank)` but for rounding; each stores its rank exactly.

    At full rank they are the identity and W (or W and the identity), so that nothing is rounded.

    Raises:
        SettingError: as `truncate`.
    """
    if rank == _require_rank(W, rank):
        one = np.eye(rank, dtype=W.dtype)
        return (one, W) if W.shape[0] == rank else (W, one)
    U, s, Vt = np.linalg.svd(W, full_matrices=False)
    return U[:, :rank] * s[:rank], Vt[:rank]


def truncate_relative(W: Float[np.ndarray, "*n m k"], rho: float) -> Float[np.ndarray, "*n m k"]:
    """`truncate` to the share rho of the lesser side, rounded down: int(rho d) singular values stay.

    Raises:
        SettingError: rho is outside [0, 1], or W is no matrix.
    """
    return truncate(W, rank_of_share(rho, _lesser_side(W)))


def rank_of_share(rho: float, side: int) -> int:
    """int(rho side), where a product that rounding has put just below an integer is that integer.

    Raises:
        SettingError: rho is outside [0, 1].
    """
    if not 0 <= rho <= 1:
        raise SettingError(f"the share to keep is {rho}; give one in [0, 1]")
    return int(rho * side + 1e-9)


def soft_rank(W: Float[np.ndarray, "*n m k"]) -> Float[np.ndarray, "*n"]:
    """exp of the entropy of the singular values over their sum: r for r equal ones, 0 for a zero matrix.

    Raises:
        SettingError: W is no matrix.
    Source: Roy and Vetterli 2007, the effective rank.
    """
    _lesser_side(W)
    s = np.linalg.svd(W, compute_uv=False)
    total = s.sum(axis=-1, keepdims=True)
    p = np.divide(s, total, out=np.zeros_like(s), where=total > 0)
    entropy = -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(axis=-1)
    return np.where(total[..., 0] > 0, np.exp(entropy), 0)


def truncate_named(
    arrays: Mapping[str, np.ndarray], name: str, *, rank: int | None = None, rho: float | None = None
) -> dict[str, np.ndarray]:
    """All arrays of a model, one matrix (or stack of heads) among them truncated.

    Args:
        rank: see `truncate`; or
        rho: see `truncate_relative`.
    Raises:
        SettingError: no matrix has that name (those that exist are listed), neither or both of rank and
            rho are given, or they are out of range.
    """
    matrices = [key for key, array in arrays.items() if np.ndim(array) >= 2]
    if name not in matrices:
        raise SettingError(f"no matrix is named {name!r}; there are {', '.join(matrices)}")
    W = np.asarray(arrays[name])
    if rank is not None and rho is None:
        return {**arrays, name: truncate(W, rank)}
    if rho is not None and rank is None:
        return {**arrays, name: truncate_relative(W, rho)}
    raise SettingError("give either a rank or the share rho of singular values to keep")


def _require_rank(W: np.ndarray, rank: int) -> int:
    """Returns the greatest rank."""
    side = _lesser_side(W)
    if not 0 <= rank <= side:
        raise SettingError(f"rank {rank} is out of range; a {W.shape[-2:]} matrix has 0 to {side}")
    return side


def _lesser_side(W: np.ndarray) -> int:
    if np.ndim(W) < 2:
        raise SettingError(f"an array of shape {np.shape(W)} has no rank; give a matrix")
    return min(W.shape[-2:])
