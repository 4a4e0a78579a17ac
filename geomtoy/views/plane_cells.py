"""A soft block on a plane: its regions themselves, with their borders, areas and neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified import Budget, arrange, build_faces
from geomtoy.errors import ProofError, SettingError
from geomtoy.slices import UNIT_SQUARE, Slice
from geomtoy.views.curved_complex import CurvedComplex
from geomtoy.views.hidden_layers import needs_one_relu_layer
from geomtoy.views.plane import Posed, plane_regions, pose

FINEST = 1e-12
SHARES = 10, 100, 1000
"""Of a polyline's tolerance that series may be wrong by: where a function is flat, less must do."""

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
            far they are at most, which is more only where float64 does not reach so far. Errors of areas
            shrink with it.
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
    if not tolerance >= FINEST:
        raise SettingError(f"tolerance is {tolerance}; give a length of at least {FINEST}")
    needs_one_relu_layer(block.mlp)
    posed = pose(block, plane, tokens, moving, window, max_patches, self_key)
    length = tolerance / float(np.hypot(*posed.axes.T).max())
    for share in SHARES:
        budget = Budget(patches=max_patches, tolerance=min(Budget.tolerance, length / share))
        cells = _cells(posed, budget, length)
        if cells.border_error.max(initial=0.0) <= NEAR * tolerance:
            break
    return cells


def _cells(posed: Posed, budget: Budget, length: float) -> CurvedComplex:
    found = arrange(posed.series, budget, exact=posed.exact)
    if not found.proven:
        raise ProofError(
            f"regions on the plane are not proven: {found.why}; raise max_patches, or take the "
            "lower bound of count_regions_on_plane"
        )
    faces = build_faces(posed.series, found, budget, length)
    return CurvedComplex(faces, posed, plane_regions(posed, found))
