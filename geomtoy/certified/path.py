"""Functions of an attention block whose tokens are sines of one variable, on many pieces of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.reading import Reading, functions_of_tokens
from geomtoy.certified.sines import sine_series


class PathFunctions(NamedTuple):
    """What `path_series` reads.

    Args:
        frequencies: (C, d / 2); token p at time t is sin f_p t, then cos f_p t, the last one asking.
        reading: what follows.
    """

    frequencies: np.ndarray
    reading: Reading


@njit(cache=True, nogil=True)
def path_series(S, centres, radii, D):
    """Series of all functions on each disc |t - centre| <= radius, scaled to radius 1.

    Returns coefficients (pieces, n, m), low and tail (pieces, m), inf where a disc was too large.
    """
    pieces, n, m = len(centres), len(D.exponents), len(S.reading.readout.bias)
    z = np.zeros((pieces, n, m))
    low, tail = np.full((pieces, m), np.inf), np.full((pieces, m), np.inf)
    C, half = S.frequencies.shape
    x, low_x, tail_x = np.empty((n, 2 * half, C)), np.empty((2 * half, C)), np.empty((2 * half, C))
    spread = np.zeros(2)
    for k in range(pieces):
        sine_series(S.frequencies, centres[k], radii[k], D, x, low_x, tail_x)
        one, low_z, tail_z, fine = functions_of_tokens(S.reading, x, low_x, tail_x, D, spread)
        if fine:
            z[k], low[k], tail[k] = one, low_z, tail_z
    return z, low, tail
