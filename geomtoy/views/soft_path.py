"""A soft block along time as functions of one variable, with proven errors, and their zeros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from geomtoy.block_arrays import BlockArrays
from geomtoy.certified.attention import StillTokens
from geomtoy.certified.bounds import SLACK
from geomtoy.certified.on_box import CORE, scaled_to_box
from geomtoy.certified.path import PathFunctions, path_series
from geomtoy.certified.reading import Reading
from geomtoy.certified.series import degree
from geomtoy.certified.zeros import simple_zeros
from geomtoy.views.balls import exact_time
from geomtoy.views.block_readout import BlockReadout

ORDER = 18
CHUNK = 64  # pieces looked at together


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


def path_functions(block: BlockArrays, after: BlockReadout) -> PathFunctions:
    """Functions of a block along time."""
    return PathFunctions(np.asarray(block.frequencies, float), reading(block, after))


def reading(block: BlockArrays, after: BlockReadout) -> Reading:
    """What a block without a norm before attention reads of its tokens."""
    H, d, f = block.W_Q.shape
    query, key, value = (
        np.ascontiguousarray(np.moveaxis(np.asarray(W, float), 0, 1).reshape(d, H * f))
        for W in (block.W_Q, block.W_K, block.W_V)
    )
    still = StillTokens(*(np.empty(shape) for shape in [(H, f, 0)] * 2 + [(H, 0, f)] * 2))
    return Reading(
        float(block.scale) * query,
        np.concatenate([key.T, value.T]),
        still,
        after.rows,
        after.rows_error,
        after.readout,
    )


def isolate_borders(functions: PathFunctions, low: float, high: float, max_pieces: int) -> Isolation:
    """Brackets of the zeros of all functions on [low, high], or open intervals where there is no proof.

    A piece is halved while a function on it is open and halving lowers the error of its series.
    Cost: `path_series` for each piece; one piece for each radian of the fastest token, or more.
    """
    pending, used = _start(functions.frequencies, low, high), 0
    brackets: list[Bracket] = []
    open_intervals = [np.empty((0, 2))]
    while len(pending) and used + min(CHUNK, len(pending)) <= max_pieces:
        pieces, pending = pending[:CHUNK], pending[CHUNK:]
        used += len(pieces)
        found, left, retry = _one_chunk(functions, pieces)
        brackets += found
        open_intervals.append(left)
        pending = _joined(retry, pending)
    open_intervals.append(np.column_stack([pending.low, pending.high]))
    return Isolation(brackets, np.concatenate(open_intervals), used)


def _start(frequencies: np.ndarray, low: float, high: float) -> _Pieces:
    n = int(np.ceil(max((high - low) * np.abs(frequencies).max(), 1.0)))
    edges = np.linspace(low, high, n + 1)
    return _Pieces(edges[:-1], edges[1:], np.full(n, np.inf))


def _one_chunk(functions: PathFunctions, pieces: _Pieces) -> tuple[list[Bracket], np.ndarray, _Pieces]:
    """Brackets on the settled pieces, intervals given up, and the halves of all others."""
    centre = (pieces.low + pieces.high) / 2
    radius = np.maximum(pieces.high - centre, centre - pieces.low) / CORE * SLACK
    D = degree(ORDER, variables=1)
    c, low, tail = path_series(functions, centre, radius, D)
    c, error, slope, _ = scaled_to_box(c, low, tail, D)
    found, opened = simple_zeros(c, error, slope)
    worst = np.zeros(len(pieces))
    np.maximum.at(worst, opened["piece"], error[opened["piece"], opened["function"]])
    is_open = np.isin(np.arange(len(pieces)), opened["piece"])
    halve = is_open & ~(worst > pieces.error / 4) & (pieces.low < centre) & (centre < pieces.high)
    brackets = [_in_time(one, centre, radius) for one in found[~halve[found["piece"]]]]
    given_up = opened[~halve[opened["piece"]]]
    at = given_up["piece"]
    ends = np.column_stack([given_up["low"], given_up["high"]])
    left = centre[at, None] + CORE * radius[at, None] * ends
    return brackets, left, pieces[halve].halves(worst[halve])


def _in_time(one: np.void, centre: np.ndarray, radius: np.ndarray) -> Bracket:
    at = one["piece"]
    c, r = exact_time(centre[at]), exact_time(radius[at]) * exact_time(CORE)
    low, high = (c + r * exact_time(float(one[end])) for end in ("low", "high"))
    return Bracket(int(one["function"]), low, high)


def _joined(first: _Pieces, second: _Pieces) -> _Pieces:
    pairs = zip(vars(first).values(), vars(second).values(), strict=True)
    return _Pieces(*(np.concatenate(pair) for pair in pairs))
