"""One run of the few-shot protocol: train a decoder, then ask it after contexts of all kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

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
from geomtoy.training.fit_tokens import Measure, TokenFit, TokenFitConfig, fit_tokens
from geomtoy.training.streams import stream
from geomtoy.views.token_lens import count_on_segments

RULES = {"absolute": False, "relative": True}
"""Threshold rules, in the order of the arrays: is the threshold relative to the row's greatest?"""
MODEL = "model/"
"""Begins the names of a run's parameters."""
FRESH = 512
"""Prompts on which accuracy is followed in training."""

_ask = jax.jit(ask, static_argnames=("task", "context"))


@dataclass(frozen=True)
class ShotsConfig:
    """A task, a decoder, its training, and how much is asked.

    Args:
        prompts: base prompts, all answered wrongly without shots.
        paths: of these, how many are followed through the space that each MLP reads.
        epsilon: threshold of both rules.
    """

    task: Functions | Modular
    decoder: DecoderConfig
    fit: TokenFitConfig
    prompts: int = 300
    paths: int = 50
    epsilon: float = 0.1


class Reading(NamedTuple):
    """What is seen at the last token of prompts: attention rows layer by layer, filled up with zeros.

    Args:
        answers: (n,) the greatest logit.
        rows: (L, n, H, T) attention weights of the last token.
        mlp_input: (L, n, d) what each MLP reads there, after its LayerNorm.
    """

    answers: Any
    rows: Any
    mlp_input: Any


def run_shots(configs: Sequence[ShotsConfig]) -> list[dict[str, np.ndarray]]:
    """Of each config, with K the task's shots, M its prompts, L layers and H heads:

    "truth" (M,) and "answers" (contexts, K + 1, M); "edges" (contexts, K + 1, M, rules, L, H), tokens
    above the threshold in the last row; "regions" (K, paths, L), activation regions of the MLPs on the
    straight path from the 0-shot to the k-shot representation; "wrong at 0", the share of all prompts
    that are answered wrongly without shots; of training "loss", "at" and "learned" (times, K + 1); the
    parameters.
    """
    with jax.enable_x64(True):
        return [_run(config) for config in configs]


def _run(config: ShotsConfig) -> dict[str, np.ndarray]:
    fit = _train(config)
    prompts, share = wrong_prompts(config, fit.model)
    answers, counts = [], []
    for context in CONTEXTS:
        readings = [_asked(config, fit.model, prompts, k, context) for k in range(config.task.shots + 1)]
        answers.append(np.stack([reading.answers for reading in readings]).astype(np.int16))
        counts.append(np.stack([count_edges(reading.rows, config.epsilon) for reading in readings]))
        if context == "shots":
            regions = count_paths(fit.model, [r.mlp_input[:, : config.paths] for r in readings])
    return {
        "truth": np.asarray(prompts.lines[:, -1, -1]),
        "answers": np.stack(answers),
        "edges": np.stack(counts),
        "regions": regions,
        "wrong at 0": np.array(share),
        "loss": fit.loss,
        "at": fit.at,
        "learned": fit.measured["accuracy"],
        **{MODEL + name: array for name, array in named_arrays(fit.model).items()},
    }


@jax.jit
def read_last(model: Decoder, tokens: Int[Array, "n T"], last: Int[Array, ""]) -> Reading:
    """What happens at token `last`; no map of attention leaves the device."""
    x = model.embed(tokens)
    rows, read = [], []
    for layer in model.layers:
        mid = layer.resid_mid(x)
        rows.append(layer.pattern(x)[:, :, last])
        read.append(layer.mlp_input(mid[:, last]))
        x = layer.resid_post(mid)
    return Reading(model.logits(x[:, last]).argmax(axis=-1), jnp.stack(rows), jnp.stack(read))


def wrong_prompts(config: ShotsConfig, model: Decoder) -> tuple[Prompts, float]:
    """Fresh prompts that the model answers wrongly without shots, and their share among all.

    Raises:
        SettingError: they are too few.
    """
    prompts = draw_prompts(config.task, stream(config.fit.seed, "prompts"), 2 * config.prompts)
    reading = _asked(config, model, prompts, 0, "shots")
    wrong = np.flatnonzero(reading.answers != np.asarray(prompts.lines[:, -1, -1]))
    if len(wrong) < config.prompts:
        raise SettingError(
            f"of {2 * config.prompts} prompts {len(wrong)} are answered wrongly without shots, and "
            f"{config.prompts} are asked for; train a task that is harder to guess"
        )
    kept = jnp.asarray(wrong[: config.prompts])
    return Prompts(*(array[kept] for array in prompts)), len(wrong) / (2 * config.prompts)


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


def _train(config: ShotsConfig) -> TokenFit:
    return fit_tokens(
        lambda rngs: Decoder(config.decoder, rngs=rngs), batches(config.task), config.fit,
        measure=_follow(config),
    )  # fmt: skip


def _follow(config: ShotsConfig) -> Measure:
    """Accuracy at each number of shots, on prompts that are not chosen."""
    draw, line = batches(config.task), config.task.line

    def accuracy(model: Any) -> dict[str, Array]:
        batch = draw(stream(config.fit.seed, "fresh"), FRESH)
        right = model(batch.tokens).argmax(axis=-1) == batch.targets
        return {"accuracy": right[:, line - 2 :: line].mean(axis=0)}

    return accuracy


def _asked(config: ShotsConfig, model: Decoder, prompts: Prompts, k: int, context: str) -> Reading:
    """The reading, as NumPy arrays, after k shots in this context."""
    task: ShotTask = config.task
    key = stream(config.fit.seed, context)
    tokens = _ask(task, prompts, jnp.asarray(k), context, key)
    reading = read_last(model, tokens, jnp.asarray(prompt_length(task, k) - 1))
    return Reading(*(np.asarray(array) for array in reading))
