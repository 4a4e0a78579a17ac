"""The settings of this paper's figures, and how much is trained for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from figure import Presets

from geomtoy.errors import SettingError
from geomtoy.tasks.recall import RecallTask
from truncation.run import SGD, RecallRun

KEEP = (0, 25, 50, 100, 150, 200, 250, 300, 400, 500, 1000, 1500)
"""Steps whose parameters are kept."""
LAST, BOTH = "MLP in layer 1 only", "MLP in both layers"


@dataclass(frozen=True)
class Recall:
    """Models that learn recall with one share of noise, and have an MLP in the last layer, layer 1.

    Args:
        shown: alpha, the share of noise.
        seeds: independent runs of each setting.
        steps, batch: of SGD, and sequences in each.
        length: of a sequence.
        d_model, test: see `RecallRun`.
    """

    shown: float = 0.5
    seeds: int = 1
    steps: int = 300
    batch: int = 32
    length: int = 64
    d_model: int = 64
    test: int = 64

    def run(self, alpha: float, mlp_layers: tuple[int, ...] = (1,)) -> RecallRun:
        """One run with seed 0."""
        fit = replace(SGD, steps=self.steps, batch_size=self.batch)
        task = RecallTask(alpha=alpha, length=self.length)
        return RecallRun(
            task, fit, d_model=self.d_model, mlp_layers=mlp_layers, test=self.test,
            keep=tuple(step for step in KEEP if step < self.steps),
        )  # fmt: skip

    @property
    def settings(self) -> Mapping[Any, RecallRun]:
        """What is trained, with seed 0."""
        return {self.shown: self.run(self.shown)}


@dataclass(frozen=True)
class Alphas(Recall):
    """Several shares of noise.

    Args:
        alphas: the shares; `shown` is one of them, looked at along training.
    """

    alphas: tuple[float, ...] = (0.3, 0.5)

    def __post_init__(self) -> None:
        if self.shown not in self.alphas:
            raise SettingError(f"--shown is {self.shown:g}; give one of --alphas {self.alphas}")

    @property
    def settings(self) -> Mapping[Any, RecallRun]:
        return {alpha: self.run(alpha) for alpha in self.alphas}


@dataclass(frozen=True)
class Places(Recall):
    """Models with one MLP and with two."""

    @property
    def settings(self) -> Mapping[Any, RecallRun]:
        return {LAST: self.run(self.shown), BOTH: self.run(self.shown, mlp_layers=(0, 1))}


@dataclass(frozen=True)
class Lens(Recall):
    """
    Args:
        triangles: between tokens, whose regions are counted.
    """

    triangles: int = 4


@dataclass(frozen=True)
class Memory:
    """The noisy linear associative memory.

    Args:
        seeds: draws of what truncation loses among equals.
        alpha: share of noise.
        rate, steps: of gradient descent.
        sizes: numbers of inputs; the claim is about 2, 3 and 4.
    """

    seeds: int = 3
    alpha: float = 0.3
    rate: float = 1.0
    steps: int = 3000
    sizes: tuple[int, ...] = (2, 3, 4)


SMALL: dict[str, Any] = {"steps": 6, "batch": 4, "d_model": 8, "test": 8}
LARGE: dict[str, Any] = {"steps": 2000, "test": 128, "seeds": 10}

ALPHAS = Presets(Alphas(**SMALL), Alphas(), Alphas(**LARGE, alphas=(0.1, 0.3, 0.5, 0.7)))
PLACES = Presets(Places(**SMALL), Places(), Places(**LARGE))
LENS = Presets(Lens(**SMALL, triangles=2), Lens(), Lens(**LARGE, triangles=20))
MEMORY = Presets(Memory(steps=30), Memory(), Memory(seeds=10))
