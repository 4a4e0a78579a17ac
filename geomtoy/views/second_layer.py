"""A second hidden layer as folded functions of the first one's: what it adds to a block's borders.

With z the functions of the first layer and s > 0 what multiplies them (the deviation of a norm, else 1),
unit j of the second layer is on where W relu(z) + b s > 0, and relu(z) = (|z| + z) / 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from geomtoy.certified.bounds import SLACK, gamma
from geomtoy.certified.folds import Folds
from geomtoy.network import Network
from geomtoy.views.proportional import Proportional, proportional


@dataclass(frozen=True, eq=False)
class SecondLayer:
    """
    Args:
        folds: of functions of the first layer, and of s behind them.
        units: (r,) the second layer's unit that each is the first of. Units that change their sign only
            where the first layer does, or nowhere, have none.
    """

    folds: Folds
    units: np.ndarray


def second_layer(mlp: Network, layer_one: Proportional) -> SecondLayer:
    """Cost: O(1) for each weight, and rational arithmetic for twin units only."""
    W, b = mlp.float_layers[1]
    first = np.unique(layer_one.first[layer_one.first >= 0])
    factor = np.array([float(x) for x in layer_one.factor])
    into = np.zeros((len(factor), len(first)))
    live = np.flatnonzero(layer_one.first >= 0)
    into[live, np.searchsorted(first, layer_one.first[live])] = 1.0
    bent, straight = 0.5 * W @ (into * np.abs(factor)[:, None]), 0.5 * W @ (into * factor[:, None])
    several = into.sum(axis=0) > 1
    strength = np.abs(W) @ (into * np.abs(factor)[:, None]) * several
    bent, straight = (np.column_stack([part, column]) for part, column in ((bent, 0 * b), (straight, b)))
    error = np.column_stack([gamma(len(factor) + 4.0) * SLACK * strength, 0 * b])

    def exact(unit: int) -> list[Fraction]:
        return _exact_row(mlp, layer_one, first, unit)

    found = proportional(np.column_stack([bent, straight]), np.abs(W).sum(axis=1) + np.abs(b), exact)
    units = np.unique(found.first[found.first >= 0])
    follows = _may_follow(bent[units], straight[units])
    follows[follows] = [_follows(exact(j)) for j in units[follows]]
    units = units[~follows]
    return SecondLayer(Folds(bent[units], straight[units], error[units]), units)


def _may_follow(bent: np.ndarray, straight: np.ndarray) -> np.ndarray:
    """Which units may keep their sign on each region of the first layer, as floats see it."""
    reads = ((bent != 0) | (straight != 0)).sum(axis=1)
    slope, bias = np.abs(straight[:, :-1]) * (1 - 1e-9), straight[:, -1]
    positive = (bent[:, :-1] >= slope).all(axis=1) & (bias >= 0)
    negative = (bent[:, :-1] <= -slope).all(axis=1) & (bias <= 0)
    return np.asarray((reads <= 1) | positive | negative)


def _follows(row: list[Fraction]) -> bool:
    """Whether a unit keeps its sign on each region of the first layer: it reads one function and has
    no bias, or all that it adds up has one sign."""
    n = len(row) // 2
    bent, straight, bias = row[:n], row[n:-1], row[-1]
    terms = [(k, abs(s)) for k, s in zip(bent, straight, strict=True) if k or s]
    return (
        (len(terms) <= 1 and not bias)
        or (all(k >= s for k, s in terms) and bias >= 0)
        or (all(k <= -s for k, s in terms) and bias <= 0)
    )


def _exact_row(mlp: Network, layer_one: Proportional, first: np.ndarray, unit: int) -> list[Fraction]:
    """What |z|, z and s are multiplied by, twice."""
    W, b = mlp.layers[1]
    bent, straight = (dict.fromkeys(first.tolist(), Fraction(0)) for _ in range(2))
    for i, w in enumerate(W[unit].tolist()):
        if w and layer_one.first[i] >= 0:
            weight, k = Fraction(w), int(layer_one.first[i])
            bent[k] += weight * abs(layer_one.factor[i])
            straight[k] += weight * layer_one.factor[i]
    return [*bent.values(), *straight.values(), 2 * Fraction(b[unit])]
