"""Tokens on a plane: the nearest floats, how far they are, and the tokens themselves as balls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq_mat

from geomtoy.activations import nearest as nearest_float
from geomtoy.certified.bounds import SLACK, TINY, U
from geomtoy.certified.split import Known
from geomtoy.errors import SliceError
from geomtoy.network import parameter
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
        exact: (3, T, d) what they are, floats and Fractions.
    """

    exact: np.ndarray

    @cached_property
    def known(self) -> Known:
        return nearest(self.exact)

    def at(self, u: arb, v: arb) -> arb_mat:
        """The tokens (T, d), in the precision of the moment."""
        origin, along_u, along_v = map(arb_mat, self._parts)
        return origin + along_u * u + along_v * v

    @cached_property
    def _parts(self) -> list[fmpq_mat]:
        return [rational(part) for part in self.exact]


def plane_tokens(
    d_model: int, plane: Slice, frame: Frame, tokens: Any, *, whole_context: bool
) -> PlaneTokens:
    """All tokens, affine in the frame's coordinates.

    Raises:
        SliceError: tokens or plane do not fit.
        NetworkError: a token's number is not finite.
    """
    d, n = d_model, plane.dimension
    moved = np.array(_seen_from(plane, frame), object)
    if whole_context:
        if tokens is not None or n % d:
            raise SliceError(
                f"moving 'context' takes a plane of T x {d} dimensions and no tokens; the plane has {n}"
            )
        return PlaneTokens(moved.reshape(3, n // d, d))
    still = parameter("tokens", tokens if tokens is not None else np.empty((0, d)))
    if still.ndim != 2 or still.shape[1] != d or n != d:
        raise SliceError(
            f"tokens have shape {still.shape} and the plane dimension {n}; give (T - 1, {d}), {d}"
        )
    exact = np.full((3, len(still) + 1, d), 0.0, object)
    exact[0, :-1], exact[:, -1] = still, moved
    return PlaneTokens(exact)


def nearest(numbers: Any) -> Known:
    """The floats next to Fractions, and bounds on how far they are."""
    numbers = np.asarray(numbers, object)
    near = np.frompyfunc(nearest_float, 1, 1)(numbers).astype(float)
    off = np.array(numbers != near, bool)
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
