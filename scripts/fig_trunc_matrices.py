"""Which layer and which matrix: each trained matrix truncated alone, with one MLP and with two."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from blocks import full
from figure import publish
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from truncation import FULL, over_seeds, record, rhos_of, trained, truncation_arguments

from geomtoy.plots.style import DOUBLE, new_figure, paper_style
from geomtoy.results import Result, Verdict, spread

ANSWERS = {"p_correct": "p(correct)", "p_noise": "p(noise token)"}
PARTS = {
    "attention.W_K": "W_K",
    "attention.W_V": "W_V",
    "attention.W_O": "W_O",
    "mlp.hidden.0.kernel": "MLP in",
    "mlp.out.kernel": "MLP out",
}
MODELS = {"last": "MLP in layer 2 only", "both": "MLP in both layers"}


def main(argv: Sequence[str] | None = None) -> None:
    args = truncation_arguments(__doc__).parse_args(argv)
    name = full(args, "fig_trunc_matrices", **FULL)
    runs = trained(args)
    tables = {"last": table(runs.last[args.shown]), "both": table(runs.both)}
    with paper_style():
        publish(
            args, name, draw(args, tables), record(args),
            {"rhos": rhos_of(args), "tables (seeds, rhos) by matrix": tables},
            [*(place_verdict(kind, tables[kind]) for kind in MODELS), side_verdict(tables["last"])],
        )  # fmt: skip


def table(results: Sequence[Result]) -> dict[str, dict[str, np.ndarray]]:
    """Matrix -> score -> (seeds, rhos), in the order of the layers and `PARTS`."""
    names = results[0].arrays["table/names"].tolist()
    ordered = [f"layers.{k}.{part}" for k in (0, 1) for part in PARTS if f"layers.{k}.{part}" in names]
    scores = {key: over_seeds(results, f"table/{key}") for key in ANSWERS}
    soft_ranks = over_seeds(results, "table/soft_rank")
    return {
        name: {
            **{key: values[:, names.index(name)] for key, values in scores.items()},
            "soft rank": soft_ranks[:, names.index(name)],
        }
        for name in ordered
    }


def draw(args: argparse.Namespace, tables: dict[str, dict[str, dict[str, np.ndarray]]]) -> Figure:
    figure = new_figure(DOUBLE, 5.2)
    rows = [len(tables[kind]) for kind in MODELS]
    axes = figure.subplots(2, 2, height_ratios=rows)
    for pair, (kind, title) in zip(axes, MODELS.items(), strict=True):
        for ax, (key, label) in zip(pair, ANSWERS.items(), strict=True):
            image = draw_table(ax, tables[kind], key, rhos_of(args))
            ax.set_title(f"{label}, {title}")
    figure.colorbar(image, ax=axes, shrink=0.6, label="probability, clean test")
    for ax in axes[1]:
        ax.set_xlabel("ρ, share of singular values kept")
    figure.suptitle(
        f"One matrix truncated at a time; α = {args.shown:g}, width {args.d_model}, mean over seeds "
        f"({args.seeds})", fontsize=8,
    )  # fmt: skip
    return figure


def draw_table(
    ax: Axes, scores: dict[str, dict[str, np.ndarray]], key: str, rhos: Sequence[float]
) -> AxesImage:
    values = np.stack([one[key].mean(axis=0) for one in scores.values()])
    image = ax.imshow(values, vmin=0, vmax=1, cmap="cividis", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        colour = "black" if value > 0.5 else "white"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=6, color=colour)
    ax.set_xticks(range(len(rhos)), [f"{rho:g}" for rho in rhos])
    ax.set_yticks(range(len(scores)), [short(name) for name in scores])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return image


def short(name: str) -> str:
    """ "layers.1.mlp.out.kernel" -> "layer 2, MLP out"."""
    _, layer, part = name.split(".", 2)
    return f"layer {int(layer) + 1}, {PARTS[part]}"


def place_verdict(kind: str, scores: dict[str, dict[str, np.ndarray]]) -> Verdict:
    """Which matrices can be truncated so that p(noise) falls tenfold and p(correct) does not fall."""
    cures = {name: cured(one["p_correct"], one["p_noise"]) for name, one in scores.items()}
    last = [name for name in cures if name.startswith("layers.1.mlp")]
    others = [name for name in cures if name not in last]
    ours, strays = any(cures[name].all() for name in last), [n for n in others if cures[n].any()]
    return Verdict(
        claim=f"With {MODELS[kind]}, truncation removes the noise in the last MLP and nowhere else",
        statistic={
            "seeds cured by some rho, by matrix": {n: int(mask.sum()) for n, mask in cures.items()},
            "p(noise), rho 0, by matrix": {n: one["p_noise"][:, -1].mean() for n, one in scores.items()},
        },
        seeds=len(cures[last[0]]),
        spread={n: spread(scores[n]["p_noise"][:, -1]) for n in last},
        holds="holds" if ours and not strays else "mixed" if ours or any(cures[n].any() for n in last)
        else "fails",
        note="A seed is cured by a matrix if some rho of it lowers p(noise) at least tenfold without "
        "lowering p(correct). It holds if a matrix of the last MLP cures every seed and no other matrix "
        "cures any, and fails if none of the last MLP cures any. Toy scale.",
    )  # fmt: skip


def side_verdict(scores: dict[str, dict[str, np.ndarray]]) -> Verdict:
    """Whether low rank, without dropping all, cures from either matrix of the last MLP."""
    low = {
        side: {key: scores[f"layers.1.mlp.{side}.kernel"][key][:, :-1] for key in ANSWERS}
        for side in ("hidden.0", "out")
    }
    cures = {side: cured(one["p_correct"], one["p_noise"]) for side, one in low.items()}
    every = [mask.all() for mask in cures.values()]
    return Verdict(
        claim="Low rank of either matrix of the last MLP, its input or its output matrix, removes noise",
        statistic={
            "seeds cured by some rho above 0": {PARTS[f"mlp.{s}.kernel"]: int(mask.sum())
                                                for s, mask in cures.items()},
            "p(noise) at the least rho above 0": {PARTS[f"mlp.{s}.kernel"]: one["p_noise"][:, -1].mean()
                                                  for s, one in low.items()},
        },
        seeds=len(cures["out"]),
        spread={PARTS[f"mlp.{s}.kernel"]: spread(one["p_noise"][:, -1]) for s, one in low.items()},
        holds="holds" if all(every) else "mixed" if any(mask.any() for mask in cures.values())
        else "fails",
        note="Cured as above, rho 0 left out, which is the same for both. It holds if each of the two "
        "cures every seed, and fails if neither cures any. Toy scale.",
    )  # fmt: skip


def cured(p_correct: np.ndarray, p_noise: np.ndarray) -> np.ndarray:
    """For scores (seeds, rhos) whose first is the whole model: (seeds,)."""
    fallen = 10 * p_noise[:, 1:] <= p_noise[:, :1]
    kept = p_correct[:, 1:] >= p_correct[:, :1]
    return (fallen & kept).any(axis=1)


if __name__ == "__main__":
    main()
