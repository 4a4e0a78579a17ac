"""Networks as plain arrays: affine layers with a piecewise-linear activation between them."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from geomtoy.activations import PiecewiseLinear, activation
from geomtoy.constants import as_array
from geomtoy.errors import NetworkError
from geomtoy.maxima import Maximum, pattern_units, reduced
from geomtoy.picture import Picture

Layer = tuple[np.ndarray, np.ndarray]
Activation = str | PiecewiseLinear


@dataclass(frozen=True, eq=False, repr=False)
class Network(Picture):
    """A continuous piecewise-affine (CPA) network R^{d_in} -> R^{d_out}.

    `Network([(W1, b1), ..., (Wk, bk)])` computes Wk a(... a(W1 x + b1) ...) + bk; the last layer is
    affine. Parameters are stored as float64 (float32 is widened, which changes no value) or, when
    a layer holds Fractions, as object arrays of Fractions.

    Args:
        layers: pairs (W, b) with W of shape (out, in) and b of shape (out,), arrays or tensors.
        activation: one piecewise-linear activation for all hidden layers (a name or a
            `PiecewiseLinear`), or a sequence with one for each hidden layer; in place of one, a
            layer may have a sequence with one for each of its units.
        maxima: for each maximum that hidden units decide, the numbers of the units that play its
            matches, in the order of `geomtoy.maxima`; `geomtoy.compiler.compile_layers` makes them.
    Raises:
        NetworkError: shapes do not chain, a parameter is not finite, an activation is not
            piecewise linear, or a maximum is decided by no such units; the message names the layer.
    """

    layers: tuple[Layer, ...]
    activations: tuple[PiecewiseLinear | tuple[PiecewiseLinear, ...], ...]
    maxima: tuple[Maximum, ...]

    def __init__(
        self,
        layers: Iterable[tuple[Any, Any]],
        activation: Activation | Sequence[Activation | Sequence[Activation]] = "relu",
        maxima: Iterable[Iterable[int]] = (),
    ) -> None:
        try:
            pairs = list(layers)
        except TypeError:
            raise NetworkError("a network is made of a list of layers (W, b)") from None
        if not pairs:
            raise NetworkError("a network needs at least one layer (W1, b1)")
        checked = tuple(_checked_layer(k + 1, pair) for k, pair in enumerate(pairs))
        for k in range(1, len(checked)):
            out, into = len(checked[k - 1][0]), checked[k][0].shape[1]
            if out != into:
                raise NetworkError(
                    f"W{k + 1} takes {into} inputs but layer {k} gives {out}; make the shapes chain"
                )
        object.__setattr__(self, "layers", checked)
        widths = [len(W) for W, _ in checked[:-1]]
        object.__setattr__(self, "activations", _checked_activations(activation, widths))
        object.__setattr__(self, "maxima", self._checked_maxima(maxima))

    def __repr__(self) -> str:
        names = {act.name for k in range(len(self.activations)) for act in self.units(k + 1)}
        shape = "-".join(map(str, (self.d_in, *self.widths, self.d_out)))
        return f"Network({', '.join([shape, *sorted(names)])})"

    @property
    def d_in(self) -> int:
        return int(self.layers[0][0].shape[1])

    @property
    def d_out(self) -> int:
        return len(self.layers[-1][0])

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Number of units of each hidden layer."""
        return tuple(len(W) for W, _ in self.layers[:-1])

    def units(self, layer: int) -> tuple[PiecewiseLinear, ...]:
        """Activation of each unit of a hidden layer (from 1)."""
        act = self.activations[layer - 1]
        return (act,) * self.widths[layer - 1] if isinstance(act, PiecewiseLinear) else act

    def patterns(self, pieces: np.ndarray) -> np.ndarray:
        """Activation patterns from the pieces (n, n_units) of all hidden units, layer after layer.

        They are those pieces, unless units decide maxima: the matches of one then have one entry, at
        the place of the last, the index of the candidate that wins, the first of equals.
        """
        return reduced(pieces, self.maxima)

    @cached_property
    def pattern_units(self) -> np.ndarray:
        """Hidden unit that each entry of a pattern is about; of a maximum, that of its last match."""
        return pattern_units(sum(self.widths), self.maxima)

    @cached_property
    def is_rational(self) -> bool:
        """Whether some parameter is a Fraction, so that `float_layers` may be rounded."""
        return any(array.dtype == object for layer in self.layers for array in layer)

    @cached_property
    def float_layers(self) -> tuple[Layer, ...]:
        """The layers as float64, each entry within half an ulp of the stored number."""
        return tuple((W.astype(np.float64), b.astype(np.float64)) for W, b in self.layers)

    def preactivations(self, x: np.ndarray) -> list[np.ndarray]:
        """Hidden preactivations of points x (n, d_in), one (n, width) array a hidden layer.

        Object arrays of Fractions are evaluated exactly; anything else in float64.
        """
        return self._forward(x)[:-1]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Outputs (n, d_out) at points x (n, d_in), (d_out,) at one point (d_in,), in the arithmetic of
        `preactivations`."""
        x = np.asarray(x)
        found: np.ndarray = self._forward(x[None])[-1][0] if x.ndim == 1 else self._forward(x)[-1]
        return found

    def _forward(self, x: np.ndarray) -> list[np.ndarray]:
        x = np.asarray(x)
        if x.ndim != 2 or x.shape[1] != self.d_in:
            raise NetworkError(f"points have shape {x.shape}; give an array (n, {self.d_in})")
        rational = x.dtype == object
        layers = self._rational_layers if rational else self.float_layers
        z = [x @ layers[0][0].T + layers[0][1]]
        for (W, b), act in zip(layers[1:], self.activations, strict=True):
            z.append(_apply(act, z[-1]) @ W.T + b)
        return z

    def _checked_maxima(self, maxima: Iterable[Iterable[int]]) -> tuple[Maximum, ...]:
        checked = tuple(tuple(map(int, units)) for units in maxima)
        kinds = (
            [act for layer in range(1, len(self.layers)) for act in self.units(layer)] if checked else []
        )
        played = [unit for units in checked for unit in units]
        for k, units in enumerate(checked):
            in_order = units and units[0] >= 0 and all(a < b for a, b in pairwise(units))
            if not in_order or units[-1] >= len(kinds):
                raise NetworkError(
                    f"maximum {k} is decided by {units}; give increasing numbers of hidden units"
                )
            if any(kinds[unit].breakpoints != (0,) for unit in units):
                raise NetworkError(f"maximum {k} is decided by a unit that is no ReLU; give ReLU units")
        if len(set(played)) < len(played):
            raise NetworkError("a unit decides two maxima; give each its own units")
        return checked

    @cached_property
    def _rational_layers(self) -> tuple[Layer, ...]:
        to_fraction: Callable[[np.ndarray], np.ndarray] = np.frompyfunc(Fraction, 1, 1)
        return tuple((to_fraction(W), to_fraction(b)) for W, b in self.layers)


def require_network(model: Any) -> None:
    """Refuse models of other libraries, and say how they come in.

    Raises:
        NetworkError: the model is no network.
    """
    if not isinstance(model, Network):
        raise NetworkError(
            f"{type(model).__name__} is no geomtoy.Network; make one with geomtoy.from_model(model), or "
            "see geomtoy.views for blocks of transformers"
        )


def _checked_layer(k: int, pair: tuple[Any, Any]) -> Layer:
    try:
        weight, bias = pair
    except (TypeError, ValueError):
        raise NetworkError(f"layer {k} is not a pair (W, b)") from None
    W, b = parameter(f"W{k}", weight), parameter(f"b{k}", bias)
    if W.ndim != 2 or b.ndim != 1 or len(W) != len(b) or 0 in W.shape:
        raise NetworkError(
            f"W{k} has shape {W.shape} and b{k} has shape {b.shape}; give W{k} (out, in) and "
            f"b{k} (out,), both non-empty"
        )
    return W, b


def parameter(name: str, value: Any) -> np.ndarray:
    """A read-only float64 or Fraction array; exactly the numbers given."""
    try:
        array = as_array(value)
    except ValueError:
        raise NetworkError(f"{name} is ragged; make all its rows equally long") from None
    if array.dtype == object:
        return _rational_parameter(name, array)
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise NetworkError(f"{name} has type {array.dtype}; give real float32, float64 or Fraction")
    if array.dtype.kind in "iu" and array.size and max(abs(int(array.min())), int(array.max())) > 2**53:
        return _rational_parameter(name, array.astype(object))
    array = array.astype(np.float64)  # a copy; exact for all that passed
    if not np.isfinite(array).all():
        raise NetworkError(f"{name} holds NaN or infinity; give finite numbers")
    array.setflags(write=False)
    return array


def _rational_parameter(name: str, array: np.ndarray) -> np.ndarray:
    rational = np.empty(array.shape, object)
    for index, entry in np.ndenumerate(array):
        try:
            rational[index] = value = Fraction(entry)
            in_range = value == 0 or abs(float(value)) >= 2.0**-1000
        except (TypeError, ValueError, OverflowError):
            in_range = False
        if not in_range:
            raise NetworkError(
                f"{name} holds {reprlib.repr(entry)}; give finite numbers in the range of float64"
            )
    rational.setflags(write=False)
    return rational


def _checked_activations(
    spec: Any, widths: Sequence[int]
) -> tuple[PiecewiseLinear | tuple[PiecewiseLinear, ...], ...]:
    if isinstance(spec, str | PiecewiseLinear) or callable(spec):
        return (activation(spec),) * len(widths)
    layers = tuple(spec) if isinstance(spec, Iterable) else (spec,)
    if len(layers) != len(widths):
        raise NetworkError(
            f"{len(layers)} activations for {len(widths)} hidden layers; give one, or one for each"
        )
    return tuple(_of_layer(k, layer, widths[k]) for k, layer in enumerate(layers))


def _of_layer(k: int, spec: Any, width: int) -> PiecewiseLinear | tuple[PiecewiseLinear, ...]:
    if not isinstance(spec, tuple | list):
        return activation(spec)
    units = tuple(activation(one) for one in spec)
    if len(units) != width:
        raise NetworkError(
            f"{len(units)} activations for the {width} units of hidden layer {k + 1}; give one for each"
        )
    return units[0] if len(set(units)) == 1 else units


def _apply(act: PiecewiseLinear | tuple[PiecewiseLinear, ...], z: np.ndarray) -> np.ndarray:
    """Activations (n, width) of preactivations (n, width)."""
    if isinstance(act, PiecewiseLinear):
        after: np.ndarray = act(z)
        return after
    after = np.empty_like(z)
    for kind in set(act):
        which = [j for j, one in enumerate(act) if one == kind]
        after[:, which] = kind(z[:, which])
    return after
