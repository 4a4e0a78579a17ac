"""Hard attention with the query token moving on a plane: exact polygons, discontinuous across ties.

Keys of the other tokens stand still, so each head's scores are affine in the moving query, and the head
cuts the plane into a power diagram: on each cell it attends to one token. Where all heads have chosen,
the block up to the MLP is affine and the MLP cuts the cell as it would any convex window. The query's
score with itself is quadratic; it is masked, or its key is held still at the slice's origin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq_mat

from geomtoy.block_arrays import BlockArrays, require_block
from geomtoy.errors import BudgetError, SettingError, SliceError
from geomtoy.network import parameter
from geomtoy.regions import CellComplex, enumerate_regions
from geomtoy.regions.numbers.rationals import as_fmpq
from geomtoy.regions.power_diagram import Polygon, Row, enumerate_power_cells
from geomtoy.slices import UNIT_SQUARE, Slice, convex_window, require_plane
from geomtoy.views.borders import Piecewise
from geomtoy.views.hidden_layers import needs_plain_attention
from geomtoy.views.rational_block import constant, mlp_on, moving_token, rational, value_and_output
from geomtoy.views.result import BlockRegions

SELF_KEYS = ("masked", "still")


@dataclass(frozen=True, eq=False)
class HardCells:
    """A window cut first by the heads' choices, then by the MLP.

    Args:
        choices: (attention cells, H) token that each head attends to; T - 1 is the query itself.
        polygons: window of each attention cell, exact.
        pieces: the MLP's partition of each.
    """

    choices: np.ndarray
    polygons: list[Polygon]
    pieces: list[CellComplex]

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    @cached_property
    def _whole(self) -> Piecewise:
        return Piecewise(self.pieces)

    @cached_property
    def linear_region(self) -> np.ndarray:
        """(cells,) label of each cell's linear region, joined also across score ties."""
        return self._whole.linear_regions()

    @property
    def n_linear_regions(self) -> int:
        return int(self.linear_region.max()) + 1

    @cached_property
    def continuous(self) -> bool:
        """Whether the output is continuous across all score ties inside the window."""
        return self._whole.continuous()


def enumerate_hard_attention(
    block: BlockArrays,
    tokens: Any,
    plane: Slice,
    *,
    window: Any = UNIT_SQUARE,
    self_key: str = "masked",
    linear: bool = True,
    max_regions: int | None = None,
) -> BlockRegions:
    """Enumerate the regions of a hard-attention block whose query token moves on a plane.

    Args:
        block: without LayerNorm, with hard attention.
        tokens: (T - 1, d) the tokens before the query; they stand still.
        plane: where the query moves, in R^d.
        window: convex polygon in slice coordinates.
        self_key: "masked", the query does not attend to itself; "still", it does, with the key that it
            has at the plane's origin (its value moves).
        linear: whether to join cells of one map into linear regions (else None).
        max_regions: stop rather than build more cells than this.
    Raises:
        SettingError: the block is soft or has LayerNorm, self_key is unknown, or there is nothing to
            attend to.
        NetworkError: the block is none, or has a norm before attention, or a token's number is not
            finite.
        SliceError: tokens or plane have another dimension than the block, or the plane is none.
        BudgetError: there are more than max_regions cells.
    Exactness: exact for the stored parameters; of equal scores the first token has the greatest.
    Cost: heads x (attention cells) power diagrams of T functions in rational arithmetic, then one
        enumeration an attention cell.
    """
    require_block(block)
    require_plane(plane)
    _check(block, self_key)
    x = _tokens(block, tokens, plane, self_key)
    own = x.nrows() - 1 if self_key == "still" else -1
    window_corners = [(as_fmpq(a), as_fmpq(b)) for a, b in convex_window(window)]
    query = moving_token(plane)
    rows = [_score_rows(block, h, query, x) for h in range(block.n_heads)]
    choices, polygons, pieces, found = [], [], [], 0
    for chosen, polygon in _overlay(rows, window_corners):
        network = mlp_on(block, _mlp_input(block, chosen, query, x, own))
        room = None if max_regions is None else max_regions - found
        if room is not None and room < 1:
            raise BudgetError(f"there are more than max_regions = {max_regions} regions; raise it")
        cells = enumerate_regions(network, window=_as_window(polygon), max_regions=room)
        found += len(cells)
        choices.append(chosen)
        polygons.append(polygon)
        pieces.append(cells)
    cells = HardCells(np.array(choices), polygons, pieces)
    return BlockRegions(
        view=f"hard attention, query moving, own key {self_key}",
        guarantee="exact; pieces may be discontinuous across score ties",
        certified=True,
        regions=len(cells),
        linear_regions=cells.n_linear_regions if linear else None,
        cells=cells,
    )


