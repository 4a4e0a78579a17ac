"""The error bounds of maps, with their proofs; notation and rules of computing are those of `bounds`.

4. *Maps of a layer* (`map_error`). On a cell the true preactivation of unit i is z_i = sum_j W_ij (s_j
   z_j + o_j) + b_i, with the pieces (s_j, o_j) of the cell and the maps z_j of the cell's parent, which
   are stored with errors e_j. Let y_i be the same sum, exactly, of the *stored* maps: z_i and y_i
   differ by at most sum_j |W_ij| steepest_j e_j, whatever the pieces. Let h_j >= steepest_j max(|a_j|,
   |b_j|, |c_j|) + highest_j + FLOOR bound what unit j passes on, for all of its pieces, and S_i = sum_j
   |W_ij| h_j + |b_i|, so that |y_i| <= S_i on every cell of the parent. *First cell.* A term is off by
   at most 5u of itself (rounding of W, of s and of o, a product and a sum for s c + o, the product with
   W), and takes part in at most m additions, m being the number of units: together (m + 5) u S_i / (1 -
   (m + 5) u). *Updates.* From cell to cell x <- fl(x + fl(W_ij fl(ds z_j + do))), where (ds, do) is a
   difference of pieces. In exact arithmetic
   updates telescope: after any number of them the sum is y_i of the cell reached, so |x| stays within
   S_i and what rounding has left so far, and only roundings add up. One update is off by at most
       6 u steepest_j |z_j| + 4 u highest_j      (two roundings each of s and o, the differences, the
       product) + 2u h_j + 2u h_j                         (the sum ds z_j + do, the product with W)
   times |W_ij|, at most 10 u S_i, and the addition by u S_i: r = 12. Where slopes are 0 or 1 and
   offsets 0, ds is +-1 and do is 0, exactly; only the product with W and the addition round: r = 3.
   After L updates the error is at most t S_i + sum_j |W_ij| steepest_j e_j with t = (m + r L + 8) u:
   the 3u beyond m + 5 and the factor 1 + 1e-6 cover the terms of second order, as long as t < 2^-22.
   Longer chains decide nothing. Underflow: each of at most m + L operations on what a unit passes on
   loses at most 2^-1074, before W multiplies it; FLOOR = 2^-1020 in h_j gives t FLOOR >= (m + L)
   2^-1070. What is lost after that is covered by TINY. A unit whose map is exactly zero and whose
   offsets are exactly zero may be left out, and no other.
   *Nothing rounded.* If all e_j are 0, all s z_j and o are multiples of a power of two q with 4 h_j <
   2^53 q, and all W (s z_j + o) and b_i of a power p with 2 S_i < 2^53 p, then every product and every
   sum on the way is such a multiple and smaller than 2^53 of them, so float64 holds it exactly: the
   error is 0 (`exactly_summed`). So it is for weights of few bits. `grid` finds q and p from the
   numbers themselves.
5. *First layer* (`first_error`): inner products of d_in terms over basis vectors that are each within
   u: (d_in + 6) u of the sum of absolute terms. A basis number in the subnormal range is not within u:
   nothing is decided from it.
6. *Thresholds* (`shift_error`): c - tau, with tau rounded: 3u (|c| + |tau|).
8. *What switching units pass on* (`relu_between`). Let z be in [l, u]. Where l >= 0, max(z, 0) is z;
   where u <= 0 it is 0; else, for any 0 <= t <= 1, max(z, 0) - t z is convex, 0 at 0, -t l at l and
   (1 - t) u at u, so it is in [0, m] with m the larger of these: max(z, 0) is t z + m / 2, up to m / 2.
   Sum W_ij times that over the units j that switch within a run of cells (the others keep their piece):
   there z_i is an affine map and a shift, up to a slack sum_j |W_ij| m_j / 2, which is at least as large
   as the shift. The map is a sum as in 4 without updates: its terms W_ij (t z_j) are within |W_ij| h_j,
   and t is no more than a slope. Shift and slack, sums of fewer than 2^10 terms, are off by less than
   2^-42 of the slack, which SLACK covers.
10. *Errors followed with their signs* (`follow_rounding`, `far_error`, `followed_error`). Let d_k be the
   errors of the stored maps of layer k on a cell, stored less true. By 4, d_k = W D d_{k-1} + n_k with
   the diagonal matrix D of the cell's slopes and |n_k| <= t S, S being formed of stored maps alone. Let
   d_a be the errors at an earlier layer, the anchor, on the cell there that contains this one, |d_a| <=
   A. For any matrix R with |d_{k-1} - R d_a| <= l_{k-1} =: l, any slopes D' and any R' put in for
   W D' R,
       d_k - R' d_a = W D (d_{k-1} - R d_a) + n_k + W (D - D') R d_a + (W D' R - R') d_a.
   The first two are at most |W| steepest l + t S: the bound of 4 with l in place of e, on all cells of a
   segment (a unit that is left out there has a map and an l that are exactly 0). D' are the slopes of
   the segment's first cell: D - D' is 0 but for the units that switch within it, and at most twice
   steepest there, once if slopes are 0 or 1. R' is W D' R as float32 finds it, v = 2^-24: each entry is
   a sum of m terms of six roundings or fewer (W and s twice each, two products), added up by m more, so
   it is off by (m + 6) v / (1 - (m + 6) v) of the absolute terms, less than (m + 8) v for m < 2^10. So
   with f >= |R| A
       l_k = (4 with l) + sum_j |W_ij| ((m + 8) v steepest_j + [j switches] (D - D')_j) f_j,
   and |d_k| <= |R'| A + l_k. A W, an s or a product of both that underflows is off by 2^-149, so that it
   moves R' A by as much times f_j, steepest_j f_j or |W| f_j; a sum of m products by m 2^-149 times A:
   LOST = 2^-120 times the sum of all (1 + steepest_j) f_j and A_c covers all that, |W| < 2^20 being
   asked. What overflows is inf and decides nothing. Where the error of a map is
   exactly 0, its row of R', f and l may be put to 0. At the anchor R is the identity, f = A, and any
   l >= 0 will do.
11. *Cells of several parents* (`spread_between`). Let z_j be the true map of unit j on a parent, stored
   with error e_j, and m_j one affine map of floats for all of them. In each coefficient z_j - m_j is
   within e_j + u |d| of the rounded difference d of what is stored; so 7 bounds |z_j - m_j| on a box
   around the parent's cells, and s_j is the greatest of these bounds. A unit passes on z_j if it is > 0
   on all cells, nothing if on none, else max(z_j, 0), which by 8 is t z_j + h up to h = m / 2, where
   l and u bound m_j in a box around all cells, less and more s_j. So it passes on t m_j + h up to r_j =
   t s_j + h, with t = 1 and h = 0 in the first case. The next layer's maps are the sums of W_ij (t m_j +
   h) and the bias up to sum_j |W_ij| r_j. Their coefficients are rounded as in 4 without updates, by t'
   (sum_j |W_ij| h_j + |b_i|) where h_j >= |t m_j| + h in each of them, and that many times |x| + |y| + 1
   counts at (x, y). With k no less than that in the box, `map_error` of k h_j + r_j / t' and k b_i is
   how far true values are from those of the rounded sum.
12. *Rows that go back* (`maps.pulled`). On a cell a line is L = sum_i r_i a_i + c, where a_i are true
   activations of a layer there, affine maps. They are a_i = s_i z_i + o_i, and z = W a' + b with the
   layer before, so L = sum_j r'_j a'_j + c' with r' = (r s) W and c' = c + sum_i (r_i o_i + r_i s_i
   b_i). Floats are put in for r s and for r' as they come: an entry that is off by d moves L by d z_i,
   or d a'_j, whatever comes after, so that nothing is made larger by the layers left. Each coefficient
   of z_i is at most Z_i, what is stored and its error by 4 and 10, one of a_i at most |s_i| Z_i +
   |o_i|. An entry of r s is off by less than 4u of itself (s rounded, a product), one of r', a sum of
   n products of rounded weights, by less than (n + 4) u of the absolute terms; so is a row of weights
   to begin with. The terms of c' are rounded twice each, and added up: with N additions on the whole
   way, by less than (N + 8) u of the absolute terms. At the window a' are the inputs, d inner products
   with the rounded basis: (d + 8) u of those. No product underflows where rows, weights, slopes and
   offsets that are not 0 are between 2^-400 and 2^400, which is asked; FLOOR covers what does in |s_i|
   Z_i, TINY the rest, SECOND_ORDER the rounding of the bound.
"""

