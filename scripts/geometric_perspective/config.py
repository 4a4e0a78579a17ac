"""The settings of figures 1 to 5 and of what is beside them, and how much is trained for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from figure import Presets

from geometric_perspective.run_blocks import BlockRun
from geometric_perspective.run_mlps import MlpRun
from geomtoy.models.block import BlockConfig
from geomtoy.models.time_encoding import ENCODINGS
from geomtoy.training.blocks import ADAM, BlockFitConfig

LOW, HIGH = -2 * np.pi, 2 * np.pi
"""Times, and numbers x, of figures 2, 4 and 5."""
D_HEAD = 4
"""Of blocks, for any number of heads: they are added, not made of a divided one."""

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "LayerNorm": {"layer_norm": "mlp"},
    "no residual": {"residual": False},
    "LayerNorm, no residual": {"layer_norm": "mlp", "residual": False},
    "heads of size 16": {"d_head": 16},
}
"""Of a block, by name."""

HEADS: dict[str, dict[str, Any]] = {
    "size 4": {"d_head": D_HEAD},
    "size 4, W_O of one head": {"d_head": D_HEAD, "per_head": True},
    "size d/H": {"d_head": None},
    "size d": {"d_head": 16},
}
"""How heads are added, by name: their size, and whether W_O starts smaller the more there are."""


@dataclass(frozen=True)
class Partition:
    """
    Args:
        neurons: of one hidden layer on two inputs.
        seeds: random networks.
    """

    neurons: int = 40
    seeds: int = 20


@dataclass(frozen=True)
class Norms:
    """
    Args:
        width: of the space in which the plane lies.
        neurons, deeper: of the first and second hidden layer.
        seeds: random networks.
    """

    width: int = 16
    neurons: int = 24
    deeper: int = 12
    seeds: int = 20


@dataclass(frozen=True)
class Sin:
    """
    Args:
        neurons: of the two networks.
        steps: of Adam.
        seeds: networks of each kind.
    """

    neurons: tuple[int, int] = (50, 500)
    steps: int = 10_000
    seeds: int = 8

    @property
    def runs(self) -> list[MlpRun]:
        return [MlpRun(neurons, self.steps, self.seeds) for neurons in self.neurons]


@dataclass(frozen=True)
class Bounds:
    """
    Args:
        neurons: of one hidden layer.
        seeds: random networks that are counted.
        max_cells: networks are counted up to this bound.
    """

    neurons: tuple[int, ...] = (50, 100, 500)
    seeds: int = 3
    max_cells: int = 200_000


@dataclass(frozen=True)
class Blocks:
    """How blocks are trained on sin(t); a tenth of the bins in each step is ten times as fast as all.

    Args:
        seeds: blocks of each setting.
        steps: of Adam.
        bins: times to train on.
        batch: times a step; 0 takes all bins.
    """

    seeds: int = 3
    steps: int = 1000
    bins: int = 1000
    batch: int = 100

    def run(self, block: BlockConfig, target: str = "sin", steps: int | None = None) -> BlockRun:
        """A block with this training."""
        fit = replace(ADAM, steps=steps or self.steps, seeds=self.seeds, batch_size=self.batch or None)
        return BlockRun(BlockFitConfig(block, fit, target, self.bins))


@dataclass(frozen=True)
class Panels(Blocks):
    """The error counts here, so all is trained twice: for half of the steps as well.

    Args:
        contexts, heads: two of each, for four panels.
        encoding: of time.
        target: "chirp" is sin(t^2), which no channel of the query holds; sin(t) is one of them.
    """

    steps: int = 4000
    contexts: tuple[int, int] = (10, 100)
    heads: tuple[int, int] = (1, 10)
    encoding: str = "from_query"
    target: str = "chirp"

    @property
    def runs(self) -> dict[tuple[int, int], BlockRun]:
        """(context length, number of heads) -> run."""
        return self._runs(self.steps)

    @property
    def shorter(self) -> dict[tuple[int, int], BlockRun]:
        """The same, of half the steps."""
        return self._runs(self.steps // 2)

    def _runs(self, steps: int) -> dict[tuple[int, int], BlockRun]:
        return {
            (C, H): self.run(
                BlockConfig(context_length=C, n_heads=H, d_head=D_HEAD, encoding=self.encoding),
                self.target,
                steps,
            )
            for C, H in product(self.contexts, self.heads)
        }


@dataclass(frozen=True)
class Grid(Blocks):
    """
    Args:
        heads, contexts: every number of heads with every context length.
        encoding: of time.
    """

    heads: tuple[int, ...] = (1, 2, 4, 8)
    contexts: tuple[int, ...] = (10, 30, 100)
    encoding: str = "from_query"

    @property
    def runs(self) -> list[BlockRun]:
        """Contexts in the inner loop."""
        return self.runs_of("size 4")

    def runs_of(self, kind: str) -> list[BlockRun]:
        """The same with heads of this kind."""
        options = HEADS[kind]
        return [
            self.run(BlockConfig(n_heads=H, context_length=C, encoding=self.encoding, **options))
            for H, C in product(self.heads, self.contexts)
        ]


@dataclass(frozen=True)
class Ablated(Grid):
    """
    Args:
        kinds: of blocks, names in `HEADS`.
    """

    steps: int = 500
    contexts: tuple[int, ...] = (10, 30)
    kinds: tuple[str, ...] = tuple(HEADS)


@dataclass(frozen=True)
class Slices(Grid):
    """
    Args:
        points: three times, whose tokens the plane goes through.
    """

    points: tuple[float, float, float] = (-3.0, 0.5, 2.0)


@dataclass(frozen=True)
class SoftPlanes(Slices):
    """
    Args:
        sharpened: (heads, context) of the blocks whose scores are scaled up.
        sharpness: by how much, rising; three or more.
        max_patches: budget for each proof.
    """

    heads: tuple[int, ...] = (1, 4)
    contexts: tuple[int, ...] = (10, 30)
    sharpened: tuple[int, int] = (4, 10)
    sharpness: tuple[float, ...] = (1, 4, 16)
    max_patches: int = 100_000

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """(heads, context) of each of the runs."""
        return [*product(self.heads, self.contexts)]


@dataclass(frozen=True)
class Encodings(Blocks):
    """
    Args:
        contexts, heads: a smaller and a larger one of each.
        encodings: of time.
        variants: names in `VARIANTS`.
    """

    seeds: int = 3
    steps: int = 200
    contexts: tuple[int, int] = (10, 50)
    heads: tuple[int, int] = (1, 10)
    encodings: tuple[str, ...] = tuple(ENCODINGS)
    variants: tuple[str, ...] = ("plain", "LayerNorm", "no residual")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the runs: encodings, variants, contexts, heads."""
        return len(self.encodings), len(self.variants), len(self.contexts), len(self.heads)

    @property
    def runs(self) -> list[BlockRun]:
        return [
            self.run(BlockConfig(
                encoding=encoding,
                **{"context_length": C, "n_heads": H, "d_head": D_HEAD, **VARIANTS[variant]},
            ))
            for encoding, variant, C, H in product(
                self.encodings, self.variants, self.contexts, self.heads
            )
        ]  # fmt: skip


