"""Tokens on a plane: the nearest floats, how far they are, and the tokens themselves as balls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq_mat

from geomtoy.certified.bounds import SLACK, TINY, U
from geomtoy.certified.split import Known
from geomtoy.errors import SliceError
from geomtoy.slices import Slice
from geomtoy.views.rational_block import rational

Frame = tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction], tuple[Fraction, Fraction]]
Rows = Sequence[Sequence[Fraction]]
UNIT: Frame = (
    (Fraction(0), Fraction(0)),
    (Fraction(1), Fraction(0)),
    (Fraction(0), Fraction(1)),
)


@dataclass(frozen=True, eq=False)
class PlaneTokens:
    """Tokens near[0] + u near[1] + v near[2], up to `error` of each number.

    Args:
        near, error: (3, T, d).
        moved: 3 rows, the last numbers of each part exactly; the others are floats.
    """

    near: np.ndarray
    error: np.ndarray
    moved: Rows

    @property
    def known(self) -> Known:
        return self.near, self.error

    def at(self, u: arb, v: arb) -> arb_mat:
        """The tokens (T, d), in the precision of the moment."""
        origin, along_u, along_v = map(arb_mat, self._parts)
        return origin + along_u * u + along_v * v

    @cached_property
    def _parts(self) -> list[fmpq_mat]:
        parts = []
        for near, moved in zip(self.near, self.moved, strict=True):
            part = near.astype(object).ravel()
            part[part.size - len(moved) :] = moved
            parts.append(rational(part.reshape(near.shape)))
        return parts


def plane_tokens(
    d_model: int, plane: Slice, frame: Frame, tokens: Any, *, whole_context: bool
) -> PlaneTokens:
    """All tokens, affine in the frame's coordinates.

    Raises:
        SliceError: tokens or plane do not fit.
    """
    d, n = d_model, plane.dimension
    moved = _seen_from(plane, frame)
    if whole_context:
        if tokens is not None or n % d:
            raise SliceError(
                f"moving 'context' takes a plane of T x {d} dimensions and no tokens; the plane has {n}"
            )
        near, error = (part.reshape(3, n // d, d) for part in nearest(moved))
        return PlaneTokens(near, error, moved)
    still = np.asarray(tokens if tokens is not None else np.empty((0, d)), float)
    if still.ndim != 2 or still.shape[1] != d or n != d or not np.isfinite(still).all():
        raise SliceError(
            f"tokens have shape {still.shape} and the plane dimension {n}; give finite (T - 1, {d}), {d}"
        )
    near, error = np.zeros((2, 3, len(still) + 1, d))
    near[0, :-1] = still
    near[:, -1], error[:, -1] = nearest(moved)
    return PlaneTokens(near, error, moved)


def nearest(rows: Rows) -> Known:
    """The floats next to Fractions, and bounds on how far they are."""
    near = np.array(rows, float)
    off = np.array([[float(x) != x for x in row] for row in rows], bool).reshape(near.shape)
    return near, np.where(off, U * np.abs(near) * SLACK + TINY, 0.0)


def _seen_from(plane: Slice, frame: Frame) -> Rows:
    """Origin and directions of the plane in the frame's coordinates."""
    if frame == UNIT:
        return plane.origin, plane.u, plane.v
    (cs, ct), (au, av), (bu, bv) = frame
    return (
        [o + cs * s + ct * t for o, s, t in zip(plane.origin, plane.u, plane.v, strict=True)],
        [au * s + av * t for s, t in zip(plane.u, plane.v, strict=True)],
        [bu * s + bv * t for s, t in zip(plane.u, plane.v, strict=True)],
    )
