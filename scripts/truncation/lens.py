"""What the lens sees of runs of noisy recall: regions, patterns in use and intrinsic dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from geomtoy.instruments.margins import mlp_logits
from geomtoy.instruments.truncation import factors
from geomtoy.models.named import named_arrays
from geomtoy.store import Result
from geomtoy.theory.intrinsic_dimension import intrinsic_dimension
from geomtoy.views.low_rank import count_low_rank_triangle
from geomtoy.views.token_lens import choose_subsets
from truncation.measure import scores, trace
from truncation.run import stored_models

MATRIX = "layers.1.mlp.hidden.0.kernel"
LOW = 4
"""The rank that is followed along training."""


Factors = tuple[np.ndarray, np.ndarray]
"""Of the last MLP's input matrix."""


class Seen(NamedTuple):
    """What the last MLP reads at all positions of the test (B T, d), attention, and what is said."""

    arrays: dict[str, np.ndarray]
    mid: np.ndarray
    pattern: np.ndarray


def look(result: Result) -> dict[int, Seen]:
    """At the models of a run, by step."""
    found = {}
    for step, model in stored_models(result.config, result.arrays).items():
        mid, pattern = (np.asarray(a) for a in trace(model, result.arrays["test/tokens"]))
        found[step] = Seen(named_arrays(model), mid.reshape(-1, mid.shape[-1]), pattern)
    return found


def stack(rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Seeds first."""
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def choose_triples(result: Result, number: int) -> np.ndarray:
    """Of positions of the test, the same for all models of a run."""
    return choose_subsets(result.arrays["test/tokens"].size, 3, number, seed=0)


def count(seen: Seen, parts: Factors, triples: np.ndarray) -> float:
    """Mean over triangles of tokens of the exact number of activation regions."""
    return float(np.mean([count_low_rank_triangle(*parts, seen.mid[list(t)]) for t in triples]))


def patterns_in_use(seen: Seen, parts: Factors) -> int:
    """Distinct activation patterns at all positions of the test: sampled."""
    left, right = parts
    return len(np.unique(np.packbits(seen.mid @ left @ right > 0, axis=1), axis=0))


def rank_measures(
    result: Result, seen: Seen, ranks: Sequence[int], triples: np.ndarray
) -> dict[str, list[float]]:
    """Of the final model, with the last MLP's input matrix at each rank."""
    counted = result.arrays["test/counted"]
    targets, mid = result.arrays["test/targets"][counted], seen.mid[counted.ravel()]
    direct, found = mid @ seen.arrays["W_U"], []
    parts = [factors(seen.arrays[MATRIX], rank) for rank in ranks]
    for left, right in parts:
        logits = direct + mlp_logits({**seen.arrays, MATRIX: left @ right}, 1, mid)
        found.append(scores(logits, targets, result.config.task))
    return {
        "regions": [count(seen, pair, triples) for pair in parts],
        "patterns": [patterns_in_use(seen, pair) for pair in parts],
        "p_noise": [one.p_noise for one in found],
        "p_correct": [one.p_correct for one in found],
    }


def step_measures(result: Result, seen: dict[int, Seen], triples: np.ndarray) -> dict[str, list[float]]:
    """Of the models along training."""
    counted = result.arrays["test/counted"]
    whole, low = (
        [factors(one.arrays[MATRIX], rank) for one in seen.values()]
        for rank in (len(result.arrays["param/W_U"]), LOW)
    )
    at = result.arrays["at"].tolist()
    dimensions = [intrinsic_dimension(one.pattern)[:, counted].mean(axis=1) for one in seen.values()]
    return {
        "regions": [count(one, pair, triples) for one, pair in zip(seen.values(), whole, strict=True)],
        "regions, low rank": [
            count(one, pair, triples) for one, pair in zip(seen.values(), low, strict=True)
        ],
        "patterns": [patterns_in_use(one, pair) for one, pair in zip(seen.values(), whole, strict=True)],
        "ID, layer 0": [dimension[0] for dimension in dimensions],
        "ID, layer 1": [dimension[1] for dimension in dimensions],
        "p_correct": [result.arrays["p_correct"][at.index(step), 0] for step in seen],
    }
