"""The MLP of a token model between representations: exact regions of triangles and segments of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, Num, Shaped

from geomtoy.errors import SettingError, SliceError
from geomtoy.network import Network
from geomtoy.regions import CellComplex, count_regions, enumerate_regions
from geomtoy.slices import Segment
from geomtoy.views.mlp_input import plane_through

Points = Shaped[np.ndarray, "n d"]
"""What the MLP reads at some tokens (`Trace.mlp_input`); floats are taken as the rationals they are, and
Fractions as they are."""


def count_on_triangles(
    mlp: Network, points: Points, triples: Int[np.ndarray, "k 3"] | Sequence[Sequence[int]]
) -> Int[np.ndarray, " k"]:
    """Activation regions that each triangle of three of the points meets.

    Raises:
        SettingError: a triple names a point that is not there, or has not three members.
        SliceError: three points lie on one line.
    Exactness: exact for the stored parameters and points. Cost: about 5 ms a triangle at 256 units.
    """
    _require_subsets(points, triples, 3)
    planes = [plane_through(np.asarray(points)[list(triple)]) for triple in triples]
    return np.array(
        [count_regions(mlp, slice=on, window=inside, linear=False).regions for on, inside in planes], int
    )


def count_on_segments(
    mlp: Network, points: Points, pairs: Int[np.ndarray, "k 2"] | Sequence[Sequence[int]]
) -> Int[np.ndarray, " k"]:
    """Activation regions that each straight path between two of the points meets; else as above."""
    _require_subsets(points, pairs, 2)
    x = np.asarray(points)
    paths = [Segment(tuple(x[i]), tuple(x[j])) for i, j in pairs]
    return np.array(
        [count_regions(mlp, slice=path, window=(0, 1), linear=False).regions for path in paths], int
    )


def enumerate_triangle(mlp: Network, corners: Shaped[np.ndarray, "3 d"]) -> CellComplex:
    """The activation regions of one triangle, whose corners lie at (0, 0), (1, 0) and (0, 1).

    Raises:
        SliceError: the corners lie on one line.
    Exactness: exact. Cost: as `enumerate_regions`.
    """
    plane, window = plane_through(corners)
    found: CellComplex = enumerate_regions(mlp, slice=plane, window=window)
    return found


def true_to_scale(corners: Num[np.ndarray, "3 d"]) -> Float[np.ndarray, "2 2"]:
    """The matrix M with which slice coordinates @ M keep lengths and angles; corner 1 is on the x-axis.

    Raises:
        SliceError: the corners lie on one line.
    """
    a, b, c = np.asarray(corners, float)
    gram = np.array([[(b - a) @ (b - a), (b - a) @ (c - a)], [(b - a) @ (c - a), (c - a) @ (c - a)]])
    if np.linalg.det(gram) <= 1e-12 * gram[0, 0] * gram[1, 1]:
        raise SliceError("the three points lie on one line; take others")
    return np.linalg.cholesky(gram)


def estimate_patterns(mlp: Network, points: Points) -> int:
    """Distinct activation patterns among the points: sampled, a lower bound of the regions in use."""
    pieces = [
        np.searchsorted(np.array(unit.breakpoints, float), values)
        for layer, z in enumerate(mlp.preactivations(np.asarray(points, float)), start=1)
        for unit, values in zip(mlp.units(layer), z.T, strict=True)
    ]
    return len(np.unique(mlp.patterns(np.column_stack(pieces)), axis=0))


def choose_subsets(n: int, size: int, number: int, *, seed: int) -> Int[np.ndarray, "number size"]:
    """So many random subsets of n points, each without repetition, such as triples or pairs.

    Raises:
        SettingError: a subset is larger than the whole.
    """
    if size > n:
        raise SettingError(f"{size} different points are asked for out of {n}; give more points")
    rng = np.random.default_rng(seed)
    return np.array([rng.choice(n, size, replace=False) for _ in range(number)], int).reshape(-1, size)


def _require_subsets(points: Points, subsets: Sequence[Sequence[int]] | np.ndarray, size: int) -> None:
    named = np.asarray(subsets)
    if named.ndim != 2 or named.shape[1] != size:
        raise SettingError(f"subsets of points have shape {named.shape}; give (number, {size})")
    if named.size and (named.min() < 0 or named.max() >= len(points)):
        raise SettingError(
            f"subsets name points {named.min()} to {named.max()}; there are 0 to {len(points) - 1}"
        )
