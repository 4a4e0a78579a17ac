"""Which cell holds a point: the activation pattern of the point, decided exactly, looked up."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from geomtoy.activations import exact
from geomtoy.errors import NetworkError, SliceError
from geomtoy.maxima import possible_winners
from geomtoy.network import Network
from geomtoy.regions.engine.run import Subdivision
from geomtoy.regions.frame import Frame
from geomtoy.regions.maps.cuts import count_bits, cuts_of
from geomtoy.regions.maps.floats import FirstMaps
from geomtoy.regions.numbers.bounds import (
    forward_error,
    gap_error,
    nearest,
    outside_error,
    passed_on,
    point_values,
)
from geomtoy.regions.numbers.predicates import filtered


def locate(sub: Subdivision, patterns: np.ndarray, points: Any) -> np.ndarray:
    """Cell whose closed polygon holds each point; -1 outside the window.

    A point on an edge or vertex is given the least of its cells.

    Args:
        patterns: (F, n_units) of the cells.
        points: (n, 2) slice coordinates, taken as the rationals that the floats are.
    Raises:
        SliceError: the points are not finite pairs.
    Exactness: exact. Cost: one forward pass a point, in float64 with an error bound; rational
        arithmetic where the bound does not decide.
    """
    points = checked_points(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise SliceError(f"points have shape {points.shape}; give an array (n, 2) of slice coordinates")
    found = np.full(len(points), -1)
    cell_of = {row.tobytes(): k for k, row in enumerate(patterns)}
    with np.errstate(all="ignore"):  # what overflows decides nothing
        floats = _in_frame(points, sub.frame)
        inside, outside = _window_sides(sub, floats)
        known, pattern = _float_patterns(sub, floats)
    for k in np.flatnonzero(~outside):
        if inside[k] and known[k]:
            found[k] = cell_of[pattern[k].tobytes()]
        else:
            found[k] = _exact_cell(sub, patterns, points[k])
    return found


def checked_points(points: Any) -> np.ndarray:
    """Numbers as float64 where that changes none of them, else as Fractions.

    Raises:
        SliceError: they are no finite real numbers.
    """
    points = np.asarray(points)
    if points.dtype.kind == "f" and points.dtype.itemsize <= 8:
        if not np.isfinite(points).all():
            raise SliceError("a point holds NaN or infinity; give finite slice coordinates")
        return points.astype(float)
    try:
        rationals = [exact(z, "a point") for z in points.ravel().tolist()]
    except NetworkError as error:
        raise SliceError(str(error)) from None
    if points.dtype.kind in "biu" and all(abs(z) <= 2**53 for z in rationals):
        return points.astype(float)
    found = np.empty(points.size, object)
    found[:] = rationals
    return found.reshape(points.shape)


def _in_frame(points: np.ndarray, frame: Frame) -> np.ndarray:
    """Frame coordinates, each within 2u of its own size."""
    if points.dtype != object and frame.has_float_centre:
        return (points - np.array(frame.centre, float)) / float(frame.scale)
    rows = [
        [nearest((Fraction(z) - c) / frame.scale) for z, c in zip(p, frame.centre, strict=True)]
        for p in points.tolist()
    ]
    return np.array(rows, float).reshape(-1, 2)


def _window_sides(sub: Subdivision, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points certainly inside the window, and points certainly outside."""
    if sub.frame.unbounded:
        return np.ones(len(points), bool), np.zeros(len(points), bool)
    corners = np.array(sub.frame.corners, float)
    step = np.roll(corners, -1, axis=0) - corners
    gap = points[:, None, :] - corners
    left = step[:, 0] * gap[:, :, 1] - step[:, 1] * gap[:, :, 0]
    bound = outside_error(points)
    return (left > bound).all(axis=1), (left < -bound).any(axis=1)


def _float_patterns(sub: Subdivision, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patterns at frame points, and whether all signs of a point are certain."""
    network = sub.network
    _, rows, errors, _ = FirstMaps(network, sub.frame).on(0, 1)
    z, error = point_values(rows[0], errors[0], points)
    known = np.full(len(points), filtered())
    parts = [np.empty((len(points), 0), np.int8)]
    for layer, (W, bias) in enumerate(network.float_layers[1:], start=1):
        cuts = cuts_of(network, layer)
        gap = z[:, cuts.unit] - cuts.threshold
        bound = gap_error(gap, error[:, cuts.unit], cuts.threshold)
        known &= (np.abs(gap) > bound).all(axis=1)
        parts.append(count_bits(gap > 0, cuts))
        place = cuts.first[:-1] + np.arange(len(cuts.steepest)) + parts[-1]
        z, error = forward_error(*passed_on(cuts.slope[place], cuts.offset[place], z, error), W, bias)
    return known, network.patterns(np.concatenate(parts, axis=1))


def _exact_cell(sub: Subdivision, patterns: np.ndarray, point: np.ndarray) -> int:
    """Least cell that agrees with what is certain at the point, -1 if it is outside the window."""
    frame = sub.frame
    x, y = (
        (exact(z, "a point") - centre) / frame.scale
        for z, centre in zip(point, frame.centre, strict=True)
    )
    corners = frame.corners
    if not frame.unbounded:
        for p, q in zip(corners, [*corners[1:], corners[0]], strict=True):
            if (q[0] - p[0]) * (y - p[1]) < (q[1] - p[1]) * (x - p[0]):
                return -1
    place = [o + x * u + y * v for o, u, v in zip(frame.origin, frame.u, frame.v, strict=True)]
    low, high = _piece_ranges(sub.network, np.array([place], dtype=object))
    return int(np.argmax(_agrees(sub.network, patterns, low, high)))


def _agrees(network: Network, patterns: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Patterns whose pieces lie in the ranges, and in which only those win a maximum who may."""
    units = network.pattern_units
    agrees = (patterns >= low[units]) & (patterns <= high[units])
    for matches in network.maxima:
        may_win = possible_winners(low[list(matches)] > 0, high[list(matches)] > 0)
        entry = np.searchsorted(units, matches[-1])
        agrees[:, entry] = np.isin(patterns[:, entry], list(may_win))
    found: np.ndarray = agrees.all(axis=1)
    return found


def _piece_ranges(network: Network, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest piece of each unit around a point: they differ where it is on a breakpoint."""
    low: list[int] = []
    high: list[int] = []
    for layer, z in enumerate(network.preactivations(place), start=1):
        for act, value in zip(network.units(layer), z[0], strict=True):
            low.append(sum(tau < value for tau in act.breakpoints))
            high.append(sum(tau <= value for tau in act.breakpoints))
    return np.array(low, np.int64), np.array(high, np.int64)
