"""Every error bound of float64 that a decision rests on, with its proof.

Notation. u = 2^-53; fl(x op y) = (x op y)(1 + delta), |delta| <= u, unless it underflows, where a
product or quotient is off by less than 2^-1074 besides. A *line* is (a, b, c, e): the true coefficients
of a x + b y + c differ from the stored ones by at most e each. A *point* is (x, y, w, d): w is exactly
1, or exactly 0 for a point at infinity (then (x, y) is a direction); the true x and y differ from the
stored ones by at most d.

Bounds are computed in float64 too: fewer than 20 operations on numbers >= 0, each off by a factor of at
most 1 + u, so SLACK = 1 + 2^-40 covers them; TINY covers what underflow loses in them. A bound that
overflows is inf and one that meets inf - inf is NaN; comparisons are written so that neither decides
anything.

1. *Value of a line at a point* (`value_bound`). The true value differs from that of the stored numbers
       by at most (|a| + |b|) d + e (|x| + |y| + 2 d + w),
   and three products and two sums round by at most 3u / (1 - 3u) (|a x| + |b y| + |c w|) (Higham 2002,
   section 3.1), less than 4u times that.
2. *Intersection of two lines* (`intersection`), by Cramer: W = a1 b2 - a2 b1, x = X / W. If |W - W'| <=
   eW < |W| and |X - X'| <= eX then X'/W' - X/W = ((X' - X) - (X/W)(W' - W)) / W', so it is at most
   (eX + |x| eW) / (|W| - eW); the division adds u |x|. A 2 x 2 minor of stored numbers rounds by at most
   3u (|p1 q2| + |p2 q1|); entries known up to e1 and e2 move it by e1 (|p2| + |q2|) + e2 (|p1| + |q1|)
   + 2 e1 e2. A W that is not certainly non-zero gives d = inf.
3. *Position along a line* (`position`): the coordinate that changes fastest is a monotone function of
   the place on the line, provided that its sense of growth, the sign of a or of b, is certain.
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
7. *Box* (`box_bound`): all points with |x - cx| <= rx and |y - cy| <= ry. There the true value differs
   from the stored one at the centre by at most |a| rx + |b| ry + e (|cx| + rx + |cy| + ry + 1), and
   rounding of that is as in 1; 8u instead of 4u covers one more sum. `box_side` makes such a box of
   coordinates that are known up to d: four roundings of numbers of at most their size.
8. *What switching units pass on* (`relu_between`). Let z be in [l, u]. Where l >= 0, max(z, 0) is z;
   where u <= 0 it is 0; else, for any 0 <= t <= 1, max(z, 0) - t z is convex, 0 at 0, -t l at l and
   (1 - t) u at u, so it is in [0, m] with m the larger of these: max(z, 0) is t z + m / 2, up to m / 2.
   Sum W_ij times that over the units j that switch within a run of cells (the others keep their piece):
   there z_i is an affine map and a shift, up to a slack sum_j |W_ij| m_j / 2, which is at least as large
   as the shift. The map is a sum as in 4 without updates: its terms W_ij (t z_j) are within |W_ij| h_j,
   and t is no more than a slope. Shift and slack, sums of fewer than 2^10 terms, are off by less than
   2^-42 of the slack, which SLACK covers.
9. *Points of the plane* (`forward_error`): one forward pass; a layer of n inputs is off by (n + 8) u of
   the absolute terms, after each input was off by its own error and 4u of its size.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from geomtoy.activations import nearest as nearest  # one of the bounds, for those below
from geomtoy.kernels import inlined, kernel

U = 2.0**-53
SLACK = 1.0 + 2.0**-40
TINY = 1e-300
FLOOR = 2.0**-1020
SECOND_ORDER = 1.0 + 1e-6
LONGEST = 2.0**-22
"""Largest t = (terms) u for which SECOND_ORDER covers what is left out."""
SUBNORMAL = Fraction(1, 2**1000)
"""Numbers of less than this size may be held by float64 with few digits."""

CORNER = 2.0 * U
"""Error of a frame corner, which is at most 1, where it is rounded."""
PIECEWISE, SWITCH = 12.0, 3.0
"""Roundings of an update, the r of `map_error`: in general, and where slopes are 0 or 1 and offsets
0."""


@inlined
def value_bound(a, b, c, e, x, y, w, d):
    """Value of a line at a point, and a bound on its error."""
    ax, by, cw = a * x, b * y, c * w
    spread = (abs(a) + abs(b)) * d + e * (abs(x) + abs(y) + 2.0 * d + w)
    rounding = 4.0 * U * (abs(ax) + abs(by) + abs(cw))
    return ax + by + cw, (spread + rounding) * SLACK + TINY


@inlined
def box_bound(a, b, c, e, cx, cy, rx, ry):
    """Value of a line at the centre of a box, and a bound on how far that is from its value anywhere in
    the box."""
    ax, by = a * cx, b * cy
    spread = abs(a) * rx + abs(b) * ry + e * (abs(cx) + rx + abs(cy) + ry + 1.0)
    rounding = 8.0 * U * (abs(ax) + abs(by) + abs(c))
    return ax + by + c, (spread + rounding) * SLACK + TINY


@inlined
def box_side(low, high):
    """Centre and half of an interval, rounded outwards; low and high may be off by two roundings."""
    size = 4.0 * U * (abs(low) + abs(high))
    return 0.5 * (low + high), (0.5 * (high - low) + size) * SLACK + TINY


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
def _minor(p1, q1, e1, p2, q2, e2):
    """p1 q2 - p2 q1 with a bound on its error, for entries known up to e1 and e2."""
    left, right = p1 * q2, p2 * q1
    spread = e1 * (abs(p2) + abs(q2)) + e2 * (abs(p1) + abs(q1)) + 2.0 * e1 * e2
    return left - right, (spread + 3.0 * U * (abs(left) + abs(right))) * SLACK + TINY


@inlined
def intersection(a1, b1, c1, e1, a2, b2, c2, e2):
    """Common point (x, y) of two lines and the bound d on the error of both coordinates."""
    W, eW = _minor(a1, b1, e1, a2, b2, e2)
    if not abs(W) > 2.0 * eW:
        return 0.0, 0.0, np.inf
    X, eX = _minor(b1, c1, e1, b2, c2, e2)
    Y, eY = _minor(c1, a1, e1, c2, a2, e2)
    x, y = X / W, Y / W
    gap = abs(W) - eW
    dx = (eX + abs(x) * eW) / gap + 2.0 * U * abs(x)
    dy = (eY + abs(y) * eW) / gap + 2.0 * U * abs(y)
    if not (dx < np.inf and dy < np.inf and abs(x) < np.inf and abs(y) < np.inf):
        return 0.0, 0.0, np.inf
    return x, y, max(dx, dy) * SLACK + TINY


@inlined
def position(a, b, e, x, y, d, direction):
    """Position of a point of a line along direction * (-b, a), up to a monotone map, with its error."""
    if abs(b) >= abs(a):
        key, certain = (-x if b > 0 else x), abs(b) > e
    else:
        key, certain = (y if a > 0 else -y), abs(a) > e
    error = (d + 2.0 * U * abs(key)) * SLACK + TINY if certain else np.inf
    return key * direction, error


@inlined
def map_terms(units, updates, rounding):
    """The t of `map_error`, inf where chains of updates are too long for it."""
    terms = (units + rounding * updates + 8.0) * U
    return terms if terms < LONGEST else np.inf


@inlined
def map_error(terms, weighed, bias):
    """Error of a layer's map. `weighed`: sum over units of |W| (h + steepest e / t)."""
    return terms * (weighed + abs(bias)) * SECOND_ORDER + TINY


