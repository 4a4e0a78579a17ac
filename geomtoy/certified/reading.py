"""What attention reads of tokens that are any power series: queries, keys and values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.attention import Moving, StillTokens, attend
from geomtoy.certified.bounds import SLACK, TINY, gamma
from geomtoy.certified.matrices import sizes, times_constant
from geomtoy.certified.readout import Readout, read_out


class Reading(NamedTuple):
    """Parameters are the floats nearest to the numbers meant.

    Args:
        query: (d, H f), scaled.
        key_value: (2 H f, d) transposed, keys of all heads, then values.
        still: no token, of H heads and f columns.
        added, added_error: (d, m + c) what the last token gives to functions and norm, and its error.
        readout: what follows attention.
    """

    query: np.ndarray
    key_value: np.ndarray
    still: StillTokens
    added: np.ndarray
    added_error: np.ndarray
    readout: Readout


@njit(cache=True)
def functions_of_tokens(S, x, low, tail, D, spread):
    """Functions (n, m), low and tail (m,) of tokens x (n, d, T), low and tail (d, T), the last asking;
    and whether the polydisc was small enough. Adds to spread as `weights.softmax_weights` does."""
    m = len(S.readout.bias)
    moving, last, low_l, tail_l = _projected(S, x, low, tail)
    y, low_y, tail_y, fine = attend(S.still, moving, D, spread)
    if not fine:
        return np.zeros((len(x), m)), np.full(m, np.inf), np.full(m, np.inf), False
    return read_out(S.readout, y, low_y, tail_y, last, low_l, tail_l, D)


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
