"""A soft block on a plane: regions between curved borders, counted with proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from geomtoy.block_arrays import BlockArrays, require_block
from geomtoy.block_files import MOVING
from geomtoy.certified import Budget, CurveArrangement, arrange
from geomtoy.certified.exactly import Exact
from geomtoy.certified.layout import in_rows
from geomtoy.certified.patches import Series
from geomtoy.certified.prenorm import normed_series
from geomtoy.certified.series import Degree
from geomtoy.certified.softmax import patch_series
from geomtoy.errors import SettingError, WindowError
from geomtoy.slices import UNIT_SQUARE, Slice, convex_window, require_plane
from geomtoy.views.block_readout import BlockReadout, block_readout
from geomtoy.views.exact_values import TokensAt, exact_values
from geomtoy.views.hidden_layers import needs_relu_layers
from geomtoy.views.normed_plane import normed_functions
from geomtoy.views.plane_tokens import Frame, nearest, plane_tokens
from geomtoy.views.soft_plane import SELF_KEYS, attended, plane_functions


@dataclass(frozen=True, eq=False)
class PlaneRegions:
    """Regions of a soft block on a window of a plane: its connected parts on which no unit switches.

    Args:
        view: "plane, query moving", "plane, context moving" (with the own key if that does not), or
            "surface".
        kind: "exact", or "lower bound" where the proof stops.
        certified: whether `regions` is proven; the same as kind == "exact".
        guarantee: what was proven, in words.
        regions: their number if certified, otherwise `at_least`.
        at_least: there are at least so many regions, proven.
        crossings: (n, 2) slice coordinates where two borders cross.
        crossing_radius: (n,) how far, in each coordinate, the true crossing may be.
        crossing_units: (n, 2) a unit of each of the two borders; those of a second hidden layer are
            counted on from the first's.
        boundary_zeros: ends of borders on the window's boundary.
        curves: connected pieces of the borders of single units.
        loops: those that are closed.
        islands: connected parts of all borders together that miss the window's boundary.
        open_boxes: (m, 4, 2) corners, in slice coordinates, of boxes in which nothing is proven.
        evaluations: patches on which the block was expanded.
    """

    view: str
    kind: str
    certified: bool
    guarantee: str
    regions: int
    at_least: int
    crossings: np.ndarray
    crossing_radius: np.ndarray
    crossing_units: np.ndarray
    boundary_zeros: int
    curves: int
    loops: int
    islands: int
    open_boxes: np.ndarray
    evaluations: int


def count_regions_on_plane(
    block: BlockArrays,
    plane: Slice,
    *,
    tokens: Any = None,
    moving: str = "query",
    self_key: str = "moving",
    window: Any = UNIT_SQUARE,
    max_patches: int = 20_000,
) -> PlaneRegions:
    """Count the activation regions of a soft block on a window of a plane and prove the count.

    Args:
        block: softmax attention, with or without residual, a norm before it and a norm before the MLP,
            which has one or two hidden layers of ReLU units.
        plane: moving "query": where the last token moves, in R^d, attending to itself too; "context":
            where all T tokens move, one after another in R^(T d).
        tokens: moving "query": (T - 1, d) the tokens before it, which stand still; "context": None.
        self_key: of the last token, which attends to itself with a key that is "moving" as it does;
            "still": with the key that it has at the plane's origin (its value moves); "masked": not at
            all. The latter two are those of `enumerate_hard_attention`, the limit of sharp softmax.
        window: parallelogram in slice coordinates.
        max_patches: budget for the proof.
    Returns:
        kind "exact" where the proof succeeds; otherwise "lower bound", with the boxes that stayed open.
    Raises:
        SettingError: attention is hard; moving, self_key or max_patches is not one of the values above;
            self_key is not "moving" behind a norm before attention; or no token is left to attend to.
        NetworkError: the block is none, or its MLP is not one or two hidden layers of ReLU units.
        SliceError: tokens or plane do not fit the block, or the plane is none.
        WindowError: the window is no parallelogram.
    Exactness: for the real function whose parameters are the stored floats, rounding included. Proven
        means that every border is regular, every crossing transversal, alone and off the window's
        boundary, and no border passes through a corner; where one of these fails the guarantee says so.
        Units with proportional parameters have one border, units that are zero everywhere none.
    Cost: O(H T f) operations and as many exponentials for each patch; the number of patches grows with
        the sharpness of softmax and hardly with the number of units, whose pairs cost O(1) each.
    Source: see `geomtoy.certified.softmax` and `geomtoy.certified.curves`.
    """
    posed = pose(block, plane, tokens, moving, window, max_patches, self_key)
    return proven_regions(posed, max_patches)


@dataclass(frozen=True, eq=False)
class Posed:
    """A question about a block on a plane, as functions on the square [-1, 1]^2.

    Args:
        view: what was asked, as results name it.
        series: of all functions, on polydiscs.
        after: what follows attention; whose functions they are.
        exact: their values, as precise as one likes, or None.
        origin, axes: (2,), (2, 2) with (u, v) @ axes + origin in slice coordinates.
        frame: origin and axes as Fractions.
    """

    view: str
    series: Series
    after: BlockReadout
    exact: Exact | None
    origin: np.ndarray
    axes: np.ndarray
    frame: Frame

    def to_slice(self, points: np.ndarray) -> np.ndarray:
        """(n, 2) from the square to slice coordinates."""
        return np.asarray(points @ self.axes + self.origin)


def pose(
    block: BlockArrays,
    plane: Slice,
    tokens: Any,
    moving: str,
    window: Any,
    max_patches: int,
    self_key: str = "moving",
) -> Posed:
    """Check what `count_regions_on_plane` was asked, and pose it as functions; raises what it does."""
    require_block(block)
    require_plane(plane)
    if moving not in MOVING:
        raise SettingError(f"moving is {moving!r}; use 'query' or 'context'")
    if self_key not in SELF_KEYS:
        raise SettingError(f"self_key {self_key!r} is unknown; use one of {', '.join(SELF_KEYS)}")
    if block.attention_norm and self_key != "moving":
        raise SettingError("behind a norm before attention the query's own key is self_key='moving'")
    frame = parallelogram(window)
    at = plane_tokens(block.d_model, plane, frame, tokens, whole_context=moving == "context")
    if self_key == "masked" and at.exact.shape[1] == 1:
        raise SettingError("the query has nothing to attend to; give a token before it")
    to = attended(at.known, self_key, nearest([plane.origin[-block.d_model :]]))

    def series(after: BlockReadout) -> Series:
        if block.attention_norm:
            return partial(normed_series, in_rows(normed_functions(block, at.known, after)))
        return partial(patch_series, in_rows(plane_functions(block, at.known, after, to)))

    exact = at.at if self_key == "moving" else None
    view = f"plane, {moving} moving" + (f", own key {self_key}" if self_key != "moving" else "")
    return posed_on(block, view, frame, max_patches, series, exact)


def posed_on(
    block: BlockArrays,
    view: str,
    frame: Frame,
    max_patches: int,
    series: Callable[[BlockReadout], Series],
    tokens: TokensAt | None,
) -> Posed:
    """The functions that follow attention; raises what `count_regions_on_plane` does of the block.

    Without `tokens`, floats alone decide.
    """
    if block.hard:
        raise SettingError("hard attention has straight borders; use enumerate_hard_attention")
    if max_patches < 1:
        raise SettingError(f"max_patches is {max_patches}; make it 1 or more")
    needs_relu_layers(block.mlp, most=2)
    with np.errstate(all="ignore"):  # what overflows is unknown, and leaves boxes open
        after = block_readout(block)
        of_these = series(after) if len(after.units) else _no_series
    exact = None if tokens is None else exact_values(block, after, tokens)
    origin, axes = np.array(frame[0], float), np.array(frame[1:], float)
    return Posed(view, of_these, after, exact, origin, axes, frame)


def _no_series(
    u: float, v: float, ru: float, rv: float, D: Degree
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, bool]:
    """The series of no functions: those of a block none of whose units is ever on."""
    return np.empty((len(D.exponents), 0)), np.empty(0), np.empty(0), np.zeros(2), True


def proven_regions(posed: Posed, max_patches: int) -> PlaneRegions:
    """What can be proven within a budget."""
    budget = Budget(patches=max_patches)
    return plane_regions(posed, arrange(posed.series, budget, posed.after.folds, posed.exact))


def plane_regions(posed: Posed, found: CurveArrangement) -> PlaneRegions:
    """What was proven of the arrangement, in slice coordinates."""
    crossings, units = found.crossings, posed.after.units
    stretch = float(np.abs(posed.axes).sum(axis=0).max())
    rounding = 1e-15 * (np.abs(posed.origin).max() + stretch)
    return PlaneRegions(
        view=posed.view,
        kind="exact" if found.proven else "lower bound",
        certified=found.proven,
        guarantee=_guarantee(found.why),
        regions=found.regions if found.proven else found.at_least,
        at_least=found.at_least,
        crossings=posed.to_slice(np.column_stack([crossings["u"], crossings["v"]])),
        crossing_radius=crossings["radius"] * stretch + rounding,
        crossing_units=units[np.column_stack([crossings["f"], crossings["g"]])],
        boundary_zeros=found.boundary_zeros,
        curves=int(found.curve.max(initial=-1)) + 1,
        loops=found.loops,
        islands=found.islands,
        open_boxes=posed.to_slice(found.open_boxes[:, [[0, 2], [1, 2], [1, 3], [0, 3]]]),
        evaluations=found.patches,
    )


def _guarantee(why: str) -> str:
    if why:
        return f"at least so many regions, not certified: {why}"
    return "exact for the stored parameters: all borders regular, all crossings transversal and alone"


def parallelogram(window: Any) -> Frame:
    """Centre and half sides of a parallelogram: it is centre + [-1, 1] a + [-1, 1] b."""
    corners = convex_window(window)
    if len(corners) != 4 or any(
        corners[0][k] + corners[2][k] != corners[1][k] + corners[3][k] for k in range(2)
    ):
        raise WindowError("curved borders are counted on a parallelogram; give a window that is one")
    p, q, opposite, r = corners
    centre = ((p[0] + opposite[0]) / 2, (p[1] + opposite[1]) / 2)
    return centre, ((q[0] - p[0]) / 2, (q[1] - p[1]) / 2), ((r[0] - p[0]) / 2, (r[1] - p[1]) / 2)
