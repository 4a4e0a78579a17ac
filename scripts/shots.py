"""What the figures of few-shot prompts share: options, the sweep that trains and asks, its arrays."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from figure import arguments

from geomtoy.models.attention import AttentionConfig
from geomtoy.models.decoder import DecoderConfig
from geomtoy.models.layer import LayerConfig
from geomtoy.store import Result, pool_for, run
from geomtoy.tasks.functions import Functions
from geomtoy.tasks.modular import Modular
from geomtoy.tasks.shots import CONTEXTS, prompt_length
from geomtoy.training.fit_tokens import TokenFitConfig
from geomtoy.training.shots_runs import RULES, ShotsConfig, run_shots

TASKS: dict[str, Functions | Modular] = {"functions": Functions(), "modular": Modular()}
TITLES = {"functions": "recognise one of 32 functions", "modular": "unknown operation mod 4"}
STEPS = {"functions": 1000, "modular": 800}
"""Of training: enough for the first to be solved at 10 shots; the second stays on its level by then."""
HEADS, D_HEAD = 4, 8
FULL = {"seeds": 5, "prompts": 1000, "paths": 200}

RULE_LABELS = {"absolute": "weight > 0.1", "relative": "weight > 0.1 of the row's greatest"}


def shots_arguments(description: str | None) -> argparse.ArgumentParser:
    """Options of a figure of few-shot prompts."""
    parser = arguments(description, seeds=1)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=[*TASKS])
    parser.add_argument("--steps", type=int, help=f"of training; by default {STEPS}")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--prompts", type=int, default=300, help="answered wrongly without shots")
    parser.add_argument("--paths", type=int, default=100, help="prompts followed through MLP inputs")
    parser.add_argument("--resamples", type=int, default=1000, help="of prompts, for intervals")
    return parser


@dataclass(frozen=True, eq=False)
class Asked:
    """The runs of one task; S seeds, M prompts, K shots, L layers.

    Args:
        task: its name.
        found: one result a seed.
    """

    task: str
    found: Sequence[Result]

    def correct(self, context: str) -> np.ndarray:
        """(S, M, K) whether the answer with 1 to K shots is right; without it is wrong."""
        answers = self._stacked("answers")[:, CONTEXTS.index(context), 1:]
        return (answers == self._stacked("truth")[:, None]).swapaxes(1, 2)

    def changed(self) -> np.ndarray:
        """(S, M, K) whether examples lead to another answer than none."""
        answers = self._stacked("answers")[:, CONTEXTS.index("shots")]
        return (answers[:, 1:] != answers[:, :1]).swapaxes(1, 2)

    def gain(self, rule: str, context: str) -> np.ndarray:
        """(S, M, K, L) how far intrinsic dimension rises over the prompt without shots."""
        counts = self._counts(rule, context)
        return (counts[:, 1:] - counts[:, :1]).swapaxes(1, 2)

    def density(self, rule: str, context: str) -> np.ndarray:
        """(S, K + 1, L) mean share of tokens above the threshold, over heads and prompts."""
        lengths = [prompt_length(TASKS[self.task], k) for k in range(self.shots + 1)]
        return self._counts(rule, context).mean(axis=2) / (HEADS * np.array(lengths)[:, None])

    @cached_property
    def regions(self) -> np.ndarray:
        """(S, P, K, L) regions on the way from the 0-shot to the k-shot representation."""
        return self._stacked("regions").swapaxes(1, 2)

    @property
    def shots(self) -> int:
        return TASKS[self.task].shots

    @property
    def layers(self) -> int:
        return int(self.regions.shape[-1])

    def accuracy(self) -> np.ndarray:
        """(S, K + 1) on prompts that are not chosen."""
        return self._stacked("accuracy")

    def _counts(self, rule: str, context: str) -> np.ndarray:
        """(S, K + 1, M, L), summed over heads."""
        edges = self._stacked("edges")[:, CONTEXTS.index(context), :, :, [*RULES].index(rule)]
        return edges.sum(axis=-1, dtype=int)

    def _stacked(self, name: str) -> np.ndarray:
        return np.stack([result.arrays[name] for result in self.found])


def setting(args: argparse.Namespace, task: str, seed: int) -> ShotsConfig:
    """One run: a pre-LayerNorm decoder whose MLPs are four times as wide as its tokens."""
    of, steps = TASKS[task], args.steps or STEPS[task]
    d = HEADS * D_HEAD
    layer = LayerConfig(AttentionConfig(d, HEADS, D_HEAD, scaled=True), 4 * d, "pre")
    decoder = DecoderConfig(of.vocabulary, prompt_length(of, of.shots), args.layers, layer)
    fit = TokenFitConfig(steps, learning_rate=3e-3, warmup=100, seed=seed, every=steps)
    return ShotsConfig(of, decoder, fit, args.prompts, args.paths)


def asked(args: argparse.Namespace) -> dict[str, Asked]:
    """The runs of every task, trained where they are missing."""
    pairs = [(task, seed) for task in args.tasks for seed in range(args.seeds)]
    configs = [setting(args, *pair) for pair in pairs]
    found = run(
        run_shots, configs, args.results, pool=pool_for(args.workers, args.dask),
        cost=lambda config: config.fit.steps * config.decoder.context_length, progress=True,
    )  # fmt: skip
    return {
        task: Asked(task, [one for one, (of, _) in zip(found, pairs, strict=True) if of == task])
        for task in args.tasks
    }


def scale(args: argparse.Namespace) -> str:
    """What a reader must know of the models."""
    return f"toy decoders: {args.layers} layers, {HEADS} heads, d = {HEADS * D_HEAD}, " + (
        "1 seed" if args.seeds == 1 else f"{args.seeds} seeds"
    )


def record(args: argparse.Namespace) -> dict[str, Any]:
    """The config of a figure: one run of each task, and what varies."""
    return {
        "runs": {task: asdict(setting(args, task, 0)) for task in args.tasks},
        "seeds": args.seeds,
        "resamples": args.resamples,
    }
