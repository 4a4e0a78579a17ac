"""What the figures of matching share: options, and the runs that all of them read."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import jax
import numpy as np
from figure import arguments

from geomtoy.plots.style import BLUE, GREEN, ORANGE, PURPLE
from geomtoy.store import Result, pool_for, run
from geomtoy.tasks.chains import ChainTask
from geomtoy.training.chain_measures import ChainProbe
from geomtoy.training.chain_runs import ADAMW, ChainRun, restore, run_chain

SINGLE = ChainTask()
DOUBLE = ChainTask(chains=(3, 2), questions=2)
DEEP = ChainTask(chains=(6,), steps=(1, 2, 3))

WORKS = "post-LN, γ = 0.8"
"""The setting in which the mechanism is said to form."""

PLAIN, RANDOM, IDENTITY = "MLP", "MLP, random ++", "MLP, identity ++"
"""With MLPs, in the setting that works: nothing, random matrices or the identity added."""

LENS = (RANDOM, PLAIN)
"""What is looked at through the lens."""

ORDER_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
"""Of 1, 2, 3 steps, or hops."""

LEARNED = 0.95
"""Held-out accuracy from which a number of steps counts as learned."""


@dataclass(frozen=True)
class Preset:
    """How much is trained for the figures.

    Args:
        seeds: independent runs of each setting.
        steps, mlp_steps, deep_steps: of training without MLPs, with them, and of the figure of depth.
        gammas: initial scales, with post-LN; `pre_gammas` with pre-LN.
        signs: of the factors (alpha, beta) of added random matrices.
        depths, deep: numbers of layers, and what they learn.
        two_chains: whether to train on them too.
        mlp_grid: places of LayerNorm and gammas to train with MLPs, besides post-LN at 0.8.
        d_model, hidden, test, triangles: see `ChainRun`.
    """

    seeds: int
    steps: int
    mlp_steps: int
    deep_steps: int
    gammas: tuple[float, ...]
    pre_gammas: tuple[float, ...]
    signs: tuple[str, ...]
    depths: tuple[int, ...]
    deep: ChainTask
    d_model: int = 64
    hidden: int = 256
    test: int = 256
    triangles: int = 12
    every: int = 100
    two_chains: bool = False
    mlp_grid: tuple[tuple[str, float], ...] = ()


GAMMAS = (0.3, 0.5, 0.8, 1.0)
QUICK = Preset(1, 1200, 1500, 1200, (0.3, 0.8), (0.3, 0.8), ("++",), (2, 3), SINGLE)
FULL = Preset(3, 2000, 2500, 3000, GAMMAS, GAMMAS, ("++", "+-"), (2, 3, 4), DEEP, two_chains=True)
TINY = Preset(
    1, 4, 4, 4, (0.3, 0.8), (0.8,), ("++",), (2, 3), SINGLE, d_model=8, hidden=8, test=64, triangles=2,
    every=2,
)  # fmt: skip


def match_arguments(description: str | None) -> argparse.ArgumentParser:
    """Options of a figure of matching."""
    parser = arguments(description, seeds=0)
    parser.set_defaults(seeds=None)
    parser.add_argument("--tiny", action="store_true", help="a few steps, to see that all runs")
    return parser


def preset(args: argparse.Namespace, name: str) -> tuple[Preset, str]:
    """What the options ask for, and the name under which to publish."""
    chosen = TINY if args.tiny else FULL if args.full else QUICK
    if args.seeds is not None:
        chosen = replace(chosen, seeds=args.seeds)
    return chosen, f"{name}_full" if args.full else name


def settings(p: Preset) -> dict[str, ChainRun]:
    """Every setting that some figure shows, by name, with seed 0."""

    def one(steps: int, task: ChainTask = SINGLE, **others: Any) -> ChainRun:
        fit = replace(ADAMW, steps=steps, every=p.every, last=task.questions)
        return ChainRun(task, fit, d_model=p.d_model, test=p.test, **others)

    found = {f"post-LN, γ = {g}": one(p.steps, gamma=g) for g in p.gammas}
    found |= {f"pre-LN, γ = {g}": one(p.steps, gamma=g, layer_norm="pre") for g in p.pre_gammas}
    found |= {"two chains": one(p.steps, DOUBLE)} if p.two_chains else {}
    found |= {f"L = {L}": one(p.deep_steps, p.deep, n_layers=L) for L in p.depths}
    for name, others in with_mlps(p).items():
        mlp = {"hidden": p.hidden, "triangles": p.triangles, **others}
        found[name] = one(p.mlp_steps, keep=lens_steps(p) if name in LENS else (), **mlp)
    return found


def with_mlps(p: Preset) -> dict[str, dict[str, Any]]:
    """By setting, what a run with MLPs has besides."""
    found: dict[str, dict[str, Any]] = {PLAIN: {}}
    for kind, signs in [*(("random", signs) for signs in p.signs), ("identity", "++")]:
        alpha, beta = (0.5 if sign == "+" else -0.5 for sign in signs)
        found[f"MLP, {kind} {signs}"] = {"added": kind, "alpha": alpha, "beta": beta}
    for norm, g in p.mlp_grid:
        found[f"MLP, {norm}-LN, γ = {g}"] = {"layer_norm": norm, "gamma": g}
    return found


def mixed_settings(p: Preset) -> list[str]:
    """Models of several depths that learn several numbers of steps at once."""
    return [f"L = {L}" for L in p.depths]


def with_two_chains(p: Preset) -> list[str]:
    """The same, and the model that meets a chain of noise."""
    return [*mixed_settings(p), *["two chains"] * p.two_chains]


def lens_steps(p: Preset) -> tuple[int, ...]:
    """Where the lens keeps parameters."""
    return tuple(range(0, p.mlp_steps + 1, max(p.every, p.mlp_steps // 20)))


def trained(args: argparse.Namespace, p: Preset) -> dict[str, list[Result]]:
    """Results by name of the setting, one a seed, kept and resumed from a folder of this preset."""
    runs = {
        (name, seed): replace(config, fit=replace(config.fit, seed=seed))
        for name, config in settings(p).items()
        for seed in range(p.seeds)
    }
    results = run(
        run_chain, [*runs.values()], args.results, pool=pool_for(args.workers, args.dask),
        cost=lambda config: config.cost, progress=True,
    )  # fmt: skip
    found: dict[str, list[Result]] = {}
    for (name, _), result in zip(runs, results, strict=True):
        found.setdefault(name, []).append(result)
    return found


def record(p: Preset) -> dict[str, Any]:
    """The config of a figure: the preset and its settings by name."""
    return {"preset": asdict(p), "settings": {name: asdict(run) for name, run in settings(p).items()}}


def stacked(results: Sequence[Result], name: str) -> np.ndarray:
    """An array of all seeds, seeds first."""
    return np.stack([result.arrays[name] for result in results])


def final_accuracy(results: Sequence[Result]) -> np.ndarray:
    """(seeds, numbers of steps) held-out accuracy at the end."""
    return stacked(results, "held_out_accuracy")[:, -1]


def final_arrays(result: Result) -> dict[str, np.ndarray]:
    """What was trained, by name."""
    return named(result, "final/")


def named(result: Result, prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, without the beginning."""
    arrays = result.arrays.items()
    return {name.removeprefix(prefix): array for name, array in arrays if name.startswith(prefix)}


def steps_to_learn(results: Sequence[Result]) -> list[int | None]:
    """For each seed the look from which on the most steps that are asked stay learned; None is never."""
    found = []
    for result in results:
        learned = result.arrays["held_out_accuracy"][:, -1] >= LEARNED
        later = np.flatnonzero(~learned)
        first = 0 if not len(later) else later[-1] + 1
        found.append(int(result.arrays["at"][first]) if first < len(learned) else None)
    return found


def judged(seeds: Sequence[bool]) -> str:
    """A claim that each seed confirms or not."""
    return "holds" if all(seeds) else "mixed" if any(seeds) else "fails"


def seen_by(p: Preset, setting: str, result: Result) -> tuple[ChainProbe, dict[str, np.ndarray]]:
    """The test, and what a trained model of seed 0 shows on it; see `ChainProbe.run`."""
    config = settings(p)[setting]
    with jax.enable_x64(True):
        model = restore(config, final_arrays(result))
        probe = ChainProbe(model, config.task, config.test, config.triangles)
        return probe, probe.run(model)