from __future__ import annotations

import numpy as np

from geomtoy.kernels import inlined
from geomtoy.regions.numbers.bounds import SECOND_ORDER, SLACK, TINY, U, box_bound
from geomtoy.regions.numbers.grids import grid_of, grids, powers

LONGEST = 2.0**-22
"""Largest t = (terms) u for which SECOND_ORDER covers what is left out."""
PIECEWISE, SWITCH = 12.0, 3.0
"""Roundings of an update, the r of `map_error`: in general, and where slopes are 0 or 1 and offsets
0."""
SINGLE = 2.0**-24
"""Unit roundoff of float32."""
LOST = 2.0**-120
"""More than what signed rows lose by underflow, as a share; see 10."""


@inlined
def relu_between(low, high):
    """Factor t and bound m with 0 <= max(z, 0) - t z <= m for all z between low and high."""
    if low >= 0.0:
        return 1.0, 0.0
    if high <= 0.0:
        return 0.0, 0.0
    t = high / (high - low)
    return t, max(-t * low, (1.0 - t) * high) * SLACK + TINY


@inlined
def with_slack(error, slack):
    """Bound of a map that is off by `error` and by what switching units pass on, see 8."""
    return (error + slack) * SLACK


@inlined
def spread_between(da, db, dc, e, cx, cy, rx, ry):
    """How far a map may be from floats anywhere in a box; the stored map, whose coefficients are known
    within e, less those floats is da, db, dc but for rounding, see 11."""
    off = e + U * max(abs(da), max(abs(db), abs(dc)))
    middle, away = box_bound(da, db, dc, off, cx, cy, rx, ry)
    return with_slack(abs(middle), away)