NO_GRID = 2000
"""What `grid` says of zeros alone: multiples of every power of two."""


@kernel
def grid(number):
    """Exponent of the largest power of two that a float is a multiple of."""
    if number == 0.0:
        return NO_GRID
    mantissa, exponent = math.frexp(abs(number))
    whole = np.int64(mantissa * 2.0**53)
    exponent -= 53
    while whole & 1 == 0:
        whole >>= 1
        exponent += 1
    return exponent


@inlined
def multiple_of(number, inverse):
    """Whether a number is certainly a multiple of a power of two, given as its inverse; 0 is one."""
    multiple = number * inverse
    return number == 0.0 or (multiple != 0.0 and multiple == math.floor(multiple))


@kernel
def grids(rows):
    """Exponents of the largest powers of two that all numbers of each row are multiples of."""
    found = np.empty(rows.shape[0], np.int64)
    for k in range(rows.shape[0]):
        least, inverse = NO_GRID, 0.0
        for i in range(rows.shape[1]):
            number = rows[k, i]
            if not multiple_of(number, inverse):
                least = min(least, grid(number))
                inverse = 2.0**-least if abs(least) < 1000 else 0.0
        found[k] = least
    return found


def grid_of(numbers: np.ndarray) -> int:
    """Exponent of the largest power of two that all numbers of a flat array are multiples of."""
    return int(grids(numbers[None])[0])


