"""What is measured on a model of chains: accuracy, matching, flow, and the lens of regions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from geomtoy.instruments.flow import chain_roles, mates, pair_positions
from geomtoy.instruments.masses import attention_mass
from geomtoy.instruments.matching import (
    functional_matching,
    matching_kernel,
    matching_matrix,
    matching_score,
    weight_products,
)
from geomtoy.models.decoder import Decoder
from geomtoy.models.export import from_flax
from geomtoy.models.named import named_arrays
from geomtoy.tasks.batch import Batch
from geomtoy.tasks.chains import ChainTask, draw_chains
from geomtoy.theory.intrinsic_dimension import intrinsic_dimension
from geomtoy.training.compiled import compiled
from geomtoy.training.streams import stream
from geomtoy.training.tokens import accuracy
from geomtoy.views.token_lens import choose_subsets, count_on_triangles, estimate_patterns

Arrays = dict[str, np.ndarray]

TEST_SEED = 2**20
"""All models are tested on the same sequences, which no training seed draws."""


@dataclass(frozen=True)
class ChainProbe:
    """Looks at models of one task.

    Args:
        template: a model; others differ in their numbers alone.
        size: sequences of each test: trained pairs, and held-out ones of each number of steps.
        triangles: how many triangles of representations the regions of each MLP are counted on.
    """

    template: Decoder
    task: ChainTask
    size: int
    triangles: int = 0

    def look(self, model: Decoder) -> Arrays:
        """Accuracies, matching scores, masses, factors of added matrices, patterns, dimensions.

        - train_accuracy; held_out_accuracy (numbers of steps,);
        - match_trained, match_fresh (L - 1,): matching scores of weights on the embeddings;
        - match_functional (steps, L - 1): of real queries, hop after hop, on held-out sequences;
        - mass/ROLE (steps, L): attention of questions (of pairs, for "mate") on held-out sequences;
        - alpha, beta (L,) where matrices are added;
        - intrinsic_dimension (L,): relative threshold 0.1, mean over questions and steps;
        - patterns (MLP layers,): distinct ones at the questions, a sampled number;
        - regions (MLP layers, triangles): exact, on triangles of representations at the questions.
        """
        seen, arrays = self.run(model), named_arrays(model)
        found = {"train_accuracy": seen["train"], "held_out_accuracy": seen["held_out"]}
        return {
            **found,
            **self._matching(arrays, seen["read"]),
            **self._attention(seen["pattern"]),
            **_factors(arrays, len(model.layers)),
            **self._lens(model, seen["mlp_input"]),
        }

    def functional_matrices(self, model: Decoder) -> Arrays:
        """For the greatest number of steps, by "layer 1", "layer 2", ...: see `functional_matching`."""
        read, arrays = self.run(model)["read"], named_arrays(model)
        last = len(self.task.steps) - 1
        return {f"layer {k}": self.functional(arrays, read, last, k) for k in range(1, len(read))}

    @cached_property
    def batches(self) -> tuple[Batch, Batch]:
        """Trained sequences, and held-out ones with the number of steps as a leading axis."""
        train, held_out = (stream(TEST_SEED, name) for name in ("train", "held out"))
        parts = [
            draw_chains(self.task, held_out, self.size, part="held_out", steps=n)
            for n in self.task.steps
        ]
        stacked = Batch(*(jnp.stack(arrays) for arrays in zip(*parts, strict=True)))
        return draw_chains(self.task, train, self.size), stacked

    @cached_property
    def roles(self) -> list[dict[str, np.ndarray]]:
        """For each number of steps, see `chain_roles`."""
        tokens = np.asarray(self.batches[1].tokens)
        return [chain_roles(one, self.task.pairs, max(self.task.steps)) for one in tokens]

    def run(self, model: Decoder) -> Arrays:
        """Accuracies, and on held-out sequences attention patterns, what attention reads and what MLPs
        read, each (layers, numbers of steps, sequences, ...)."""
        found = self._program(nnx.split(model)[1], *self.batches)
        return {name: np.asarray(array) for name, array in found.items()}

    @cached_property
    def _program(self) -> Callable[..., dict[str, jax.Array]]:
        graphdef, state = nnx.split(self.template)

        def run(state: Any, train: Batch, held_out: Batch) -> dict[str, jax.Array]:
            model = nnx.merge(graphdef, state)
            trace = model.trace(held_out.tokens)
            read = [
                x if layer.norm_attention is None else layer.norm_attention(x)
                for layer, x in zip(model.layers, trace.resid_pre, strict=False)
            ]
            return {
                "train": accuracy(model(train.tokens), train),
                "held_out": jax.vmap(accuracy)(trace.logits, held_out),
                "pattern": trace.pattern,
                "mlp_input": trace.mlp_input,
                "read": jnp.stack(read),
            }

        return compiled(run, state, *self.batches)

    def _matching(self, arrays: Arrays, read: np.ndarray) -> Arrays:
        layers = range(1, len(read))
        found = {}
        for part in ("train", "fresh"):
            X = arrays["W_E"][list(self.task.tokens_of(part))]
            name = "match_trained" if part == "train" else "match_fresh"
            found[name] = np.array(
                [matching_score(matching_matrix(X, matching_kernel(arrays, k))) for k in layers]
            )
        scores = [
            [matching_score(self.functional(arrays, read, s, k)) for k in layers]
            for s in range(len(self.task.steps))
        ]
        return {**found, "match_functional": np.array(scores)}

    def functional(self, arrays: Arrays, read: np.ndarray, s: int, layer: int) -> np.ndarray:
        """Queries are taken to be about what hop `layer` looks up, or the last hop that is asked for."""
        tokens, pairs = np.asarray(self.batches[1].tokens[s]), self.task.pairs
        x = read[layer, s]
        first, second = pair_positions(pairs)
        hop = min(layer, self.task.steps[s])
        at = mates(tokens, pairs, hop)
        about = tokens[:, 1 + 2 * pairs :]
        if hop > 1:
            about = np.take_along_axis(tokens, at[:, :, hop - 2], axis=1)
        queries, keys = x[:, 1 + 2 * pairs :], x[:, second]
        W_QK = weight_products(arrays, layer)[0] / np.sqrt(x.shape[-1])
        scores, _ = functional_matching(
            queries.reshape(-1, x.shape[-1]), about.ravel(),
            keys.reshape(-1, x.shape[-1]), tokens[:, first].ravel(), W_QK,
        )  # fmt: skip
        return scores

    def _attention(self, pattern: np.ndarray) -> Arrays:
        """Pattern (L, steps, B, H, T, T)."""
        T = pattern.shape[-1]
        asks = np.zeros((self.size, T), bool)
        asks[:, -self.task.questions :] = True
        second = np.zeros_like(asks)
        second[:, pair_positions(self.task.pairs)[1]] = True
        masses: dict[str, list[np.ndarray]] = {}
        for s, roles in enumerate(self.roles):
            for name, role in roles.items():
                rows = second if name == "mate" else asks
                mass = attention_mass(pattern[:, s], {name: role}, rows)[name]
                masses.setdefault(f"mass/{name}", []).append(mass[:, 0])
        dimension = intrinsic_dimension(pattern)[..., -self.task.questions :]
        found = {name: np.stack(values) for name, values in masses.items()}
        return {**found, "intrinsic_dimension": dimension.mean(axis=(1, 2, 3))}

    def _lens(self, model: Decoder, mlp_input: np.ndarray) -> Arrays:
        patterns, regions = [], []
        for k, layer in enumerate(model.layers):
            if layer.mlp is not None:
                network, points = from_flax(layer.mlp), self.representations(mlp_input[k])
                patterns.append(estimate_patterns(network, points))
                triples = choose_subsets(len(points), 3, self.triangles, seed=TEST_SEED)
                regions.append(count_on_triangles(network, points, triples))
        return {
            "patterns": np.array(patterns, int),
            "regions": np.array(regions, int).reshape(len(patterns), self.triangles),
        }

    def representations(self, mlp_input: np.ndarray) -> np.ndarray:
        """What an MLP reads at the questions of all numbers of steps, as points."""
        return mlp_input[..., -self.task.questions :, :].reshape(-1, mlp_input.shape[-1])


def _factors(arrays: Arrays, n_layers: int) -> Arrays:
    names = [f"layers.{k}.attention" for k in range(n_layers)]
    if f"{names[0]}.alpha" not in arrays:
        return {}
    return {
        which: np.array([arrays[f"{name}.{which}"] for name in names]) for which in ("alpha", "beta")
    }
