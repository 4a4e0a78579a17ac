"""Floats and the bounds that come with them, against the exact numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from flint import fmpq, fmpz

from geomtoy.certify.points import Place
from geomtoy.certify.record import Record

U = fmpq(1, 2**53)
TINIEST = fmpq(1, 2**1074)
"""Half an ulp, relative, and the spacing of the least floats."""


def vertices(record: Record, places: Sequence[Place | None]) -> str | None:
    """Whether float vertices are as near to the exact ones as they say, in the slice and its frame.

    Vertices in the slice may be rounded once more. A bound that is not finite claims nothing.
    """
    centre = [rational(z) for z in record.centre]
    scale = rational(record.scale)
    told = zip(
        record.vertices.tolist(), record.vertex_error.tolist(),
        record.frame_vertices.tolist(), record.frame_error.tolist(), strict=True,
    )  # fmt: skip
    for v, (place, (point, error, frame, frame_error)) in enumerate(zip(places, told, strict=True)):
        if place is None:
            continue
        x, y, w = place.far if place.is_far else place.near
        w = place.w
        exact = fmpq(x, w), fmpq(y, w)
        middle = (fmpq(0), fmpq(0)) if place.is_far else centre
        for axis in (0, 1):
            if not _near(frame[axis], (exact[axis] - middle[axis]) / scale, frame_error):
                return f"vertex {v} is further from its place in the frame than its bound"
            if not _near(point[axis], exact[axis], error, rounded=True):
                return f"vertex {v} is further from its place than its bound"
    return None


def maps(record: Record, outputs: list[tuple[fmpz, ...]], scale: fmpz) -> str | None:
    """Whether float maps are as near to the exact ones as they say, in the slice and its frame."""
    cx, cy = (rational(z) for z in record.centre)
    frame_scale = rational(record.scale)
    for cell, rows in enumerate(outputs):
        for i in range(record.network.d_out):
            a, b, c = (fmpq(z, scale) for z in rows[3 * i : 3 * i + 3])
            in_frame = a * frame_scale, b * frame_scale, a * cx + b * cy + c
            if not _all_near(record.frame_maps[cell, :, i], in_frame, record.frame_map_error[cell, i]):
                return f"cell {cell}'s map in the frame is further from the exact one than its bound"
            if not _all_near(record.A_omega[cell, i], (a, b), record.A_error[cell, i]):
                return f"A_omega of cell {cell} is further from the exact one than its bound"
            if not _all_near(record.b_omega[cell, i : i + 1], (c,), record.b_error[cell, i]):
                return f"b_omega of cell {cell} is further from the exact one than its bound"
    return None


def rational(number: object) -> fmpq:
    return fmpq(*number.as_integer_ratio())  # type: ignore[attr-defined]


def _all_near(told: np.ndarray, exact: Iterable[fmpq], error: float) -> bool:
    return all(_near(x, y, float(error)) for x, y in zip(told.tolist(), exact, strict=True))


def _near(told: float, exact: fmpq, error: float, rounded: bool = False) -> bool:
    if not np.isfinite([told, error]).all():
        return not np.isfinite(error) or _beyond_floats(exact)
    value = rational(told)
    allowed = rational(error) + (abs(value) * U * 2 + TINIEST if rounded else 0)
    return bool(abs(value - exact) <= allowed)


def _beyond_floats(exact: fmpq) -> bool:
    """Whether a number is rounded to infinity."""
    return bool(abs(exact) >= fmpq(2**1024 - 2**970))
