"""Matching matrices of trained and of never-trained tokens, where training works and where it fails."""

from __future__ import annotations

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.figure import Figure
from scipy.special import softmax

from geomtoy.instruments.matching import matching_kernel, matching_matrix, matching_score
from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.store import Result
from geomtoy.verdicts import Verdict, difference
from matching.config import FAILING, LARGE_START, PRE_NORM, SINGLE, WORKS, Failing
from matching.trained import named, trained

PRESETS = FAILING
FAILS = (LARGE_START, PRE_NORM)
ROWS = {"train": "trained", "fresh": "never trained", "functional": "real queries\nand keys"}
SHOWN = 20
"""Tokens of each matrix that are drawn; scores are of all."""
NEAR_ONE, NEAR_CHANCE = 0.8, 0.2


def make(config: Failing, machine: Machine) -> Drawn:
    runs = trained(machine, config)
    scores = {
        setting: {part: found.stacked(f"match_{part}")[:, -1] for part in ("trained", "fresh")}
        for setting, found in runs.items()
    }
    figure = draw({setting: found[0] for setting, found in runs.items()})
    return Drawn(figure, {"scores": scores})


def matrices(result: Result, part: str) -> list[np.ndarray]:
    """Of each layer that matches: h on the embeddings of a part's tokens, or, on held-out sequences that
    ask for 2 steps, scores of real queries and keys."""
    if part == "functional":
        return [result.arrays[f"functional/layer {layer}"] for layer in (1, 2)]
    arrays = named(result, "final/")
    X = arrays["W_E"][list(SINGLE.tokens_of(part))]
    return [matching_matrix(X, matching_kernel(arrays, layer)) for layer in (1, 2)]


def draw(results: dict[str, Result]) -> Figure:
    """A row for each kind of matrix, two columns a setting: layers 1 and 2."""
    figure = new_figure(DOUBLE, 4.0)
    axes = figure.subplots(len(ROWS), 2 * len(results), sharex=True, sharey=True)
    for row, (part, words) in zip(axes, ROWS.items(), strict=True):
        row[0].set_ylabel(f"{words}:\nquery about token", fontsize=7)
        found = [h for result in results.values() for h in matrices(result, part)]
        for k, (ax, h) in enumerate(zip(row, found, strict=True)):
            image = ax.imshow(softmax(h, axis=-1)[:SHOWN, :SHOWN], cmap="viridis", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            ax.spines[["top", "right"]].set_visible(True)
            name = f"layer {1 + k % 2}" if part == "functional" else f"Ker{1 + k % 2}"
            above = f"{list(results)[k // 2]}\n" if part == "train" else ""
            ax.set_title(f"{above}{name}: {matching_score(h):.2f}", fontsize=7)
    for ax in axes[-1]:
        ax.set_xlabel("pair begins\nwith token", fontsize=7)
    figure.colorbar(image, ax=axes, label="softmax of a row", shrink=0.8, pad=0.01)
    return figure


def verdicts(numbers: Numbers) -> list[Verdict]:
    scores = {
        setting: {part: np.array(values) for part, values in found.items()}
        for setting, found in numbers["scores"].items()
    }
    return [trained_verdict(scores), fresh_verdict(scores)]


def trained_verdict(scores: dict[str, dict[str, np.ndarray]]) -> Verdict:
    """A model's score is that of the worse of its two matching layers."""
    least = {setting: found["trained"].min(axis=1) for setting, found in scores.items()}
    near_chance = {f"{NEAR_CHANCE} - {setting}": NEAR_CHANCE - least[setting] for setting in FAILS}
    return difference(
        "Matching matrices: the score on trained tokens is near 1 where training works and near "
        "chance where it does not",
        {f"{WORKS} - {NEAR_ONE}": least[WORKS] - NEAR_ONE, **near_chance},
        above=0.0,
        note=f"Of the two matching layers the lesser score; {NEAR_ONE} or more is near 1, {NEAR_CHANCE} "
        f"or less near chance, which is 1/{SINGLE.trained}. No MLP.",
    )


def fresh_verdict(scores: dict[str, dict[str, np.ndarray]]) -> Verdict:
    found = scores[WORKS]["fresh"]
    return difference(
        "Matching matrices: never-trained tokens are matched too where training works",
        {f"Ker{k + 1}": found[:, k] for k in range(2)},
        above=0.5,
        note=f"Chance is 1/{SINGLE.fresh}. Their embeddings have kept their random direction; weight "
        "decay shrinks them and rows are normed.",
    )
