"""The network in integers, and its maps on the sets where units lie on given pieces.

All maps of a layer share one denominator, which no sign needs. For all given patterns a layer is one
product of matrices; patterns that agree on the layers before share their map.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from flint import fmpz, fmpz_mat

from geomtoy.certify.points import Line, integers
from geomtoy.network import Network
from geomtoy.slices import Vector


class LayerMaps(NamedTuple):
    """Preactivations of a layer: on pattern k, unit i is (a s + b t + c) / scale, for the three entries
    a, b, c from width i + 3 column[k] on."""

    entries: list[fmpz]
    width: int
    column: np.ndarray
    scale: fmpz

    def row(self, column: int, unit: int) -> list[fmpz]:
        begin = self.width * unit + 3 * column
        return self.entries[begin : begin + 3]

    def rows(self, column: int) -> list[list[fmpz]]:
        """Of all units."""
        begins = range(3 * column, len(self.entries), self.width)
        return [self.entries[begin : begin + 3] for begin in begins]


class Hidden:
    """The units of a hidden layer: pieces as integers over q, and the cuts between pieces."""

    def __init__(self, network: Network, layer: int) -> None:
        units = network.units(layer)
        begin = sum(network.widths[: layer - 1])
        self.of_pattern = slice(begin, begin + len(units))
        slopes = [s for act in units for s in act.slopes]
        matrix, self.q = integers([slopes, [o for act in units for o in act.offsets]])
        entries = matrix.entries()
        both = list(zip(entries[: len(slopes)], entries[len(slopes) :], strict=True))
        ends = np.cumsum([0, *(len(act.slopes) for act in units)]).tolist()
        self.pieces = [both[low:high] for low, high in pairwise(ends)]
        self.cut_unit = np.array([i for i, act in enumerate(units) for _ in act.breakpoints], np.int64)
        self.cut_rank = np.array([r for act in units for r in range(len(act.breakpoints))], np.int64)
        self.first_cut = np.cumsum([0, *(len(act.breakpoints) for act in units)])
        self.taus = [(fmpz(t.numerator), fmpz(t.denominator)) for act in units for t in act.breakpoints]
        self.plain = len(self.taus) == len(units) and all(p == 0 for p, _ in self.taus)

    def after(self, maps: LayerMaps, patterns: np.ndarray) -> tuple[fmpz_mat, np.ndarray, fmpz]:
        """Activations on the distinct patterns up to this layer, a row for the constant 1 last."""
        mine = np.ascontiguousarray(patterns[:, self.of_pattern].astype(np.int32))
        key = np.column_stack([maps.column.astype(np.int32), mine])
        row = np.dtype((np.void, key.shape[1] * key.itemsize))
        same = np.ascontiguousarray(key).view(row).ravel()
        _, which, column = np.unique(same, return_index=True, return_inverse=True)
        chosen, parents = mine[which], (3 * maps.column[which]).tolist()
        entries, width, zero = maps.entries, maps.width, fmpz(0)
        rows: list[fmpz] = []
        for i, of_unit in enumerate(chosen.T.tolist()):
            kinds, base = self.pieces[i], i * width
            for p, piece in zip(parents, of_unit, strict=True):
                s, o = kinds[piece]
                if s == 0 and o == 0:
                    rows += (zero, zero, zero)
                    continue
                a, b, c = entries[base + p : base + p + 3]
                rows += (a, b, c) if s == 1 and o == 0 else (s * a, s * b, s * c + o * maps.scale)
        scale = maps.scale * self.q
        rows += (zero, zero, scale) * len(parents)
        return fmpz_mat(len(self.pieces) + 1, 3 * len(parents), rows), column.ravel(), scale

    def cut(self, row: Sequence[Any], scale: fmpz, cut: int) -> Line:
        """Line of a cut, positive on the right of its breakpoint."""
        p, q = self.taus[cut]
        a, b, c = row
        return Line(a * q, b * q, c * q - scale * p)

    def cuts(self, maps: LayerMaps, column: int) -> fmpz_mat:
        """Rows of all cuts on one of the maps."""
        rows = maps.rows(column)
        if not self.plain:
            units = enumerate(self.cut_unit.tolist())
            rows = [list(self.cut(rows[unit], maps.scale, cut)) for cut, unit in units]
        return fmpz_mat(len(rows), 3, [z for row in rows for z in row])


class IntegerNetwork:
    """[W b] of each layer and the slice, as integers."""

    def __init__(self, network: Network, origin: Vector, u: Vector, v: Vector) -> None:
        self.basis, self.basis_scale = integers([*zip(u, v, origin, strict=True), (0, 0, 1)])
        self.weights = [
            integers([[*row, bias] for row, bias in zip(W.tolist(), b.tolist(), strict=True)])
            for W, b in network.layers
        ]
        self.hidden = [Hidden(network, layer) for layer in range(1, len(network.layers))]

    def maps(self, patterns: np.ndarray, until: int | None = None) -> list[LayerMaps]:
        """Of all layers (or so many), the outputs' last, for patterns (k, units) of pieces.

        Cost: O(n_l n_{l-1}) integer products a distinct pattern of the layers before l.
        """
        inputs, column, scale = self.basis, np.zeros(len(patterns), np.int64), self.basis_scale
        found = []
        weights = self.weights[:until]
        for layer, (W, q) in enumerate(weights):
            found.append(LayerMaps((W * inputs).entries(), inputs.ncols(), column, q * scale))
            if layer + 1 < len(weights):
                inputs, column, scale = self.hidden[layer].after(found[-1], patterns)
        return found
