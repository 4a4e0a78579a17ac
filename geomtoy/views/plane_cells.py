"""A soft block on a plane: its regions themselves, with their borders, areas and neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomtoy.block_arrays import BlockArrays, require_block
from geomtoy.certified import Budget, arrange, build_faces
from geomtoy.errors import ProofError, SettingError
from geomtoy.slices import UNIT_SQUARE, Slice
from geomtoy.views.curved_complex import CurvedComplex
from geomtoy.views.hidden_layers import needs_one_relu_layer
from geomtoy.views.plane import Posed, plane_regions, pose

FINEST = 1e-8
"""Least tolerance, of a window of half width 1: float64 reaches it on all blocks that were tried."""

SHARE = 10
"""Of a polyline's tolerance one part in so many is what series may be wrong by, at first."""

SURE = 1e-7
"""Errors of series, of what functions vary, that float64 seldom fails to reach."""

NEAR = 1.2
"""Times the tolerance: a polyline's corners are known up to a little more."""


def enumerate_regions_on_plane(
    block: BlockArrays,
    plane: Slice,
    *,
    tokens: Any = None,
    moving: str = "query",
    self_key: str = "moving",
    window: Any = UNIT_SQUARE,
    max_patches: int = 20_000,
    tolerance: float = 1e-3,
) -> CurvedComplex:
    """Enumerate the activation regions of a soft block on a window of a plane, with proof.

    Args:
        block, plane, tokens, moving, self_key, window, max_patches: as in `count_regions_on_plane`.
        tolerance: how far polylines may be from the borders, in slice units; `border_error` says how
            far they are at most: up to 1.2 times that, or what float64 and max_patches allow. Errors of
            areas shrink with it.
    Raises:
        ProofError: the regions are not proven within the budget, or borders pass through one point or
            through a corner; `count_regions_on_plane` then gives a lower bound.
        SettingError, NetworkError, SliceError, WindowError: as `count_regions_on_plane` raises them.
    Exactness: as in `count_regions_on_plane`. Who meets whom, patterns and holes are proven: the order
        of crossings on each border by disjoint intervals, sides by the sign of determinants, holes by
        the zeros on a line. Areas and polylines have proven error bounds.
    Cost: that of the count, once more for the series of patches with borders, and O(1) for each piece of
        a polyline; of these there are about tolerance^(-1/2).
    Source: see `geomtoy.certified.faces`.
    """
    require_block(block)
    needs_one_relu_layer(block.mlp)
    posed = pose(block, plane, tokens, moving, window, max_patches, self_key)
    reach = float(np.hypot(*posed.axes.T).max())
    length = tolerance / reach
    if not length >= FINEST:
        raise SettingError(
            f"tolerance is {tolerance}; in this window give a length of at least {FINEST * reach:.2g}"
        )
    error = max(length / SHARE, SURE)
    found = _cells(posed, max_patches, length, error)
    while found.border_error.max(initial=0.0) > NEAR * tolerance:
        error /= 10
        try:
            found = _cells(posed, max_patches, length, error)
        except ProofError:  # float64 or the budget does not reach so far
            break
    return found


def _cells(posed: Posed, max_patches: int, length: float, error: float) -> CurvedComplex:
    """With polylines of a tolerance from series whose errors are at most `error` of what they vary."""
    budget = Budget(patches=max_patches, tolerance=min(Budget.tolerance, error))
    found = arrange(posed.series, budget, exact=posed.exact)
    if not found.proven:
        raise ProofError(
            f"regions on the plane are not proven: {found.why}; raise max_patches, or take the "
            "lower bound of count_regions_on_plane"
        )
    faces = build_faces(posed.series, found, budget, length)
    return CurvedComplex(faces, posed, plane_regions(posed, found))
