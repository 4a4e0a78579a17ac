"""A network behind a norm on the faces of each level: functions n . omega + c, in float64 and
exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np
from flint import fmpq, fmpq_mat

from geomtoy.circles.exact import Circle
from geomtoy.circles.sphere import FLOOR, TINY, Sphere, U, rational
from geomtoy.network import Network


@dataclass(frozen=True, eq=False)
class Cuts:
    """The breakpoints of a hidden layer's units, one function each: z_unit - threshold."""

    unit: np.ndarray
    threshold: tuple[Fraction, ...]
    first: np.ndarray  # (n + 1,)

    @classmethod
    def of(cls, network: Network, layer: int) -> Cuts:
        kinds = network.units(layer)
        numbers = [len(act.breakpoints) for act in kinds]
        return cls(
            np.repeat(np.arange(len(kinds)), numbers),
            tuple(tau for act in kinds for tau in act.breakpoints),
            np.concatenate([[0], np.cumsum(numbers)]).astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.unit)

    def pieces(self, bits: np.ndarray) -> np.ndarray:
        """Piece of each unit from one bit a cut: (F, n_cuts) -> (F, n_units)."""
        below = np.zeros((len(bits), len(self.unit) + 1), np.int32)
        np.cumsum(bits, axis=1, out=below[:, 1:])
        return below[:, self.first[1:]] - below[:, self.first[:-1]]


@dataclass(frozen=True, eq=False)
class Level:
    """The faces after a hidden layer: the face of the level before, and the packed bits of the cuts."""

    parent: np.ndarray
    packed: np.ndarray

    def bits(self, n_cuts: int, faces: np.ndarray | slice = slice(None)) -> np.ndarray:
        return np.unpackbits(self.packed[faces], axis=1, count=n_cuts)


@dataclass(frozen=True, eq=False)
class FaceMaps:
    """Values of a layer on the faces of a level: rows (F, 4, n) of (n, c), each within error (F, n)."""

    rows: np.ndarray
    error: np.ndarray


@dataclass(eq=False)
class Maps:
    """Exact and float values of all layers on the faces of the levels known so far."""

    sphere: Sphere
    levels: list[Level] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.affine = lru_cache(maxsize=4096)(self._affine)
        self.first = lru_cache(maxsize=None)(self.sphere.first_circle)

    @property
    def network(self) -> Network:
        return self.sphere.network.after

    @cached_property
    def cuts(self) -> list[Cuts]:
        """Of hidden layer k, at k - 1."""
        return [Cuts.of(self.network, k) for k in range(1, len(self.network.layers))]

    # --- float64 ----------------------------------------------------------------------------------

    def first_maps(self) -> FaceMaps:
        rows, error = self.sphere.first_rows()
        return FaceMaps(rows[None], error[None])

    def next_maps(self, layer: int, before: FaceMaps, level: Level, block: int = 4096) -> FaceMaps:
        """Values of layer + 1 on the faces of `level`, from those of `layer` on their parents.

        Each is a sum of width + 1 terms, after at most five roundings each: of a weight, a slope, an
        offset and two products. What underflows is covered by FLOOR before weights multiply it, by
        TINY after; only a sum of nothing is known exactly.
        """
        W, b = (x.astype(float) for x in self.network.layers[layer])
        kinds, cuts = self.network.units(layer), self.cuts[layer - 1]
        start = cuts.first[:-1] + np.arange(len(kinds))
        slope = np.array([float(s) for act in kinds for s in act.slopes])
        offset = np.array([float(o) for act in kinds for o in act.offsets])
        shifts = np.array([o != 0 for act in kinds for o in act.offsets])
        F, width = len(level.parent), W.shape[1]
        rows, error = np.empty((F, 4, len(W))), np.empty((F, len(W)))
        room = (width + 16) * U
        for low in range(0, F, block):
            some = slice(low, min(F, low + block))
            place = start + cuts.pieces(level.bits(len(cuts), some))
            old, s = before.rows[level.parent[some]], slope[place][:, None]
            spread = before.error[level.parent[some]]
            passes = (s[:, 0] != 0) & ((old != 0).any(axis=1) | (spread != 0)) | shifts[place]
            h = old * s
            h[:, 3] += offset[place]
            rows[some] = h @ W.T
            rows[some, 3] += b
            size = np.abs(old * s).max(axis=1) + np.abs(offset[place]) + FLOOR * passes
            spread = np.abs(s[:, 0]) * spread * (1 + 16 * U) + room * size
            error[some] = (spread @ np.abs(W).T) * (1 + room) + room * np.abs(b)
            error[some] += TINY * (passes.astype(float) @ (W != 0).T > 0)
        return FaceMaps(rows, error)

    def cut_rows(self, layer: int, maps: FaceMaps) -> tuple[np.ndarray, np.ndarray]:
        """The functions of a layer's cuts, (F, n_cuts, 4) with errors (F, n_cuts)."""
        cuts = self.cuts[layer - 1]
        rows = maps.rows[:, :, cuts.unit].transpose(0, 2, 1).copy()
        error = maps.error[:, cuts.unit].copy()
        tau = np.array([float(t) for t in cuts.threshold])
        moved = tau != 0
        error[:, moved] += 4 * U * (np.abs(rows[:, moved, 3]) + np.abs(tau[moved])) + TINY
        rows[:, :, 3] -= tau
        return rows, error

    # --- rationals --------------------------------------------------------------------------------

    def circle(self, layer: int, face: int, cut: int) -> Circle:
        """Function of a cut of hidden layer `layer` (from 1) on a face of the level before it."""
        cuts = self.cuts[layer - 1]
        unit, tau = int(cuts.unit[cut]), rational(cuts.threshold[cut])
        value = self.first(unit) if layer == 1 else self._row(self.affine(layer, face), unit)
        return Circle(value.m, value.c - tau)

    @staticmethod
    def _row(matrix: fmpq_mat, unit: int) -> Circle:
        return Circle((matrix[unit, 0], matrix[unit, 1], matrix[unit, 2]), matrix[unit, 3])

    def _affine(self, layer: int, face: int) -> fmpq_mat:
        """Rows (m, c) of all units of a layer (one more than the hidden ones: outputs) on a face."""
        if layer == 1:
            circles = [self.first(unit) for unit in range(len(self.network.layers[0][0]))]
            return fmpq_mat(len(circles), 4, [x for k in circles for x in (*k.m, k.c)])
        level, cuts = self.levels[layer - 1], self.cuts[layer - 2]
        before = self.affine(layer - 1, int(level.parent[face]))
        pieces = cuts.pieces(level.bits(len(cuts), np.array([face])))[0]
        after = fmpq_mat(len(pieces) + 1, 4)
        for i, (act, piece) in enumerate(
            zip(self.network.units(layer - 1), pieces.tolist(), strict=True)
        ):
            slope, offset = rational(act.slopes[piece]), rational(act.offsets[piece])
            if slope != 0:
                for k in range(4):
                    after[i, k] = slope * before[i, k]
            after[i, 3] += offset
        after[len(pieces), 3] = fmpq(1)
        found: fmpq_mat = self._weights[layer - 1] * after
        return found

    @cached_property
    def _weights(self) -> list[fmpq_mat]:
        """[W b] of each layer."""
        return [_matrix([[*row, c] for row, c in zip(W.tolist(), b.tolist(), strict=True)])
                for W, b in self.network.layers]  # fmt: skip


def _matrix(rows: Sequence[Sequence[float | Fraction]]) -> fmpq_mat:
    return fmpq_mat(len(rows), len(rows[0]), [rational(x) for row in rows for x in row])
