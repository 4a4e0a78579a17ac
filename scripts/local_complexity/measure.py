"""Density of regions around a point: exact, and as it is sampled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

import geomtoy
from geomtoy.network import Network

DIAMOND = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])


class Exact(NamedTuple):
    """In one neighbourhood: activation regions, and units that are on in some and off in others."""

    regions: int
    crossing: int


def frames(
    rng: np.random.Generator, n: int, directions: int, dimension: int
) -> Float[np.ndarray, "n directions dimension"]:
    """Orthonormal directions, for each of n points its own."""
    return np.linalg.qr(rng.normal(size=(n, dimension, directions)))[0].swapaxes(1, 2)


def count_exactly(
    network: Network, x: Float[np.ndarray, " d"], plane: Float[np.ndarray, "2 d"], radius: float
) -> Exact:
    """In the square with corners x ± radius * direction.

    Exactness: exact for the stored parameters, in the plane.
    """
    here: Any = (x, *plane)  # floats, which a slice makes fractions of
    cells = geomtoy.enumerate_regions(network, slice=geomtoy.Slice(*here), window=radius * DIAMOND)
    patterns = cells.activation_patterns
    return Exact(len(cells), int((patterns.any(axis=0) & ~patterns.all(axis=0)).sum()))


def estimate_crossing(
    network: Network,
    x: Float[np.ndarray, "n d"],
    frames: Float[np.ndarray, "n directions d"],
    radius: float,
) -> Int[np.ndarray, " n"]:
    """Units that are on at some and off at others of the corners x ± radius * direction.

    A unit of a deeper layer can cross without a corner's telling. Source: arXiv 2402.15555, section 3.
    """
    corners = x[:, None] + radius * np.concatenate([frames, -frames], axis=1)
    layers = network.preactivations(corners.reshape(-1, x.shape[1]))
    on = np.concatenate(layers, axis=1).reshape(*corners.shape[:2], -1) > 0
    crossing: np.ndarray = (on.any(axis=1) & ~on.all(axis=1)).sum(axis=1)
    return crossing
