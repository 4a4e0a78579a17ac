"""What the figures of blocks share: options, and the sweep that trains and counts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product
from typing import Any

import numpy as np
from figure import arguments

from geomtoy.models.block import BlockConfig
from geomtoy.models.time_encoding import ENCODINGS
from geomtoy.store import Result, Runs, pool_for, run
from geomtoy.training.count_blocks import CountConfig, count_blocks
from geomtoy.training.fit_block import ADAM, BlockFitConfig

D_HEAD = 4
"""For any number of heads: they are added, not made of a divided one."""

FULL_GRID = {"heads": range(1, 11), "contexts": range(10, 101, 10), "seeds": 4, "batch": 0}

COUNTS = {
    "along time, initial": "initial_regions",
    "along time, trained": "regions",
    "pattern changes, initial": "initial_pattern_changes",
    "pattern changes, trained": "pattern_changes",
}
"""Kind of count and state of training -> its name among the arrays of `count_blocks`."""


def block_arguments(description: str | None, *, seeds: int = 3) -> argparse.ArgumentParser:
    """Options of a figure of blocks; a tenth of the bins in each step is ten times as fast as all."""
    parser = arguments(description, seeds=seeds)
    parser.add_argument("--steps", type=int, default=1000, help="of Adam")
    parser.add_argument("--bins", type=int, default=1000, help="times to train on")
    parser.add_argument("--batch", type=int, default=100, help="times a step; 0 takes all bins")
    return parser


def grid_arguments(description: str | None) -> argparse.ArgumentParser:
    """Options of a figure over heads and contexts."""
    parser = block_arguments(description)
    parser.add_argument("--heads", type=int, nargs="+", default=[1, 2, 5, 10])
    parser.add_argument("--contexts", type=int, nargs="+", default=[10, 30, 100])
    parser.add_argument("--encoding", choices=ENCODINGS, default="from_query")
    return parser


def full(args: argparse.Namespace, name: str, **settings: Any) -> str:
    """With --full, change options to these settings; returns the name under which to publish."""
    if not args.full:
        return name
    vars(args).update(settings)
    return f"{name}_full"


def setting(args: argparse.Namespace, block: BlockConfig, *, certify: int = 0) -> CountConfig:
    """A block with the options' training."""
    fit = replace(ADAM, steps=args.steps, seeds=args.seeds, batch_size=args.batch or None)
    return CountConfig(BlockFitConfig(block, fit, bins=args.bins), certify)


def grid_of_blocks(args: argparse.Namespace) -> list[CountConfig]:
    """Every number of heads with every context length, contexts in the inner loop."""
    return [
        setting(args, BlockConfig(n_heads=H, context_length=C, d_head=D_HEAD, encoding=args.encoding))
        for H, C in product(args.heads, args.contexts)
    ]


def grid_record(args: argparse.Namespace) -> dict[str, Any]:
    """The config of a grid: one of its blocks, and what varies."""
    return {**asdict(grid_of_blocks(args)[0]), "heads": [*args.heads], "contexts": [*args.contexts]}


def trained(args: argparse.Namespace, configs: Sequence[CountConfig]) -> Runs:
    """Results of `count_blocks`."""
    return run(
        count_blocks, configs, args.results, pool=pool_for(args.workers, args.dask),
        cost=lambda config: config.fit.cost, progress=True,
    )  # fmt: skip


def counts_of(found: Sequence[Result], grid: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Each of `COUNTS` as an array (*grid, seeds)."""
    return {
        name: np.array([result.arrays[key] for result in found]).reshape(*grid, -1)
        for name, key in COUNTS.items()
    }
