"""The lens on matching: is the jump in held-out accuracy seen in the MLPs' regions or in attention?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import jax
import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from geomtoy.models.export import from_flax
from geomtoy.plots.colours import pattern_colours
from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, new_figure
from geomtoy.regions import CellComplex
from geomtoy.store import Result
from geomtoy.verdicts import Verdict, agreement
from geomtoy.views.token_lens import choose_subsets, enumerate_triangle, true_to_scale
from matching.config import LENS, RANDOM, Mlps
from matching.measure import TEST_SEED, ChainProbe
from matching.run import restore
from matching.trained import LEARNED, named, trained

PRESETS = LENS
SHOWN = RANDOM
LAYER = 1
"""Whose MLP is drawn: it acts where the first hop has been found."""
COLOURS = (BLUE, ORANGE, GREEN)
MEASURES = {
    "regions": "regions of an MLP on triangles of representations (exact)",
    "patterns": "distinct patterns of an MLP at the questions (sampled)",
    "intrinsic_dimension": "intrinsic dimension of a layer's attention (relative threshold 0.1)",
}

Jump = tuple[int, int]
"""Indices of the looks between which held-out accuracy jumps."""


def make(config: Mlps, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    shown = runs[SHOWN][0]
    jumps = {setting: [find_jump(result) for result in found] for setting, found in runs.items()}
    seen = {
        measure: {
            setting: [
                largest_in_jump(result, measure, jump) if jump else None
                for result, jump in zip(runs[setting], jumps[setting], strict=True)
            ]
            for setting in runs
        }
        for measure in MEASURES
    }
    numbers = {
        "at": shown.arrays["at"],
        **{measure: series(shown, measure) for measure in MEASURES},
        "held-out accuracy": shown.arrays["held_out_accuracy"],
        "jumps": {
            setting: [jump and shown.arrays["at"][[*jump]] for jump in found]
            for setting, found in jumps.items()
        },
        "largest change is the jump's (seeds, layers)": seen,
    }
    return Drawn(draw(shown), numbers)


def series(result: Result, measure: str) -> np.ndarray:
    """(looks, layers): mean over triangles of the regions, the others as they are."""
    values = result.arrays[measure].astype(float)
    return values.mean(axis=2) if measure == "regions" else values


def find_jump(result: Result) -> Jump | None:
    """From the last look with at most a tenth of the way from the dip to the end, to the first with nine
    tenths; None where held-out accuracy on the most steps is not learned."""
    accuracy = result.arrays["held_out_accuracy"][:, -1]
    learned = np.flatnonzero(accuracy >= LEARNED)
    if accuracy[-1] < LEARNED or not learned[0]:
        return None
    low = accuracy[result.arrays["at"] >= result.config.fit.warmup].min()
    way = (accuracy - low) / (accuracy[-1] - low)
    end = int(np.flatnonzero(way >= 0.9)[0])
    before = np.flatnonzero(way[:end] <= 0.1)
    return (int(before[-1]) if len(before) else 0), end


def largest_in_jump(result: Result, measure: str, jump: Jump) -> list[bool]:
    """For each layer whether no other stretch of training as long, since the end of the warm-up and not
    touching the jump, changes the measure by so great a factor."""
    values = np.log(np.maximum(series(result, measure), 1e-9))
    begin, end = jump
    length = end - begin
    first = int(np.searchsorted(result.arrays["at"], result.config.fit.warmup))
    starts = [k for k in range(first, len(values) - length) if k >= end or k + length <= begin]
    change = np.abs(values[end] - values[begin])
    others = np.array([np.abs(values[k + length] - values[k]) for k in starts])
    return [bool(one) for one in change > others.max(axis=0, initial=0.0)]


def draw(result: Result) -> Figure:
    """Three triangles of seed 0 above, curves below."""
    figure = new_figure(DOUBLE, 4.6)
    above, below = cast(Sequence[Figure], figure.subfigures(2, 1, height_ratios=[1.2, 1]))
    steps = moments(result)
    for ax, step in zip(above.subplots(1, 3), steps, strict=True):
        draw_triangle(ax, *triangle(result, step))
        ax.set_title(f"step {step}: {ax.get_title()}")
    above.suptitle(
        f"MLP of layer {LAYER} on one triangle of held-out representations, true to scale", fontsize=8
    )
    draw_curves(below.subplots(1, 4), result, steps)
    return figure


def moments(result: Result) -> list[int]:
    """Kept steps: after the warm-up, before the jump, the end."""
    kept = result.arrays["kept_at"]
    jump = find_jump(result)
    before = result.arrays["at"][jump[0]] if jump else kept[len(kept) // 2]
    wanted = (result.config.fit.warmup, before, kept[-1])
    return [int(kept[np.abs(kept - step).argmin()]) for step in wanted]


def triangle(result: Result, step: int) -> tuple[CellComplex, np.ndarray]:
    """The exact regions of the first triangle of the test at this step, and its corners to scale."""
    config = result.config
    at = int(np.flatnonzero(result.arrays["kept_at"] == step)[0])
    with jax.enable_x64(True):
        model = restore(config, {key: array[at] for key, array in named(result, "kept/").items()})
        probe = ChainProbe(model, config.task, config.test, config.triangles)
        points = probe.representations(probe.run(model)["mlp_input"][LAYER])
        mlp = model.layers[LAYER].mlp
        assert mlp is not None  # the setting has MLPs
        network = from_flax(mlp)
    corners = points[choose_subsets(len(points), 3, config.triangles, seed=TEST_SEED)[0]]
    return enumerate_triangle(network, corners), true_to_scale(corners)


def draw_triangle(ax: Axes, cells: CellComplex, scale: np.ndarray) -> None:
    vertices = cells.vertices @ scale
    polygons = [vertices[cells.corners(k)] for k in range(len(cells))]
    colours = pattern_colours(cells.activation_patterns)
    ax.add_collection(PolyCollection(polygons, facecolors=colours, antialiased=False, rasterized=True))
    lines = LineCollection(vertices[cells.edges], colors="black", linewidths=0.15)
    ax.add_collection(lines)
    ax.autoscale()
    ax.set_aspect("equal", adjustable="datalim")  # all boxes alike, so that titles stand in line
    ax.set_title(f"{len(cells)} regions")
    ax.axis("off")


def draw_curves(axes: Sequence[Axes], result: Result, steps: Sequence[int]) -> None:
    at, jump = result.arrays["at"], find_jump(result)
    for s, colour in enumerate((GREY, "black")):
        n = s + 1
        values = result.arrays["held_out_accuracy"][:, s]
        axes[0].plot(at, values, color=colour, label=f"{n} step{'s' * (n > 1)}")
    axes[0].set(ylabel="held-out accuracy", ylim=(-0.03, 1.05))
    labels = (
        "regions on a triangle,\nmean (exact)",
        "distinct patterns\n(sampled)",
        "intrinsic dimension",
    )
    for ax, measure, label in zip(axes[1:], MEASURES, labels, strict=True):
        for layer, values in enumerate(series(result, measure).T):
            ax.plot(at, values, color=COLOURS[layer], label=f"layer {layer}")
        ax.set_ylabel(label)
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    for ax in axes:
        ax.set_xlabel("training step")
        for step in steps:
            ax.axvline(step, color="black", linewidth=0.4, linestyle=":")
        if jump:
            ax.axvspan(at[jump[0]], at[jump[1]], color=ORANGE, alpha=0.15, linewidth=0)
    for ax in axes[:2]:
        ax.legend(fontsize=6, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def verdicts(numbers: Numbers) -> list[Verdict]:
    found = numbers["largest change is the jump's (seeds, layers)"]
    return [verdict(measure, found[measure]) for measure in MEASURES]


def verdict(measure: str, seen: dict[str, list[Any]]) -> Verdict:
    """Seen where one and the same layer shows it in every run that jumps."""
    jumping = {setting: runs for setting, runs in seen.items() if any(run is not None for run in runs)}
    all_runs = [run for runs in jumping.values() for run in runs if run is not None]
    layer = int(np.sum(all_runs, axis=0).argmax()) if all_runs else 0
    never = ", ".join(setting for setting in seen if setting not in jumping) or "none"
    return agreement(
        f"The lens on matching: the jump in held-out accuracy is seen in {MEASURES[measure]}",
        {
            f"{setting}, layer {layer}": [np.nan if run is None else run[layer] for run in runs]
            for setting, runs in jumping.items()
        },
        note="A layer sees it if no other stretch of training of that length after the warm-up changes "
        "the measure by so great a factor; the layer that sees it most often is judged. Runs without a "
        f"jump are no evidence; no run jumps with: {never}.",
    )
