"""Figure 4: one-block transformers fitted to sin(t), their regions along time and their errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from geometric_perspective.config import D_HEAD, HIGH, LOW, PANELS, Panels
from geometric_perspective.run_blocks import count_blocks
from geomtoy.block_arrays import unstack_blocks
from geomtoy.models.time_encoding import ENCODINGS
from geomtoy.plots.functions import draw_bins, draw_fit, draw_joints, ticks_in_pi
from geomtoy.plots.style import DOUBLE, GREY, ORANGE, new_figure
from geomtoy.store import Result, Runs
from geomtoy.verdicts import Verdict, difference, ratio

PRESETS = PANELS
BINS = np.linspace(LOW, HIGH, 33)
T = np.linspace(LOW, HIGH, 4001)

Found = dict[str, Any]


def make(config: Panels, machine: Machine) -> Drawn:
    runs = machine.run(count_blocks, [*config.runs.values()], lambda run: run.cost)
    names = [f"context {C}, {H} head{'s' * (H > 1)}" for C, H in config.runs]
    found = dict(zip(names, map(measure, runs), strict=True))
    sizes = {"contexts": config.contexts, "heads": config.heads, "encoding": config.encoding}
    return Drawn(draw(found, runs), {**sizes, "panels": names, "found": found})


def measure(result: Result) -> Found:
    """Counts in the domain and in each bin, and errors on a fine grid, seeds first."""
    arrays = result.arrays
    errors = np.array([block(T) - np.sin(T) for block in unstack_blocks(arrays)])
    return {
        "regions": arrays["regions"],
        "certified": arrays["certified"],
        "pattern_changes": arrays["pattern_changes"],
        "regions_per_bin": [1 + np.histogram(b[np.isfinite(b)], BINS)[0] for b in arrays["borders"]],
        "rmse": np.sqrt((errors**2).mean(axis=1)),
        "max_error": np.abs(errors).max(axis=1),
    }


def draw(numbers: dict[str, Found], results: Runs) -> Figure:
    figure = new_figure(DOUBLE, 4.6)
    axes = figure.subplots(3, 4, sharex=True, sharey="row", height_ratios=[3, 2, 2])
    for column, (name, found), result in zip(axes.T, numbers.items(), results, strict=True):
        draw_column(column, found, result)
        how = "exactly" if found["certified"][0] else "an estimate of"
        column[0].set_title(f"{name}:\n{how} {found['regions'][0]} regions")
    axes[0, 0].set(ylabel="value", ylim=(-1.3, 1.2))
    axes[1, 0].set_ylabel("regions in each\nbin of width π/8")
    axes[2, 0].set(ylabel="|error|", ylim=(1e-5, 1))
    figure.align_ylabels(axes[:, 0])
    handles = [h for ax in axes[:, 0] for h in ax.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), columnspacing=1.2)
    return figure


def draw_column(axes: Iterable[Axes], found: Found, result: Result) -> None:
    """The first seed, and the range over all."""
    fit, bins, error = axes
    y = unstack_blocks(result.arrays)[0](T)
    draw_fit(fit, T, np.sin(T), y)
    draw_joints(fit, result.arrays["borders"][0], "region borders")
    draw_bins(bins, BINS, np.array(found["regions_per_bin"]))
    error.semilogy(T, np.abs(y - np.sin(T)), color=ORANGE, linewidth=0.4)
    error.axhline(found["rmse"][0], color="black", linewidth=0.9, linestyle="--", label="RMSE")
    low, high = min(found["rmse"]), max(found["rmse"])
    error.axhspan(low, high, color=GREY, alpha=0.3, linewidth=0, label="its range over seeds")
    error.set(xlabel="time t", xlim=(LOW, HIGH))
    ticks_in_pi(error, -2, 2)


def verdicts(numbers: Numbers) -> list[Verdict]:
    panels = [numbers["found"][name] for name in numbers["panels"]]
    return [growth_verdict(numbers, panels), error_verdict(panels)]


def growth_verdict(numbers: Numbers, panels: list[Found]) -> Verdict:
    """Each of the four neighbouring pairs of panels."""
    short_one, short_many, long_one, long_many = (np.array(found["regions"]) for found in panels)
    (short, long), (one, many) = numbers["contexts"], numbers["heads"]
    certified = np.concatenate([found["certified"] for found in panels])
    return ratio(
        "Figure 4: longer context and more heads make more regions of the MLP along time "
        f"(encoding {numbers['encoding']})",
        {
            f"context {long} over {short}, heads {one}": long_one / short_one,
            f"context {long} over {short}, heads {many}": long_many / short_many,
            f"heads {many} over {one}, context {short}": short_many / short_one,
            f"heads {many} over {one}, context {long}": long_many / long_one,
        },
        above=1.0,
        note=f"Of the {certified.size} counts {certified.sum()}, the picture's first, are proven exact "
        "the stored parameters; the others are estimates in float64. The paper names no encoding of "
        "time and the claim depends on it (see fig5b_encodings): here frequencies are "
        f"{ENCODINGS[numbers['encoding']].formula}; counted back from the query, each token that is "
        f"added is a faster sinusoid. Heads have size {D_HEAD} whatever their number.",
    )


def error_verdict(panels: list[Found]) -> Verdict:
    """Over the panels, seed by seed."""
    pairs = np.array([[found["regions"], found["rmse"]] for found in panels])
    of_seeds = [spearmanr(*pairs[:, :, s].T).statistic for s in range(pairs.shape[2])]
    return difference(
        "Figure 4, our check: of the four panels, those with more regions have smaller errors",
        {"rank correlation of regions and RMSE": of_seeds},
        below=0.0,
    )
