"""The sphere behind a norm: on a slice, a normed network is a network of three inputs, a unit vector.

With y = Y (s, t, 1) on the slice (less its mean, for LayerNorm) the squared deviation is a quadratic
form Q of
(s, t, 1). Q = U^T diag(D) U with U upper triangular and 1 on its diagonal, so that p = U (s, t, 1) has
p3 = 1 and
omega = (sqrt(D_k) p_k / sigma) is a unit vector: the slice becomes the half sphere omega_3 > 0, seen
from its
centre, and y / sigma is linear in omega. Everything exact happens in p, everything in float64 in omega.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from geomtoy.activations import nearest
from geomtoy.circles.exact import Circle, Geometry, Triple
from geomtoy.errors import SettingError, SliceError
from geomtoy.normed import NormedNetwork
from geomtoy.slices import Slice, convex_window

U = 2.0**-53
TINY, FLOOR = 1e-300, 2.0**-1020
"""More than what underflow loses of a sum, and, times U, of a number before a weight multiplies it."""


def rational(x: Any) -> fmpq:
    return fmpq(*x.as_integer_ratio())


def _nearest(x: fmpq) -> float:
    return nearest(Fraction(int(x.p), int(x.q)))


@dataclass(frozen=True, eq=False)
class Sphere:
    """A slice behind a norm, exactly.

    Args:
        network, slice: what is cut, and where.
        basis: (d, 3) rationals; the normalised vector is basis . p / sigma + norm bias.
        shear: U; p = U (s, t, 1).
        geometry: of diag(D).
        corners: of the window, exact, counter-clockwise; None for the whole plane.
    """

    network: NormedNetwork
    slice: Slice | None
    basis: fmpq_mat
    shear: tuple[fmpq, fmpq, fmpq]
    geometry: Geometry
    corners: tuple[tuple[Fraction, Fraction], ...] | None

    # --- places -----------------------------------------------------------------------------------

    def to_p(self, s: fmpq, t: fmpq) -> Triple:
        u12, u13, u23 = self.shear
        return s + u12 * t + u13, t + u23, fmpq(1)

    def to_slice(self, omega: np.ndarray) -> np.ndarray:
        """Unit vectors (..., 3) -> slice coordinates (..., 2), in float64; infinite on the rim."""
        (ss, st, s0), (tt, t0) = self._slice_rows
        with np.errstate(all="ignore"):
            x, y = (omega[..., k] / omega[..., 2] for k in (0, 1))
            return np.stack([ss * x + st * y + s0, tt * y + t0], axis=-1)

    @cached_property
    def _slice_rows(self) -> list[list[float]]:
        """Slice coordinates s and t as affine functions of omega_1 / omega_3 and omega_2 / omega_3, of
        the latter alone."""
        (u12, u13, u23), (a, b, c) = self.shear, self.geometry.roots
        rows = (c / a, -u12 * c / b, u12 * u23 - u13), (c / b, -u23)
        return [[_nearest(x) for x in row] for row in rows]

    # --- the window -------------------------------------------------------------------------------

    @cached_property
    def sides(self) -> tuple[Circle, ...]:
        """Great circles of the window's sides, positive inside; for the plane the rim alone."""
        zero = fmpq(0)
        if self.corners is None:
            return (Circle((zero, zero, fmpq(1)), zero),)
        around = [self.to_p(rational(s), rational(t)) for s, t in self.corners]
        return tuple(
            Circle(
                (
                    p[1] * q[2] - p[2] * q[1],
                    p[2] * q[0] - p[0] * q[2],
                    p[0] * q[1] - p[1] * q[0],
                ),
                zero,
            )
            for p, q in pairwise([*around, around[0]])
        )

    # --- the first layer behind the norm ----------------------------------------------------------

    def first_circle(self, unit: int) -> Circle:
        """Preactivation of a unit of the first layer behind the norm, times sigma."""
        W, b = self.network.after.layers[0]
        weights = fmpq_mat(1, W.shape[1], [rational(x) for x in W[unit].tolist()])
        m = weights * self.basis
        c = (weights * self._bias)[0, 0] + rational(
            b[unit].item() if hasattr(b[unit], "item") else b[unit]
        )
        return Circle((m[0, 0], m[0, 1], m[0, 2]), c)

    @cached_property
    def _bias(self) -> fmpq_mat:
        bias = [rational(x) for x in self.network.norm.bias.tolist()]
        return fmpq_mat(len(bias), 1, bias)

    def first_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """The first layer as a layer of the unit vector: rows (4, n), and a bound (n,) on each entry's
        error.

        A sum of d products of rounded factors is off by at most (d + 8) u times the sum of their sizes,
        and by what underflows: less than 2^-1074 for each factor and product.
        """
        W, b = (x.astype(float) for x in self.network.after.layers[0])
        d = W.shape[1]
        entries = zip(self.basis.entries(), d * self.geometry.roots, strict=True)
        basis = np.array([_nearest(x / root) for x, root in entries]).reshape(d, 3)
        bias = self.network.norm.bias.astype(float)
        rows = np.vstack([(W @ basis).T, W @ bias + b])
        size = np.abs(W) @ np.column_stack([np.abs(basis).max(axis=1) + FLOOR, np.abs(bias) + FLOOR])
        error = (d + 12) * U * (np.maximum(size[:, 0], size[:, 1] + np.abs(b))) + TINY
        return rows, error