@dataclass(frozen=True)
class Planes:
    """
    Args:
        heads, contexts: every number of heads with every context length.
        seeds: untrained blocks of each.
    """

    heads: tuple[int, ...] = (1, 3, 10)
    contexts: tuple[int, ...] = (3, 10, 30)
    seeds: int = 3


FEW: dict[str, Any] = {"steps": 4, "bins": 20, "batch": 10, "seeds": 2}
SMALL_GRID: dict[str, Any] = {"heads": (1, 2), "contexts": (2, 3)}
FIRST_LOOK: dict[str, Any] = {"heads": (1, 2, 4), "contexts": (10, 30, 60), "steps": 600}
FULL_GRID: dict[str, Any] = {"seeds": 16}

PARTITION = Presets(Partition(5, 2), Partition())
NORMS = Presets(Norms(6, 6, 4, 2), Norms())
SIN = Presets(Sin((4, 9), 30, 2), Sin(steps=3000, seeds=3), Sin())
BOUNDS = Presets(Bounds((4, 8), 2), Bounds())
PANELS = Presets(
    Panels(**FEW, **SMALL_GRID),
    Panels(seeds=2, steps=1000, contexts=(10, 30)),
    Panels(seeds=8, steps=10_000),
)
GRID = Presets(Grid(**FEW, **SMALL_GRID), Grid(**FIRST_LOOK), Grid(**FULL_GRID))
ABLATED = Presets(
    Ablated(**FEW, **SMALL_GRID),
    Ablated(seeds=2, steps=300, heads=(1, 4), kinds=("size 4", "size d/H")),
    Ablated(seeds=8, heads=(1, 8)),
)
SLICES = Presets(Slices(**FEW, **SMALL_GRID), Slices(**FIRST_LOOK), Slices(**FULL_GRID))
SOFT_PLANES = Presets(
    SoftPlanes(**FEW, **SMALL_GRID, sharpened=(2, 3)),
    SoftPlanes(),
    SoftPlanes(
        seeds=8, heads=(1, 2, 4, 8), contexts=(5, 15, 45), sharpened=(4, 15),
        sharpness=(1, 4, 16, 64, 256),
    ),
)  # fmt: skip
ENCODING = Presets(
    Encodings(**FEW, **SMALL_GRID, encodings=("geometric", "from_query"), variants=("plain",)),
    Encodings(seeds=1, contexts=(10, 30), variants=("plain",)),
    Encodings(seeds=8, contexts=(10, 30), variants=("plain",)),
)
PLANES = Presets(Planes((1, 2), (3, 4), 2), Planes(), Planes((1, 2, 4, 8), (4, 8, 16, 32), 8))