def powers(exponents: np.ndarray) -> np.ndarray:
    """2^exponent; 0 where products with it might be subnormal, inf where they might overflow."""
    found: np.ndarray = np.ldexp(1.0, np.clip(exponents, -900, 900))
    found[exponents > 900] = np.inf
    found[exponents < -900] = 0.0
    return found


@inlined
def exactly_summed(size, limit):
    """Whether multiples of a power p of two are added without rounding.

    Args:
        size: twice a bound on their sums. limit: 2^53 p; only trusted well above the subnormal numbers.
    """
    return size < limit and limit > 2.0**-900


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


def side_error(line: np.ndarray, exact: tuple[Fraction, ...]) -> float:
    """Error of a window side's coefficients, rounded from rationals."""
    if all(nearest(z) == z for z in exact):
        return 0.0
    return float(2.0 * U * np.abs(line).max() + TINY)


def values_bound(
    lines: np.ndarray, e: np.ndarray, x: np.ndarray, y: np.ndarray, d: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`value_bound` of a line (n, 3) with error e (n,) at a point each, as arrays."""
    a, b, c = lines.T
    size = np.abs(a * x) + np.abs(b * y) + np.abs(c)
    error = d * (np.abs(a) + np.abs(b)) + e * (np.abs(x) + np.abs(y) + 2 * d + 1) + 4 * U * size
    return a * x + b * y + c, error * SLACK + TINY


def certainly_different(p: np.ndarray, q: np.ndarray, e: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Whether maps (n, 3, outputs) known within e and f (n, outputs) differ in some output."""
    gap = np.abs(p - q).max(axis=1)
    different: np.ndarray = (gap > (e + f + U * gap) * SLACK + TINY).any(axis=1)
    return different


def point_values(lines: np.ndarray, e: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (n, m) of lines (3, m) known within e at frame points (n, 2) that are within 2u, and
    errors."""
    a, b, c = lines
    x, y = points[:, :1], points[:, 1:]
    size = np.abs(x * a) + np.abs(y * b) + np.abs(c)
    error = 16 * U * (size + np.abs(a) + np.abs(b)) + e * (np.abs(x) + np.abs(y) + 1)
    return x * a + y * b + c, error * SLACK + TINY


def outside_error(points: np.ndarray) -> np.ndarray:
    """Error (n, 1) of the turn (q - p) x (z - p) at frame points z that are within 2u.

    Corners are at most 1 and within u, so a step q - p is at most 2 and within 4u, a gap z - p at most
    |z| + 1 and within 4u of that; two products and a difference are off by less than 64u (|z| + 4).
    """
    error: np.ndarray = 64 * U * (4 + np.abs(points).sum(axis=1))[:, None]
    return error


def gap_error(gap: np.ndarray, error: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Error of gap = z - tau, computed from a z known within an error and a tau that may be rounded."""
    found: np.ndarray = (error + 2 * U * (np.abs(gap) + np.abs(tau))) * SLACK + TINY
    return found


def passed_on(
    slope: np.ndarray, offset: np.ndarray, z: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """slope z + offset, with all three rounded, from a z known within an error; and its error."""
    return slope * z + offset, np.abs(slope) * error + 4 * U * (np.abs(slope * z) + np.abs(offset))


def map_in_slice_errors(
    A: np.ndarray, c: np.ndarray, e: np.ndarray, centre: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Errors (F, d_out) of slopes A (F, d_out, 2) and offsets, made of maps in the frame.

    Slopes are divided by a power of two, which rounds nothing; the offset c - A . centre is rounded four
    times, and takes over the error of the slopes.
    """
    shift = np.abs(A) @ np.abs(centre)
    offset = e * (1 + np.abs(centre).sum() / scale) + 4 * U * (np.abs(c) + shift)
    return (e / scale) * SLACK + TINY, offset * SLACK + TINY


def rounding_error(numbers: np.ndarray) -> np.ndarray:
    """Error of numbers that were rounded from the exact ones, once."""
    error: np.ndarray = 2 * U * np.abs(numbers) * SLACK + TINY
    return error


def forward_error(
    h: np.ndarray, e: np.ndarray, W: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Preactivations (n, n_out) from activations h (n, n_in) known within e, and their errors."""
    size = np.abs(h) + FLOOR
    error = (e + (W.shape[1] + 8) * U * size) @ np.abs(W).T + 8 * U * np.abs(bias)
    return h @ W.T + bias, error * SECOND_ORDER + TINY


def at_least(value: Fraction) -> float:
    """The least float64 that is not less than a rational >= 0: positive unless that is 0."""
    found = nearest(value)
    return found if found == np.inf or Fraction(found) >= value else float(np.nextafter(found, np.inf))
