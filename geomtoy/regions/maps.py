"""Preactivation maps of the next layer on every cell, in float64, with proven error bounds.

On a cell, unit i of a layer is a_i s + b_i t + c_i; stored as rows (a, b, c, e) with every
coefficient within e of the truth. The first cell of each parent is computed directly; each other cell
differs from its neighbour in the tree by the few units that switch between them, a rank-1 update each
(the map of a layer of n units costs O(n) instead of O(n^2)).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.activations import PiecewiseLinear
from geomtoy.network import Network
from geomtoy.regions.filter import SLACK, TINY, U


class Cuts(NamedTuple):
    """The breakpoints of a layer's units, one line each: unit j's cut k is z_j - tau_k = 0.

    A cut's bit is 1 where its value is > 0, so the bits of a unit are a thermometer of its piece.
    """

    unit: np.ndarray  # (n_cuts,) int64
    threshold: np.ndarray  # (n_cuts,) float64, rounded
    slope: np.ndarray  # (n_pieces,) float64, rounded
    offset: np.ndarray
    piece: np.ndarray  # (n_cuts,) int64: the piece left of the cut

    @property
    def plain(self) -> bool:
        """One cut a unit, at zero: the cuts are the units' own lines."""
        return len(self.slope) == 2 and not self.threshold.any()


def cuts_of(act: PiecewiseLinear, width: int) -> Cuts:
    k = len(act.breakpoints)
    threshold = np.tile(np.array(act.breakpoints, float), width)
    unit = np.repeat(np.arange(width), k)
    slopes, offsets = np.array(act.slopes, float), np.array(act.offsets, float)
    return Cuts(unit, threshold, slopes, offsets, np.tile(np.arange(k), width))


def cut_lines(maps: np.ndarray, cuts: Cuts) -> np.ndarray:
    """Lines (F, 4, n_cuts) of the cuts, from the maps (F, 4, n_units)."""
    if cuts.plain:
        return maps
    lines = np.ascontiguousarray(maps[:, :, cuts.unit])
    size = np.abs(lines[:, 2]) + np.abs(cuts.threshold)
    lines[:, 2] -= cuts.threshold
    shifted = cuts.threshold != 0
    lines[:, 3] += np.where(shifted, 3.0 * U * size, 0.0)
    return lines


def next_maps(
    network: Network,
    layer: int,
    maps: np.ndarray,
    cuts: Cuts,
    bits: np.ndarray,
    family: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    block: int = 4096,
) -> np.ndarray:
    """Maps of layer + 1 (hidden layers count from 1) on the cells into which `layer` cut their parents.

    Args:
        maps: (P, 4, n) of `layer` on the parents.
        bits: (F, words) bits of `layer`'s cuts on the cells.
        family: child_start (P + 1,); for each child the neighbour in its parent's tree (its own
            index for a root), and CSR lists of the cuts that switch on the way: start, cut.
    Returns:
        (F, 4, n_next) with n_next the width of the next layer (or d_out).
    """
    W, bias = network.float_layers[layer]
    rounded = network.is_rational
    child_start, tree, flip_start, flips = family
    result = np.empty((len(bits), 4, len(W)))
    roots = child_start[:-1]
    for low in range(0, len(roots), block):
        some = slice(low, low + block)
        result[roots[some]] = _direct(W, bias, rounded, maps[some], cuts, bits[roots[some]])
    _along_tree(
        result, maps, bits, child_start, tree, flip_start, flips,
        np.ascontiguousarray(W.T), cuts.unit, cuts.piece, cuts.slope, cuts.offset,
    )  # fmt: skip
    return result


def pieces(bits: np.ndarray, n_cuts: int, per_unit: int) -> np.ndarray:
    """Piece index of each unit (F, n_units) int8 from packed bits (F, words)."""
    unpacked = np.unpackbits(bits.view(np.uint8), axis=1, count=n_cuts, bitorder="little")
    if per_unit == 1:
        return unpacked.view(np.int8)
    return unpacked.reshape(len(bits), -1, per_unit).sum(axis=2, dtype=np.int8)


def _direct(
    W: np.ndarray, bias: np.ndarray, rounded: bool, maps: np.ndarray, cuts: Cuts, bits: np.ndarray
) -> np.ndarray:
    """W (slope * map + offset) + bias on one cell each of (P, 4, n) maps."""
    n = maps.shape[2]
    per_unit = len(cuts.slope) - 1
    piece = pieces(bits, n * per_unit, per_unit) if per_unit else np.zeros((len(maps), n), np.int8)
    slope, offset = cuts.slope[piece], cuts.offset[piece]
    after = maps * slope[:, None, :]
    after[:, 2] += offset
    size = np.abs(maps[:, :3]).max(axis=1) * np.abs(slope) + np.abs(offset)
    after[:, 3] = np.abs(after[:, 3]) + (n + 8) * U * size
    after[:, 3] += np.where(after[:, 3] > 0, TINY, 0.0)
    out = np.empty((len(maps), 4, len(W)))
    out[:, :3] = after[:, :3] @ W.T
    out[:, 2] += bias
    out[:, 3] = after[:, 3] @ np.abs(W).T
    touched = (out[:, 3] > 0) | rounded | bool(np.any(np.abs(W[W != 0]) < 1e-8))
    rounding = 2.0 * U * (np.abs(out[:, 2]) + np.abs(bias))
    # A unit that nothing reaches is its bias exactly (error 0), unless the bias itself was rounded.
    out[:, 3] = np.where(touched, (out[:, 3] + rounding) * (1 + 1e-9) + TINY, 0.0)
    return out


@njit(cache=True, nogil=True)
def _along_tree(
    out, maps, bits, child_start, tree, flip_start, flips, WT, cut_unit, cut_piece, slope, offset
):
    n = WT.shape[1]
    for p in range(child_start.shape[0] - 1):
        for f in range(child_start[p] + 1, child_start[p + 1]):
            A, B, C, E = out[f, 0], out[f, 1], out[f, 2], out[f, 3]
            out[f] = out[tree[f]]
            for q in range(flip_start[f], flip_start[f + 1]):
                cut = flips[q]
                j = cut_unit[cut]
                on = (bits[f, cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1)
                sense = 1.0 if on else -1.0
                ds = sense * (slope[cut_piece[cut] + 1] - slope[cut_piece[cut]])
                do = sense * (offset[cut_piece[cut] + 1] - offset[cut_piece[cut]])
                a, b, c, e = maps[p, 0, j], maps[p, 1, j], maps[p, 2, j], maps[p, 3, j]
                size = abs(ds) * max(abs(a), abs(b), abs(c)) + abs(do)
                a, b, c = ds * a, ds * b, ds * c + do
                e = (abs(ds) * e + 8.0 * U * size) * SLACK + TINY
                row = WT[j]
                for i in range(n):
                    w = row[i]
                    A[i] += w * a
                    B[i] += w * b
                    C[i] += w * c
                    m = max(abs(A[i]), abs(B[i]), abs(C[i]))
                    E[i] = (E[i] + abs(w) * e + 2.0 * U * m) * SLACK + TINY
