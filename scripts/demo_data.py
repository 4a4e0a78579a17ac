"""Computes what the teaching page reads: proven counts of blocks, as geomtoy/demo/page/data.json.

Trains the blocks anew (about 6 minutes on one core). Every count in the file is certified: a block whose
count cannot be proven stops the script. Coordinates are rounded, for drawing only.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from figure import ROOT
from geometric_perspective.planes import D_HEAD, HIDDEN, REACH
from tqdm import tqdm

from geomtoy.block_arrays import BlockArrays
from geomtoy.errors import SettingError
from geomtoy.views.along_time import TimeRegions, count_regions_along
from geomtoy.writing import written_aside

HEADS = 1, 2, 3, 4, 6, 8
CONTEXTS = 2, 4, 8, 16, 32, 64
FIT_HEADS, FIT_CONTEXT = (1, 2, 4), 8
SEED = 0
STEPS = 0, 10, 20, 40, 60, 80, 100, 130, 160, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000
LOW, HIGH = -2 * np.pi, 2 * np.pi
BINS = np.linspace(LOW, HIGH, 17)
CURVE = np.linspace(LOW, HIGH, 257)
FINE = np.linspace(LOW, HIGH, 1001)
POINTS = 1000
GRID = 2**15


def main(out: Path = ROOT / "geomtoy/demo/page/data.json") -> None:
    """
    Args:
        out: the file.
    """
    import jax

    jax.config.update("jax_enable_x64", True)
    grid = list(product(HEADS, CONTEXTS))
    data = {
        "steps": STEPS,
        "heads": HEADS,
        "contexts": CONTEXTS,
        "seed": SEED,
        "trained": {"along": STEPS[-1], "hard": 0},
        "along": {f"{H},{C}": snapshots(H, C, STEPS[-1:])[-1] for H, C in tqdm(grid, unit="block")},
        "reach": REACH,
        "fit": {
            "heads": FIT_HEADS,
            "context": FIT_CONTEXT,
            "blocks": {str(H): snapshots(H, FIT_CONTEXT, STEPS) for H in tqdm(FIT_HEADS, unit="block")},
        },
    }
    with written_aside(out) as aside:
        aside.write_text(json.dumps(data, separators=(",", ":"), sort_keys=True) + "\n")


@dataclass(eq=False)
class Snapshots:
    """A callback of `fit` that keeps the block at some steps, all of them multiples of `every`."""

    steps: Sequence[int]
    every: int = 10
    kept: list[BlockArrays] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def __call__(self, step: int, models: Sequence[Any]) -> None:
        from geomtoy.models.block_export import block_arrays

        if step in self.steps:
            self.kept.append(block_arrays(models[0]))

    def arrays(self) -> dict[str, np.ndarray]:
        return {}

    def restore(self, arrays: Any) -> None:
        self.kept.clear()


def snapshots(n_heads: int, context: int, steps: Sequence[int]) -> list[dict[str, Any]]:
    """A block fitted to sin(t), at those steps, one seed: proven regions along time and its curve."""
    import jax.numpy as jnp

    from geomtoy.models.block import Block, BlockConfig
    from geomtoy.training.regression import FitConfig, fit

    config = BlockConfig(n_heads=n_heads, context_length=context, d_head=D_HEAD, hidden=HIDDEN)
    t = np.linspace(LOW, HIGH, POINTS)
    x, watch = np.asarray(config.tokens(jnp.asarray(t))), Snapshots(steps)
    training = FitConfig(steps=STEPS[-1], learning_rate=3e-3, batch_size=100, seed=SEED, seeds=1)
    fit(lambda rngs: Block(config, rngs=rngs), x, np.sin(t)[:, None], training, callback=watch)
    return [along_record(block) for block in watch.kept]


def along_record(block: BlockArrays) -> dict[str, Any]:
    """Proven count and borders; error and curve are float64 values on grids.

    Raises:
        SettingError: the count is not certified.
    """
    found = count_regions_along(block, (LOW, HIGH))
    if not found.certified:
        raise SettingError(f"a block of {block.n_heads} heads is not certified: {found.guarantee}")
    error = block(FINE) - np.sin(FINE)
    return {
        "regions": found.regions,
        "borders": found.borders.round(4).tolist(),
        "units": found.units.tolist(),
        "bins": regions_per_bin(found),
        "rmse": float(f"{np.sqrt((error**2).mean()):.4g}"),
        "curve": block(CURVE).round(3).tolist(),
    }


def regions_per_bin(found: TimeRegions) -> list[int]:
    """Regions that meet each bin's interior.

    Raises:
        SettingError: a border is not surely on one side of a bin's end.
    """
    gap = np.abs(found.borders[:, None] - BINS[1:-1]) - found.error[:, None]
    if (gap <= 0).any():
        raise SettingError("a border may lie on the end of a bin; take other bins")
    return [1 + int(((a < found.borders) & (found.borders < b)).sum()) for a, b in pairwise(BINS)]


def packed(values: np.ndarray, kind: str) -> str:
    return b64encode(np.asarray(values).astype(kind).tobytes()).decode()


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
