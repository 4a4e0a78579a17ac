"""What is seen of a model of noisy recall: truncated predictions, margins, attention by role."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import product
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from geomtoy.instruments.margins import (
    attention_logits,
    log_probability_of,
    margin,
    mlp_logits,
    probability_of,
)
from geomtoy.instruments.masses import ROLES, attention_mass, recall_roles, share_of_positions
from geomtoy.instruments.truncation import soft_rank, truncate_named
from geomtoy.models.decoder import Decoder
from geomtoy.models.named import named_arrays, with_arrays
from geomtoy.tasks.batch import Batch
from geomtoy.tasks.recall import Law, RecallTask
from geomtoy.training.trainer import RUN_ONCE

Arrays = Mapping[str, np.ndarray]


class Scores(NamedTuple):
    """Means over the positions that count."""

    accuracy: float
    loss: float
    p_correct: float
    p_noise: float


class Asked(NamedTuple):
    """Sequences (B, T), which of their positions count (B, T), and the answers there (n,)."""

    tokens: Int[Array, "B T"]
    counted: Bool[np.ndarray, "B T"]
    targets: Int[np.ndarray, " n"]


class Probe:
    """Tests with noise and without, and the models that are put to them.

    Args:
        task, law: of training; the test without noise has alpha = 0.
        key: of the tests.
        size: sequences of each.
        model: the final one; others differ in the values of some arrays.
    """

    def __init__(
        self, task: RecallTask, law: Law, key: Key[Array, ""], size: int, model: Decoder
    ) -> None:
        self.task, self.model, self.arrays = task, model, named_arrays(model)
        draw = sequences_of(replace(task, alpha=0.0), size)
        clean, noisy, choice = (
            draw(jax.random.fold_in(key, k), law, alpha)
            for k, alpha in enumerate((0.0, task.alpha, 0.0))
        )
        self.clean, self.noisy, self.choice = map(asked, (clean, noisy, choice))
        self.test = {
            "tokens": np.asarray(clean.tokens),
            "targets": np.asarray(clean.targets),
            "counted": self.clean.counted,
        }
        self.roles = recall_roles(np.asarray(noisy.tokens), task.noise_token)

    def look(self, arrays: Arrays, matrix: str, rhos: Sequence[float]) -> dict[str, np.ndarray]:
        """At a model in which these arrays are others.

        Returns:
            `Scores` by name on the test without noise (rhos,), with that share of the singular values
            of a matrix of the last MLP; margins of the noise token on bare triggers, mean over them,
            and of copying, mean over bare answers; attention by role (layers,) and its even share.
        """
        everything = {**self.arrays, **arrays}
        model = with_arrays(self.model, arrays)
        mid = self._read(model, self.clean)
        name = f"layers.1.mlp.{matrix}.kernel"
        scores = [
            self._scores(truncate_named(everything, name, rho=rho), mid, self.clean) for rho in rhos
        ]
        return {
            **by_field(scores),
            **self._margins(everything),
            **self._masses(np.asarray(trace(model, self.noisy.tokens)[1])),
        }

    def table(self, names: Sequence[str], rhos: Sequence[float]) -> dict[str, np.ndarray]:
        """The final model with one matrix truncated, each in turn: soft ranks, and `Scores` (names,
        rhos) on the test without noise, "table/NAME", and on sequences that no test has, "choice/NAME".
        The share of singular values is chosen by these, and judged by the test."""
        return {
            "table/names": np.array(names),
            "table/soft_rank": np.array([soft_rank(self.arrays[name]).mean() for name in names]),
            **{
                f"{which}/{key}": values
                for which, one in (("table", self.clean), ("choice", self.choice))
                for key, values in self._truncated(names, rhos, one).items()
            },
        }

    def _truncated(
        self, names: Sequence[str], rhos: Sequence[float], one: Asked
    ) -> dict[str, np.ndarray]:
        found = []
        for name, rho in product(names, rhos):
            changed = truncate_named(self.arrays, name, rho=rho)
            mid = self._read(with_arrays(self.model, {name: changed[name]}), one)
            found.append(self._scores(changed, mid, one))
        return {key: values.reshape(len(names), -1) for key, values in by_field(found).items()}

    def _read(self, model: Decoder, one: Asked) -> Float[np.ndarray, "n d"]:
        """What the last MLP reads at the positions that count."""
        return np.asarray(trace(model, one.tokens)[0])[one.counted]

    def _scores(self, arrays: Arrays, mid: Float[np.ndarray, "n d"], one: Asked) -> Scores:
        return scores(mid @ arrays["W_U"] + mlp_logits(arrays, 1, mid), one.targets, self.task)

    def _margins(self, arrays: Arrays) -> dict[str, np.ndarray]:
        W_E, task = arrays["W_E"], self.task
        triggers, answers = W_E[: task.triggers], W_E[task.triggers : task.tokens]
        spoken = np.arange(task.triggers, task.tokens)
        values = attention_logits(arrays, 1, answers)
        return {
            "margin_mlp": margin(mlp_logits(arrays, 1, triggers), task.noise_token).mean(),
            "margin_attention": margin(attention_logits(arrays, 1, triggers), task.noise_token).mean(),
            "margin_copy": margin(values, spoken).mean(),
        }

    def _masses(self, pattern: Float[np.ndarray, "L B H T T"]) -> dict[str, np.ndarray]:
        found = attention_mass(pattern, self.roles, self.noisy.counted)
        masses = {f"mass_{role}": found[role].mean(axis=-1) for role in ROLES}
        share = share_of_positions(self.roles, self.noisy.counted, "answer", "answer", "noise")
        return {**masses, "share_answer": np.array(share)}


def asked(batch: Batch) -> Asked:
    counted = np.asarray(batch.weights) > 0
    return Asked(batch.tokens, counted, np.asarray(batch.targets)[counted])


def by_field(found: Sequence[Scores]) -> dict[str, np.ndarray]:
    return {key: np.array([getattr(one, key) for one in found]) for key in Scores._fields}


def scores(logits: Float[np.ndarray, "n V"], targets: Int[np.ndarray, " n"], task: RecallTask) -> Scores:
    """Of predictions at the positions that count."""
    return Scores(
        accuracy=float((logits.argmax(axis=-1) == targets).mean()),
        loss=-float(log_probability_of(logits, targets).mean()),
        p_correct=float(probability_of(logits, targets).mean()),
        p_noise=float(probability_of(logits, task.noise_token).mean()),
    )


@partial(jax.jit, compiler_options=RUN_ONCE)
def trace(model: Decoder, tokens: Int[Array, "B T"]) -> tuple[Array, Array]:
    """What the last layer has after attention (B, T, d), and all attention (L, B, H, T, T)."""
    seen = model.trace(tokens)
    return seen.resid_mid[-1], seen.pattern


@cache
def rows_of(task: RecallTask) -> Callable[[Key[Array, ""]], Array]:
    """`RecallTask.rows`, compiled once for all runs that differ in their keys."""
    return jax.jit(task.rows, compiler_options=RUN_ONCE)


@cache
def sequences_of(task: RecallTask, size: int) -> Callable[[Key[Array, ""], Law, float], Batch]:
    """(key, law, alpha) -> sequences, compiled once for all runs that differ in these."""
    return jax.jit(lambda key, law, alpha: task.draw(key, size, law, alpha), compiler_options=RUN_ONCE)
