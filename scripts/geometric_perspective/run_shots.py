"""The runs of figures 6 to 8: a decoder learns few-shot prompts, then is asked in all contexts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from geomtoy.errors import SettingError
from geomtoy.models.decoder import Decoder, DecoderConfig
from geomtoy.models.export import from_flax
from geomtoy.models.layer import Layer
from geomtoy.models.mlp import MLP
from geomtoy.models.named import named_arrays
from geomtoy.tasks.functions import Functions
from geomtoy.tasks.modular import Modular
from geomtoy.tasks.shots import CONTEXTS, Prompts, ShotTask, ask, batches, draw_prompts, prompt_length
from geomtoy.theory.intrinsic_dimension import edges
from geomtoy.training.streams import stream
from geomtoy.training.tokens import TokenFit, TokenFitConfig, fit_tokens
from geomtoy.training.trainer import RUN_ONCE
from geomtoy.views.token_lens import count_on_segments

RULES = {"absolute": False, "relative": True}
"""Threshold rules, in the order of the arrays: is the threshold relative to the row's greatest?"""
MODEL = "model/"
"""Begins the names of a run's parameters."""
FEATURES = (
    "share of units on: mean", "share of units on: least", "share of units on: greatest",
    "share of units on: deviation", "distance to a border: least", "distance to a border: mean",
    "distance to a border: deviation",
)  # fmt: skip
"""Of an MLP over the tokens of a prompt. At each token: its units that are on, and how far what it reads
is from the nearest of its hyperplanes. Source: the public code of arXiv 2312.01648."""

_ask = jax.jit(ask, static_argnames=("task", "context"), compiler_options=RUN_ONCE)
_draw = jax.jit(draw_prompts, static_argnames=("task", "size"), compiler_options=RUN_ONCE)


@dataclass(frozen=True)
class ShotsRun:
    """A task, a decoder, its training, and how much is asked.

    Args:
        prompts: base prompts, all answered wrongly without shots; twice as many are drawn.
        paths: of these, how many are followed through the space that each MLP reads.
        epsilon: threshold of both rules.
    """

    task: Functions | Modular
    decoder: DecoderConfig
    fit: TokenFitConfig
    prompts: int = 300
    paths: int = 50
    epsilon: float = 0.1

    @property
    def cost(self) -> float:
        """Time of a run, in a unit of its own."""
        return float(self.fit.steps * self.decoder.context_length)


class Reading(NamedTuple):
    """What is seen at the last token of prompts: attention rows layer by layer, filled up with zeros.

    Args:
        answers: (n,) the greatest logit.
        rows: (L, n, H, T) attention weights of the last token.
        mlp_input: (L, n, d) what each MLP reads there, after its LayerNorm.
        features: (L, n, 7) of `FEATURES`, over this token and those before it.
    """

    answers: Any
    rows: Any
    mlp_input: Any
    features: Any


def run_shots(config: ShotsRun) -> dict[str, np.ndarray]:
    """With K the task's shots, M its prompts, L layers and H heads:

    "accuracy" (K + 1,) on prompts as they come; on base prompts "truth" (M,), "answers" (contexts,
    K + 1, M), "edges" (contexts, K + 1, M, rules, L, H), tokens above the threshold in the last row,
    "features" (K + 1, M, L, 7) with examples, and "regions" and "lengths" (K, paths, L), activation
    regions of the MLPs on the straight path from the 0-shot to the k-shot representation, and its
    length; "loss" of training; the parameters.
    """
    with jax.enable_x64(True):
        return _run(config)


def _run(config: ShotsRun) -> dict[str, np.ndarray]:
    fit = _train(config)
    drawn = _draw(config.task, stream(config.fit.seed, "prompts"), 2 * config.prompts)
    readings = _asked_all(config, fit.model, drawn, "shots")
    right = np.stack([reading.answers for reading in readings]) == np.asarray(drawn.lines[:, -1, -1])
    kept = first_wrong(right[0], config.prompts)
    prompts = Prompts(*(array[kept] for array in drawn))
    with_shots = [
        Reading(r.answers[kept], r.rows[:, kept], r.mlp_input[:, kept], r.features[:, kept])
        for r in readings
    ]
    reads = [reading.mlp_input[:, : config.paths] for reading in with_shots]
    answers, counts = [], []
    for context in CONTEXTS:
        same = context == "shots"
        readings = with_shots if same else _asked_all(config, fit.model, prompts, context)
        answers.append(np.stack([reading.answers for reading in readings]).astype(np.int16))
        counts.append(np.stack([count_edges(reading.rows, config.epsilon) for reading in readings]))
    return {
        "accuracy": right.mean(axis=1),
        "truth": np.asarray(prompts.lines[:, -1, -1]),
        "answers": np.stack(answers),
        "edges": np.stack(counts),
        "features": np.stack([r.features.swapaxes(0, 1) for r in with_shots]).astype(np.float32),
        "regions": count_paths(fit.model, reads),
        "lengths": np.stack([np.linalg.norm(read - reads[0], axis=-1).T for read in reads[1:]]),
        "loss": fit.loss,
        **{MODEL + name: array for name, array in named_arrays(fit.model).items()},
    }


