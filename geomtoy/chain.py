"""A graph of tensors made one chain of affine layers and activations that computes the same, exactly.

Nothing is multiplied that would be rounded: between two affine maps stands a hidden layer of identity
units. Such units also carry a tensor past what others go through, and max(a, b) is relu(b - a) + a, with
a carried along.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from geomtoy.activations import IDENTITY, RELU, PiecewiseLinear
from geomtoy.errors import NetworkError
from geomtoy.network import Layer as Pair
from geomtoy.network import Network
from geomtoy.normed import Norm, NormedNetwork
from geomtoy.operations import (
    PADDING,
    Above,
    Input,
    Join,
    Map,
    Maxima,
    Normalise,
    Rescale,
    Scale,
    Select,
    Shift,
    Smooth,
    Sum,
    Units,
    Value,
)


def compile_value(output: Value) -> Network | NormedNetwork:
    """The network of all entries of a tensor, in C order; a `NormedNetwork` if there is a norm.

    Raises:
        NetworkError: there is a second norm, one behind units that bend, or something smooth.
    """
    order = _in_order(output)
    chain = _Chain(order)
    for value in order:
        chain.add(value)
    return chain.network(output)


def _in_order(output: Value) -> list[Value]:
    """What an output is made of, parents first, each branch as a whole before the next."""
    order: dict[Value, None] = {}
    stack = [output]
    while stack:
        waiting = [parent for parent in stack[-1].parents if parent not in order]
        if waiting:
            stack.append(waiting[0])
        else:
            order[stack.pop()] = None
    return list(order)


@dataclass(frozen=True, eq=False)
class _Image:
    """Entries W h + b of a tensor, h being the units of the last hidden layer (at first, the input)."""

    W: np.ndarray
    b: np.ndarray

    @cached_property
    def plain(self) -> bool:
        """Whether a product with W rounds nothing: powers of two, one at most in a column, and b = 0."""
        single = np.count_nonzero(self.W, axis=0).max(initial=0) <= 1
        return bool(single and _powers_of_two(self.W) and not self.b.any())


class _Chain:
    """The hidden layers so far, and the tensors that are still needed after them."""

    def __init__(self, order: Sequence[Value]) -> None:
        self._layers: list[Pair] = []
        self._activations: list[tuple[PiecewiseLinear, ...]] = []
        self._maxima: list[list[int]] = []
        self._live: dict[Value, _Image] = {}
        self._needed = Counter(parent for value in order for parent in value.parents)
        self._norm: tuple[Pair | None, Norm] | None = None

    def network(self, output: Value) -> Network | NormedNetwork:
        last = self._live[output]
        network = Network([*self._layers, (last.W, last.b)], self._activations, self._maxima)
        return network if self._norm is None else NormedNetwork(*self._norm, network)

    def add(self, value: Value) -> None:
        """Apply an operation; whatever nothing else needs is forgotten."""
        if not self._exact(value):
            self._hidden(None, ())  # gives each tensor units of its own
        images = [self._used(parent) for parent in value.parents]
        match value.operation:
            case Input():
                self._live[value] = _copies(np.eye(value.size))
            case Units(kinds):
                self._live[value] = images[0]
                if set(kinds) != {IDENTITY}:
                    self._hidden(value, kinds)
            case Maxima(groups):
                self._live[value] = images[0]
                self._maximum(value, groups)
            case Normalise(norm, place):
                self._live[value] = images[0]
                try:
                    self._normalise(value, norm)
                except NetworkError as error:
                    raise NetworkError(f"{place}: {error}") from None
            case Above():
                raise NetworkError("a comparison gives no continuous function of what is compared")
            case Smooth(name=name):
                raise NetworkError(
                    f"a {name} is not piecewise affine; give logits=True to read what stands before it"
                )
            case operation:
                self._live[value] = _image(operation, images)

    def _used(self, parent: Value) -> _Image:
        """A tensor's image, which is not kept if this is its last use."""
        self._needed[parent] -= 1
        return self._live[parent] if self._needed[parent] else self._live.pop(parent)

    def _exact(self, value: Value) -> bool:
        """Whether an operation rounds nothing."""
        images = [self._live[parent] for parent in value.parents]
        match value.operation:
            case Map() | Maxima():
                return images[0].plain
            case Scale(factors):
                return images[0].plain or _powers_of_two(factors)
            case Shift(constants):
                return not ((images[0].b != 0) & (constants != 0)).any()
            case Sum():
                p, q = images
                units = (p.W != 0).any(axis=0) & (q.W != 0).any(axis=0)
                return not (units.any() or ((p.b != 0) & (q.b != 0)).any())
        return True

    def _normalise(self, value: Value, norm: Norm) -> None:
        """Begin anew behind a norm, with the affine map before it multiplied out."""
        if self._norm is not None:
            raise NetworkError("a second norm bends borders that are no circles any more; take one")
        if len(self._live) > 1:
            raise NetworkError(
                "a residual is carried past the norm; take the norm and what follows alone"
            )
        if any(kind != IDENTITY for units in self._activations for kind in units):
            raise NetworkError(
                "the norm stands behind units that bend; only affine layers may precede it"
            )
        last = self._live[value]
        self._norm = _product([*self._layers, (last.W, last.b)]), norm
        self._layers, self._activations = [], []
        self._live[value] = _copies(np.eye(norm.width))

    def _maximum(self, value: Value, groups: list[list[int]]) -> None:
        """One round after another; a round's winners are the candidates of the next."""
        played: list[list[int]] = [[] for _ in groups]
        while max(map(len, groups)) > 1:
            groups = self._round(value, groups, played)
        self._maxima += [units for units in played if units]
        self._live[value] = _copies(self._live[value].W[[winner for (winner,) in groups]])

    def _round(self, value: Value, groups: list[list[int]], played: list[list[int]]) -> list[list[int]]:
        """Two candidates each play a match: a ReLU unit for right - left, an identity unit for left."""
        now = self._live[value].W
        carried = sum(len(image.W) for other, image in self._live.items() if other is not value)
        unit = sum(len(b) for _, b in self._layers) + carried
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
        self._live[value] = _copies(np.array(rows))
        self._hidden(value, kinds)
        adds = (np.array(winner) == np.arange(winner[-1] + 1)[:, None]).astype(float)
        self._live[value] = _copies(adds @ self._live[value].W)
        return after

    def _hidden(self, active: Value | None, kinds: Iterable[PiecewiseLinear]) -> None:
        """A hidden layer that applies activations to one tensor, the last, and carries the others."""
        images = list(self._live.values())
        W, b = (np.concatenate([getattr(image, name) for image in images]) for name in ("W", "b"))
        units = tuple(kinds)
        self._layers.append((W, b))
        self._activations.append((IDENTITY,) * (len(W) - len(units)) + units)
        ends = np.cumsum([len(image.W) for image in images])[:-1]
        self._live = dict(zip(self._live, map(_copies, np.split(np.eye(len(W)), ends)), strict=True))


