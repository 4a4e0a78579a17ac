"""Brackets of all zeros of a block's preactivations on an interval of time, by adaptive subdivision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from geomtoy.views.balls import exact_time
from geomtoy.views.folded import FoldedBlock
from geomtoy.views.roots import CORE, Roots, isolate_roots
from geomtoy.views.taylor import SLACK, TaylorModel
from geomtoy.views.time_models import preactivation_models

ORDER = 12
CHUNK = 1 << 17  # numbers in one coefficient of one chunk's scores or tokens


@dataclass(frozen=True)
class Bracket:
    """Exactly one zero of a unit, simple, in [low, high], where its preactivation is monotone."""

    unit: int
    low: fmpq
    high: fmpq


@dataclass(frozen=True, eq=False)
class Isolation:
    """Brackets, unordered (one zero may have several), intervals left open (o, 2), and pieces used."""

    brackets: list[Bracket]
    open_intervals: np.ndarray
    n_pieces: int


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Pieces of time [low, high], each with the error that halving its parent should have lowered."""

    low: np.ndarray
    high: np.ndarray
    error: np.ndarray

    def __getitem__(self, chosen: slice | np.ndarray) -> _Pieces:
        return _Pieces(self.low[chosen], self.high[chosen], self.error[chosen])

    def __len__(self) -> int:
        return len(self.low)

    def halves(self, error: np.ndarray) -> _Pieces:
        middle = (self.low + self.high) / 2
        return _Pieces(np.r_[self.low, middle], np.r_[middle, self.high], np.tile(error, 2))


def isolate_borders(block: FoldedBlock, low: float, high: float, max_pieces: int) -> Isolation:
    """Brackets of the zeros of all units on [low, high], or open intervals where there is no proof.

    A piece is halved while a unit on it is open and halving lowers the error of its Taylor model.
    Cost: `preactivation_models` for each piece; about one piece for each radian of the fastest token.
    """
    pending, used = _start(block, low, high), 0
    brackets: list[Bracket] = []
    open_intervals = [np.empty((0, 2))]
    size = max(1, CHUNK // (len(block.frequencies) * max(block.query.shape[0], len(block.scores))))
    while len(pending) and used + min(size, len(pending)) <= max_pieces:
        pieces, pending = pending[:size], pending[size:]
        used += len(pieces)
        found, left, retry = _one_chunk(block, pieces)
        brackets += found
        open_intervals.append(left)
        pending = _joined(retry, pending)
    open_intervals.append(np.column_stack([pending.low, pending.high]))
    return Isolation(brackets, np.concatenate(open_intervals), used)


def _start(block: FoldedBlock, low: float, high: float) -> _Pieces:
    n = int(np.ceil((high - low) * max(np.abs(block.frequencies).max(), 1 / (high - low))))
    edges = np.linspace(low, high, n + 1)
    return _Pieces(edges[:-1], edges[1:], np.full(n, np.inf))


def _one_chunk(block: FoldedBlock, pieces: _Pieces) -> tuple[list[Bracket], np.ndarray, _Pieces]:
    """Brackets on the settled pieces, intervals given up, and the halves of all others."""
    centre = (pieces.low + pieces.high) / 2
    radius = np.maximum(pieces.high - centre, centre - pieces.low) / CORE * SLACK
    models = preactivation_models(block, centre, radius, ORDER)
    roots = isolate_roots(models.reshaped(-1))
    piece_of_open = roots.open_function // block.n_units
    worst = np.zeros(len(pieces))
    np.maximum.at(worst, piece_of_open, _error_of(models, roots.open_function))
    is_open = np.isin(np.arange(len(pieces)), piece_of_open)
    halve = is_open & ~(worst > pieces.error / 4) & (pieces.low < centre) & (centre < pieces.high)
    given_up = ~halve[piece_of_open]
    ends = np.column_stack([roots.open_low, roots.open_high])[given_up]
    at = piece_of_open[given_up, None]
    brackets = _in_time(block, roots, centre, radius, ~halve)
    return brackets, centre[at] + radius[at] * ends, pieces[halve].halves(worst[halve])


def _error_of(models: TaylorModel, function: np.ndarray) -> np.ndarray:
    return np.nan_to_num(models.error.ravel()[function], nan=np.inf, posinf=np.inf)


def _in_time(
    block: FoldedBlock, roots: Roots, centre: np.ndarray, radius: np.ndarray, settled: np.ndarray
) -> list[Bracket]:
    brackets = []
    for function, low, high in zip(
        roots.function.tolist(), roots.low.tolist(), roots.high.tolist(), strict=True
    ):
        piece, unit = divmod(function, block.n_units)
        if settled[piece]:
            c, r = exact_time(centre[piece]), exact_time(radius[piece])
            brackets.append(Bracket(unit, c + r * exact_time(low), c + r * exact_time(high)))
    return brackets


def _joined(first: _Pieces, second: _Pieces) -> _Pieces:
    pairs = zip(vars(first).values(), vars(second).values(), strict=True)
    return _Pieces(*(np.concatenate(pair) for pair in pairs))