@partial(jax.jit, compiler_options=RUN_ONCE)
def read_last(model: Decoder, tokens: Int[Array, "n T"], last: Int[Array, ""]) -> Reading:
    """What happens at token `last`; no map of attention leaves the device."""
    x = model.embed(tokens)
    rows, read, features = [], [], []
    for layer in model.layers:
        mid = layer.resid_mid(x)
        rows.append(layer.pattern(x)[:, :, last])
        inputs = layer.mlp_input(mid)
        read.append(inputs[:, last])
        features.append(over_tokens(_mlp(layer), inputs, last))
        x = layer.resid_post(mid)
    answers = model.logits(x[:, last]).argmax(axis=-1)
    return Reading(answers, *map(jnp.stack, (rows, read, features)))


def over_tokens(mlp: MLP, x: Float[Array, "n T d"], last: Int[Array, ""]) -> Float[Array, "n 7"]:
    """`FEATURES` of the first hidden layer on tokens 0 to `last`."""
    hidden = mlp.hidden[0]
    z = hidden(x)
    share = (z > 0).mean(axis=-1)
    distance = (jnp.abs(z) / jnp.linalg.norm(hidden.kernel[...], axis=0)).min(axis=-1)
    seen = jnp.broadcast_to(jnp.arange(x.shape[1]) <= last, share.shape)
    of: dict[str, Any] = {"axis": -1, "where": seen}
    return jnp.stack(
        [
            share.mean(**of), share.min(initial=jnp.inf, **of), share.max(initial=-jnp.inf, **of),
            share.std(**of), distance.min(initial=jnp.inf, **of), distance.mean(**of),
            distance.std(**of),
        ],
        axis=-1,
    )  # fmt: skip


def first_wrong(right: Bool[np.ndarray, " n"], wanted: int) -> Int[np.ndarray, " wanted"]:
    """The first so many of the prompts that are answered wrongly without shots.

    Raises:
        SettingError: they are too few.
    """
    wrong = np.flatnonzero(~right)
    if len(wrong) < wanted:
        raise SettingError(
            f"of {len(right)} prompts {len(wrong)} are answered wrongly without shots, and {wanted} are "
            "asked for; train a task that is harder to guess"
        )
    return wrong[:wanted]


def count_edges(rows: Float[np.ndarray, "L n H T"], epsilon: float) -> Int[np.ndarray, "n rules L H"]:
    """Tokens above each of the thresholds of `RULES`."""
    counts = [edges(rows, epsilon, relative=relative, last_row=True) for relative in RULES.values()]
    return np.stack(counts).transpose(2, 0, 1, 3).astype(np.int16)


def count_paths(model: Decoder, reads: Sequence[Float[np.ndarray, "L n d"]]) -> Int[np.ndarray, "K n L"]:
    """Regions of each layer's MLP on the straight path from reads[0] to reads[k], prompt by prompt.

    The path lies in the space that the MLP reads, after LayerNorm; no prompt need lie between its ends.

    Exactness: exact for the stored parameters and representations.
    """
    K, n = len(reads) - 1, reads[0].shape[1]
    pairs = [(i, k * n + i) for k in range(1, K + 1) for i in range(n)]
    found = [
        count_on_segments(from_flax(_mlp(layer)), np.concatenate([read[at] for read in reads]), pairs)
        for at, layer in enumerate(model.layers)
    ]
    return np.stack(found, axis=-1).reshape(K, n, -1).astype(np.int32)


def _mlp(layer: Layer) -> MLP:
    if layer.mlp is None:
        raise SettingError("a layer has no MLP, so there are no regions to count; give every layer one")
    return layer.mlp


def _train(config: ShotsRun) -> TokenFit:
    return fit_tokens(lambda rngs: Decoder(config.decoder, rngs=rngs), batches(config.task), config.fit)


def _asked_all(config: ShotsRun, model: Decoder, prompts: Prompts, context: str) -> list[Reading]:
    """After 0 to all shots in this context."""
    return [_asked(config, model, prompts, k, context) for k in range(config.task.shots + 1)]


def _asked(config: ShotsRun, model: Decoder, prompts: Prompts, k: int, context: str) -> Reading:
    """The reading, as NumPy arrays, after k shots in this context."""
    task: ShotTask = config.task
    key = stream(config.fit.seed, context)
    tokens = _ask(task, prompts, jnp.asarray(k), context, key)
    reading = read_last(model, tokens, jnp.asarray(prompt_length(task, k) - 1))
    return Reading(*(np.asarray(array) for array in reading))
