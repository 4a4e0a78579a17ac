"""Count or enumerate the regions of a network behind a norm."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from geomtoy.circles.complex import CircleComplex
from geomtoy.circles.enumerate import Enumeration
from geomtoy.circles.sphere import Sphere, make_sphere
from geomtoy.errors import SettingError, SliceError
from geomtoy.normed import NormedNetwork
from geomtoy.progress import Progress
from geomtoy.slices import Segment, Slice


class Counted(NamedTuple):
    """As in `geomtoy.regions.RegionCount`."""

    regions: int
    linear_regions: int | None
    certified: bool
    signs: int
    rational_signs: int


def count_circle_regions(
    network: NormedNetwork,
    slice: Slice | Segment | None,
    window: Any,
    linear: bool,
    max_regions: int | None,
    progress: Progress | None,
) -> Counted:
    """Count the regions of a network behind a norm inside a window.

    Arguments and errors are those of `geomtoy.regions.count_regions`; a linear region is a connected set
    with one affine map of the normalised vector.

    Exactness: exact for the stored parameters, epsilon included. Every crossing is sorted along its
        circles, so no three circles through a point are overlooked.
    Cost: O(faces x units of the next layer) signs and O(n^2 log n) for n circles in a face.
    """
    run = Enumeration(_sphere(network, slice, window), _limit(max_regions))
    with np.errstate(all="ignore"):
        if not linear:
            return Counted(run.count(progress), None, True, run.tally.decided, run.tally.rational)
        found = CircleComplex(run.run(progress))
        return Counted(len(found), found.n_linear_regions, True, run.tally.decided, run.tally.rational)


def enumerate_circle_regions(
    network: NormedNetwork,
    slice: Slice | Segment | None,
    window: Any,
    max_regions: int | None,
    progress: Progress | None,
) -> CircleComplex:
    """Enumerate the regions of a network behind a norm; see `count_circle_regions`."""
    with np.errstate(all="ignore"):
        run = Enumeration(_sphere(network, slice, window), _limit(max_regions))
        return CircleComplex(run.run(progress))


def _sphere(network: NormedNetwork, slice: Slice | Segment | None, window: Any) -> Sphere:
    if isinstance(slice, Segment) or network.d_in == 1:
        raise SliceError("behind a norm regions are counted on planes; give a Slice, not a path")
    if network.after.maxima:
        raise SettingError("behind a norm, maxima are not merged into regions; give a network without")
    return make_sphere(network, slice, window)


def _limit(max_regions: int | None) -> int | None:
    if max_regions is not None and max_regions < 1:
        raise SettingError(f"max_regions is {max_regions}; give 1 or more, or None for no limit")
    return max_regions
