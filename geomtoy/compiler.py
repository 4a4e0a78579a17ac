"""Layers in order, made one chain of affine layers and activations that computes the same, exactly.

Nothing is multiplied that would be rounded: between two affine maps stands a hidden layer of identity
units. Such units also carry the input of a residual connection past its branch, and max(a, b) is
relu(b - a) + a, with a carried along.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from geomtoy.activations import IDENTITY, RELU, PiecewiseLinear
from geomtoy.errors import NetworkError
from geomtoy.grids import Shape
from geomtoy.layers import (
    Activation,
    Affine,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Flatten,
    LayerNorm,
    Maxout,
    MaxPool2d,
    Residual,
    RMSNorm,
)
from geomtoy.network import Layer as Pair
from geomtoy.network import Network
from geomtoy.normed import Norm, NormedNetwork


def compile_layers(
    layers: Iterable[Any], input_shape: int | Sequence[int] | None = None
) -> Network | NormedNetwork:
    """The network that applies layers one after another; a `NormedNetwork` if there is a norm.

    One `LayerNorm` or `RMSNorm` may stand behind affine layers, with nothing carried past it.

    Args:
        layers: those of `geomtoy.layers`; a name or a `PiecewiseLinear` is an activation, and a list or
            tuple holds layers in turn.
        input_shape: of one input; None if the first layer is an `Affine`. The network takes its values
            as one vector, in C order.
    Raises:
        NetworkError: a layer does not fit its input, or is none we know; named.
    Exactness: exact for the stored parameters, those of `BatchNorm` as it says. A maximum's
        regions are those of equal winners: its network has `maxima`.
    Cost: a maximum of k candidates takes ceil(log2 k) hidden layers, a carried value a unit in each.
    """
    listed = list(layers)
    chain = _Chain(_input_shape(listed, input_shape))
    chain.run(listed)
    return chain.network()


def _input_shape(layers: list[Any], shape: int | Sequence[int] | None) -> Shape:
    if shape is not None:
        return (shape,) if isinstance(shape, int) else tuple(shape)
    if layers and isinstance(layers[0], list | tuple):
        return _input_shape(list(layers[0]), None)
    if layers and isinstance(layers[0], Affine) and np.ndim(layers[0].W) == 2:
        return (np.shape(layers[0].W)[1],)
    raise NetworkError("the input's shape does not follow from the first layer; give input_shape")


@dataclass(frozen=True, eq=False)
class _Values:
    """Values W h + b of the units h of the last hidden layer (at first, of the input).

    If they are `sums`, W has no entries but 1, at most one in a column, and b is 0: a product with W
    rounds nothing.
    """

    W: np.ndarray
    b: np.ndarray
    shape: Shape
    sums: bool = False


class _Chain:
    """The hidden layers so far, and the values after them: the last are worked on, others wait."""

    def __init__(self, shape: Shape) -> None:
        self._layers: list[Pair] = []
        self._activations: list[tuple[PiecewiseLinear, ...]] = []
        self._maxima: list[list[int]] = []
        self._values = [_copies(np.eye(prod(shape)), shape)]
        self._norm: tuple[Pair | None, Norm] | None = None

    def network(self) -> Network | NormedNetwork:
        (last,) = self._values
        network = Network([*self._layers, (last.W, last.b)], self._activations, self._maxima)
        return network if self._norm is None else NormedNetwork(*self._norm, network)

    def run(self, layers: Iterable[Any]) -> None:
        for k, layer in enumerate(layers):
            try:
                self._apply(layer)
            except NetworkError as error:
                raise NetworkError(f"layer {k} ({_name(layer)}): {error}") from None

    def _apply(self, layer: Any) -> None:
        shape = self._values[-1].shape
        match layer:
            case Affine() | Conv2d() | AvgPool2d():
                self._affine(*layer.affine(shape))
            case BatchNorm():
                self._scale(*layer.factors(shape))
            case str() | PiecewiseLinear():
                self._activate(Activation(layer).units(shape))
            case Activation():
                self._activate(layer.units(shape))
            case Maxout() | MaxPool2d():
                self._maximum(*layer.groups(shape))
            case Flatten():
                self._reshape((prod(shape),))
            case Residual():
                self._residual(layer)
            case LayerNorm() | RMSNorm():
                self._normalise(layer.norm(shape))
            case list() | tuple():
                self.run(layer)
            case _:
                raise NetworkError("not piecewise affine or not known here; see geomtoy.layers")

    def _affine(self, pair: Pair, shape: Shape) -> None:
        self._settle()
        W, b = pair
        now = self._values[-1].W
        product = W @ (now.astype(int).astype(object) if W.dtype == object else now)
        self._values[-1] = _Values(product, b, shape)

    def _scale(self, factor: np.ndarray, constant: np.ndarray) -> None:
        now = self._values[-1]
        W, b = factor[:, None] * now.W.astype(float), factor * now.b.astype(float) + constant
        self._values[-1] = _Values(W, b, now.shape)

    def _activate(self, units: tuple[PiecewiseLinear, ...]) -> None:
        if set(units) != {IDENTITY}:
            self._hidden(units)

    def _normalise(self, norm: Norm) -> None:
        """Begin anew behind a norm, with the affine map before it multiplied out."""
        if self._norm is not None:
            raise NetworkError("a second norm bends borders that are no circles any more; take one")
        if len(self._values) > 1:
            raise NetworkError(
                "a residual is carried past the norm; take the norm and what follows alone"
            )
        if any(kind != IDENTITY for units in self._activations for kind in units):
            raise NetworkError(
                "the norm stands behind units that bend; only affine layers may precede it"
            )
        (last,) = self._values
        self._norm = _product([*self._layers, (last.W, last.b)]), norm
        self._layers, self._activations = [], []
        self._values = [_copies(np.eye(norm.width), last.shape)]

    def _reshape(self, shape: Shape) -> None:
        now = self._values[-1]
        self._values[-1] = _Values(now.W, now.b, shape, now.sums)

    def _residual(self, layer: Residual) -> None:
        """Carry the input, or its projection, past the layers and add it."""
        self._values.append(self._values[-1])
        self.run(layer.projection)
        self._values[-2:] = self._values[:-3:-1]
        self.run(layer.layers)
        carried, after = self._values[-2:]
        if carried.shape != after.shape:
            raise NetworkError(f"shapes {carried.shape} and {after.shape} are added; give a projection")
        if _overlap(carried, after):
            self._settle(always=True)
            carried, after = self._values[-2:]
        W, b = (np.where(x != 0, x, y) for x, y in ((carried.W, after.W), (carried.b, after.b)))
        self._values[-2:] = [_Values(W, b, after.shape, carried.sums and after.sums)]

    def _maximum(self, groups: list[list[int]], shape: Shape) -> None:
        """One round after another; a round's winners are the candidates of the next."""
        self._settle()
        played: list[list[int]] = [[] for _ in groups]
        while max(map(len, groups)) > 1:
            groups = self._round(groups, played)
        self._maxima += [units for units in played if units]
        order = np.array([winner for (winner,) in groups])
        self._values[-1] = _copies(self._values[-1].W[order], shape)

    def _round(self, groups: list[list[int]], played: list[list[int]]) -> list[list[int]]:
        """Two candidates each play a match: a ReLU unit for right - left, an identity unit for left."""
        now = self._values[-1].W
        unit = sum(len(b) for _, b in self._layers) + sum(len(v.W) for v in self._values[:-1])
        rows: list[np.ndarray] = []
        kinds: list[PiecewiseLinear] = []
        winner: list[int] = []
        after = []
        for group, matches in zip(groups, played, strict=True):
            pairs = [group[i : i + 2] for i in range(0, len(group), 2)]
            first = winner[-1] + 1 if winner else 0
            after.append(list(range(first, first + len(pairs))))
            for number, (left, *right) in zip(after[-1], pairs, strict=True):
                if right:
                    matches.append(unit + len(rows))
                    rows.append(now[right[0]] - now[left])
                    kinds.append(RELU)
                rows.append(now[left])
                kinds.append(IDENTITY)
                winner += [number] * (1 + len(right))
        self._values[-1] = _Values(np.array(rows), np.zeros(len(rows)), (len(rows),))
        self._hidden(tuple(kinds))
        adds = (np.array(winner) == np.arange(winner[-1] + 1)[:, None]).astype(float)
        self._values[-1] = _copies(adds @ self._values[-1].W, (len(adds),))
        return after

    def _settle(self, always: bool = False) -> None:
        """See that products with the values round nothing."""
        if always or not self._values[-1].sums:
            self._hidden((IDENTITY,) * len(self._values[-1].W))

    def _hidden(self, units: tuple[PiecewiseLinear, ...]) -> None:
        """A hidden layer that applies activations to the last values and carries the others."""
        W, b = (np.concatenate(parts) for parts in zip(*((v.W, v.b) for v in self._values), strict=True))
        self._layers.append((W, b))
        self._activations.append((IDENTITY,) * (len(W) - len(units)) + units)
        ends = np.cumsum([len(v.W) for v in self._values])[:-1]
        rows = np.split(np.eye(len(W)), ends)
        self._values = [_copies(own, v.shape) for own, v in zip(rows, self._values, strict=True)]


def _copies(W: np.ndarray, shape: Shape) -> _Values:
    return _Values(W, np.zeros(len(W)), shape, sums=bool((W.sum(axis=0) <= 1).all()))


def _product(pairs: list[Pair]) -> Pair | None:
    """One affine map for several, exactly; None for the identity."""
    W, b = pairs[0]
    for V, c in pairs[1:]:
        W, b, V, c = (np.vectorize(Fraction, otypes=[object])(x) for x in (W, b, V, c))
        W, b = V @ W, V @ b + c
    if W.shape[0] == W.shape[1] and (np.eye(len(W)) == W).all() and not b.any():
        return None
    return W, b


def _overlap(p: _Values, q: _Values) -> bool:
    """Whether adding up values adds numbers: they share units, or both have a constant."""
    units = (p.W != 0).any(axis=0) & (q.W != 0).any(axis=0)
    return bool(units.any() or ((p.b != 0) & (q.b != 0)).any())


def _name(layer: Any) -> str:
    return getattr(layer, "__name__", type(layer).__name__)
