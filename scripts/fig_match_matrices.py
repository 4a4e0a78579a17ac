"""Matching matrices of trained and of never-trained tokens, where training works and where it fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figure import publish
from matching import (
    SINGLE,
    WORKS,
    final_arrays,
    judged,
    match_arguments,
    preset,
    record,
    stacked,
    trained,
)
from matplotlib.figure import Figure

from geomtoy.instruments.matching import (
    matching_kernel,
    matching_matrix,
    matching_score,
    row_softmax,
)
from geomtoy.plots.style import DOUBLE, new_figure, paper_style
from geomtoy.results import Result, Verdict, spread

NAME = "fig_match_matrices"
FAILS = ("post-LN, γ = 0.3", "pre-LN, γ = 0.8")
ROWS = {"train": "trained", "fresh": "never trained", "functional": "real queries\nand keys"}
SHOWN = 20
"""Tokens of each matrix that are drawn; scores are of all."""
NEAR_ONE, NEAR_CHANCE = 0.8, 0.2


def main(argv: Sequence[str] | None = None) -> None:
    args = match_arguments(__doc__).parse_args(argv)
    p, name = preset(args, NAME)
    results = trained(args, p)
    shown = (WORKS, *FAILS)
    scores = {
        setting: {
            part: stacked(results[setting], f"match_{part}")[:, -1] for part in ("trained", "fresh")
        }
        for setting in shown
    }
    with paper_style():
        figure = draw({setting: results[setting][0] for setting in shown})
        publish(
            args, name, figure, record(p), {"scores": scores}, [verdict(scores), fresh_verdict(scores)]
        )


def matrices(result: Result, part: str) -> list[np.ndarray]:
    """Of each layer that matches: h on the embeddings of a part's tokens, or, on held-out sequences that
    ask for 2 steps, scores of real queries and keys."""
    if part == "functional":
        return [result.arrays[f"functional/layer {layer}"] for layer in (1, 2)]
    arrays = final_arrays(result)
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
            image = ax.imshow(row_softmax(h)[:SHOWN, :SHOWN], cmap="viridis", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            ax.spines[["top", "right"]].set_visible(True)
            name = f"layer {1 + k % 2}" if part == "functional" else f"Ker{1 + k % 2}"
            above = f"{list(results)[k // 2]}\n" if part == "train" else ""
            ax.set_title(f"{above}{name}: {matching_score(h):.2f}", fontsize=7)
    for ax in axes[-1]:
        ax.set_xlabel("pair begins\nwith token", fontsize=7)
    figure.colorbar(image, ax=axes, label="softmax of a row", shrink=0.8, pad=0.01)
    return figure


def verdict(scores: dict[str, dict[str, np.ndarray]]) -> Verdict:
    """A model's score is that of the worse of its two matching layers."""
    least = {setting: found["trained"].min(axis=1) for setting, found in scores.items()}
    works = least[WORKS] >= NEAR_ONE
    fails = np.array([least[setting] <= NEAR_CHANCE for setting in FAILS]).all(axis=0)
    return Verdict(
        claim="Matching matrices: the score on trained tokens is near 1 where training works and near "
        "chance where it does not",
        statistic={setting: values.mean() for setting, values in least.items()},
        seeds=len(works),
        spread={setting: spread(values) for setting, values in least.items()},
        holds=judged(works & fails),
        note=f"Of the two matching layers the lesser score; {NEAR_ONE} or more is near 1, {NEAR_CHANCE} "
        f"or less near chance, which is 1/{SINGLE.trained}. No MLP.",
    )


def fresh_verdict(scores: dict[str, dict[str, np.ndarray]]) -> Verdict:
    found = scores[WORKS]["fresh"]
    chance = 1 / SINGLE.fresh
    return Verdict(
        claim="Matching matrices: never-trained tokens are matched too where training works",
        statistic={f"Ker{k + 1}": found[:, k].mean() for k in range(2)} | {"chance": chance},
        seeds=len(found),
        spread={f"Ker{k + 1}": spread(found[:, k]) for k in range(2)},
        holds=judged((found >= 0.5).all(axis=1)),
        note="It holds if both layers' scores are 0.5 or more for every seed. Their embeddings have "
        "kept their random direction; weight decay shrinks them and rows are normed.",
    )


if __name__ == "__main__":
    main()
