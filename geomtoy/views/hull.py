"""The convex hull of points in the plane, by exact turns."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def convex_hull(points: np.ndarray) -> list[tuple[float, float]]:
    """Corners of the hull of points (n, 2), counter-clockwise, none flat.

    Exactness: exact for the floats given. Source: Andrew's monotone chain, 1979.
    """
    ordered = sorted({(float(x), float(y)) for x, y in points})
    if len(ordered) < 3:
        return ordered
    lower, upper = _chain(ordered), _chain(ordered[::-1])
    return lower[:-1] + upper[:-1]


def _chain(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    chain: list[tuple[float, float]] = []
    for p in points:
        while len(chain) > 1 and not _left_turn(chain[-2], chain[-1], p):
            chain.pop()
        chain.append(p)
    return chain


def _left_turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    (ax, ay), (bx, by), (cx, cy) = ((Fraction(x), Fraction(y)) for x, y in (a, b, c))
    return (bx - ax) * (cy - ay) > (by - ay) * (cx - ax)
