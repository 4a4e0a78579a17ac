"""Every error bound of float64 that a decision rests on, with its proof: what all have in common, and of
points and lines; those of maps (4, 5, 6, 8 and 10 to 12) are in `map_bounds`.

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
7. *Box* (`box_bound`): all points with |x - cx| <= rx and |y - cy| <= ry. There the true value differs
   from the stored one at the centre by at most |a| rx + |b| ry + e (|cx| + rx + |cy| + ry + 1), and
   rounding of that is as in 1; 8u instead of 4u covers one more sum. `box_side` makes such a box of
   coordinates that are known up to d: four roundings of numbers of at most their size.
9. *Points of the plane* (`forward_error`): one forward pass; a layer of n inputs is off by (n + 8) u of
   the absolute terms, after each input was off by its own error and 4u of its size.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from geomtoy.activations import nearest as nearest  # one of the bounds, for those below
from geomtoy.kernels import inlined

U = 2.0**-53
SLACK = 1.0 + 2.0**-40
TINY = 1e-300
FLOOR = 2.0**-1020
SECOND_ORDER = 1.0 + 1e-6
SUBNORMAL = Fraction(1, 2**1000)
"""Numbers of less than this size may be held by float64 with few digits."""

CORNER = 2.0 * U
"""Error of a frame corner, which is at most 1, where it is rounded."""


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