def _check(block: BlockArrays, self_key: str) -> None:
    if not block.hard:
        raise SettingError(
            "softmax attention is not piecewise affine; use a block with hard attention, the frozen "
            "view, or an estimate"
        )
    if block.layer_norm:
        raise SettingError(
            "LayerNorm is not piecewise affine; use a block without it or the frozen view"
        )
    needs_plain_attention(block)
    if self_key not in SELF_KEYS:
        raise SettingError(f"self_key {self_key!r} is unknown; use one of {', '.join(SELF_KEYS)}")


def _tokens(block: BlockArrays, tokens: Any, plane: Slice, self_key: str) -> fmpq_mat:
    """Tokens whose keys compete: those that stand still, and the query's reference if it takes part."""
    still = parameter("tokens", tokens)
    if still.size == 0:
        still = still.reshape(0, block.d_model)
    if still.ndim != 2:
        raise SliceError(f"tokens have shape {still.shape}; give an array (T - 1, {block.d_model})")
    if still.shape[1] != block.d_model or plane.dimension != block.d_model:
        raise SliceError(
            f"tokens have dimension {still.shape[1]} and the plane {plane.dimension}, but the block "
            f"takes {block.d_model}; make them equal"
        )
    if self_key == "still":
        still = np.vstack([still.astype(object), np.array([plane.origin], dtype=object)])
    if not len(still):
        raise SettingError(
            "the query has nothing to attend to; give a token before it or self_key='still'"
        )
    return rational(still)


def _score_rows(block: BlockArrays, head: int, query: fmpq_mat, x: fmpq_mat) -> list[Row]:
    """Score of each token as an affine function of slice coordinates."""
    scores = query * rational(block.W_Q[head]) * rational(block.W_K[head]).transpose() * x.transpose()
    sign = as_fmpq(Fraction(float(block.scale)))
    return [
        (sign * scores[0, j], sign * scores[1, j], sign * scores[2, j]) for j in range(scores.ncols())
    ]


def _overlay(rows: list[list[Row]], window: Polygon) -> Iterator[tuple[tuple[int, ...], Polygon]]:
    """The heads' power diagrams on top of each other, one head after the other."""
    cells: list[tuple[tuple[int, ...], Polygon]] = [((), window)]
    for of_head in rows:
        cells = [
            ((*chosen, j), cell)
            for chosen, polygon in cells
            for j, cell in enumerate_power_cells(of_head, polygon)
        ]
    yield from cells


def _mlp_input(
    block: BlockArrays, chosen: tuple[int, ...], query: fmpq_mat, x: fmpq_mat, own: int
) -> fmpq_mat:
    """Rows (3, d) of the residual stream before the MLP, in slice coordinates, where heads chose so."""
    total = query if block.residual else query * 0
    for head, j in enumerate(chosen):
        attended = query if j == own else constant(x, j)
        total = total + attended * value_and_output(block, head)
    return total


def _as_window(polygon: Polygon) -> list[tuple[Fraction, Fraction]]:
    return [(Fraction(int(a.p), int(a.q)), Fraction(int(b.p), int(b.q))) for a, b in polygon]
