"""Whether an imported network is the function that it was read from, seen at random points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from geomtoy.activations import PiecewiseLinear
from geomtoy.errors import NetworkError
from geomtoy.network import Network

N_POINTS = 32
RADII = (0.1, 100.0)
"""Scales of the points, so that activations which clip meet all their pieces."""
EPS = 2.0**-52
MARGIN = 2.0**20
"""Differences allowed, in units of what rounding does typically: far above it, far below a mistake."""


def random_points(d_in: int) -> Float[np.ndarray, "n d_in"]:
    """Points to compare at, always the same."""
    directions = np.random.default_rng(0).normal(size=(N_POINTS, d_in))
    return directions * np.geomspace(*RADII, N_POINTS)[:, None]


def require_agreement(
    network: Network, points: Float[np.ndarray, "n d_in"], outputs: Float[np.ndarray, "n d_out"]
) -> None:
    """Compare a network with its source, which computes in float64.

    Args:
        points: see `random_points`.
        outputs: of the source at the points.
    Raises:
        NetworkError: they differ by more than rounding explains, or overflow at every point.
    """
    if outputs.shape != (len(points), network.d_out):
        raise NetworkError(
            f"the model gives outputs of shape {outputs.shape} where the imported network gives "
            f"{(len(points), network.d_out)}, so it is not imported"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        gap, rounding = np.abs(network(points) - outputs), _rounding(network, points)
    comparable = np.isfinite(rounding)
    if not comparable.any():
        raise NetworkError("the outputs overflow at all random points, so nothing can be compared")
    wrong = comparable & ~(gap <= MARGIN * rounding)  # where the source gives NaN, too
    if wrong.any():
        raise NetworkError(
            f"the model and the imported network differ by {gap[wrong].max():.2g} at a random point, so "
            "it is not imported; look for a hook, or for a layer that does more than its type says"
        )


def _rounding(network: Network, points: Float[np.ndarray, "n d_in"]) -> Float[np.ndarray, "n d_out"]:
    """The size of rounding errors in each output, if those of different terms are independent."""
    read, error = np.abs(points), np.zeros(points.shape)
    values = network.preactivations(points)
    for k, (W, b) in enumerate(network.float_layers):
        error = np.sqrt(error**2 @ (W**2).T) + EPS * (read @ np.abs(W).T + np.abs(b))
        if k < len(values):
            slope, offset = _pieces(network.units(k + 1), values[k], MARGIN * error)
            read = slope * np.abs(values[k]) + offset
            error = slope * error + EPS * read
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
