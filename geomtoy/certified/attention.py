"""Softmax attention of the last token to all, where queries, keys and values are any power series.

Tokens that stand still have keys and values that are numbers. As in `geomtoy.certified.softmax`, a
constant is taken from a head's values before they are averaged and added again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, TINY, U, gamma
from geomtoy.certified.matrices import product, product_transposed, times_constant
from geomtoy.certified.readout import divide
from geomtoy.certified.series import reciprocal
from geomtoy.certified.weights import softmax_weights


class StillTokens(NamedTuple):
    """Tokens that do not move; there may be none.

    Args:
        keys, key_error: (H, f, S) and a bound on each entry's error.
        values, value_error: (H, S, f).
    """

    keys: np.ndarray
    key_error: np.ndarray
    values: np.ndarray
    value_error: np.ndarray


class Moving(NamedTuple):
    """Series with errors of tokens that move.

    Args:
        query, query_low, query_tail: (n, H f), (H f,) of the last token.
        tokens, low, tail: (n, 2 H, f, M), (2 H, f, M) keys of all heads, then values.
    """

    query: np.ndarray
    query_low: np.ndarray
    query_tail: np.ndarray
    tokens: np.ndarray
    low: np.ndarray
    tail: np.ndarray


@njit(cache=True)
def attend(still, moving, D, spread):
    """Averages (n, H f) of all heads, low and tail (H f,), and whether the polydisc was small enough.

    The values in `moving` are centred in place.
    Cost: O(n^2 / 4 f) for each head and moving token, and as many without f for each token.
    """
    n, columns = moving.query.shape
    y, low, tail = np.zeros((n, columns)), np.zeros(columns), np.zeros(columns)
    for h in range(len(still.keys)):
        E, low_E, tail_E = _weights(still, moving, h, D, spread)
        whole = np.abs(E).sum() + low_E.sum()
        if not whole + tail_E.sum() < np.inf:
            return y, low, tail, False
        Z = np.empty(n)
        for k in range(n):
            Z[k] = E[k].sum()
        error = (low_E.sum() + gamma(E.shape[1] + 4.0) * whole) * SLACK
        R, R_low, R_tail = reciprocal(Z, error, tail_E.sum() * SLACK, D)
        if not R_low < np.inf:
            return y, low, tail, False
        _average(still, moving, h, E, low_E, tail_E, R, R_low, R_tail, D, y, low, tail)
    return y, low, tail, True


@njit(cache=True)
def _weights(still, moving, h, D, spread):
    n, _, f, M = moving.tokens.shape
    S, first = still.keys.shape[2], h * f
    q = np.ascontiguousarray(moving.query[:, first : first + f])
    low, tail = moving.query_low[first : first + f], moving.query_tail[first : first + f]
    s, low_s, tail_s = np.empty((n, S + M)), np.empty(S + M), np.empty(S + M)
    s[:, S:], low_s[S:], tail_s[S:] = product(q, low, tail, moving.tokens, moving.low, moving.tail, h, D)
    if S > 0:
        s[:, :S], low_s[:S], tail_s[:S] = times_constant(q, low, tail, still.keys[h], still.key_error[h])
    return softmax_weights(s, low_s, tail_s, D, spread)


@njit(cache=True)
def _average(still, moving, h, E, low_E, tail_E, R, R_low, R_tail, D, y, low, tail):
    n, both, f, M = moving.tokens.shape
    S, first, g = still.keys.shape[2], h * f, both // 2 + h
    weights = np.ascontiguousarray(E[:, S:])
    centre = np.dot(moving.tokens[0, g], weights[0])
    if S > 0:
        centre += np.dot(E[0, :S], still.values[h])
    for o in range(f):
        for j in range(M):
            moving.tokens[0, g, o, j] -= centre[o]
            moving.low[g, o, j] += U * abs(moving.tokens[0, g, o, j])
    N, N_low, N_tail = product_transposed(
        weights, low_E[S:], tail_E[S:], moving.tokens, moving.low, moving.tail, g, D
    )
    if S > 0:
        W = still.values[h] - centre
        error = still.value_error[h] + U * np.abs(W)
        N_s, low_s, tail_s = times_constant(
            np.ascontiguousarray(E[:, :S]), low_E[:S], tail_E[:S], W, error
        )
        N = N + N_s
        N_low, N_tail = N_low + low_s, N_tail + tail_s
        for k in range(n):
            N_low += U * np.abs(N[k])
    divide(N, N_low * SLACK, N_tail * SLACK, R, R_low, R_tail, D, y, low, tail, first)
    y[0, first : first + f] += centre
    low[first : first + f] += 2.0 * U * np.abs(y[0, first : first + f]) + TINY
