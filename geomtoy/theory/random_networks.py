"""Random ReLU networks: the average number of regions, and its order.

One hidden layer with independent weights N(0, sigma_w^2) and biases N(0, sigma_b^2) has a closed
form. The vector (w / sigma_w, b / sigma_b) points in a uniform direction, so that seen along the
rays (sigma_w x, sigma_b) a unit's hyperplane is a uniform random great sphere, and integral
geometry says how often it meets a window. Nothing there is asymptotic; for deeper networks there is
a bound.
"""

from __future__ import annotations

from math import atan, comb, factorial, pi
from typing import Any

import numpy as np

from geomtoy.slices import convex_window, interval
from geomtoy.theory.arrangements import arrangement_regions
from geomtoy.theory.checks import natural, positive


def expected_breakpoints_shallow(
    n: int, window: Any = None, *, sigma_w: float = 1.0, sigma_b: float = 1.0
) -> float:
    """Mean number of breakpoints of n random units on an interval of the line.

    A breakpoint -b / w is Cauchy with scale sigma_b / sigma_w, which gives
    n (atan(r high) - atan(r low)) / pi with r = sigma_w / sigma_b.

    Args:
        n: units of the one hidden layer, on one input.
        window: (low, high), or None for the whole line.
        sigma_w, sigma_b: standard deviations of the independent centred Gaussian weights and biases.
    Raises:
        SettingError: n is not an integer >= 0, or a deviation is not positive.
        WindowError: low < high does not hold.
    Exactness: the exact mean, in float64. Cost: O(1).
    Source: Hanin and Rolnick 2019, arXiv:1901.09021, theorem 3.4, worked out for this case.
    """
    n, ratio = natural("n", n), positive("sigma_w", sigma_w) / positive("sigma_b", sigma_b)
    if window is None:
        return float(n)
    low, high = (float(x) for x in interval(window))
    return n * (atan(ratio * high) - atan(ratio * low)) / pi


def expected_regions_shallow(
    n: int, window: Any = None, *, sigma_w: float = 1.0, sigma_b: float = 1.0
) -> float:
    """Mean number of regions of n random units in a convex window of the plane.

    The rays (sigma_w x, sigma_w y, sigma_b) through the window meet the unit sphere in a convex
    polygon of perimeter L and area S. A random great circle meets it with probability L / 2 pi, and
    two cross in it with probability S / 2 pi: the mean is 1 + n L / 2 pi + C(n, 2) S / 2 pi.

    Args:
        n: units of the one hidden layer, on two inputs.
        window: convex polygon (m, 2), or None for the whole plane, where the count is not random.
        sigma_w, sigma_b: standard deviations of the independent centred Gaussian weights and biases.
    Raises:
        SettingError: n is not an integer >= 0, or a deviation is not positive.
        WindowError: the window is not convex or has no area.
    Exactness: the exact mean, in float64. Cost: O(m).
    Source: Crofton's formula on the sphere. Theorem 3.4 of Hanin and Rolnick 2019, arXiv:1901.09021,
        gives the same density of crossings.
    """
    n, sigma_w, sigma_b = natural("n", n), positive("sigma_w", sigma_w), positive("sigma_b", sigma_b)
    if window is None:
        return float(arrangement_regions(n, 2))
    plane = np.array(convex_window(window), dtype=float)
    rays = np.column_stack([sigma_w * plane, np.full(len(plane), sigma_b)])
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    return 1 + (n * _perimeter(rays) + comb(n, 2) * _area(rays)) / (2 * pi)


def hanin_rolnick_bound(n_units: int, d_in: int, *, rate: float, volume: float) -> float:
    """volume (rate N)^d / d! bounds the mean number of activation regions in a large cube of R^d.

    A theorem on random networks of any depth with N units, whose parameters have a density, whose
    biases have a bounded joint density given all other parameters, and whose units have gradients
    with bounded moments. Then numbers `rate` (T in the paper) and delta_0, which depend on these
    bounds only, make the inequality true for each cube with side above delta_0. The mean may be far
    smaller: only the order N^d is meant. For N <= d the value is 2^N, which bounds any count.

    Args:
        n_units: number N of hidden units, of all layers.
        d_in: input dimension d, at least 1.
        rate: the constant T of the law of the parameters.
        volume: volume of the cube.
    Raises:
        SettingError: an argument is out of its range.
    Exactness: float64. Cost: O(1).
    Source: Hanin and Rolnick 2019, arXiv:1906.00904, theorem on the number of activation regions.
    """
    n, d = natural("n_units", n_units), natural("d_in", d_in, least=1)
    rate, volume = positive("rate", rate), positive("volume", volume)
    return volume * (rate * n) ** d / factorial(d) if n > d else 2.0**n


def _perimeter(rays: np.ndarray) -> float:
    """Sum of the angles between successive unit vectors (m, 3)."""
    after = np.roll(rays, -1, axis=0)
    sine = np.linalg.norm(np.cross(rays, after), axis=1)
    return float(np.arctan2(sine, (rays * after).sum(axis=1)).sum())


def _area(rays: np.ndarray) -> float:
    """Area of a convex spherical polygon (m, 3): a fan of triangles (van Oosterom and Strackee 1983)."""
    a, b, c = rays[0], rays[1:-1], rays[2:]
    volume = np.abs(np.cross(b, c) @ a)
    return float(2 * np.arctan2(volume, 1 + b @ a + (b * c).sum(axis=1) + c @ a).sum())
