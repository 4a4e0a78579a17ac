"""What chains of tokens look like: one sequence of each kind, and which pairs are trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np
from figure import Drawn, Numbers, Presets
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from geomtoy.plots import style
from geomtoy.plots.style import BLUE, GREEN, GREY, ORANGE, PURPLE, new_figure
from geomtoy.tasks.chains import MODULUS, RESIDUES, ChainTask, draw_chains
from geomtoy.verdicts import SelfCheck, Verdict, self_check
from matching.config import DOUBLE, SINGLE

KINDS = {
    "one chain, 1 step asked": (SINGLE, 1),
    "one chain, 2 steps asked": (SINGLE, 2),
    "two chains, one is noise": (DOUBLE, 2),
}
PALE = {BLUE: "#CFE4F2", ORANGE: "#F8DDCB", GREY: "#E4E4E4", PURPLE: "#EBD3E6"}


@dataclass(frozen=True)
class Data:
    """
    Args:
        sequences: of each part, searched for pairs that training and test have in common.
    """

    sequences: int = 20_000


PRESETS = Presets(Data(200), Data())


def make(config: Data, machine: object) -> Drawn:
    numbers = {name: sequence(*kind) for name, kind in KINDS.items()}
    common, trained, held_out = shared_pairs(SINGLE, config.sequences)
    pairs = {"in both": common, "trained": trained, "held out": held_out}
    return Drawn(draw(), {**numbers, "pairs": pairs})


def verdicts(numbers: Numbers) -> list[Verdict]:
    return []


def self_checks(numbers: Numbers) -> list[SelfCheck]:
    pairs = numbers["pairs"]
    return [
        self_check(
            "Chains: no pair of a held-out sequence occurs in a training sequence (differences within a "
            f"pair are {RESIDUES['train']} modulo {MODULUS} in training and {RESIDUES['held_out']} in "
            "held-out sequences, which are of the same tokens)",
            checked=pairs["trained"] + pairs["held out"] - pairs["in both"],
            violations=pairs["in both"],
        )
    ]


def shared_pairs(task: ChainTask, size: int) -> tuple[int, int, int]:
    """How many different pairs are in both kinds of sequences, in trained and in held-out ones."""
    found = []
    for part in ("train", "held_out"):
        tokens = np.asarray(draw_chains(task, jax.random.key(0), size, part=part).tokens)
        pairs = tokens[:, 1 : 1 + 2 * task.pairs].reshape(-1, 2)
        found.append({tuple(pair) for pair in pairs.tolist()})
    return len(found[0] & found[1]), len(found[0]), len(found[1])


def sequence(task: ChainTask, steps: int) -> dict[str, list[int]]:
    """One sequence and its answers."""
    batch = draw_chains(task, jax.random.key(3), 1, part="held_out", steps=steps)
    answers = np.asarray(batch.targets)[0, -task.questions :]
    return {"tokens": np.asarray(batch.tokens)[0].tolist(), "answers": answers.tolist()}


def draw() -> Figure:
    figure = new_figure(style.DOUBLE, 2.4)
    rows, table = figure.subplots(1, 2, width_ratios=[3.1, 1])
    for k, (name, (task, steps)) in enumerate(KINDS.items()):
        draw_sequence(rows, -1.75 * k, name, task, steps)
    rows.set(xlim=(-0.1, 15.1), ylim=(-4.5, 1.0), aspect="equal")
    rows.axis("off")
    draw_residues(table)
    return figure


def draw_sequence(ax: Axes, y: float, name: str, task: ChainTask, steps: int) -> None:
    """Boxes of tokens, the pairs of the asked chain and of noise apart, answers under questions."""
    found = sequence(task, steps)
    tokens, first_question = found["tokens"], 1 + 2 * task.pairs
    asked = chain_from(tokens[1:first_question], tokens[first_question])
    ax.text(0, y + 0.72, name, va="bottom", fontsize=8)
    box(ax, 0, y, f"n={steps}", PURPLE)
    for k in range(task.pairs):
        x, z = tokens[1 + 2 * k : 3 + 2 * k]
        colour = BLUE if x in asked else GREY
        box(ax, 1 + 2 * k, y, str(x), colour, width=2)
        ax.text(2.5 + 2 * k, y + 0.28, str(z), ha="center", va="center", fontsize=7)
    for q in range(task.questions):
        box(ax, first_question + q, y, str(tokens[first_question + q]), ORANGE)
        ax.text(first_question + q + 0.5, y - 0.3, str(found["answers"][q]), color=GREEN, ha="center",
                va="center", fontsize=7, fontweight="bold")  # fmt: skip
    ax.text(first_question - 0.1, y - 0.3, "answers", color=GREEN, ha="right", va="center", fontsize=7)


def chain_from(written: Sequence[int], token: int) -> set[int]:
    """All tokens of the chain that this one is in."""
    pairs = list(zip(written[::2], written[1::2], strict=True))
    chain = {token}
    while True:
        more = chain | {t for pair in pairs if chain & set(pair) for t in pair}
        if more == chain:
            return chain
        chain = more


def box(ax: Axes, x: float, y: float, text: str, colour: str, width: int = 1) -> None:
    shape = FancyBboxPatch(
        (x + 0.06, y), width - 0.12, 0.56, boxstyle="round,pad=0,rounding_size=0.1", edgecolor=colour,
        facecolor=PALE[colour], linewidth=0.8,
    )  # fmt: skip
    ax.add_patch(shape)
    ax.text(x + 0.5, y + 0.28, text, ha="center", va="center", fontsize=7)


def draw_residues(ax: Axes) -> None:
    """Which pairs (x, y) may be in training, for the first tokens."""
    x, y = np.meshgrid(np.arange(15), np.arange(15), indexing="ij")
    trained = np.isin((y - x) % MODULUS, RESIDUES["train"]).astype(float)
    trained[x == y] = np.nan
    ax.imshow(trained, cmap=ListedColormap([ORANGE, BLUE]), interpolation="nearest")
    ax.set(xlabel="second token $y$", ylabel="first token $x$", xticks=[0, 5, 10], yticks=[0, 5, 10])
    ax.set_title("pairs: trained (blue),\nheld out (orange)")
    ax.spines[["top", "right"]].set_visible(True)