@inlined
def map_terms(units, updates, rounding):
    """The t of `map_error`, inf where chains of updates are too long for it."""
    terms = (units + rounding * updates + 8.0) * U
    return terms if terms < LONGEST else np.inf


@inlined
def map_error(terms, weighed, bias):
    """Error of a layer's map. `weighed`: sum over units of |W| (h + steepest e / t)."""
    return terms * (weighed + abs(bias)) * SECOND_ORDER + TINY


def first_error(basis: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Error (n,) of the first layer's maps on the window, for a basis (3, d_in) whose entries are
    within u."""
    weight = (np.abs(basis) @ np.abs(W.T)).max(axis=0) + np.abs(b)
    error: np.ndarray = (W.shape[1] + 6) * U * weight * SECOND_ORDER + TINY
    return error


def first_exact(basis: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether each of the first layer's maps (n,) is computed without rounding, for an exact basis."""
    weight = (np.abs(basis) @ np.abs(W.T)).max(axis=0) + np.abs(b)
    limit = powers(np.minimum(grid_of(basis.ravel()) + grids(W), grids(b[:, None])) + 53)
    exact: np.ndarray = (2.0 * weight < limit) & (limit > 2.0**-900)  # `exactly_summed`
    return exact


def shift_error(c: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Error of c - tau, where tau may be rounded; none where it is 0."""
    error: np.ndarray = np.where(tau != 0, 3.0 * U * (np.abs(c) + np.abs(tau)), 0.0)
    return error


def shifted_exactly(c: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Where c - tau, with tau exact, is not rounded: the remainder of the difference is 0 (Knuth
    1969)."""
    difference = c - tau
    back = difference - c
    exact: np.ndarray = (c - (difference - back)) - (tau + back) == 0
    return exact


@inlined
def follow_doubt(units, steepest, switching, apart, far):
    """What may be wrong with a signed row's part of one unit among so many, before W weighs it.

    Args:
        apart: greatest difference of two of its slopes. far: its f.
    """
    return ((units + 8.0) * SINGLE * steepest + (apart if switching else 0.0)) * far * SLACK


@inlined
def far_error(size):
    """The f of 10, from a sum of |R| A."""
    return size * SLACK + TINY


@inlined
def followed_error(one, other):
    """Bound of an error that consists of two."""
    return (one + other) * SLACK + TINY


def pulled_error(terms: np.ndarray) -> np.ndarray:
    """Bounds of 12 from sums of what is off, in multiples of u; inf where one is no number."""
    error = terms * U * SECOND_ORDER + TINY
    bounds: np.ndarray = np.where(error < np.inf, error, np.inf)
    return bounds
