"""Theorem 2.1 of arXiv 2407.02678 (from 2312.01648), as something that can be checked.

Row i of MHA(X) lies in the Minkowski sum over heads of Hull{(V_h O_h)^T x_j : j <= i}. Attention itself
proves it, because its weights are those of the point; a linear programme decides it for any point
without them, and whatever it answers comes with a certificate: weights, or a separating direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat
from jaxtyping import Num, Shaped
from scipy.optimize import linprog

from geomtoy.errors import GeomtoyError, SettingError

Numbers = np.ndarray
"""float64, or an object array of Fractions, which is computed with exactly."""


def head_vertices(
    x: Shaped[Numbers, "k d"], W_V: Shaped[Numbers, "H d f"], W_O: Shaped[Numbers, "H f d"]
) -> Shaped[Numbers, "H k d"]:
    """(V_h O_h)^T x_j: the points whose hulls are summed, for the k tokens up to the one looked at."""
    return x @ W_V @ W_O


def minkowski_point(
    weights: Shaped[Numbers, "H k"], vertices: Shaped[Numbers, "H k d"]
) -> Shaped[Numbers, " d"]:
    """The point of the Minkowski sum with these weights; with attention's weights, row i of MHA(X).

    Raises:
        SettingError: weights are negative or do not sum to 1 (exactly, or within 1e-12 for floats).
    """
    slack = 0 if weights.dtype == object else 1e-12
    if (weights < 0).any() or (abs(weights.sum(axis=1) - 1) > slack).any():
        raise SettingError("the weights of a head are negative or do not sum to 1; give convex weights")
    return (weights[..., None] * vertices).sum(axis=(0, 1))


@dataclass(frozen=True, eq=False)
class Membership:
    """Where a point is, seen from a Minkowski sum.

    Args:
        distance: in the maximum norm, 0 inside.
        weights: (H, k), of the nearest point found.
        direction: (d,), in which the point lies farther than the sum reaches, if it is outside.
    """

    distance: float
    weights: Num[np.ndarray, "H k"]
    direction: Num[np.ndarray, " d"]


def membership(point: Num[np.ndarray, " d"], vertices: Num[np.ndarray, "H k d"]) -> Membership:
    """Distance of a point from the sum over heads of Hull{vertices[h]}, by a linear programme.

    Cost: one programme with H k + 1 variables and 2 d + H constraints, solved by HiGHS to 1e-10.
    """
    H, k, d = vertices.shape
    A = vertices.reshape(H * k, d).T
    distance = np.ones((d, 1))
    solved = linprog(
        np.append(np.zeros(H * k), 1.0),
        A_ub=np.block([[A, -distance], [-A, -distance]]),
        b_ub=np.concatenate([point, -point]),
        A_eq=np.hstack([np.kron(np.eye(H), np.ones(k)), np.zeros((H, 1))]),
        b_eq=np.ones(H),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if not solved.success:
        raise GeomtoyError(f"the linear programme of membership failed: {solved.message}")
    above, below = solved.ineqlin.marginals.reshape(2, d)
    return Membership(max(solved.fun, 0.0), solved.x[:-1].reshape(H, k), above - below)


def is_separated(
    point: Num[np.ndarray, " d"], vertices: Num[np.ndarray, "H k d"], direction: Num[np.ndarray, " d"]
) -> bool:
    """Whether the point lies farther along a direction than every point of the Minkowski sum.

    Exactness: exact for the stored floats; True proves that the point is outside.
    """
    exact = np.frompyfunc(Fraction, 1, 1)
    c = exact(direction)
    return bool(c @ exact(point) > (exact(vertices) @ c).max(axis=1).sum())


def effective_dimension(
    vertices: Shaped[Numbers, "H k d"], weights: Shaped[Numbers, "H k"], *, tolerance: float = 1e-10
) -> int:
    """Dimension of the sum over heads of Hull{vertices[h, j] : weights[h, j] > 0}.

    It is the rank of all differences of vertices within a head.

    Exactness: exact for Fractions; for floats, singular values above tolerance times the greatest.
    """
    differences = [
        points[w > 0][1:] - points[w > 0][0] for points, w in zip(vertices, weights, strict=True)
    ]
    return _rank(np.concatenate(differences), tolerance)


def dimension_bound(weights: Shaped[Numbers, "H k"]) -> int:
    """Equation 7: sum_h #{j : weights[h, j] > 0}.

    Softmax weights are never 0, so for soft attention this is H k whatever the weights, apart from
    those too small for a float; hard attention has one a head.
    """
    return int((weights > 0).sum())


def hull_dimension_bound(weights: Shaped[Numbers, "H k"]) -> int:
    """sum_h (k_h - 1), tighter than equation 7: a hull of k_h points has dimension at most k_h - 1."""
    return dimension_bound(weights) - len(weights)


def _rank(rows: Numbers, tolerance: float) -> int:
    if not rows.size:
        return 0
    if rows.dtype == object:
        entries = [fmpq(z.numerator, z.denominator) for z in map(Fraction, rows.ravel())]
        return int(fmpq_mat(len(rows), rows.shape[1], entries).rank())
    singular = np.linalg.svd(rows, compute_uv=False)
    return int((singular > tolerance * singular[0]).sum())
