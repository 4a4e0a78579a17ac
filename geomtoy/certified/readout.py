"""From the averages of attention heads to the functions whose zeros are borders, norm included.

With y the averages of all heads side by side and x what is added to them, function i is
    z_i = y . out_i + x_i + bias_i,
or z_i = y . out_i + x_i + bias_i sigma behind a norm, whose deviation sigma > 0 is multiplied out:
sigma^2 = epsilon + the mean square of further columns of the same form.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.certified.bounds import SLACK, TINY, U, gamma
from geomtoy.certified.matrices import product_transposed, times_constant
from geomtoy.certified.series import beyond, by_degree, multiply, square_root


class Readout(NamedTuple):
    """
    Args:
        out, out_error: (H f, m + c) and a bound on each entry's error.
        bias, bias_error: (m,).
        epsilon: of the norm; -1 without one (then c = 0).
    """

    out: np.ndarray
    out_error: np.ndarray
    bias: np.ndarray
    bias_error: np.ndarray
    epsilon: float


@njit(cache=True)
def affine_series(q, error, cx, cy, rx, ry, n):
    """q[0] + u q[1] + v q[2] on a polydisc: series (n, columns) and low."""
    x = np.zeros((n, q.shape[1]))
    x[0] = q[0] + cx * q[1] + cy * q[2]
    x[1], x[2] = q[1] * rx, q[2] * ry
    reach = np.abs(q[0]) + 1.5 * (np.abs(q[1]) + np.abs(q[2]))
    return x, (error[0] + 1.5 * (error[1] + error[2]) + 12.0 * U * reach) * SLACK + TINY


@njit(cache=True)
def divide(N, N_low, N_tail, R, R_low, R_tail, D, y, low, tail, start):
    """N times R, with errors, into columns of y, low and tail."""
    n, f = N.shape
    G, by_R, by_N = np.empty((n, f)), np.empty(D.K + 1), np.empty(D.K + 1)
    multiply(R, N, D, G)
    R_size = by_degree(R, D, by_R)
    for o in range(f):
        N_size = by_degree(N[:, o], D, by_N)
        wrong = N_low[o] * (R_size + R_low) + N_size * R_low
        y[:, start + o] = G[:, o]
        low[start + o] = (wrong + gamma(n + 1) * N_size * R_size) * SLACK + TINY
        above = N_tail[o] * (R_size + R_low + R_tail) + (N_size + N_low[o]) * R_tail
        tail[start + o] = (beyond(by_N, by_R) + wrong + above) * SLACK + TINY


@njit(cache=True)
def read_out(S, y, low, tail, x, low_x, tail_x, D):
    """Functions (n, m), low and tail (m,) from averages y (n, H f) and x (n, m + c), and whether a
    norm's deviation is sure to be positive: if not, the rest means nothing."""
    m = len(S.bias)
    F, low_F, tail_F = times_constant(y, low, tail, S.out, S.out_error)
    for k in range(len(F)):
        F[k] += x[k]
        low_F += U * np.abs(F[k])
    low_F, tail_F = (low_F + low_x) * SLACK + TINY, (tail_F + tail_x) * SLACK + TINY
    if S.epsilon >= 0.0:
        return _behind_norm(S, F, low_F, tail_F, D)
    z = np.ascontiguousarray(F[:, :m])
    z[0] += S.bias
    error = low_F[:m] + S.bias_error + 2.0 * U * (np.abs(z[0]) + np.abs(S.bias))
    return z, error * SLACK + TINY, tail_F[:m].copy(), True


@njit(cache=True)
def root_mean_square(Y, low, tail, epsilon, D):
    """sqrt(epsilon + mean square of the columns of Y (n, c)) / scale: series, low, tail, and scale.

    low and tail are inf where it may vanish.
    """
    n, c = Y.shape
    B, low_B, tail_B = Y.reshape(n, 1, 1, c), low.copy().reshape(1, 1, c), tail.copy().reshape(1, 1, c)
    square, low_2, tail_2 = product_transposed(Y, low, tail, B, low_B, tail_B, 0, D)
    s = square[:, 0] / c
    size = np.abs(s).sum()
    s[0] += epsilon
    scale = s[0]
    if not scale > 0.0:
        return s, np.inf, np.inf, 1.0
    wrong = (low_2[0] / c + 4.0 * U * (size + epsilon)) / scale * SLACK + TINY
    R, low_R, tail_R = square_root(s / scale, wrong, tail_2[0] / c / scale * SLACK + TINY, D)
    return R, low_R, tail_R, np.sqrt(scale)


@njit(cache=True)
def _behind_norm(S, F, low, tail, D):
    n, m = len(F), len(S.bias)
    Y = np.ascontiguousarray(F[:, m:])
    R, R_low, R_tail, deviation = root_mean_square(Y, low[m:], tail[m:], S.epsilon, D)
    if not R_low < np.inf:
        return F, low, tail, False
    z, z_low, z_tail = np.empty((n, m)), np.empty(m), np.empty(m)
    R_size = np.abs(R).sum()
    for i in range(m):
        b = S.bias[i] * deviation
        rounding = gamma(5) * (abs(b) * R_size + np.abs(F[:, i]).sum())
        unknown = S.bias_error[i] * deviation * (R_size + R_low + R_tail) * SLACK
        z[:, i] = F[:, i] + b * R
        z_low[i] = (low[i] + abs(b) * R_low + rounding + unknown) * SLACK + TINY
        z_tail[i] = (tail[i] + abs(b) * R_tail + unknown) * SLACK + TINY
    return z, z_low, z_tail, True
