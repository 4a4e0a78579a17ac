"""A merged cell, cut along the matches that its winners leave open: on the parts all is affine."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import fmpz, fmpz_mat

from geomtoy.certify.maps import Hidden, IntegerNetwork
from geomtoy.certify.points import Line, Place, at, meet, sign

Polygon = list[tuple[Place, Line]]
"""Corners in order, each with the line of the edge that leaves it."""


class Part(NamedTuple):
    """A convex part of a cell; after some layers, inputs of the next are (a s + b t + c) / scale."""

    polygon: Polygon
    inputs: fmpz_mat
    scale: fmpz


def check_parts(
    network: IntegerNetwork,
    polygon: Polygon,
    pieces: np.ndarray,
    decided: np.ndarray,
    outputs: tuple[fmpz, ...],
) -> str | None:
    """Whether decided units are on their pieces, and the outputs the same, on all parts of a cell.

    Args:
        pieces, decided: (units,); units that are not decided have one breakpoint, at 0.
        outputs: rows of the output on the whole cell.
    """
    parts = [Part(polygon, network.basis, network.basis_scale)]
    for hidden, (W, q) in zip(network.hidden, network.weights, strict=False):
        after: list[Part] = []
        own, sure = pieces[hidden.of_pattern].tolist(), decided[hidden.of_pattern]
        for part in parts:
            rows, scale = (W * part.inputs).tolist(), q * part.scale
            for inside, open_pieces in _split(part.polygon, rows, np.flatnonzero(~sure).tolist()):
                found = own.copy()
                for unit, piece in open_pieces.items():
                    found[unit] = piece
                if unit := _off_piece(hidden, rows, scale, found, inside):
                    return f"unit {unit - 1} of a layer of {len(rows)} is not on its piece"
                after.append(Part(inside, *_activate(hidden, rows, scale, found)))
        parts = after
    W, _ = network.weights[-1]
    if any(tuple((W * part.inputs).entries()) != outputs for part in parts):
        return "the outputs have several maps: its units do not decide the maxima that they should"
    return None


def _split(
    polygon: Polygon, rows: list[list[fmpz]], units: list[int]
) -> list[tuple[Polygon, dict[int, int]]]:
    """Parts of a polygon on either side of the zero lines of some units, and the units' pieces."""
    parts: list[tuple[Polygon, dict[int, int]]] = [(polygon, {})]
    for unit in units:
        line, further = Line(*rows[unit]), []
        for part, known in parts:
            signs = [sign(at(line, place)) for place, _ in part]
            if max(signs) > 0:
                further.append((_clip(part, signs, line, 1), {**known, unit: 1}))
            if max(signs) <= 0 or min(signs) < 0:
                further.append((_clip(part, signs, line, -1), {**known, unit: 0}))
        parts = further
    return parts


def _clip(polygon: Polygon, signs: list[int], line: Line, side: int) -> Polygon:
    """The part of a convex polygon where a line has the sign `side` or 0."""
    if all(s * side >= 0 for s in signs):
        return polygon
    clipped: Polygon = []
    for k, (place, along) in enumerate(polygon):
        now, after = signs[k] * side, signs[(k + 1) % len(signs)] * side
        if now >= 0:
            clipped.append((place, line if now == 0 and after < 0 else along))
        if now * after < 0:
            cut = meet(along, line)
            if cut is not None:
                clipped.append((cut, line if after < 0 else along))
    return clipped


def _off_piece(
    hidden: Hidden, rows: list[list[fmpz]], scale: fmpz, pieces: list[int], polygon: Polygon
) -> int:
    """One more than the first unit that is not on its piece all over a polygon; 0 if none."""
    for cut, (unit, rank) in enumerate(
        zip(hidden.cut_unit.tolist(), hidden.cut_rank.tolist(), strict=True)
    ):
        line = hidden.cut(rows[unit], scale, cut)
        signs = [sign(at(line, place)) for place, _ in polygon]
        above = pieces[unit] > rank
        if (min(signs) < 0 or max(signs) == 0) if above else max(signs) > 0:
            return unit + 1
    return 0


def _activate(
    hidden: Hidden, rows: list[list[fmpz]], scale: fmpz, pieces: list[int]
) -> tuple[fmpz_mat, fmpz]:
    """Activations on given pieces, a row for the constant 1 last."""
    after: list[fmpz] = []
    for (a, b, c), kinds, piece in zip(rows, hidden.pieces, pieces, strict=True):
        s, o = kinds[piece]
        after += (s * a, s * b, s * c + o * scale)
    after += (fmpz(0), fmpz(0), scale * hidden.q)
    return fmpz_mat(len(rows) + 1, 3, after), scale * hidden.q
