"""Functions behind softmax attention that reads normalised tokens, on patches of a plane.

Token j is affine in (u, v); its mean square plus epsilon is a polynomial g_j of degree 2, and what
attention reads of it is (affine) / sqrt g_j + constant: keys and values are affine parts times one
series, and a query the same of the last token.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.attention import Moving, StillTokens, attend
from geomtoy.certified.bounds import SLACK, TINY, U, gamma
from geomtoy.certified.readout import Readout, affine_series, read_out
from geomtoy.certified.series import reciprocal, square_root


class NormedFunctions(NamedTuple):
    """What `normed_series` reads; the window is [-1, 1]^2 and polydiscs stay in [-1.5, 1.5]^2.

    Args:
        square: (6, M) coefficients of 1, u, v, u^2, uv, v^2 of g_j, the last token at the end.
        square_error: (M,) at least the sum of their errors, times 1.5^2.
        parts: (3, 2 H, f, M) keys of all heads, then values, before division: coefficients of 1, u, v.
        parts_error: (2 H, f, M) at least the sum of their errors, times 1.5.
        shift, shift_error: (2 H, f) what the norm adds to them.
        query: (3, H f) with query_error, query_shift, query_shift_error (H f,): the same of the query.
        still: the tokens that do not move.
        added, added_error: (3, m + c) what the last token adds after attention.
        readout: what follows attention.
    """

    square: np.ndarray
    square_error: np.ndarray
    parts: np.ndarray
    parts_error: np.ndarray
    shift: np.ndarray
    shift_error: np.ndarray
    query: np.ndarray
    query_error: np.ndarray
    query_shift: np.ndarray
    query_shift_error: np.ndarray
    still: StillTokens
    added: np.ndarray
    added_error: np.ndarray
    readout: Readout


@njit(cache=True, nogil=True)
def normed_series(S, cx, cy, rx, ry, D):
    """Series of all functions on a polydisc, as `geomtoy.certified.softmax.patch_series` gives them."""
    n, m = len(D.exponents), len(S.readout.bias)
    spread, none = np.zeros(2), np.zeros(m)
    M = S.square.shape[1]
    R, R_low, R_tail = np.empty((n, M)), np.empty(M), np.empty(M)
    for j in range(M):
        R_low[j] = np.inf
        inverse_root(S.square[:, j], S.square_error[j], cx, cy, rx, ry, D, R[:, j], R_low, R_tail, j)
        if not R_low[j] < np.inf:
            return np.zeros((n, m)), none, none, spread, False
    tokens, low, tail = _divided(S.parts, S.parts_error, S.shift, S.shift_error, R, R_low, R_tail,
                                 cx, cy, rx, ry, D)  # fmt: skip
    columns = S.query.shape[1]
    query, q_low, q_tail = _divided(
        S.query.reshape(3, 1, columns, 1), S.query_error.reshape(1, columns, 1),
        S.query_shift.reshape(1, columns), S.query_shift_error.reshape(1, columns),
        R[:, M - 1 :].copy(), R_low[M - 1 :], R_tail[M - 1 :], cx, cy, rx, ry, D,
    )  # fmt: skip
    moving = Moving(query.reshape(n, columns), q_low.ravel(), q_tail.ravel(), tokens, low, tail)
    y, low_y, tail_y, fine = attend(S.still, moving, D, spread)
    if not fine:
        return np.zeros((n, m)), none, none, spread, False
    x, low_x = affine_series(S.added, S.added_error, cx, cy, rx, ry, n)
    z, low_z, tail_z, fine = read_out(S.readout, y, low_y, tail_y, x, low_x, np.zeros_like(low_x), D)
    return z, low_z, tail_z, spread, fine


@njit(cache=True)
def inverse_root(s, error, cx, cy, rx, ry, D, out, low, tail, j):
    """1 / sqrt of a polynomial of degree 2: coefficients into out (n,), errors into low[j], tail[j]."""
    g = s[0] + cx * s[1] + cy * s[2] + cx * cx * s[3] + cx * cy * s[4] + cy * cy * s[5]
    if not g > 0.0:
        return
    f = np.zeros(len(out))
    f[0] = 1.0
    f[1] = (s[1] + 2.0 * cx * s[3] + cy * s[4]) * rx / g
    f[2] = (s[2] + cx * s[4] + 2.0 * cy * s[5]) * ry / g
    f[3], f[4], f[5] = s[3] * (rx * rx) / g, s[4] * (rx * ry) / g, s[5] * (ry * ry) / g
    size = np.abs(s[0]) + 1.5 * (np.abs(s[1]) + np.abs(s[2])) + 4.5 * np.abs(s[3:]).sum()
    unknown = (error + gamma(18) * size) / g * SLACK + TINY
    root, root_low, root_tail = square_root(f, unknown, 0.0, D)
    if not root_low < np.inf:
        return
    R, R_low, R_tail = reciprocal(root, root_low, root_tail, D)
    scale = 1.0 / np.sqrt(g)
    for k in range(len(R)):
        out[k] = R[k] * scale
    low[j] = (R_low + 4.0 * U * np.abs(R).sum()) * scale * SLACK + TINY
    tail[j] = R_tail * scale * SLACK + TINY


@njit(cache=True)
def _divided(parts, parts_error, shift, shift_error, R, R_low, R_tail, cx, cy, rx, ry, D):
    """(parts[0] + u parts[1] + v parts[2]) R + shift: series (n, G, f, M) and errors (G, f, M)."""
    _, G, f, M = parts.shape
    n = len(R)
    out, low, tail = np.zeros((n, G, f, M)), np.empty((G, f, M)), np.empty((G, f, M))
    size, top = np.zeros(M), np.zeros(M)
    for k in range(n):
        for j in range(M):
            size[j] += abs(R[k, j])
            if D.total[k] == D.K:
                top[j] += abs(R[k, j])
    for g in range(G):
        for o in range(f):
            for j in range(M):
                base = parts[0, g, o, j] + cx * parts[1, g, o, j] + cy * parts[2, g, o, j]
                a, b = parts[1, g, o, j] * rx, parts[2, g, o, j] * ry
                for k in range(n):
                    p, q = D.exponents[k, 0], D.exponents[k, 1]
                    total = R[k, j] * base
                    if p > 0:
                        total += R[D.place[p - 1, q], j] * a
                    if q > 0:
                        total += R[D.place[p, q - 1], j] * b
                    out[k, g, o, j] = total
                out[0, g, o, j] += shift[g, o]
                reach = abs(parts[0, g, o, j]) + 1.5 * (abs(parts[1, g, o, j]) + abs(parts[2, g, o, j]))
                unknown = parts_error[g, o, j] + 12.0 * U * reach
                whole = abs(base) + abs(a) + abs(b) + unknown
                wrong = whole * (R_low[j] + 8.0 * U * size[j]) + unknown * size[j]
                wrong += shift_error[g, o] + 2.0 * U * abs(out[0, g, o, j])
                low[g, o, j] = wrong * SLACK + TINY
                tail[g, o, j] = ((abs(a) + abs(b)) * top[j] + whole * R_tail[j] + wrong) * SLACK + TINY
    return out, low, tail
