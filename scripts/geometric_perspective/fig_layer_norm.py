"""One network with and without LayerNorm: the lines that cut its plane become circles of a sphere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from figure import Drawn, Numbers
from matplotlib.figure import Figure

from geometric_perspective.config import NORMS, Norms
from geomtoy import compile_layers, enumerate_regions
from geomtoy.layers import Affine, LayerNorm
from geomtoy.plots.circles import draw_circles
from geomtoy.plots.partition import draw_partition
from geomtoy.plots.style import DOUBLE, new_figure
from geomtoy.verdicts import SelfCheck, Verdict, difference, self_check

PRESETS = NORMS
REACH = 3
WINDOW = ((-REACH, -REACH), (REACH, -REACH), (REACH, REACH), (-REACH, REACH))


def make(config: Norms, machine: object) -> Drawn:
    depths = {
        "one hidden layer": (config.neurons,),
        "two hidden layers": (config.neurons, config.deeper),
    }
    cells = {
        (depth, normed): [cells_of(config, seed, widths, normed) for seed in range(config.seeds)]
        for depth, widths in depths.items()
        for normed in (False, True)
    }
    planes = [cells_of(config, 0, widths, normed=True, window=None) for widths in depths.values()]
    regions = {
        depth: {label(normed): [len(one) for one in cells[depth, normed]] for normed in (False, True)}
        for depth in depths
    }
    beyond = {
        label(normed): [len(one) - n_patterns(one) for one in cells["one hidden layer", normed]]
        for normed in (False, True)
    }
    figure = draw({key: found[0] for key, found in cells.items()}, planes)
    return Drawn(figure, {"regions": regions, "regions beyond patterns": beyond})


def label(normed: bool) -> str:
    return "with LayerNorm" if normed else "without"


def cells_of(config: Norms, seed: int, widths: Sequence[int], normed: bool, window: Any = WINDOW) -> Any:
    """The plane, embedded in R^width, in front of a Gaussian network, with a norm in between or not."""
    rng = np.random.default_rng(seed)
    width = config.width
    layers: list[Any] = [Affine(rng.normal(size=(width, 2)), rng.normal(size=width))]
    layers += [LayerNorm()] if normed else []
    for n in widths:
        layers += [Affine(rng.normal(size=(n, width)) * np.sqrt(2 / width), 0.5 * rng.normal(size=n))]
        layers += ["relu"]
        width = n
    network = compile_layers([*layers, Affine(rng.normal(size=(1, width)))])
    return enumerate_regions(network, window=window)


def n_patterns(cells: Any) -> int:
    return len(np.unique(cells.activation_patterns, axis=0))


def draw(cells: dict[tuple[str, bool], Any], planes: Sequence[Any]) -> Figure:
    figure = new_figure(DOUBLE, 4.9)
    axes = figure.subplots(2, 3)
    for ax, ((depth, normed), found) in zip(axes[:, :2].flat, cells.items(), strict=True):
        (draw_circles if normed else draw_partition)(ax, found, linewidth=0.4)
        ax.set(title=f"{depth},\n{label(normed)}: {len(found)} regions", xlabel="$x_1$", ylabel="$x_2$")
        ax.set(xticks=[-REACH, 0, REACH], yticks=[-REACH, 0, REACH])
    for ax, found in zip(axes[:, 2], planes, strict=True):
        draw_circles(ax, found, linewidth=0.4, on_sphere=True)
        ax.set(title=f"the whole plane on the\nsphere: {len(found)} regions")
        ax.axis("off")
    return figure


def verdicts(numbers: Numbers) -> list[Verdict]:
    found = numbers["regions"]
    gap = {
        f"regions with LayerNorm - without, {depth}": np.subtract(
            both["with LayerNorm"], both["without"]
        )
        for depth, both in found.items()
    }
    return [
        difference(
            "Our check: circles may meet twice, so the same random network has more regions behind "
            "LayerNorm",
            gap,
            above=0.0,
            note=f"Exact counts, in [-{REACH}, {REACH}]^2; the picture shows seed 0.",
        )
    ]


def self_checks(numbers: Numbers) -> list[SelfCheck]:
    beyond = numbers["regions beyond patterns"]["without"]
    return [
        self_check(
            "Without a norm no pattern has two regions",
            checked=len(beyond),
            violations=sum(count != 0 for count in beyond),
        )
    ]
