"""What the figures of weight truncation share: options, runs of noisy recall, how lines are drawn."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
from figure import arguments
from matplotlib import colormaps
from matplotlib.axes import Axes

from geomtoy.errors import SettingError
from geomtoy.store import Result, Runs, pool_for, run
from geomtoy.tasks.recall import RecallTask
from geomtoy.training.recall_runs import SGD, RecallConfig, run_recall

FULL = {"alphas": [0.1, 0.3, 0.5, 0.7], "seeds": 3, "d_model": 128, "steps": 600, "test": 256}
KEEP = (0, 25, 50, 100, 150, 200, 250, 300, 400, 500)
"""Steps whose parameters are kept of models that are shown along training."""


class Trained(NamedTuple):
    """Trained models by share of noise, seeds in the list; `both` has an MLP in the first layer too."""

    last: dict[float, Runs]
    both: Runs


def truncation_arguments(description: str | None) -> argparse.ArgumentParser:
    """Options of a figure of noisy recall."""
    parser = arguments(description, seeds=1)
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.1, 0.3, 0.5])
    parser.add_argument("--shown", type=float, default=0.5, help="alpha where one is shown")
    parser.add_argument("--steps", type=int, default=400, help="of SGD")
    parser.add_argument("--batch", type=int, default=32, help="sequences a step")
    parser.add_argument("--d-model", type=int, default=64)
    parser.add_argument("--test", type=int, default=64, help="sequences of each test")
    return parser


def setting(args: argparse.Namespace, alpha: float, seed: int, *, both: bool = False) -> RecallConfig:
    """One run with the options' sizes."""
    fit = replace(SGD, steps=args.steps, batch_size=args.batch, seed=seed)
    shown = alpha == args.shown and not both
    return RecallConfig(
        RecallTask(alpha=alpha), fit, d_model=args.d_model, mlp_layers=(0, 1) if both else (1,),
        test=args.test, keep=tuple(step for step in KEEP if step < args.steps) if shown else (),
    )  # fmt: skip


def trained(args: argparse.Namespace) -> Trained:
    """All runs that the figures need, kept in one folder: the first figure trains, the others draw."""
    if args.shown not in args.alphas:
        raise SettingError(f"--shown is {args.shown:g}; give one of --alphas {args.alphas}")
    seeds = range(args.seeds)
    last = [setting(args, alpha, seed) for alpha in args.alphas for seed in seeds]
    both = [setting(args, args.shown, seed, both=True) for seed in seeds]
    configs = [*last, *both]
    found = run(
        run_recall, configs, args.results, pool=pool_for(args.workers, args.dask),
        cost=lambda config: config.fit.steps * (1 + len(config.mlp_layers)), progress=True,
    )  # fmt: skip
    rows = [found[k * args.seeds : (k + 1) * args.seeds] for k in range(len(args.alphas) + 1)]
    return Trained(dict(zip(args.alphas, rows, strict=False)), rows[-1])


def record(args: argparse.Namespace) -> dict[str, Any]:
    """The config of a figure: one of its runs, and what varies."""
    return {
        **asdict(setting(args, args.shown, 0)), "alphas": [*args.alphas], "shown": args.shown,
        "seeds": args.seeds, "scale": "toy: 2 layers, 1 head, 32 tokens and noise",
    }  # fmt: skip


def over_seeds(results: Sequence[Result], name: str) -> np.ndarray:
    """An array of each run, seeds first."""
    return np.stack([result.arrays[name] for result in results])


def rhos_of(args: argparse.Namespace) -> tuple[float, ...]:
    return setting(args, args.shown, 0).rhos


def rho_label(rho: float) -> str:
    return {1.0: "full rank", 0.0: "MLP dropped"}.get(rho, f"ρ = {rho:g}")


def rho_colour(k: int, number: int) -> Any:
    """Dark is full rank, light is dropped."""
    return colormaps["plasma"](0.85 * k / max(1, number - 1))


def draw_band(ax: Axes, x: np.ndarray, values: np.ndarray, **style: Any) -> None:
    """The mean of values (seeds, x) as a line, their range as a band."""
    (line,) = ax.plot(x, values.mean(axis=0), **style)
    if len(values) > 1:
        ax.fill_between(
            x, values.min(axis=0), values.max(axis=0), color=line.get_color(), alpha=0.2, linewidth=0
        )
