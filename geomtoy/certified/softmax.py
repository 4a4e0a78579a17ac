"""Functions behind softmax attention and a norm, on patches of a plane: series with proven errors.

On the plane (u, v) head h gives token j the score s_hj(u, v), a polynomial of degree 2, and averages the
values, affine in (u, v); `geomtoy.certified.readout` makes functions of the averages.

Softmax does not change when all scores change alike. The second-order expansion of log sum exp is taken
from each, so that the sum of weights is 1 + O(r^3) on a patch of radius r; and an average does not
change when a constant is taken from the values and added again, so that those are centred: this keeps
the reciprocal and the products small. The series of a token's weight is off by a factor exp(delta),
delta being what is not known of its score: in norm at most 1.01 |delta| relative to its majorant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.bounds import EXP_ERROR, SLACK, TINY, U, exponential, gamma
from geomtoy.certified.exponentials import expanded, weight_series
from geomtoy.certified.readout import Readout, affine_series, divide, read_out
from geomtoy.certified.series import reciprocal


class SoftFunctions(NamedTuple):
    """What `patch_series` reads; the window is [-1, 1]^2 and patches' polydiscs stay in [-1.5, 1.5]^2.

    Args:
        scores: (H, 6, T) coefficients of 1, u, v, u^2, uv, v^2.
        score_error: (H,) at least the sum of their errors, times 1.5^2, for each token.
        values: (H, 3, T, f) coefficients of 1, u, v.
        value_error: (H,) at least the sum of their errors, times 1.5, for each entry.
        moving: (k,) tokens whose values depend on (u, v).
        query, query_error: (3, m + c) what is added to functions and to a norm's columns.
        readout: what follows attention.
    """

    scores: np.ndarray
    score_error: np.ndarray
    values: np.ndarray
    value_error: np.ndarray
    moving: np.ndarray
    query: np.ndarray
    query_error: np.ndarray
    readout: Readout


@njit(cache=True, nogil=True)
def patch_series(S, cx, cy, rx, ry, D):
    """Series of all functions on the polydisc |u - cx| <= rx, |v - cy| <= ry, scaled to radius 1.

    Returns coefficients (n, m), low and tail (m,), how much scores vary along u and along v, and whether
    the polydisc was small enough: if not, the rest means nothing.
    """
    n, (H, _, _, f) = len(D.exponents), S.values.shape
    y = np.zeros((n, H * f))
    low, tail = np.zeros(H * f), np.zeros(H * f)
    spread = np.zeros(2)
    for h in range(H):
        fine = _head(S, h, cx, cy, rx, ry, D, y, low, tail, spread)
        if not fine:
            return y, low, tail, spread, False
    x, low_x = affine_series(S.query, S.query_error, cx, cy, rx, ry, n)
    z, low, tail, fine = read_out(S.readout, y, low, tail, x, low_x, np.zeros_like(low_x), D)
    return z, low, tail, spread, fine


@njit(cache=True)
def _head(S, h, cx, cy, rx, ry, D, y, low, tail, spread):
    """Averages of one head into its columns of y, low and tail; False if the patch is too large."""
    n, (_, _, T, f) = len(D.exponents), S.values.shape
    w, log_w, a, b, A, B, C, relative = _centred_scores(S.scores[h], cx, cy, rx, ry)
    x = np.abs(a) + np.abs(b) + np.abs(A) + np.abs(B) + np.abs(C)
    live, dropped = expanded(log_w, x)
    E, size, rest = weight_series(w[live], log_w[live], a[live], b[live], A[live], B[live], C[live], D)
    whole, both, lost = size.sum(), size + rest, dropped.sum()
    spread[0] += (both * (np.abs(a[live]) + np.abs(A[live]))).sum()
    spread[1] += (both * (np.abs(b[live]) + np.abs(C[live]))).sum()
    relative = 1.01 * (relative + S.score_error[h]) + gamma(7.0 * D.K) + EXP_ERROR + 8.0 * U
    if not relative < 1e-3 or not whole < np.inf:
        return False
    Z = np.empty(n)
    for k in range(n):
        Z[k] = E[k].sum()
    change = relative * both.sum() + lost
    R, R_low, R_tail = reciprocal(Z, change + gamma(T) * whole, rest.sum() + change, D)
    if not R_low < np.inf:
        return False
    V, centre = _centred_values(S, h, cx, cy, w)
    N = np.dot(E, V[live])
    by_token = np.zeros((3, T))
    by_token[2] = dropped
    for i in range(len(live)):
        by_token[0, live[i]], by_token[1, live[i]] = both[i], rest[i]
    norms = np.dot(by_token, np.abs(V))
    if len(S.moving):
        _add_moving(S, h, rx, ry, E, live, by_token, D, N, norms)
    value_error = S.value_error[h] + gamma(6) * (np.abs(centre).max() + 1.5 * _greatest(S.values[h]))
    wrong = relative * norms[0] + norms[2] + 1.01 * value_error * (both.sum() + lost)
    N_low, N_tail = wrong + gamma(T + 6) * norms[0], wrong + norms[1]
    divide(N, N_low, N_tail, R, R_low, R_tail, D, y, low, tail, h * f)
    y[0, h * f : (h + 1) * f] += centre
    low[h * f : (h + 1) * f] += 2.0 * U * np.abs(y[0, h * f : (h + 1) * f]) + TINY
    return True


@njit(cache=True)
def _centred_scores(s, cx, cy, rx, ry):
    """Weights at the centre, their logs, coefficients of centred scores, and a bound on rounding."""
    value = s[0] + cx * s[1] + cy * s[2] + cx * cx * s[3] + cx * cy * s[4] + cy * cy * s[5]
    a = (s[1] + 2.0 * cx * s[3] + cy * s[4]) * rx
    b = (s[2] + cx * s[4] + 2.0 * cy * s[5]) * ry
    A, B, C = s[3] * (rx * rx), s[4] * (rx * ry), s[5] * (ry * ry)
    log_w = value - value.max()
    w = np.empty(len(value))
    for j in range(len(w)):
        w[j] = exponential(log_w[j])
    w /= w.sum()
    a -= (w * a).sum()
    b -= (w * b).sum()
    A -= (w * (A + 0.5 * a * a)).sum()
    B -= (w * (B + a * b)).sum()
    C -= (w * (C + 0.5 * b * b)).sum()
    greatest, varies = 0.0, 0.0
    for j in range(len(w)):
        first, second = abs(s[1, j]) + abs(s[2, j]), abs(s[3, j]) + abs(s[4, j]) + abs(s[5, j])
        greatest = max(greatest, abs(s[0, j]) + 1.5 * first + 4.5 * second)
        if log_w[j] + abs(a[j]) + abs(b[j]) + abs(A[j]) + abs(B[j]) + abs(C[j]) > -60.0:
            varies = max(varies, abs(a[j]) + abs(b[j]) + abs(A[j]) + abs(B[j]) + abs(C[j]))
    return w, log_w, a, b, A, B, C, (gamma(14) * greatest + gamma(3) * varies) * SLACK


@njit(cache=True)
def _centred_values(S, h, cx, cy, w):
    V = S.values[h, 0].copy()
    for j in S.moving:
        V[j] += cx * S.values[h, 1, j] + cy * S.values[h, 2, j]
    centre = np.dot(w, V)
    for j in range(len(V)):
        V[j] -= centre
    return V, centre


@njit(cache=True)
def _greatest(values):
    return max(values.max(), -values.min()) * 3.0 if values.size else 0.0


@njit(cache=True)
def _add_moving(S, h, rx, ry, E, live, by_token, D, N, norms):
    """Add u V_u + v V_v to the numerators; a weight's terms of degree K leave with their factor."""
    k, f = len(S.moving), N.shape[1]
    weights, V_u, V_v = np.zeros((len(E), k)), np.empty((k, f)), np.empty((k, f))
    for i in range(k):
        j = S.moving[i]
        V_u[i], V_v[i] = S.values[h, 1, j] * rx, S.values[h, 2, j] * ry
        absolute = np.abs(V_u[i]) + np.abs(V_v[i])
        place = np.searchsorted(live, j)
        if place < len(live) and live[place] == j:
            weights[:, i] = E[:, place]
        top = np.abs(weights[len(E) - D.K - 1 :, i]).sum() * (1.0 + 1e-9)
        norms[0] += by_token[0, j] * absolute
        norms[1] += (by_token[1, j] + top) * absolute
        norms[2] += by_token[2, j] * absolute
    along_u, along_v = np.dot(weights, V_u), np.dot(weights, V_v)
    for n in range(len(E)):
        p, q = D.exponents[n, 0], D.exponents[n, 1]
        if p > 0:
            N[n] += along_u[D.place[p - 1, q]]
        if q > 0:
            N[n] += along_v[D.place[p, q - 1]]