def _image(operation: object, images: list[_Image]) -> _Image:
    """The image of a tensor that needs no hidden layer."""
    now = images[0]
    match operation:
        case Map(W, b):
            return _Image(_through(W, now.W), b)
        case Scale(factors):
            return _Image(_times(now.W, factors[:, None]), _times(now.b, factors))
        case Shift(constants):
            return _Image(now.W, np.where(constants != 0, constants, now.b))
        case Rescale(factors, constants):
            W, b = now.W.astype(float), now.b.astype(float)
            return _Image(factors[:, None] * W, factors * b + constants)
        case Select(numbers):
            there = numbers != PADDING
            rows = np.where(there, numbers, 0)
            W, b = now.W[rows], now.b[rows]
            return _Image(W * there[:, None], b * there)
        case Join():
            W, b = (np.concatenate([getattr(image, x) for image in images]) for x in ("W", "b"))
            return _Image(W, b)
    p, q = images
    return _Image(np.where(p.W != 0, p.W, q.W), np.where(p.b != 0, p.b, q.b))


def _through(W: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """W @ plain, which has one entry at most in a column, a power of two."""
    rows = np.abs(plain).argmax(axis=0)
    return _times(W[:, rows], plain[rows, np.arange(len(rows))])


def _times(numbers: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The products, in Fractions if there are any."""
    if object not in (numbers.dtype, factors.dtype):
        return numbers * factors
    exact = np.vectorize(Fraction, otypes=[object])
    product: np.ndarray = exact(numbers) * exact(factors)
    return product


def _powers_of_two(numbers: np.ndarray) -> bool:
    """Whether all are 0 or floats of one bit, by which a product rounds nothing."""
    if numbers.dtype == object:
        return False
    mantissas = np.abs(np.frexp(numbers)[0])
    return bool(((mantissas == 0) | (mantissas == 0.5)).all())


def _copies(W: np.ndarray) -> _Image:
    return _Image(W, np.zeros(len(W)))


def _product(pairs: list[Pair]) -> Pair | None:
    """One affine map for several, exactly; None for the identity."""
    W, b = pairs[0]
    for V, c in pairs[1:]:
        W, b, V, c = (np.vectorize(Fraction, otypes=[object])(x) for x in (W, b, V, c))
        W, b = V @ W, V @ b + c
    if W.shape[0] == W.shape[1] and (np.eye(len(W)) == W).all() and not b.any():
        return None
    return W, b
