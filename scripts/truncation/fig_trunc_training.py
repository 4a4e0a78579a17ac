"""Noisy recall along training: accuracy, loss and probabilities with parts of the last MLP cut away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figure import Drawn, Machine, Numbers
from matplotlib.figure import Figure

from geomtoy.plots.style import DOUBLE, GREY, new_figure
from geomtoy.store import Runs
from geomtoy.verdicts import Verdict, difference
from truncation.config import ALPHAS, Alphas
from truncation.trained import chosen_by, draw_band, rho_colour, rho_label, rhos_of, trained

PRESETS = ALPHAS
MATRIX = "layers.1.mlp.hidden.0.kernel"
"""What is truncated along training."""
END, CHOICE = "at the end, by alpha", "on sequences to choose by, by alpha"
PANELS = {
    "accuracy": "accuracy",
    "loss": "loss (nats)",
    "p_correct": "p(correct)",
    "p_noise": "p(noise token)",
}


def make(config: Alphas, machine: Machine) -> Drawn:
    runs, rhos = trained(machine, config), rhos_of(config)
    shown = runs[config.shown]
    numbers = {
        "steps": shown[0].arrays["at"],
        "rhos": rhos,
        "shown, mean over seeds": {key: shown.stacked(key).mean(axis=0) for key in PANELS},
        END: {alpha: ends(one) for alpha, one in runs.items()},
        CHOICE: {alpha: {"p_correct": chosen_by(one, MATRIX)} for alpha, one in runs.items()},
    }
    return Drawn(draw(config, shown, rhos), {**numbers, "alphas": config.alphas})


def ends(runs: Runs) -> dict[str, np.ndarray]:
    """Each score at the end of training (seeds, rhos)."""
    return {key: runs.stacked(key)[:, -1] for key in PANELS}


def draw(config: Alphas, runs: Runs, rhos: Sequence[float]) -> Figure:
    figure = new_figure(DOUBLE, 4.4)
    axes = figure.subplots(2, 2, sharex=True)
    steps = runs[0].arrays["at"]
    for ax, (key, label) in zip(axes.T.flat, PANELS.items(), strict=True):
        values = runs.stacked(key)
        for k, rho in enumerate(rhos):
            colour = rho_colour(k, len(rhos))
            draw_band(ax, steps, values[:, :, k], color=colour, label=rho_label(rho))
        ax.set(ylabel=label, xlim=(0, steps[-1]))
        if key != "loss":
            ax.set_ylim(0, 1.02)
    axes[1, 1].axhline(config.shown, color=GREY, linewidth=0.8, linestyle=":")
    axes[1, 1].text(steps[-1], 0.97, "dotted: α, its rate in training", ha="right", va="top", color=GREY)
    for ax in axes[1]:
        ax.set_xlabel("step")
    figure.suptitle(
        f"Clean test of models trained with noise α = {config.shown:g}; ρ: share of singular values\n"
        f"of the last MLP's input matrix that stay (2 layers, width {config.d_model}, "
        f"{config.steps} steps)",
        fontsize=8,
    )  # fmt: skip
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), columnspacing=1.2)
    return figure


def verdicts(numbers: Numbers) -> list[Verdict]:
    """Whether some truncation beats the full model in both loss and p(correct), seed by seed."""
    rhos, parts, chosen = numbers["rhos"], {}, []
    for alpha, found in numbers[END].items():
        p_correct, loss = np.array(found["p_correct"]), np.array(found["loss"])
        best = int(np.mean(numbers[CHOICE][alpha]["p_correct"], axis=0)[1:].argmax()) + 1
        parts[f"alpha {alpha}, p(correct)"] = p_correct[:, best] - p_correct[:, 0]
        parts[f"alpha {alpha}, loss saved"] = loss[:, 0] - loss[:, best]
        chosen.append(f"{rhos[best]:g} at alpha {alpha}")
    return [
        difference(
            "Truncating the last MLP improves in-context recall at the end of training",
            parts,
            above=0.0,
            note="Both p(correct) and the loss of the clean test improve. One rho for each alpha, "
            f"chosen on sequences of their own by the mean over seeds: {', '.join(chosen)}. Toy scale.",
        )
    ]
