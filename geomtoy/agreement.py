"""Whether an imported network is the function that it was read from, seen at random points."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from geomtoy.activations import PiecewiseLinear
from geomtoy.errors import NetworkError
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork

N_POINTS = 32
RADII = (0.1, 100.0)
"""Scales of the points, so that activations which clip meet all their pieces."""
MARGIN = {np.dtype(np.float64): 2.0**20, np.dtype(np.float32): 2.0**9}
"""Differences allowed, in units of what rounding does typically: far above it, far below a mistake."""


def random_points(d_in: int) -> Float[np.ndarray, "n d_in"]:
    """Points to compare at, always the same."""
    directions = np.random.default_rng(0).normal(size=(N_POINTS, d_in))
    return directions * np.geomspace(*RADII, N_POINTS)[:, None]


def require_agreement(
    network: Network | NormedNetwork,
    points: Float[np.ndarray, "n d_in"],
    outputs: Float[np.ndarray, "n d_out"],
    last: Callable[[np.ndarray], np.ndarray] | None = None,
) -> None:
    """Compare a network with its source, which computes in the precision of the points.

    Args:
        points: see `random_points`; float64, or float32 where the source computes in that.
        outputs: of the source at the points.
        last: what the source does after all that the network does; differences at most double.
    Raises:
        NetworkError: they differ by more than rounding explains, or overflow at every point.
    """
    if outputs.shape != (len(points), network.d_out):
        raise NetworkError(
            f"the model gives outputs of shape {outputs.shape} where the imported network gives "
            f"{(len(points), network.d_out)}, so it is not imported"
        )
    eps, margin = float(np.finfo(points.dtype).eps), MARGIN[points.dtype]
    with np.errstate(over="ignore", invalid="ignore"):
        ours, rounding = network(points.astype(float)), _rounding(network, points.astype(float), eps)
        if last is not None:
            ours = last(ours)
            rounding = 2 * rounding.max(axis=1, keepdims=True) + eps * (1 + np.abs(ours))
        gap = np.abs(ours - outputs)
    comparable = np.isfinite(rounding)
    if not comparable.any():
        raise NetworkError("the outputs overflow at all random points, so nothing can be compared")
    wrong = comparable & ~(gap <= margin * rounding)  # where the source gives NaN, too
    if wrong.any():
        raise NetworkError(
            f"the model and the imported network differ by {gap[wrong].max():.2g} at a random point, so "
            "it is not imported; look for a hook, or for a layer that does more than its type says"
        )


def _rounding(
    network: Network | NormedNetwork, points: Float[np.ndarray, "n d_in"], eps: float
) -> Float[np.ndarray, "n d_out"]:
    """The size of rounding errors in each output, if those of different terms are independent."""
    margin = MARGIN[np.dtype(np.float64 if eps < 2.0**-40 else np.float32)]
    error = np.zeros(points.shape)
    if isinstance(network, NormedNetwork):
        error = _norm_rounding(network, points, eps)
        points, network = network.normalised(points), network.after
    read = np.abs(points)
    values = network.preactivations(points)
    for k, (W, b) in enumerate(network.float_layers):
        error = np.sqrt(error**2 @ (W**2).T) + eps * (read @ np.abs(W).T + np.abs(b))
        if k < len(values):
            slope, offset = _pieces(network.units(k + 1), values[k], margin * error)
            read = slope * np.abs(values[k]) + offset
            error = slope * error + eps * read
    return error


def _norm_rounding(
    network: NormedNetwork, points: Float[np.ndarray, "n d_in"], eps: float
) -> Float[np.ndarray, "n d"]:
    """The same for normalised vectors: errors of what is normalised, over its deviation."""
    norm, y, sizes = network.norm, points, np.abs(points)
    if network.before is not None:
        W, b = (part.astype(float) for part in network.before)
        y, sizes = points @ W.T + b, np.abs(points) @ np.abs(W).T + np.abs(b)
    c = y - y.mean(axis=1, keepdims=True) if norm.centred else y
    deviation = np.sqrt((c**2).mean(axis=1, keepdims=True) + float(norm.epsilon))
    relative = eps * sizes.max(axis=1, keepdims=True) / deviation
    gain, bias = norm.gain.astype(float), norm.bias.astype(float)
    error: np.ndarray = np.abs(gain) * (1 + np.abs(c) / deviation) * relative + eps * np.abs(bias)
    return error


def _pieces(
    units: Sequence[PiecewiseLinear], z: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of the slopes and offsets of units at z, the greater of those at z - reach, z + reach."""
    sizes = np.empty((2, *z.shape))
    for act in set(units):
        own = [j for j, unit in enumerate(units) if unit == act]
        lines = np.abs(np.array([act.slopes, act.offsets], float))
        breaks = np.array(act.breakpoints, float)
        ends = [np.searchsorted(breaks, z[:, own] + s * reach[:, own]) for s in (-1, 1)]
        sizes[:, :, own] = np.maximum(*(lines[:, end] for end in ends))
    return sizes[0], sizes[1]
