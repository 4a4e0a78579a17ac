"""Many polygons and segments as one image: exact coverage along rows, supersampled across them.

A polygon gives each pixel its colour times the part of the pixel that it covers, so that cells of a
partition add up to whole pixels and leave no seams. A pixel's row is cut into `ROWS` lines; along a line
the covered part is exact.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ROWS = 4
"""Lines through each row of pixels."""


@njit(cache=True, nogil=True)
def fill_polygons(image, corners, start, colours):
    """Add polygons to an image (height, width, 4) of colours and coverage, by the even-odd rule.

    Args:
        corners: (k, 2) in pixels, x to the right and y down.
        start: polygon q is corners[start[q]:start[q + 1]].
        colours: (n, 3).
    """
    height, width = image.shape[0], image.shape[1]
    crossed = np.empty(64)
    for q in range(start.shape[0] - 1):
        low, high = start[q], start[q + 1]
        top, bottom = np.inf, -np.inf
        for i in range(low, high):
            top, bottom = min(top, corners[i, 1]), max(bottom, corners[i, 1])
        if high - low > crossed.shape[0]:
            crossed = np.empty(2 * (high - low))
        first = max(0, int(np.ceil(top * ROWS - 0.5)))
        last = min(height * ROWS - 1, int(np.floor(bottom * ROWS - 0.5)))
        for line in range(first, last + 1):
            n = _crossings(corners, low, high, (line + 0.5) / ROWS, crossed)
            row = image[line // ROWS]
            for k in range(0, n - 1, 2):
                _add_span(row, crossed[k], crossed[k + 1], width, colours[q])


@njit(cache=True, inline="always")
def _crossings(corners, low, high, y, crossed):
    """Abscissas, in order, at which a horizontal line crosses a polygon; how many there are."""
    n = 0
    for i in range(low, high):
        j = i + 1 if i + 1 < high else low
        p, q = corners[i, 1], corners[j, 1]
        if (p <= y) != (q <= y):
            x = corners[i, 0] + (y - p) / (q - p) * (corners[j, 0] - corners[i, 0])
            k = n
            while k > 0 and crossed[k - 1] > x:
                crossed[k] = crossed[k - 1]
                k -= 1
            crossed[k] = x
            n += 1
    return n


@njit(cache=True, inline="always")
def _add_span(row, left, right, width, colour):
    """Add a colour from left to right to a row of pixels, for one of its lines."""
    left, right = max(left, 0.0), min(right, float(width))
    for x in range(int(left), min(width, int(np.ceil(right)))):
        part = (min(right, x + 1.0) - max(left, float(x))) / ROWS
        if part > 0.0:
            for channel in range(3):
                row[x, channel] += part * colour[channel]
            row[x, 3] += part


@njit(cache=True, nogil=True)
def stroke_segments(image, ends, colours, thickness):
    """Add segments to an image (height, width, 4) of ink.

    A segment that is wider than high is cut into columns of pixels; in each it covers an interval of
    rows around its middle there, as long as its thickness seen along the column. So lines much thinner
    than a pixel are faint, and as dark on average as they should be.

    Args:
        ends: (n, 2, 2) in pixels. colours: (n, 3). thickness: in pixels.
    """
    for k in range(ends.shape[0]):
        steep = abs(ends[k, 1, 1] - ends[k, 0, 1]) > abs(ends[k, 1, 0] - ends[k, 0, 0])
        along, across = (1, 0) if steep else (0, 1)
        begin, end = 0, 1
        if ends[k, 0, along] > ends[k, 1, along]:
            begin, end = 1, 0
        u, v = ends[k, begin, along], ends[k, end, along]
        p, q = ends[k, begin, across], ends[k, end, across]
        if not v > u:
            continue
        slope = (q - p) / (v - u)
        half = 0.5 * thickness * np.sqrt(1.0 + slope * slope)
        for column in range(max(0, int(u)), min(image.shape[along ^ 1], int(np.ceil(v)))):
            left, right = max(u, float(column)), min(v, column + 1.0)
            middle = p + slope * (0.5 * (left + right) - u)
            low, high = middle - half, middle + half
            for place in range(
                max(0, int(np.floor(low))), min(image.shape[across ^ 1], int(np.ceil(high)))
            ):
                ink = (right - left) * (min(high, place + 1.0) - max(low, float(place)))
                y, x = (column, place) if steep else (place, column)
                for channel in range(3):
                    image[y, x, channel] += ink * colours[k, channel]
                image[y, x, 3] += ink


def blend(fills: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Lines over fills, both (height, width, 4) as the kernels leave them, as RGBA in 0..255."""
    coverage = np.minimum(fills[:, :, 3:], 1)
    colour = fills[:, :, :3] / np.maximum(fills[:, :, 3:], 1e-9)
    dark = np.minimum(ink[:, :, 3:], 1)
    line = ink[:, :, :3] / np.maximum(ink[:, :, 3:], 1e-9)
    shown = np.concatenate(
        [colour * (1 - dark) + line * dark, coverage + dark - coverage * dark], axis=2
    )
    return np.rint(255 * np.clip(shown, 0, 1)).astype(np.uint8)
