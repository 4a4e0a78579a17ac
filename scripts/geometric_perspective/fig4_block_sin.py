"""Figure 4: one-block transformers fitted to sin(t^2), their regions along time and their errors."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from geometric_perspective.config import D_HEAD, PANELS, Panels
from geometric_perspective.run_blocks import BlockRun, count_blocks
from geomtoy.block_arrays import unstack_blocks
from geomtoy.models.time_encoding import ENCODINGS
from geomtoy.plots.functions import draw_bins, draw_fit, draw_joints
from geomtoy.plots.style import DOUBLE, GREY, ORANGE, new_figure
from geomtoy.store import Result, Runs
from geomtoy.training.targets import target
from geomtoy.verdicts import Verdict, equivalence, ratio

PRESETS = PANELS
BINS, POINTS = 32, 4001
ENVELOPE = 40
"""Bins of time in which the error is drawn by its greatest value."""
MARGIN = 0.3
"""A correlation below it explains less than a tenth."""
PLATEAU = 1.5
"""Times the error that half of the steps leave, from which training goes on."""

Found = dict[str, Any]


def make(config: Panels, machine: Machine) -> Drawn:
    runs = machine.run(count_blocks, [*config.runs.values()], lambda run: run.cost)
    half = machine.run(count_blocks, [*config.shorter.values()], lambda run: run.cost)
    names = [f"context {C}, {H} head{'s' * (H > 1)}" for C, H in config.runs]
    configs = [*config.runs.values()]
    found = {
        name: {**measure(run, one), "rmse at half the steps": measure(short, one)["rmse"]}
        for name, run, short, one in zip(names, runs, half, configs, strict=True)
    }
    sizes = {
        "contexts": config.contexts, "heads": config.heads, "encoding": config.encoding,
        "target": target(config.target).formula, "steps": config.steps,
    }  # fmt: skip
    return Drawn(draw(found, runs, configs[0]), {**sizes, "panels": names, "found": found})


def times(config: BlockRun) -> np.ndarray:
    return np.linspace(*config.interval, POINTS)


def wanted(config: BlockRun, t: np.ndarray) -> np.ndarray:
    return target(config.fit.target)(t[:, None])[:, 0]


def measure(result: Result, config: BlockRun) -> Found:
    """Counts in the domain and in each bin, and errors on a fine grid and in each bin, seeds first."""
    arrays, t = result.arrays, times(config)
    errors = np.array([block(t) - wanted(config, t) for block in unstack_blocks(arrays)])
    bins = np.linspace(*config.interval, BINS + 1)
    of_bin = np.clip(np.digitize(t, bins) - 1, 0, BINS - 1)
    return {
        "regions": arrays["regions"],
        "certified": arrays["certified"],
        "regions_per_bin": [1 + np.histogram(b[np.isfinite(b)], bins)[0] for b in arrays["borders"]],
        "rmse_per_bin": [
            [np.sqrt((row[of_bin == k] ** 2).mean()) for k in range(BINS)] for row in errors
        ],
        "rmse": np.sqrt((errors**2).mean(axis=1)),
    }


def draw(numbers: dict[str, Found], results: Runs, config: BlockRun) -> Figure:
    figure = new_figure(DOUBLE, 4.8)
    axes = figure.subplots(3, 4, sharex=True, sharey="row", height_ratios=[3, 2, 2])
    for column, (name, found), result in zip(axes.T, numbers.items(), results, strict=True):
        draw_column(column, found, result, config)
        how = "exactly" if found["certified"][0] else "an estimate of"
        column[0].set_title(f"{name}:\n{how} {found['regions'][0]} regions")
    axes[0, 0].set(ylabel="value", ylim=(-1.3, 1.2))
    axes[1, 0].set_ylabel("regions in\neach bin")
    axes[2, 0].set_ylabel("greatest |error|\nin each bin")
    figure.align_ylabels(axes[:, 0])
    handles = [h for ax in axes[:, 0] for h in ax.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.2)
    return figure


def draw_column(axes: Iterable[Axes], found: Found, result: Result, config: BlockRun) -> None:
    """The first seed, and the range over all."""
    fit, bins, error = axes
    t = times(config)
    y, goal = unstack_blocks(result.arrays)[0](t), wanted(config, t)
    draw_fit(fit, t, goal, y)
    draw_joints(fit, result.arrays["borders"][0], "region borders")
    low, high = config.interval
    draw_bins(bins, np.linspace(low, high, BINS + 1), np.array(found["regions_per_bin"]))
    edges = np.linspace(low, high, ENVELOPE + 1)
    worst = [np.abs(y - goal)[(t >= a) & (t <= b)].max() for a, b in pairwise(edges)]
    error.stairs(worst, edges, baseline=None, color=ORANGE, linewidth=0.9, label="greatest error")
    error.set_yscale("log")
    error.yaxis.set_minor_formatter(NullFormatter())
    error.axhline(found["rmse"][0], color="black", linewidth=0.9, linestyle="--", label="RMSE")
    least, most = min(found["rmse"]), max(found["rmse"])
    error.axhspan(least, most, color=GREY, alpha=0.3, linewidth=0, label="its range over seeds")
    error.set(xlabel="time t", xlim=(low, high))


def verdicts(numbers: Numbers) -> list[Verdict]:
    panels = [numbers["found"][name] for name in numbers["panels"]]
    growth = [growth_verdict(numbers, panels, along) for along in ("contexts", "heads")]
    errors = [error_verdict(numbers, panels, along) for along in ("heads", "contexts")]
    return [*growth, *errors, mediation_verdict(numbers, panels)]


def neighbours(numbers: Numbers, along: str) -> dict[str, tuple[int, int]]:
    """Pairs of panels that differ in context or heads alone: name -> (the smaller, the larger)."""
    (short, long), (one, many) = numbers["contexts"], numbers["heads"]
    if along == "contexts":
        name = f"context {long} over {short}, heads"
        return {f"{name} {one}": (0, 2), f"{name} {many}": (1, 3)}
    name = f"heads {many} over {one}, context"
    return {f"{name} {short}": (0, 1), f"{name} {long}": (2, 3)}


def proven(found: Found) -> np.ndarray:
    """Regions, NaN where they are not proven."""
    return np.where(found["certified"], np.array(found["regions"], float), np.nan)


def growth_verdict(numbers: Numbers, panels: list[Found], along: str) -> Verdict:
    certified = np.concatenate([found["certified"] for found in panels])
    what = {"contexts": "longer context makes", "heads": "more heads make"}[along]
    pairs = neighbours(numbers, along).items()
    return ratio(
        f"Figure 4: {what} more regions of the MLP along time (encoding {numbers['encoding']})",
        {name: finite(proven(panels[b]) / proven(panels[a])) for name, (a, b) in pairs},
        above=1.0,
        note=f"Of the {certified.size} counts {certified.sum()} are proven, and these alone count. The "
        "paper names no encoding of time and the claim depends on it (see fig5b_encodings): here "
        f"frequencies are {ENCODINGS[numbers['encoding']].formula}; counted back from the query, each "
        f"token that is added is a faster sinusoid. Heads have size {D_HEAD} whatever their number. The "
        f"target is {numbers['target']}: sin(t), the paper's, is one of the query's own channels, which "
        "the residual hands on, so that its error says nothing of attention.",
    )


def finite(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]


def error_verdict(numbers: Numbers, panels: list[Found], along: str) -> Verdict:
    what = {"contexts": "a longer context lowers", "heads": "more heads lower"}[along]
    falls = [np.divide(found["rmse at half the steps"], found["rmse"]).mean() for found in panels]
    plateau = "a plateau" if max(falls) < PLATEAU else f"no plateau, which we call less than {PLATEAU:g}"
    return ratio(
        f"Figure 4: {what} the error",
        {
            name: np.divide(panels[b]["rmse"], panels[a]["rmse"])
            for name, (a, b) in neighbours(numbers, along).items()
        },
        below=1.0,
        note=f"Root mean square of the error after {numbers['steps']} steps; training of half as many "
        f"gives errors {min(falls):.2g} to {max(falls):.2g} times as large, panel by panel: {plateau}.",
    )


def mediation_verdict(numbers: Numbers, panels: list[Found]) -> Verdict:
    """Within a panel, over bins of time: where regions are many, is the error small?"""
    return equivalence(
        "Figure 4, our check: at given heads, context and time regions do not go with the error: the "
        f"partial correlation of their logarithms is within ±{MARGIN:g}",
        {"given panel and bin": given_panel_and_bin(panels)},
        margin=MARGIN,
        note="Over intervals of time, as the paper draws both: log regions in a bin and log RMSE in it, "
        "both less their means over the panel and over the bin, in each seed. Were the error lowered by "
        "regions, what more regions a panel has in a bin than it has elsewhere would lower it there.",
    )


def given_panel_and_bin(panels: list[Found]) -> np.ndarray:
    """(seeds,) correlation of log regions and log errors, two-way centred over panels and bins."""
    both = [
        doubly_centred(np.log([found[key] for found in panels]))
        for key in ("regions_per_bin", "rmse_per_bin")
    ]
    x, y = both
    total = (x * y).sum(axis=(0, 2))
    found: np.ndarray = total / np.sqrt((x**2).sum(axis=(0, 2)) * (y**2).sum(axis=(0, 2)))
    return found


def doubly_centred(values: np.ndarray) -> np.ndarray:
    """(panels, seeds, bins) less the means over panels and over bins."""
    rows, columns = values.mean(axis=0, keepdims=True), values.mean(axis=2, keepdims=True)
    found: np.ndarray = values - rows - columns + values.mean(axis=(0, 2), keepdims=True)
    return found
