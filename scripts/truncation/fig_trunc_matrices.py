"""Which layer and which matrix: each trained matrix truncated alone, with one MLP and with two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.store import Runs
from geomtoy.verdicts import Verdict, agreement
from truncation.config import BOTH, LAST, PLACES, Places
from truncation.trained import rhos_of, trained

PRESETS = PLACES
ANSWERS = {"p_correct": "p(correct)", "p_noise": "p(noise token)"}
PARTS = {
    "attention.W_K": "W_K",
    "attention.W_V": "W_V",
    "attention.W_O": "W_O",
    "mlp.hidden.0.kernel": "MLP in",
    "mlp.out.kernel": "MLP out",
}
CHOICE = "p_correct on sequences to choose by"
TABLES = "tables (seeds, rhos) by matrix"

Table = dict[str, dict[str, np.ndarray]]
"""Matrix -> score -> (seeds, rhos)."""


def make(config: Places, machine: Machine) -> Drawn:
    tables = {setting: table(runs) for setting, runs in trained(machine, config).items()}
    numbers = {"rhos": rhos_of(config), TABLES: tables}
    return Drawn(draw(config, tables), numbers)


def table(runs: Runs) -> Table:
    """In the order of the layers and `PARTS`."""
    names = runs[0].arrays["table/names"].tolist()
    ordered = [f"layers.{k}.{part}" for k in (0, 1) for part in PARTS if f"layers.{k}.{part}" in names]
    scores = {key: runs.stacked(f"table/{key}") for key in ANSWERS}
    scores[CHOICE] = runs.stacked("choice/p_correct")
    soft_ranks = runs.stacked("table/soft_rank")
    return {
        name: {
            **{key: values[:, names.index(name)] for key, values in scores.items()},
            "soft rank": soft_ranks[:, names.index(name)],
        }
        for name in ordered
    }


def draw(config: Places, tables: dict[str, Table]) -> Figure:
    figure = new_figure(DOUBLE, 5.2)
    rows = [len(one) for one in tables.values()]
    axes = figure.subplots(2, 2, height_ratios=rows)
    for pair, (setting, found) in zip(axes, tables.items(), strict=True):
        for ax, (key, label) in zip(pair, ANSWERS.items(), strict=True):
            image = draw_table(ax, found, key, rhos_of(config))
            ax.set_title(f"{label}, {setting}")
    figure.colorbar(image, ax=axes, shrink=0.6, label="change against the whole model, clean test")
    for ax in axes[1]:
        ax.set_xlabel("ρ, share of singular values kept")
    figure.suptitle(
        f"One matrix truncated at a time; α = {config.shown:g}, width {config.d_model}, mean over seeds "
        f"({config.seeds})", fontsize=8,
    )  # fmt: skip
    return figure


def draw_table(ax: Axes, scores: Table, key: str, rhos: Sequence[float]) -> AxesImage:
    """Numbers are probabilities, colours how far they are from the whole model's."""
    values = np.stack([one[key].mean(axis=0) for one in scores.values()])
    change = values - values[:, :1]
    image = ax.imshow(change, vmin=-1, vmax=1, cmap="PuOr_r", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if abs(change[row, column]) > 0.6 else "black"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=6, color=colour)
    ax.set_xticks(range(len(rhos)), [f"{rho:g}" for rho in rhos])
    ax.set_yticks(range(len(scores)), [short(name) for name in scores])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return image


def short(name: str) -> str:
    """ "layers.1.mlp.out.kernel" -> "layer 1, MLP out"."""
    _, layer, part = name.split(".", 2)
    return f"layer {layer}, {PARTS[part]}"


def verdicts(numbers: Numbers) -> list[Verdict]:
    tables = {
        setting: {
            name: {key: np.array(one[key]) for key in (*ANSWERS, CHOICE)} for name, one in found.items()
        }
        for setting, found in numbers[TABLES].items()
    }
    places = [place_verdict(setting, tables[setting]) for setting in (LAST, BOTH)]
    return [*places, side_verdict(tables[LAST])]


def place_verdict(setting: str, scores: Table) -> Verdict:
    """Which matrices can be truncated so that p(noise) falls and p(correct) does not."""
    cures = {name: cured(one) for name, one in scores.items()}
    last = [name for name in cures if name.startswith("layers.1.mlp")]
    return agreement(
        f"With {setting}, truncation removes the noise in the last MLP and nowhere else",
        {
            "a matrix of the last MLP cures": np.any([cures[name] for name in last], axis=0),
            **{f"{short(name)} does not": ~cures[name] for name in cures if name not in last},
        },
        note="A seed is cured by a matrix if truncating it lowers p(noise) at least tenfold (our "
        "threshold) without lowering p(correct), at the rho with the greatest p(correct) on sequences "
        "of their own. Toy scale.",
    )


def side_verdict(scores: Table) -> Verdict:
    """Whether low rank, without dropping all, cures from either matrix of the last MLP."""
    low = {
        part: {key: values[:, :-1] for key, values in scores[f"layers.1.{part}"].items()}
        for part in ("mlp.hidden.0.kernel", "mlp.out.kernel")
    }
    return agreement(
        "Low rank of either matrix of the last MLP, its input or its output matrix, removes noise",
        {PARTS[part]: cured(one) for part, one in low.items()},
        note="Cured as above, rho 0 left out, which is the same for both. Toy scale.",
    )


def cured(scores: Mapping[str, np.ndarray]) -> np.ndarray:
    """For scores (seeds, rhos) whose first is the whole model: (seeds,)."""
    seeds, best = np.arange(len(scores[CHOICE])), scores[CHOICE][:, 1:].argmax(axis=1) + 1
    p_correct, p_noise = scores["p_correct"], scores["p_noise"]
    fallen = 10 * p_noise[seeds, best] <= p_noise[:, 0]
    cures: np.ndarray = fallen & (p_correct[seeds, best] >= p_correct[:, 0])
    return cures
