"""Named functions to learn, each with its domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from geomtoy.errors import SettingError


@dataclass(frozen=True)
class Target:
    """A function R^d_in -> R on a box.

    Args:
        name: its key in `TARGETS`.
        domain: (low, high) of each input.
        function: points (n, d_in) -> values (n, 1).
        formula: for titles.
    """

    name: str
    domain: tuple[tuple[float, float], ...]
    function: Callable[[np.ndarray], np.ndarray]
    formula: str

    @property
    def d_in(self) -> int:
        return len(self.domain)

    def __call__(self, x: Float[np.ndarray, "n d_in"]) -> Float[np.ndarray, "n 1"]:
        return self.function(x)

    def grid(self, n: int) -> Float[np.ndarray, "{n}**{self.d_in} {self.d_in}"]:
        """n equally spaced points along each input, ends included."""
        axes = [np.linspace(low, high, n) for low, high in self.domain]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, self.d_in)

    def sample(self, n: int, seed: int) -> Float[np.ndarray, "{n} {self.d_in}"]:
        """n uniform points of the domain."""
        low, high = np.array(self.domain).T
        return np.random.default_rng(seed).uniform(low, high, (n, self.d_in))


def target(name: str) -> Target:
    """Look a target up.

    Raises:
        SettingError: there is none of that name.
    """
    if name not in TARGETS:
        raise SettingError(f"target {name!r} is unknown; use one of {', '.join(TARGETS)}")
    return TARGETS[name]


def _triangle(x: np.ndarray) -> np.ndarray:
    return 2 * np.abs(x - 2 * np.round(x / 2)) - 1


def _radius(x: np.ndarray) -> np.ndarray:
    return np.sqrt((x**2).sum(axis=1, keepdims=True))


_INTERVAL = (-1.0, 1.0)
_SQUARE = (_INTERVAL, _INTERVAL)
_PERIODS = (-2 * np.pi, 2 * np.pi)

TARGETS = {
    one.name: one
    for one in (
        Target("sin", (_PERIODS,), np.sin, "sin(x)"),
        Target("chirp", ((0.0, 4.0),), lambda x: np.sin(x**2), "sin(x²)"),
        Target("runge", (_INTERVAL,), lambda x: 1 / (1 + 25 * x**2), "1 / (1 + 25x²)"),
        Target("triangle", ((-4.0, 4.0),), _triangle, "triangle wave of period 2"),
        Target("step", (_INTERVAL,), lambda x: np.sign(x), "sign(x)"),
        Target("saddle", _SQUARE, lambda x: x[:, :1] * x[:, 1:], "xy"),
        Target("waves", _SQUARE, lambda x: np.sin(np.pi * x).prod(1, keepdims=True), "sin(πx) sin(πy)"),
        Target("rings", _SQUARE, lambda x: np.cos(2 * np.pi * _radius(x)), "cos(2πr)"),
        Target("cone", _SQUARE, _radius, "r"),
    )
}
