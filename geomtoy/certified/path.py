"""Functions of an attention block whose tokens are sines of one variable, on many pieces of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.attention import Moving, StillTokens, attend
from geomtoy.certified.bounds import SLACK, TINY, gamma
from geomtoy.certified.matrices import sizes, times_constant
from geomtoy.certified.readout import Readout, read_out
from geomtoy.certified.sines import sine_series


class PathFunctions(NamedTuple):
    """What `path_series` reads; parameters are the floats nearest to the numbers meant.

    Args:
        frequencies: (C, d / 2); token p at time t is sin f_p t, then cos f_p t, the last one asking.
        query: (d, H f), scaled.
        key_value: (2 H f, d) transposed, keys of all heads, then values.
        still: no token, of H heads and f columns.
        added, added_error: (d, m + c) what the last token gives to functions and norm, and its error.
        readout: what follows attention.
    """

    frequencies: np.ndarray
    query: np.ndarray
    key_value: np.ndarray
    still: StillTokens
    added: np.ndarray
    added_error: np.ndarray
    readout: Readout


@njit(cache=True, nogil=True)
def path_series(S, centres, radii, D):
    """Series of all functions on each disc |t - centre| <= radius, scaled to radius 1.

    Returns coefficients (pieces, n, m), low and tail (pieces, m), inf where a disc was too large.
    """
    pieces, n, m = len(centres), len(D.exponents), len(S.readout.bias)
    z = np.zeros((pieces, n, m))
    low, tail = np.full((pieces, m), np.inf), np.full((pieces, m), np.inf)
    C, half = S.frequencies.shape
    x, low_x, tail_x = np.empty((n, 2 * half, C)), np.empty((2 * half, C)), np.empty((2 * half, C))
    spread = np.zeros(2)
    for k in range(pieces):
        sine_series(S.frequencies, centres[k], radii[k], D, x, low_x, tail_x)
        moving, last, low_l, tail_l = _projected(S, x, low_x, tail_x)
        y, low_y, tail_y, fine = attend(S.still, moving, D, spread)
        if fine:
            one, low_z, tail_z, fine = read_out(S.readout, y, low_y, tail_y, last, low_l, tail_l, D)
            if fine:
                z[k], low[k], tail[k] = one, low_z, tail_z
    return z, low, tail


@njit(cache=True)
def _projected(S, x, low, tail):
    """Queries, keys and values, and what the last token adds after attention."""
    n, d, C = x.shape
    last, low_l, tail_l = x[:, :, C - 1].copy(), low[:, C - 1].copy(), tail[:, C - 1].copy()
    q, q_low, q_tail = times_constant(last, low_l, tail_l, S.query, gamma(2) * np.abs(S.query))
    columns = len(S.key_value)
    absolute, tokens = np.abs(S.key_value), np.empty((n, columns, C))
    for k in range(n):
        np.dot(S.key_value, x[k], tokens[k])
    size = sizes(x.reshape(n, d * C)).reshape(d, C)
    low_k = np.dot(absolute, low + gamma(d + 2) * size) * SLACK + TINY
    tail_k = np.dot(absolute, tail) * SLACK + TINY
    both, f = 2 * len(S.still.keys), S.still.keys.shape[1]
    moving = Moving(
        q,
        q_low,
        q_tail,
        tokens.reshape(n, both, f, C),
        low_k.reshape(both, f, C),
        tail_k.reshape(both, f, C),
    )
    added, low_a, tail_a = times_constant(last, low_l, tail_l, S.added, S.added_error)
    return moving, added, low_a, tail_a
