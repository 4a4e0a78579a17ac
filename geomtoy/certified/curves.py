"""Zero curves of analytic functions on the square [-1, 1]^2: cut into patches, prove, join, count.

The functions come as series on patches from whoever asks (`Series`), so that nothing here knows of
transformers. A patch is cut, near the middle but not at it (symmetric functions vanish there), until the
error of every function with a zero is small against its variation and `boxes.settle` succeeds. Corners
of patches are multiples of 2^-40, so that centres and radii are exact floats.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from os import cpu_count
from typing import Any

import numpy as np

from geomtoy.certified.bent_boxes import settle_folds
from geomtoy.certified.boxes import ARC, CROSSING, DONE, FULL, settle
from geomtoy.certified.boxes import SMALLEST as SMALLEST_BOX
from geomtoy.certified.exactly import Exact
from geomtoy.certified.folds import Folds
from geomtoy.certified.join import Junctions, join
from geomtoy.certified.patches import Patch, PatchAt, Series, patch_of
from geomtoy.certified.separate import separated
from geomtoy.certified.series import degree

GRID = 2.0**40
SMALLEST = 2.0**-20
SHARP = 1e-9  # greatest radius of a crossing that may lie in two boxes
MARGIN = (
    SMALLEST_BOX / 256
)  # and that, of the patch's width: small against the margin of its least boxes
TOGETHER = 16  # patches whose series are computed at once: kernels leave other threads alone
WIDEST = 2.0**-14  # greatest radius of others: borders that nearly touch ask for smaller patches


Box = tuple[float, ...]
"""Low and high u, low and high v."""


@dataclass(frozen=True)
class Budget:
    """How far to go, and parameters on which no count may depend.

    Args:
        patches: most patches.
        order: total degree of the series.
        tolerance: error of a function on a patch, relative to how much it varies there.
        ratio: where patches are cut, in (0.4, 0.6).
    """

    patches: int = 20_000
    order: int = 10
    tolerance: float = 1e-2
    ratio: float = 0.4881


@dataclass(frozen=True, eq=False)
class CurveArrangement:
    """What was proven of zero curves on [-1, 1]^2.

    Args:
        proven: whether the whole window was settled, and the formula of Euler below holds.
        why: where not, the reason in words.
        regions: 1 + crossings + boundary_zeros / 2 + islands, the number of connected pieces of the
            window without the curves, if proven.
        arcs, crossings: arrays of `boxes.ARC`, `boxes.CROSSING`.
        curve: (arcs,) the connected piece of one function's zero set that each arc belongs to.
        boundary_zeros: zeros of functions on the window's boundary.
        loops: curves that are closed.
        islands: connected components of the union of all curves that miss the boundary.
        open_boxes: (k, 4) u0, u1, v0, v1, where nothing is proven.
        at_least: proven lower bound of `regions`: distinct sign vectors proven at points, or the formula
            less what points of three curves, where nothing else is open, could take away.
        patches: number of patches looked at.
        patch_boxes: (patches, 4) u0, u1, v0, v1 of each; arcs of number k lie in row k - 1.
    """

    proven: bool
    why: str
    regions: int
    arcs: np.ndarray
    crossings: np.ndarray
    curve: np.ndarray
    boundary_zeros: int
    loops: int
    islands: int
    open_boxes: np.ndarray
    at_least: int
    patches: int
    patch_boxes: np.ndarray


@dataclass(eq=False)
class _Found:
    """What patches have shown: growing arrays of arcs and crossings, boxes that were looked at, boxes
    in which nothing is proven, and sign vectors at points."""

    arcs: np.ndarray = field(default_factory=lambda: np.zeros(4096, ARC))
    crossings: np.ndarray = field(default_factory=lambda: np.zeros(4096, CROSSING))
    n_arcs: int = 0
    n_crossings: int = 0
    looked: list[Box] = field(default_factory=list)
    open_boxes: list[Box] = field(default_factory=list)
    patterns: set[bytes] = field(default_factory=set)

    def add(self, kernel: Callable[..., tuple[int, int, int]], *known: Any) -> bool:
        """What a kernel finds, which writes behind what there is; whether it proved all."""
        while True:
            n_arcs, n_crossings, status = kernel(
                *known, self.arcs, self.n_arcs, self.crossings, self.n_crossings
            )
            if status != FULL:
                self.n_arcs, self.n_crossings = n_arcs, n_crossings
                return bool(status == DONE)
            self._grow()

    def _grow(self) -> None:
        self.arcs = np.concatenate([self.arcs, np.zeros_like(self.arcs)])
        self.crossings = np.concatenate([self.crossings, np.zeros_like(self.crossings)])


def arrange(
    series: Series, budget: Budget, folds: Folds | None = None, exact: Exact | None = None
) -> CurveArrangement:
    """Prove the arrangement of the zero curves of all functions, those with folds included.

    `exact` values, if given, tell apart what floats do not.

    Exactness: `proven` says that every curve is regular, every crossing transversal, alone and off the
        window's boundary, and no curve passes through a corner of the window.
    Cost: one call of `series` for each patch, and O(n^2) tests of pairs on it for n curves there.
    Source: Plantinga and Vegter 2004 for curves by subdivision; Euler's formula.
    """
    patch_at = partial(patch_of, series, D=degree(budget.order), folds=folds)
    found = _explored(patch_at, budget)
    arcs, crossings = found.arcs[: found.n_arcs], found.crossings[: found.n_crossings]
    if found.open_boxes:
        junctions = Junctions.nothing(arcs, crossings, f"{len(found.open_boxes)} boxes are open")
    else:
        junctions = join(arcs, *separated(crossings, patch_at, exact))
    regions = 1 + len(junctions.crossings) + junctions.boundary_zeros // 2 + junctions.islands
    at_least = 1 if junctions.doubtful is None else regions - junctions.doubtful
    return CurveArrangement(
        not junctions.why,
        junctions.why,
        regions,
        arcs,
        junctions.crossings,
        junctions.curve,
        junctions.boundary_zeros,
        junctions.loops,
        junctions.islands,
        np.array(found.open_boxes).reshape(-1, 4),
        max(at_least, len(found.patterns)),
        len(found.looked),
        np.array(found.looked).reshape(-1, 4),
    )


def _explored(patch_at: PatchAt, budget: Budget) -> _Found:
    """Cut the window into patches until each is settled or hopeless, or there are too many."""
    found, pending = _Found(), _start(budget.ratio)
    looked = found.looked
    with ThreadPoolExecutor(cpu_count()) as pool:
        while pending and len(looked) < budget.patches:
            k = max(len(pending) - min(TOGETHER, budget.patches - len(looked)), 0)
            boxes, pending = pending[k:], pending[:k]
            for box, patch in zip(boxes, pool.map(patch_at, boxes), strict=True):
                looked.append(box)
                found.patterns |= patch.pattern
                if patch.coarseness <= budget.tolerance and _settled(patch, box, len(looked), found):
                    continue
                if max(box[1] - box[0], box[3] - box[2]) < SMALLEST or patch.hopeless():
                    found.open_boxes.append(box)
                else:
                    pending += _cut(box, budget.ratio, patch.variation, len(looked))
    found.open_boxes += pending
    return found


def _settled(patch: Patch, box: Box, number: int, found: _Found) -> bool:
    """Add a patch's arcs and crossings, or none if not all are proven."""
    where, before = np.array(box), (found.n_arcs, found.n_crossings)
    settled = True
    if len(patch.functions):
        known = patch.c, patch.error, patch.slope, patch.functions
        settled = found.add(settle, *known, number, where, patch.D)
    if settled and patch.folded is not None:
        settled = found.add(settle_folds, patch.folded, number, where, patch.D)
    new = found.crossings[before[1] : found.n_crossings]
    sharp = min(SHARP, MARGIN * min(box[1] - box[0], box[3] - box[2]))
    if not settled or (new["radius"] > np.where(new["straddles"] == 1, sharp, WIDEST)).any():
        found.n_arcs, found.n_crossings = before
        return False
    return True


def _start(ratio: float) -> list[Box]:
    return _cut((-1.0, 1.0, -1.0, 1.0), ratio, np.zeros(2), 0)


def _cut(box: Box, ratio: float, variation: np.ndarray, number: int) -> list[Box]:
    """Halves across the axis along which scores vary more, or quarters where they vary alike.

    A side shorter than SMALLEST is not cut: the other one is longer, and what is open there stays open.
    """
    u0, u1, v0, v1 = box
    shift = ((number * 0.6180339887) % 1.0 - 0.5) * 0.02  # no two patches are cut alike
    u = np.round((u0 + (ratio + shift) * (u1 - u0)) * GRID) / GRID
    v = np.round((v0 + (1 - ratio + shift) * (v1 - v0)) * GRID) / GRID
    along_u, along_v = variation
    wide_u, wide_v = u1 - u0 >= SMALLEST, v1 - v0 >= SMALLEST
    us = (u0, u, u1) if wide_u and not (wide_v and along_v > 2 * along_u) else (u0, u1)
    vs = (v0, v, v1) if wide_v and not (wide_u and along_u > 2 * along_v) else (v0, v1)
    return [(a, b, c, d) for c, d in pairwise(vs) for a, b in pairwise(us)]
