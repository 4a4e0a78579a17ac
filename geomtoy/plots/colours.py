"""A light colour for each activation pattern: the same in every figure and while a network trains."""

from __future__ import annotations

from functools import cache
from zlib import crc32

import numpy as np

LIGHTNESS = np.array([0.97, 0.89, 0.81])
CHROMA = 0.075


def pattern_colours(activation_patterns: np.ndarray) -> np.ndarray:
    """Colours of cells from their activation patterns alone.

    Hue and lightness are sums over the units, modulo a full turn and the number of levels, and a
    step of one unit moves both by a fixed amount that is never 0. So cells that differ in one unit
    by one step, as neighbours in a generic partition do, differ by at least 90 degrees in hue and
    by one level in lightness, which remains without colour vision and in print.

    Args:
        activation_patterns: (F, n_units) integers.
    Returns:
        (F, 3) sRGB in [0, 1], all light enough for black borders and text.
    """
    patterns = np.asarray(activation_patterns, np.int64)
    return colours_of_sums(*(patterns @ hash_weights(patterns.shape[1]).T).T)


def hash_weights(n_units: int) -> np.ndarray:
    """(2, n_units) what a step of each unit adds to hue, in degrees, and to the level of lightness."""
    hashes = np.array([crc32(f"unit {i}".encode()) for i in range(n_units)], np.int64)
    return np.stack([90 + hashes % 181, 1 + hashes // 181 % 2])


def colours_of_sums(hue: np.ndarray, level: np.ndarray) -> np.ndarray:
    """(F, 3) sRGB from sums over the units of each cell, (F,) each."""
    found: np.ndarray = _palette()[level % len(LIGHTNESS), hue % 360]
    return found


@cache
def _palette() -> np.ndarray:
    """(levels, 360, 3) sRGB: there are no other colours."""
    lightness, hue = np.repeat(LIGHTNESS, 360), np.tile(np.arange(360), len(LIGHTNESS))
    flat = oklch_to_srgb(lightness, np.full(len(hue), CHROMA), np.radians(hue))
    return flat.reshape(len(LIGHTNESS), 360, 3)


def oklch_to_srgb(lightness: np.ndarray, chroma: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """Perceptual lightness, chroma and hue (radians), each (n,), to sRGB (n, 3), clipped to [0, 1].

    Source: B. Ottosson, "A perceptual color space for image processing", 2020.
    """
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    linear = np.clip((lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


_LAB_TO_LMS = np.array(
    [
        [1, 0.3963377774, 0.2158037573],
        [1, -0.1055613458, -0.0638541728],
        [1, -0.0894841775, -1.2914855480],
    ]
)
_LMS_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
