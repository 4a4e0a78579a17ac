"""Whether counts over heads and contexts grow along the one or the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from geomtoy.verdicts import Verdict, difference, trend

WORDS = {"contexts": "the context length", "heads": "the number of heads"}


def growth(
    what: str, numbers: Mapping[str, Any], decisive: Sequence[str], along: str, *, note: str = ""
) -> Verdict:
    """Whether counts grow with context at each number of heads, or with heads at each context.

    Args:
        what: the claim, up to "with the number of heads".
        numbers: "heads" and "contexts", and by name counts (heads, contexts, seeds).
        decisive: names of the counts that decide.
        along: "contexts" or "heads".
    """
    fixed = "heads" if along == "contexts" else "contexts"
    parts = {
        f"{name}, {fixed} {at}": values
        for name in decisive
        for at, values in zip(numbers[fixed], lines(numbers[name], along), strict=True)
    }
    claim, x = f"{what} with {WORDS[along]}", numbers[along]
    if len(x) > 2:
        return trend(claim, x, parts, note=note)
    rises = {name: np.diff(values, axis=0)[0] for name, values in parts.items()}
    return difference(claim, rises, above=0.0, note=note)


def lines(counts: Any, along: str) -> np.ndarray:
    """Counts (heads, contexts, seeds) as lines (fixed, along, seeds)."""
    values = np.array(counts)
    return values if along == "contexts" else values.swapaxes(0, 1)
