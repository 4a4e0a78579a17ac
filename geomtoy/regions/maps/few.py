"""Maps of few outputs behind many ReLU units: all units are summed up, whether they pass or not.

`maps.sums` looks at each unit and then adds it to all outputs. Here the loops run along the units,
without a branch, so that several are added at once; the order of a sum does not matter to its bound.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomtoy.kernels import inlined, inner
from geomtoy.regions.numbers.bounds import FLOOR
from geomtoy.regions.numbers.map_bounds import map_terms

FEW = 4
"""Outputs up to which it is faster."""


class Passing(NamedTuple):
    """Units that pass themselves on, as factors 0 or 1."""

    here: np.ndarray  # (n_in,) on the cell
    maybe: np.ndarray  # (n_in,) on some cell of the segment


@inlined
def passing_for(weights):
    """Room for one sum."""
    return Passing(np.empty(weights.WT.shape[0]), np.empty(weights.WT.shape[0]))


@inner(forceinline=True)
def add_all(out, passing, before, p, bits, f, switching, updates, weights, cuts):
    """As `sums.add_up`, where a unit's map is not known exactly.

    Returns:
        terms: see `map_terms`; -1 where all maps are exact, and nothing was added.
    """
    here, maybe, s = passing.here, passing.maybe, before.segment[p]
    doubt = units = 0.0
    for j in range(here.shape[0]):
        here[j] = np.float64((bits[f, j >> 6] >> np.uint64(j & 63)) & np.uint64(1))
        maybe[j] = max(here[j], np.float64(switching[j]))
        units += maybe[j]
        doubt += maybe[j] * before.error[s, j]
    if not doubt > 0.0:
        return -1.0
    terms = map_terms(units, updates, cuts.rounding)
    for i in range(out.shape[1]):
        out[0, i], out[1, i], out[2, i], out[3, i] = _sums(
            before.rows, before.error, p, s, weights.WT, i, here, maybe, 1.0 / terms
        )
        out[2, i] += weights.bias[i]
    return terms


@inner(fastmath={"contract", "reassoc"})
def _sums(rows, error, p, s, WT, i, here, maybe, part):
    """a, b, c of output i, and what `map_error` weighs."""
    a = b = c = size = 0.0
    for j in range(here.shape[0]):
        w = here[j] * WT[j, i]
        a += w * rows[p, 0, j]
        b += w * rows[p, 1, j]
        c += w * rows[p, 2, j]
        high = max(abs(rows[p, 0, j]), max(abs(rows[p, 1, j]), abs(rows[p, 2, j])))
        size += maybe[j] * abs(WT[j, i]) * (high + FLOOR + error[s, j] * part)
    return a, b, c, size
