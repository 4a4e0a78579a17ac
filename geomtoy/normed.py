"""Networks behind one norm: affine, LayerNorm or RMSNorm, then any piecewise-linear network."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from geomtoy.activations import exact
from geomtoy.errors import NetworkError
from geomtoy.network import Layer, Network, parameter


@dataclass(frozen=True, eq=False)
class Norm:
    """y -> gain * c / sqrt(mean(c^2) + epsilon) + bias, with c = y - mean(y), or c = y if not `centred`.

    Args:
        gain, bias: (d,).
        epsilon: >= 0; the rational number that the float is.
        centred: True for LayerNorm, False for RMSNorm.
    Raises:
        NetworkError: shapes differ, a number is not finite, or epsilon is negative.
    """

    gain: np.ndarray
    bias: np.ndarray
    epsilon: Fraction
    centred: bool = True

    def __post_init__(self) -> None:
        for name in ("gain", "bias"):
            object.__setattr__(self, name, parameter(f"the norm's {name}", getattr(self, name)))
        object.__setattr__(self, "epsilon", exact(self.epsilon, "the norm's epsilon"))
        if self.gain.ndim != 1 or self.gain.shape != self.bias.shape:
            raise NetworkError(
                f"the norm's gain has shape {self.gain.shape} and its bias {self.bias.shape}; give (d,)"
            )
        if self.epsilon < 0:
            raise NetworkError(f"the norm's epsilon is {float(self.epsilon):g}; give 0 or more")

    @property
    def width(self) -> int:
        return len(self.gain)

    def __call__(self, y: np.ndarray) -> np.ndarray:
        """Values (n, d), normalised, in float64."""
        y = np.asarray(y, float)
        c = y - y.mean(axis=1, keepdims=True) if self.centred else y
        deviation = np.sqrt((c**2).mean(axis=1, keepdims=True) + float(self.epsilon))
        normed: np.ndarray = self.gain.astype(float) * c / deviation + self.bias.astype(float)
        return normed


@dataclass(frozen=True, eq=False, repr=False)
class NormedNetwork:
    """x -> after(norm(W x + b)): regions of it are cut by arcs of circles; see `geomtoy.circles`.

    Args:
        before: (W, b), or None for the identity.
        norm: of the values W x + b.
        after: a piecewise-linear network of the normalised vector.
    Raises:
        NetworkError: shapes do not chain.
    """

    before: Layer | None
    norm: Norm
    after: Network

    def __post_init__(self) -> None:
        if self.before is not None:
            W, b = (parameter(name, x) for name, x in zip(("W", "b"), self.before, strict=True))
            if W.ndim != 2 or b.shape != (self.norm.width,) or len(W) != self.norm.width:
                raise NetworkError(
                    f"the layer before the norm has shapes {W.shape} and {b.shape}; give "
                    f"({self.norm.width}, in) and ({self.norm.width},)"
                )
            object.__setattr__(self, "before", (W, b))
        if self.after.d_in != self.norm.width:
            raise NetworkError(
                f"the network behind the norm takes {self.after.d_in} inputs; the norm gives "
                f"{self.norm.width}"
            )

    def __repr__(self) -> str:
        kind = "LayerNorm" if self.norm.centred else "RMSNorm"
        return f"NormedNetwork({self.d_in} inputs, {kind} of {self.norm.width}, {self.after!r})"

    @property
    def d_in(self) -> int:
        return self.norm.width if self.before is None else int(self.before[0].shape[1])

    @property
    def d_out(self) -> int:
        return self.after.d_out

    @property
    def widths(self) -> tuple[int, ...]:
        return self.after.widths

    def normalised(self, x: Any) -> np.ndarray:
        """Inputs (n, d_in) -> normalised vectors (n, d), in float64."""
        x = np.asarray(x, float)
        if x.ndim != 2 or x.shape[1] != self.d_in:
            raise NetworkError(f"points have shape {x.shape}; give an array (n, {self.d_in})")
        if self.before is None:
            return self.norm(x)
        W, b = (part.astype(float) for part in self.before)
        return self.norm(x @ W.T + b)

    def preactivations(self, x: Any) -> list[np.ndarray]:
        """Hidden preactivations at inputs (n, d_in), in float64."""
        return self.after.preactivations(self.normalised(x))

    def __call__(self, x: Any) -> np.ndarray:
        """Outputs (n, d_out) at points (n, d_in), in float64; (d_out,) at one point (d_in,)."""
        x = np.asarray(x, float)
        found: np.ndarray = (
            self.after(self.normalised(x[None]))[0] if x.ndim == 1 else self.after(self.normalised(x))
        )
        return found
