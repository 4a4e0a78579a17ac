"""Crossings of different pairs are at different points: brackets that overlap are sharpened until apart.

Euler's formula counts a point where three curves meet wrongly, and says nothing of it by itself: each of
the three pairs has a perfectly good crossing there. Disjoint brackets exclude it.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from geomtoy.certified.exactly import Exact, one_point
from geomtoy.certified.pairs import FOUND, INSIDE
from geomtoy.certified.patches import PatchAt

SIZES = (2.0**-9, 2.0**-12, 2.0**-15, 2.0**-18)


def separated(
    crossings: np.ndarray, patch: PatchAt, exact: Exact | None = None
) -> tuple[np.ndarray, int]:
    """Crossings with smaller radii where that was needed, and how many pairs may still be one point.

    Where floats do not tell, `exact` values do.
    """
    crossings = crossings.copy()
    clashing = _clashing(crossings)
    for size in SIZES:
        for k in np.unique(clashing):
            sharpen(crossings[k : k + 1], size, patch)
        if not len(clashing):
            break
        clashing = _clashing(crossings)
    if exact is not None:
        clashing = one_point(crossings, clashing, patch, exact)
    return crossings, len(clashing)


def _clashing(crossings: np.ndarray) -> np.ndarray:
    """Pairs (n, 2) of crossings of different functions that may be the same point."""
    if len(crossings) < 2:
        return np.empty((0, 2), int)
    points = np.column_stack([crossings["u"], crossings["v"]])
    radius = crossings["radius"]
    near = _near(points, radius)
    a, b = crossings[near[:, 0]], crossings[near[:, 1]]
    gap = np.abs(points[near[:, 0]] - points[near[:, 1]]).max(axis=1)
    overlap = ~(gap > (a["radius"] + b["radius"]) * (1 + 1e-9))
    return near[overlap & ((a["f"] != b["f"]) | (a["g"] != b["g"]))]


def _near(points: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Pairs whose brackets may overlap: wide brackets with all around them, others with near ones."""
    typical = max(float(np.quantile(radius, 0.99)), 1e-15)
    tree = cKDTree(points)
    pairs = [tree.query_pairs(2.001 * typical, p=np.inf, output_type="ndarray")]
    for k in np.flatnonzero(radius > typical):
        reach = 1.001 * (radius[k] + float(radius.max()))
        others = np.array(tree.query_ball_point(points[k], reach, p=np.inf), int)
        others = others[others != k]
        pairs.append(np.column_stack([np.minimum(others, k), np.maximum(others, k)]))
    return np.unique(np.concatenate(pairs), axis=0)


def sharpen(crossing: np.ndarray, size: float, patch: PatchAt) -> None:
    """Find one crossing again on a patch around it, as small as it may be, if it is proven alone there.

    The old bracket lies in the patch WIDER times as large, so that it holds the same point.
    """
    one = crossing[0]
    half = max(size, 2.0 ** np.ceil(np.log2(one["radius"])))
    u, v = (round(float(one[name]) * 2.0**40) / 2.0**40 for name in ("u", "v"))
    found = np.empty(FOUND)
    around = patch((u - half, u + half, v - half, v + half))
    what = around.common_zero(int(one["f"]), int(one["g"]), found)
    if what == INSIDE and half * found[2] < one["radius"]:
        crossing["u"], crossing["v"] = u + half * found[0], v + half * found[1]
        crossing["radius"] = half * found[2] * (1 + 1e-9) + 1e-15
