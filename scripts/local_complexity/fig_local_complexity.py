"""Density of regions around data while a network learns: exact counts, and the sampled measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomtoy.plots.style import BLUE, DOUBLE, GREEN, GREY, ORANGE, new_figure
from geomtoy.store import Runs
from geomtoy.verdicts import Verdict, difference, ratio
from local_complexity import config as configs
from local_complexity.config import Complexity
from local_complexity.data import ADDITION, SPIRALS
from local_complexity.run import PARTS, run_complexity

PRESETS = configs.PRESETS
MEASURES = {
    "regions": ("regions", BLUE, "-"),
    "crossing": ("exact", GREEN, "-"),
    "sampled": ("sampled, 4 corners", ORANGE, "--"),
    "wide": ("sampled, more directions", GREY, ":"),
}
LEARNED = 0.9
"""Accuracy from which a network counts as having learned the test's answers."""
SEEN, TOGETHER = 0.95, 0.9
"""Our thresholds: the share of crossing units that is seen, and a correlation along training."""

Curves = dict[str, np.ndarray]
"""Measure and part, such as "regions/train" -> mean over points (seeds, looks)."""


def make(config: Complexity, machine: Machine) -> Drawn:
    found = {task: curves(one) for task, one in trained(machine, config).items()}
    at = next(iter(config.settings.values())).at
    numbers = {"steps": at, "mean over points (seeds, looks)": found}
    return Drawn(draw(np.array(at), found), numbers)


def trained(machine: Machine, config: Complexity) -> dict[str, Runs]:
    """The runs of each task, one a seed."""
    settings = config.settings
    asked = [replace(one, seed=s) for one in settings.values() for s in range(config.seeds)]
    runs = machine.run(run_complexity, asked, lambda one: one.cost)
    return {task: runs[k * config.seeds : (k + 1) * config.seeds] for k, task in enumerate(settings)}


def curves(runs: Runs) -> Curves:
    accuracy = {f"accuracy/{part}": runs.stacked(f"accuracy/{part}") for part in PARTS}
    names = [f"{measure}/{part}" for measure in MEASURES for part in PARTS]
    return accuracy | {name: runs.stacked(name).mean(axis=-1) for name in names}


def draw(at: np.ndarray, found: dict[str, Curves]) -> Figure:
    figure = new_figure(DOUBLE, 5.0)
    axes = figure.subplots(3, len(found), sharex=True)
    for (top, middle, low), (task, one) in zip(axes.T, found.items(), strict=True):
        for part, colour, style in zip(PARTS, (GREY, "black"), ("-", "--"), strict=True):
            draw_mean(top, at, one[f"accuracy/{part}"], colour, style, f"{part} points")
        for measure, (label, colour, style) in MEASURES.items():
            ax = middle if measure == "regions" else low
            draw_mean(ax, at, one[f"{measure}/train"], colour, style, label)
        top.set(title=task, ylim=(-0.03, 1.05))
        middle.set_ylim(0, None)
        low.set(xlabel="training step", ylim=(0, None))
        low.set_xscale("symlog", linthresh=1)
    for ax, label in zip(axes[:, 0], ("accuracy", "regions (exact)", "crossing units"), strict=True):
        ax.set_ylabel(label)
    axes[0, 0].legend()
    axes[2, 0].legend(fontsize=6.5, loc="lower left")
    figure.suptitle(
        "Lower rows: in the neighbourhood of a training point, mean; bands are one standard deviation",
        fontsize=8,
    )
    return figure


def draw_mean(ax: Axes, at: np.ndarray, values: np.ndarray, colour: str, style: str, label: str) -> None:
    """Over seeds, with a band of one standard deviation."""
    mean, spread = values.mean(axis=0), values.std(axis=0)
    ax.plot(at, mean, style, color=colour, label=label)
    ax.fill_between(at, mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)


def verdicts(numbers: Numbers) -> list[Verdict]:
    found = {
        task: {name: np.array(values) for name, values in one.items()}
        for task, one in numbers["mean over points (seeds, looks)"].items()
    }
    note = "Neighbourhoods of training points, in a random plane through each. Toy scale."
    return [seen_verdict(found, note), together_verdict(found, note), *falls(found, note)]


def seen_verdict(found: dict[str, Curves], note: str) -> Verdict:
    return difference(
        f"Local complexity: the sampled measure sees {SEEN:.0%} or more (our threshold) of the units "
        "that cross a neighbourhood",
        {
            task: one["sampled/train"].sum(axis=1) / one["crossing/train"].sum(axis=1)
            for task, one in found.items()
        },
        above=SEEN,
        note=f"Sampled over exact, all looks together. {note}",
    )


def together_verdict(found: dict[str, Curves], note: str) -> Verdict:
    return difference(
        "Local complexity: the sampled measure and the exact number of regions move together along "
        f"training: their correlation over looks is above {TOGETHER} (our threshold)",
        {
            f"{task}, {words}": correlations(one["regions/train"], one[f"{measure}/train"])
            for task, one in found.items()
            for measure, words in (("sampled", "same plane"), ("wide", "more directions"))
        },
        above=TOGETHER,
        note=f"Pearson's, of means over points; in two dimensions both samples are one. {note}",
    )


def correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(seeds,) over looks; NaN where one of them never changes."""
    a, b = (values - values.mean(axis=1, keepdims=True) for values in (one, other))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.divide((a * b).sum(axis=1), norms, out=np.full(len(a), np.nan), where=norms > 0)


def falls(found: dict[str, Curves], note: str) -> list[Verdict]:
    """Whether density is lower at the end than where test answers begin to be right."""
    claims = {
        ADDITION: "the density of regions around training points falls from the start of grokking to "
        "the end",
        SPIRALS: "the same in a classifier that does not grok, from when half of its gain in test "
        "accuracy is made",
    }
    verdicts = []
    for task, claim in claims.items():
        one = found.get(task, {})
        starts = beginnings(one["accuracy/test"], 0.1 if task == ADDITION else 0.5) if one else []
        parts = {words: fall(one[f"{name}/train"], starts) for name, words in FALLING.items() if one}
        verdicts.append(
            ratio(
                f"Local complexity: {claim}",
                {words: values for words, values in parts.items() if len(values)},
                below=1.0,
                note="End over start, seed by seed; runs that do not reach a test accuracy of "
                f"{LEARNED} are no evidence. {note}",
            )
        )
    return verdicts


FALLING = {"regions": "regions, exact", "sampled": "crossing units, sampled"}


def beginnings(accuracy: np.ndarray, share: float) -> list[int | None]:
    """For each seed the last look at which at most this share of the way to the final test accuracy is
    made; None where it is not learned."""
    found: list[int | None] = []
    for row in accuracy:
        way = (row - row[0]) / max(row[-1] - row[0], 1e-9)
        found.append(int(np.flatnonzero(way <= share)[-1]) if row[-1] >= LEARNED else None)
    return found


def fall(density: np.ndarray, starts: list[int | None]) -> np.ndarray:
    """End over start, of the runs that have one."""
    pairs = [(row[-1], row[k]) for row, k in zip(density, starts, strict=True) if k is not None]
    return np.array([end / start for end, start in pairs if start > 0 and end > 0])
