"""Whether counts over heads and contexts grow along the one or the other, and as which power."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, ScalarFormatter

from geomtoy.plots.style import BLUE, GREEN, ORANGE, PURPLE
from geomtoy.verdicts import Verdict, difference, interval, trend

COLOURS, MARKERS = (BLUE, ORANGE, GREEN, PURPLE), "os^D"
"""Of lines by number of heads."""
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


def exponents(numbers: Mapping[str, Any], counts: Any) -> dict[str, np.ndarray]:
    """Slopes of log counts on log heads and log context: "heads" and "contexts" -> (seeds,).

    Args:
        numbers: "heads" and "contexts".
        counts: (heads, contexts, seeds), positive; NaN where there is none. The slopes of a seed with
            fewer than three counts are NaN.
    """
    values = np.array(counts, float)
    grid = np.meshgrid(np.log(numbers["heads"]), np.log(numbers["contexts"]), indexing="ij")
    design = np.stack([np.ones(grid[0].size), *(axis.ravel() for axis in grid)], axis=1)
    slopes = np.array([_slopes(design, one) for one in values.reshape(len(design), -1).T])
    return {"heads": slopes[:, 0], "contexts": slopes[:, 1]}


def power(x: Sequence[float], counts: np.ndarray) -> np.ndarray:
    """Slopes (seeds,) of log counts (len(x), seeds) on log x, of a seed with two counts or more."""
    design = np.stack([np.ones(len(x)), np.log(x)], axis=1)
    return np.array([_slopes(design, one)[0] for one in counts.T])


def described(slopes: np.ndarray) -> str:
    """Mean and interval of slopes, one a seed."""
    of = interval(slopes)
    return f"{of.mean:.2f} ({of.low:.2f} to {of.high:.2f})" if np.isfinite(of.high) else f"{of.mean:.2f}"


def listed(counts: np.ndarray) -> Any:
    """Counts as JSON keeps them: None where there is none."""
    kept = counts.astype(object)
    kept[np.isnan(counts)] = None
    return kept.tolist()


def _slopes(design: np.ndarray, counts: np.ndarray) -> np.ndarray:
    seen = np.isfinite(counts)
    if seen.sum() < design.shape[1]:
        return np.full(design.shape[1] - 1, np.nan)
    found: np.ndarray = np.linalg.lstsq(design[seen], np.log(counts[seen]), rcond=None)[0][1:]
    return found


def growth_rate(
    what: str, numbers: Mapping[str, Any], counts: Mapping[str, Any], along: str, *, note: str = ""
) -> Verdict:
    """Whether counts grow as a power of context or heads: whether its exponent is above 0.

    Args:
        what: the claim, up to "with the number of heads".
        numbers: "heads" and "contexts".
        counts: name -> counts (heads, contexts, seeds).
        along: "contexts" or "heads".
    """
    return difference(
        f"{what} with {WORDS[along]}",
        {f"exponent of {name}": exponents(numbers, of)[along] for name, of in counts.items()},
        above=0.0,
        note=f"Slope of the logarithm of counts on that of {WORDS[along]}, the other held fixed, by "
        f"least squares in each seed: doubling multiplies counts by 2 to this power. {note}",
    )


def draw_means(ax: Axes, contexts: Sequence[int], counts: np.ndarray, number: int, label: str) -> None:
    """Mean and range over seeds of counts (contexts, seeds), beside those of other numbers of heads."""
    mean = np.nanmean(counts, axis=1)
    ax.errorbar(
        np.array(contexts) * 1.05 ** (number - 1.5), mean,
        [mean - np.nanmin(counts, axis=1), np.nanmax(counts, axis=1) - mean],
        color=COLOURS[number % 4], marker=MARKERS[number % 4], markersize=3.5, capsize=1.5,
        elinewidth=0.7, label=label,
    )  # fmt: skip


def readable(ax: Axes) -> None:
    """Plain numbers at 1, 2 and 5 on a logarithmic axis of counts, and none between those of x."""
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.minorticks_off()
