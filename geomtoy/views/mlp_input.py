"""The MLP's own input space: its hyperplanes on a plane through points that the block reaches."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from scipy.optimize import linprog

from geomtoy.block_arrays import BlockArrays, require_block
from geomtoy.errors import SliceError, WindowError
from geomtoy.network import Network
from geomtoy.normed import Norm, NormedNetwork
from geomtoy.regions import enumerate_regions
from geomtoy.slices import Slice, require_plane
from geomtoy.views.hidden_layers import needs_plain_attention
from geomtoy.views.hull import convex_hull
from geomtoy.views.result import BlockRegions


def enumerate_mlp_input(
    block: BlockArrays, plane: Slice, window: Any, *, max_regions: int | None = None
) -> BlockRegions:
    """Enumerate the regions of a block's MLP on a plane of the space before it (resid_mid).

    Args:
        plane: in R^d; see `plane_through` and `principal_plane`.
        window: convex polygon in slice coordinates, such as the reachable set.
    Raises:
        NetworkError: the block is none.
        SliceError: the plane has another dimension than the block, or is none.
        BudgetError: there are more than max_regions cells.
    Exactness: exact. A LayerNorm before the MLP bends borders into conics, arcs of circles on a sphere
        (`geomtoy.circles`); linear regions are then those with one affine map of the normalised vector.
    """
    require_plane(plane)
    cells = enumerate_regions(mlp_network(block), slice=plane, window=window, max_regions=max_regions)
    behind = ", of the normalised vector behind LayerNorm" if block.layer_norm else ""
    return BlockRegions(
        view="MLP input space",
        guarantee="exact" + behind,
        certified=True,
        regions=len(cells),
        linear_regions=cells.n_linear_regions,
        cells=cells,
    )


def mlp_network(block: BlockArrays) -> Network | NormedNetwork:
    """What a block computes from resid_mid: its MLP, behind LayerNorm if there is one.

    Raises:
        NetworkError: the block is none.
    """
    require_block(block)
    if not block.layer_norm:
        return block.mlp
    gain, shift = np.asarray(block.norm_gain), np.asarray(block.norm_bias)
    return NormedNetwork(
        None, Norm(gain, shift, Fraction(block.norm_epsilon), block.centred_norm), block.mlp
    )


def plane_through(points: np.ndarray) -> tuple[Slice, list[tuple[int, int]]]:
    """The plane through three points (3, d), and their triangle as its window.

    Raises:
        SliceError: the points lie on one line.
    """
    if np.shape(points)[0] != 3:
        raise SliceError(f"{len(points)} points given; a plane goes through three")
    a, b, c = ([Fraction(x) for x in row] for row in np.asarray(points).tolist())
    u, v = ([q - p for p, q in zip(a, end, strict=True)] for end in (b, c))
    return Slice(tuple(a), tuple(u), tuple(v)), [(0, 0), (1, 0), (0, 1)]


def principal_plane(points: np.ndarray) -> tuple[Slice, list[tuple[float, float]]]:
    """The plane through the mean of points (n, d) along their two principal axes, and, as its window,
    the convex hull of the points projected onto it.

    Raises:
        SliceError: the points lie on one line.
    """
    points = np.asarray(points, float)
    mean = points.mean(axis=0)
    _, spread, axes = np.linalg.svd(points - mean, full_matrices=False)
    if len(spread) < 2 or spread[1] <= 1e-12 * spread[0]:
        raise SliceError("the points lie on one line; look at them along a segment")
    plane = Slice(tuple(mean), tuple(axes[0]), tuple(axes[1]))
    return plane, convex_hull((points - mean) @ axes[:2].T)


def reachable_window(block: BlockArrays, tokens: np.ndarray, plane: Slice) -> list[tuple[float, float]]:
    """Where a plane meets everything that attention could give: the query plus the Minkowski sum over
    heads of the hull of the tokens' values (theorem 2.1), as a polygon in slice coordinates.

    Raises:
        WindowError: the plane meets it in less than a polygon.
        NetworkError: the block is none, or has a norm before attention.
        SliceError: the plane is none.
    Exactness: corners are found by linear programmes in float64, to about 1e-9; counts inside the
        polygon returned are exact.
    """
    require_block(block)
    require_plane(plane)
    needs_plain_attention(block)
    tokens = np.asarray(tokens, float)
    values = np.einsum("td,hdf,hfe->hte", tokens, block.W_V, block.W_O)
    start = np.array(plane.origin, float) - (tokens[-1] if block.residual else 0.0)
    corners = _support_polygon(values, start, np.array([plane.u, plane.v], float))
    hull = convex_hull(np.array(corners))
    if len(hull) < 3:
        raise WindowError(
            "the plane meets the reachable set in no polygon; take one through reached points"
        )
    return hull


def _support_polygon(values: np.ndarray, start: np.ndarray, axes: np.ndarray) -> list[np.ndarray]:
    """Extreme points of {(s, t): start + (s, t) . axes = sum_h sum_j weight_hj values_hj}."""
    H, T, d = values.shape
    on_plane = np.hstack([axes.T, -values.reshape(H * T, d).T])
    per_head = np.hstack([np.zeros((H, 2)), np.kron(np.eye(H), np.ones(T))])
    equal, to = np.vstack([on_plane, per_head]), np.concatenate([-start, np.ones(H)])
    bounds = [(None, None)] * 2 + [(0, None)] * (H * T)

    def extreme(direction: np.ndarray) -> np.ndarray:
        cost = np.concatenate([-direction, np.zeros(H * T)])
        found = linprog(cost, A_eq=equal, b_eq=to, bounds=bounds, method="highs")
        if found.status != 0:
            raise WindowError("the plane misses the reachable set; take one through reached points")
        corner: np.ndarray = found.x[:2]
        return corner

    corners = [extreme(np.array(d)) for d in ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))]
    gaps = [(corners[k], corners[(k + 1) % 4]) for k in range(4)]
    while gaps:
        p, q = gaps.pop()
        normal = np.array([q[1] - p[1], p[0] - q[0]])
        if np.linalg.norm(normal) < 1e-9:
            continue
        r = extreme(normal / np.linalg.norm(normal))
        if (r - p) @ normal > 1e-9 * np.linalg.norm(normal):
            corners.append(r)
            gaps += [(p, r), (r, q)]
    return corners
