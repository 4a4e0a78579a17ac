"""Whether counts over heads and contexts grow along the one or the other: rank correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import spearmanr

from geomtoy.results import Verdict, spread

WORDS = {"context": "the context length", "heads": "the number of heads"}


def trend_verdict(
    what: str,
    counts: Mapping[str, np.ndarray],
    heads: Sequence[int],
    contexts: Sequence[int],
    along: str,
    *,
    decisive: Sequence[str],
    note: str,
) -> Verdict:
    """Whether counts grow with context at each number of heads, or with heads at each context.

    Args:
        what: the claim, up to "with the number of heads".
        counts: name -> (heads, contexts, seeds).
        along: "context" or "heads".
        decisive: names of the counts that decide.
    """
    with_context = along == "context"
    fixed, lines = ("heads", heads) if with_context else ("context", contexts)
    correlations = {
        name: rank_correlations(np.swapaxes(one, 0, 1) if with_context else one)
        for name, one in counts.items()
    }
    by_line = {
        name: dict(zip(map(str, lines), rho.mean(axis=1), strict=True))
        for name, rho in correlations.items()
    }
    return Verdict(
        claim=f"{what} with {WORDS[along]}",
        statistic={f"rank correlation with {along}, mean over seeds, by {fixed}": by_line},
        seeds=next(iter(counts.values())).shape[2],
        spread={name: spread(rho.mean(axis=0).round(9)) for name, rho in correlations.items()},
        holds=growth(np.concatenate([correlations[name] for name in decisive])),
        note=f"It holds if the mean rank correlation of {' and '.join(decisive)} is 0.5 or more on "
        f"every line of fixed {fixed}, and fails if it is on none. {note}",
    )


def rank_correlations(values: np.ndarray) -> np.ndarray:
    """Spearman's correlation of values (n, lines, seeds) with their place along the first axis.

    Returns:
        (lines, seeds); 0 where all values are equal.
    """
    flat = values.reshape(len(values), -1).T
    found = [spearmanr(range(len(v)), v).statistic if np.ptp(v) else 0.0 for v in flat]
    return np.reshape(found, values.shape[1:])


def growth(correlations: np.ndarray) -> str:
    """Of correlations (lines, seeds)."""
    grows = correlations.mean(axis=1) >= 0.5
    return "holds" if grows.all() else "mixed" if grows.any() else "fails"