def make_sphere(network: NormedNetwork, slice: Slice | None, window: Any) -> Sphere:
    """The sphere of a network on a slice and a window (None for the whole plane).

    Raises:
        SliceError: the slice does not fit the network.
        WindowError: the window is not convex or has no area.
        DegenerateSliceError: the norm's input does not change along two directions of the slice, or the
            deviation is 0 at a point of it.
    """
    basis = _basis(network, slice)
    norm = network.norm
    d = norm.width
    if norm.centred:
        basis = _less_means(basis, d)
    form = basis.transpose() * basis / fmpq(d)
    form[2, 2] += rational(norm.epsilon)
    corners = None if window is None else convex_window(window)
    _refuse_narrow(network, basis)
    D, shear = _diagonal(form)
    gained = fmpq_mat(
        d, 3, [rational(g) * basis[j, k] for j, g in enumerate(norm.gain.tolist()) for k in range(3)]
    )
    u12, u13, u23 = shear
    inverse = fmpq_mat(3, 3, [1, -u12, u12 * u23 - u13, 0, 1, -u23, 0, 0, 1])
    return Sphere(network, slice, gained * inverse, shear, Geometry(D), corners)


class DegenerateSliceError(SettingError):
    """The deviation has no minimum at one point of the slice, or vanishes there."""


def _refuse_narrow(network: NormedNetwork, basis: fmpq_mat) -> None:
    """Refuse planes that the norm sees as a line or a point: there are no circles then."""
    norm = network.norm
    directions = fmpq_mat(norm.width, 2, [basis[j, k] for j in range(norm.width) for k in range(2)])
    rank = directions.rank()
    if rank == 2:
        return
    if norm.centred and norm.width == 2:
        why = "LayerNorm of two numbers keeps but one direction of any plane; take one of three or more"
    elif rank == 1:
        why = "the norm's input changes along one direction of the plane only; choose another u or v"
    else:
        why = "the norm's input does not change on the plane, nor the output; choose another u and v"
    raise DegenerateSliceError(why)


def _diagonal(form: fmpq_mat) -> tuple[Triple, tuple[fmpq, fmpq, fmpq]]:
    """D and U of Q = U^T diag(D) U, for a form that changes along both directions of the slice."""
    d1 = form[0, 0]
    u12, u13 = form[0, 1] / d1, form[0, 2] / d1
    d2 = form[1, 1] - u12 * u12 * d1
    u23 = (form[1, 2] - u12 * u13 * d1) / d2
    d3 = form[2, 2] - u13 * u13 * d1 - u23 * u23 * d2
    if d3 == 0:
        raise DegenerateSliceError(
            "the deviation and epsilon are 0 at a point of the plane, where the norm is not defined; "
            "give epsilon > 0"
        )
    return (d1, d2, d3), (u12, u13, u23)


def _basis(network: NormedNetwork, slice: Slice | None) -> fmpq_mat:
    """What the norm is given, as linear functions of (s, t, 1): (d, 3)."""
    if slice is None and network.d_in != 2:
        raise SliceError(f"the network takes {network.d_in} inputs; give a Slice to look at")
    if not isinstance(slice, Slice | None):
        raise SliceError(f"a slice is a geomtoy.Slice here, no {type(slice).__name__}; make one")
    if slice is not None and slice.dimension != network.d_in:
        raise SliceError(
            f"the slice lies in dimension {slice.dimension} but the network takes {network.d_in} "
            "inputs; make them equal"
        )
    if slice is None:
        inputs: Sequence[Sequence[Any]] = [(1, 0, 0), (0, 1, 0)]
    else:
        inputs = list(zip(slice.u, slice.v, slice.origin, strict=True))
    x = fmpq_mat(len(inputs), 3, [rational(z) for row in inputs for z in row])
    if network.before is None:
        return x
    W, b = network.before
    y = fmpq_mat(len(W), W.shape[1], [rational(z) for z in W.ravel().tolist()]) * x
    for j, constant in enumerate(b.tolist()):
        y[j, 2] += rational(constant)
    return y


def _less_means(basis: fmpq_mat, d: int) -> fmpq_mat:
    means = [sum((basis[j, k] for j in range(d)), fmpq(0)) / d for k in range(3)]
    return fmpq_mat(d, 3, [basis[j, k] - means[k] for j in range(d) for k in range(3)])
